"""A nurse looks at one client's record outside of her areas, in an emergency; somebody judges it.

search(principal, name, born, phone)   exact matches, each a look that may be opened for ten minutes
begin(principal, look, reason)         the grant: this person's record, for an hour
judge(principal, look, verdict, note)  by who is in charge of the area, within 24 hours
page(principal) · waiting(principal)   one's own looks and those one judges; how many wait

The grant is a row. What it lets be read is decided by `sync.seen.lent` and by the wall of rows,
both from that row; nothing here reads a record for anybody. Each step is in the access log.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from fieldapp import clock, wall
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, areas_of
from fieldapp.areas import service as areas
from fieldapp.audit import service as audit
from fieldapp.audit.service import Entry, Shown
from fieldapp.db import db, utc_text, write_transaction
from fieldapp.problems import LANGS, abort_with, language
from fieldapp.rights.desk import Office
from fieldapp.subjects.keys import Keys, keys_of
from fieldapp.subjects.sealing import ErasedError, SealBrokenError, subject_name
from fieldapp.sync import person as people
from fieldapp.sync.entities import Entity
from fieldapp.sync.transactions import surveying

from . import rules
from .models import EmergencyLook

L = EmergencyLook
WORK = "emergency"
Row = dict[str, Any]


# ---- finding ------------------------------------------------------------------------------------


def search(principal: Principal, name: str, born: date | None, phone: str) -> list[Row]:
    """People who bear exactly this name, and this day of birth or number: `{look, area_name, own}`.

    own: they are in the caller's areas, where nothing has to be opened. Stops with
    `invalid_fields` if that doesn't say who is meant.
    """
    day = born.isoformat() if born else ""
    if not rules.names_enough(name, day, phone):
        abort_with("invalid_fields", [{"path": "born", "message": _either()}])
    mine = set(areas_of(principal, rules.SCOPE))
    if not mine:  # who works nowhere meets nobody in an emergency
        abort_with("forbidden")
    found = _named(name, day, phone)
    made = [_look(principal, person) for person in found if mine.isdisjoint(person.areas)]
    told = [_told(person.areas, "") for person in found if not mine.isdisjoint(person.areas)]
    told += [_told([row["area"]], row["id"]) for row in made]
    with wall.system(WORK), write_transaction() as tx:
        if made:
            tx.execute(sa.insert(L), made)
        audit.record(tx.connection(), *_searched(principal, found))
    return told


def _either() -> str:
    return ("请填写姓名，再填出生日期或电话", "a name, and the day of birth or a number")[
        language()
    ]


def _named(name: str, born: str, phone: str) -> list[Entity]:
    with surveying(WORK) as connection:
        found = people.bearing(connection, rules.SCOPE, name.strip())
        same = (
            one.person
            for one in found
            if rules.is_same_name(name, one.title)
            and born in ("", one.born)
            and (not phone or any(rules.is_same_number(phone, other) for other in one.numbers))
        )
        return sorted(same, key=lambda person: person.id)[: rules.MOST]


def _look(principal: Principal, person: Entity) -> Row:
    return {
        "id": clock.new_id(), "user_id": principal.user_id, "name": principal.name,
        "scope": rules.SCOPE, "area": person.areas[0], "subject": person.id,
        "found": utc_text(clock.now()),
    }  # fmt: skip


def _told(codes: Iterable[str], look: str) -> Row:
    lang = LANGS[language()]
    named = ((code, areas.get(code)) for code in codes)
    words = " / ".join(area.name(lang) if area else code for code, area in named)
    return {"look": look, "area_name": words, "own": not look}


def _searched(principal: Principal, found: Iterable[Entity]) -> list[Entry]:
    """Under the area of whom was found; in vain, under one of the caller's own."""
    entries = [_entry(principal, "emergency_found", person.areas[0], person.id) for person in found]
    own = areas_of(principal, rules.SCOPE)[0]
    return entries or [_entry(principal, "emergency_none", own)]


# ---- looking ------------------------------------------------------------------------------------


def begin(principal: Principal, look: str, reason: str) -> Row:
    """Open the record of whom was found, for an hour. Stops with `not_found`."""
    now = clock.now()
    with wall.system(WORK), write_transaction() as tx:
        row = tx.get(L, look)
        if row is None or row.user_id != principal.user_id or row.opened or _is_stale(row, now):
            abort_with("not_found")
        keys = keys_of(tx.connection())
        row.opened, row.until = utc_text(now), utc_text(now + rules.OPEN_FOR)
        row.due = utc_text(now + rules.JUDGED_IN)
        try:
            row.said = _seal(keys, row, {"reason": reason})
        except ErasedError:  # since they were found
            abort_with("not_found")
        tx.flush()
        audit.record(
            tx.connection(), _entry(principal, "emergency_open", row.area, row.subject, look=look)
        )
    return one(principal, look)


def _is_stale(row: EmergencyLook, now: datetime) -> bool:
    return row.found < utc_text(now - rules.FOUND_FOR)


def open_look(principal: Principal, look: str) -> EmergencyLook:
    """A look of the caller that is open now, read as the caller. Stops with `not_found`."""
    row = db.session.get(L, look)
    theirs = row is not None and row.user_id == principal.user_id
    if row is None or not theirs or (row.until or "") <= utc_text(clock.now()):
        abort_with("not_found")
    return row


def note_read(principal: Principal, look: EmergencyLook, shown: Iterable[str]) -> None:
    """Keep which records were shown, so that the person can be told."""
    ids = sorted(shown)[: audit.MANY]
    entry = _entry(principal, "emergency_read", look.area, look.subject, look=look.id, ids=ids)
    audit.note_all([entry])


# ---- judging ------------------------------------------------------------------------------------


def judge(principal: Principal, look: str, verdict: str, note: str) -> Row:
    """Whether it was right to look; one that wasn't ends at once. Stops with `not_found`, or
    `conflict_moved` if somebody was quicker.
    """
    now = utc_text(clock.now())
    with wall.system(WORK), write_transaction() as tx:
        row = tx.get(L, look)
        if row is None or not row.opened or not _judges(principal, row):
            abort_with("not_found")
        if row.verdict:
            abort_with("conflict_moved")
        keys = keys_of(tx.connection())
        with suppress(ErasedError):  # of somebody erased since the verdict stands, without a word
            row.said = _seal(keys, row, _said(keys, row) | {"note": note})
        row.verdict, row.judged, row.judged_by = verdict, now, principal.name
        if verdict == rules.UNJUSTIFIED:
            row.until = min(row.until or now, now)
        tx.flush()
        what = {"look": look, "verdict": verdict}
        entry = _entry(principal, "emergency_judge", row.area, row.subject, **what)
        audit.record(tx.connection(), entry)
    return one(principal, look)


def page(principal: Principal) -> list[Row]:
    """One's own looks and those one judges, what waits longest first; noted."""
    with wall.system(WORK):
        order = (L.verdict.is_not(None), sa.case((L.verdict.is_(None), L.due)), L.due.desc(), L.id)
        rows = db.session.scalars(_mine(principal).order_by(*order).limit(200)).all()
        office = Office(principal)
        told = [(_row(office, row), Shown(row.area, row.scope, row.subject)) for row in rows]
    audit.note_page(principal, "emergencies", [shown for row, shown in told if row["title"]])
    return [row for row, _ in told]


def one(principal: Principal, look: str) -> Row:
    """One of them. Stops with `not_found`."""
    with wall.system(WORK):
        row = db.session.scalar(_mine(principal).where(L.id == look))
        return _row(Office(principal), row) if row else abort_with("not_found")


def waiting(principal: Principal) -> Row:
    """How many looks wait for the person's judgement: `{open, late, hours}`; hours: the latest."""
    now = clock.now()
    with wall.system(WORK):
        query = sa.select(L.due).where(L.verdict.is_(None), L.opened.is_not(None))
        dues = list(db.session.scalars(query.where(_is_judge(principal)).order_by(L.due)))
    late = [due for due in dues if due and due < utc_text(now)]
    hours = rules.hours_late(late[0], now) if late else 0
    return {"open": len(dues), "late": len(late), "hours": hours}


def forget(before: str, dry_run: bool = False) -> int:
    """Drop looks from before a moment, with the access log of their time; how many."""
    old = L.found < before
    with write_transaction() as tx:
        count = tx.scalar(sa.select(sa.func.count()).select_from(L).where(old)) or 0
        if not dry_run:
            tx.execute(sa.delete(L).where(old))
    return count


def _mine(principal: Principal) -> sa.Select[EmergencyLook]:
    own = L.user_id == principal.user_id
    return sa.select(L).where(L.opened.is_not(None), sa.or_(own, _is_judge(principal)))


def _is_judge(principal: Principal) -> sa.ColumnElement[bool]:
    """The condition for what a person judges: of their areas, and never their own."""
    if not access.judges_emergencies(principal.role):
        return sa.false()
    theirs = L.area.in_(areas_of(principal, rules.SCOPE))
    return sa.and_(L.scope == rules.SCOPE, theirs, L.user_id != principal.user_id)


def _judges(principal: Principal, row: EmergencyLook) -> bool:
    return bool(db.session.scalar(sa.select(L.id).where(L.id == row.id, _is_judge(principal))))


def _row(office: Office, row: EmergencyLook) -> Row:
    principal, now = office.principal, clock.now()
    said = _said(office.store.keys, row)
    judges = row.user_id != principal.user_id
    person = people.subject(office.store, row.subject) if judges else None
    return {
        "id": row.id,
        "name": row.name,
        "own": not judges,
        "title": office.title(person) if person else "",
        "area_name": _told([row.area], row.id)["area_name"],
        "reason": said.get("reason", ""),
        "opened": row.opened,
        "until": row.until,
        "is_open": (row.until or "") > utc_text(now),
        "due": row.due,
        "hours_late": rules.hours_late(row.due or "", now) if not row.verdict else 0,
        "late": not row.verdict and (row.due or "") < utc_text(now),
        "verdict": row.verdict,
        "note": said.get("note", ""),
        "judged": row.judged,
        "judged_by": row.judged_by,
        "may_judge": judges and not row.verdict,
    }


# ---- shared -------------------------------------------------------------------------------------


def _about(row: EmergencyLook) -> str:
    return f"look/{row.id}"


def _seal(keys: Keys, row: EmergencyLook, said: dict[str, str]) -> bytes:
    text = json.dumps(said, ensure_ascii=False).encode()
    return keys.seal(text, _about(row), [subject_name(row.scope, row.subject)])


def _said(keys: Keys, row: EmergencyLook) -> dict[str, str]:
    """Reason and note; nothing once the person was erased."""
    try:
        found: dict[str, str] = json.loads(keys.open(row.said or b"", _about(row)))
    except SealBrokenError:
        return {}
    return found


def _entry(principal: Principal, act: str, area: str, subject: str = "", **what: Any) -> Entry:
    return Entry(area, act, principal.user_id, principal.role, rules.SCOPE, subject, what)
