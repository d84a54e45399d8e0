"""Does what is derived still say what the log says? Reads everything, changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import ErasedError, SealBrokenError

from . import models as m
from .aside import detail_about
from .entities import CORE, Entity, absorb, conflicts, group_writes, state_bytes, versions
from .erased import WHY as ERASED
from .merge import Dot, Write, checksum
from .rules import CurrentRules
from .store import Store, entities_of
from .transactions import chunks
from .written import Written


def audit(connection: Connection, rules: CurrentRules) -> Iterator[str]:
    """Everything that is wrong, in words; nothing if all is well."""
    yield from log_faults(connection)
    yield from _entities(connection, Store(connection, rules.type))
    yield from _feeds(connection)


def log_faults(connection: Connection) -> Iterator[str]:
    """Every kept text opens and has the hash it came with, but for what was erased of it."""
    keys = keys_of(connection)
    for model in (m.Submission, m.SubmissionVariant):
        for row in _by_key(connection, model, "id"):
            if not row.body or row._mapping.get("why") == ERASED:  # destroyed, as it had to be
                continue
            try:
                text = keys.open(row.body, row.id)
                if row._mapping.get("detail"):
                    keys.open(row.detail, detail_about(row.id))
            except ErasedError:
                continue
            except SealBrokenError as error:
                yield f"submission {row.id} can't be opened: {error}"
                continue
            rewritten = row._mapping.get("rewritten")
            if not rewritten and sha256(text).hexdigest() != row.sha:
                yield f"submission {row.id} isn't what came"


def _entities(connection: Connection, store: Store) -> Iterator[str]:
    """Every entity is what its writes make it, in its feeds as it should be."""
    rows = list(_by_key(connection, m.Entity, "id"))
    for some in chunks(rows):
        ids = [row.id for row in some]
        facts = _facts(connection, ids)
        told: dict[str, dict[str, str]] = defaultdict(dict)
        t = m.FeedChange
        query = sa.select(t.feed, t.entity, t.ver).where(t.entity.in_(ids), t.ver.is_not(None))
        for change in connection.execute(query):
            told[change.entity][change.feed] = change.ver
        standing = _standing(connection, ids)
        for entity in entities_of(store.keys, some):
            writes, gone = facts[entity.id]
            yield from _entity(entity, store, writes, gone, told[entity.id], standing[entity.id])


def _entity(
    entity: Entity,
    store: Store,
    writes: list[tuple[str, Write]],
    gone: dict[str, set[Dot]],
    told: dict[str, str],
    standing: set[str],
) -> Iterator[str]:
    view = store.view_of(entity)
    bare = Entity(entity.id, entity.type, entity.scope)
    again = absorb(bare, view, group_writes(writes), gone)
    if state_bytes(again.state) != state_bytes(entity.state):
        yield f"entity {entity.id} isn't what its writes make it"
    if conflicts(entity, view) != standing:
        yield f"entity {entity.id} has other conflicts than are told"
    if entity.scope != CORE and versions(entity, view) != told:
        yield f"entity {entity.id} isn't in its feeds as it should be"


def _facts(
    connection: Connection, ids: Iterable[str]
) -> dict[str, tuple[list[tuple[str, Write]], dict[str, set[Dot]]]]:
    """Writes and replaced dots of entities."""
    found: dict[str, Any] = {entity: ([], defaultdict(set)) for entity in ids}
    w, sup, s, t = m.RegWrite, m.RegSup, m.Submission, m.Mention
    query = sa.select(w.__table__, s.on_date, s.at, t.sealed).join(s, s.id == w.sid)
    query = query.join(t, sa.and_(t.sid == w.sid, t.entity == w.entity))
    rows = connection.execute(query.where(t.entity.in_(found))).all()
    written = Written(keys_of(connection), rows)
    for row in rows:
        write = Write(Dot(row.sid, row.i), written.value(row), row.on_date, row.at)
        found[row.entity][0].append((row.reg, write))
    for by in connection.execute(sa.select(sup.__table__).where(sup.entity.in_(found))):
        found[by.entity][1][by.reg].add(Dot(by.dot_sid, by.dot_i))
    return found


def _standing(connection: Connection, ids: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    t = m.Conflict
    for row in connection.execute(sa.select(t.entity, t.reg).where(t.entity.in_(ids))):
        found[row.entity].add(row.reg)
    return found


def _feeds(connection: Connection) -> Iterator[str]:
    """Every head counts and sums what is in its feed, and no number is above it."""
    t = m.FeedChange
    for head in connection.execute(sa.select(m.FeedHead)):
        rows = connection.execute(sa.select(t.seq, t.ver).where(t.feed == head.feed)).all()
        vers = [row.ver for row in rows if row.ver]
        if (checksum(vers), len(vers)) != (head.sum, head.count):
            yield f"feed {head.feed} doesn't add up"
        if max((row.seq for row in rows), default=0) > head.seq:
            yield f"feed {head.feed} has a change above its head"


def _by_key(connection: Connection, model: type[Any], key: str) -> Iterator[Any]:
    """All rows, in pages."""
    column, after = getattr(model, key), ""
    while rows := connection.execute(
        sa.select(model.__table__).where(column > after).order_by(column).limit(500)
    ).all():
        yield from rows
        after = getattr(rows[-1], key)
