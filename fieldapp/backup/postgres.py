"""Copies of a PostgreSQL database: `pg_dump`'s custom format, put back by `pg_restore`."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError

from fieldapp import clock

from .errors import BackupError

KIND, SUFFIX, MAGIC = "postgresql", ".dump", b"PGDMP"
_FULL = ("No space left", "File too large", "could not write")


def exists(_engine: Engine) -> bool:
    """Whether there is such a database; nobody connects to another."""
    return True


def copy(engine: Engine, path: Path) -> None:
    """Dump one moment of the database into a file, while others go on writing."""
    with engine.connect() as connection:
        size = connection.scalar(sa.text("SELECT pg_database_size(current_database())"))
    # Rows are kept from whoever doesn't say that they are the system (fieldapp/wall.py); keys of
    # subjects lie in a file of their own.
    left_out = "--exclude-table-data=subject_key"
    options = ["--format=custom", "--enable-row-security", left_out, f"--file={path}"]
    done = _run("pg_dump", engine, options)
    if done.returncode == 0:
        return
    said = done.stderr.strip()
    if done.returncode == -signal.SIGXFSZ or any(word in said for word in _FULL):
        raise BackupError("disk_full", folder=path.parent, mb=int(size or 0) // 1_000_000 + 1)
    if "version mismatch" in said:
        raise BackupError("old_tools", version=_version(engine))
    raise BackupError("copy_failed", detail=_last_line(said))


@contextmanager
def scratch(path: Path, given: str | None, engine: Engine) -> Iterator[str]:
    """The copy put back as a database of its own; its URL. given: an empty one to use."""
    if given:
        yield from _in_given(path, given)
        return
    name = f"fieldapp_check_{clock.new_id()[:8]}"
    try:
        _at_once(engine, f"CREATE DATABASE {name} TEMPLATE template0")
    except DBAPIError as error:
        raise BackupError("no_scratch", detail=_first_line(error)) from error
    other = sa.create_engine(engine.url.set(database=name))
    try:
        _load(path, other)
        yield other.url.render_as_string(hide_password=False)
    finally:
        other.dispose()
        _at_once(engine, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _in_given(path: Path, given: str) -> Iterator[str]:
    other = sa.create_engine(given)
    filled = bool(sa.inspect(other).get_table_names())
    other.dispose()
    if filled:
        raise BackupError("no_scratch", detail=f"{other.url.database} is not empty")
    try:
        _load(path, other)
        yield given
    finally:
        _at_once(other, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        other.dispose()


def put_back(
    path: Path, engine: Engine, is_empty: bool, finish: Callable[[str], None]
) -> Path | None:
    """Make the backup the database, as `finish` leaves it; None, for the former one was dumped.

    The former tables wait in a schema of their own until all is well, and come back if it isn't.
    """
    if _others(engine):
        raise BackupError("in_use")
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    before = f"before_{clock.now():%Y%m%dt%H%M%S%f}"
    _at_once(engine, f"ALTER SCHEMA public RENAME TO {before}", "CREATE SCHEMA public")
    try:
        _load(path, engine)
        finish(url)
    except BaseException:
        engine.dispose()
        back = f"ALTER SCHEMA {before} RENAME TO public"
        _at_once(engine, "DROP SCHEMA public CASCADE", back)
        raise
    _at_once(engine, f"DROP SCHEMA {before} CASCADE")
    return None


def _load(path: Path, engine: Engine) -> None:
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    done = _run("pg_restore", engine, [*options, str(path)])
    if done.returncode:
        raise BackupError("damaged", name=path.name, detail=_last_line(done.stderr))


def _run(tool: str, engine: Engine, options: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run one of PostgreSQL's programs. The password goes by the environment, which nobody sees."""
    program = shutil.which(tool)
    if program is None:
        raise BackupError("no_tools", tools=tool, version=_version(engine))
    url = engine.url
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    return subprocess.run(
        [program, f"--dbname={bare.render_as_string()}", *options],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | password | {"LC_ALL": "C", "PGOPTIONS": "-c app.mode=system"},
    )


def _version(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(sa.text("SHOW server_version")))


def _others(engine: Engine) -> int:
    """How many others are connected to this database."""
    query = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
               AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    engine.dispose()
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(query)) or 0)


def _at_once(engine: Engine, *statements: str) -> None:
    """Several statements: one transaction; one statement: outside of any."""
    level = "AUTOCOMMIT" if len(statements) == 1 else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def _first_line(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[0]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason told"])[-1]
