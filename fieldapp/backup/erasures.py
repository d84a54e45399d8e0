"""Who was erased after a backup is erased in it too, before anything is served from it.

Keys that were destroyed since are still there while that is done, if a copy holds them: what the
backup says of others in the same visits is rewritten for them, instead of being lost with the key.

What knows of them: the database that is replaced, the ledger beside the copies of the keys, the
copy of it beside the backup, and files the operator names. One that knows is enough.
"""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from fieldapp.rights.acting import act_again
from fieldapp.subjects import ledger
from fieldapp.subjects.keyfile import end_destroyed
from fieldapp.subjects.ledger import NAME, Ledger
from fieldapp.sync import erasure
from fieldapp.sync.models import Erasure
from fieldapp.sync.transactions import reading, writing

from . import carried, sidecar
from .errors import BackupError


def keep(folder: Path, made: str) -> None:
    """Write the ledger as of a backup, and a copy beside the backup. Raises BackupError."""
    try:
        with reading() as connection:
            ledger.note(connection, checked=made)
        if not (folder / NAME).exists() or not (folder / NAME).samefile(ledger.path()):
            _copy_to(folder)
    except OSError as error:
        where = ledger.path().parent
        raise BackupError("no_folder", folder=where, detail=error.strerror) from error


def _copy_to(folder: Path) -> None:
    partial = folder / f"{NAME}.partial"
    partial.touch(mode=0o600)
    partial.write_bytes(ledger.path().read_bytes())
    sidecar.settle(partial)
    partial.rename(folder / NAME)
    sidecar.settle(folder)


def gather(backup: Path, given: Iterable[Path]) -> Ledger | None:
    """All that ledgers know; None if there is none. Raises BackupError for one that isn't there."""
    wanted = list(given)
    try:
        for path in wanted:
            path.open("rb").close()
        return ledger.read([ledger.path(), backup.parent / NAME, *wanted])
    except OSError as error:
        raise BackupError("ledger_unread", name=error.filename, detail=error.strerror) from error


def repeat(
    keep: carried.Rows | None, known: Ledger | None
) -> tuple[tuple[tuple[str, str, str], ...], int]:
    """Take over what is kept and erase in the current database who was erased since: (day, scope,
    subject) of each act, and how many requests are open again.
    """
    with writing() as connection:
        before = set(connection.scalars(sa.select(Erasure.id)))
        reopened = carried.put_in(connection, keep) if keep else 0
        if known:
            ledger.put_in(connection, known)
    if keep or known:
        erasure.again(act_again, before)
    with writing() as connection:
        end_destroyed(connection)
    erasure.scrub()
    with reading() as connection:
        rows = connection.execute(sa.select(Erasure).order_by(Erasure.at, Erasure.id)).all()
        _note(connection)
    acts = tuple((row.at[:10], row.scope, row.subject) for row in rows if row.id not in before)
    return acts, reopened


def _note(connection: sa.Connection) -> None:
    """This machine's ledger knows from now on what others' did."""
    try:
        ledger.note(connection)
    except OSError as error:
        where = ledger.path().parent
        raise BackupError("no_folder", folder=where, detail=error.strerror) from error
