"""Which versions of forms came with the product: an upgrade replaces those, and no others.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
# All that came with the product until then.
CAME = {
    "2025-1": (
        "consent_record", "contra_followup", "preg_followup", "rental_register",
        "safeguarding_note",
    ),
    "2026-1": ("consent_record", "contra_followup", "preg_followup"),
}  # fmt: skip


def upgrade() -> None:
    """Apply: mark those that came with the product."""
    packaged = sa.Column("packaged", sa.Integer(), nullable=False, server_default="0")
    op.add_column("form_version", packaged)
    t = sa.table(
        "form_version", *map(sa.column, ("form_id", "version", "published_by", "packaged"))
    )
    for version, forms in CAME.items():
        came = t.c.version == version, t.c.form_id.in_(forms), t.c.published_by.is_(None)
        op.execute(sa.update(t).where(*came).values(packaged=1))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("form_version") as form_version:
        form_version.drop_column("packaged")
