"""The clinic of an area, to which its clients may agree to be referred.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMNS = ("clinic", "clinic_phone")


def upgrade() -> None:
    """Apply: no area has one."""
    for name in COLUMNS:
        op.add_column("area", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    for name in COLUMNS:
        op.drop_column("area", name)
