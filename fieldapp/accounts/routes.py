"""HTTP of sessions and accounts."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp import wall
from fieldapp.audit import service as access_log
from fieldapp.db import db, write_transaction
from fieldapp.devices import service as devices
from fieldapp.problems import abort_with, language

from . import access, factor, sessions
from . import users as accounts
from .access import Grant
from .keeping import note
from .limits import (
    LOG_IN_PER_ACCOUNT,
    LOG_IN_PER_ADDRESS,
    account_of_request,
    address_of_request,
    limiter,
    note_lockout,
    person_of_request,
    was_refused,
)
from .models import User
from .problems import AccountError
from .schemas import (
    LogInSchema,
    MeSchema,
    NewPasswordSchema,
    NewUserSchema,
    SessionSchema,
    UpdateUserSchema,
    UserSchema,
)
from .service import (
    Principal,
    areas_of,
    current_principal,
    login_required,
    roles_allowed,
    scopes_of,
)

session = Blueprint(
    "session", __name__, url_prefix="/api/session", description="Log in, who am I, log out"
)
own = Blueprint(
    "own", __name__, url_prefix="/api/own", description="One's own sessions and password"
)
users = Blueprint(
    "users", __name__, url_prefix="/api/users", description="Accounts, for administrators"
)


def me(principal: Principal) -> dict[str, Any]:
    """The person in the shape of MeSchema."""
    return {
        **{key: getattr(principal, key) for key in ("user_id", "username", "name", "role", "lang")},
        "scopes": scopes_of(principal),
        "areas": {scope: areas_of(principal, scope) for scope in access.SCOPES},
        "reviews": [s for s in access.SCOPES if access.may_review(principal.role, s)],
        "oversees": [s for s in access.SCOPES if access.may_oversee(principal.role, s)],
        "rights": [
            s
            for s in access.SCOPES
            if access.works_rights(principal.role, s) or access.may_review(principal.role, s)
        ],
        "erases": [s for s in access.SCOPES if access.works_rights(principal.role, s)],
        "administers": access.may_administer(principal.role),
        "first": principal.first,
        "factor": principal.factor,
        "reads_log": access.may_read_access_log(principal.role),
        "looks": access.looks_in_emergencies(principal.role),
        "judges": access.judges_emergencies(principal.role),
    }


@session.route("")
class Session(MethodView):
    """The session of this browser."""

    decorators = [
        limiter.limit(
            LOG_IN_PER_ADDRESS,
            key_func=address_of_request,
            methods=["POST"],
            deduct_when=was_refused,
        ),
        limiter.limit(
            LOG_IN_PER_ACCOUNT,
            key_func=account_of_request,
            methods=["POST"],
            deduct_when=was_refused,
            on_breach=note_lockout,
        ),
    ]

    @session.arguments(LogInSchema)
    @session.response(200, MeSchema)
    def post(self, credentials: dict[str, str]) -> dict[str, Any]:
        """Log in"""
        user = accounts.authenticate(credentials["username"], credentials["password"])
        if user is None:
            sessions.note_failure(credentials["username"])
            abort_with("bad_credentials")
        if user.has_factor:
            _check_code(user, credentials["code"])
        return me(sessions.begin(user))

    @login_required
    @session.response(200, MeSchema)
    def get(self) -> dict[str, Any]:
        """Who am I"""
        return me(current_principal())

    @session.response(204)
    def delete(self) -> None:
        """Log out"""
        sessions.end()


def _check_code(user: User, code: str) -> None:
    """Stops with `code_required` or `bad_code`."""
    if not code:
        abort_with("code_required")
    user_id, username = user.id, user.username
    if not factor.passes(user_id, code):
        sessions.note_failure(username)
        abort_with("bad_code")


@own.route("/sessions")
class OwnSessions(MethodView):
    """Where the caller is logged in."""

    @login_required
    @own.response(200, SessionSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """The caller's sessions, the latest used first"""
        return _sessions_of(current_principal().user_id)

    @login_required
    @own.response(204)
    def delete(self) -> None:
        """End every other session of the caller"""
        principal = current_principal()
        with write_transaction():
            sessions.end_others(principal.user_id)


@own.route("/sessions/<name>")
class OwnSession(MethodView):
    """One of the caller's sessions."""

    @login_required
    @own.response(204)
    def delete(self, name: str) -> None:
        """End it"""
        _end_session(current_principal().user_id, name)


@own.route("/password")
class OwnPassword(MethodView):
    """The caller's password."""

    decorators = [
        limiter.limit(
            LOG_IN_PER_ACCOUNT,
            key_func=person_of_request,
            deduct_when=was_refused,
            on_breach=note_lockout,
        )
    ]

    @login_required
    @own.arguments(NewPasswordSchema)
    @own.response(204)
    def post(self, wish: dict[str, str]) -> None:
        """Change it; every other session ends"""
        user_id = current_principal().user_id
        with account_problems(), wall.system("access log"), write_transaction():
            user = known(user_id)
            if not accounts.change_password(user, wish["old"], wish["new"]):
                abort_with("bad_credentials")
            note(user, ["password"], current_principal(), "password")


def _sessions_of(user_id: str) -> list[dict[str, Any]]:
    names = {device.id: device.name for device in devices.devices_of(user_id)}
    return [
        {**vars(one), "device": names.get(one.device_id or "")} for one in sessions.open_of(user_id)
    ]


def _end_session(user_id: str, name: str) -> None:
    with write_transaction():
        if not sessions.end_one(user_id, name):
            abort_with("not_found")


@users.route("/<user_id>/sessions")
class UserSessions(MethodView):
    """Where a person is logged in."""

    decorators = [roles_allowed("admin")]

    @users.response(200, SessionSchema(many=True))
    def get(self, user_id: str) -> list[dict[str, Any]]:
        """A person's sessions, the latest used first"""
        told = _sessions_of(known(user_id).id)
        access_log.note_colleagues(current_principal(), "sessions", [user_id])
        return told

    @users.response(204)
    def delete(self, user_id: str) -> None:
        """End them all"""
        with wall.system("access log"), write_transaction():
            user = known(user_id)
            sessions.end_all(user.id)
            note(user, ["sessions"], current_principal())


@users.route("/<user_id>/sessions/<name>")
class UserSession(MethodView):
    """One session of a person."""

    decorators = [roles_allowed("admin")]

    @users.response(204)
    def delete(self, user_id: str, name: str) -> None:
        """End it"""
        _end_session(known(user_id).id, name)


@users.route("")
class Users(MethodView):
    """All accounts."""

    decorators = [roles_allowed("admin")]

    @users.response(200, UserSchema(many=True))
    def get(self) -> list[User]:
        """List accounts, active ones first"""
        return accounts.everybody()

    @users.arguments(NewUserSchema)
    @users.response(201, UserSchema)
    def post(self, new: dict[str, Any]) -> User:
        """Open an account"""
        grants = [Grant(**grant) for grant in new.pop("grants")]
        with account_problems(), wall.system("access log"), write_transaction():
            user = accounts.add_user(**new, grants=grants, first=True)
            note(user, ["opened"], current_principal())
            return user


@users.route("/<user_id>")
class OneUser(MethodView):
    """One account."""

    decorators = [roles_allowed("admin")]

    @users.response(200, UserSchema)
    def get(self, user_id: str) -> User:
        """One account"""
        return known(user_id)

    @users.arguments(UpdateUserSchema)
    @users.response(200, UserSchema)
    def patch(self, changes: dict[str, Any], user_id: str) -> User:
        """Change name, language, password or areas; close or reopen the account"""
        with account_problems(), wall.system("access log"), write_transaction():
            user = known(user_id)
            _apply(user, changes)
            note(user, sorted(changes), current_principal())
        return user


def _apply(user: User, changes: dict[str, Any]) -> None:
    for key in ("name", "lang"):
        if key in changes:
            setattr(user, key, changes[key])
    if "grants" in changes:
        accounts.set_grants(user, [Grant(**grant) for grant in changes["grants"]])
    if "password" in changes:
        own = user.id == current_principal().user_id
        accounts.set_password(user, changes["password"], first=not own)
    if "active" in changes:
        if not changes["active"] and user.id == current_principal().user_id:
            raise AccountError("active", "nobody closes their own account")
        accounts.set_active(user, changes["active"])
    db.session.flush()


def known(user_id: str) -> User:
    user = accounts.get(user_id)
    if user is None:
        abort_with("not_found")
    return user


class account_problems:  # noqa: N801 - used like a function
    """Turns an AccountError into the problem invalid_fields."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, AccountError):
            abort_with(
                "invalid_fields",
                [{"path": error.field, "message": (error.zh, str(error))[language()]}],
            )
