"""What a phone said that still waits on it, of each scope.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply: no phone has said it yet."""
    op.add_column("install", sa.Column("waiting", sa.String(), nullable=True))
    op.add_column("install", sa.Column("waiting_at", sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("install") as install:
        install.drop_column("waiting_at")
        install.drop_column("waiting")
