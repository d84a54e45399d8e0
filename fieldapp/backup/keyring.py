"""Copies of the keys beside the copies of the data, and putting them back.

They lie in a folder of their own and are kept for a shorter time (docs/operating.md): a copy of the
data holds no key of a subject, so that who was erased stays so in every old copy. Copies of the
data that are older than all copies of the keys open with the newest of these, but for the erased.
"""

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from fieldapp import clock
from fieldapp.db import utc_text
from fieldapp.subjects.keyfile import SUFFIX, KeyFile, together
from fieldapp.subjects.models import ServerKey
from fieldapp.subjects.sealing import KID, SealBrokenError, wrapper_for

from . import sidecar
from .errors import BackupError


def folder() -> Path:
    """Where copies of the keys lie."""
    found: Path = current_app.config["SETTINGS"].key_backups
    return found


def keep(keys: KeyFile, name: str) -> Path:
    """Write a copy of the keys, whole or not at all. Raises BackupError."""
    path = folder() / f"{name}{SUFFIX}"
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys.write(partial)
        sidecar.settle(partial)
        partial.rename(path)
        sidecar.settle(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BackupError("no_folder", folder=path.parent, detail=error.strerror) from error
    return path


def drop_old() -> int:
    """Drop copies of the keys that are out of time, never the last one; how many."""
    days = timedelta(days=current_app.config["SETTINGS"].key_backup_days)
    files = _by_age()
    old = [path for path, made in files[:-1] if made < utc_text(clock.now() - days)]
    for path in old:
        path.unlink()
    return len(old)


def gather(backup: Path, present: KeyFile | None) -> KeyFile:
    """All keys that are known here: those written with the backup, newer ones, the present ones."""
    newest_first = [path for path, _ in reversed(_by_age())]
    newest_first.sort(key=lambda path: path.stem != backup.stem)
    found = [KeyFile.read(path) for path in newest_first]
    return together(map(_usable, [*found, *([present] if present else [])]))


def present(engine: Engine) -> KeyFile | None:
    """The keys of the database that is to be replaced; None if they can't be read."""
    try:
        with engine.connect() as connection:
            return KeyFile.of(connection, utc_text(clock.now()))
    except SQLAlchemyError:
        return None


def put_in(connection: Connection, keys: KeyFile) -> None:
    """Give a database that was put back its keys: none that was destroyed. Raises SealBrokenError
    if it was sealed under another secret and nobody knows its keys under this one.
    """
    own = connection.scalars(sa.select(ServerKey.wrapped)).all()
    opens = all(wrapped[:KID] == _ours() for wrapped in own)
    if own and not opens and not keys.server:
        raise SealBrokenError("sealed under another secret")
    KeyFile({} if own and opens else keys.server, keys.subjects).put_in(connection)


def _usable(keys: KeyFile) -> KeyFile:
    """Without those that are wrapped under another secret."""
    ours = _ours()
    server, subjects = (
        {name: row for name, row in rows.items() if (row["wrapped"] or ours)[:KID] == ours}
        for rows in (keys.server, keys.subjects)
    )
    return KeyFile(server, subjects, keys.made)


def _ours() -> bytes:
    return wrapper_for(current_app.config["SETTINGS"].secret).id


def _by_age() -> list[tuple[Path, str]]:
    """Copies of the keys with their moments, the oldest first; what can't be read is none."""
    found = []
    for path in folder().glob(f"*{SUFFIX}"):
        try:
            found.append((path, KeyFile.read(path).made))
        except (OSError, ValueError, KeyError):
            continue
    return sorted(found, key=lambda each: (each[1], each[0].name))
