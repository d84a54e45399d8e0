"""The demo's phones: they finish a visit's answers as a session would, and know its records.

It keeps the shown values only; the server, which the visits go to, keeps everything.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fieldapp.accounts import access
from fieldapp.forms.check import complete
from fieldapp.forms.derive import Derived, derive
from fieldapp.forms.evaluate import Host, evaluate_entity
from fieldapp.forms.values import to_boolean, to_text
from fieldapp.programs.service import EntityType, Programs
from fieldapp.sync.reconcile import Derivation

from .places import CLINICS, NAMES, TOWNS
from .visits import Visit

LINKS = ("person", "dwelling")


@dataclass
class Record:
    """One entity as all phones together know it: values, and the day each is about."""

    id: str
    type: str
    props: dict[str, str] = field(default_factory=dict)
    on: dict[str, dict[str, str]] = field(default_factory=dict)


class Phones:
    """Everybody's phones at once. new_id: gives identifiers; roles: by user name."""

    def __init__(
        self, programs: Programs, new_id: Callable[[], str], roles: Mapping[str, str]
    ) -> None:
        self.programs, self.new_id, self.roles = programs, new_id, roles
        self.forms = {name: d for program in programs.all for name, d in program.forms.items()}
        self.records: dict[str, Record] = {}
        self.linked: dict[str, set[str]] = defaultdict(set)

    def finish(self, visit: Visit, sid: str = "") -> dict[str, Any]:
        """Finish the visit's answers, remember what they say, and give them back. sid: id of the
        submission they will be in, if that is known.
        """
        definition = self.forms[visit.form]
        host = Host(
            today=visit.on.isoformat(),
            now=visit.at.isoformat(),
            uuid=self.new_id,
            instances=self.lists(visit, definition["scope"]),
            username=visit.author,
        )
        answers = complete(definition, visit.answers, host)
        visit.made = answers
        derived = derive(definition, self.programs, answers, sid)
        visit.derived = Derivation.of(derived.as_json(), visit.on.isoformat()) if sid else None
        self.remember(visit, derived)
        return answers

    def remember(self, visit: Visit, derived: Derived) -> None:
        """Take over what the visit wrote."""
        for entity in derived.entities:
            self.records.setdefault(entity["e"], Record(entity["e"], entity["t"]))
        for write in derived.writes:
            record = self.records[write["e"]]
            value = write["v"]
            values = value if isinstance(value, dict) else {write["r"]: value}
            record.props |= values
            record.on |= {name: {"on": visit.on.isoformat()} for name in values}
            for link in LINKS & values.keys():
                self.linked[values[link]].add(record.id)

    # ---- what instance('…') finds

    def lists(self, visit: Visit, scope: str) -> dict[str, list[dict[str, str]]]:
        """The items the visit's form may look up: those it is about and what is linked to them."""
        role = self.roles[visit.author]
        me = {"name": "me", "label": visit.author, "role": role, "area": visit.area}
        places = {"session": [me], "area": [_village(visit.area)]}
        found: dict[str, list[dict[str, str]]] = defaultdict(list, places)
        ids = [*visit.about, *(i for about in visit.about for i in sorted(self.linked[about]))]
        for record in (self.records[i] for i in dict.fromkeys(ids) if i in self.records):
            kind = self.programs.type(scope, record.type)
            item = kind and self.item(record, kind, role, visit)
            if item:
                found[record.type].append(item)
        return dict(found)

    def item(
        self, record: Record, kind: EntityType, role: str, visit: Visit
    ) -> dict[str, str] | None:
        """An entity as a list item for this role; None if it doesn't see it."""
        host = Host(today=visit.on.isoformat())
        audiences = access.audiences(role, kind.scope)
        for audience in audiences:
            condition = kind.visible.get(audience)
            if condition and not to_boolean(evaluate_entity(condition, host, record.props)):
                return None
        props = {name: record.props.get(name, "") for name in kind.seen_by(audiences)}
        for name, tree in kind.computed.items():
            props[name] = to_text(evaluate_entity(tree, host, props, record.on))
        title = to_text(evaluate_entity(kind.title, host, props, record.on))
        return {"name": record.id, "label": title, **props}


def _village(code: str) -> dict[str, str]:
    """An area as an item of its list."""
    clinic, phone = CLINICS[TOWNS[code]]
    return {"name": code, "label": NAMES[code], "clinic": clinic, "clinic_phone": phone}


def in_order(visits: Iterable[Visit], phones: Phones) -> Iterator[Visit]:
    """Each visit with its answers finished, one after the other."""
    for visit in visits:
        phones.finish(visit)
        yield visit
