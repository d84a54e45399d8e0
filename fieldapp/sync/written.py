"""What a submission wrote to an entity, as it lies sealed in Mention: `[[i, value], …]`, JSON.

The value of a secret is its keyed hash. One seal for all that a visit wrote to a record: registers
are by far the most rows.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.subjects.keys import Keys, keys_of
from fieldapp.subjects.sealing import ErasedError

from .merge import Value
from .models import Mention, RegWrite


def written_bytes(values: Iterable[tuple[int, Value]]) -> bytes:
    """To be sealed."""
    return orjson.dumps(list(values))


def written_about(sid: str, entity: str) -> str:
    """What the seal is bound to."""
    return f"{sid}/{entity}"


def writes(*more: Any) -> sa.Select[Any]:
    """Writes with what opens their values, and further columns."""
    w, t = RegWrite, Mention
    here = sa.and_(t.sid == w.sid, t.entity == w.entity)
    return sa.select(w.sid, w.i, w.entity, w.reg, t.sealed, *more).join(t, here)


def drop(connection: Connection, gone: Mapping[tuple[str, str], Collection[int]]) -> None:
    """Write anew what these submissions wrote to these entities, without some of the writes."""
    keys, t = keys_of(connection), Mention
    for (sid, entity), places in gone.items():
        mine = sa.and_(t.sid == sid, t.entity == entity)
        sealed = connection.scalar(sa.select(t.sealed).where(mine))
        if sealed is None:
            continue
        bound = written_about(sid, entity)
        left = [(i, v) for i, v in orjson.loads(keys.open(sealed, bound)) if i not in places]
        again = keys.seal_like(sealed, written_bytes(left), bound)
        connection.execute(sa.update(t).where(mine).values(sealed=again))


class Written:
    """Values of writes, of rows of `writes()`."""

    def __init__(self, keys: Keys, rows: Iterable[Any]) -> None:
        self._keys = keys
        self._opened: dict[tuple[str, str], dict[int, Value]] = {}
        keys.prepare(row.sealed for row in rows)

    def value(self, row: Any) -> Value:
        """The value of one write; None if it was erased. Raises SealBrokenError."""
        place = row.sid, row.entity
        if place not in self._opened:
            self._opened[place] = self._open(row)
        return self._opened[place].get(row.i)

    def is_there(self, row: Any) -> bool:
        """Whether one write can still be opened."""
        self.value(row)
        return row.i in self._opened[row.sid, row.entity]

    def _open(self, row: Any) -> dict[int, Value]:
        try:
            plain = self._keys.open(row.sealed, written_about(row.sid, row.entity))
        except ErasedError:
            return {}
        return dict(orjson.loads(plain))
