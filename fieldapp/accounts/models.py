"""Accounts as stored: users, the areas granted to them, and their sessions."""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fieldapp.db import Base

from . import access


def _only(scope: str) -> str:
    """SQL: the roles that have no part in any other scope."""
    roles = [role for role in access.ROLES if access.grantable_scopes(role) == (scope,)]
    return ", ".join(f"'{role}'" for role in roles)


class User(Base):
    """One person with one role. `password` is an argon2id hash; an inactive user can't log in.

    first_until: until when a password that somebody else chose opens; None: it is their own.
    factor_since: since when log-in asks for a code too; None: it doesn't.
    """

    __tablename__ = "user_account"
    __table_args__ = (Index("ix_user_account_id_role", "id", "role", unique=True),)

    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password: Mapped[str]
    role: Mapped[str]
    lang: Mapped[str] = mapped_column(default="zh")
    active: Mapped[int] = mapped_column(default=1)
    created: Mapped[str]
    first_until: Mapped[str | None]
    factor_since: Mapped[str | None]
    grants: Mapped[list["UserGrant"]] = relationship(
        lazy="selectin",
        cascade="all, delete-orphan",
        order_by="(UserGrant.area, UserGrant.scope)",
        primaryjoin="User.id == foreign(UserGrant.user_id)",
    )
    training: Mapped["Training | None"] = relationship(cascade="all, delete-orphan")

    @property
    def is_open(self) -> bool:
        """Whether the person may log in."""
        return bool(self.active)

    @property
    def has_factor(self) -> bool:
        """Whether log-in asks for a code."""
        return self.factor_since is not None

    @property
    def needs_training(self) -> bool:
        """Whether both scopes are given only once a training was approved."""
        return access.needs_training(self.role)


class UserGrant(Base):
    """A user may work in this area, at any level, in this scope.

    role: the user's, held to it by the key, so that the database itself refuses health to who goes
    round dwellings and housing to a nurse, whatever code writes it.
    """

    __tablename__ = "user_grant"
    __table_args__ = (
        ForeignKeyConstraint(["user_id", "role"], ["user_account.id", "user_account.role"]),
        CheckConstraint(f"scope = 'housing' OR role NOT IN ({_only('housing')})", "housing_alone"),
        CheckConstraint(f"scope = 'health' OR role NOT IN ({_only('health')})", "health_alone"),
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(ForeignKey("area.code"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]


class Training(Base):
    """A user was trained to keep both scopes apart (`training.py`).

    trained_on: the day, blank for who held both before this was asked. asked_by: the administrator
    who wrote it down; approved_by: who approved; approved: when, None while it waits.
    """

    __tablename__ = "training"

    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    trained_on: Mapped[str]
    asked_by: Mapped[str]
    asked: Mapped[str]
    approved_by: Mapped[str]
    approved: Mapped[str | None]


class SecondFactor(Base):
    """The secret of a person's authenticator app, wrapped under the server's (`factor.py`).

    step: the last time step whose code was used; recovery: JSON, hashes of codes that are left. Not
    confirmed, and so asking nobody, before `User.factor_since`.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    wrapped: Mapped[bytes]
    step: Mapped[int]
    recovery: Mapped[str]


class LoginSession(Base):
    """One log-in. The cookie holds a random token, this row its SHA-256, so it can be ended here.

    `device_id`: the phone enrolled in this session, which then lasts until `expires` however idle.
    agent: the browser as it calls itself, for the list of sessions. rights: a digest of what the
    person might do when the token was made; former_sha: the token before it, which still counts for
    a moment after `renewed`, since a browser asks several things at once.
    """

    __tablename__ = "login_session"

    token_sha: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    device_id: Mapped[str | None]
    created: Mapped[str]
    seen: Mapped[str]
    expires: Mapped[str]
    agent: Mapped[str] = mapped_column(default="", server_default="")
    rights: Mapped[str] = mapped_column(default="", server_default="")
    former_sha: Mapped[str | None] = mapped_column(index=True)
    renewed: Mapped[str | None]


class Guess(Base):
    """How often a guess of one kind failed. key: keyed hash of whose or whence; until: the end of
    the window, in seconds since 1970.
    """

    __tablename__ = "guess"

    key: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    until: Mapped[int]
