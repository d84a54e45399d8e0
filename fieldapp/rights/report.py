"""The access report: everything held about a person, to be printed and handed over.

What is in it depends on who prints it: who reviews the scope prints all of it, the desk what it may
know. How much was left out is told, so that nobody takes a part for the whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.db import utc_text
from fieldapp.programs.service import EntityType, Prop
from fieldapp.review.reader import Reader
from fieldapp.sync import person as people
from fieldapp.sync.entities import Entity, narrowed
from fieldapp.sync.merge import Value
from fieldapp.sync.person import Fact

from . import retention, service, words
from .desk import Office, across, shows
from .looks import by_day, chain_state, lines, shared_with

_A_VISIT = {"zh": "家访", "en": "A visit"}
_SECRET = {
    "zh": "（已加密保存，只显示后四位）",
    "en": "(kept sealed; only the last four digits are shown)",
}


@across
def report_for(principal: Principal, request: str) -> dict[str, Any]:
    """The report on whom a request is about; noted in the access log. Stops with `not_found`."""
    made = report(principal, service.subject_of(principal, request))
    service.note_report(principal, made["person"]["id"], full=made["full"])
    return made


def report(principal: Principal, person_id: str) -> dict[str, Any]:
    """The report in the shape of ReportSchema. Stops with `not_found`."""
    office = Office(principal)
    person, _ = office.person(person_id)
    held = people.records(office.store, person)
    theirs = people.registers(office.store, person)
    facts = people.facts(office.store, held, theirs)
    page = _Page(office, Reader(principal), held, facts)
    groups = page.groups(facts)
    visits = people.visits(office.store.connection, held)
    if theirs:  # of a dwelling's visits those that said something of its lessor
        visits = [visit for visit in visits if any(fact.dot.sid == visit.id for fact in facts)]
    told = {
        "made": utc_text(clock.now()),
        "by": principal.name,
        "role": principal.role,
        "full": page.left_out == 0,
        "left_out": page.left_out,
        "person": page.person(person),
        "groups": groups,
        "visits": page.visits(visits),
        "shared": shared_with(person),
        "looks": by_day(
            lines(office.store.connection, person, held, principal.role, page.reader.lang)
        ),
    }
    return {**told, "chain": chain_state(person.areas, page.reader.lang)}


class _Page:
    def __init__(
        self, office: Office, reader: Reader, held: Mapping[str, Entity], facts: Sequence[Fact]
    ) -> None:
        self.office, self.reader, self.held, self.left_out = office, reader, held, 0
        role = office.principal.role
        self._reviews = all(access.may_review(role, entity.scope) for entity in held.values())
        kept = {fact.dot.sid for fact in facts if not self._is_told(fact)}
        self._named = {fact.dot.sid for fact in facts} - kept

    def person(self, entity: Entity) -> dict[str, Any]:
        """Whose report it is."""
        return {
            "id": entity.id,
            "title": self.office.title(entity),
            "type_label": self.office.label(entity, self.reader.lang),
            "area_name": " / ".join(map(self.reader.area_name, entity.areas)),
            "scope": entity.scope,
        }

    def groups(self, facts: Iterable[Fact]) -> list[dict[str, Any]]:
        """The records by type, the person's own first."""
        written: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
        for fact in facts:
            written[fact.entity][fact.reg].append(fact)
        by_type: dict[str, list[Entity]] = defaultdict(list)
        for entity in self.held.values():
            by_type[entity.type].append(entity)
        groups = []
        for name, entities in by_type.items():
            kind = self._kind(entities[0])
            if kind is None:
                continue
            records = [self._record(kind, entity, written[entity.id]) for entity in entities]
            shown = [record for record in records if record["values"]]
            if shown:
                label = kind.label[self.reader.lang]
                groups.append({"type": name, "label": label, "records": shown})
        return groups

    def _record(
        self, kind: EntityType, entity: Entity, written: Mapping[str, list[Fact]]
    ) -> dict[str, Any]:
        values = []
        for prop in kind.props.values():
            history = [f for f in written.get(prop.group or prop.name, ()) if _of(prop, f.v)]
            if not history or prop.name == people.link(self.office.store.view_of(entity)):
                continue
            if self._tells(kind, prop):
                values.append(self._value(kind, prop, history))
            else:
                self.left_out += 1
        whole = self.office.store.find(entity.id) or entity  # the dwelling of a lessor
        return {"id": entity.id, "title": self.office.title(whole), "values": values}

    def _value(self, kind: EntityType, prop: Prop, history: list[Fact]) -> dict[str, Any]:
        lang = self.reader.lang
        told = retention.in_words(prop.retention)
        return {
            "prop": prop.name,
            "register": prop.group or prop.name,
            "label": prop.label[lang],
            "purpose": words.purpose(prop.purpose, lang),
            "basis": words.basis(prop.basis, lang),
            "retention": told[0] if lang == "zh" else told[1],
            "correctable": not prop.secret,
            "history": [
                {
                    "words": self._words(kind, prop, fact.v),
                    "dot": str(fact.dot),
                    "by": fact.by,
                    "role": fact.role,
                    "form": self._form(fact.form, fact.dot.sid),
                    "on": fact.on,
                    "at": fact.at,
                    "stands": fact.stands,
                }
                for fact in history
            ],
        }

    def _words(self, kind: EntityType, prop: Prop, value: Value) -> str:
        if prop.secret:
            return _SECRET[self.reader.lang]
        text = _of(prop, value)
        if spoken := self._consent_words(kind, text):
            return spoken
        other = self.held.get(text)
        return self.office.title(other) if other else self.reader.prop_words(prop, kind.scope, text)

    def _consent_words(self, kind: EntityType, text: str) -> str:
        """What was agreed to, and whether: codes that stand in no list of a form."""
        keeping = self.office.rules.programs.keeping(kind.scope)
        if keeping is None or keeping.type != kind.name:
            return ""
        known = keeping.scopes.get(text)
        return known[self.reader.lang] if known else words.standing(text, self.reader.lang)

    def visits(self, rows: Iterable[people.Visited]) -> list[dict[str, str]]:
        """Who was there, when, with which form."""
        return [
            {
                "on": row.on,
                "at": row.at,
                "form": self._form(row.form, row.id),
                "by": row.by,
                "role": row.role,
            }
            for row in rows
            if not row.form.startswith("_")
        ]

    def _form(self, form: str, visit: str) -> str:
        """What was filled in. Who doesn't review is told it only of visits of which all is told, as
        the title would say the rest.
        """
        if self._reviews or visit in self._named:
            return self.reader.form_title(form)
        return _A_VISIT[self.reader.lang]

    def _tells(self, kind: EntityType, prop: Prop) -> bool:
        return bool(prop.secret) or shows(kind, prop, self.office.principal)

    def _is_told(self, fact: Fact) -> bool:
        kind = self._kind(self.held[fact.entity])
        if kind is None:
            return False
        props = [p for p in kind.props.values() if (p.group or p.name) == fact.reg]
        return bool(props) and all(self._tells(kind, prop) for prop in props)

    def _kind(self, entity: Entity) -> EntityType | None:
        return self.office.rules.programs.type(entity.scope, entity.type)


def _of(prop: Prop, value: Value) -> str:
    """A property's part of a register's value; blank if it says nothing."""
    if prop.group:
        inner = narrowed(value, frozenset([prop.name]))
        return inner.get(prop.name, "") if isinstance(inner, dict) else ""
    return value if isinstance(value, str) else ""
