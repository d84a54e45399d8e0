"""What a database holds, kept in memory and put back: a fresh start for each history, backups, and
restores of them. Only tables that were written to are touched, and by the driver's own means.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from psycopg.sql import Literal
from sqlalchemy import Engine, event

from fieldapp.db import Base

Rows = Mapping[str, list[tuple[Any, ...]]]
_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\S+)", re.IGNORECASE)


class Tables:
    """The tables of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all = {table.name: table for table in Base.metadata.sorted_tables}
        self._written: set[str] = set(self._all)
        self._start: Rows = {}
        self._texts: dict[str, str] = {}  # on PostgreSQL, what inserts the rows of the start
        event.listen(engine, "before_cursor_execute", self._note)

    def keep(self) -> Rows:
        """Everything that is in them now."""
        with self._engine.connect() as connection:
            return {
                name: [tuple(row) for row in connection.execute(sa.select(table))]
                if name in self._written
                else self._start[name]
                for name, table in self._all.items()
            }

    def put_back(self, kept: Rows) -> None:
        """Make the tables hold exactly this."""
        changed = [name for name in self._all if name in self._written]
        with self._engine.begin() as connection:
            driver: Any = connection.connection
            if self._engine.dialect.name == "postgresql":
                emptied = [f"DELETE FROM {name}" for name in reversed(changed)]
                filled = [self._filling(name, kept[name]) for name in changed if kept[name]]
                driver.dbapi_connection.execute("; ".join([*emptied, *filled, "SELECT 1"]))
                return
            for name in reversed(changed):
                driver.execute(f"DELETE FROM {name}")
            for name in changed:
                if rows := kept[name]:
                    places = ", ".join("?" * len(rows[0]))
                    driver.executemany(f"INSERT INTO {name} VALUES ({places})", rows)

    def begin(self, start: Rows) -> None:
        """As `put_back`; from here on the tables differ from this only where they are written."""
        if start is not self._start:
            self._written, self._start, self._texts = set(self._all), start, {}
        self.put_back(start)
        self._written = set()

    def _filling(self, name: str, rows: list[tuple[Any, ...]]) -> str:
        """What puts these rows into a table of PostgreSQL."""
        if rows is not self._start[name]:
            return _insert(self._all[name], rows)
        if name not in self._texts:
            self._texts[name] = _insert(self._all[name], rows)
        return self._texts[name]

    def _note(self, _c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        if table := _written_by(statement):
            self._written.add(table)


def _insert(table: sa.Table, rows: list[tuple[Any, ...]]) -> str:
    names = [column.name for column in table.columns]
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    text = Literal(json.dumps(objects, default=_hex)).as_string(None)
    read = f"json_populate_recordset(NULL::{table.name}, {text})"
    return f"INSERT INTO {table.name} SELECT * FROM {read}"


def _hex(value: Any) -> str:
    return f"\\x{bytes(value).hex()}"


@lru_cache(maxsize=1024)
def _written_by(statement: str) -> str | None:
    found = _WRITES.match(statement)
    return found[1].strip('"') if found else None
