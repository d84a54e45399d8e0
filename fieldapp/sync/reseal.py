"""Sealing again what is stored, where whom it is about has changed: for those it is about now.

Used when somebody is erased and records stay that named them, and once for what was stored before
each subject had a key. The caller holds the locks.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import sqlalchemy as sa

from fieldapp.subjects.models import EntitySubject, SubmissionSubject
from fieldapp.subjects.sealing import ErasedError

from . import models as m
from .aside import detail_about
from .bulk import upsert
from .merge import Dot
from .plan import BUILT_IN
from .store import Store, row_of
from .transactions import chunks
from .written import written_about

S = m.Submission


def entities(store: Store, ids: Collection[str]) -> None:
    """What is derived of these entities: their states, and what was written to them."""
    store.load(ids)
    for entity in filter(None, map(store.find, sorted(ids))):
        of = store.subjects(entity)
        t = EntitySubject
        store.connection.execute(sa.delete(t).where(t.entity == entity.id))
        upsert(store.connection, t, [{"entity": entity.id, "subject": one} for one in sorted(of)])
        state = row_of(store.keys, entity, of)["state"]
        mine = sa.update(m.Entity).where(m.Entity.id == entity.id)
        store.connection.execute(mine.values(state=state))
        _mentions(store, entity.id, of)
        _secrets(store, entity.id, of)


def _mentions(store: Store, entity: str, of: frozenset[str]) -> None:
    t = m.Mention
    rows = store.connection.execute(sa.select(t.sid, t.sealed).where(t.entity == entity)).all()
    for row in rows:
        sealed = _again(store, row.sealed, written_about(row.sid, entity), of)
        mine = sa.update(t).where(t.sid == row.sid, t.entity == entity)
        store.connection.execute(mine.values(sealed=sealed))


def _secrets(store: Store, entity: str, of: frozenset[str]) -> None:
    t, w, mention = m.RegSecret, m.RegWrite, m.Mention
    query = sa.select(t.sid, t.i, t.sealed).join(w, sa.and_(w.sid == t.sid, w.i == t.i))
    query = query.join(mention, sa.and_(mention.sid == w.sid, mention.entity == w.entity))
    for row in store.connection.execute(query.where(mention.entity == entity)).all():
        sealed = _again(store, row.sealed, str(Dot(row.sid, row.i)), of)
        mine = sa.update(t).where(t.sid == row.sid, t.i == row.i)
        store.connection.execute(mine.values(sealed=sealed))


def submissions(store: Store, sids: Collection[str]) -> None:
    """The texts of these applied submissions, and what else lies under their ids."""
    kinds = dict[str, str]()
    for some in chunks(sorted(sids)):
        rows = store.connection.execute(sa.select(S.id, S.form).where(S.id.in_(some)))
        kinds |= {row.id: row.form for row in rows}
    for sid in sorted(kinds, key=lambda sid: (kinds[sid] in BUILT_IN, sid)):  # visits first
        of = _touched(store, sid)
        t = SubmissionSubject
        store.connection.execute(sa.delete(t).where(t.sid == sid))
        upsert(store.connection, t, [{"sid": sid, "subject": one} for one in sorted(of)])
        store.know_subjects(sid, of)
        for model, named in ((S, "id"), (m.SubmissionVariant, "id"), (m.AsideDecision, "sid")):
            _texts(store, model, getattr(model, named) == sid, of, "body", str)
        _texts(store, S, S.id == sid, of, "detail", detail_about)


def _touched(store: Store, sid: str) -> frozenset[str]:
    t = m.Mention
    ids = list(store.connection.scalars(sa.select(t.entity).where(t.sid == sid)))
    store.load(ids)
    found = filter(None, map(store.find, ids))
    return frozenset().union(*(store.subjects(entity) for entity in found))


def _texts(
    store: Store,
    model: Any,
    where: sa.ColumnElement[bool],
    of: frozenset[str],
    name: str,
    about: Callable[[str], str],
) -> None:
    """A sealed column of these rows; about: what it is bound to, of the row's id."""
    keys, column = list(model.__table__.primary_key), getattr(model, name)
    rows: Iterable[Any] = store.connection.execute(
        sa.select(*keys, column).where(where, column != b"")
    ).all()
    for row in rows:
        mine = [key == getattr(row, key.name) for key in keys]
        sealed = _again(store, getattr(row, name), about(row.id), of)
        store.connection.execute(sa.update(model).where(*mine).values({name: sealed}))


def _again(store: Store, sealed: bytes, about: str, of: frozenset[str]) -> bytes:
    """The same sealed for others; what nobody can open any more stays as it is."""
    try:
        return store.keys.seal(store.keys.open(sealed, about), about, of)
    except ErasedError:
        return sealed
