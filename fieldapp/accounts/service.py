"""Who is asking, and what is theirs. `access` knows the roles; this module adds the areas.

principal = current_principal()                # of the request, or the problem login_required
areas_of(principal, "health")                  # leaf codes
feeds_of(principal)                            # what the person's phone carries
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import current_app, request
from flask_login import current_user
from sqlalchemy import Connection, bindparam, select

from fieldapp import wall
from fieldapp.areas import service as areas
from fieldapp.areas.models import Area
from fieldapp.db import db
from fieldapp.problems import abort_with

from . import access
from .access import Grant
from .models import User, UserGrant

BEFORE_OWN_PASSWORD = ("session.Session", "own.OwnPassword")
BEFORE_FACTOR = (*BEFORE_OWN_PASSWORD, "own.OwnFactor", "own.OwnFactorConfirmation")
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Principal:
    """A person as the server knows them while answering; plain values, safe across transactions.

    first: somebody else chose their password; nothing is theirs before they chose their own.
    factor: `on` | `off` | `required` (they have none and must) | `none` (no desk, no factor).
    """

    user_id: str
    username: str
    name: str
    role: str
    lang: str = "zh"
    grants: tuple[Grant, ...] = ()
    first: bool = False
    factor: str = "none"


def principal_from(user: User) -> Principal:
    """The principal of a stored user."""
    return principal_of_row(user, user.grants)


def principal_of_row(user: Any, granted: Iterable[Any]) -> Principal:
    """The principal of a row with the columns of WHO, and rows of what was granted."""
    grants = tuple(sorted(Grant(g.area, g.scope) for g in granted))
    named = (user.id, user.username, user.name, user.role, user.lang)
    return Principal(*named, grants, user.first_until is not None, _factor(user))


def _factor(user: Any) -> str:
    if not access.has_desk(user.role):
        return "none"
    if user.factor_since:
        return "on"
    return "required" if current_app.config["SETTINGS"].second_factor else "off"


def principal_of(user_id: str) -> Principal | None:
    """The principal of a user who may still work here; None if unknown or deactivated."""
    connection = db.session.connection()
    row = connection.execute(_WHO_IS, {"user": user_id}).first()
    if row is None or not row.active:
        return None
    return principal_of_row(row, granted_to(connection, user_id))


def granted_to(connection: Connection, user_id: str) -> Sequence[Any]:
    """Area and scope of each grant of a user."""
    return connection.execute(_GRANTED, {"user": user_id}).all()


# What a principal is made of.
WHO = (
    *(User.id, User.username, User.name, User.role),
    *(User.lang, User.active, User.first_until, User.factor_since),
)
# Asked in every request, so made once.
_WHO_IS = select(*WHO).where(User.id == bindparam("user"))
_GRANTED = select(UserGrant.area, UserGrant.scope).where(UserGrant.user_id == bindparam("user"))


def current_principal() -> Principal:
    """Who is asking. Stops with `login_required` if nobody is logged in."""
    return signed_in() or abort_with("login_required")


def signed_in() -> Principal | None:
    """Who is asking, if they are logged in; what is theirs can be read from now on.

    Stops with `first_password` or `second_factor_required` if they have yet to choose their own
    password or to set up a second factor, anywhere but where they do.
    """
    if not current_user.is_authenticated:
        return None
    principal: Principal = current_user.principal
    if principal.first and request.endpoint not in BEFORE_OWN_PASSWORD:
        abort_with("first_password")
    if principal.factor == "required" and request.endpoint not in BEFORE_FACTOR:
        abort_with("second_factor_required")
    wall.admit(principal.user_id, principal.role)
    return principal


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Only for people who are logged in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        current_principal()
        return view(*args, **kwargs)

    return guarded


def roles_allowed(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only for people of these roles; others get `forbidden`."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            principal = current_principal()
            if principal.role not in roles:
                told = (request.method, request.endpoint, principal.role, principal.user_id)
                current_app.logger.warning("refused %s %s: %s %s", *told)
                abort_with("forbidden")
            return view(*args, **kwargs)

        return guarded

    return decorate


def areas_of(principal: Principal, scope: str) -> list[str]:
    """The villages granted to this person in the scope: leaf codes, sorted."""
    if scope not in access.grantable_scopes(principal.role):
        return []
    granted = [grant.area for grant in principal.grants if grant.scope == scope]
    return sorted({leaf for area in granted for leaf in areas.leaf_codes(area)})


def my_areas(principal: Principal) -> list[Area]:
    """The areas this person works in with everything above them; all for who administers them."""
    if access.may_administer(principal.role):
        return areas.all_areas()
    leaves = {leaf for scope in access.SCOPES for leaf in areas_of(principal, scope)}
    return areas.with_ancestors(leaves)


def scopes_of(principal: Principal) -> list[str]:
    """The scopes in which this person has an area and reads something."""
    return [
        s for s in access.SCOPES if access.audiences(principal.role, s) and areas_of(principal, s)
    ]


def visible_feeds(principal: Principal) -> list[str]:
    """Every `<area>.<audience>` this person may read on the server, sorted."""
    return sorted(
        f"{area}.{audience}"
        for scope in access.SCOPES
        for audience in access.audiences(principal.role, scope)
        for area in areas_of(principal, scope)
    )


def feeds_of(principal: Principal) -> list[str]:
    """What this person's phone pulls: readable feeds and own post; nothing if the role has none."""
    if not access.carries(principal.role):
        return []
    return [*visible_feeds(principal), f"u.{principal.user_id}"]


def grants_ver(principal: Principal) -> str:
    """16 hex digits that change whenever the role, the feeds, the areas or their clinics do."""
    granted: list[Any] = [principal.role, feeds_of(principal)]
    granted += [[areas_of(principal, s) for s in access.SCOPES], *areas.clinics()]
    return hashlib.sha256(json.dumps(granted).encode()).hexdigest()[:16]
