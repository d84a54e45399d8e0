"""A reviewer's word: decisions and settlements, written as submissions like everybody's.

What was shown to the reviewer is named in each; if it is no longer so, `conflict_moved`.
"""

from typing import Any

from fieldapp import clock
from fieldapp.accounts.service import Principal
from fieldapp.db import db
from fieldapp.problems import abort_with
from fieldapp.sync import service as sync
from fieldapp.sync.entities import Entity, review_id
from fieldapp.sync.merge import Value
from fieldapp.sync.plan import REVIEW_FORM, SETTLE_FORM
from fieldapp.sync.store import Store

from . import conflicts, queue, visits
from .reader import Reader

Op = dict[str, Any]


def decide(
    principal: Principal, visit_id: str, state: str, seen: str, notes: list[dict[str, str]]
) -> None:
    """Approve, return or reject a visit.

    Stops with `not_found`, `forbidden` (own work), `conflict_moved`, or `invalid_fields` for a
    return that says nothing.
    """
    reader = Reader(principal)
    found = queue.find(reader, visit_id)
    if found is None:
        abort_with("not_found")
    visit = found[0]
    if visit.review != seen or visit.review == "corrected":
        abort_with("conflict_moved")
    if not visits.is_decidable(principal, visit):
        abort_with("forbidden")
    if state == "returned" and not notes:
        abort_with("invalid_fields", [{"path": "notes", "message": "至少写明一处 / at least one"}])
    about = review_id(visit.id)
    answers = {"target": visit.id, "state": state, "notes": notes}
    ops = [_op(about, "state", state, _standing(reader, about, "state"))]
    _submit(principal, REVIEW_FORM, visit.area, ops, answers)


def settle(principal: Principal, entity_id: str, register: str, v: Value, seen: list[str]) -> str:
    """Let one value stand instead of all those shown; the id of the submission.

    Stops with `not_found`, `conflict_moved`, or `invalid_fields` for a value the register can't
    hold.
    """
    reader = Reader(principal)
    entity, kind, _ = conflicts.find(reader, entity_id, register)
    dots = [value.dot for value in entity.live.get(register, ())]
    if set(dots) != set(seen):
        abort_with("conflict_moved")
    members = {prop.name for prop in reader.members(kind, register) if prop.group}
    fits = set(v) <= members if isinstance(v, dict) else not members or v is None
    if not fits:
        abort_with("invalid_fields", [{"path": "v", "message": register}])
    ops = [_op(entity.id, register, v, dots)]
    return _submit(principal, SETTLE_FORM, entity.areas[0], ops, {})


def _standing(reader: Reader, entity_id: str, register: str) -> list[str]:
    entity: Entity | None = Store(db.session.connection(), reader.rules.type, ()).find(entity_id)
    return [str(write.dot) for write in entity.state.get(register, ())] if entity else []


def _op(entity_id: str, register: str, v: Value, sup: list[str]) -> Op:
    return {"e": entity_id, "r": register, "v": v, "sup": sup}


def _submit(
    principal: Principal, form: str, area: str, ops: list[Op], answers: dict[str, Any]
) -> str:
    """Through the one door. What it keeps aside is a refusal here, where somebody can react."""
    now = clock.now()
    submission = {
        "id": clock.new_id(),
        "install": sync.APP,
        "n": 0,
        "user": principal.user_id,
        "form": form,
        "fv": "1",
        "app": sync.APP,
        "at": now.isoformat(),
        "clk": {"wall": int(now.timestamp() * 1000), "mono": 0},
        "area": area,
        "corrects": None,
        "on": now.date().isoformat(),
        "entities": [],
        "ops": ops,
        "answers": answers,
        "blobs": [],
    }
    db.session.rollback()  # the door begins a transaction of its own
    result = sync.accept(submission, principal)
    if result.st == "quarantined":
        abort_with("forbidden" if result.why == "authz" else "bad_request")
    if result.st == "later":
        abort_with("busy")
    return result.id
