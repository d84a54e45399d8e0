"""Failed guesses are counted for all server processes together.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What the processes had counted ends with them."""
    op.create_table(
        "guess",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_guess")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("guess")
