"""What can still be told of a submission whose text nobody can open any more: its facts.

An old copy that is put back holds visits to several people, of whom one was erased since: the text
is gone for all. What was written to the records of the others is sealed for them alone, and stands.
"""

import json
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import SealBrokenError

from . import models as m
from .merge import Dot
from .redaction import nothing
from .written import Written, writes


def salvaged(connection: Connection, row: Any) -> str:
    """A document as `redaction` leaves one: the writes that can be opened, and no answers."""
    t, e = m.Mention, m.Entity
    query = sa.select(t.entity, t.new, e.type).join(e, e.id == t.entity).where(t.sid == row.id)
    ops = _ops(connection, row.id)
    return json.dumps(
        {
            "id": row.id,
            "install": row.install or "desk",
            "n": row.n,
            "user": row.user_id,
            "form": row.form,
            "fv": row.fv,
            "at": row.at,
            "on": row.on_date,
            "area": row.area,
            "corrects": row.corrects,
            "entities": [
                {"e": each.entity, "t": each.type, "new": bool(each.new)}
                for each in connection.execute(query.order_by(t.entity))
            ],
            "ops": [ops.get(i, nothing()) for i in range(1 + max(ops, default=-1))],
            "answers": {},
            "blobs": [],
        },
        ensure_ascii=False,
    )


def _ops(connection: Connection, sid: str) -> dict[int, dict[str, Any]]:
    """Its writes by position, as ops."""
    rows = connection.execute(writes().where(m.Mention.sid == sid)).all()
    written, secrets = Written(keys_of(connection), rows), _secrets(connection, sid)
    sup, t = defaultdict[int, list[str]](list), m.RegSup
    for by in connection.execute(sa.select(t.by_i, t.dot_sid, t.dot_i).where(t.by_sid == sid)):
        sup[by.by_i].append(str(Dot(by.dot_sid, by.dot_i)))
    return {
        row.i: {"e": row.entity, "r": row.reg, "sup": sorted(sup[row.i])}
        | {"v": secrets.get(row.i, written.value(row))}
        for row in rows
        if written.is_there(row)
    }


def _secrets(connection: Connection, sid: str) -> dict[int, str]:
    t, found = m.RegSecret, {}
    for row in connection.execute(sa.select(t.i, t.sealed).where(t.sid == sid)):
        try:
            found[row.i] = keys_of(connection).open(row.sealed, str(Dot(sid, row.i))).decode()
        except SealBrokenError:
            continue
    return found
