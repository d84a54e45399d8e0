"""Who published a form, and the author's file as it was.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply: of forms published before, the text is the origin, and nobody is named."""
    op.add_column("form_version", sa.Column("published_by", sa.String(), nullable=True))
    op.add_column("form_version", sa.Column("kind", sa.String(), nullable=True))
    op.add_column("form_version", sa.Column("origin", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("form_version") as table:
        for column in ("origin", "kind", "published_by"):
            table.drop_column(column)
