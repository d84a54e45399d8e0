"""The database handle: one metadata with named constraints, portable between SQLite and PostgreSQL.

Columns are TEXT, INTEGER and BLOB only; moments are ISO 8601 text in UTC (`utc_text`), so that both
databases sort them alike.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, scoped_session

from fieldapp.wall import init_wall, raise_up


class Base(DeclarativeBase):
    """Parent of every model."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@event.listens_for(Base.metadata, "after_create")
def _protect(_metadata: MetaData, connection: Connection, **_: Any) -> None:
    raise_up(connection)


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


@lru_cache(maxsize=256)
def utc_text(moment: datetime) -> str:
    """A moment as sortable text, e.g. `2026-11-02T01:12:44.123456Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextmanager
def write_transaction() -> Iterator[scoped_session[Session]]:
    """A transaction that writes from its first statement on; rolled back on an exception.

    It begins a new one: what was read before may have changed, and on SQLite a reader can't become
    a writer safely.
    Rows loaded before are read again when used.
    """
    db.session.rollback()
    db.session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
    try:
        yield db.session
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def init_db(app: Flask) -> None:
    """Bind the database to the app; SQLite gets WAL, full durability and explicit transactions."""
    db.init_app(app)
    migrate.init_app(app, db, directory=str(app.config["MIGRATIONS"]), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)
        init_wall(app, db.engine)


def _prepare_sqlite(engine: Engine) -> None:
    """pysqlite begins transactions late; we begin them ourselves, writers IMMEDIATE."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        run: Callable[[str], Any] = connection.execute
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        run("PRAGMA foreign_keys=ON")
        run("PRAGMA busy_timeout=10000")
        run("PRAGMA secure_delete=ON")  # a key that was destroyed must not lie in a free page

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        try:  # of the driver itself: a third of what a short transaction costs
            connection.connection.execute(f"BEGIN {mode}")
        except sqlite3.OperationalError as error:
            raise OperationalError(f"BEGIN {mode}", None, error) from error
