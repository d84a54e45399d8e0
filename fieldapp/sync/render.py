"""Entities as the wire carries them: what one audience sees, with a table of submissions.

A value names its submission by position in `sids`, so that author, moment and form are sent once.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from . import models as m
from .bulk import chosen
from .entities import (
    CORE,
    REVIEW_TYPE,
    Entity,
    TypeView,
    review_state,
    visible_registers,
)
from .merge import Write
from .transactions import chunks

# Positions of what a review entity tells of the submission it is about; no op has them.
TOLD = {"form": 900001, "fv": 900002, "scope": 900003, "area": 900004, "title": 900005,
        "answers": 900006, "kept": 900007}  # fmt: skip
# Of a review, what says nothing of whom it is about.
BARE = ("by", "state", "target")
TellTarget = Callable[[str], Mapping[str, str] | None]


class Renderer:
    """Makes changes of one answer. tell: what `log.Teller.tell` gives of a visit."""

    def __init__(
        self, connection: sa.Connection, view_of: Callable[[Entity], TypeView], tell: TellTarget
    ) -> None:
        self._connection, self._view_of, self._tell = connection, view_of, tell
        self._sids: dict[str, int] = {}

    def up(self, entity: Entity, feed: str, ver: str) -> dict[str, Any]:
        """The change that brings an entity into a feed or up to date in it."""
        core = entity.scope == CORE
        values = self._review(entity) if core else self._values(entity, feed.rpartition(".")[2])
        return {
            "k": "up",
            "e": entity.id,
            "t": entity.type,
            "ver": ver,
            "s": entity.scope,
            "a": list(entity.areas),
            "f": values,
        }

    def sids(self) -> list[list[str]]:
        """`[sid, author, moment, form]` of every submission named so far, by position."""
        s = m.Submission
        found: dict[str, list[str]] = {}
        for some in chunks(self._sids):
            rows = chosen(self._connection, (s.id, s.author, s.at, s.form), s.id, some)
            found |= {row.id: list(row) for row in rows}
        return [found.get(sid, [sid, "", "", ""]) for sid in self._sids]

    def _values(self, entity: Entity, audience: str) -> dict[str, list[list[Any]]]:
        registers = visible_registers(entity, self._view_of(entity), audience)
        return {name: self._wire(live) for name, live in registers.items()}

    def _wire(self, live: Iterable[Write]) -> list[list[Any]]:
        return [[w.v, self._position(w.dot.sid), w.dot.i, w.on] for w in live]

    def _position(self, sid: str) -> int:
        return self._sids.setdefault(sid, len(self._sids))

    def _review(self, entity: Entity) -> dict[str, list[list[Any]]]:
        """The decision, and of a returned submission what the phone needs to open it again; of one
        that isn't its reader's any more no words."""
        values = {name: self._wire(live) for name, live in sorted(entity.state.items())}
        target = str(entity.shown("target", REVIEW_TYPE))
        found = self._tell(target)
        if found is None:
            return {name: values[name] for name in BARE if name in values}
        told = dict(found)
        if review_state(entity) != "returned":
            told.pop("answers", None)
            told.pop("kept", None)
        on = entity.state["state"][0].on
        place = self._position(target)
        return values | {name: [[text, place, TOLD[name], on]] for name, text in told.items()}


def size(change: Mapping[str, Any]) -> int:
    """About how many bytes a change takes on the wire before compression."""
    return len(orjson.dumps(change))
