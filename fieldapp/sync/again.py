"""What the log holds, as items that are applied again, and their authors as of then and of now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, areas_of, principal_of
from fieldapp.accounts.users import usernames
from fieldapp.db import db
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import ErasedError

from . import models as m
from .apply import Incoming
from .aside import Decision, repaired
from .plan import Author
from .salvage import salvaged
from .transactions import chunks


def author_of(principal: Principal) -> Author:
    """A person as an author; areas are looked up once per scope."""
    found: dict[str, frozenset[str]] = {}

    def areas(scope: str) -> frozenset[str]:
        if scope not in found:
            found[scope] = frozenset(areas_of(principal, scope))
        return found[scope]

    def reviews(scope: str) -> bool:
        return access.may_review(principal.role, scope)

    return Author(
        principal.user_id,
        principal.name,
        principal.role,
        areas,
        reviews,
        username=principal.username,
        issues=lambda scope: access.issue_acts(principal.role, scope),
    )


def with_areas(row: Any, decision: Decision | None) -> Author | None:
    """The author, with the areas of who decided; None if the account is closed and nobody did."""
    principal = principal_of(row.user_id)
    author = author_of(principal) if principal else Author(row.user_id, row.author, row.role)
    if decision is None:
        return author if principal else None
    own = author.areas
    return replace(author, areas=lambda scope: {*own(scope), *decision.areas(scope)})


def from_log(connection: sa.Connection, ids: Sequence[str]) -> list[tuple[Any, Incoming]]:
    """Submissions of the log in this order, each with its row, to be applied as once admitted."""
    s, found = m.Submission, []
    for some in chunks(ids):
        rows = {row.id: row for row in connection.execute(sa.select(s).where(s.id.in_(some)))}
        names = usernames({row.user_id for row in rows.values()})
        keys_of(connection).prepare(row.body for row in rows.values())
        mended = repaired(connection, some)
        for sid in some:
            author = trusted(rows[sid], names.get(rows[sid].user_id, ""))
            item = item_of(rows[sid], author, mended.get(sid))
            found.append((rows[sid], replace(item, admitted=rows[sid].why or "")))
    return found


def item_of(row: Any, author: Author, mended: str | None = None) -> Incoming:
    """A row of the log as an item. mended: its text as somebody repaired it."""
    rewritten = row.scope if row.rewritten else None
    try:
        keys = keys_of(db.session.connection())
        body = mended or keys.open(row.body, row.id).decode("utf-8", "surrogatepass")
    except ErasedError:
        body, rewritten = salvaged(db.session.connection(), row), row.scope
    received = datetime.fromisoformat(row.received)
    return Incoming(
        row.id, row.sha, body, author, received, row.install, row.n, row.device_id,
        rewritten=rewritten,
    )  # fmt: skip


def trusted(row: Any, username: str = "") -> Author:
    """The author as of then, whose rights were judged then."""
    return Author(row.user_id, row.author, row.role, trusted=True, username=username)
