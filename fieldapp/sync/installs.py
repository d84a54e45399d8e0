"""What installs said of themselves."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from . import models as m


def note_installs(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Remember what installs said of themselves: the greatest n, the last contact."""
    t = m.Install
    for row in rows:
        here = connection.execute(sa.select(t).where(t.id == row["id"])).first()
        if here is None:
            connection.execute(sa.insert(t).values(**row))
        elif here.user_id == row["user_id"]:  # nobody speaks for another's phone
            values = {"n_max": max(here.n_max, row["n_max"]), "last_seen": row["last_seen"]}
            connection.execute(sa.update(t).where(t.id == row["id"]).values(**values))
