"""What installs said of themselves."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from fieldapp.db import utc_text

from . import models as m
from .items import Incoming
from .wire import Submitted

_LATEST: Final = {"last_seen", "waiting", "waiting_at"}


def said(rows: dict[str, dict[str, Any]], item: Incoming, sent: Submitted | None) -> None:
    """Add to the rows of a batch, by install, what an item says of its own."""
    install = sent.install if sent else item.install
    if not install:
        return
    now, n = utc_text(item.received), sent.n if sent else item.n
    rows[install] = {
        "id": install,
        "user_id": item.author.user_id,
        "device_id": item.device_id,
        "n_max": max(n, rows.get(install, {}).get("n_max", 0)),
        "first_seen": now,
        "last_seen": now,
    }


def note_installs(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Remember what installs said of themselves: the greatest n, the last contact, what waits."""
    t = m.Install
    for row in rows:
        here = connection.execute(sa.select(t).where(t.id == row["id"])).first()
        if here is None:
            connection.execute(sa.insert(t).values(**row))
        elif here.user_id == row["user_id"]:  # nobody speaks for another's phone
            values = {name: row[name] for name in _LATEST & row.keys()}
            values["n_max"] = max(here.n_max, row["n_max"])
            connection.execute(sa.update(t).where(t.id == row["id"]).values(**values))
