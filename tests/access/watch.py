"""What stands where before and after somebody's tries: of what isn't theirs nothing may move.

before = standing(place)
…
changed(place, "zhao", before)     # a Try for each row of a foreign corner, or of somebody else's
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from fieldapp.accounts import access
from fieldapp.accounts.models import LoginSession, User
from fieldapp.attachments.models import Blob, BlobChunk
from fieldapp.audit.models import AuditRow
from fieldapp.db import db
from fieldapp.devices.models import Device
from fieldapp.rights.models import RightsRequest
from fieldapp.sync import models as m

from .answers import Try
from .place import CORNERS, Corner, Place

Owner = tuple[str, str]  # a corner, or ("u", somebody's id)
Standing = dict[tuple[str, ...], tuple[set[Owner], tuple[Any, ...]]]

# Rows about a record, or about a visit, are where that is.
OF_A_RECORD = (m.RegWrite, m.RegSup, m.Mention, m.Conflict)
OF_A_VISIT = (m.Issue, m.AsideDecision)
OF_A_PERSON = (Blob, BlobChunk, Device, LoginSession, m.Install)
NOBODY = ("", "")
# When somebody was last here is no one else's doing.
PASSING = {"last_seen", "seen"}


def standing(place: Place) -> Standing:
    """Every row that belongs to a corner or to a person, with whose it is."""
    with place.app.app_context():
        found = dict(_rows(place))
        db.session.rollback()
        return found


def _rows(place: Place) -> Iterator[tuple[tuple[str, ...], tuple[set[Owner], tuple[Any, ...]]]]:
    visits = {sid: corner for corner in CORNERS for k in ("visit", "aside")
              for sid in place.ids[corner][k]}  # fmt: skip
    records: dict[str, set[Owner]] = {}
    for row in _all(m.Entity):
        records[row.id] = {(area, row.scope) for area in json.loads(row.areas)}
        yield _row(m.Entity, row, records[row.id])
    for row in _all(m.Submission):
        applied = row.state in m.APPLIED
        if row.id not in visits and not applied:  # new, and kept aside: it is in nobody's records
            continue
        visits.setdefault(row.id, (row.area, row.scope))
        yield _row(m.Submission, row, {visits[row.id]})
    for model in OF_A_RECORD:
        yield from (_row(model, row, records.get(row.entity, set())) for row in _all(model))
    for model in OF_A_VISIT:
        yield from (_row(model, row, {visits.get(row.sid, NOBODY)}) for row in _all(model))
    for model in OF_A_PERSON:
        yield from (_row(model, row, {("u", row.user_id)}) for row in _all(model))
    yield from (_row(User, row, {("u", row.id)}) for row in _all(User))
    for model in (m.FeedHead, m.FeedChange):
        yield from (_row(model, row, {_owner_of(row.feed)}) for row in _all(model))
    yield from (_row(RightsRequest, row, {(row.area, row.scope)}) for row in _all(RightsRequest))


def _all(model: Any) -> list[Any]:
    return list(db.session.execute(sa.select(model.__table__)))


def _row(
    model: Any, row: Any, owners: set[Owner]
) -> tuple[tuple[str, ...], tuple[set[Owner], tuple[Any, ...]]]:
    key = [str(getattr(row, column.name)) for column in model.__table__.primary_key]
    told = {k: v for k, v in row._mapping.items() if k not in PASSING}
    return (model.__tablename__, *key), (owners, tuple(told.items()))


def _owner_of(feed: str) -> Owner:
    area, _, audience = feed.partition(".")
    return ("u", audience) if area == "u" else (area, access.scope_of(audience))


def changed(place: Place, who: str, before: Standing) -> Iterator[Try]:
    """One try, or one for each row that moved though it isn't this person's."""
    foreign = _foreign(place, who)
    after, moved = standing(place), list[str]()
    for key in before.keys() | after.keys():
        was, now = before.get(key, (set(), ())), after.get(key, (set(), ()))
        if was[1] != now[1] and (was[0] | now[0]) & foreign:
            moved.append(f"{key}: {set(was[1]) ^ set(now[1])}"[:400])
    moved += _noted(place, who)
    yield from (Try(who, "what is others' afterwards", one) for one in sorted(moved))
    if not moved:
        yield Try(who, "what is others' afterwards", None)


def _foreign(place: Place, who: str) -> set[Owner]:
    own = place.people[who].get("user", "")
    people = {("u", one["user"]) for one in place.people.values() if one.get("user", own) != own}
    # An administrator keeps the accounts, and no record.
    return {*_corners(place, who), *(set() if who == "admin" else people)}


def _corners(place: Place, who: str) -> list[Corner]:
    return place.foreign(who, rights=True)


def _noted(place: Place, who: str) -> list[str]:
    """Nor is there a line in the access log of a foreign village, as if something had been read."""
    own = place.people[who].get("user")
    if own is None or who == "admin":  # who reads the log of every village, and is in it
        return []
    with place.app.app_context():
        rows = db.session.execute(
            sa.select(AuditRow.chain, AuditRow.scope, AuditRow.act).where(AuditRow.actor == own)
        ).all()
        db.session.rollback()
    foreign = set(_corners(place, who))
    return [f"noted: {row}" for row in rows if (row.chain, row.scope) in foreign]
