"""Log-in sessions: Flask-Login over rows of our own, so that a session can be ended on the server.

The signed cookie carries a random token only, a new one whenever the person's rights change. A
session of the desk ends after 12 idle hours; one
in which a phone was enrolled lasts its 30 days, since a worker may be without network for a week.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import delete, select, update

from fieldapp import clock, wall
from fieldapp.audit import service as access_log
from fieldapp.db import db, utc_text, write_transaction

from .models import LoginSession, User
from .service import WHO, Principal, granted_to, principal_from, principal_of_row

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
NOTE_SEEN_EVERY = timedelta(minutes=10)
GRACE = timedelta(seconds=60)  # in which the token before still counts

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
    with wall.system("access log"), write_transaction() as tx:
        _forget_expired(now)
        tx.add(
            LoginSession(
                token_sha=_sha(token),
                user_id=principal.user_id,
                created=utc_text(now),
                seen=utc_text(now),
                expires=utc_text(now + LONGEST),
                agent=_agent(),
                rights=_rights(principal),
            )
        )
        tx.flush()
        log_in = access_log.Entry(access_log.SERVER, "login", principal.user_id, principal.role)
        access_log.record(tx.connection(), log_in)
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, principal))
    return principal


def note_failure(username: str, act: str = "login_failed") -> None:
    """Keep that a log-in failed, and of whose account; not what was typed."""
    wanted = User.username == username.strip().lower()
    about = db.session.scalar(select(User.id).where(wanted)) or ""
    entry = access_log.Entry(access_log.SERVER, act, "", "", what={"user": about})
    access_log.note_all([entry])


def note_lockout(username: str) -> None:
    """Keep that an account, or the person who is logged in, was closed to further tries."""
    mine = getattr(getattr(current_user, "principal", None), "username", "")
    note_failure(mine or username, "locked")


def resume(device_id: str) -> Principal | None:
    """The person of a phone whose session lasts but whose cookie is lost; a new one is set.

    A browser that dies soon after the log-in hasn't written the cookie to disk. The phone's own
    signature, which the caller has checked, then stands for it. None: they must log in again.
    """
    now = clock.now()
    query = select(LoginSession, User).join(User, User.id == LoginSession.user_id)
    row = db.session.execute(query.where(LoginSession.device_id == device_id)).first()
    if (
        row is None
        or not row.User.active
        or row.User.first_until
        or not _lasts(row.LoginSession, now)
    ):
        db.session.rollback()
        return None
    token, principal = secrets.token_urlsafe(32), principal_from(row.User)
    mine = LoginSession.token_sha == row.LoginSession.token_sha
    db.session.rollback()
    with write_transaction() as tx:
        kept = update(LoginSession).where(mine)
        rights = _rights(principal)
        tx.execute(kept.values(token_sha=_sha(token), seen=utc_text(now), rights=rights))
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
            tx.execute(delete(LoginSession).where(_is(_sha(token))))
    logout_user()
    session.clear()


def end_all(user_id: str) -> None:
    """End every session of a user. Not committed."""
    db.session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))


def end_of_device(device_id: str) -> None:
    """End the sessions in which this phone was enrolled. Not committed."""
    db.session.execute(delete(LoginSession).where(LoginSession.device_id == device_id))


# ---- seeing and ending them


@dataclass(frozen=True)
class Open:
    """A session that lasts. id: names it and opens nothing."""

    id: str
    device_id: str | None
    agent: str
    created: str
    seen: str
    expires: str
    current: bool


def open_of(user_id: str) -> list[Open]:
    """A person's sessions that last, the latest used first."""
    now, mine = clock.now(), _sha(str(session.get("_user_id", "")))
    query = select(LoginSession).where(LoginSession.user_id == user_id)
    rows = db.session.scalars(query.order_by(LoginSession.seen.desc(), LoginSession.token_sha))
    return [
        Open(
            _name(row.token_sha),
            row.device_id,
            row.agent,
            row.created,
            row.seen,
            row.expires,
            mine in (row.token_sha, row.former_sha),
        )
        for row in rows
        if _lasts(row, now)
    ]


def end_one(user_id: str, name: str) -> bool:
    """End one session of a user, by its name; whether there was one. Not committed."""
    shas = db.session.scalars(_tokens_of(user_id))
    ended = [sha for sha in shas if _name(sha) == name]
    _end_these(ended)
    return bool(ended)


def end_others(user_id: str) -> int:
    """End every session of this user but the one of this request; how many. Not committed."""
    mine = _sha(str(session.get("_user_id", "")))
    kept = set(db.session.scalars(_tokens_of(user_id).where(_is(mine))))
    ended = [sha for sha in db.session.scalars(_tokens_of(user_id)) if sha not in kept]
    _end_these(ended)
    return len(ended)


def _tokens_of(user_id: str) -> sa.Select[Any]:
    return select(LoginSession.token_sha).where(LoginSession.user_id == user_id)


def _end_these(shas: Iterable[str]) -> None:
    db.session.execute(delete(LoginSession).where(LoginSession.token_sha.in_(list(shas))))


def _name(token_sha: str) -> str:
    return _sha(token_sha)[:16]


# ---- within a request


def renew() -> None:
    """This session goes on under another token. Not committed."""
    former, token = session["_user_id"], secrets.token_urlsafe(32)
    values = {"token_sha": _sha(token), "former_sha": None, "renewed": utc_text(clock.now())}
    db.session.execute(update(LoginSession).where(_is(_sha(former))).values(**values))
    session["_user_id"] = token


def bind_device(device_id: str) -> None:
    """This request's session belongs to a phone from now on. Not committed."""
    mine = _is(_sha(session["_user_id"]))
    db.session.execute(update(LoginSession).where(mine).values(device_id=device_id))


@manager.user_loader
def _load(token: str) -> SignedIn | None:
    """The person of a token, unless the session ended, expired or the account was closed."""
    now = clock.now()
    connection = db.session.connection()
    held = connection.execute(_HELD, {"sha": _sha(token)}).first()
    found, stale, changed = None, False, False
    if held is not None and held.active and _lasts(held, now):
        late = held.token_sha != _sha(token)
        if not late or (held.renewed or "") > utc_text(now - GRACE):
            principal = principal_of_row(held, granted_to(connection, held.id))
            found = SignedIn(token, principal, held.device_id)
            stale = held.seen < utc_text(now - NOTE_SEEN_EVERY)
            changed = not late and held.rights != _rights(found.principal)
    db.session.rollback()  # no read transaction is left open for a handler that will write
    if found and changed:
        return _renewed(found, now)
    if stale:
        _note_seen(token, now)
    return found


def _renewed(former: SignedIn, now: datetime) -> SignedIn:
    """The session under another token, since the person's rights are others than when it began."""
    token, was = secrets.token_urlsafe(32), _sha(former.token)
    values = {"token_sha": _sha(token), "former_sha": was, "renewed": utc_text(now)}
    values |= {"rights": _rights(former.principal), "seen": utc_text(now)}
    with write_transaction() as tx:
        mine = update(LoginSession).where(LoginSession.token_sha == was).values(**values)
        moved = tx.execute(mine.returning(LoginSession.user_id)).first()
    if moved is None:  # another request of this browser was quicker
        return former
    session["_user_id"] = token
    return SignedIn(token, former.principal, former.device_id)


def _is(sha: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    return sa.or_(LoginSession.token_sha == sha, LoginSession.former_sha == sha)


_OF_A_SESSION = [
    getattr(LoginSession, name)
    for name in ("token_sha", "device_id", "seen", "expires", "renewed", "rights")
]
# Asked in every request, so made once.
_HELD = (
    select(*_OF_A_SESSION, *WHO)
    .join(User, User.id == LoginSession.user_id)
    .where(_is(sa.bindparam("sha", type_=sa.String)))
)
_SEEN = (
    update(LoginSession)
    .where(_is(sa.bindparam("sha", type_=sa.String)))
    .values(seen=sa.bindparam("now"))
)


def _rights(principal: Principal) -> str:
    """16 hex digits of what the person may do."""
    granted = [principal.role, *(f"{grant.area}:{grant.scope}" for grant in principal.grants)]
    return _sha(" ".join(granted))[:16]


def _agent() -> str:
    return request.user_agent.string[:200]


def _lasts(row: Any, now: datetime) -> bool:
    idle = row.device_id is None and row.seen < utc_text(now - IDLE)
    return not idle and row.expires > utc_text(now)


def _note_seen(token: str, now: datetime) -> None:
    with write_transaction() as tx:
        tx.connection().execute(_SEEN, {"sha": _sha(token), "now": utc_text(now)})


def _forget_expired(now: datetime) -> None:
    db.session.execute(delete(LoginSession).where(LoginSession.expires <= utc_text(now)))


def _sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
