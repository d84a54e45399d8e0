"""The role table: who may see, submit and decide what. Pure. Nothing else decides by role.

A role sees a scope as an *audience*. No entry means nothing at all, not even that a record exists.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

SCOPES = ("health", "housing")
ROLES = (
    "head",
    "assistant",
    "grid",
    "worker",
    "area",
    "nurse",
    "town",
    "district",
    "steward",
    "admin",
)

_AUDIENCES: dict[tuple[str, str], tuple[str, ...]] = {
    ("assistant", "housing"): ("housing",),
    ("grid", "housing"): ("housing",),
    ("worker", "housing"): ("housing",),
    ("worker", "health"): ("care",),
    ("area", "housing"): ("housing",),
    ("nurse", "health"): ("clinic",),
    ("steward", "housing"): ("housing",),
}
# A building head's few fields need an audience of their own, so for now a head carries no register.
_CARRIERS = frozenset({"assistant", "grid", "worker", "area", "nurse"})
_GRANTS: dict[str, tuple[str, ...]] = {
    "worker": SCOPES,
    "nurse": ("health",),
    "head": ("housing",),
    "assistant": ("housing",),
    "grid": ("housing",),
    "area": ("housing",),
    "town": SCOPES,
    "district": SCOPES,
    "steward": SCOPES,
    "admin": (),
}
_REVIEWS = frozenset({("area", "housing"), ("nurse", "health")})
_OVERSEES = frozenset({("steward", "housing")})


@dataclass(frozen=True, order=True)
class Grant:
    """One area, at any level, in one scope."""

    area: str
    scope: str


class HasRoles(Protocol):
    """The part of a program this module needs."""

    @property
    def roles(self) -> Collection[str]:
        """Who may fill its forms."""
        ...


def audiences(role: str, scope: str) -> tuple[str, ...]:
    """As whom the role reads the scope; empty: it reads nothing there."""
    return _AUDIENCES.get((role, scope), ())


def carries(role: str) -> bool:
    """Whether a phone of this role may hold a copy of the register."""
    return role in _CARRIERS


def grantable_scopes(role: str) -> tuple[str, ...]:
    """The scopes an administrator may give to this role."""
    return _GRANTS.get(role, ())


def may_submit(role: str, program: HasRoles) -> bool:
    """Whether the role fills the program's forms."""
    return role in program.roles


def may_review(role: str, scope: str) -> bool:
    """Whether the role approves, returns and settles in the scope."""
    return (role, scope) in _REVIEWS


def may_oversee(role: str, scope: str) -> bool:
    """Whether the role reads visits and conflicts of the scope: who reviews it, and the steward."""
    return may_review(role, scope) or (role, scope) in _OVERSEES


def may_administer(role: str) -> bool:
    """Whether the role keeps accounts, areas and devices. It sees no content."""
    return role == "admin"
