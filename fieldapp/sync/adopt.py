"""What was stored before each subject had a key, sealed again under theirs. Once, page by page.

Each page is a transaction of its own; interrupted, it goes on where it was.
"""

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.subjects.models import EntitySubject

from . import models as m
from . import reseal
from .entities import review_id
from .rules import current_rules
from .store import Store
from .transactions import lock_everything, reading, writing

PAGE = 200
UNDER_LOG = (b"\x01", b"\x02")  # how bytes begin that are sealed for nobody (`sealing`)


def waiting() -> int:
    """How many records may still have to be sealed under a key of their own."""
    with reading() as connection:
        query = _unadopted(sa.func.count())
        return int(connection.scalar(query) or 0)


def adopt() -> int:
    """Seal what lies under the server's key for those it is about; how many records."""
    done = 0
    for ids in (*_pages(), *_unknown_parties()):
        with writing() as connection:
            lock_everything(connection)
            store = Store(connection, current_rules().type, locked=None)
            sids = _sids(connection, ids)
            said = _core_beside(connection, sids)
            reseal.entities(store, ids)
            reseal.submissions(store, {*sids, *_sids(connection, said)})
            reseal.entities(store, said)
        done += len(ids)
    return done


def _unadopted(*columns: Any) -> sa.Select[Any]:
    e = m.Entity
    types = [
        sa.and_(e.scope == kind.scope, e.type == kind.name)
        for kind in current_rules().programs.types()
        if kind.subject is not False
    ]
    begins = sa.func.substr(e.state, 1, 1).in_(UNDER_LOG)
    return sa.select(*columns).select_from(e).where(begins, sa.or_(sa.false(), *types))


def _pages() -> Iterator[list[str]]:
    after = ""
    while True:
        with reading() as connection:
            query = _unadopted(m.Entity.id).where(m.Entity.id > after)
            ids = list(connection.scalars(query.order_by(m.Entity.id).limit(PAGE)))
        if not ids:
            return
        yield ids
        after = ids[-1]


def _unknown_parties() -> Iterator[list[str]]:
    """Records that say something of a party to them and are not sealed for that yet, in pages."""
    e, after = m.Entity, ""
    kinds = [
        sa.and_(e.scope == kind.scope, e.type == kind.name)
        for kind in current_rules().programs.types()
        if kind.parties
    ]
    known = sa.exists().where(EntitySubject.entity == e.id, EntitySubject.subject.like("%/%/%"))
    while True:
        with reading() as connection:
            query = sa.select(e.id).where(e.id > after, ~known, sa.or_(sa.false(), *kinds))
            ids = list(connection.scalars(query.order_by(e.id).limit(PAGE)))
            store = Store(connection, current_rules().type, locked=None)
            store.load(ids)
            said = [i for i in ids if (one := store.find(i)) and len(store.subjects(one)) > 1]
        if said:
            yield said
        if not ids:
            return
        after = ids[-1]


def _sids(connection: Connection, ids: Collection[str]) -> list[str]:
    t = m.Mention
    return list(connection.scalars(sa.select(t.sid).where(t.entity.in_(ids)).distinct()))


def _core_beside(connection: Connection, sids: list[str]) -> set[str]:
    """What was said about these visits."""
    t = m.Issue
    issues = connection.scalars(sa.select(t.id).where(t.sid.in_(sids)))
    return {*issues, *map(review_id, sids)}
