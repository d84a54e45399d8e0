"""What is out of time goes: planned by `retention` (pure), carried out as every erasure is.

plan(today)                 what would go, person by person
run(today, dry_run)         let it go, and what else has a period
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.attachments import service as attachments
from fieldapp.audit import service as audit
from fieldapp.consent import service as consent
from fieldapp.db import utc_text
from fieldapp.glass import service as glass
from fieldapp.programs.service import EntityType
from fieldapp.sync import erased, erasure
from fieldapp.sync import person as people
from fieldapp.sync.consent import in_time
from fieldapp.sync.entities import Entity, marks
from fieldapp.sync.parties import party_id, party_of
from fieldapp.sync.reach import Reach, reach
from fieldapp.sync.rules import CurrentRules, current_rules, describe
from fieldapp.sync.store import Store
from fieldapp.sync.transactions import reading

from . import retention
from .acting import act_of

DECLINED = 180  # days: a visit at which everything was refused; it holds a village and a day
REFUSED = 30  # days: the sealed text of what came about somebody erased; photos no visit names
LOG = timedelta(days=3 * 365)
# Days before a period ends in which a record may have been closed with an earlier date.
EARLIER = 60


@dataclass
class Done:
    """What a run came to, in people, records and rows."""

    people: int = 0
    records: int = 0
    registers: int = 0
    declined: int = 0
    refused: int = 0
    waiting: int = 0
    log: int = 0
    files: int = 0
    overdue: list[retention.Overdue] = field(default_factory=list)

    def as_words(self) -> str:
        """One line of figures."""
        told = {key: value for key, value in vars(self).items() if key != "overdue"}
        return " ".join(f"{key}={value}" for key, value in told.items())


# ---- planning -----------------------------------------------------------------------------------


def plan(today: str) -> list[retention.Overdue]:
    """What of whom is out of time."""
    with reading() as connection:
        rules = current_rules()
        store = Store(connection, rules.type, ())
        found = [_overdue(store, rules, one, today) for one in _candidates(store, rules, today)]
    return sorted((one for one in found if one), key=lambda one: one.person)


def _candidates(store: Store, rules: CurrentRules, today: str) -> Iterator[str]:
    """People, and records that are about nobody, of which something has been quiet long enough."""
    seen: set[str] = set()
    for kind in rules.programs.types():
        before = _quiet_since(kind, today)
        if before is None:
            continue
        for entity_id in people.quiet(store.connection, kind.scope, kind.name, before):
            entity = store.find(entity_id)
            if entity is None:
                continue
            found = {party_id(entity.id, name) for name in kind.parties}
            if _ends_itself(kind):
                found.add(people.subject_of(store, entity) or entity.id)
            found -= seen
            seen |= found
            yield from sorted(found)


def _ends_itself(kind: EntityType) -> bool:
    """Whether anything of such a record has a period but what it says of its parties."""
    theirs = {register for party in kind.parties.values() for register in party.registers}
    own = (prop for prop in kind.props.values() if (prop.group or prop.name) not in theirs)
    return any(_days(retention.rule(prop.retention)) for prop in own)


def _overdue(store: Store, rules: CurrentRules, root: str, today: str) -> retention.Overdue | None:
    """What of somebody is out of time. A party to a record goes whole, and the record stays."""
    if not party_of(root)[1]:
        return retention.overdue(_person(store, rules, root), today)
    party = people.subject(store, root)
    found = retention.overdue(_party(store, rules, party), today) if party else None
    if not (party and found and found.all_of_it):
        return None
    return replace(found, records=frozenset(), registers=people.registers(store, party))


def _quiet_since(kind: EntityType, today: str) -> str | None:
    """The last day a record of this type may have been touched if anything of it is out of time."""
    found = [retention.rule(prop.retention) for prop in kind.props.values()]
    days = [day for one in found if (day := _days(one))]
    if not days:
        return None
    back = max(min(days) - EARLIER, 1)
    return (date.fromisoformat(today) - timedelta(days=back)).isoformat()


def _days(one: retention.Rule) -> int:
    return one.length * {"": 0, "d": 1, "m": 30, "y": 365}[one.unit]


def _person(store: Store, rules: CurrentRules, root: str) -> retention.Person:
    """Somebody as the planner takes them; a record that is about nobody stands for itself."""
    entity = store.find(root)
    if entity is None:  # their own record is gone; what they agreed to is kept a while
        held = {e.id: e for e in _orphans(store, root)}
    elif people.subject(store, root):
        held = people.records(store, entity)
    else:
        held = {root: entity}
    days = people.last_days(store.connection, held)
    records = [_record(store, rules, one, days.get(one.id, ""), held) for one in held.values()]
    return retention.Person(root, records, max(days.values(), default=""))


def _party(store: Store, rules: CurrentRules, party: Entity) -> retention.Person:
    """Somebody who is known by another's record, as the planner takes them."""
    record, name = party_of(party.id)
    on = people.last_days(store.connection, [record]).get(record, "")
    held = _record(store, rules, replace(party, id=record), on, {})
    kind = rules.programs.type(party.scope, party.type)
    theirs = kind.parties[name].registers if kind else frozenset()
    said = {reg: text for reg, text in held.rules.items() if reg in theirs}
    stays = [_record(store, rules, one, "", {}).props for one in _stays(store, rules, record)]
    return retention.Person(
        party.id, [replace(held, rules=said)], on, retention.last_let(stays, on)
    )


def _stays(store: Store, rules: CurrentRules, place: str) -> list[Entity]:
    """Records of somebody's time there: what names the place and can end."""
    kinds = rules.programs.type
    return [
        one
        for one in people.placed(store, place).values()
        if (kind := kinds(one.scope, one.type)) and set(kind.props) & set(retention.ENDS)
    ]


def _orphans(store: Store, root: str) -> list[Entity]:
    """Records that are about somebody whose own record is gone."""
    return list(people.records_of(store, root).values())


def _record(
    store: Store, rules: CurrentRules, entity: Entity, on: str, held: Mapping[str, Entity]
) -> retention.Record:
    kind = rules.programs.type(entity.scope, entity.type)
    if kind is None:
        return retention.Record(entity.id, entity.type, {}, {}, on)
    view = store.view_of(entity)
    consents = rules.programs.keeping(entity.scope)
    if consents and consents.type == entity.type:
        entity = in_time(entity, view)
    today = clock.now().date().isoformat()
    props = describe(kind, entity.props(view), marks(entity, view), today)[1]
    if "closed_on" in kind.computed:
        props = {"closed_on": "", **props}
    roots = [v for v in props.values() if v in held and v != entity.id]
    about = people.subject_of(store, entity)
    root = next((other for other in roots if other != about), "")
    rules_of = {prop.group or prop.name: prop.retention for prop in kind.props.values()}
    return retention.Record(entity.id, entity.type, props, rules_of, on, root)


# ---- running ------------------------------------------------------------------------------------


def run(today: str, dry_run: bool = False) -> Done:
    """Let go what is out of time on a day; how much that was."""
    done = Done(overdue=plan(today))
    for one in done.overdue:
        done.people += 1
        done.records += len(one.records)
        done.registers += len(one.registers)
        if not dry_run:
            _let_go(one, today)
    if done.overdue and not dry_run:
        erasure.settle()
    done.declined = _declined(today, dry_run)
    before = utc_text(clock.now() - timedelta(days=REFUSED))
    done.refused = erased.drop_refused(before, dry_run)
    done.waiting = consent.expire(dry_run).destroyed
    done.files = attachments.drop_unnamed(before, dry_run)
    done.log = audit.cut_off(utc_text(clock.now() - LOG), dry_run)
    done.log += glass.forget(utc_text(clock.now() - LOG), dry_run)
    return done


def _let_go(one: retention.Overdue, today: str) -> None:
    """As planned, unless a visit came in between."""

    def find(connection: sa.Connection, rules: CurrentRules) -> Reach | None:
        store = Store(connection, rules.type, ())
        if _overdue(store, rules, one.person, today) != one:
            return None
        if party := party_of(one.person)[1] and people.subject(store, one.person):
            return reach(connection, party, (), one.registers)
        first = store.find(one.person) or store.find(min(one.records))
        about = Entity(one.person, "", first.scope, areas=first.areas) if first else None
        if about is None:
            return None
        return reach(connection, about, one.records, one.registers, one.all_of_it)

    erasure.erase(find, act_of("retention", "", ""))


def _declined(today: str, dry_run: bool) -> int:
    """Visits that left no record, because everything was refused."""
    before = (date.fromisoformat(today) - timedelta(days=DECLINED)).isoformat()
    forms = [form for program in current_rules().programs.all for form in program.forms]
    with reading() as connection:
        found = people.about_nobody(connection, before, forms)
    if found and not dry_run:
        erasure.void(found)
    return len(found)
