"""first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "area",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["parent"], ["area.code"], name=op.f("fk_area_parent_area")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_area")),
    )
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_area_parent"), ["parent"], unique=False)

    op.create_table(
        "area_head",
        sa.Column("area", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("area", name=op.f("pk_area_head")),
    )
    op.create_table(
        "conflict",
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("reg", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "reg", name=op.f("pk_conflict")),
    )
    op.create_table(
        "durable_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_durable_mark")),
    )
    op.create_table(
        "entity",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("areas", sa.String(), nullable=False),
        sa.Column("home", sa.String(), nullable=False),
        sa.Column("alive", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity")),
    )
    with op.batch_alter_table("entity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entity_type"), ["type"], unique=False)

    op.create_table(
        "entity_root",
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "root", name=op.f("pk_entity_root")),
    )
    with op.batch_alter_table("entity_root", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entity_root_root"), ["root"], unique=False)

    op.create_table(
        "feed_change",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ver", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("feed", "entity", name=op.f("pk_feed_change")),
        sa.UniqueConstraint("feed", "seq", name=op.f("uq_feed_change_feed_seq")),
    )
    with op.batch_alter_table("feed_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_change_entity"), ["entity"], unique=False)

    op.create_table(
        "feed_head",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("sum", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_feed_head")),
    )
    op.create_table(
        "form_version",
        sa.Column("form_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("published_at", sa.String(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("form_id", "version", name=op.f("pk_form_version")),
    )
    op.create_table(
        "install",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("n_max", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.String(), nullable=False),
        sa.Column("last_seen", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_install")),
    )
    with op.batch_alter_table("install", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_install_user_id"), ["user_id"], unique=False)

    op.create_table(
        "issue",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("i", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sid", "i", name=op.f("pk_issue")),
    )
    with op.batch_alter_table("issue", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issue_kind"), ["kind"], unique=False)

    op.create_table(
        "mention",
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "sid", name=op.f("pk_mention")),
    )
    with op.batch_alter_table("mention", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mention_sid"), ["sid"], unique=False)

    op.create_table(
        "reg_secret",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("i", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sid", "i", name=op.f("pk_reg_secret")),
    )
    op.create_table(
        "reg_sup",
        sa.Column("dot_sid", sa.String(), nullable=False),
        sa.Column("dot_i", sa.Integer(), nullable=False),
        sa.Column("by_sid", sa.String(), nullable=False),
        sa.Column("by_i", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("reg", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dot_sid", "dot_i", "by_sid", "by_i", name=op.f("pk_reg_sup")),
    )
    with op.batch_alter_table("reg_sup", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reg_sup_entity"), ["entity"], unique=False)

    op.create_table(
        "reg_write",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("i", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("reg", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("on_date", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sid", "i", name=op.f("pk_reg_write")),
    )
    with op.batch_alter_table("reg_write", schema=None) as batch_op:
        batch_op.create_index("ix_reg_write_entity_reg", ["entity", "reg"], unique=False)

    op.create_table(
        "submission",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("install", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("fv", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("corrects", sa.String(), nullable=True),
        sa.Column("entity", sa.String(), nullable=True),
        sa.Column("on_date", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("received", sa.String(), nullable=False),
        sa.Column("skew", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("review", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
    )
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_submission_corrects"), ["corrects"], unique=False)
        batch_op.create_index("ix_submission_desk", ["scope", "area", "review"], unique=False)
        batch_op.create_index("ix_submission_install_n", ["install", "n"], unique=False)
        batch_op.create_index(batch_op.f("ix_submission_received"), ["received"], unique=False)
        batch_op.create_index(batch_op.f("ix_submission_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_submission_user_id"), ["user_id"], unique=False)

    op.create_table(
        "submission_variant",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("received", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "sha", name=op.f("pk_submission_variant")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("install", sa.String(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("last_seen", sa.String(), nullable=False),
        sa.Column("revoked", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_device_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_user_id"), ["user_id"], unique=False)

    op.create_table(
        "login_session",
        sa.Column("token_sha", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("expires", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("token_sha", name=op.f("pk_login_session")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "user_grant",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["area"], ["area.code"], name=op.f("fk_user_grant_area_area")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_grant_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("user_id", "area", "scope", name=op.f("pk_user_grant")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("user_grant")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_session_user_id"))

    op.drop_table("login_session")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_user_id"))

    op.drop_table("device")
    op.drop_table("user_account")
    op.drop_table("submission_variant")
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_submission_user_id"))
        batch_op.drop_index(batch_op.f("ix_submission_state"))
        batch_op.drop_index(batch_op.f("ix_submission_received"))
        batch_op.drop_index("ix_submission_install_n")
        batch_op.drop_index("ix_submission_desk")
        batch_op.drop_index(batch_op.f("ix_submission_corrects"))

    op.drop_table("submission")
    with op.batch_alter_table("reg_write", schema=None) as batch_op:
        batch_op.drop_index("ix_reg_write_entity_reg")

    op.drop_table("reg_write")
    with op.batch_alter_table("reg_sup", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reg_sup_entity"))

    op.drop_table("reg_sup")
    op.drop_table("reg_secret")
    with op.batch_alter_table("mention", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mention_sid"))

    op.drop_table("mention")
    with op.batch_alter_table("issue", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_issue_kind"))

    op.drop_table("issue")
    with op.batch_alter_table("install", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_install_user_id"))

    op.drop_table("install")
    op.drop_table("form_version")
    op.drop_table("feed_head")
    with op.batch_alter_table("feed_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feed_change_entity"))

    op.drop_table("feed_change")
    with op.batch_alter_table("entity_root", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_entity_root_root"))

    op.drop_table("entity_root")
    with op.batch_alter_table("entity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_entity_type"))

    op.drop_table("entity")
    op.drop_table("durable_mark")
    op.drop_table("conflict")
    op.drop_table("area_head")
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_area_parent"))

    op.drop_table("area")
