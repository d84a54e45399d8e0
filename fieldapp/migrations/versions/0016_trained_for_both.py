"""Both scopes only for who was trained; a grant knows its holder's role, and so what it may be.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from fieldapp import clock
from fieldapp.db import utc_text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TEXT = sa.String()
KEY = "fk_user_grant_user_id_user_account"
HOUSING = "'head', 'assistant', 'grid', 'area'"


def upgrade() -> None:
    """Apply. Who holds both goes on, marked as of before: a grant taken away overnight would leave
    a worker at a door without her records, and a day of training made up here would be a lie.
    """
    op.create_table(
        "training",
        *(sa.Column(name, TEXT, nullable=False) for name in ("user_id", "trained_on", "asked_by",
                                                            "asked", "approved_by")),
        sa.Column("approved", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_training_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_training")),
    )  # fmt: skip
    both = """INSERT INTO training (user_id, trained_on, asked_by, asked, approved_by, approved)
        SELECT u.id, '', '', '', '', :now FROM user_account u WHERE u.role = 'worker'
            AND 2 = (SELECT count(DISTINCT g.scope) FROM user_grant g WHERE g.user_id = u.id)"""
    op.get_bind().execute(sa.text(both), {"now": utc_text(clock.now())})
    op.add_column("user_grant", sa.Column("role", TEXT, nullable=True))
    op.execute("""UPDATE user_grant SET role =
        (SELECT u.role FROM user_account u WHERE u.id = user_grant.user_id)""")
    # None of these ever opened anything: the role has no part in the scope.
    op.execute(f"""DELETE FROM user_grant WHERE scope = 'health' AND role IN ({HOUSING})
        OR scope = 'housing' AND role = 'nurse'""")
    op.create_index("ix_user_account_id_role", "user_account", ["id", "role"], unique=True)
    with op.batch_alter_table("user_grant") as table:
        table.alter_column("role", existing_type=TEXT, nullable=False)
        table.drop_constraint(op.f(KEY), type_="foreignkey")
        table.create_foreign_key(op.f(KEY), "user_account", ["user_id", "role"], ["id", "role"])
        table.create_check_constraint(
            op.f("ck_user_grant_housing_alone"), f"scope = 'housing' OR role NOT IN ({HOUSING})"
        )
        table.create_check_constraint(
            op.f("ck_user_grant_health_alone"), "scope = 'health' OR role NOT IN ('nurse')"
        )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("user_grant") as table:
        table.drop_constraint(op.f("ck_user_grant_health_alone"), type_="check")
        table.drop_constraint(op.f("ck_user_grant_housing_alone"), type_="check")
        table.drop_constraint(op.f(KEY), type_="foreignkey")
        table.create_foreign_key(op.f(KEY), "user_account", ["user_id"], ["id"])
        table.drop_column("role")
    op.drop_index("ix_user_account_id_role", table_name="user_account")
    op.drop_table("training")
