"""A password that somebody else chose opens for a time only, until the person chose their own.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply: the passwords there are, are their owners' own."""
    op.add_column("user_account", sa.Column("first_until", sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("user_account", "first_until")
