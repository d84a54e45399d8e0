"""The writes of a register as people read them: value in words, author, time, form."""

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from fieldapp.db import db
from fieldapp.programs.service import EntityType
from fieldapp.sync import models as m
from fieldapp.sync.entities import Entity, narrowed
from fieldapp.sync.merge import Dot

from .reader import Reader

W, S = m.RegWrite, m.Submission


def of_register(reader: Reader, entity: Entity, register: str) -> list[dict[str, Any]]:
    """Every write of a register, the newest first, in the shape of ShownValueSchema."""
    query = _writes().where(W.entity == entity.id, W.reg == register)
    return shown(reader, entity, register, db.session.execute(query))


def replaced_by(
    reader: Reader, entity: Entity, register: str, sid: str, i: int
) -> list[dict[str, Any]]:
    """The values that one write replaced, the newest first."""
    sup = m.RegSup
    join = sa.and_(sup.dot_sid == W.sid, sup.dot_i == W.i)
    query = _writes().join(sup, join).where(sup.by_sid == sid, sup.by_i == i)
    query = query.where(W.entity == entity.id, W.reg == register)
    return shown(reader, entity, register, db.session.execute(query))


def shown(
    reader: Reader, entity: Entity, register: str, rows: Iterable[Any]
) -> list[dict[str, Any]]:
    """Rows of writes in words."""
    kind = reader.kind(entity)
    live = {write.dot for write in entity.state.get(register, ())}
    return [_row(reader, kind, register, row, live) for row in rows] if kind else []


def _row(
    reader: Reader, kind: EntityType, register: str, row: Any, live: set[Dot]
) -> dict[str, Any]:
    members = frozenset(prop.name for prop in reader.members(kind, register))
    value = narrowed(json.loads(row.value), members)
    dot = Dot(row.sid, row.i)
    return {
        "v": value,
        "words": reader.words(kind, register, value),
        "by": row.author,
        "at": row.at,
        "on": row.on_date,
        "form": reader.form_title(row.form, row.fv),
        "dot": str(dot),
        "live": dot in live,
    }


def _writes() -> sa.Select[Any]:
    columns = (W.sid, W.i, W.value, W.on_date, W.at, S.author, S.form, S.fv)
    order = (W.on_date.desc(), W.at.desc(), W.sid, W.i)
    return sa.select(*columns).join(S, S.id == W.sid).order_by(*order)
