"""What was wrong with a submission that is kept aside is sealed as its body is.

It may name a record, or hold what came. Of a body that is gone or opens no more, it goes too.

Revision ID: 0015
Revises: 0014
"""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from flask import current_app

from fieldapp.subjects.keys import Keys
from fieldapp.subjects.sealing import SealBrokenError, wrapper_for

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PAGE = 500
TEXT, BYTES = sa.String(), sa.LargeBinary()


def upgrade() -> None:
    """Seal what there is under the keys of its body."""
    _replace(BYTES, lambda keys, row: keys.seal_like(row.body, row.detail.encode(), _about(row)))


def downgrade() -> None:
    """Open it again."""
    _replace(TEXT, lambda keys, row: keys.open(row.detail, _about(row)).decode("utf-8", "replace"))


def _blank(kind: Any) -> bytes | str:
    return b"" if kind is BYTES else ""


def _about(row: Any) -> str:
    return f"detail/{row.id}"


def _replace(kind: Any, made: Callable[[Keys, Any], Any]) -> None:
    """Another column in the place of `detail`. PostgreSQL writes the table anew for it, and leaves
    nothing of the old one in its file; SQLite overwrites what it drops.
    """
    was = BYTES if kind is TEXT else TEXT
    op.add_column("submission", sa.Column("said", kind, nullable=True))
    keys = Keys(op.get_bind(), wrapper_for(current_app.config["SETTINGS"].secret))
    columns: list[Any] = [sa.column("id"), sa.column("said", kind), sa.column("detail", was)]
    t = sa.table("submission", *columns)
    blank = sa.update(t).where(t.c.detail == _blank(was))
    op.get_bind().execute(blank.values(said=_blank(kind)))
    for row in _rows(was):
        try:
            said = made(keys, row)
        except SealBrokenError:
            continue
        op.get_bind().execute(sa.update(t).where(t.c.id == row.id).values(said=said))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("submission", "detail", type_=kind, postgresql_using="said")
        op.drop_column("submission", "said")
        return
    with op.batch_alter_table("submission") as table:
        table.drop_column("detail")
        table.alter_column("said", new_column_name="detail", existing_type=kind, nullable=True)


def _rows(was: Any) -> Iterator[Any]:
    """Those with a detail and a body, in order of their ids."""
    names: list[Any] = [sa.column("id"), sa.column("detail", was), sa.column("body", BYTES)]
    t, after = sa.table("submission", *names), ""
    query = sa.select(t).where(
        t.c.detail != _blank(was), t.c.body != b"", t.c.id > sa.bindparam("a")
    )
    query = query.order_by(t.c.id).limit(PAGE)
    while rows := op.get_bind().execute(query, {"a": after}).all():
        yield from rows
        after = rows[-1].id
