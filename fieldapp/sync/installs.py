"""What installs said of themselves."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fieldapp.db import utc_text

from . import models as m
from .items import Incoming
from .transactions import is_postgres
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
    for row in rows:
        connection.execute(_note(is_postgres(connection), tuple(row)), row)


@lru_cache(maxsize=16)
def _note(on_postgres: bool, columns: tuple[str, ...]) -> Any:
    """The statement for rows of these columns, made once. Nobody speaks for another's phone."""
    t = m.Install
    dialect = postgresql if on_postgres else sqlite
    given = dialect.insert(t).values({name: sa.bindparam(name) for name in columns})
    new = given.excluded
    latest = {name: new[name] for name in columns if name in _LATEST}
    greatest = sa.case((new.n_max > t.n_max, new.n_max), else_=t.n_max)
    return given.on_conflict_do_update(
        index_elements=[t.id], set_={**latest, "n_max": greatest}, where=t.user_id == new.user_id
    )
