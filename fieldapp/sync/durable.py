"""Which work is safe for good: the fence before a backup, and the mark after it was verified.

    floor = fence()          everything received earlier is committed, and nothing will be any more
    …                        the copy is made and checked
    cover(floor)             phones may forget what was received before the floor

A moment of receipt alone would not do: a writer may be slow, and clocks are set back. So whoever
writes work asks for the floor first and dates nothing before it, and the fence waits for those who
asked earlier. Then the mark covers nothing that the copy lacks.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp import clock
from fieldapp.db import utc_text

from .bulk import upsert
from .models import DurableMark
from .transactions import is_postgres, writing

_LOCK = 0x6669656C64  # an advisory lock's number: "field"
_STEP = timedelta(microseconds=1)
_ONLY = 1  # the row's id
_MARK = sa.select(DurableMark.before, DurableMark.floor).where(DurableMark.id == _ONLY)


def fence() -> str:
    """A moment that divides what the next copy holds from what comes later."""
    with writing() as connection:
        if is_postgres(connection):
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        row = _row(connection)
        floor = clock.now()
        if row.floor:  # above the last one, or what was dated to it would never be covered
            floor = max(floor, datetime.fromisoformat(row.floor) + _STEP)
        _write(connection, row.before, utc_text(floor))
    return utc_text(floor)


def cover(before: str) -> None:
    """What was received before this moment is in a verified backup. The mark only moves forward."""
    with writing() as connection:
        row = _row(connection)
        _write(connection, max(row.before, before), row.floor)


def durable_before(connection: Connection) -> str:
    """What was received before this moment is in a verified backup; blank if nothing is."""
    return str(_row(connection).before)


def not_before(connection: Connection) -> datetime:
    """The fence: nothing counts as received earlier, whatever the clock says.

    Begins every transaction that takes work in; until it ends, no new fence is set.
    """
    if is_postgres(connection):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))
    floor = _row(connection).floor
    return datetime.fromisoformat(floor) if floor else datetime.min.replace(tzinfo=UTC)


def _row(connection: Connection) -> DurableMark:
    row = connection.execute(_MARK).first()
    return (
        DurableMark(before=row.before, floor=row.floor) if row else DurableMark(before="", floor="")
    )


def _write(connection: Connection, before: str, floor: str) -> None:
    upsert(connection, DurableMark, [{"id": _ONLY, "before": before, "floor": floor}])
