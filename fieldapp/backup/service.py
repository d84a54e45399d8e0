"""Backups that are verified before anybody relies on them, and putting one back.

backup(folder)       copy, check the copy as a database of its own, then let phones forget
restore(path)        put a copy back and begin new epochs: phones send again what it lacks

A copy of the data holds no keys of subjects: they are copied apart (`keyring`), checked with it.
Why each crash point is safe: a copy has its name and its sidecar only once it was checked; the mark
moves after that; a restore changes the present database last, and sets it aside before. Who was
erased since is erased in the copy too before it is the database (`erasures`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import flask_migrate
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from fieldapp import __version__, clock, create_app
from fieldapp.attachments import service as attachments
from fieldapp.db import db, utc_text
from fieldapp.subjects.keyfile import KeyFile
from fieldapp.subjects.ledger import NAME, Ledger
from fieldapp.subjects.sealing import SealBrokenError
from fieldapp.sync import durable
from fieldapp.sync import service as sync
from fieldapp.sync.transactions import writing

from . import carried, check, erasures, keyring, postgres, sidecar, sqlite
from .errors import BackupError

KINDS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgres}


@dataclass(frozen=True)
class Restored:
    """What was put back. aside: where the former database lies; carried: whether accounts, phones
    and forms are its. again: what was erased since and is erased in it too, as (day, scope,
    subject). reopened: requests at the desk that have to be settled again. ledger: what the files
    knew; None if there were none.
    """

    visits: int
    attachments: int
    aside: Path | None
    carried: bool
    again: tuple[tuple[str, str, str], ...]
    reopened: int
    ledger: Ledger | None


# ---- backup -------------------------------------------------------------------------------------


def backup(folder: Path, scratch: str | None = None) -> tuple[Path, sidecar.Sidecar]:
    """Copy the database into the folder, check the copy, move the mark. Raises BackupError.

    scratch: URL of an empty PostgreSQL database for the check; without it one is made and dropped.
    """
    _make(folder)
    kind, engine, made = KINDS[db.engine.dialect.name], db.engine, clock.now()
    db.session.rollback()
    try:
        before = durable.fence()
    except OperationalError as error:
        waited = "lock" in str(error.orig)
        key = "busy" if waited else "copy_failed"
        raise BackupError(key, detail=error.orig) from error
    path = folder / f"fieldapp-{made:%Y%m%dT%H%M%S%fZ}{kind.SUFFIX}"
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.touch(mode=0o600)
        _copy(kind, engine, partial)
        with engine.connect() as live:
            keys = KeyFile.of(live, utc_text(made))
        visits, whole = _verify(kind, engine, partial, before, scratch, keys)
        told = sidecar.Sidecar(
            file=path.name,
            kind=kind.KIND,
            sha256=sidecar.digest(partial),
            bytes=partial.stat().st_size,
            made=utc_text(made),
            before=before,
            revision=_revision(engine) or "",
            program=__version__,
            visits=visits,
            attachments=whole,
            keys=keyring.keep(keys, path.stem).name,
        )
        told.write(path)
        partial.rename(path)
        sidecar.settle(folder)
    except BaseException:
        partial.unlink(missing_ok=True)
        sidecar.beside(path).unlink(missing_ok=True)
        raise
    durable.cover(before)
    keyring.drop_old()
    erasures.keep(folder, utc_text(made))
    return path, told


def _copy(kind: ModuleType, engine: Engine, path: Path) -> None:
    """Copy into the file, and wait until it is on the disk."""
    kind.copy(engine, path)
    sidecar.settle(path)


def _verify(
    kind: ModuleType, engine: Engine, path: Path, before: str, scratch: str | None, keys: KeyFile
) -> tuple[int, int]:
    """Put the copy back elsewhere and look; how many visits and attachments it holds."""
    with kind.scratch(path, scratch, engine) as url, server_on(url), engine.connect() as live:
        with writing() as connection:
            keys.put_in(connection)
        faults = [*sync.log_faults(), *attachments.faults()]
        if faults:
            raise BackupError("copy_broken", count=len(faults), detail=faults[0])
        with db.engine.connect() as copied:
            short = check.lacking(live, copied, before)
            if short:
                raise BackupError("copy_short", count=short)
            return check.counts(copied)


# ---- restore ------------------------------------------------------------------------------------


def restore(
    path: Path, replace_present: bool = False, ledgers: Sequence[Path] | None = ()
) -> Restored:
    """Put a backup in place of the database and begin new epochs. Raises BackupError.

    What is there is set aside first: an SQLite file beside it, a dump in the folder of the backup;
    its keys with the other copies of keys, if they can be read.
    ledgers: more files that know who was erased since; None: go on though nothing knows it.
    """
    kind, engine = KINDS[db.engine.dialect.name], db.engine
    told = _recognise(path, kind)
    db.session.remove()
    present = _present(engine)
    if present is not None and not replace_present:
        raise BackupError("not_empty", count=present)
    keep = carried.remember(engine) if present is not None else None
    own = keyring.present(engine) if present is not None else None
    keys = keyring.gather(path, own)
    known = erasures.gather(path, ledgers or ())
    if known is None and keep is None and ledgers is not None:
        raise BackupError("no_ledger", name=path.name, file=NAME, folder=keyring.folder())
    aside = _dump_aside(path.parent, engine, own) if present is not None else None
    found: list[tuple[int, int]] = []
    repeated: list[tuple[tuple[tuple[str, str, str], ...], int]] = []

    def finish(url: str) -> None:
        with server_on(url):
            _open_up(path, keys)
            repeated.append(erasures.repeat(keep, known))
            found.append(_begin_anew())
            if told:  # what it holds is in a verified backup: this one
                durable.cover(told.before)

    lies = kind.put_back(path, engine, present is None, finish)
    if lies and own:
        keyring.keep(own, lies.stem)
        sqlite.leave_out_keys(lies)
    return Restored(*found[0], aside or lies, keep is not None, *repeated[0], known)


def _dump_aside(folder: Path, engine: Engine, keys: KeyFile | None) -> Path | None:
    """A PostgreSQL database can't just be renamed."""
    if engine.dialect.name != "postgresql":
        return None
    aside = folder / f"before-restore-{clock.now():%Y%m%dT%H%M%S%fZ}{postgres.SUFFIX}"
    _make(folder)
    # Never over another: it may be the very one that is put back.
    aside.touch(mode=0o600, exist_ok=False)
    _copy(postgres, engine, aside)
    if keys:
        keyring.keep(keys, aside.stem)
    return aside


def _recognise(path: Path, kind: ModuleType) -> sidecar.Sidecar | None:
    """What was noted when it was verified. It is a whole backup, of a database of this kind."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
        told = sidecar.read(path)
    except (OSError, ValueError) as error:
        raise BackupError("not_a_backup", name=path.name) from error
    theirs = next((k for k in KINDS.values() if head.startswith(k.MAGIC)), None)
    if theirs is None:
        raise BackupError("not_a_backup", name=path.name)
    if told and sidecar.digest(path) != told.sha256:
        raise BackupError("damaged", name=path.name, detail=f"SHA-256 ≠ {path.name}.json")
    if theirs is not kind:
        raise BackupError("wrong_kind", name=path.name, kind=theirs.KIND, here=kind.KIND)
    return told


def _present(engine: Engine) -> int | None:
    """How many visits the present database holds; None if it has no tables. A broken one has 0."""
    if not KINDS[engine.dialect.name].exists(engine):
        return None
    try:
        if not sa.inspect(engine).get_table_names():
            return None
        with engine.connect() as connection:
            return check.counts(connection)[0]
    except SQLAlchemyError:
        return 0
    finally:
        engine.dispose()


def _open_up(path: Path, keys: KeyFile) -> None:
    """Give a database that was put back its keys; all of it opens, but for who was erased."""
    revision = _revision(db.engine)
    if revision is None:
        raise BackupError("not_a_backup", name=path.name)
    if revision not in _known_revisions():
        raise BackupError("newer", name=path.name, revision=revision)
    flask_migrate.upgrade()
    try:
        with writing() as connection:
            keyring.put_in(connection, keys)
    except SealBrokenError as error:
        raise BackupError("other_secret", name=path.name) from error
    faults = [*sync.log_faults(), *attachments.faults()]
    if any("another secret" in fault for fault in faults):
        raise BackupError("other_secret", name=path.name)
    if any("key isn't here" in fault for fault in faults):
        raise BackupError("no_keys", name=path.name, folder=keyring.folder())
    if faults:
        raise BackupError("damaged", name=path.name, detail=faults[0])


def _begin_anew() -> tuple[int, int]:
    """Let phones compare all they hold; how many visits and attachments there are."""
    sync.new_epoch()
    with db.engine.connect() as connection:
        return check.counts(connection)


# ---- shared -------------------------------------------------------------------------------------


@contextmanager
def server_on(url: str) -> Iterator[Flask]:
    """This server on another database, as the current app."""
    app = create_app(replace(current_app.config["SETTINGS"], database_url=url))
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise BackupError("no_folder", folder=folder, detail=error.strerror) from error


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _known_revisions() -> set[str]:
    script = ScriptDirectory(str(current_app.config["MIGRATIONS"]))
    return {step.revision for step in script.walk_revisions()}


__all__ = ("BackupError", "Restored", "backup", "restore", "server_on")
