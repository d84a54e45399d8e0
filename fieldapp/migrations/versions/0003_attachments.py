"""Attachments: what visits name, and the bytes as they arrive.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "submission_blob",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sid", "sha", name=op.f("pk_submission_blob")),
    )
    op.create_index(op.f("ix_submission_blob_sha"), "submission_blob", ["sha"])
    op.create_table(
        "blob",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("have", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("began", sa.String(), nullable=False),
        sa.Column("received", sa.String(), nullable=True),
        sa.Column("aside", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "sha", name=op.f("pk_blob")),
    )
    for column in ("device_id", "began"):
        op.create_index(op.f(f"ix_blob_{column}"), "blob", [column])
    op.create_table(
        "blob_chunk",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "sha", "at", name=op.f("pk_blob_chunk")),
    )


def downgrade() -> None:
    """Take back: the attachments are gone."""
    for table in ("blob_chunk", "blob", "submission_blob"):
        op.drop_table(table)
