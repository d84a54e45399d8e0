"""What was kept aside and is let in after all: as it came, or repaired, by somebody's decision.

service.readmit(sid, …)  tries again, in the name of its author; noted only if it went in
decisions(sid)           who did what about it, and why
repaired(connection, …)  the texts that stand for what came, for whoever reads the log

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

from .models import AsideDecision
from .transactions import chunks
from .vault import Vault

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


def note(connection: Connection, sid: str, decision: Decision, vault: Vault) -> None:
    """Keep a decision that was carried out."""
    made, text = clock.new_id(), decision.text
    row = {
        "id": made,
        "sid": sid,
        "at": utc_text(clock.now()),
        "user_id": decision.by.user_id,
        "name": decision.by.name,
        "action": RELEASED if text is None else REPAIRED,
        "reason": decision.reason,
        "body": None if text is None else vault.seal(text.encode(), made),
    }
    connection.execute(sa.insert(AsideDecision).values(**row))


def decisions(sid: str) -> list[dict[str, str]]:
    """`{at, name, action, reason}`, the first first."""
    t = AsideDecision
    query = sa.select(t.at, t.name, t.action, t.reason).where(t.sid == sid).order_by(t.at, t.id)
    return [dict(row) for row in db.session.execute(query).mappings()]


def repaired(connection: Connection, sids: Collection[str], vault: Vault) -> dict[str, str]:
    """Of these submissions, the texts of those that were repaired."""
    t = AsideDecision
    query = sa.select(t.id, t.sid, t.body).where(t.body.is_not(None)).order_by(t.at, t.id)
    return {
        row.sid: vault.open(row.body, row.id).decode()
        for some in chunks(sids)
        for row in connection.execute(query.where(t.sid.in_(some)))
    }
