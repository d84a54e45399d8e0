"""Where somebody is logged in, told by the browser; a new token when rights change.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply: sessions that are open go on, each under a new token at its next request."""
    op.add_column(
        "login_session", sa.Column("agent", sa.String(), nullable=False, server_default="")
    )
    op.add_column(
        "login_session", sa.Column("rights", sa.String(), nullable=False, server_default="")
    )
    op.add_column("login_session", sa.Column("former_sha", sa.String(), nullable=True))
    op.add_column("login_session", sa.Column("renewed", sa.String(), nullable=True))
    op.create_index(op.f("ix_login_session_former_sha"), "login_session", ["former_sha"])


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_login_session_former_sha"), table_name="login_session")
    with op.batch_alter_table("login_session") as table:
        for name in ("renewed", "former_sha", "rights", "agent"):
            table.drop_column(name)
