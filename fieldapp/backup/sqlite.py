"""Copies of an SQLite database: a file like itself."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from fieldapp import clock

from .errors import BackupError

KIND, SUFFIX, MAGIC = "sqlite", ".sqlite", b"SQLite format 3\0"
_LOCK_WAIT = 2  # seconds


def address(path: Path) -> str:
    """The SQLAlchemy URL of a file."""
    return f"sqlite:///{path}"


def exists(engine: Engine) -> bool:
    """Whether there is such a database."""
    return Path(str(engine.url.database)).exists()


def copy(engine: Engine, path: Path) -> None:
    """Write one moment of the database into a file, while others go on writing."""
    with closing(engine.raw_connection()) as connection:
        run = connection.cursor().execute
        pages, size = (run(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        try:
            run("VACUUM INTO ?", (str(path),))
            leave_out_keys(path)
        except sqlite3.Error as error:
            raise _refusal(error, path, pages * size) from error


def leave_out_keys(path: Path) -> None:
    """Keys of subjects lie in a file of their own; nothing of them stays in this one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("DELETE FROM subject_key")


@contextmanager
def scratch(path: Path, _given: str | None, _engine: Engine) -> Iterator[str]:
    """The copy put back as a database of its own, checked page by page; its URL."""
    other = path.with_name(f"check-{clock.new_id()}{SUFFIX}")
    try:
        _put(path, other)
        yield address(other)
    finally:
        _remove(other)


def put_back(
    path: Path, engine: Engine, is_empty: bool, finish: Callable[[str], None]
) -> Path | None:
    """Make the backup the database, as `finish` leaves it; where the former one lies now."""
    target = Path(str(engine.url.database))
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"restoring-{clock.new_id()}{SUFFIX}")
    try:
        _put(path, fresh)
        finish(address(fresh))
        engine.dispose()
        if target.exists():
            _take_alone(target)
        aside = None if is_empty else _aside(target)
        if aside:
            target.rename(aside)
        fresh.rename(target)
        return aside
    finally:
        _remove(fresh)


def _aside(target: Path) -> Path:
    return target.with_name(f"{target.stem}-before-{clock.now():%Y%m%dT%H%M%S%fZ}{SUFFIX}")


def _put(path: Path, to: Path) -> None:
    """Copy a file and have SQLite check every page of the copy."""
    try:
        shutil.copyfile(path, to)
    except OSError as error:
        raise _refusal(error, to, path.stat().st_size) from error
    to.chmod(0o600)
    try:
        with closing(sqlite3.connect(to)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        raise BackupError("damaged", name=path.name, detail=verdict.splitlines()[0])


def _take_alone(target: Path) -> None:
    """Nobody else has it open: only then can it leave the write-ahead log, which ends with it."""
    try:
        with closing(sqlite3.connect(target, timeout=_LOCK_WAIT)) as connection:
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise BackupError("in_use") from error
    except sqlite3.DatabaseError:
        return  # what is broken is being replaced
    if mode != "delete":
        raise BackupError("in_use")


def _refusal(error: Exception, path: Path, size: int) -> BackupError:
    code = getattr(error, "sqlite_errorname", "")
    if code in ("SQLITE_FULL", "SQLITE_IOERR_WRITE") or getattr(error, "errno", 0) in (27, 28):
        return BackupError("disk_full", folder=path.parent, mb=size // 1_000_000 + 1)
    return BackupError("copy_failed", detail=error)


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
        path.with_name(name).unlink(missing_ok=True)
