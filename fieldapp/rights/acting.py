"""How an erasure is carried out from here: which phones hold it, whose attachments go."""

from typing import Any

from fieldapp.accounts.service import Principal
from fieldapp.attachments import service as attachments
from fieldapp.sync.erasure import Act

from . import phones


def act_of(cause: str, reason: str, by: str, principal: Principal | None = None) -> Act:
    """An act of somebody at the desk, or of the schedule."""
    who = (principal.user_id, principal.role) if principal else ("", "")
    return Act(cause, phones.holders, attachments.forget, reason, by, who)


def act_again(row: Any) -> Act:
    """An act remembered, as it is done again in a database that was put back."""
    act = act_of(row.cause, row.reason, row.by)
    return Act(act.cause, act.phones, act.forget, act.reason, act.by, act.who, row.id, row.at)
