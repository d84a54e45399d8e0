"""The server's own keys made anew, and all that hangs on them, in one transaction.

For a database that was upgraded from one key for all: its log and mac keys were made of its first
secret, and whoever knows that could go on making them, however often another took over. It is also
what to do when a server key got out. Subjects' keys were random from the start and stay.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.subjects import keys as subject_keys
from fieldapp.subjects.keys import LOG, MAC, Keys
from fieldapp.subjects.models import FileKey, ServerKey
from fieldapp.subjects.sealing import SealBrokenError, Wrapper, is_about_nobody

from . import models as m
from . import service
from .aside import detail_about
from .erased import WHY
from .transactions import lock_everything, writing

# What is kept and not derived: (model, its sealed column, what the seal is bound to).
_KEPT: tuple[tuple[Any, Any, Any], ...] = (
    (m.Submission, "body", lambda row: row.id),
    (m.Submission, "detail", lambda row: detail_about(row.id)),
    (m.SubmissionVariant, "body", lambda row: row.id),
    (m.AsideDecision, "body", lambda row: row.id),
    (FileKey, "sealed", lambda row: f"file/{row.user_id}/{row.sha}"),
)
PAGE = 500


def renew(wrapper: Wrapper) -> int:
    """New log and mac keys; how many texts were sealed again. Everything derived is derived anew.

    Raises SealBrokenError, and changes nothing, if a text doesn't open.
    """
    with writing() as connection:
        lock_everything(connection)
        old = Keys(connection, wrapper)
        old.mac("", "")  # both keys are read before they go
        connection.execute(sa.delete(ServerKey).where(ServerKey.name.in_((LOG, MAC))))
        new = Keys(connection, wrapper)
        done = sum(_seal_again(connection, kind, old, new) for kind in _KEPT)
        subject_keys.forget(connection)
        service.derive_again(connection)
    return done


def _seal_again(connection: Connection, kind: Any, old: Keys, new: Keys) -> int:
    model, name, about = kind
    key, column, done = list(model.__table__.primary_key), getattr(model, name), 0
    after: tuple[str, ...] = tuple("" for _ in key)
    while rows := connection.execute(_page(model, key, column, after)).all():
        for row in rows:
            if not is_about_nobody(getattr(row, name) or b""):
                continue
            plain = _opened(old, row, name, about(row))
            if plain is None:
                continue
            mine = [one == getattr(row, one.name) for one in key]
            values = {name: new.seal(plain, about(row))}
            connection.execute(sa.update(model).where(*mine).values(**values))
            done += 1
        after = tuple(getattr(rows[-1], one.name) for one in key)
    return done


def _page(model: Any, key: list[Any], column: Any, after: tuple[str, ...]) -> sa.Select[Any]:
    why = [m.Submission.why] if model is m.Submission else []
    query = sa.select(*key, column, *why).where(sa.tuple_(*key) > after)
    return query.order_by(*key).limit(PAGE)


def _opened(old: Keys, row: Any, name: str, about: str) -> bytes | None:
    """None for what was sealed for nobody at all: the text of somebody erased. Raises
    SealBrokenError.
    """
    try:
        return old.open(getattr(row, name), about)
    except SealBrokenError:
        if getattr(row, "why", None) == WHY:
            return None
        raise
