"""The keys of a database in a file of their own, as they lie there: wrapped, or destroyed.

It is kept apart from the copies of the data and for a shorter time: once the last file that holds a
destroyed key is gone, no old copy of the data opens for that person any more.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.sync.bulk import upsert

from .models import ServerKey, SubjectKey

FORMAT = "fieldapp-keys/1"
SUFFIX = ".keys"
Rows = dict[str, dict[str, Any]]


class KeyFile:
    """Keys by name and by subject, rows of `models`."""

    def __init__(self, server: Rows, subjects: Rows, made: str = "") -> None:
        self.server, self.subjects, self.made = server, subjects, made

    @classmethod
    def of(cls, connection: Connection, made: str) -> "KeyFile":
        """Those of a database at this moment."""
        server, subjects = (
            {row[0]: dict(row._mapping) for row in connection.execute(sa.select(model.__table__))}
            for model in (ServerKey, SubjectKey)
        )
        return cls(server, subjects, made)

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Those of a file. Raises ValueError, OSError."""
        told = json.loads(path.read_text())
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise ValueError(f"{path.name} is no file of keys")
        server = {row["name"]: _unpacked(row) for row in told["server"]}
        subjects = {row["subject"]: _unpacked(row) for row in told["subjects"]}
        return cls(server, subjects, told["made"])

    def write(self, path: Path) -> None:
        """Put it into a file that only its owner reads."""
        path.touch(mode=0o600)
        told = {"format": FORMAT, "made": self.made}
        rows = {"server": self.server.values(), "subjects": self.subjects.values()}
        packed = {name: [_packed(row) for row in some] for name, some in rows.items()}
        path.write_text(json.dumps(told | packed))

    def put_in(self, connection: Connection) -> None:
        """Make them the keys of a database; of what it has beside them nothing changes."""
        upsert(connection, ServerKey, list(self.server.values()))
        upsert(connection, SubjectKey, list(self.subjects.values()))


def together(files: Iterable[KeyFile]) -> KeyFile:
    """All their keys, those of the earlier ones in doubt. Destroyed in one is destroyed, but a key
    that another still holds is left in: `end_destroyed` follows once what was shared is rewritten.
    """
    server: Rows = {}
    subjects: Rows = {}
    for file in files:
        server = file.server | server
        for subject, row in file.subjects.items():
            known = subjects.get(subject, row)
            there = known if known["wrapped"] else row
            subjects[subject] = there | {"destroyed": known["destroyed"] or row["destroyed"]}
    return KeyFile(server, subjects)


def end_destroyed(connection: Connection) -> None:
    """Destroy what `together` left in."""
    t = SubjectKey
    late = sa.update(t).where(t.destroyed.is_not(None), t.wrapped.is_not(None))
    connection.execute(late.values(wrapped=None))


def _packed(row: dict[str, Any]) -> dict[str, Any]:
    wrapped = row["wrapped"]
    return row | {"wrapped": None if wrapped is None else b64encode(wrapped).decode()}


def _unpacked(row: dict[str, Any]) -> dict[str, Any]:
    wrapped = row["wrapped"]
    return row | {"wrapped": None if wrapped is None else b64decode(wrapped)}
