"""Writing and finding many rows with one statement: one by one is most of what a push costs.

PostgreSQL gets them as one JSON text, SQLite one after the other from a list.
"""

from base64 import b64encode
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from .transactions import is_postgres

Row = dict[str, Any]
_TYPES = {sa.Integer: "bigint", sa.LargeBinary: "text"}  # bytes go as base64


def insert(connection: Connection, model: Any, rows: Collection[Row]) -> None:
    """Insert rows of the same columns. Raises IntegrityError."""
    _write(connection, model, rows, "")


def upsert(connection: Connection, model: Any, rows: Collection[Row], *keep: str) -> None:
    """Insert rows, replacing those with the same key but for the columns in `keep`."""
    table: sa.Table = model.__table__
    keys = [column.name for column in table.primary_key]
    changed = [c.name for c in table.columns if c.name not in {*keys, *keep}]
    values = ", ".join(f'"{name}" = excluded."{name}"' for name in changed)
    then = f"DO UPDATE SET {values}" if changed else "DO NOTHING"
    _write(connection, model, rows, f" ON CONFLICT ({', '.join(map(_quoted, keys))}) {then}")


def insert_new(connection: Connection, model: Any, rows: Collection[Row]) -> None:
    """Insert rows, leaving those as they are whose key is there."""
    upsert(connection, model, rows, *(column.name for column in model.__table__.columns))


def distinct(model: type[Any], rows: list[Row]) -> list[Row]:
    """One row per key: PostgreSQL takes no key twice in one statement."""
    keys = [column.name for column in model.__table__.primary_key]
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


def among(connection: Connection, column: Any, values: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether a column holds one of these: on PostgreSQL the same statement for any number."""
    if is_postgres(connection):
        return column == sa.any_(sa.bindparam(None, list(values), postgresql.ARRAY(sa.Text)))
    found: sa.ColumnElement[bool] = column.in_(values)
    return found


def chosen(connection: Connection, columns: Any, column: Any, values: Collection[str]) -> Any:
    """Rows of these columns (or of a model) whose `column` holds one of these: a statement that is
    made once, for making it costs more than asking.
    """
    wanted = columns if isinstance(columns, tuple) else (columns,)
    query = choice(wanted, column, is_postgres(connection))
    return connection.execute(query, {"among": list(values)})


@lru_cache(maxsize=128)
def choice(columns: tuple[Any, ...], column: Any, on_postgres: bool) -> sa.Select[Any]:
    """The query of `chosen`, of which `among` is the parameter."""
    if on_postgres:
        given = sa.bindparam("among", type_=postgresql.ARRAY(sa.Text))
        return sa.select(*columns).where(column == sa.any_(given))
    return sa.select(*columns).where(column.in_(sa.bindparam("among", expanding=True)))


def _write(connection: Connection, model: Any, rows: Collection[Row], conflict: str) -> None:
    if not rows:
        return
    columns = tuple(next(iter(rows)))
    if is_postgres(connection):
        statement = _from_json(model.__table__, columns) + conflict
        text = orjson.dumps(list(rows), default=_as_text).decode()
        connection.exec_driver_sql(statement, (text,))
    else:
        statement = _one_by_one(model.__table__, columns) + conflict
        connection.exec_driver_sql(statement, [tuple([row[c] for c in columns]) for row in rows])


@lru_cache(maxsize=64)
def _from_json(table: sa.Table, columns: Sequence[str]) -> str:
    """An INSERT of a JSON list of objects."""
    names = ", ".join(map(_quoted, columns))
    typed = ", ".join(f"{_quoted(c)} {_type(table.columns[c])}" for c in columns)
    read = ", ".join(
        f"decode({_quoted(c)}, 'base64')" if _is_bytes(table.columns[c]) else _quoted(c)
        for c in columns
    )
    return (
        f"INSERT INTO {table.name} ({names})"
        f" SELECT {read} FROM json_to_recordset(CAST(%s AS json)) AS given({typed})"
    )


@lru_cache(maxsize=64)
def _one_by_one(table: sa.Table, columns: Sequence[str]) -> str:
    names = ", ".join(map(_quoted, columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' for _ in columns)})"


def _type(column: sa.Column[Any]) -> str:
    found = (name for kind, name in _TYPES.items() if isinstance(column.type, kind))
    return next(found, "text")


def _is_bytes(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.LargeBinary)


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"no column holds {type(value).__name__}")


def _quoted(name: str) -> str:
    return f'"{name}"'
