"""HTTP of the second factor: set up, confirm, turn off; an administrator takes a lost one away."""

from collections.abc import Callable
from typing import Any

import segno
from flask.views import MethodView

from fieldapp import wall
from fieldapp.db import write_transaction
from fieldapp.problems import abort_with

from . import access, factor, sessions
from . import users as accounts
from .keeping import note
from .limits import LOG_IN_PER_ACCOUNT, limiter, note_lockout, person_of_request, was_refused
from .models import User
from .routes import own, users
from .schemas import (
    AskFactorSchema,
    DropFactorSchema,
    FactorCodeSchema,
    FactorSchema,
    FactorSecretSchema,
    RecoverySchema,
)
from .service import current_principal, roles_allowed

# The blueprints that have these routes too.
__all__ = ["own", "users"]

DESK = [role for role in access.ROLES if access.has_desk(role)]
GUARDED: list[Callable[..., Any]] = [
    limiter.limit(
        LOG_IN_PER_ACCOUNT,
        key_func=person_of_request,
        deduct_when=was_refused,
        on_breach=note_lockout,
    )
]


@own.route("/factor")
class OwnFactor(MethodView):
    """The caller's second factor."""

    decorators = GUARDED

    @roles_allowed(*DESK)
    @own.response(200, FactorSchema)
    def get(self) -> dict[str, Any]:
        """How it stands"""
        principal = current_principal()
        told = {"on": principal.factor == "on", "required": principal.factor == "required"}
        return told | {"recovery": factor.left(principal.user_id)}

    @roles_allowed(*DESK)
    @own.arguments(AskFactorSchema)
    @own.response(200, FactorSecretSchema)
    def post(self, wish: dict[str, str]) -> dict[str, Any]:
        """Begin: a secret for an authenticator app; nothing is asked before it is confirmed"""
        user = _mine(wish["password"])
        if user.has_factor:
            abort_with("conflict_moved")
        made = factor.set_up(user.id, user.username)
        rows = ["".join(str(int(cell)) for cell in row) for row in segno.make(made.uri).matrix]
        return {"secret": made.secret, "uri": made.uri, "qr": rows}


@own.route("/factor/confirmation")
class OwnFactorConfirmation(MethodView):
    """The second step."""

    decorators = GUARDED

    @roles_allowed(*DESK)
    @own.arguments(FactorCodeSchema)
    @own.response(200, RecoverySchema)
    def post(self, wish: dict[str, str]) -> dict[str, Any]:
        """Turn it on with a code of the app; every other session ends"""
        principal = current_principal()
        if principal.factor == "on":
            abort_with("conflict_moved")
        codes = factor.confirm(principal.user_id, wish["code"])
        if codes is None:
            abort_with("bad_code")
        with wall.system("access log"), write_transaction():
            sessions.end_others(principal.user_id)
            sessions.renew()
            note(_account(principal.user_id), ["factor"], principal, "factor")
        return {"recovery": codes}


@own.route("/factor/removal")
class OwnFactorRemoval(MethodView):
    """The end of it."""

    decorators = GUARDED

    @roles_allowed(*DESK)
    @own.arguments(DropFactorSchema)
    @own.response(204)
    def post(self, wish: dict[str, str]) -> None:
        """Turn it off, with password and code"""
        user_id = _mine(wish["password"]).id
        if not factor.passes(user_id, wish["code"]):
            abort_with("bad_code")
        _drop(user_id, "factor")


@users.route("/<user_id>/factor")
class UserFactor(MethodView):
    """A person's second factor."""

    decorators = [roles_allowed("admin")]

    @users.response(204)
    def delete(self, user_id: str) -> None:
        """Take away one that was lost; the person's sessions end"""
        with write_transaction():
            sessions.end_all(_account(user_id).id)
        _drop(user_id, "account")


def _drop(user_id: str, act: str) -> None:
    actor = current_principal()
    with wall.system("access log"), write_transaction():
        factor.drop(user_id)
        note(_account(user_id), ["factor"], actor, act)


def _account(user_id: str) -> User:
    return accounts.get(user_id) or abort_with("not_found")


def _mine(password: str) -> User:
    """The caller's account. Stops with `bad_credentials`."""
    user = accounts.authenticate(current_principal().username, password)
    return user or abort_with("bad_credentials")
