"""Reading entities as a person may see them. Every read begins with `visible(principal)`.

What an entity shows (values, title, computed properties) is made from the registers the reader's
audience sees, exactly as a phone makes it from its feed.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.accounts.service import Principal, visible_feeds
from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync.entities import (
    Entity,
    TypeView,
    marks,
    narrowed,
    visible_registers,
)
from fieldapp.sync.merge import Dot, Value, Write, canonical, merge
from fieldapp.sync.rules import CurrentRules, current_rules, describe
from fieldapp.sync.store import entity_of
from fieldapp.sync.transactions import chunks


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
    """What one answer needs to look up once."""

    rules: CurrentRules = field(default_factory=current_rules)
    today: str = field(default_factory=lambda: clock.now().date().isoformat())
    sids: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def author(self, sid: str) -> str:
        """Who wrote a submission that was looked up."""
        return self.sids.get(sid, ("", "", ""))[0]


def visible(principal: Principal) -> sa.Select[m.Entity, str]:
    """Entities this person may read, each with a feed it is in; add further conditions."""
    t = m.FeedChange
    query = sa.select(m.Entity, t.feed).join(t, t.entity == m.Entity.id)
    return query.where(t.ver.is_not(None), t.feed.in_(visible_feeds(principal)))


def entities(principal: Principal, *where: sa.ColumnElement[bool]) -> list[EntityView]:
    """Entities that meet further conditions on sync.models.Entity, by id."""
    found: dict[str, tuple[Entity, str]] = {}
    for row in db.session.execute(visible(principal).where(*where).order_by(m.Entity.id)):
        found.setdefault(row.Entity.id, (entity_of(row.Entity), row.feed))
    return _views(found.values(), _Seen())


def of_type(principal: Principal, scope: str, name: str) -> list[EntityView]:
    """All entities of a type."""
    return entities(principal, m.Entity.scope == scope, m.Entity.type == name)


def entity(principal: Principal, entity_id: str) -> EntityView | None:
    """One entity, or None if it isn't there for this person."""
    return next(iter(entities(principal, m.Entity.id == entity_id)), None)


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
    rows = db.session.execute(visible(principal).where(m.Entity.id == entity_id)).first()
    if rows is None:
        return None
    seen, found = _Seen(), entity_of(rows.Entity)
    view = seen.rules.type(found.scope, found.type)
    registers = view.seen.get(_audience(rows.feed), {}) if view else {}
    if register not in registers:
        return None
    live = {w.dot for w in found.state.get(register, ())}
    w, s, t = m.RegWrite, m.Submission, m.Mention
    touching = sa.select(t.sid).where(t.entity == entity_id)
    query = sa.select(w.sid, w.i, w.value, s.on_date).join(s, s.id == w.sid)
    query = query.where(w.sid.in_(touching), w.entity == entity_id, w.reg == register)
    order = (s.on_date.desc(), s.at.desc(), w.sid, w.i)
    writes = db.session.execute(query.order_by(*order)).all()
    _look_up(seen, {row.sid for row in writes})
    members = registers[register]
    return [
        PastValue(
            _live(seen, Dot(row.sid, row.i), narrowed(json.loads(row.value), members), row.on_date),
            Dot(row.sid, row.i) not in live,
        )
        for row in writes
    ]


def conflicts(principal: Principal) -> list[ConflictView]:
    """Registers in conflict that this person may see, the longest open first."""
    t = m.Conflict
    open_ = sa.select(t.entity)
    views = {view.id: view for view in entities(principal, m.Entity.id.in_(open_))}
    rows = db.session.scalars(sa.select(t).order_by(t.since, t.entity, t.reg))
    return [
        ConflictView(views[row.entity], row.reg, row.since)
        for row in rows
        if row.entity in views and row.reg in views[row.entity].conflicts
    ]


def search(
    principal: Principal, text: str, scope: str | None = None, limit: int = 50
) -> list[EntityView]:
    """Entities whose title or searchable properties hold the text; best first."""
    wanted = (canonical(text) or "").lower()
    if not wanted:
        return []
    like = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    where: list[sa.ColumnElement[bool]] = [sa.func.lower(m.Entity.state).like(like, escape="\\")]
    if scope:
        where.append(m.Entity.scope == scope)
    rules = current_rules()
    hits = []
    for view in entities(principal, *where):
        kind = rules.programs.type(view.scope, view.type)
        texts = [view.title, *(view.props.get(name, "") for name in (kind.search if kind else ()))]
        if any(wanted in known.lower() for known in texts):
            hits.append(view)
    hits.sort(key=lambda v: (not v.title.lower().startswith(wanted), v.title, v.id))
    return hits[:limit]


# ---- making views -------------------------------------------------------------------------------


def _views(found: Iterable[tuple[Entity, str]], seen: _Seen) -> list[EntityView]:
    shown: list[tuple[Entity, str, TypeView, dict[str, tuple[Write, ...]]]] = []
    for one, feed in found:
        view, audience = seen.rules.type(one.scope, one.type), _audience(feed)
        if view is not None:
            shown.append((one, audience, view, visible_registers(one, view, audience)))
    _look_up(seen, {w.dot.sid for *_, regs in shown for live in regs.values() for w in live})
    return [_view(seen, *parts) for parts in shown]


def _view(
    seen: _Seen, one: Entity, audience: str, view: TypeView, registers: dict[str, tuple[Write, ...]]
) -> EntityView:
    merged = {name: merge(view.kind(name), live, ()) for name, live in registers.items()}
    kind = seen.rules.programs.type(one.scope, one.type)
    title, props = "", one.props(view, audience)
    if kind is not None:
        title, props = describe(kind, props, marks(one, view, audience, seen.author), seen.today)
    return EntityView(
        one.id,
        one.type,
        one.scope,
        list(one.areas),
        title,
        props,
        {n: [_live(seen, w.dot, w.v, w.on) for w in live] for n, live in registers.items()},
        sorted(name for name, register in merged.items() if register.conflict),
    )


def _live(seen: _Seen, dot: Dot, v: Value, on: str) -> LiveValue:
    by, at, form = seen.sids.get(dot.sid, ("", "", ""))
    return LiveValue(v, str(dot), on, at, by, form)


def _look_up(seen: _Seen, sids: Collection[str]) -> None:
    s = m.Submission
    for some in chunks(sorted(set(sids) - seen.sids.keys())):
        query = sa.select(s.id, s.author, s.at, s.form).where(s.id.in_(some))
        seen.sids |= {row.id: (row.author, row.at, row.form) for row in db.session.execute(query)}


def _audience(feed: str) -> str:
    return feed.rpartition(".")[2]
