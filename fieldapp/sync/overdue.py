"""Health data that was kept aside for another reason than consent: whether she agreed all the same.

Who sent it isn't told: what becomes of it looks the same there, whether she agreed, is unknown or
was never registered (docs/decisions/0008-consent-that-gates.md).

judged(before)  those that came before a moment, each with where her consent stands and where she is
hand_over(…)    to the desk of her village, where it can be let in
may_end(row)    whether that may come to it, as far as its form says
variants(…)     the same of other bytes under a known id, which nobody can let in; drop(…) ends them
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.consent.live import LIVE
from fieldapp.consent.need import Need
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import SealBrokenError

from . import models as m
from .again import item_of, trusted
from .consent import EXPIRED, WAITING, consent_of
from .days import not_ahead
from .erased import WHY as ERASED
from .rules import current_rules
from .seen import STILL_ASIDE
from .store import Store
from .transactions import surveying, writing
from .wire import Submitted, UnreadableError, read

S = m.Submission
V = m.SubmissionVariant
ENDS: Final = sa.and_(STILL_ASIDE, S.why.not_in((*WAITING, ERASED, EXPIRED)))
"""Kept aside for another reason, and its text is there."""
UNREAD: Final = sa.and_(ENDS, S.scope == "")
"""Of that what can't be read, or whose form isn't known: it may be about anything."""


@dataclass(frozen=True)
class Judged:
    """agreed: whether her consent is live. area: hers, if the visit lies in another; else blank."""

    sid: str
    agreed: bool
    area: str


def judged(before: str) -> list[Judged]:
    """Of what is kept aside since before a moment, all that is known to carry health data."""
    with surveying("consent") as connection:
        due = sa.select(S).where(ENDS, S.received < before).order_by(S.received, S.id)
        return [one for row in connection.execute(due) for one in _judged(connection, row)]


def hand_over(late: Judged) -> None:
    """Let the desk of her village see it instead of that of who wrote it."""
    with writing() as connection:
        mine = sa.update(S).where(S.id == late.sid, ENDS)
        connection.execute(mine.values(area=late.area))


def may_end(row: S) -> bool:
    """Whether it is filled in with a form that needs consent, and lies here for another reason."""
    return row.why not in (*WAITING, ERASED) and _asked(row.form, row.fv) is not None


def variants(before: str, unread: str) -> list[tuple[str, str]]:
    """`(id, sha)` of those from before a moment with health data of whom nobody knows to agree, and
    of those from before another that can't be read.
    """
    with surveying("consent") as connection:
        due = connection.execute(sa.select(V).where(V.received < before)).all()
        return [(row.id, row.sha) for row in due if _is_unasked(connection, row, unread)]


def drop(found: Collection[tuple[str, str]]) -> None:
    """Let these variants go."""
    with writing() as connection:
        for sid, sha in found:
            connection.execute(sa.delete(V).where(V.id == sid, V.sha == sha))


def _is_unasked(connection: Connection, row: Any, unread: str) -> bool:
    try:
        sent = read(keys_of(connection).open(row.body, row.id).decode("utf-8", "surrogatepass"))
    except (SealBrokenError, UnreadableError):
        return row.received < unread
    return any(not agreed for agreed, _ in _stands(connection, sent, row.received))


def _judged(connection: Connection, row: Any) -> Iterator[Judged]:
    """Nothing of what can't be read, or of a form nobody knows: nobody can tell what it carries."""
    try:
        sent = item_of(row, trusted(row)).sent
    except SealBrokenError:
        return
    if isinstance(sent, UnreadableError):
        return
    for agreed, areas in _stands(connection, sent, row.received):
        area = "" if row.area in areas else min(areas, default="")
        yield Judged(row.id, agreed, area)


def _stands(
    connection: Connection, sent: Submitted, received: str
) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Of a visit with health data, whether she agrees by now, and where she is."""
    rules, asked = current_rules(), _asked(sent.form, sent.fv)
    scope, need = asked or ("", None)
    keeping = rules.keeping(scope)
    if need is None or keeping is None or not need.carries(sent.answers):
        return
    store, person = Store(connection, rules.type, ()), need.of(sent.answers)
    on = not_ahead(sent.on, datetime.fromisoformat(received))
    found = consent_of(store, keeping, need, person, scope, on)
    them = store.find(person)
    yield found.state == LIVE, them.areas if them and them.scope == scope else ()


def _asked(form_id: str, version: str) -> tuple[str, Need] | None:
    """Scope and need of a form, of a version that nobody knows what its program declares."""
    rules = current_rules()
    form, program = rules.form(form_id, version), rules.programs.for_form(form_id)
    if form is not None:
        return (form.scope, form.need) if form.need else None
    need = program.consent.get(form_id) if program else None
    return (program.scope, need) if program and need else None
