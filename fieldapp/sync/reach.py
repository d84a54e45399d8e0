"""What an erasure is about: which records, which parts of others, which visits. Changes nothing.

A visit about nobody else loses its text; one about others too is written anew without them.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.subjects.models import SubmissionSubject
from fieldapp.subjects.sealing import SealBrokenError, subject_name

from . import models as m
from . import person as people
from . import service
from .entities import Entity, review_id
from .erased import WHY, ids_in
from .parties import party_of
from .rules import current_rules
from .store import Store
from .transactions import chunks

S = m.Submission
NOTES = ("notes", "accepted")  # of a review: words a reviewer wrote about a visit


@dataclass(frozen=True)
class Reach:
    """What an erasure is about.

    subject: whose data; a party to a record by its id. entities: erased whole. registers: (entity,
    register) of those that stay. whole: submissions about nothing else, and what was kept aside
    about it; their text goes. shared: submissions to be written anew. variants: (id, sha).
    all_of_it: nothing of the subject stays.
    """

    subject: str
    scope: str
    areas: tuple[str, ...]
    entities: frozenset[str]
    registers: frozenset[tuple[str, str]] = frozenset()
    whole: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    variants: frozenset[tuple[str, str]] = frozenset()
    all_of_it: bool = True

    @property
    def record(self) -> str:
        """The record that stays and is told anew to phones, of somebody known by it alone."""
        record, party = party_of(self.subject)
        return record if party else ""

    @property
    def gone(self) -> frozenset[tuple[str, str]]:
        """As redaction takes it."""
        return self.registers | {(entity, "") for entity in self.entities}


def reach(
    connection: Connection,
    subject: Entity,
    entities: Collection[str],
    registers: Collection[tuple[str, str]] = (),
    all_of_it: bool = True,
) -> Reach:
    """What erasing these entities, and registers of others, comes to."""
    own, whole = set(entities), _only_about(connection, set(entities))
    # A correction also marks the review of what it corrects, so that one makes the other whole.
    while not (core := _core_of(connection, whole)) <= own:
        own |= core
        whole = _only_about(connection, own)
    shared = _touching(connection, {*own, *(entity for entity, _ in registers)}) - whole
    core = _core_of(connection, shared) - {review_id(sid) for sid in shared}
    own |= core
    whole |= _only_about(connection, own)
    notes = {(review_id(sid), register) for sid in shared for register in NOTES}
    shared = (shared | _touching(connection, {entity for entity, _ in notes})) - whole
    party = _Party(connection, subject) if party_of(subject.id)[1] else None
    names = partial(_names_any, entities=set(entities)) if party is None else party.is_in
    aside, variants = _kept_aside(connection, names, whole | shared)
    return Reach(
        subject.id,
        subject.scope,
        subject.areas,
        frozenset(own),
        frozenset({*registers, *notes}),
        frozenset(whole | aside),
        frozenset(shared),
        frozenset(variants),
        all_of_it,
    )


def _touching(connection: Connection, entities: Collection[str]) -> set[str]:
    t = m.Mention
    return set(values_in(connection, sa.select(t.sid), t.entity, entities))


def _only_about(connection: Connection, entities: Collection[str]) -> set[str]:
    """The submissions that touch some of these entities and no others."""
    t, touching = m.Mention, _touching(connection, entities)
    rows = rows_in(connection, sa.select(t.sid, t.entity), t.sid, touching)
    return touching - {row.sid for row in rows if row.entity not in entities}


def _core_of(connection: Connection, sids: Collection[str]) -> set[str]:
    """Reviews and issues of these submissions: what was said about them says something too."""
    t = m.Issue
    issues = set(values_in(connection, sa.select(t.id), t.sid, sids))
    return issues | {review_id(sid) for sid in sids}


def _kept_aside(
    connection: Connection, names: Callable[[str, str], bool], sids: Collection[str]
) -> tuple[set[str], set[tuple[str, str]]]:
    """What was kept aside and names them: submissions, and other bytes under known ids."""
    v = m.SubmissionVariant
    quarantined = sa.select(S.id, S.body).where(S.state == "quarantined", S.why != WHY)
    aside = {row.id for row in connection.execute(quarantined) if _says(row, names)}
    variants = {
        (row.id, row.sha)
        for row in connection.execute(sa.select(v.id, v.sha, v.body))
        if row.id in sids or _says(row, names)
    }
    return aside, variants


def _says(row: Any, names: Callable[[str, str], bool]) -> bool:
    try:
        text = service.vault().open(row.body, row.id).decode("utf-8", "replace")
    except SealBrokenError:
        return False
    return names(row.id, text)


def _names_any(_sid: str, text: str, entities: Collection[str]) -> bool:
    return not ids_in(text).isdisjoint(entities)


class _Party:
    """Somebody who is known by a record alone: what was kept aside says something of them if it was
    sealed for them, or names the record and holds a value that was ever written of them.
    """

    def __init__(self, connection: Connection, subject: Entity) -> None:
        store = Store(connection, current_rules().type, ())
        self._record = party_of(subject.id)[0]
        held = {self._record: replace(subject, id=self._record)}
        only = {(self._record, each) for each in subject.state}
        written = people.facts(store, held, only)
        self._values = {fact.v for fact in written if isinstance(fact.v, str) and len(fact.v) > 1}
        t = SubmissionSubject
        about = is_party(t, subject.scope, subject.id)
        self._sealed = set(connection.scalars(sa.select(t.sid).where(about)))

    def is_in(self, sid: str, text: str) -> bool:
        """Whether a text says something of them."""
        said = self._record in ids_in(text) and any(value in text for value in self._values)
        return said or sid in self._sealed


def is_party(model: Any, scope: str, subject: str) -> sa.ColumnElement[bool]:
    """Rows about a party to a record, and about those who were it before (`Store.alive`)."""
    name = subject_name(scope, subject)
    return sa.or_(model.subject == name, model.subject.startswith(f"{name}/", autoescape=True))


def values_in(
    connection: Connection, query: Any, column: Any, values: Collection[str]
) -> Iterable[Any]:
    """The first column of a query, where another one holds one of these."""
    for some in chunks(sorted(values)):
        yield from connection.scalars(query.where(column.in_(some)))


def rows_in(connection: Connection, query: Any, column: Any, values: Collection[str]) -> list[Any]:
    """The rows of a query, where a column holds one of these."""
    parts = (connection.execute(query.where(column.in_(some))) for some in chunks(sorted(values)))
    return [row for part in parts for row in part]
