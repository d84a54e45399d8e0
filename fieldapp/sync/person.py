"""All that is held about one person, whoever may see it: for the rights desk and retention.

subject(store, id)       the record that is the person, or the part of one that is about them (a
                         lessor in a dwelling: `<dwelling>/lessor`); None for any other
records(store, subject)  everything about them, itself included
facts(…) visits(…)       every value that was written of it, and by which visits
due(…)                   people of whom something may be out of time
bearing(…)               people of a scope who may bear a name

Callers decide who may see what; here nothing is filtered.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp import clock
from fieldapp.subjects.keys import keys_of

from . import models as m
from .bulk import among
from .days import counted
from .entities import CORE, Entity, TypeView
from .merge import Dot, Value, canonical
from .parties import party_id, party_of
from .rules import current_rules, describe
from .store import Store, entities_of
from .transactions import chunks
from .written import Written, writes

S = m.Submission


@dataclass(frozen=True)
class Fact:
    """A value that was written. by, role, form: of the submission. stands: nothing replaced it."""

    entity: str
    reg: str
    v: Value
    dot: Dot
    on: str
    at: str
    by: str
    role: str
    form: str
    stands: bool


@dataclass(frozen=True)
class Visited:
    """A submission that touched the person. on: day; review: where it stands at the desk."""

    id: str
    form: str
    by: str
    role: str
    user_id: str
    on: str
    at: str
    review: str


def is_subject(view: TypeView) -> bool:
    """Whether a record of this type is a person."""
    return view.subject is True


def link(view: TypeView) -> str | None:
    """The register that names whom a record is about; None if it is a person, or about nobody."""
    return view.subject if isinstance(view.subject, str) else None


def subject(store: Store, entity_id: str) -> Entity | None:
    """The record that is a person; what a record says of a party to it, under the party's id."""
    record, party = party_of(entity_id)
    found = store.find(record)
    if found is None or found.scope == CORE or not is_subject(store.view_of(found)):
        return None
    return _part(store, found, party) if party else found


def _part(store: Store, record: Entity, party: str) -> Entity | None:
    """What a record says of one of its parties; None if that is nothing."""
    theirs = store.view_of(record).parties.get(party, frozenset())
    state = {register: live for register, live in record.state.items() if register in theirs}
    said = any(write.v for live in state.values() for write in live)
    return replace(record, id=party_id(record.id, party), state=state) if said else None


def registers(store: Store, person: Entity) -> frozenset[tuple[str, str]]:
    """(entity, register) of somebody who is known by a record that isn't theirs; else none."""
    record, party = party_of(person.id)
    return frozenset((record, each) for each in store.view_of(person).parties.get(party, ()))


def subject_of(store: Store, entity: Entity) -> str | None:
    """Whom a record is about: itself, or the person it names."""
    view = store.view_of(entity)
    if entity.scope == CORE or view.subject is False:
        return None
    named = entity.shown(link(view) or "", view)
    return entity.id if is_subject(view) else named if isinstance(named, str) else None


def records(store: Store, person: Entity) -> dict[str, Entity]:
    """Everything about somebody by id; what names two people at once is about both. Of a party to
    a record: that record with what it says of them.
    """
    if (record := party_of(person.id)[0]) != person.id:
        return {record: replace(person, id=record)}
    ids = {person.id} | _followers(store.connection, {person.id})
    ids |= _beside(store.connection, _touching(store.connection, {person.id}))
    store.load(ids)
    found = {}
    for entity_id in sorted(ids):
        entity = store.find(entity_id)
        if entity and entity.scope == person.scope and _is_about(store, entity, person.id):
            found[entity_id] = entity
    return {person.id: person, **found}


def records_of(store: Store, person: str) -> dict[str, Entity]:
    """What is about somebody whose own record is gone: proofs that are kept longer."""
    ids = _followers(store.connection, {person})
    store.load(ids)
    found = ((e, store.find(e)) for e in sorted(ids))
    return {e: entity for e, entity in found if entity and _is_about(store, entity, person)}


def placed(store: Store, place: str) -> dict[str, Entity]:
    """What is where a record is, as stays in a dwelling."""
    ids = _followers(store.connection, {place})
    store.load(ids)
    return {e: found for e in sorted(ids) if (found := store.find(e))}


def _is_about(store: Store, entity: Entity, person: str) -> bool:
    register = link(store.view_of(entity))
    return register is not None and any(w.v == person for w in entity.state.get(register, ()))


def facts(
    store: Store, entities: Mapping[str, Entity], only: Collection[tuple[str, str]] = ()
) -> list[Fact]:
    """Every value ever written to these records, the newest first. only: (entity, register), if
    there are any.
    """
    live = {
        (e, name, w.dot)
        for e, one in entities.items()
        for name, ws in one.state.items()
        for w in ws
    }
    rows = _written(store.connection, entities)
    found = [
        Fact(row.entity, row.reg, v, dot, row.on_date, row.at, row.author, row.role, row.form,
             (row.entity, row.reg, dot) in live)
        for row, v in rows
        for dot in (Dot(row.sid, row.i),)
        if not only or (row.entity, row.reg) in only
    ]  # fmt: skip
    return sorted(found, key=lambda fact: (fact.on, fact.at, str(fact.dot)), reverse=True)


def visits(connection: Connection, entities: Collection[str]) -> list[Visited]:
    """The submissions that touched these records, the newest first."""
    columns = (S.id, S.form, S.author, S.role, S.user_id, S.on_date, S.at, S.review)
    found = [
        Visited(*row)
        for some in chunks(sorted(_touching(connection, entities)))
        for row in connection.execute(sa.select(*columns).where(S.id.in_(some)))
    ]
    return sorted(found, key=lambda visit: (visit.on, visit.at, visit.id), reverse=True)


@dataclass(frozen=True)
class Bearer:
    """Somebody with the name they go by, the day they were born, and what else finds them."""

    person: Entity
    title: str
    born: str
    numbers: tuple[str, ...]


def bearing(connection: Connection, scope: str, name: str) -> Iterator[Bearer]:
    """People of a scope that keeps consents whose records hold a name."""
    rules = current_rules()
    keeping = rules.programs.keeping(scope)
    kind = rules.programs.type(scope, keeping.people) if keeping else None
    view = rules.type(scope, kind.name) if kind else None
    if keeping is None or kind is None or view is None:
        return
    e = m.Entity
    query = sa.select(e).where(e.scope == scope, e.type == kind.name, e.alive == 1)
    wanted = (canonical(name) or "").lower()
    for person in entities_of(keys_of(connection), connection.execute(query).all(), wanted):
        props = person.props(view)
        numbers = tuple(props[prop] for prop in kind.search if prop in props)
        title = describe(kind, props, {}, clock.now().date().isoformat())[0]
        yield Bearer(person, title, props.get(keeping.born, ""), numbers)


def touched_by(connection: Connection, sids: Collection[str]) -> dict[str, set[str]]:
    """By submission, the records it touched."""
    t, found = m.Mention, defaultdict[str, set[str]](set)
    for some in chunks(sorted(sids)):
        for sid, entity in connection.execute(sa.select(t.sid, t.entity).where(t.sid.in_(some))):
            found[sid].add(entity)
    return found


def feeds(connection: Connection, entities: Collection[str]) -> set[str]:
    """The feeds in which these records are or were."""
    t = m.FeedChange
    return {
        feed
        for some in chunks(sorted(entities))
        for feed in connection.scalars(sa.select(t.feed).where(t.entity.in_(some)).distinct())
    }


# ---- for retention ------------------------------------------------------------------------------

_received_on = sa.func.substr(S.received, 1, 10)
_at_least = sa.case((S.on_date < _received_on, S.on_date), else_=_received_on)
"""No later than the day a visit counts as, which a query can't tell."""


def quiet(connection: Connection, scope: str, name: str, before: str) -> Iterator[str]:
    """Records of a type that no visit touched since a day, and some more: as which day a visit
    counts, `last_days` tells.
    """
    t, e = m.Mention, m.Entity
    query = sa.select(e.id).join(t, t.entity == e.id).join(S, S.id == t.sid)
    query = query.where(e.scope == scope, e.type == name).group_by(e.id)
    yield from connection.scalars(query.having(sa.func.max(_at_least) < before).order_by(e.id))


def last_days(connection: Connection, entities: Collection[str]) -> dict[str, str]:
    """By record the latest day that a visit which touched it counts as."""
    t, found = m.Mention, defaultdict[str, str](str)
    query = sa.select(t.entity, S.on_date, S.received).join(S, S.id == t.sid)
    for some in chunks(sorted(entities)):
        for entity, on, received in connection.execute(query.where(t.entity.in_(some))):
            found[entity] = max(found[entity], counted(on, datetime.fromisoformat(received)))
    return found


def about_nobody(connection: Connection, before: str, forms: Collection[str]) -> list[str]:
    """Visits before a day that left no record: somebody who refused everything at the door."""
    touched = sa.exists().where(m.Mention.sid == S.id)
    query = sa.select(S.id, S.on_date, S.received).where(S.state == "stored", S.form.in_(forms))
    rows = connection.execute(query.where(_at_least < before, ~touched).order_by(S.id))
    return [sid for sid, on, came in rows if counted(on, datetime.fromisoformat(came)) < before]


# ---- rows ---------------------------------------------------------------------------------------


def _written(connection: Connection, entities: Collection[str]) -> list[tuple[Any, Value]]:
    """Rows of writes with their values."""
    query = writes(S.on_date, S.at, S.author, S.role, S.form).join(S, S.id == m.RegWrite.sid)
    rows = [
        row
        for some in chunks(sorted(entities))
        for row in connection.execute(query.where(among(connection, m.Mention.entity, some)))
    ]
    written = Written(keys_of(connection), rows)
    return [(row, written.value(row)) for row in rows]


def _touching(connection: Connection, entities: Collection[str]) -> set[str]:
    return _found(connection, m.Mention.sid, m.Mention.entity, entities)


def _beside(connection: Connection, sids: Collection[str]) -> set[str]:
    """What these submissions touched as well."""
    return _found(connection, m.Mention.entity, m.Mention.sid, sids)


def _followers(connection: Connection, entities: Collection[str]) -> set[str]:
    return _found(connection, m.EntityRoot.entity, m.EntityRoot.root, entities)


def _found(connection: Connection, wanted: Any, by: Any, keys: Collection[str]) -> set[str]:
    """One column of the rows that have one of these keys in another."""
    return {
        one
        for some in chunks(sorted(keys))
        for one in connection.scalars(sa.select(wanted).where(by.in_(some)))
    }
