"""Another secret: every key wrapped anew, in one transaction. What is sealed stays as it is.

Interrupted, nothing changed; run again, what is wrapped already is left alone. Writers wait
meanwhile, and one that still goes by the old secret finds that out before its key is kept (`keys`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.accounts.models import SecondFactor
from fieldapp.sync.bulk import insert_new, upsert
from fieldapp.sync.transactions import is_postgres

from .keys import POST
from .models import ServerKey, SubjectKey
from .sealing import KID, Wrapper, derived

PAGE = 1000


@dataclass
class Rotated:
    """How many keys were wrapped anew, and how many were so already."""

    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Standing:
    """How the keys of a database stand. strange: wrapped under another secret than this one; made:
    of the server's own those that can be made of this secret, which an upgrade took over.
    """

    server: int
    subjects: int
    destroyed: int
    strange: int
    made: int


def rotate(
    connection: Connection, old: Wrapper, new: Wrapper, posts: Mapping[str, bytes]
) -> Rotated:
    """Wrap every key under another secret, and keep the keys that the old one made for phones to
    seal to (`SealingKeys.scalars`). Raises SealBrokenError if one opens under neither.
    """
    if is_postgres(connection):
        tables = ", ".join(model.__tablename__ for model, _, _ in _KINDS)
        connection.exec_driver_sql(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")
    done = Rotated()
    for model, key, prefix in _KINDS:
        for rows in _pages(connection, model, key):
            changed = [_again(row, key, prefix, old, new) for row in rows if _is_old(row, new)]
            upsert(connection, model, changed)
            done.changed += len(changed)
            done.unchanged += len(rows) - len(changed)
    kept = {f"{POST}{key_id}": key for key_id, key in posts.items()}
    rows = [{"name": n, "wrapped": new.wrap(key, f"server/{n}")} for n, key in kept.items()]
    insert_new(connection, ServerKey, rows)
    return done


def standing(connection: Connection, wrapper: Wrapper) -> Standing:
    """Counts."""
    strange, found = 0, dict.fromkeys((model for model, _, _ in _KINDS), 0)
    for model, key, _ in _KINDS:
        for rows in _pages(connection, model, key):
            found[model] += len(rows)
            strange += sum(_is_old(row, wrapper) for row in rows)
    gone = sa.select(sa.func.count()).where(SubjectKey.wrapped.is_(None))
    destroyed = int(connection.scalar(gone) or 0)
    made = made_of(connection, wrapper)
    return Standing(found[ServerKey], found[SubjectKey], destroyed, strange, made)


def made_of(connection: Connection, wrapper: Wrapper) -> int:
    """How many of the server's keys can be made of a secret, instead of being random."""
    t = ServerKey
    rows = connection.execute(sa.select(t.name, t.wrapped)).all()
    return sum(
        wrapper.unwrap(row.wrapped, f"server/{row.name}") == derived(wrapper.secret, old)
        for row in rows
        if not _is_old(dict(row._mapping), wrapper)
        for old in (f"fieldapp/{row.name}/1",)
    )


_KINDS: tuple[tuple[Any, str, str], ...] = (
    (ServerKey, "name", "server"),
    (SubjectKey, "subject", "subject"),
    (SecondFactor, "user_id", "factor"),
)


def _is_old(row: dict[str, Any], wrapper: Wrapper) -> bool:
    return bytes(row["wrapped"][:KID]) != wrapper.id


def _again(
    row: dict[str, Any], key: str, prefix: str, old: Wrapper, new: Wrapper
) -> dict[str, Any]:
    name = f"{prefix}/{row[key]}"
    return row | {"wrapped": new.wrap(old.unwrap(row["wrapped"], name), name)}


def _pages(connection: Connection, model: Any, key: str) -> Iterator[list[dict[str, Any]]]:
    """Rows with a key that is there."""
    column, after = getattr(model, key), ""
    query = sa.select(model.__table__).where(model.wrapped.is_not(None)).order_by(column)
    while True:
        found = connection.execute(query.where(column > after).limit(PAGE)).mappings()
        rows = [dict(row) for row in found]
        if not rows:
            return
        yield rows
        after = rows[-1][key]
