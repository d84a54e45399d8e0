"""Whom a submission is about: under whose keys what it says is sealed."""

from fieldapp.subjects.sealing import subject_name

from .entities import TypeView, is_id
from .items import Rules
from .parties import party_id
from .store import Effect, Store
from .wire import Submitted, UnreadableError


def touched(store: Store, effect: Effect, *only: str) -> frozenset[str]:
    """Whom the entities of an applied submission are about, all or some of them."""
    wanted = only or effect.entities
    return frozenset().union(*(store.subjects(effect.entities[e]) for e in wanted))


def claimed(store: Store, rules: Rules, sent: Submitted | UnreadableError | None) -> frozenset[str]:
    """Whom a submission that isn't applied says it is about; nobody if it can't be read."""
    if not isinstance(sent, Submitted):
        return frozenset()
    scope, found = rules.scope_of(sent.form), set(_target(store, sent))
    for one in sent.entities:
        view = rules.type(scope, one.t)
        if view is not None and view.subject is not False:
            named = {op.v for op in sent.ops if (op.e, op.r) == (one.e, view.subject)}
            ids = {v for v in named if isinstance(v, str) and is_id(v)} or {one.e}
            found |= {subject_name(scope, v) for v in ids}
            found |= _parties(store, view, sent, one.e)
    return living(store, frozenset(found))


def _parties(store: Store, view: TypeView, sent: Submitted, entity: str) -> set[str]:
    """Those of whom something is said in an entity that is not theirs."""
    said = {op.r for op in sent.ops if op.e == entity and op.v}
    names = (name for name, registers in view.parties.items() if said & registers)
    return {store.alive(subject_name(view.scope, party_id(entity, name))) for name in names}


def living(store: Store, subjects: frozenset[str]) -> frozenset[str]:
    """The subjects; nobody if one of them was erased: what comes then waits under the log key."""
    return frozenset() if store.keys.destroyed(subjects) else subjects


def _target(store: Store, sent: Submitted) -> frozenset[str]:
    """Whom the visit is about that a decision or a correction is about."""
    target = sent.corrects or sent.answers.get("target")
    return store.subjects_of(target) if isinstance(target, str) else frozenset()
