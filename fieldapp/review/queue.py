"""What waits at the desk: visits by urgency, how much there is, and what had to be kept aside."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer

from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.areas import service as areas
from fieldapp.consent.service import days_left
from fieldapp.db import db
from fieldapp.glass import service as glass
from fieldapp.sync import models as m
from fieldapp.sync import overdue, seen
from fieldapp.sync.consent import WAITING
from fieldapp.sync.quality import BLOCK, EMERGENCY, GATE, SETTLED, SHARE

from . import conflicts
from .paging import last_within
from .reader import Reader
from .schemas import STATES

S = m.Submission
_BUILT_IN = "\\_%"


def page(
    principal: Principal,
    state: str,
    page: int,
    size: int,
    scope: str | None = None,
    area: str | None = None,
    form: str | None = None,
    issues: bool = False,
) -> dict[str, Any]:
    """One page of the queue in the shape of QueueSchema."""
    reader = Reader(principal)
    where = [*_listed(), *_filters(scope, area, form, issues)]
    counts = _counts(principal, where)
    chosen = where if state == "all" else [*where, S.review == state]
    total = sum(counts.values()) if state == "all" else counts.get(state, 0)
    page = last_within(page, size, total)
    found = db.session.execute(
        _ordered(principal, chosen, state).limit(size).offset((page - 1) * size)
    ).all()
    reader.load(row.Submission.entity for row in found if row.Submission.entity)
    told = {
        "items": [row_of(reader, *row) for row in found],
        "total": total,
        "page": page,
        "size": size,
        "counts": {name: counts.get(name, 0) for name in STATES},
        "forms": _forms(reader, principal),
    }
    reader.note_page("visits")
    return told


def row_of(
    reader: Reader,
    submission: m.Submission,
    urgent: bool,
    in_conflict: int,
    odd: int,
    blocking: int,
) -> dict[str, Any]:
    """A visit in the shape of VisitRowSchema."""
    return {
        "id": submission.id,
        "form": submission.form,
        "title": reader.form_title(submission.form),
        "subject": reader.subject(reader.about(submission)),
        "scope": submission.scope,
        "area": submission.area,
        "area_name": reader.area_name(submission.area),
        "author": submission.author,
        "on": submission.on_date,
        "at": submission.at,
        "received": submission.received,
        "state": submission.review,
        "urgent": bool(urgent),
        "conflicts": in_conflict,
        "issues": odd,
        "blocking": blocking,
        "corrects": submission.corrects,
        "mine": submission.user_id == reader.principal.user_id,
        "durable": submission.received < reader.durable_before,
    }


def find(reader: Reader, visit_id: str) -> tuple[m.Submission, bool, int, int, int] | None:
    """One visit of the person's queue with its marks; None if there is none for them."""
    query, _ = _marked(reader.principal, [*_listed(), S.id == visit_id])
    found = db.session.execute(query).first()
    return (found[0], found[1], found[2], found[3], found[4]) if found else None


def summary(principal: Principal) -> dict[str, Any]:
    """How much waits, in the shape of SummarySchema."""
    waiting = seen.overseen(principal, sa.func.count()).where(*_listed(), S.review == "received")
    issues = seen.issues(principal, sa.func.count()).where(*_listed(), _unsettled())
    aside = seen.aside(principal, sa.func.count()).where(S.state == "quarantined")
    return {
        "visits": db.session.scalar(waiting) or 0,
        "urgent": db.session.scalar(waiting.where(_urgent())) or 0,
        "conflicts": conflicts.count(principal),
        "issues": db.session.scalar(issues) or 0,
        "quarantined": db.session.scalar(aside) or 0,
        "emergencies": glass.waiting(principal),
    }


def quarantined(principal: Principal) -> list[dict[str, Any]]:
    """What was kept aside, the latest first, in the shape of QuarantinedSchema.

    An administrator is told nothing of a form, since its name may tell about a person's health.
    """
    reader = Reader(principal)
    query = seen.aside(principal, S).where(seen.STILL_ASIDE)
    rows = db.session.scalars(query.order_by(S.received.desc(), S.id).limit(500))
    blind = access.may_administer(principal.role)
    told = [kept_row(reader, row, blind) for row in rows]
    reader.note_page("quarantine")
    return told


def kept_row(reader: Reader, row: m.Submission, blind: bool) -> dict[str, Any]:
    """What was kept aside in the shape of QuarantinedSchema; blind: nothing of its form.

    Of what waits for a consent whose it is, so that she can be asked. What isn't decided while
    days are left is destroyed, or handed to the desk of her village.
    """
    waits = row.why in WAITING
    left = days_left(row.received)
    ends = waits or (left >= 0 and not blind and overdue.may_end(row))
    about = reader.about(row) if waits and not blind else None
    return {
        "id": row.id,
        "author": row.author,
        "area_name": reader.area_name(row.area),
        "title": "" if blind or not row.form else reader.form_title(row.form),
        "received": row.received,
        "why": row.why or "apply",
        "subject": reader.subject(about) if about else "",
        "days_left": max(0, left) if ends else None,
    }


def _listed() -> list[sa.ColumnElement[bool]]:
    """Visits: no decisions, nothing kept aside."""
    return [S.form.not_like(_BUILT_IN, escape="\\"), S.state.in_(m.APPLIED)]


def _filters(
    scope: str | None, area: str | None, form: str | None, issues: bool
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if scope:
        found.append(S.scope == scope)
    if area:
        found.append(S.area.in_(areas.leaf_codes(area)))
    if form:
        found.append(S.form == form)
    if issues:
        found.append(sa.exists().where(m.Issue.sid == S.id, _unsettled()))
    return found


def _unsettled() -> sa.ColumnElement[bool]:
    return m.Issue.state.not_in(SETTLED)


def _urgent() -> sa.ColumnElement[bool]:
    """Marked so by its form, or filled in without a consent that the server knew of."""
    t, i = m.Mention, m.Issue
    marked = sa.exists().where(t.sid == S.id, t.urgent == 1)
    return sa.or_(
        marked, sa.exists().where(i.sid == S.id, i.kind.in_((GATE, SHARE, EMERGENCY)), _unsettled())
    )


def _marked(
    principal: Principal, where: list[sa.ColumnElement[bool]]
) -> tuple[sa.Select[Any], sa.Subquery]:
    """Visits with whether they are urgent, and how many conflicts and issues they have."""
    w, c, i = m.RegWrite, m.Conflict, m.Issue
    in_conflict = seen.count_of_visit(sa.distinct(c.entity + "/" + c.reg))
    in_conflict = in_conflict.join(w, sa.and_(w.entity == c.entity, w.reg == c.reg))
    in_conflict = in_conflict.where(w.sid == S.id)
    odd = seen.count_of_visit(i.id).where(i.sid == S.id, _unsettled())
    marks = (
        seen.overseen(
            principal,
            S.id,
            _urgent().label("urgent"),
            in_conflict.scalar_subquery().label("conflicts"),
            odd.scalar_subquery().label("issues"),
            odd.where(i.severity == BLOCK).scalar_subquery().label("blocking"),
        )
        .where(*where)
        .subquery()
    )
    columns = (S, marks.c.urgent, marks.c.conflicts, marks.c.issues, marks.c.blocking)
    query = seen.overseen(principal, *columns).join(marks, marks.c.id == S.id)
    query = query.options(defer(S.body))
    return query, marks


def _ordered(
    principal: Principal, where: list[sa.ColumnElement[bool]], state: str
) -> sa.Select[Any]:
    """What waits: danger first, then conflicts, then what the check found, then the oldest.

    The reader's own work comes last: somebody else decides on it.
    """
    query, marks = _marked(principal, where)
    if state != "received":
        return query.order_by(S.received.desc(), S.id)
    return query.order_by(
        sa.case((S.user_id == principal.user_id, 1), else_=0),
        sa.case((marks.c.urgent, 0), else_=1),
        sa.case((marks.c.conflicts > 0, 0), else_=1),
        sa.case((marks.c.issues > 0, 0), else_=1),
        S.received,
        S.id,
    )


def _counts(principal: Principal, where: list[sa.ColumnElement[bool]]) -> dict[str, int]:
    query = seen.overseen(principal, S.review, sa.func.count()).where(*where).group_by(S.review)
    return {row[0]: row[1] for row in db.session.execute(query)}


def _forms(reader: Reader, principal: Principal) -> list[dict[str, str]]:
    """The forms that occur among the person's visits."""
    query = seen.overseen(principal, S.form).where(*_listed()).distinct().order_by(S.form)
    return [{"id": form, "name": reader.form_title(form)} for form in db.session.scalars(query)]
