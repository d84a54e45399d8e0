"""What a database holds, kept in memory and put back: a fresh start for each history, backups, and
restores of them. Only tables that were written to are touched.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, event

from fieldapp.db import Base

Rows = Mapping[str, list[dict[str, Any]]]
_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\S+)", re.IGNORECASE)


class Tables:
    """The tables of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all = {table.name: table for table in Base.metadata.sorted_tables}
        self._written: set[str] = set(self._all)
        event.listen(engine, "before_cursor_execute", self._note)

    def keep(self) -> Rows:
        """Everything that is in them now."""
        with self._engine.connect() as connection:
            return {
                name: [dict(row._mapping) for row in connection.execute(sa.select(table))]
                for name, table in self._all.items()
            }

    def put_back(self, kept: Rows) -> None:
        """Make the tables hold exactly this."""
        changed = [t for name, t in self._all.items() if name in self._written]
        with self._engine.begin() as connection:
            for table in reversed(changed):
                connection.execute(sa.delete(table))
            for table in changed:
                if rows := kept.get(table.name):
                    connection.execute(sa.insert(table), rows)

    def begin(self, start: Rows) -> None:
        """As `put_back`; from here on the tables differ from this only where they are written."""
        self.put_back(start)
        self._written = set()

    def _note(self, _c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        if table := _written_by(statement):
            self._written.add(table)


@lru_cache(maxsize=1024)
def _written_by(statement: str) -> str | None:
    found = _WRITES.match(statement)
    return found[1].strip('"') if found else None
