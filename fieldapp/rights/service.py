"""Requests of people about their data, from the day they are asked to how they end.

ask · page · opened                   write down and show
hand_over · refuse                    how a request ends that changes nothing
correct · withdraw                    submissions through the one door, like everybody's
preview · erase · certificate         deletion in two steps, and how far it has come
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.accounts.service import Principal, areas_of
from fieldapp.areas import service as areas
from fieldapp.audit import service as audit
from fieldapp.audit.service import Entry, Shown
from fieldapp.db import db, utc_text, write_transaction
from fieldapp.problems import LANGS, abort_with, language
from fieldapp.review.door import op, submit
from fieldapp.sync import erasure
from fieldapp.sync import person as people
from fieldapp.sync.days import EASTERNMOST
from fieldapp.sync.entities import Entity
from fieldapp.sync.merge import Value
from fieldapp.sync.plan import SETTLE_FORM
from fieldapp.sync.reach import Reach, reach
from fieldapp.sync.rules import CurrentRules
from fieldapp.sync.store import Store
from fieldapp.sync.transactions import reading

from . import phones, rules
from .acting import act_of
from .consenting import withdrawal
from .desk import Office, across, scopes, shows, standing
from .models import RightsRequest

R = RightsRequest


# ---- written down -------------------------------------------------------------------------------


@across
def find(principal: Principal, scope: str, text: str) -> list[dict[str, str]]:
    """People of the desk by name or number, in the shape of FoundSchema."""
    office = Office(principal)
    found = office.find(scope, text)
    lang = LANGS[language()]
    told = [
        {
            "id": person.id,
            "title": office.title(person),
            "type_label": office.label(person, lang),
            "scope": person.scope,
            "area_name": _names(person.areas, lang),
        }
        for person in found
    ]
    audit.note_all([_entry(principal, "search", person) for person in found])
    return told


@across
def ask(principal: Principal, kind: str, subject: str, asked: str | None) -> dict[str, Any]:
    """Write a request down. Stops with `not_found`, or `invalid_fields` for a day to come."""
    office = Office(principal)
    # Whoever writes it down may already have another day than the server.
    today = clock.now().astimezone(EASTERNMOST).date().isoformat()
    person, _ = office.person(subject)
    day = asked or clock.today()
    if day > today:
        abort_with(
            "invalid_fields",
            [{"path": "asked", "message": "日期不能晚于今天 / not later than today"}],
        )
    # Of an area that is theirs: which village somebody is of may be in conflict.
    area = min({*person.areas} & {*areas_of(principal, person.scope)})
    row = {
        "id": clock.new_id(), "kind": kind, "subject": person.id, "scope": person.scope,
        "area": area, "asked": day, "due": rules.due_on(day), "state": rules.OPEN,
        "made": utc_text(clock.now()), "user_id": principal.user_id, "name": principal.name,
        "role": principal.role,
    }  # fmt: skip
    entry = _entry(principal, "request", person, kind=kind)
    with write_transaction() as tx:
        tx.execute(sa.insert(R).values(**row))
        audit.record(tx.connection(), entry)
    return one(principal, str(row["id"]))


@across
def page(principal: Principal, state: str) -> list[dict[str, Any]]:
    """Requests of the person's scopes and areas, the first due first, as RequestSchema."""
    mine = [
        sa.and_(R.scope == scope, R.area.in_(areas_of(principal, scope)))
        for scope in scopes(principal)
    ]
    query = sa.select(R).where(sa.or_(sa.false(), *mine))
    if state != "all":
        query = query.where(R.state == state)
    order = (R.due, R.made) if state == rules.OPEN else (R.made.desc(), R.id)
    found = db.session.scalars(query.order_by(*order).limit(500)).all()
    office = Office(principal)
    told = [(_row(office, row), Shown(row.area, row.scope, row.subject)) for row in found]
    audit.note_page(principal, "requests", [shown for row, shown in told if row["title"]])
    return [row for row, _ in told]


@across
def opened(principal: Principal, request: str) -> dict[str, Any]:
    """One request; noted. Stops with `not_found`."""
    told = one(principal, request)
    _note_opened(principal, _get(principal, request))
    return told


@across
def one(principal: Principal, request: str) -> dict[str, Any]:
    """One request, as it is after something was done about it. Stops with `not_found`."""
    return _row(Office(principal), _get(principal, request))


def _note_opened(principal: Principal, row: RightsRequest) -> None:
    audit.note(principal, "open", row.area, row.scope, row.subject, request=row.id)


def subject_of(principal: Principal, request: str) -> str:
    """Whom a request is about. Stops with `not_found`."""
    return _get(principal, request).subject


def note_report(principal: Principal, person: str, full: bool) -> None:
    """A report was opened: the person is told of it too."""
    found, _ = Office(principal).person(person)
    audit.note_all([_entry(principal, "report", found, full=full)])


def _get(principal: Principal, request: str) -> RightsRequest:
    row = db.session.get(R, request)
    if row is None or not standing(principal, row.scope, [row.area]).sees:
        abort_with("not_found")
    return row


def _row(office: Office, row: RightsRequest) -> dict[str, Any]:
    """A request with what the reader may know of the person and do about it."""
    person = _whom(office, row)
    mine = standing(office.principal, row.scope, [row.area])
    acts = mine.acts(row.kind, row.state)
    if person is None:  # erased, meanwhile or by this
        acts = [act for act in acts if act == "refuse"]
    return {
        "id": row.id,
        "kind": row.kind,
        "subject": row.subject,
        "title": office.title(person) if person else "",
        "type_label": office.label(person, LANGS[language()]) if person else "",
        "scope": row.scope,
        "area_name": _names([row.area], LANGS[language()]),
        "asked": row.asked,
        "due": row.due,
        "late": row.state == rules.OPEN and row.due < clock.today(),
        "state": row.state,
        "by": row.name,
        "closed": row.closed,
        "closed_by": row.closed_by,
        "outcome": row.outcome,
        "erasure": row.erasure,
        "acts": acts,
    }


def _whom(office: Office, row: RightsRequest) -> Entity | None:
    """Whose request it is; None once they are erased. A dwelling may have another lessor since."""
    person = people.subject(office.store, row.subject)
    return None if erasure.since(row.subject, row.made) else person


# ---- ending -------------------------------------------------------------------------------------


@across
def hand_over(principal: Principal, request: str) -> dict[str, Any]:
    """The report was given to the person. Stops with `not_found`, `forbidden` or `conflict_moved`
    if it was ended meanwhile, as every ending does.
    """
    _may(principal, request, "hand_over")
    return _close(principal, request, rules.DONE, rules.DONE_BY["access"])


@across
def refuse(principal: Principal, request: str, why: str) -> dict[str, Any]:
    """Why it isn't done; the person is told. Stops with `not_found` or `forbidden`."""
    _may(principal, request, "refuse")
    return _close(principal, request, rules.REFUSED, why)


def _may(principal: Principal, request: str, act: str) -> RightsRequest:
    row = _get(principal, request)
    if row.state != rules.OPEN:
        abort_with("conflict_moved")
    if act not in _row(Office(principal), row)["acts"]:
        abort_with("forbidden")
    return row


def _close(principal: Principal, request: str, state: str, outcome: str) -> dict[str, Any]:
    with write_transaction() as tx:
        _end(tx.connection(), principal, request, state, outcome)
    return one(principal, request)


def _end(
    connection: sa.Connection,
    principal: Principal,
    request: str,
    state: str,
    outcome: str,
    done: str | None = None,
) -> None:
    """End a request in a transaction. Stops with `conflict_moved` if somebody was quicker."""
    values = {"state": state, "outcome": outcome, "erasure": done, "closed_by": principal.name,
              "closed": clock.today()}  # fmt: skip
    still = (R.id == request, R.state == rules.OPEN)
    if not connection.execute(sa.update(R).where(*still).values(**values)).rowcount:
        abort_with("conflict_moved")
    row = connection.execute(sa.select(R.__table__).where(R.id == request)).one()
    what = {"kind": row.kind, "outcome": outcome}
    who = (principal.user_id, principal.role)
    audit.record(connection, Entry(row.area, "request", *who, row.scope, row.subject, what))


# ---- correction and withdrawal ------------------------------------------------------------------


@across
def correct(
    principal: Principal, request: str, entity: str, prop: str, value: str, seen: list[str]
) -> dict[str, Any]:
    """Let another value stand; those before it stay in the history. The request stays open.

    seen: dots that were shown. Stops with `not_found`, `forbidden`, `conflict_moved`, or
    `invalid_fields`.
    """
    row = _may(principal, request, "correct")
    office = Office(principal)
    person, _ = office.person(row.subject)
    record = people.records(office.store, person).get(entity)
    kind = office.rules.programs.type(record.scope, record.type) if record else None
    known = kind.props.get(prop) if kind else None
    if record is None or kind is None or known is None or not shows(kind, known, principal):
        abort_with("not_found")
    theirs = people.registers(office.store, person)
    if theirs and (entity, known.group or prop) not in theirs:
        abort_with("not_found")
    if known.secret or prop == people.link(office.store.view_of(record)):
        abort_with("invalid_fields", [{"path": "prop", "message": known.label[LANGS[language()]]}])
    register = known.group or prop
    dots = [str(write.dot) for write in record.state.get(register, ())]
    if set(seen) != set(dots):
        abort_with("conflict_moved")
    v: Value = value or None
    if known.group:
        before = record.shown(register, office.store.view_of(record))
        v = {**(before if isinstance(before, dict) else {}), prop: value}
    submit(principal, SETTLE_FORM, record.areas[0], [op(record.id, register, v, dots)], {})
    return one(principal, request)


@across
def corrected(principal: Principal, request: str) -> dict[str, Any]:
    """All that was asked was corrected. Stops with `not_found` or `forbidden`."""
    _may(principal, request, "correct")
    return _close(principal, request, rules.DONE, rules.DONE_BY["correct"])


@across
def withdraw(principal: Principal, request: str) -> dict[str, Any]:
    """Take back all consent, as the phone would; tasks stop with it. Stops with `not_found`,
    `forbidden`, or `nothing_to_withdraw`.
    """
    row = _may(principal, request, "withdraw")
    withdrawal(principal, row.subject)
    return _close(principal, request, rules.DONE, rules.DONE_BY["withdraw"])


# ---- deletion -----------------------------------------------------------------------------------


@across
def preview(principal: Principal, request: str) -> dict[str, Any]:
    """What a deletion would reach, in the shape of PreviewSchema; nothing is changed."""
    row = _may(principal, request, "erase")
    with reading() as connection:
        office = Office(principal)
        found = _reach(connection, office.rules, row.subject)
        if found is None:
            abort_with("not_found")
        person, _ = office.person(row.subject)
        held = len(phones.holders(people.feeds(connection, found.entities)))
        told = {
            "title": office.title(person),
            "records": len(people.records(office.store, person)),
            "visits": len(found.whole),
            "shared": len(found.shared),
            "phones": held,
            "seen": _digest(found),
        }
    _note_opened(principal, row)
    return told


@across
def erase(
    principal: Principal, request: str, reason: str, confirm: str, seen: str
) -> dict[str, Any]:
    """Erase somebody for good; the certificate. confirm: their name, typed. seen: of `preview`.

    Stops with `not_found`, `forbidden`, `conflict_moved`, or `invalid_fields`.
    """
    row = _may(principal, request, "erase")
    subject = row.subject
    office = Office(principal)
    person, _ = office.person(subject)
    _check_words(office, person, reason, confirm)

    act = act_of("rights", reason, principal.name, principal)

    def found(connection: sa.Connection, current: CurrentRules) -> Reach | None:
        # Ended first, in one with the erasure: what was refused meanwhile isn't erased.
        _end(connection, principal, request, rules.DONE, rules.DONE_BY["delete"], act.id)
        reached = _reach(connection, current, subject)
        if reached is None or _digest(reached) != seen:
            abort_with("conflict_moved")
        return reached

    erasure.erase(found, act)
    erasure.settle()
    return certificate(principal, act.id)


def _check_words(office: Office, person: Entity, reason: str, confirm: str) -> None:
    """The name was typed, and the reason, which is kept, doesn't hold what will be erased."""
    if "".join(confirm.split()) != "".join(office.title(person).split()):
        abort_with(
            "invalid_fields", [{"path": "confirm", "message": "与姓名不一致 / not the name"}]
        )
    props = person.props(office.store.view_of(person))
    if rules.names_somebody(reason, [*props.values(), office.title(person)]):
        told = "不要写姓名、电话等个人信息 / leave out name, number and the like"
        abort_with("invalid_fields", [{"path": "reason", "message": told}])


def _reach(connection: sa.Connection, current: CurrentRules, subject: str) -> Reach | None:
    store = Store(connection, current.type, ())
    person = people.subject(store, subject)
    if person is None:
        return None
    if theirs := people.registers(store, person):
        return reach(connection, person, (), theirs)
    return reach(connection, person, people.records(store, person))


def _digest(found: Reach) -> str:
    """Names what was shown; another visit that comes in between changes it."""
    told = [sorted(found.entities), sorted(found.whole), sorted(found.shared)]
    return sha256(json.dumps(told).encode()).hexdigest()[:16]


# ---- certificates -------------------------------------------------------------------------------


@across
def certificates(principal: Principal) -> list[dict[str, Any]]:
    """Every erasure of the person's scopes and areas, the latest first, as ErasureSchema."""
    rows = [row for row in erasure.acts() if _is_mine(principal, row)]
    return [_certificate(row) for row in rows[:500]]


@across
def certificate(principal: Principal, erasure_id: str) -> dict[str, Any]:
    """One erasure: what was cleared, and which phones have purged. Stops with `not_found`."""
    row = next((row for row in erasure.acts(erasure_id) if _is_mine(principal, row)), None)
    return _certificate(row) if row is not None else abort_with("not_found")


def _is_mine(principal: Principal, row: Any) -> bool:
    return (
        row.scope in scopes(principal)
        and standing(principal, row.scope, json.loads(row.areas)).desk
    )


def _certificate(row: Any) -> dict[str, Any]:
    told = phones.of_erasure(row.id)
    counts: Mapping[str, int] = json.loads(row.counts)
    return {
        "id": row.id,
        "subject": row.subject,
        "scope": row.scope,
        "area_name": _names(json.loads(row.areas), LANGS[language()]),
        "at": row.at,
        "cause": row.cause,
        "reason": row.reason,
        "whole": bool(row.whole),
        "by": row.by,
        "stores": [{"store": name, "count": count} for name, count in sorted(counts.items())],
        "phones": told,
        "waiting": sum(phone["answered"] is None for phone in told),
    }


# ---- shared -------------------------------------------------------------------------------------


def _entry(principal: Principal, act: str, person: Entity, **what: Any) -> Entry:
    area = person.areas[0] if person.areas else f"u.{principal.user_id}"
    return Entry(area, act, principal.user_id, principal.role, person.scope, person.id, what)


def _names(codes: Any, lang: str) -> str:
    found = ((code, areas.get(code)) for code in codes)
    return " / ".join(area.name(lang) if area else code for code, area in found)
