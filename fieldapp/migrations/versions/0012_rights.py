"""Requests of people about their data; the daily run of retention.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    """Apply: nobody has asked for anything yet."""
    op.create_table(
        "rights_request",
        *map(_text, ("id", "kind", "subject", "scope", "area", "asked", "due", "state", "made")),
        *map(_text, ("user_id", "name", "role")),
        *(_text(name, nullable=True) for name in ("closed", "closed_by", "outcome", "erasure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_request")),
    )
    op.create_index(op.f("ix_rights_request_subject"), "rights_request", ["subject"])
    op.create_index("ix_rights_request_state_due", "rights_request", ["state", "due"])
    op.create_table(
        "retention_run",
        _text("day"),
        _text("began"),
        _text("ended", nullable=True),
        sa.Column("erased", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_retention_run")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("retention_run")
    op.drop_table("rights_request")
