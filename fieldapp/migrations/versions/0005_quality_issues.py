"""Quality issues with an id, a severity and a state, beside the visit.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from fieldapp.sync.quality import Finding, due_on, issue_id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PLAIN = ("sid", "i", "kind", "path")
NEW = (*PLAIN, "id", "known", "severity", "params", "opened", "due", "state", "owner", "fixer")
WHOLE = {"i", "known"}
EMPTY = {"owner", "fixer"}


def upgrade() -> None:
    """Every issue that stands becomes one that is open."""
    before = _rows(PLAIN)
    op.drop_table("issue")
    op.create_table(
        "issue",
        *(_column(name) for name in NEW),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
    )
    op.create_index(op.f("ix_issue_sid"), "issue", ["sid"])
    op.create_index("ix_issue_state", "issue", ["state", "due"])
    rows = {row["id"]: row for row in map(_opened, before)}
    if rows:
        table = sa.table("issue", *(sa.column(name) for name in NEW))
        op.bulk_insert(table, list(rows.values()))


def downgrade() -> None:
    """Without state or severity."""
    before = [{name: row[name] for name in PLAIN} for row in _rows(PLAIN)]
    op.drop_table("issue")
    op.create_table(
        "issue",
        *(_column(name) for name in (*PLAIN, "detail")),
        sa.PrimaryKeyConstraint("sid", "i", name=op.f("pk_issue")),
    )
    op.create_index(op.f("ix_issue_kind"), "issue", ["kind"])
    if before:
        table = sa.table("issue", *(sa.column(name) for name in (*PLAIN, "detail")))
        op.bulk_insert(table, [{**row, "detail": ""} for row in before])


def _column(name: str) -> sa.Column[Any]:
    kind = sa.Integer() if name in WHOLE else sa.String()
    return sa.Column(name, kind, nullable=name in EMPTY)


def _rows(names: tuple[str, ...]) -> list[dict[str, Any]]:
    issue = sa.table("issue", *(sa.column(name) for name in names))
    submission = sa.table("submission", sa.column("id"), sa.column("received"))
    query = sa.select(*issue.c, submission.c.received).join(
        submission, submission.c.id == issue.c.sid
    )
    found = op.get_bind().execute(query.order_by(issue.c.sid, issue.c.i))
    return [dict(row._mapping) for row in found]


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    opened = row["received"][:10]
    severity = Finding(row["path"], row["kind"]).severity
    return {name: row[name] for name in PLAIN} | {
        "id": issue_id(row["sid"], row["kind"], row["path"]),
        "known": 0,
        "severity": severity,
        "params": "{}",
        "opened": opened,
        "due": due_on(opened, severity),
        "state": "open",
        "owner": None,
        "fixer": None,
    }
