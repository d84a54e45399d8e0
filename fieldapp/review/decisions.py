"""A reviewer's word: decisions and settlements, written as submissions like everybody's.

What was shown to the reviewer is named in each; if it is no longer so, `conflict_moved`.
"""

from fieldapp import wall
from fieldapp.accounts.service import Principal
from fieldapp.db import db
from fieldapp.problems import abort_with
from fieldapp.sync.entities import Entity, review_id
from fieldapp.sync.merge import Value
from fieldapp.sync.plan import REVIEW_FORM, SETTLE_FORM
from fieldapp.sync.store import Store

from . import conflicts, issues, queue, visits
from .door import op, submit
from .reader import Reader


def decide(
    principal: Principal,
    visit_id: str,
    state: str,
    seen: str,
    notes: list[dict[str, str]],
    accepted: str = "",
) -> None:
    """Approve, return or reject a visit. accepted: why it is approved with what blocks it.

    Stops with `not_found`, `forbidden` (own work), `conflict_moved`, `issues_open`, or
    `invalid_fields` for a return that says nothing.
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
    reason = accepted.strip() if state == "approved" else ""
    if state == "approved" and not reason and issues.blocking(visit.id):
        abort_with("issues_open")
    about = review_id(visit.id)
    answers = {"target": visit.id, "state": state, "notes": notes}
    if reason:
        answers["accepted"] = reason
    ops = [op(about, "state", state, _standing(reader, about, "state"))]
    submit(principal, REVIEW_FORM, visit.area, ops, answers)


def settle(principal: Principal, entity_id: str, value: str, v: Value, seen: list[str]) -> str:
    """Let one value stand instead of all shown where `value` was written; the submission's id.

    Stops with `not_found`, `conflict_moved`, or `invalid_fields` for a value the register can't
    hold.
    """
    reader = Reader(principal)
    entity, kind, register, _ = conflicts.find(reader, entity_id, value)
    dots = [write.dot for write in entity.live.get(register, ())]
    if set(dots) != set(seen):
        abort_with("conflict_moved")
    members = {prop.name for prop in reader.members(kind, register) if prop.group}
    fits = set(v) <= members if isinstance(v, dict) else not members or v is None
    if not fits:
        abort_with("invalid_fields", [{"path": "v", "message": register}])
    ops = [op(entity.id, register, v, dots)]
    return submit(principal, SETTLE_FORM, entity.areas[0], ops, {})


def _standing(reader: Reader, entity_id: str, register: str) -> list[str]:
    with wall.system("what a decision replaces"):
        entity: Entity | None = Store(db.session.connection(), reader.rules.type, ()).find(
            entity_id
        )
    return [str(write.dot) for write in entity.state.get(register, ())] if entity else []
