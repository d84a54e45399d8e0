"""Say of a register write only what its submission doesn't; name a state's submissions once.

Revision ID: 0002
Revises: 0001
"""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ENTITY = sa.table("entity", sa.column("id"), sa.column("state"))
PAGE = 500


def upgrade() -> None:
    """Drop what can be told from the submission, and an index that Mention makes needless."""
    with op.batch_alter_table("reg_write") as table:
        table.drop_index("ix_reg_write_entity_reg")
        table.drop_column("on_date")
        table.drop_column("at")
    _rewrite(shortened)


def downgrade() -> None:
    """Write it out again."""
    _rewrite(written_out)
    with op.batch_alter_table("reg_write") as table:
        table.add_column(sa.Column("on_date", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("at", sa.String(), nullable=False, server_default=""))
        table.create_index("ix_reg_write_entity_reg", ["entity", "reg"])
    for column in ("on_date", "at"):
        op.execute(
            f"UPDATE reg_write SET {column} = "
            f"(SELECT s.{column} FROM submission s WHERE s.id = reg_write.sid)"
        )
    with op.batch_alter_table("reg_write") as table:
        table.alter_column("on_date", server_default=None)
        table.alter_column("at", server_default=None)


def shortened(state: dict[str, Any]) -> dict[str, Any]:
    """`{register: [[v, sid, i, on, at], …]}` as `{by: [[sid, on, at], …], regs: {register: [[v, i,
    position in by], …]}}`.
    """
    by: dict[tuple[str, str, str], int] = {}
    regs = {
        name: [[v, i, by.setdefault((sid, on, at), len(by))] for v, sid, i, on, at in live]
        for name, live in state.items()
    }
    return {"by": list(by), "regs": regs}


def written_out(state: dict[str, Any]) -> dict[str, Any]:
    """The other way."""
    by = state["by"]
    return {
        name: [[v, by[k][0], i, by[k][1], by[k][2]] for v, i, k in live]
        for name, live in state["regs"].items()
    }


def _rewrite(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    connection, after = op.get_bind(), ""
    page = sa.select(ENTITY).order_by(ENTITY.c.id).limit(PAGE)
    while rows := connection.execute(page.where(ENTITY.c.id > after)).all():
        for row in rows:
            state = change(json.loads(row.state))
            text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
            connection.execute(sa.update(ENTITY).where(ENTITY.c.id == row.id).values(state=text))
        after = rows[-1].id
