"""Visits taken in to save a life, without consent: the referral stands, the rest waits seven days.

complete(people)   a consent of theirs came: the rest is written too
waiting(before)    those that came before a moment and still wait
shorten(sids)      nobody agreed: nothing stays of them but what was written to save a life
"""

import json
from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.attachments import service as attachments
from fieldapp.audit.service import Entry
from fieldapp.audit.service import record as note
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import SubmissionSubject
from fieldapp.subjects.sealing import subject_name

from . import models as m
from . import reseal
from .again import from_log, item_of, with_areas
from .apply import Batch
from .aside import repaired
from .quality import EMERGENCY
from .redaction import without
from .rules import current_rules
from .store import Store
from .transactions import chunks, lock_everything, surveying, writing
from .wire import UnreadableError

S = m.Submission
SHORTENED = "consent"
"""What `Submission.rewritten` says of a visit without its rest."""
_WAITS = sa.and_(S.state.in_(m.APPLIED), S.why == EMERGENCY, S.rewritten.is_(None))


def complete(people: Collection[str]) -> list[str]:
    """Write the rest of the visits to these people, of whom each has agreed; which visits."""
    scopes = {kind.scope for kind in current_rules().programs.types()}
    names = {subject_name(scope, person) for scope in scopes for person in people}
    t = SubmissionSubject
    query = sa.select(S.id).join(t, t.sid == S.id).where(_WAITS).order_by(S.received, S.id)
    with surveying("consent") as connection:
        ids = [
            sid
            for some in chunks(sorted(names))
            for sid in connection.scalars(query.where(t.subject.in_(some)))
        ]
    return [sid for sid in dict.fromkeys(ids) if is_completed(sid)]


def is_completed(sid: str) -> bool:
    """Try to write the rest of one; whether there was a consent for it."""
    rules = current_rules()
    with writing() as connection:
        lock_everything(connection)
        row = connection.execute(sa.select(S).where(S.id == sid, _WAITS)).first()
        author = with_areas(row, None) if row else None
        if row is None or author is None:
            return False
        item = item_of(row, author, repaired(connection, [sid]).get(sid))
        batch = Batch(Store(connection, rules.type, locked=None), rules)
        if batch.replay(replace(item, rest=True)).st == "quarantined":
            return False
        batch.finish(row.received)
        connection.execute(sa.update(S).where(S.id == sid).values(why=None))
        reseal.submissions(Store(connection, rules.type, locked=None), {sid})
        who = (row.area, "admit", row.user_id, row.role, row.scope)
        note(connection, Entry(*who, row.entity or "", {"sid": sid, "device": row.device_id}))
    return True


def waiting(before: str) -> list[str]:
    """Those that came before a moment and whose rest still waits."""
    with surveying("consent") as connection:
        query = sa.select(S.id).where(_WAITS, S.received < before)
        return list(connection.scalars(query.order_by(S.received, S.id)))


def shorten(sids: Collection[str]) -> None:
    """Write these anew with what was written to save a life; the rest of their texts goes."""
    with writing() as connection:
        lock_everything(connection)
        for some in chunks(sorted(sids)):
            still = list(connection.scalars(sa.select(S.id).where(S.id.in_(some), _WAITS)))
            for row, item in from_log(connection, still):
                _shorten(connection, row, item)


def _shorten(connection: Connection, row: Any, item: Any) -> None:
    rules = current_rules()
    batch = Batch(Store(connection, rules.type, locked=None), rules)
    plan, sent = batch.planned(item), item.sent
    if plan is None or isinstance(sent, UnreadableError):
        return
    kept = {touched.e for touched in plan.touched}
    gone = {(touched.e, "") for touched in sent.entities if touched.e not in kept}
    form = rules.form(row.form, row.fv)
    document = without(json.loads(item.body), plan, gone, form.definition if form else None)
    text = json.dumps(document, ensure_ascii=False).encode()
    values: dict[str, Any] = {"body": keys_of(connection).seal_like(row.body, text, row.id)}
    values |= {"rewritten": SHORTENED, "was": row.was or sha256(row.body).hexdigest()}
    connection.execute(sa.update(S).where(S.id == row.id).values(**values))
    b, v, d, i = m.SubmissionBlob, m.SubmissionVariant, m.AsideDecision, m.Issue
    attachments.empty(connection, [row.id], document["blobs"])
    connection.execute(sa.delete(b).where(b.sid == row.id, b.sha.not_in(document["blobs"])))
    connection.execute(sa.delete(v).where(v.id == row.id))
    connection.execute(sa.update(d).where(d.sid == row.id).values(body=b""))
    connection.execute(sa.delete(i).where(i.sid == row.id, i.known == 0))
