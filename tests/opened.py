"""What lies sealed in the tables of sync, opened for tests and for measuring."""

from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from fieldapp.db import db
from fieldapp.subjects.keys import Keys, keys_of
from fieldapp.subjects.sealing import SealBrokenError
from fieldapp.sync import models as m
from fieldapp.sync.aside import detail_about
from fieldapp.sync.entities import State
from fieldapp.sync.store import entities_of
from fieldapp.sync.written import Written, writes, written_about


def state_of(entity: str) -> State:
    """The live writes of an entity by register; none if it isn't there."""
    connection = db.session.connection()
    rows = connection.execute(sa.select(m.Entity).where(m.Entity.id == entity)).all()
    found = [one.state for one in entities_of(keys_of(connection), rows)]
    db.session.rollback()
    return found[0] if found else {}


def values_of(entity: str, register: str) -> list[Any]:
    """All that was ever written to a register."""
    query = writes().where(m.RegWrite.entity == entity, m.RegWrite.reg == register)
    rows = db.session.execute(query).all()
    written = Written(keys_of(db.session.connection()), rows)
    found = [written.value(row) for row in rows]
    db.session.rollback()
    return found


ABOUT: dict[str, tuple[str, Callable[[Any], str]]] = {
    "submission": ("body", lambda row: row.id),
    "submission_variant": ("body", lambda row: row.id),
    "aside_decision": ("body", lambda row: row.id),
    "mention": ("sealed", lambda row: written_about(row.sid, row.entity)),
    "entity": ("state", lambda row: f"entity/{row.id}"),
    "reg_secret": ("sealed", lambda row: f"{row.sid}:{row.i}"),
    "emergency_look": ("said", lambda row: f"look/{row.id}"),
    "file_key": ("sealed", lambda row: f"file/{row.user_id}/{row.sha}"),
}
"""By table what is sealed, and what the seal is bound to."""


def sealed_in(table: str) -> dict[str, Callable[[Any], str]]:
    """By column of a table what is sealed, and what the seal is bound to."""
    column, about = ABOUT.get(table, ("", str))
    more = {"detail": lambda row: detail_about(row.id)} if table == "submission" else {}
    return ({column: about} if column else {}) | more


def opened(model: Any, row: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """A row with what is sealed in it opened: two rows that say the same are equal."""
    there, found = SimpleNamespace(**row), dict(row)
    for column, about in sealed_in(model.__tablename__).items():
        if row.get(column):
            found[column] = keys.open(row[column], about(there))
    return found


def all_text(*without: str) -> str:
    """Everything that the database and its keys give away, but for these tables."""
    db.session.rollback()
    keys, found = keys_of(db.session.connection()), []
    for table in (t for t in db.metadata.sorted_tables if t.name not in without):
        for row in db.session.execute(sa.select(table)):
            found.append(repr([value for value in row if not isinstance(value, bytes)]))
            for column, about in sealed_in(table.name).items():
                with suppress(SealBrokenError):
                    plain = keys.open(getattr(row, column) or b"", about(row))
                    found.append(plain.decode("utf-8", "replace"))
    db.session.rollback()
    return "\n".join(found)
