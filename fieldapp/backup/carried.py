"""What a restore takes over from the database it replaces: who may come in, what they fill in, and
who was erased.

A phone revoked since the backup stays revoked and a password changed since stays changed; phones
enrolled and forms published since are known, so that what phones send again is taken in at once.
Nobody who was erased comes back with an older backup: they are erased in it too. What was withdrawn
or corrected at the desk since is on no phone: those requests are open again.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from fieldapp.accounts.models import LoginSession, SecondFactor, Training, User, UserGrant
from fieldapp.areas.models import Area
from fieldapp.devices.models import Device
from fieldapp.forms.models import FormFile, FormVersion
from fieldapp.glass.models import EmergencyLook
from fieldapp.rights.models import RetentionRun, RightsRequest
from fieldapp.rights.rules import DONE, DONE_BY, OPEN
from fieldapp.sync.bulk import upsert
from fieldapp.sync.models import Erased, Erasure, ErasurePhone

# In the order in which rows may be added; areas and forms only grow.
_GROWING = (Area, FormVersion, FormFile)
_REPLACED = (User, Training, UserGrant, SecondFactor, Device, LoginSession)
_RIGHTS = (Erasure, Erased, ErasurePhone, RightsRequest, RetentionRun, EmergencyLook)
_ALL = (*_GROWING, *_REPLACED, *_RIGHTS)
Rows = dict[str, list[dict[str, Any]]]
_LOST = {DONE_BY["withdraw"], DONE_BY["correct"]}
"""Outcomes that are submissions of the desk."""


def remember(engine: Engine) -> Rows | None:
    """The rows to take over, by table; None if they can't be read."""
    try:
        with engine.connect() as connection:
            return {model.__tablename__: _rows(connection, model) for model in _ALL}
    except SQLAlchemyError:
        return None


def put_in(connection: Connection, rows: Rows) -> int:
    """Write them over those of the backup; how many requests are open again, for the backup lacks
    what was done about them.
    """
    r = RightsRequest
    known = set(connection.scalars(sa.select(r.id).where(r.state == DONE)))
    lost = {
        row["id"]
        for row in rows[r.__tablename__]
        if row["outcome"] in _LOST and row["id"] not in known
    }
    for old in reversed(_REPLACED):
        connection.execute(sa.delete(old))
    for areas in _generations(rows[Area.__tablename__]):
        upsert(connection, Area, areas)
    for model in (*_GROWING[1:], *_REPLACED, *_RIGHTS):
        upsert(connection, model, rows[model.__tablename__])
    again = {"state": OPEN, "closed": None, "closed_by": None, "outcome": None}
    connection.execute(sa.update(r).where(r.id.in_(lost)).values(**again))
    return len(lost)


def _generations(areas: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Areas, parents before children."""
    while areas:
        left = {area["code"] for area in areas}
        yield [area for area in areas if area["parent"] not in left]
        areas = [area for area in areas if area["parent"] in left]


def _rows(connection: Connection, model: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.select(model.__table__)).mappings()]
