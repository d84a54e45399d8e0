"""A nightly run that fails is tried again: how often it was begun, when next, what it failed of.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was cut off before is of a day that is over: the next run does all of it."""
    tries = sa.Column("tries", sa.Integer(), nullable=False, server_default="1")
    with op.batch_alter_table("retention_run") as table:
        table.add_column(tries)
        table.add_column(sa.Column("again", sa.String(), nullable=True))
        table.add_column(sa.Column("failed", sa.String(), nullable=True))
    with op.batch_alter_table("retention_run") as table:
        table.alter_column("tries", existing_type=sa.Integer(), server_default=None)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("retention_run") as table:
        for name in ("failed", "again", "tries"):
            table.drop_column(name)
