"""The ledger of erasures: a file beside the copies of the keys, which only grows.

A copy of the data knows nothing of who was erased after it; this file does, for as long as any copy
is kept. A line names an erasure by ids that mean nothing elsewhere: no name, no value, no reason.

    note(connection)            whatever this database erased and the file lacks, after each erasure
    note(connection, checked)   the same, and that up to this moment nothing is missing
    read(paths)                 what the files know together
    put_in(connection, ledger)  let a database that was put back know it; `erasure.again` does it
"""

import fcntl
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import Connection

from fieldapp.sync import models as m
from fieldapp.sync.bulk import distinct, insert_new, upsert
from fieldapp.sync.transactions import chunks

NAME = "erasures.ledger"
_TOLD = ("id", "at", "cause", "scope", "subject", "areas", "whole")


@dataclass
class Ledger:
    """What files know. erasures: by id; checked: up to when nothing is missing, blank if that was
    never said; unreadable: lines that were cut or altered.
    """

    erasures: dict[str, dict[str, Any]] = field(default_factory=dict)
    checked: str = ""
    unreadable: int = 0

    @property
    def until(self) -> str:
        """The last moment they tell of; blank: none."""
        return max([self.checked, *(one["at"] for one in self.erasures.values())])


def path() -> Path:
    """Where this server keeps it."""
    folder: Path = current_app.config["SETTINGS"].key_backups
    return folder / NAME


def note(connection: Connection, checked: str = "") -> int:
    """Write down what the file lacks, and wait until it is on the disk; how many. Raises OSError.

    checked: the moment of a copy; from the erasures up to then none is missing.
    """
    path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(path()) as file:
        known = _parsed(file)
        new = list(_lacking(connection, known.erasures))
        lines = [*new, *([{"checked": checked}] if checked > known.checked else [])]
        if lines:
            _append(file, lines)
    return len(new)


def lacks(connection: Connection) -> int:
    """How many erasures of this database the file lacks."""
    known = read([path()]) or Ledger()
    return len(set(connection.scalars(sa.select(m.Erasure.id))) - known.erasures.keys())


def read(paths: Iterable[Path]) -> Ledger | None:
    """What these files know together; None if there is none of them. Raises OSError."""
    there = [each for each in dict.fromkeys(paths) if each.is_file()]
    if not there:
        return None
    told = [_parsed(each.read_bytes().splitlines()) for each in there]
    return Ledger(
        {key: row for one in told for key, row in one.erasures.items()},
        max(one.checked for one in told),
        sum(one.unreadable for one in told),
    )


def put_in(connection: Connection, ledger: Ledger) -> list[str]:
    """Let a database know these erasures; the ids of those it didn't. It clears nothing yet."""
    here = set(connection.scalars(sa.select(m.Erasure.id)))
    new = [one for key, one in ledger.erasures.items() if key not in here]
    # Of a register that was erased, filled and erased again, the last one counts.
    new.sort(key=lambda one: (one["at"], one["id"]))
    blank = {"reason": "", "by": "", "feeds": "[]", "counts": "{}"}
    insert_new(connection, m.Erasure, [
        blank | {key: one[key] for key in _TOLD} | {"areas": json.dumps(one["areas"])}
        for one in new
    ])  # fmt: skip
    upsert(connection, m.Erased, distinct(m.Erased, [
        {"entity": entity, "reg": register, "erasure": one["id"], "at": one["at"], "feeds": "[]"}
        for one in new for entity, register in one["gone"]
    ]))  # fmt: skip
    return [one["id"] for one in new]


# ---- lines --------------------------------------------------------------------------------------


def _lacking(connection: Connection, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Erasures that aren't known, as lines, the first first."""
    t, e = m.Erasure, m.Erased
    ids = connection.scalars(sa.select(t.id).order_by(t.at, t.id)).all()
    for some in chunks([each for each in ids if each not in known]):
        gone = defaultdict[str, list[list[str]]](list)
        of = sa.select(e.erasure, e.entity, e.reg).where(e.erasure.in_(some))
        for row in connection.execute(of.order_by(e.entity, e.reg)):
            gone[row.erasure].append([row.entity, row.reg])
        query = sa.select(*(getattr(t, name) for name in _TOLD)).where(t.id.in_(some))
        for act in connection.execute(query.order_by(t.at, t.id)).mappings():
            yield {**act, "areas": json.loads(act["areas"]), "gone": gone[act["id"]]}


def _parsed(lines: Iterable[bytes]) -> Ledger:
    found = Ledger()
    for line in lines:
        try:
            one = json.loads(line)
            if "checked" in one:
                found.checked = max(found.checked, str(one["checked"]))
            else:
                found.erasures[one["id"]] = _whole(one)
        except (ValueError, KeyError, TypeError):
            found.unreadable += bool(line.strip())
    return found


def _whole(one: dict[str, Any]) -> dict[str, Any]:
    """A line that can be carried out. Raises KeyError, ValueError, TypeError."""
    pairs = [[str(entity), str(register)] for entity, register in one["gone"]]
    texts = {key: str(one[key]) for key in _TOLD}
    return texts | {"areas": list(one["areas"]), "whole": int(one["whole"]), "gone": pairs}


@contextmanager
def _alone(where: Path) -> Iterator[Any]:
    """The file, which no other process writes meanwhile; only its owner reads it."""
    handle = os.open(where, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _append(file: Any, lines: Iterable[Mapping[str, Any]]) -> None:
    """After whatever is there, which may end in a line that was cut."""
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    cut = file.seek(0, os.SEEK_END) and not _ends_whole(file)
    file.write(("\n" if cut else "").encode() + text.encode())
    file.flush()
    os.fsync(file.fileno())


def _ends_whole(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
