"""Health data that was kept aside for another reason than consent: whether she agreed all the same.

Who sent it isn't told: what becomes of it looks the same there, whether she agreed, is unknown or
was never registered (docs/decisions/0008-consent-that-gates.md).

judged(before)  those that came before a moment, each with where her consent stands and where she is
hand_over(…)    to the desk of her village, where it can be let in
may_end(row)    whether that may come to it, as far as its form says
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.consent.live import LIVE

from . import models as m
from .again import item_of, trusted
from .consent import EXPIRED, WAITING, consent_of
from .erased import WHY as ERASED
from .rules import current_rules
from .store import Store
from .transactions import surveying, writing
from .wire import UnreadableError

S = m.Submission
ENDS: Final = sa.and_(
    S.state == "quarantined", S.why.not_in((*WAITING, ERASED, EXPIRED)), sa.func.length(S.body) > 0
)
"""Kept aside for another reason, and its text is there."""


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
    form = current_rules().form(row.form, row.fv)
    return row.why not in (*WAITING, ERASED) and form is not None and form.need is not None


def _judged(connection: Connection, row: Any) -> Iterator[Judged]:
    """Nothing of what can't be read, or whose form isn't known: nobody can tell what it carries."""
    rules = current_rules()
    sent, form = item_of(row, trusted(row)).sent, rules.form(row.form, row.fv)
    keeping = rules.keeping(form.scope) if form else None
    if isinstance(sent, UnreadableError) or form is None or keeping is None:
        return
    need = form.need
    if need is None or not need.carries(sent.answers):
        return
    store, person = Store(connection, rules.type, ()), need.of(sent.answers)
    found = consent_of(store, keeping, need, person, form.scope, sent.on)
    them = store.find(person)
    areas = them.areas if them and them.scope == form.scope else ()
    area = "" if row.area in areas else min(areas, default="")
    yield Judged(row.id, found.state == LIVE, area)
