"""Who may see, submit and decide what, as `matrix.md` says. Pure. Nothing else decides by role.

A role sees a scope as an *audience*. No entry means nothing at all, not even that a record exists.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
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
_NOTHING = "–"
_FILE = Path(__file__).with_name("matrix.md")


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


@dataclass(frozen=True)
class Row:
    """A row of the table. can: letters by role, none for a role that may do nothing.

    is_data: whether properties of records belong to it.
    """

    name: str
    words: Mapping[str, str]
    scope: str
    can: Mapping[str, str]
    is_data: bool


@dataclass(frozen=True)
class Matrix:
    """The table. audiences: of a scope and role."""

    rows: tuple[Row, ...]
    audiences: Mapping[tuple[str, str], str]

    def row(self, name: str) -> Row | None:
        """A row by name."""
        return next((row for row in self.rows if row.name == name), None)


def read_matrix(text: str) -> Matrix:
    """The table of a Markdown text. Raises ValueError if it isn't whole."""
    cells = [
        [cell.strip() for cell in line.strip("| \n").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    roles = cells[0][4:]
    if tuple(roles) != ROLES:
        raise ValueError(f"the table's roles are {roles}")
    rows: list[Row] = []
    audiences: dict[tuple[str, str], str] = {}
    for name, en, zh, scope, *entries in cells[2:]:
        given = {r: e for r, e in zip(roles, entries, strict=True) if e != _NOTHING}
        if name == "*as*":
            audiences |= {(scope, role): audience for role, audience in given.items()}
            continue
        can = {role: entry.removesuffix(" own") for role, entry in given.items()}
        if any(not letters or set(letters) - set("CRUAW") for letters in can.values()):
            raise ValueError(f"{name}: {can}")
        plain = name.strip("*")
        rows.append(Row(plain, {"zh": zh, "en": en}, scope.strip(_NOTHING), can, plain == name))
    return Matrix(tuple(rows), audiences)


@cache
def matrix() -> Matrix:
    """The table."""
    return read_matrix(_FILE.read_text("utf-8"))


@cache
def may(role: str, name: str) -> str:
    """The letters of a role in a row; blank for what isn't in the table."""
    row = matrix().row(name)
    return row.can.get(role, "") if row else ""


# ---- as whom one reads --------------------------------------------------------------------------


def audiences(role: str, scope: str) -> tuple[str, ...]:
    """As whom the role reads the scope; empty: it reads nothing there."""
    audience = matrix().audiences.get((scope, role))
    return (audience,) if audience else ()


@cache
def audiences_in(scope: str) -> tuple[str, ...]:
    """As whom a scope may be read."""
    return tuple(sorted({a for (s, _), a in matrix().audiences.items() if s == scope}))


def scope_of(audience: str) -> str:
    """The scope an audience belongs to; blank if there is none such."""
    return next((scope for scope in SCOPES if audience in audiences_in(scope)), "")


@cache
def readers(scope: str, data: str) -> tuple[str, ...]:
    """The audiences that may see a data group: those of which every role may read it."""
    return tuple(
        audience
        for audience in audiences_in(scope)
        if all(
            "R" in may(role, data)
            for (s, role), a in matrix().audiences.items()
            if (s, a) == (scope, audience)
        )
    )


@cache
def writers(data: str) -> tuple[str, ...]:
    """The roles that may write a data group."""
    return tuple(role for role in ROLES if set("CUW") & set(may(role, data)))


@cache
def data_groups(scope: str) -> tuple[str, ...]:
    """The data groups of a scope, to one of which each property belongs."""
    return tuple(row.name for row in matrix().rows if row.is_data and row.scope == scope)


# ---- what one may do ----------------------------------------------------------------------------


def carries(role: str) -> bool:
    """Whether a phone of this role may hold a copy of the register."""
    return "R" in may(role, "phone")


@cache
def grantable_scopes(role: str) -> tuple[str, ...]:
    """The scopes an administrator may give to this role: where it reads, or else gets counts."""
    used = {
        scope: "".join(row.can.get(role, "") for row in matrix().rows if row.scope == scope)
        for scope in SCOPES
    }
    reading = tuple(scope for scope in SCOPES if set(used[scope]) - {"A"})
    return reading or tuple(scope for scope in SCOPES if used[scope])


def needs_training(role: str) -> bool:
    """Whether the role is given both scopes only after training: who carries both on a phone."""
    return carries(role) and set(grantable_scopes(role)) == set(SCOPES)


def may_submit(role: str, program: HasRoles) -> bool:
    """Whether the role fills the program's forms."""
    return role in program.roles


def may_review(role: str, scope: str) -> bool:
    """Whether the role approves, returns and settles in the scope."""
    return "U" in may(role, f"review_{scope}")


def may_oversee(role: str, scope: str) -> bool:
    """Whether the role reads visits and conflicts of the scope: who reviews it, and the steward."""
    return "R" in may(role, f"review_{scope}")


def issue_acts(role: str, scope: str) -> str:
    """What the role does about quality issues of the scope: C opens, R sees, U moves on."""
    return may(role, f"issues_{scope}")


def may_administer(role: str) -> bool:
    """Whether the role keeps accounts, areas and devices. It sees no content."""
    return "U" in may(role, "accounts")


def has_desk(role: str) -> bool:
    """Whether the role works at the desk, where a second factor can be turned on."""
    return may_administer(role) or any(may_oversee(role, scope) for scope in SCOPES)


def may_read_access_log(role: str) -> bool:
    """Whether the role sees who wrote, opened and received what."""
    return "R" in may(role, "access_log")


def looks_in_emergencies(role: str) -> bool:
    """Whether the role may look at one person's record outside of its areas, in an emergency."""
    return "C" in may(role, "emergency")


def judges_emergencies(role: str) -> bool:
    """Whether the role judges what others looked at in an emergency."""
    return "U" in may(role, "emergency")


def works_rights(role: str, scope: str) -> bool:
    """Whether the role answers people's requests about their own data in the scope."""
    return "U" in may(role, f"rights_{scope}")
