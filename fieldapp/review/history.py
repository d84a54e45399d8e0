"""The writes of a register as people read them: value in words, author, time, form."""

from typing import Any

import sqlalchemy as sa

from fieldapp.db import db
from fieldapp.programs.service import EntityType
from fieldapp.registry import service as registry
from fieldapp.registry.service import EntityView, LiveValue
from fieldapp.subjects.keys import keys_of
from fieldapp.sync import models as m
from fieldapp.sync import seen
from fieldapp.sync.entities import narrowed
from fieldapp.sync.merge import Dot
from fieldapp.sync.written import Written

from .reader import Reader

Shown = dict[str, Any]


def of_register(reader: Reader, entity: EntityView, register: str) -> list[Shown]:
    """Every write of a register, the newest first, in the shape of ShownValueSchema."""
    kind = reader.kind(entity)
    past = registry.history(reader.principal, entity.id, register)
    if kind is None or past is None:
        return []
    return [_shown(reader, kind, register, p.value, not p.replaced) for p in past]


def replaced_by(reader: Reader, sid: str) -> dict[int, list[Shown]]:
    """The values that each write of a submission replaced, the newest first, by position."""
    w, s, sup = m.RegWrite, m.Submission, m.RegSup
    query = (
        seen.writes(reader.principal, sup.by_i, s.on_date, s.at, s.author, s.form)
        .join(sup, sa.and_(w.sid == sup.dot_sid, w.i == sup.dot_i))
        .where(sup.by_sid == sid, w.entity == sup.entity, w.reg == sup.reg)
        .order_by(s.on_date.desc(), s.at.desc(), w.sid, w.i)
    )
    found: dict[int, list[Shown]] = {}
    rows = db.session.execute(query).all()
    values = Written(keys_of(db.session.connection()), rows)
    reader.load({row.entity for row in rows})
    for row in rows:
        entity = reader.entity(row.entity)
        kind = reader.kind(entity) if entity else None
        if kind is None:
            continue
        members = member_names(reader, kind, row.reg)
        value = narrowed(values.value(row), members)
        dot = str(Dot(row.sid, row.i))
        told = LiveValue(value, dot, row.on_date, row.at, row.author, row.form)
        found.setdefault(row.by_i, []).append(_shown(reader, kind, row.reg, told, False))
    return found


def member_names(reader: Reader, kind: EntityType, register: str) -> frozenset[str]:
    """The properties of a register that the person may see."""
    return frozenset(prop.name for prop in reader.members(kind, register))


def _shown(reader: Reader, kind: EntityType, register: str, value: LiveValue, live: bool) -> Shown:
    return {
        "v": value.v,
        "words": reader.words(kind, register, value.v),
        "by": value.by,
        "at": value.at,
        "on": value.on,
        "form": reader.form_title(value.form),
        "dot": value.dot,
        "live": live,
    }
