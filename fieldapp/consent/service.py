"""What waits for a consent: how long still, and what becomes of it when nobody gave one.

expire(dry_run)  lets in what no longer has to wait, destroys the text of what waited too long, for
                 whatever reason; of what was taken in to save a life, the text of the rest
days_left(row)   until that happens
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.attachments import service as attachments
from fieldapp.db import utc_text
from fieldapp.subjects.models import SubmissionSubject
from fieldapp.sync import emergency, overdue
from fieldapp.sync import models as m
from fieldapp.sync import service as sync
from fieldapp.sync.consent import EXPIRED, WAITING
from fieldapp.sync.transactions import chunks, lock_everything, surveying, writing

DAYS: Final = 7
UNREAD_DAYS: Final = 180
"""Of what nobody can read, or whose form nobody knows: time to publish or mend what it takes."""


@dataclass(frozen=True)
class Ended:
    """How many submissions were let in, how many texts destroyed."""

    admitted: int
    destroyed: int


def expire(dry_run: bool = False) -> Ended:
    """End the waiting of what is due. dry_run: only count, as if no consent had come since."""
    s = m.Submission
    before = _ago(DAYS)
    ids = _ids(sa.and_(s.state == "quarantined", s.why.in_(WAITING), s.received < before))
    to_save = emergency.waiting(before)
    others = overdue.judged(before)
    unasked = [one.sid for one in others if not one.agreed]
    variants = overdue.variants(before, _ago(UNREAD_DAYS))
    unread = _ids(sa.and_(overdue.UNREAD, s.received < _ago(UNREAD_DAYS)))
    ending = len(to_save) + len(unasked) + len(variants) + len(unread)
    if dry_run:
        return Ended(0, len(ids) + ending)
    late = [sid for sid in ids if sync.readmit(sid).st == "quarantined"]
    _destroy(late, s.why.in_(WAITING), why=EXPIRED)
    _destroy([*unasked, *unread], overdue.ENDS)
    for one in others:
        if one.agreed and one.area:
            overdue.hand_over(one)
    overdue.drop(variants)
    left = [sid for sid in to_save if not emergency.is_completed(sid)]
    emergency.shorten(left)
    kept = len(to_save) - len(left)
    return Ended(len(ids) - len(late) + kept, len(late) + ending - kept)


def _ago(days: int) -> str:
    return utc_text(clock.now() - timedelta(days=days))


def _ids(due: sa.ColumnElement[bool]) -> list[str]:
    s = m.Submission
    with surveying("consent") as connection:
        return list(connection.scalars(sa.select(s.id).where(due).order_by(s.received, s.id)))


def days_left(received: str) -> int:
    """Whole days until what came then is destroyed, 0 on the last, less once they are over."""
    end = datetime.fromisoformat(received) + timedelta(days=DAYS)
    return (end - clock.now()).days


def _destroy(ids: list[str], still: sa.ColumnElement[bool], **said: str) -> None:
    """Keep that something came, from whom and when; not what, nor about whom.

    The row stays: the same bytes are then known and not taken in again. still: what must hold of
    it yet. said: what its row says from now on.
    """
    s, variant, blob, whose = m.Submission, m.SubmissionVariant, m.SubmissionBlob, SubmissionSubject
    gone = {"body": b"", "entity": None, "detail": None, "corrects": None, **said}
    with writing() as connection:
        lock_everything(connection)  # a consent may come at any moment, and let it in
        for some in chunks(ids):
            mine = s.id.in_(some), s.state == "quarantined", still
            due = list(connection.scalars(sa.select(s.id).where(*mine)))
            attachments.empty(connection, due)
            connection.execute(sa.update(s).where(s.id.in_(due)).values(**gone))
            connection.execute(sa.delete(variant).where(variant.id.in_(due)))
            connection.execute(sa.delete(blob).where(blob.sid.in_(due)))
            connection.execute(sa.delete(whose).where(whose.sid.in_(due)))
