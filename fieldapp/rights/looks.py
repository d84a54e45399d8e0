"""Who saw a person's data, as the person is told: name, role, day and kind, of the access log."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from fieldapp.accounts.users import names_of
from fieldapp.areas import service as areas
from fieldapp.audit import kinds
from fieldapp.audit import service as audit
from fieldapp.sync import person as people
from fieldapp.sync.entities import Entity
from fieldapp.sync.transactions import reading

Line = dict[str, Any]


def lines(
    connection: Connection, person: Entity, held: Mapping[str, Entity], role: str, lang: str
) -> list[Line]:
    """`{at, name, role, act, wrote, kinds}`, the latest first.

    held: the records of the person by id; role: of who is told, which decides what kinds are named.
    """
    types = {entity.type for entity in held.values()}
    sids = {visit.id for visit in people.visits(connection, held)}
    touched = people.touched_by(connection, sids)
    told = []
    known = (person.scope, {person.id, *held}, people.feeds(connection, held), sids)
    for look in audit.looked_at(*known):
        about = {held.get(one, person).type for one in look.about}
        about |= {held[one].type for one in touched.get(look.sid, set()) & held.keys()}
        if look.feed:
            about |= types.intersection(kinds.in_feed(look.feed))
        told.append(
            {
                "at": look.at,
                "name": look.name,
                "role": look.role,
                "act": look.act,
                "wrote": look.act in kinds.WRITING,
                "kinds": kinds.told(role, person.scope, about, lang),
            }
        )
    return told


def by_day(told: Iterable[Line]) -> list[Line]:
    """`{day, name, role, acts, kinds}`; several looks of a day are one line."""
    days: dict[tuple[str, str, str], tuple[set[str], set[str]]] = {}
    for line in told:
        key = (line["at"][:10], line["name"], line["role"])
        acts, seen = days.setdefault(key, (set(), set()))
        acts.add(line["act"])
        seen.update(line["kinds"])
    return [
        {"day": day, "name": name, "role": role, "acts": sorted(acts), "kinds": sorted(seen)}
        for (day, name, role), (acts, seen) in days.items()
    ]


def shared_with(person: Entity) -> list[dict[str, str]]:
    """Which clinics were told who somebody is: `{on, to, by, role}`, the latest first."""
    told = audit.recipients(person.id, person.scope)
    names = names_of({line["actor"] for line in told})
    return [
        {key: line[key] for key in ("on", "to", "role")} | {"by": names.get(line["actor"], "")}
        for line in told
    ]


def chain_state(names: Iterable[str], lang: str) -> dict[str, Any]:
    """Whether these chains are as they were written: `{whole, faults: [{area_name, why, row}]}`.

    It begins a transaction of its own.
    """
    with reading() as connection:
        found = [
            fault for name in sorted(set(names)) for fault in audit.faults_of(connection, name)
        ]
        told = [
            {"area_name": _name(fault.chain, lang), "why": fault.why, "row": fault.row}
            for fault in found[:20]
        ]
    return {"whole": not found, "faults": told}


def _name(code: str, lang: str) -> str:
    area = areas.get(code)
    return area.name(lang) if area else code
