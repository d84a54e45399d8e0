"""An entity's state: its live writes, where it is, and what each feed may see of it. Pure.

State is only ever made by merging writes into it, so it is a function of the set of writes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from fieldapp.subjects.sealing import subject_name

from .merge import (
    ALIVE,
    DEAD,
    Dot,
    Kind,
    Register,
    Value,
    Write,
    canonical,
    merge,
    shown,
    version,
)
from .parties import party_id

NAMESPACE: Final = UUID("9d3f3f0e-6f0c-5c1e-9a57-6a1f7c1d2b10")
REVIEW: Final = "review"
CORE: Final = "core"
_AREA: Final = re.compile(r"[0-9]{12}")
is_id: Final = re.compile(r"[\w.:\-]{1,100}").fullmatch

Props = Mapping[str, str]
State = Mapping[str, tuple[Write, ...]]


@dataclass(frozen=True)
class TypeView:
    """What sync needs to know of an entity type.

    area, root: registers that say where it is, or whose area it follows. kinds: by register.
    members: of each merge group. seen: by audience and register, the members it may see (None: the
    whole value). visible: by audience, a condition over all properties. secrets: what kind of
    secret a register holds the keyed hash of. writers: roles; None: the program's. reserved: the
    roles of registers that only some of the writers write. subject: True for a person or another
    subject of its own; the register that names whom it is about; False: about nobody. parties: the
    registers that are about somebody else, a subject of their own, by what they are to the record.
    """

    scope: str
    name: str
    area: str | None = None
    root: str | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seen: Mapping[str, Mapping[str, frozenset[str] | None]] = field(default_factory=dict)
    visible: Mapping[str, Callable[["Entity", "TypeView"], bool]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    writers: frozenset[str] | None = None
    reserved: Mapping[str, frozenset[str]] = field(default_factory=dict)
    subject: str | bool = True
    parties: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def kind(self, register: str) -> Kind:
        """How the register merges; `one` where the program no longer knows it."""
        return "alive" if register == ALIVE else self.kinds.get(register, "one")


REVIEW_TYPE: Final = TypeView(
    CORE,
    REVIEW,
    kinds={
        "target": "one",
        "state": "latest",
        "notes": "latest",
        "by": "latest",
        "accepted": "latest",
        "corrected": "union",
    },
)


@dataclass(frozen=True)
class Entity:
    """One entity. home: (not new, sid, area) of the mention that gives the area of last resort."""

    id: str
    type: str
    scope: str
    state: State = field(default_factory=dict)
    areas: tuple[str, ...] = ()
    home: tuple[int, str, str] = (2, "", "")

    def shown(self, register: str, view: TypeView) -> Value:
        """The shown value of a register; None if absent."""
        return shown(view.kind(register), self.state.get(register, ()))

    def register(self, register: str, view: TypeView) -> Register:
        """A register merged anew from its live writes."""
        return merge(view.kind(register), self.state.get(register, ()), ())

    def props(
        self, view: TypeView, audience: str | None = None, only: frozenset[str] | None = None
    ) -> dict[str, str]:
        """Shown values by property, groups flattened, absent ones left out; only: of these."""
        found: dict[str, str] = {}
        seen = None if audience is None else view.seen.get(audience, {})
        for name, live in self.state.items():
            asked = only is None or name in only or name in view.members
            if not asked or (only and only.isdisjoint(view.members.get(name, (name,)))):
                continue
            members = None if seen is None else seen.get(name, _NOTHING)
            if members is _NOTHING:
                continue
            value = shown(view.kind(name), live)
            if isinstance(value, dict):
                found |= {k: v for k, v in value.items() if members is None or k in members}
            elif value:
                found[name] = value
        return {name: value for name, value in found.items() if value}


_NOTHING: Final[frozenset[str]] = frozenset()


def marks(
    entity: Entity,
    view: TypeView,
    audience: str | None = None,
    by: Callable[[str], str] = lambda _sid: "",
) -> dict[str, dict[str, str]]:
    """`{property: {on, by}}` of shown values, all or an audience's; `by` names authors."""
    found: dict[str, dict[str, str]] = {}
    for name, live in entity.state.items():
        if audience is None or name in view.seen.get(audience, {}):
            mark = {"on": live[0].on, "by": by(live[0].dot.sid)}
            found |= dict.fromkeys(view.members.get(name, (name,)), mark)
    return found


def narrowed(value: Value, members: frozenset[str] | None) -> Value:
    """A group's value with only these members; other values as they are."""
    if members is None or not isinstance(value, dict):
        return value
    return {name: v for name, v in value.items() if name in members}


@lru_cache(maxsize=1024)
def review_id(target: str) -> str:
    """The id of the review entity of a submission."""
    return str(uuid5(NAMESPACE, f"review|{target}"))


# ---- change -----------------------------------------------------------------------------------


def mention(entity: Entity, sid: str, new: bool, area: str) -> Entity:
    """The entity after one more submission touched it."""
    return replace(entity, home=min(entity.home, (0 if new else 1, sid, area)))


def absorb(
    entity: Entity, view: TypeView, writes: Mapping[str, list[Write]], gone: Mapping[str, set[Dot]]
) -> Entity:
    """The entity with these writes merged in, and these dots of its registers replaced."""
    state = dict(entity.state)
    for register in {*writes, *gone}:
        found = [*state.get(register, ()), *writes.get(register, ())]
        live = merge(view.kind(register), found, gone.get(register, set())).live
        if live:
            state[register] = live
        else:
            state.pop(register, None)
    return replace(entity, state=state)


def conflicts(entity: Entity, view: TypeView) -> set[str]:
    """The registers whose live values differ."""
    return {
        name
        for name, live in entity.state.items()
        if len(live) > 1 and entity.register(name, view).conflict
    }


# ---- place ------------------------------------------------------------------------------------


def roots(entity: Entity, view: TypeView) -> set[str]:
    """The ids of the entities it follows: more than one while they are in conflict."""
    return _live_texts(entity, view.root, view)


def whom(entity: Entity, view: TypeView) -> frozenset[str]:
    """Under whose keys it is sealed: all that stand in a conflict; itself while nobody is named.

    Of the server's own entities (CORE) only the store knows; see `Store.subjects`.
    """
    if view.subject is False or entity.scope == CORE:
        return frozenset()
    named = set() if view.subject is True else _live_texts(entity, view.subject, view)
    ids = {text for text in named if is_id(text)} or {entity.id}
    return frozenset([subject_name(entity.scope, one) for one in ids]) | _parties(entity, view)


def _parties(entity: Entity, view: TypeView) -> frozenset[str]:
    """Those of whom it says something now."""
    return frozenset(
        [
            subject_name(entity.scope, party_id(entity.id, party))
            for party, registers in view.parties.items()
            if any(write.v for register in registers for write in entity.state.get(register, ()))
        ]
    )


def places(
    entity: Entity,
    view_of: Callable[[Entity], TypeView],
    find: Callable[[str], Entity | None],
    path: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Where it is: its own area, else its roots' (a circle counts as unknown), else its home."""
    view, path = view_of(entity), path | {entity.id}
    own = {area for area in _live_texts(entity, view.area, view) if _AREA.fullmatch(area)}
    if own:
        return tuple(sorted(own))
    found: set[str] = set()
    for root_id in roots(entity, view) - path:
        root = find(root_id)
        if root is not None and root.scope == entity.scope:
            found.update(places(root, view_of, find, path))
    return tuple(sorted(found)) or (entity.home[2],)


def _live_texts(entity: Entity, register: str | None, view: TypeView) -> set[str]:
    """What a register says of the place: all that stands in a conflict, else what is shown."""
    live = entity.state.get(register, ()) if register else ()
    if not register or not live:
        return set()
    if len(live) == 1 and view.kind(register) in ("one", "latest"):
        only = live[0].v
        text = canonical(only) if isinstance(only, str) else None
        return {text} if text else set()
    found = entity.register(register, view)
    values = [w.v for w in found.live] if found.conflict else [found.shown]
    return {text for v in values if isinstance(v, str) and (text := canonical(v))}


# ---- feeds ------------------------------------------------------------------------------------


def is_alive(entity: Entity) -> bool:
    """False once deleted and nobody disagrees."""
    return ALIVE not in entity.state or entity.register(ALIVE, REVIEW_TYPE).shown != DEAD


def visible_registers(
    entity: Entity, view: TypeView, audience: str
) -> dict[str, tuple[Write, ...]]:
    """The live writes an audience may see, values narrowed; none if it may not see the entity."""
    if not is_visible(entity, view, audience):
        return {}
    seen = view.seen[audience]
    return {
        name: live if seen[name] is None else tuple(_narrow(w, seen[name]) for w in live)
        for name, live in sorted(entity.state.items())
        if name in seen
    }


def is_visible(entity: Entity, view: TypeView, audience: str) -> bool:
    """Whether an audience may see anything of an entity."""
    seen = view.seen.get(audience, {})
    if seen.keys().isdisjoint(entity.state):
        return False
    condition = view.visible.get(audience)
    return condition is None or condition(entity, view)


def _narrow(write: Write, members: frozenset[str] | None) -> Write:
    return write._replace(v=narrowed(write.v, members))


def versions(entity: Entity, view: TypeView) -> dict[str, str]:
    """`ver` by feed, for every feed the entity is in."""
    if not is_alive(entity):
        return {}
    found: dict[str, str] = {}
    for audience in view.seen:
        if is_visible(entity, view, audience):
            seen = view.seen[audience]
            dots = [w.dot for name, live in entity.state.items() if name in seen for w in live]
            ver = version(entity.id, dots, entity.areas)
            found |= {f"{area}.{audience}": ver for area in entity.areas}
    return found


def review_state(entity: Entity) -> str:
    """What became of the submission a review entity is about."""
    if entity.shown("corrected", REVIEW_TYPE):
        return "corrected"
    state = entity.shown("state", REVIEW_TYPE)
    return state if isinstance(state, str) else "received"


def review_versions(entity: Entity, author: str | None) -> dict[str, str]:
    """`ver` in its author's own post, while there is something for the author to know."""
    if author is None or review_state(entity) not in ("returned", "rejected"):
        return {}
    dots = [w.dot for live in entity.state.values() for w in live]
    return {f"u.{author}": version(entity.id, dots, ())}


# ---- as stored --------------------------------------------------------------------------------


def state_bytes(state: State) -> bytes:
    """JSON `{by: [[sid, on, at], …], regs: {register: [[v, i, position in by], …]}}`: most of what
    stands in a record was written by few visits.
    """
    by: dict[tuple[str, str, str], int] = {}
    regs = {
        name: [[w.v, w.dot.i, by.setdefault((w.dot.sid, w.on, w.at), len(by))] for w in live]
        for name, live in sorted(state.items())
    }
    return orjson.dumps({"by": list(by), "regs": regs})


def state_about(entity_id: str) -> str:
    """What the seal of an entity's state is bound to."""
    return f"entity/{entity_id}"


def read_state(state: bytes | str) -> dict[str, tuple[Write, ...]]:
    """The state `state_bytes` wrote."""
    whole = orjson.loads(state)
    by: list[list[str]] = whole["by"]
    regs: dict[str, list[list[Any]]] = whole["regs"]
    return {
        name: tuple([Write(Dot(by[k][0], i), v, by[k][1], by[k][2]) for v, i, k in live])
        for name, live in regs.items()
    }


def group_writes(writes: Iterable[tuple[str, Write]]) -> dict[str, list[Write]]:
    """Writes by register."""
    found: dict[str, list[Write]] = {}
    for register, write in writes:
        found.setdefault(register, []).append(write)
    return found
