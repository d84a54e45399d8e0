"""Everything in a database as bytes, sealed parts opened wherever the keys there open them."""

from collections.abc import Iterator
from types import SimpleNamespace

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.attachments.models import BlobChunk
from fieldapp.db import db
from fieldapp.subjects.files import seal_of
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import SealBrokenError
from tests.opened import ABOUT


def everything_that_opens(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """(table and column, bytes) of all there is; what can't be opened is given as it lies."""
    keys = keys_of(connection)
    for table in db.metadata.sorted_tables:
        column, about = ABOUT.get(table.name, ("", lambda _: ""))
        for row in connection.execute(sa.select(table)).mappings().all():
            for name, value in row.items():
                place = f"{table.name}.{name}"
                if isinstance(value, str):
                    yield place, value.encode()
                elif isinstance(value, bytes):
                    yield place, value
                    if name == column:
                        try:
                            yield (
                                f"{place}, opened",
                                keys.open(value, about(SimpleNamespace(**row))),
                            )
                        except SealBrokenError:
                            continue
    yield from _attachments(connection)


def _attachments(connection: Connection) -> Iterator[tuple[str, bytes]]:
    for chunk in connection.execute(sa.select(BlobChunk)).all():
        try:
            seal = seal_of(connection, (chunk.user_id, chunk.sha))
            if seal:
                about = f"{chunk.user_id}/{chunk.sha}/{chunk.at}"
                yield "attachment, opened", seal.open(chunk.sealed, about)
        except SealBrokenError:
            continue
