"""A fence before each backup; repairs of copies; who let in or mended what was kept aside, and why.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply: what was safe before stays safe."""
    op.add_column(
        "durable_mark", sa.Column("floor", sa.String(), nullable=False, server_default="")
    )
    op.add_column("install", sa.Column("repairs", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("install", sa.Column("repaired", sa.String(), nullable=True))
    op.create_table(
        "aside_decision",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aside_decision")),
    )
    op.create_index(op.f("ix_aside_decision_sid"), "aside_decision", ["sid"])


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_aside_decision_sid"), table_name="aside_decision")
    op.drop_table("aside_decision")
    with op.batch_alter_table("install") as table:
        table.drop_column("repaired")
        table.drop_column("repairs")
    with op.batch_alter_table("durable_mark") as table:
        table.drop_column("floor")
