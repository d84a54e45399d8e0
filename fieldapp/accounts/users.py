"""Keeping accounts: people, their passwords, roles and areas. It never reads content."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import select

from fieldapp import clock
from fieldapp.areas import service as areas
from fieldapp.db import db, utc_text, write_transaction

from . import access, guessable, passwords, sessions, training
from .access import Grant
from .models import User, UserGrant
from .problems import AccountError
from .training import Trained

FIRST = timedelta(days=7)  # in which a password that somebody else chose has to be replaced
UNTRAINED = (
    "health and housing together are for who was trained for it: give one of them, write down the "
    "day of the training at the account, let another administrator approve it, then give both",
    "同时负责健康和住房，须先培训并经批准：请先只给一项，在账号里登记培训日期，由另一位管理员批准后再给两项。",
)


def authenticate(username: str, password: str) -> User | None:
    """The active user with this password, or None. Takes as long in every case."""
    user = find(username)
    right = passwords.matches(user.password if user else None, password)
    if not (user and right and user.active) or _is_over(user.first_until):
        return None
    if passwords.outdated(user.password):
        with write_transaction():
            user.password = passwords.hash_password(password)
    return user


def find(username: str) -> User | None:
    """A user by log-in name, in any case."""
    return db.session.scalar(select(User).where(User.username == _canonical(username)))


def get(user_id: str) -> User | None:
    """A user by id."""
    return db.session.get(User, user_id)


def usernames(ids: Collection[str]) -> dict[str, str]:
    """How these people log in, by id."""
    rows = db.session.execute(select(User.id, User.username).where(User.id.in_(ids)))
    return {row.id: row.username for row in rows}


def names_of(ids: Collection[str]) -> dict[str, str]:
    """These people's names, by id."""
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}


def everybody() -> list[User]:
    """All users, active ones first, by log-in name."""
    return list(db.session.scalars(select(User).order_by(User.active.desc(), User.username)))


def add_user(
    username: str,
    name: str,
    role: str,
    password: str,
    grants: Iterable[Grant] = (),
    lang: str = "zh",
    user_id: str | None = None,
    hashed: str | None = None,
    first: bool = False,
    trained: Trained | None = None,
) -> User:
    """Open an account. Not committed. Raises AccountError.

    hashed: of the password, if known. first: the password is for the first log-in alone. trained:
    for both scopes.
    """
    username = _canonical(username)
    if find(username):
        raise AccountError("username", f"{username} is taken")
    if role not in access.ROLES:
        raise AccountError("role", f"{role} is none of {', '.join(access.ROLES)}")
    user = User(
        id=user_id or clock.new_id(),
        username=username,
        name=name,
        role=role,
        lang=lang,
        active=1,
        password=hashed or passwords.hash_password(_acceptable(password, username, name)),
        created=utc_text(clock.now()),
        first_until=_first_until() if first else None,
    )
    if trained:
        training.approved(user, trained)
    set_grants(user, grants)
    db.session.add(user)
    db.session.flush()
    return user


def set_grants(user: User, grants: Iterable[Grant]) -> None:
    """Replace the areas of a user. Not committed. Raises AccountError."""
    # Of two administrators at once the second waits, and sees what the first gave.
    held = select(User).where(User.id == user.id).with_for_update()
    db.session.scalars(held.execution_options(populate_existing=True)).all()
    wanted = set(grants)
    for grant in sorted(wanted):
        if grant.scope not in access.grantable_scopes(user.role):
            raise AccountError("grants", f"the role {user.role} has no part in {grant.scope}")
        if not areas.exists(grant.area):
            raise AccountError("grants", f"there is no area {grant.area}")
    if _spans(wanted) and not _spans(user.grants) and training.is_missing(user):
        raise AccountError("grants", *UNTRAINED)
    kept = [row for row in user.grants if Grant(row.area, row.scope) in wanted]
    have = {Grant(row.area, row.scope) for row in kept}
    new = [UserGrant(area=g.area, scope=g.scope, role=user.role) for g in sorted(wanted - have)]
    user.grants = kept + new


def _spans(grants: Iterable[Grant | UserGrant]) -> bool:
    return len({grant.scope for grant in grants}) > 1


def set_password(user: User, password: str, first: bool = False) -> None:
    """Give a new password and end every session. Not committed. Raises AccountError.

    first: for the first log-in alone.
    """
    user.password = passwords.hash_password(_acceptable(password, user.username, user.name))
    user.first_until = _first_until() if first else None
    sessions.end_all(user.id)


def change_password(user: User, old: str, new: str) -> bool:
    """Give oneself a new password; every other session ends. Not committed. Raises AccountError.

    False if the old one is wrong.
    """
    if not passwords.matches(user.password, old):
        return False
    if new == old:
        raise _unfit("same")
    user.password = passwords.hash_password(_acceptable(new, user.username, user.name))
    user.first_until = None
    sessions.end_others(user.id)
    sessions.renew()
    return True


def set_active(user: User, active: bool) -> None:
    """Close or reopen an account; closing ends its sessions. Not committed.

    Unsent visits on the person's phone can still be uploaded: they are kept aside for a supervisor.
    """
    user.active = int(active)
    if not active:
        sessions.end_all(user.id)


def _canonical(username: str) -> str:
    return username.strip().lower()


def _acceptable(password: str, username: str, name: str) -> str:
    places = [name for area in areas.all_areas() for name in (area.name_zh, area.name_en)]
    why = guessable.fault(password, username, [name, *places])
    if why:
        raise _unfit(why)
    return password


def _unfit(why: str) -> AccountError:
    zh, en = guessable.REMEDIES[why]
    return AccountError("password", en, zh)


def _first_until() -> str:
    return utc_text(clock.now() + FIRST)


def _is_over(until: str | None) -> bool:
    return until is not None and until < utc_text(clock.now())
