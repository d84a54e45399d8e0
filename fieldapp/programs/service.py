"""The programs that come with the product, and what a phone is told of them."""

from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from fieldapp.forms.kept import compiled

from .load import ProgramError, load_folders
from .model import (
    AUDIENCES,
    DeriveRule,
    EntityType,
    Party,
    Program,
    Programs,
    Prop,
    ScheduleRule,
    type_json,
)

PACKAGED = Path(__file__).parent


@cache
def load_programs() -> Programs:
    """The packaged programs, read once. Raises ProgramError naming file and key."""
    return load_folders(PACKAGED, compiled)


def public_json(
    programs: Programs | Iterable[Program], audiences: Collection[str], role: str | None = None
) -> list[dict[str, Any]]:
    """What a phone of these audiences gets, as `Program[]` of types.ts; of the schedule only its
    role's rules.

    A program of a scope in which the phone has no audience isn't mentioned at all.
    """
    chosen = programs.all if isinstance(programs, Programs) else tuple(programs)
    scopes = {scope for scope, names in AUDIENCES.items() if set(names) & set(audiences)}
    return [_public(p, audiences, role) for p in chosen if p.scope in scopes]


def _public(program: Program, audiences: Collection[str], role: str | None) -> dict[str, Any]:
    rules = [rule for rule in program.schedule if role is None or role in rule.roles]
    return {
        "id": program.id,
        "scope": program.scope,
        "title": dict(program.title),
        "types": {name: type_json(kind, audiences) for name, kind in program.types.items()},
        "lists": _seen_lists(program, audiences),
        "derive": [rule.as_json() for rule in program.derive],
        "schedule": [rule.as_json() for rule in rules],
        **({"consents": program.keeping.as_json()} if program.keeping else {}),
    }


def _seen_lists(program: Program, audiences: Collection[str]) -> dict[str, Any]:
    named = {
        kind.props[name].list for kind in program.types.values() for name in kind.seen_by(audiences)
    }
    return {name: dict(words) for name, words in program.lists.items() if name in named}


__all__ = [
    "AUDIENCES",
    "PACKAGED",
    "DeriveRule",
    "EntityType",
    "Party",
    "Program",
    "ProgramError",
    "Programs",
    "Prop",
    "ScheduleRule",
    "load_programs",
    "public_json",
]
