"""From the desk through the one door: what is decided here is a submission like everybody's."""

from typing import Any

from fieldapp import clock
from fieldapp.accounts.service import Principal
from fieldapp.db import db
from fieldapp.problems import abort_with
from fieldapp.sync import service as sync
from fieldapp.sync.merge import Value

Op = dict[str, Any]


def op(entity_id: str, register: str, v: Value, sup: list[str]) -> Op:
    """One write."""
    return {"e": entity_id, "r": register, "v": v, "sup": sup}


def submit(
    principal: Principal, form: str, area: str, ops: list[Op], answers: dict[str, Any]
) -> str:
    """Send it; its id. What the door keeps aside is a refusal here, where somebody can react."""
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
        "on": clock.today(),
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
