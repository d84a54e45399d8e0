"""Does a copy hold all that phones may then forget, and does all of it open? Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.attachments.models import Blob
from fieldapp.sync.models import Submission

PAGE = 500


def lacking(live: Connection, copy: Connection, before: str) -> int:
    """How many of the visits and attachments received before a moment the copy lacks."""
    s, b = Submission, Blob
    visits = _Kind((s.id,), s.sha, s.received < before)
    whole = sa.and_(b.state == "stored", b.received < before)
    return visits.lacking(live, copy) + _Kind((b.sha, b.user_id), b.size, whole).lacking(live, copy)


def counts(connection: Connection) -> tuple[int, int]:
    """Visits and whole attachments."""
    whole = sa.select(sa.func.count()).select_from(Blob).where(Blob.state == "stored")
    visits = connection.scalar(sa.select(sa.func.count()).select_from(Submission))
    return int(visits or 0), int(connection.scalar(whole) or 0)


@dataclass(frozen=True)
class _Kind:
    """Rows of one table: what names one, what must be equal, and which are meant."""

    key: tuple[Any, ...]
    content: Any
    where: sa.ColumnElement[bool]

    def lacking(self, live: Connection, copy: Connection) -> int:
        """How many of them the copy lacks, or holds otherwise."""
        found = 0
        for page in self._pages(live):
            named = self.key[0].in_([row[0] for row in page])
            there = copy.execute(sa.select(*self.key, self.content).where(named))
            found += len({tuple(row) for row in page} - {tuple(row) for row in there})
        return found

    def _pages(self, connection: Connection) -> Iterator[list[Any]]:
        query = sa.select(*self.key, self.content).where(self.where)
        query = query.order_by(*self.key).limit(PAGE)
        after = tuple("" for _ in self.key)
        while rows := connection.execute(query.where(sa.tuple_(*self.key) > after)).all():
            yield list(rows)
            after = tuple(rows[-1])[:-1]
