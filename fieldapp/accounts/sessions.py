"""Log-in sessions: Flask-Login over rows of our own, so that a session can be ended on the server.

The signed cookie carries a random token only. A session of the desk ends after 12 idle hours; one
in which a phone was enrolled lasts its 30 days, since a worker may be without network for a week.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import delete, select, update

from fieldapp import clock
from fieldapp.db import db, utc_text, write_transaction

from .models import LoginSession, User
from .service import Principal, principal_from

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
NOTE_SEEN_EVERY = timedelta(minutes=10)

manager = LoginManager()
manager.session_protection = None  # it would end the session whenever the phone's address changes


@dataclass(frozen=True)
class SignedIn(UserMixin):
    """What Flask-Login keeps as `current_user`: values only, no database rows."""

    token: str
    principal: Principal
    device_id: str | None = None

    def get_id(self) -> str:
        """The token, which Flask-Login puts into the signed cookie."""
        return self.token


def init_login(app: Flask) -> None:
    """Bind Flask-Login and set the cookie's rules."""
    production = app.config["SETTINGS"].production
    app.config.update(
        SESSION_COOKIE_NAME="__Host-fieldapp" if production else "fieldapp",
        SESSION_COOKIE_SECURE=production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LONGEST,
    )
    manager.init_app(app)


def begin(user: User) -> Principal:
    """Start a session for this user in the cookie of the answer; a former one in it is ended."""
    end()
    token, now = secrets.token_urlsafe(32), clock.now()
    principal = principal_from(user)
    with write_transaction() as tx:
        _forget_expired(now)
        tx.add(
            LoginSession(
                token_sha=_sha(token),
                user_id=principal.user_id,
                created=utc_text(now),
                seen=utc_text(now),
                expires=utc_text(now + LONGEST),
            )
        )
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, principal))
    return principal


def resume(device_id: str) -> Principal | None:
    """The person of a phone whose session lasts but whose cookie is lost; a new one is set.

    A browser that dies soon after the log-in hasn't written the cookie to disk. The phone's own
    signature, which the caller has checked, then stands for it. None: they must log in again.
    """
    now = clock.now()
    query = select(LoginSession, User).join(User, User.id == LoginSession.user_id)
    row = db.session.execute(query.where(LoginSession.device_id == device_id)).first()
    if row is None or not row.User.active or not _lasts(row.LoginSession, now):
        db.session.rollback()
        return None
    token, principal = secrets.token_urlsafe(32), principal_from(row.User)
    mine = LoginSession.token_sha == row.LoginSession.token_sha
    db.session.rollback()
    with write_transaction() as tx:
        kept = update(LoginSession).where(mine)
        tx.execute(kept.values(token_sha=_sha(token), seen=utc_text(now)))
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, principal, device_id))
    return principal


def stay_with(device_id: str) -> None:
    """This request's session is that of a phone from now on, unless it is already."""
    if current_user.device_id != device_id:
        with write_transaction():
            bind_device(device_id)


def end() -> None:
    """End the session of this request, if there is one."""
    token = session.get("_user_id")
    if token:
        with write_transaction() as tx:
            tx.execute(delete(LoginSession).where(LoginSession.token_sha == _sha(token)))
    logout_user()
    session.clear()


def end_all(user_id: str) -> None:
    """End every session of a user. Not committed."""
    db.session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))


def end_of_device(device_id: str) -> None:
    """End the sessions in which this phone was enrolled. Not committed."""
    db.session.execute(delete(LoginSession).where(LoginSession.device_id == device_id))


def bind_device(device_id: str) -> None:
    """This request's session belongs to a phone from now on. Not committed."""
    mine = LoginSession.token_sha == _sha(session["_user_id"])
    db.session.execute(update(LoginSession).where(mine).values(device_id=device_id))


@manager.user_loader
def _load(token: str) -> SignedIn | None:
    """The person of a token, unless the session ended, expired or the account was closed."""
    now = clock.now()
    query = select(LoginSession, User).join(User, User.id == LoginSession.user_id)
    row = db.session.execute(query.where(LoginSession.token_sha == _sha(token))).first()
    found, stale = None, False
    if row is not None and row.User.active and _lasts(row.LoginSession, now):
        found = SignedIn(token, principal_from(row.User), row.LoginSession.device_id)
        stale = row.LoginSession.seen < utc_text(now - NOTE_SEEN_EVERY)
    db.session.rollback()  # no read transaction is left open for a handler that will write
    if stale:
        _note_seen(token, now)
    return found


def _lasts(row: LoginSession, now: datetime) -> bool:
    idle = row.device_id is None and row.seen < utc_text(now - IDLE)
    return not idle and row.expires > utc_text(now)


def _note_seen(token: str, now: datetime) -> None:
    with write_transaction() as tx:
        mine = LoginSession.token_sha == _sha(token)
        tx.execute(update(LoginSession).where(mine).values(seen=utc_text(now)))


def _forget_expired(now: datetime) -> None:
    db.session.execute(delete(LoginSession).where(LoginSession.expires <= utc_text(now)))


def _sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
