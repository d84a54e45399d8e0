"""Reading entities as a person may see them. Every read begins with a query of `sync.seen`.

What an entity shows (values, title, computed properties) is made from the registers the reader's
audience sees, exactly as a phone makes it from its feed.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.db import db
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import EntitySubject
from fieldapp.subjects.sealing import SealBrokenError, subject_name
from fieldapp.sync import models as m
from fieldapp.sync import seen
from fieldapp.sync.entities import (
    Entity,
    TypeView,
    is_visible,
    marks,
    narrowed,
    visible_registers,
)
from fieldapp.sync.merge import Dot, Value, Write, canonical, merge
from fieldapp.sync.rules import CurrentRules, current_rules, describe
from fieldapp.sync.store import entities_of
from fieldapp.sync.transactions import chunks
from fieldapp.sync.written import Written

SECRET_FROM = 6  # characters of the shortest number that is searched by its keyed hash


@dataclass(frozen=True)
class LiveValue:
    """A value that stands. on: date of the fact; at, by, form: of the submission that wrote it."""

    v: Value
    dot: str
    on: str
    at: str
    by: str
    form: str


@dataclass(frozen=True)
class EntityView:
    """An entity as one reader sees it; as EntityView in types.ts, without `pending`."""

    id: str
    type: str
    scope: str
    areas: list[str]
    title: str
    props: dict[str, str]
    live: dict[str, list[LiveValue]]
    conflicts: list[str]


@dataclass(frozen=True)
class PastValue:
    """A write of a register's history. replaced: whether a write that saw it took its place."""

    value: LiveValue
    replaced: bool


@dataclass(frozen=True)
class ConflictView:
    """A register in conflict, with the entity it belongs to."""

    entity: EntityView
    reg: str
    since: str


@dataclass
class _Seen:
    """What one answer needs to look up once. names: whether it tells who wrote a value."""

    names: bool = True
    rules: CurrentRules = field(default_factory=current_rules)
    today: str = field(default_factory=lambda: clock.now().date().isoformat())
    sids: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def author(self, sid: str) -> str:
        """Who wrote a submission that was looked up."""
        return self.sids.get(sid, ("", "", ""))[0]


def visible(principal: Principal) -> sa.Select[m.Entity, str]:
    """Entities this person may read, each with a feed it is in; add further conditions."""
    return seen.records(principal, m.Entity, m.FeedChange.feed)


def entities(principal: Principal, *where: sa.ColumnElement[bool]) -> list[EntityView]:
    """Entities that meet further conditions on sync.models.Entity, by id."""
    return _views(_found(principal, *where), _Seen())


def _found(
    principal: Principal, *where: sa.ColumnElement[bool], holding: str = ""
) -> list[tuple[Entity, str]]:
    """Entities with a feed that shows them, by id; holding: those that may hold a text."""
    rows = db.session.execute(visible(principal).where(*where).order_by(m.Entity.id)).all()
    feeds: dict[str, str] = {}
    by_id: dict[str, m.Entity] = {}
    for row in rows:
        feeds.setdefault(row.Entity.id, row.feed)
        by_id[row.Entity.id] = row.Entity
    keys = keys_of(db.session.connection())
    found = entities_of(keys, list(by_id.values()), holding)
    return [(entity, feeds[entity.id]) for entity in found]


def of_type(principal: Principal, scope: str, name: str) -> list[EntityView]:
    """All entities of a type."""
    return entities(principal, m.Entity.scope == scope, m.Entity.type == name)


def entity(principal: Principal, entity_id: str) -> EntityView | None:
    """One entity, or None if it isn't there for this person."""
    return next(iter(entities(principal, m.Entity.id == entity_id)), None)


def lent(principal: Principal, scope: str, person: str) -> list[EntityView]:
    """Every record about somebody whom the person looks up in an emergency, as they see anybody's;
    none unless a look is open. Who wrote what isn't told.
    """
    looked, subject = _Seen(names=False), subject_name(scope, person)
    query = seen.lent(principal, m.Entity).where(EntitySubject.subject == subject)
    rows = db.session.scalars(query.order_by(m.Entity.id)).all()
    found, keys = list[Entity](), keys_of(db.session.connection())
    for row in rows:
        with suppress(SealBrokenError):  # about somebody else too, whose key isn't the reader's
            found += entities_of(keys, [row])
    shown = [
        (one, f"{one.areas[0]}.{audience}")
        for one in found
        for audience in access.audiences(principal.role, one.scope)
        if (view := looked.rules.type(one.scope, one.type)) and is_visible(one, view, audience)
    ]
    return _views(shown, looked)


def several(principal: Principal, ids: Collection[str]) -> dict[str, EntityView]:
    """Those of these entities that are there for this person."""
    return {
        view.id: view for some in chunks(ids) for view in entities(principal, m.Entity.id.in_(some))
    }


def items(principal: Principal, scope: str, name: str) -> list[dict[str, str]]:
    """The entities of a type as a form's `instance()` gives them: name, label and properties."""
    views = of_type(principal, scope, name)
    return [{**view.props, "name": view.id, "label": view.title} for view in views]


def history(principal: Principal, entity_id: str, register: str) -> list[PastValue] | None:
    """Every write of a register, newest first; None if the reader may not see it."""
    shown = _found(principal, m.Entity.id == entity_id)
    if not shown:
        return None
    looked, (found, feed) = _Seen(), shown[0]
    view = looked.rules.type(found.scope, found.type)
    registers = view.seen.get(_audience(feed), {}) if view else {}
    if register not in registers:
        return None
    live = {w.dot for w in found.state.get(register, ())}
    w, s = m.RegWrite, m.Submission
    query = seen.writes(principal, s.on_date).where(w.entity == entity_id, w.reg == register)
    query = query.where(m.Mention.entity == entity_id)
    order = (s.on_date.desc(), s.at.desc(), w.sid, w.i)
    past = db.session.execute(query.order_by(*order)).all()
    values = Written(keys_of(db.session.connection()), past)
    _look_up(looked, {row.sid for row in past})
    members = registers[register]
    return [
        PastValue(
            _live(looked, Dot(row.sid, row.i), narrowed(values.value(row), members), row.on_date),
            Dot(row.sid, row.i) not in live,
        )
        for row in past
    ]


def conflicts(principal: Principal) -> list[ConflictView]:
    """Registers in conflict that this person may see, the longest open first."""
    t = m.Conflict
    order = (t.since, t.entity, t.reg)
    rows = db.session.scalars(seen.conflicts(principal, t).order_by(*order)).all()
    views = several(principal, {row.entity for row in rows})
    return [
        ConflictView(views[row.entity], row.reg, row.since)
        for row in rows
        if row.entity in views and row.reg in views[row.entity].conflicts
    ]


def search(
    principal: Principal, text: str, scope: str | None = None, limit: int = 50
) -> list[EntityView]:
    """Entities whose title or searchable properties hold the text; best first.

    Nothing searchable lies open in the database: what the person may see is opened and looked
    through in memory. A whole secret, an ID number, finds its records by its keyed hash.
    """
    wanted = (canonical(text) or "").lower()
    if not wanted:
        return []
    where = [m.Entity.scope == scope] if scope else []
    rules = current_rules()
    named = _holding(principal, text.strip(), rules, scope)
    hits = several(principal, named) if named else {}
    for view in _views(_found(principal, *where, holding=wanted), _Seen()):
        kind = rules.programs.type(view.scope, view.type)
        texts = [view.title, *(view.props.get(name, "") for name in (kind.search if kind else ()))]
        if any(wanted in known.lower() for known in texts):
            hits[view.id] = view
    found = list(hits.values())
    found.sort(key=lambda v: (not v.title.lower().startswith(wanted), v.title, v.id))
    return found[:limit]


def _holding(principal: Principal, text: str, rules: CurrentRules, scope: str | None) -> list[str]:
    """Entities in which this stands as a secret; nothing for what is too short to be one."""
    if len(text) < SECRET_FROM:
        return []
    keys = keys_of(db.session.connection())
    purposes = {
        f"{kind.scope}.{prop.secret}"
        for kind in rules.programs.types(scope)
        for prop in kind.props.values()
        if prop.secret
    }
    spellings = {text, text.upper()}
    macs = [keys.mac(one, purpose) for one in spellings for purpose in purposes]
    w, secret = m.RegWrite, m.RegSecret
    query = seen.writes(principal).with_only_columns(w.entity)
    query = query.join(secret, sa.and_(secret.sid == w.sid, secret.i == w.i))
    return list(db.session.scalars(query.where(secret.mac.in_(macs)).distinct()))


# ---- making views -------------------------------------------------------------------------------


def _views(found: Iterable[tuple[Entity, str]], looked: _Seen) -> list[EntityView]:
    shown: list[tuple[Entity, str, TypeView, dict[str, tuple[Write, ...]]]] = []
    for one, feed in found:
        view, audience = looked.rules.type(one.scope, one.type), _audience(feed)
        if view is not None:
            shown.append((one, audience, view, visible_registers(one, view, audience)))
    _look_up(looked, {w.dot.sid for *_, regs in shown for live in regs.values() for w in live})
    return [_view(looked, *parts) for parts in shown]


def _view(
    looked: _Seen,
    one: Entity,
    audience: str,
    view: TypeView,
    registers: dict[str, tuple[Write, ...]],
) -> EntityView:
    merged = {name: merge(view.kind(name), live, ()) for name, live in registers.items()}
    kind = looked.rules.programs.type(one.scope, one.type)
    title, props = "", one.props(view, audience)
    if kind is not None:
        title, props = describe(
            kind, props, marks(one, view, audience, looked.author), looked.today
        )
    return EntityView(
        one.id,
        one.type,
        one.scope,
        list(one.areas),
        title,
        props,
        {n: [_live(looked, w.dot, w.v, w.on) for w in live] for n, live in registers.items()},
        sorted(name for name, register in merged.items() if register.conflict),
    )


def _live(looked: _Seen, dot: Dot, v: Value, on: str) -> LiveValue:
    by, at, form = looked.sids.get(dot.sid, ("", "", ""))
    return LiveValue(v, str(dot), on, at, by, form)


def _look_up(looked: _Seen, sids: Collection[str]) -> None:
    if not looked.names:
        return
    for some in chunks(sorted(set(sids) - looked.sids.keys())):
        rows = db.session.execute(seen.authors_of(some))
        looked.sids |= {row.id: (row.author, row.at, row.form) for row in rows}


def _audience(feed: str) -> str:
    return feed.rpartition(".")[2]
