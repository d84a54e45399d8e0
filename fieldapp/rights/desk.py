"""Who works the rights desk, and whom they find there.

The desk sees of a person in health their name, contact, consents and the next agreed date, nothing
clinical; what else is held, who reviews the scope sees (the nurse).
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import ParamSpec, TypeVar

import sqlalchemy as sa

from fieldapp import clock, wall
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, areas_of
from fieldapp.audit.kinds import DESK_DATA
from fieldapp.db import db
from fieldapp.problems import abort_with
from fieldapp.programs.service import EntityType, Party, Prop
from fieldapp.sync import models as m
from fieldapp.sync import person as people
from fieldapp.sync.entities import Entity, marks
from fieldapp.sync.merge import canonical
from fieldapp.sync.parties import party_id, party_of
from fieldapp.sync.rules import CurrentRules, current_rules, describe
from fieldapp.sync.store import Store

from .rules import Standing

P = ParamSpec("P")
T = TypeVar("T")
MOST = 30  # found at once
_NEXT = "next_contact"


def standing(principal: Principal, scope: str, areas: Collection[str]) -> Standing:
    """What somebody is to a person of a scope and areas."""
    if set(areas).isdisjoint(areas_of(principal, scope)):
        return Standing(False, False)
    role = principal.role
    return Standing(access.works_rights(role, scope), access.may_review(role, scope))


def scopes(principal: Principal) -> list[str]:
    """The scopes in which somebody deals with people's requests."""
    role = principal.role
    return [s for s in access.SCOPES if access.works_rights(role, s) or access.may_review(role, s)]


def shows(kind: EntityType, prop: Prop, principal: Principal) -> bool:
    """Whether a person at the desk may see a property."""
    role = principal.role
    if access.may_review(role, kind.scope) or access.audiences(role, kind.scope):
        return bool(set(prop.audience) & set(access.audiences(role, kind.scope)))
    return access.works_rights(role, kind.scope) and (prop.data in DESK_DATA or prop.name == _NEXT)


def across(work: Callable[P, T]) -> Callable[P, T]:
    """For work about all of one person: it sees across areas and audiences, and decides itself what
    of it may be told.
    """

    @wraps(work)
    def seeing(*args: P.args, **kwargs: P.kwargs) -> T:
        with wall.system("rights"):
            return work(*args, **kwargs)

    return seeing


class Office:
    """The records of one request's people, read once."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.rules: CurrentRules = current_rules()
        self.store = Store(db.session.connection(), self.rules.type, ())

    def person(self, entity_id: str) -> tuple[Entity, Standing]:
        """Somebody of this office. Stops with `not_found`."""
        found = people.subject(self.store, entity_id)
        if found is not None and self._is_somebody(found):
            mine = standing(self.principal, found.scope, found.areas)
            if mine.sees:
                return found, mine
        return abort_with("not_found")

    def _is_somebody(self, found: Entity) -> bool:
        """A dwelling is nobody; its lessor is."""
        return bool(self.party(found)) or not self.store.view_of(found).parties

    def party(self, person: Entity) -> Party | None:
        """What somebody is to the record by which they are known; None if it is their own."""
        kind = self.rules.programs.type(person.scope, person.type)
        return kind.parties.get(party_of(person.id)[1]) if kind else None

    def label(self, person: Entity, lang: str) -> str:
        """What somebody is here: a client, a resident, the lessor of a dwelling."""
        kind = self.rules.programs.type(person.scope, person.type)
        party, record = self.party(person), self.store.find(party_of(person.id)[0])
        if party and record:
            return f"{party.label[lang]} · {self.title(record)}"
        return kind.label[lang] if kind else ""

    def title(self, entity: Entity) -> str:
        """What a record is called, of what the reader may see of it."""
        kind = self.rules.programs.type(entity.scope, entity.type)
        if kind is None:
            return ""
        if party := self.party(entity):
            named = kind.props[party.title]
            props = entity.props(self.store.view_of(entity))
            return props.get(named.name, "") if shows(kind, named, self.principal) else ""
        view = self.store.view_of(entity)
        seen = {p.name for p in kind.props.values() if shows(kind, p, self.principal)}
        props = {name: v for name, v in entity.props(view).items() if name in seen}
        dates = {name: mark for name, mark in marks(entity, view).items() if name in seen}
        return describe(kind, props, dates, clock.now().date().isoformat())[0]

    def find(self, scope: str, text: str) -> list[Entity]:
        """People of the office whose title or searchable properties hold the text."""
        wanted = (canonical(text) or "").lower()
        if not wanted or scope not in scopes(self.principal):
            return []
        found = (e for e in self._everybody(scope) if wanted in self._said_of(e).lower())
        return sorted(found, key=lambda e: (self.title(e), e.id))[:MOST]

    def _everybody(self, scope: str) -> list[Entity]:
        kinds = [
            kind.name
            for kind in self.rules.programs.types(scope)
            if (view := self.rules.type(scope, kind.name)) and people.is_subject(view)
        ]
        e, connection = m.Entity, self.store.connection
        query = sa.select(e.id).where(e.scope == scope, e.type.in_(kinds), e.alive == 1)
        mine = set(areas_of(self.principal, scope))
        ids = list(connection.scalars(query))
        self.store.load(ids)
        found = (each for e in ids if (one := self.store.find(e)) for each in self._people(one))
        return [entity for entity in found if mine & set(entity.areas)]

    def _people(self, record: Entity) -> list[Entity]:
        """Who a record is, or who is known by it."""
        parties = self.store.view_of(record).parties
        if not parties:
            return [record]
        found = (people.subject(self.store, party_id(record.id, party)) for party in parties)
        return [person for person in found if person]

    def _said_of(self, entity: Entity) -> str:
        kind = self.rules.programs.type(entity.scope, entity.type)
        props = entity.props(self.store.view_of(entity))
        named = kind.search if kind else ()
        return "\n".join([self.title(entity), *(props.get(name, "") for name in named)])
