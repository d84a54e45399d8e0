"""Everything in a database as bytes, sealed parts opened wherever the keys there open them."""

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.attachments.models import BlobChunk
from fieldapp.db import db
from fieldapp.subjects.files import seal_of
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import SealBrokenError
from tests.opened import sealed_in


def everything_that_opens(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """(table and column, bytes) of all there is; what can't be opened is given as it lies."""
    keys = keys_of(connection)
    for table in db.metadata.sorted_tables:
        sealed = sealed_in(table.name)
        for row in connection.execute(sa.select(table)).mappings().all():
            for name, value in row.items():
                place = f"{table.name}.{name}"
                if isinstance(value, str):
                    yield place, value.encode()
                elif isinstance(value, bytes):
                    yield place, value
                    if name in sealed:
                        with suppress(SealBrokenError):
                            plain = keys.open(value, sealed[name](SimpleNamespace(**row)))
                            yield f"{place}, opened", plain
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
