"""Transactions and locks of sync: the writers of one area take turns, a reader sees one moment.

Order of locks: areas sorted, then entities sorted, so nobody waits in a circle. They are taken
before anything is read, so READ COMMITTED is enough: a counter and the changes it counts become
visible together, in order (invariant I12). SQLite has one writer at a time anyway.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from fieldapp import wall
from fieldapp.db import db, write_transaction

from .models import AreaHead

T = TypeVar("T")
LOCK_TIMEOUT = "10s"
CHUNK = 500  # well below the number of parameters either database takes in one statement


@contextmanager
def writing() -> Iterator[Connection]:
    """A transaction of one writer: the gate of every write to the log, which sees across areas."""
    db.session.rollback()  # what is open needn't learn any more what it may see
    with wall.system("write"), write_transaction() as tx:
        connection = tx.connection()
        if is_postgres(connection):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        yield connection


@contextmanager
def reading() -> Iterator[Connection]:
    """A transaction that sees one moment throughout; nothing is written in it."""
    db.session.rollback()
    options = {"isolation_level": "REPEATABLE READ"} if _on_postgres() else {}
    try:
        yield db.session.connection(execution_options=options)
    finally:
        db.session.rollback()


@contextmanager
def surveying(work: str) -> Iterator[Connection]:
    """As `reading`, across areas, for work that may (say which), e.g. all about somebody."""
    with wall.system(work), reading() as connection:
        yield connection


def lock(connection: Connection, areas: Collection[str], entities: Collection[str]) -> None:
    """Wait for every area and entity, and hold them until the transaction ends."""
    if not is_postgres(connection):
        return
    rows = [{"area": area} for area in sorted(areas)]
    if rows:
        connection.execute(postgresql.insert(AreaHead).on_conflict_do_nothing(), rows)
    heads = sa.select(AreaHead.area).where(AreaHead.area.in_([row["area"] for row in rows]))
    connection.execute(heads.order_by(AreaHead.area).with_for_update())
    keys = sorted({_lock_key(entity) for entity in entities})
    for some in chunks(keys):
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(k) FROM unnest(CAST(:keys AS bigint[])) k"),
            {"keys": list(some)},
        )


def lock_everything(connection: Connection) -> None:
    """Keep every writer out until the transaction ends."""
    if is_postgres(connection):
        connection.exec_driver_sql("LOCK TABLE area_head, submission IN EXCLUSIVE MODE")


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Items in lists of at most `size`."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some


def is_postgres(connection: Connection) -> bool:
    """Whether this is PostgreSQL."""
    return connection.dialect.name == "postgresql"


def _on_postgres() -> bool:
    return db.engine.dialect.name == "postgresql"


def _lock_key(entity: str) -> int:
    return int.from_bytes(sha256(entity.encode()).digest()[:8], "big", signed=True)
