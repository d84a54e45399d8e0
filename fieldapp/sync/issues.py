"""Issue rows: opening them with what was found, and keeping where they stand true to the log."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import count
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.db import utc_text

from . import models as m
from .entities import REVIEW_TYPE, Entity, review_id
from .quality import (
    ISSUE_TYPE,
    Corrected,
    Finding,
    Moved,
    Reviewed,
    Standing,
    due_on,
    issue_id,
    standing,
)
from .transactions import chunks

S = m.Submission
Row = dict[str, Any]


class Entities(Protocol):
    """The part of a store this module needs."""

    connection: Connection

    def load(self, ids: Iterable[str]) -> None:
        """Read these entities, once."""
        ...

    def find(self, entity_id: str) -> Entity | None:
        """An entity as it is now."""
        ...


def opened(sid: str, received: datetime, findings: Iterable[Finding]) -> list[Row]:
    """The rows of what was found, one a rule and path."""
    day = utc_text(received)[:10]
    by_id: dict[str, Finding] = {}
    for found in findings:
        by_id.setdefault(issue_id(sid, found.kind, found.path), found)
    places = {known: count() for known in (True, False)}
    return [
        {
            "id": issue,
            "sid": sid,
            "i": next(places[found.known]),
            "kind": found.kind,
            "path": found.path,
            "known": int(found.known),
            "severity": found.severity,
            "params": json.dumps(dict(found.params), ensure_ascii=False),
            "opened": day,
            "due": due_on(day, found.severity),
            "state": "open",
            "owner": None,
            "fixer": None,
        }
        for issue, found in by_id.items()
    ]


def settle(store: Entities, sids: Collection[str]) -> None:
    """Work out again where the issues of these submissions stand, and of those they correct."""
    connection, t = store.connection, m.Issue
    concerned = sorted(_with_corrected(connection, sids))
    rows = _select(connection, sa.select(t.__table__), t.sid, concerned)
    if not rows:
        return
    last = _last_corrections(connection, {row.sid for row in rows})
    still = _select(connection, sa.select(t.sid, t.kind, t.path), t.sid, _ids(last.values()))
    has = {(row.sid, row.kind, row.path) for row in still}
    query = sa.select(S.id, S.user_id, S.review)
    visits = _select(connection, query, S.id, sorted({row.sid for row in rows}))
    store.load({*(row.id for row in rows), *(review_id(visit.id) for visit in visits)})
    reviewed = {
        v.id: Reviewed(v.user_id, v.review, _is_accepted(store.find(review_id(v.id))))
        for v in visits
    }
    for row in rows:
        by = last.get(row.sid)
        corrected = by and Corrected(
            by.user_id, by.at, (by.id, row.kind, row.path) in has, by.review
        )
        now = standing(row.severity, reviewed[row.sid], _moved(store.find(row.id)), corrected)
        if now != Standing(row.state, row.owner, row.fixer):
            values = {"state": now.state, "owner": now.owner, "fixer": now.fixer}
            connection.execute(sa.update(t).where(t.id == row.id).values(**values))


def _select(
    connection: Connection, query: Any, column: Any, ids: Collection[str]
) -> list[sa.Row[Any]]:
    parts = (connection.execute(query.where(column.in_(some))) for some in chunks(ids))
    return [row for part in parts for row in part]


def _ids(rows: Iterable[sa.Row[Any]]) -> list[str]:
    return sorted({row.id for row in rows})


def _with_corrected(connection: Connection, sids: Collection[str]) -> set[str]:
    """These submissions and, through any number of corrections, what they correct."""
    found, wave = set(sids), set(sids)
    while wave:
        query = sa.select(S.corrects).where(S.corrects.is_not(None), S.state.in_(m.APPLIED))
        wave = {row.corrects for row in _select(connection, query, S.id, sorted(wave))} - found
        found |= wave
    return found


def _last_corrections(connection: Connection, sids: Collection[str]) -> dict[str, sa.Row[Any]]:
    """By submission, the last of the corrections that follow it."""
    query = sa.select(S.id, S.user_id, S.at, S.review, S.corrects, S.received)
    next_of: dict[str, sa.Row[Any]] = {}
    wave = set(sids)
    while wave:
        rows = _select(connection, query.where(S.state.in_(m.APPLIED)), S.corrects, sorted(wave))
        for row in sorted(rows, key=lambda row: (row.received, row.id)):
            next_of[row.corrects] = row
        wave = {row.id for row in rows} - next_of.keys()
    found = {}
    for sid in sids & next_of.keys():
        seen, at = {sid}, next_of[sid]
        while at.id in next_of and at.id not in seen:
            seen.add(at.id)
            at = next_of[at.id]
        found[sid] = at
    return found


def _is_accepted(review: Entity | None) -> bool:
    """Whether the decision that stands gave a reason to accept the visit as it is."""
    if review is None:
        return False
    state = review.register("state", REVIEW_TYPE).live
    reason = review.register("accepted", REVIEW_TYPE).live
    return bool(state and reason and state[0].dot.sid == reason[0].dot.sid)


def _moved(issue: Entity | None) -> Moved | None:
    """The last word about an issue."""
    live = issue.register("state", ISSUE_TYPE).live if issue else ()
    if issue is None or not live:
        return None
    owner, actor = issue.shown("owner", ISSUE_TYPE), issue.shown("actor", ISSUE_TYPE)
    return Moved(str(live[0].v), str(owner) if owner else None, str(actor), live[0].at)
