"""Looks at one person's record in an emergency, and what was thought of them.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    """Apply: nobody has looked yet."""
    op.create_table(
        "emergency_look",
        *map(_text, ("id", "user_id", "name", "scope", "area", "subject", "found")),
        *(_text(name, nullable=True) for name in ("opened", "until", "due")),
        sa.Column("said", sa.LargeBinary(), nullable=True),
        *(_text(name, nullable=True) for name in ("verdict", "judged", "judged_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_look")),
    )
    columns = ["user_id", "until"]
    op.create_index("ix_emergency_look_user_id_until", "emergency_look", columns)
    op.create_index("ix_emergency_look_area_due", "emergency_look", ["area", "due"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("emergency_look")
