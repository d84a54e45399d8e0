"""Files that come with forms: pictures, sounds, lists.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "form_file",
        sa.Column("form_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("given", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("form_id", "version", "name", name=op.f("pk_form_file")),
    )
    op.create_index(op.f("ix_form_file_sha"), "form_file", ["sha"])


def downgrade() -> None:
    """Take back: forms lose their files."""
    op.drop_table("form_file")
