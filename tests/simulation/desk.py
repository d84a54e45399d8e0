"""What is done at the desk in a history: conflicts settled, visits returned, issues moved on, work
that was kept aside let in.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, areas_of, principal_of
from fieldapp.db import db, utc_text
from fieldapp.sync import again, service
from fieldapp.sync import models as m
from fieldapp.sync.items import Incoming
from tests.opened import state_of

Done = dict[str, Any] | None


def act(what: str, user_id: str, pick: int) -> Done:
    """`{body, sha, st, why}` of what was sent, or `{readmitted, st, why}`; None: nothing to do."""
    principal = principal_of(user_id)
    assert principal is not None
    wishes: dict[str, Callable[[Principal, int], Done]] = {
        "settle": _settle,
        "return": _return,
        "issue": _issue,
        "readmit": _readmit,
    }
    return wishes[what](principal, pick)


def everything_again() -> list[Incoming]:
    """Every submission of the log as an item at the door, in the name of its author."""
    items = []
    for row in db.session.connection().execute(sa.select(m.Submission).order_by(m.Submission.id)):
        author = service.Author(row.user_id, row.author, row.role)
        items.append(again.item_of(row, author))
    return items


def _settle(principal: Principal, pick: int) -> Done:
    scope = next(s for s in access.SCOPES if access.may_review(principal.role, s))
    c, e = m.Conflict, m.Entity
    query = sa.select(c.entity, c.reg).join(e, e.id == c.entity).where(e.scope == scope)
    row = _picked(query.order_by(c.entity, c.reg), pick)
    if row is None:
        return None
    live = state_of(row.entity)[row.reg]
    value, sup = live[pick % len(live)].v, [str(write.dot) for write in live]
    op = {"e": row.entity, "r": row.reg, "v": value, "sup": sup}
    return _send(principal, "_settle", [op], {})


def _return(principal: Principal, pick: int) -> Done:
    scope = next(s for s in access.SCOPES if access.may_review(principal.role, s))
    s = m.Submission
    query = sa.select(s.id).where(s.scope == scope, s.area.in_(areas_of(principal, scope)))
    row = _picked(query.where(s.review == "received").order_by(s.received, s.id), pick)
    if row is None:
        return None
    notes = [{"path": "name", "text": "请再核对一次"}]
    return _send(principal, "_review", [], {"target": row.id, "state": "returned", "notes": notes})


def _issue(principal: Principal, pick: int) -> Done:
    t, s = m.Issue, m.Submission
    query = sa.select(t.sid, t.kind, t.path).join(s, s.id == t.sid).order_by(t.id)
    row = _picked(query, pick)
    if row is None:
        return None
    to = ("assigned", "closed", "reopened")[pick % 3]
    told = {"target": row.sid, "kind": row.kind, "path": row.path, "to": to}
    return _send(principal, "_issue", [], told)


def _readmit(_principal: Principal, pick: int) -> Done:
    s = m.Submission
    query = sa.select(s.id).where(s.state == "quarantined").order_by(s.received, s.id)
    row = _picked(query, pick)
    if row is None:
        return None
    sid = row.id
    result = service.readmit(sid, overrule=True)
    return {"readmitted": sid, "st": result.st, "why": result.why}


def _picked(query: sa.Select[Any], pick: int) -> Any:
    rows = db.session.connection().execute(query).all()
    db.session.rollback()
    return rows[pick % len(rows)] if rows else None


def _send(
    principal: Principal, form: str, ops: list[dict[str, Any]], answers: dict[str, Any]
) -> Done:
    now = clock.now()
    body = {
        "id": clock.new_id(),
        "install": "desk",
        "n": 0,
        "user": principal.user_id,
        "form": form,
        "fv": "1",
        "app": "desk",
        "at": utc_text(now),
        "clk": {"wall": 0, "mono": 0},
        "area": "",
        "corrects": None,
        "on": now.date().isoformat(),
        "entities": [],
        "ops": ops,
        "answers": answers,
        "blobs": [],
    }
    item = service.incoming(body, service.author_of(principal))
    result = service.take_in([item])[0]
    return {"body": item.body, "sha": item.sha, "st": result.st, "why": result.why}
