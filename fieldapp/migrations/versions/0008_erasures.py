"""Erasures, with their tombstones and the phones that must answer.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    """Apply: nothing was erased before."""
    op.add_column("submission", _text("rewritten", nullable=True))
    op.create_table(
        "erasure",
        *map(_text, ("id", "subject", "scope", "areas", "at", "cause", "reason")),
        sa.Column("whole", sa.Integer(), nullable=False),
        *map(_text, ("by", "feeds", "counts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index(op.f("ix_erasure_subject"), "erasure", ["subject"])
    op.create_index(op.f("ix_erasure_at"), "erasure", ["at"])
    op.create_table(
        "erased",
        *map(_text, ("entity", "reg", "erasure", "at", "feeds")),
        sa.PrimaryKeyConstraint("entity", "reg", name=op.f("pk_erased")),
    )
    op.create_index(op.f("ix_erased_erasure"), "erased", ["erasure"])
    op.create_table(
        "erasure_phone",
        *map(_text, ("erasure", "device")),
        _text("answered", nullable=True),
        sa.PrimaryKeyConstraint("erasure", "device", name=op.f("pk_erasure_phone")),
    )
    op.create_index(op.f("ix_erasure_phone_device"), "erasure_phone", ["device"])


def downgrade() -> None:
    """Take back: what was erased stays erased, but nobody remembers that it was."""
    for table in ("erasure_phone", "erased", "erasure"):
        op.drop_table(table)
    with op.batch_alter_table("submission") as submission:
        submission.drop_column("rewritten")
