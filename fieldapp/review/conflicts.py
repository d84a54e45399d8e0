"""Registers in which different values stand, as far as the person's feeds show them."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.audit import service as access_log
from fieldapp.db import db
from fieldapp.problems import abort_with
from fieldapp.programs.service import EntityType
from fieldapp.registry.service import EntityView
from fieldapp.sync import models as m
from fieldapp.sync import seen
from fieldapp.sync.merge import Dot, parse_dot

from . import history
from .paging import last_within
from .reader import Reader

C, E, W = m.Conflict, m.Entity, m.RegWrite


def page(principal: Principal, page: int, size: int) -> dict[str, Any]:
    """One page, the oldest first, in the shape of ConflictsSchema."""
    reader = Reader(principal)
    total = count(principal)
    page = last_within(page, size, total)
    order = (C.since, C.entity, C.reg)
    query = _visible(reader, C.entity, C.reg, C.since).order_by(*order)
    rows = db.session.execute(query.limit(size).offset((page - 1) * size)).all()
    reader.load(row.entity for row in rows)
    items = []
    for row in rows:
        entity = reader.entity(row.entity)
        kind = reader.kind(entity) if entity else None
        if entity and kind:
            items.append(_row(reader, entity, kind, row.reg, row.since))
    told = {"items": items, "total": total, "page": page, "size": size}
    reader.note_page("conflicts")
    return told


def count(principal: Principal) -> int:
    """How many there are for this person."""
    found = _visible(Reader(principal), C.entity, C.reg).subquery()
    return db.session.scalar(seen.count_of(found)) or 0


def whole(principal: Principal, entity_id: str, value: str) -> dict[str, Any]:
    """The conflict to which `value` leads, in the shape of ConflictSchema, or `not_found`."""
    reader = Reader(principal)
    entity, kind, register, since = find(reader, entity_id, value)
    written = history.of_register(reader, entity, register)
    members = reader.members(kind, register)
    told = {
        **_row(reader, entity, kind, register, since),
        "standing": [row for row in written if row["live"]],
        "history": written,
        "group": any(prop.group == register for prop in members),
        "decidable": access.may_review(principal.role, entity.scope),
        "members": [
            {
                "name": prop.name,
                "label": prop.label[reader.lang],
                "choices": [
                    {"value": code, "label": label}
                    for code, label in reader.choices(prop, entity.scope).items()
                ],
            }
            for prop in members
        ],
    }
    note(principal, "open", [entity])
    return told


def note(principal: Principal, act: str, entities: Iterable[EntityView]) -> None:
    """Keep that the person read of these entities, each in its village's chain."""
    who = (principal.user_id, principal.role)
    access_log.note_all(
        [
            access_log.Entry(entity.areas[0], act, *who, entity.scope, entity.id)
            for entity in entities
            if entity.areas
        ]
    )


def find(reader: Reader, entity_id: str, value: str) -> tuple[EntityView, EntityType, str, str]:
    """A standing conflict of the person's feeds: entity, type, register, since. Or `not_found`.

    An address names it by the dot of any value written there, for a register's name would tell.
    """
    query = _visible(reader, C.reg, C.since).where(C.entity == entity_id)
    query = query.join(W, sa.and_(W.entity == C.entity, W.reg == C.reg))
    found = db.session.execute(query.where(W.sid == _dot(value).sid, W.i == _dot(value).i)).first()
    entity = reader.entity(entity_id) if found else None
    kind = reader.kind(entity) if entity else None
    if found is None or entity is None or kind is None:
        abort_with("not_found")
    return entity, kind, found.reg, found.since


def _dot(text: str) -> Dot:
    try:
        return parse_dot(text)
    except ValueError:
        abort_with("not_found")


def _visible(reader: Reader, *columns: Any) -> sa.Select[Any]:
    """Conflicts in registers and entities that the person's feeds show, in scopes they oversee."""
    role = reader.principal.role
    shown = [
        sa.and_(E.scope == kind.scope, E.type == kind.name, C.reg.in_(_registers(reader, kind)))
        for kind in reader.rules.programs.types()
        if access.may_oversee(role, kind.scope)
    ]
    return seen.conflicts(reader.principal, *columns).where(sa.or_(sa.false(), *shown))


def _registers(reader: Reader, kind: EntityType) -> set[str]:
    seen = kind.seen_by(reader.audiences(kind.scope))
    return {kind.props[name].group or name for name in seen}


def _row(
    reader: Reader, entity: EntityView, kind: EntityType, register: str, since: str
) -> dict[str, Any]:
    live = entity.live.get(register, ())
    return {
        "entity": entity.id,
        "register": register,
        "value": live[0].dot if live else "",
        "label": reader.label(kind, register, *(value.v for value in live)),
        "type_label": kind.label[reader.lang],
        "subject": reader.subject(entity),
        "scope": entity.scope,
        "area_name": " / ".join(reader.area_name(code) for code in entity.areas),
        "since": since,
        "values": list(dict.fromkeys(reader.words(kind, register, write.v) for write in live)),
    }
