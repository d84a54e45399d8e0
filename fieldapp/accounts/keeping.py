"""What is kept of accounts in the access log: who changed what of whose, and no value of it."""

from collections.abc import Sequence

from fieldapp.audit.service import SERVER, Entry, record
from fieldapp.db import db

from .models import User
from .service import Principal


def note(
    user: User, changed: Sequence[str], actor: Principal | None = None, act: str = "account"
) -> None:
    """Note a change as the last step of its transaction. actor: None on the command line."""
    who = (actor.user_id, actor.role) if actor else ("", "")
    entry = Entry(SERVER, act, *who, what={"user": user.id, "changed": list(changed)})
    record(db.session.connection(), entry)
