"""A verified copy of the database, and then the mark up to which phones may forget their work."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.db import db, utc_text

from . import models as m
from .transactions import upsert, writing

# Longer than any transaction lasts: what was received earlier was committed before the copy began.
MARGIN = timedelta(minutes=5)


class BackupError(Exception):
    """No copy was made, or it can't be trusted; the mark stays where it was."""


def backup(folder: Path) -> Path:
    """Copy the database into the folder, check the copy, move the mark. Raises BackupError."""
    folder.mkdir(parents=True, exist_ok=True)
    began = clock.now()
    db.session.rollback()
    name = f"fieldapp-{began:%Y%m%dT%H%M%S%fZ}"
    if db.engine.dialect.name == "sqlite":
        path = _copy_sqlite(folder / f"{name}.sqlite")
    else:
        path = _dump_postgres(folder / f"{name}.dump")
    _move_mark(utc_text(began - MARGIN))
    return path


def _copy_sqlite(path: Path) -> Path:
    with closing(db.engine.raw_connection()) as connection:
        try:
            connection.cursor().execute("VACUUM INTO ?", (str(path),))
        except sqlite3.Error as error:
            raise BackupError(str(error)) from error
    with closing(sqlite3.connect(path)) as copy:
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise BackupError(f"{path.name} fails its integrity check: {verdict}")
    return path


def _dump_postgres(path: Path) -> Path:
    tools = [shutil.which(name) for name in ("pg_dump", "pg_restore")]
    if None in tools:
        raise BackupError(
            "pg_dump and pg_restore are not installed here. Install PostgreSQL's client programs "
            "of the server's version, or use your database's own backup and set the mark with it."
        )
    dump, restore = (str(tool) for tool in tools)
    address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    _run([dump, "--format=custom", f"--file={path}", f"--dbname={address}"])
    _run([restore, "--list", str(path)])
    return path


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name}: {done.stderr.strip()}")


def _move_mark(before: str) -> None:
    """Only ever forward."""
    with writing() as connection:
        known = connection.scalar(sa.select(m.DurableMark.before)) or ""
        upsert(connection, m.DurableMark, [{"id": 1, "before": max(known, before)}])
