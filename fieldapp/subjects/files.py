"""Keys of attachments: each has its own, so that its bytes are sealed once, whoever it is about.

That is known only when a visit names it, before or after it came: `settle` seals the key again.
"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.sync.bulk import upsert
from fieldapp.sync.models import Submission, SubmissionBlob

from . import sealing
from .keys import keys_of
from .models import FileKey, SubmissionSubject

File = tuple[str, str]  # whose it is, and the SHA-256 of its bytes


class FileSeal:
    """Seals and opens the bytes of one attachment."""

    def __init__(self, key: bytes) -> None:
        self._cipher, self._head = (
            sealing.cipher(key),
            sealing.head_about_nobody(sealing.kid_of(key), packed=False),
        )

    def seal(self, plain: bytes, about: str) -> bytes:
        """Seal; `about` must be given to open."""
        return sealing.seal(self._cipher, self._head, plain, about)

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises SealBrokenError."""
        return sealing.unseal(self._cipher, self._head, sealed, about)


def begin(connection: Connection, file: File) -> FileSeal:
    """A new attachment's seal; in place of one that was begun before."""
    key = sealing.new_key()
    _keep(connection, file, key)
    return FileSeal(key)


def seal_of(connection: Connection, file: File) -> FileSeal | None:
    """The seal of an attachment; None if it has none. Raises SealBrokenError, ErasedError."""
    sealed = connection.scalar(sa.select(FileKey.sealed).where(_one(file)))
    return FileSeal(keys_of(connection).open(sealed, _about(file))) if sealed else None


def settle(connection: Connection, files: Collection[File]) -> None:
    """Seal the keys of these, if they are here, for those whom visits now say they are about."""
    for file in files:
        sealed = connection.scalar(sa.select(FileKey.sealed).where(_one(file)))
        if sealed:
            _keep(connection, file, keys_of(connection).open(sealed, _about(file)))


def forget(connection: Connection, files: Collection[File]) -> None:
    """Nobody can open these any more."""
    for file in files:
        connection.execute(sa.delete(FileKey).where(_one(file)))


def _keep(connection: Connection, file: File, key: bytes) -> None:
    keys, of = keys_of(connection), _subjects(connection, file)
    living = () if keys.destroyed(of) else of
    row = {"user_id": file[0], "sha": file[1], "sealed": keys.seal(key, _about(file), living)}
    upsert(connection, FileKey, [row])


def _subjects(connection: Connection, file: File) -> set[str]:
    """Whom the visits of a person that name an attachment are about."""
    t, b, s = SubmissionSubject, SubmissionBlob, Submission
    query = sa.select(t.subject).join(b, b.sid == t.sid).join(s, s.id == t.sid)
    query = query.where(s.user_id == file[0], b.sha == file[1])
    return set(connection.scalars(query.distinct()))


def _one(file: File) -> sa.ColumnElement[bool]:
    return sa.and_(FileKey.user_id == file[0], FileKey.sha == file[1])


def _about(file: File) -> str:
    return f"file/{file[0]}/{file[1]}"
