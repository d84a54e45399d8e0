"""What was kept aside and is let in after all: as it came, or repaired, by somebody's decision.

service.readmit(sid, …)  tries again, in the name of its author; noted only if it went in
decisions(sid)           who did what about it, and why
repaired(connection, …)  the texts that stand for what came, for whoever reads the log
what_was_wrong(row)      as it was found, in words

A repair stands under the same id, so that whatever replaces its values, and the phone that waits
for it, mean it too. What came stays in the log as it is.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp import clock
from fieldapp.accounts.service import Principal
from fieldapp.db import db, utc_text
from fieldapp.subjects.keys import Keys, keys_of
from fieldapp.subjects.sealing import ErasedError

from .models import AsideDecision, Submission
from .transactions import chunks

RELEASED, REPAIRED = "released", "repaired"


@dataclass(frozen=True)
class Decision:
    """A decision to let something in. areas: of the decider, by scope, beside the author's own.

    document: what stands for what came; None: it goes in as it is.
    """

    by: Principal
    reason: str
    areas: Callable[[str], Collection[str]]
    document: dict[str, Any] | None = None

    @property
    def text(self) -> str | None:
        """The document as text."""
        if self.document is None:
            return None
        return json.dumps(self.document, ensure_ascii=False)


def note(connection: Connection, sid: str, decision: Decision, subjects: Collection[str]) -> None:
    """Keep a decision that was carried out, sealed as the visit it is about."""
    made, text = clock.new_id(), decision.text
    said = json.dumps({"reason": decision.reason, "text": text}, ensure_ascii=False)
    row = {
        "id": made,
        "sid": sid,
        "at": utc_text(clock.now()),
        "user_id": decision.by.user_id,
        "name": decision.by.name,
        "action": RELEASED if text is None else REPAIRED,
        "body": keys_of(connection).seal(said.encode(), made, subjects),
    }
    connection.execute(sa.insert(AsideDecision).values(**row))


def decisions(sid: str) -> list[dict[str, str]]:
    """`{at, name, action, reason}`, the first first."""
    t = AsideDecision
    query = sa.select(t).where(t.sid == sid).order_by(t.at, t.id)
    connection = db.session.connection()
    return [
        {"at": row.at, "name": row.name, "action": row.action}
        | {"reason": _said(connection, row).get("reason") or ""}
        for row in connection.execute(query)
    ]


def repaired(connection: Connection, sids: Collection[str]) -> dict[str, str]:
    """Of these submissions, the texts of those that were repaired."""
    t = AsideDecision
    query = sa.select(t.id, t.sid, t.body).where(t.action == REPAIRED).order_by(t.at, t.id)
    return {
        row.sid: text
        for some in chunks(sids)
        for row in connection.execute(query.where(t.sid.in_(some)))
        if (text := _said(connection, row).get("text"))
    }


def detail_about(sid: str) -> str:
    """What the seal of `Submission.detail` is bound to."""
    return f"detail/{sid}"


def sealed_detail(keys: Keys, sid: str, text: str, subjects: Collection[str]) -> bytes | None:
    """What was wrong with a submission, as `Submission.detail` holds it; None for nothing."""
    plain = text.encode("utf-8", "surrogatepass")
    return keys.seal(plain, detail_about(sid), subjects) if text else None


def what_was_wrong(row: Submission) -> str:
    """With what was kept aside, in words; blank if nothing more is known, or it was erased."""
    if not row.detail:
        return ""
    keys = keys_of(db.session.connection())
    try:
        return keys.open(row.detail, detail_about(row.id)).decode("utf-8", "replace")
    except ErasedError:
        return ""


def seal_again(
    connection: Connection, sid: str, subjects: Collection[str], anew: str | None = None
) -> None:
    """What came, or what is kept of it anew, once it is known whom it is about."""
    s, keys = Submission, keys_of(connection)
    body = connection.scalar(sa.select(s.body).where(s.id == sid)) or b""
    plain = keys.open(body, sid) if anew is None else anew.encode()
    sealed = keys.seal(plain, sid, subjects)
    connection.execute(sa.update(s).where(s.id == sid).values(body=sealed))


def _said(connection: Connection, row: Any) -> dict[str, str | None]:
    """Reason and text of a decision; neither once it was erased."""
    if not row.body:
        return {}
    try:
        said = json.loads(keys_of(connection).open(row.body, row.id))
    except ErasedError:
        return {}
    return {name: said.get(name) for name in ("reason", "text")}
