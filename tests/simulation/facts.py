"""What the server knows, as the oracle compares it: the log, and what was derived from it."""

from typing import Any

import sqlalchemy as sa

from fieldapp.attachments.models import Blob
from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync.log import gaps_in


def gather() -> dict[str, Any]:
    """What was derived, and `{log: [[id, sha, state, why, install, n, user]], variants, heads,
    gaps}`; gaps by install.
    """
    s, v = m.Submission, m.SubmissionVariant
    log = _rows(sa.select(s.id, s.sha, s.state, s.why, s.install, s.n, s.user_id))
    return derived() | {
        "log": log,
        "blobs": [row[0] for row in _rows(sa.select(Blob.sha).where(Blob.state == "stored"))],
        "variants": _rows(sa.select(v.id, v.sha)),
        "heads": heads(),
        "gaps": _gaps(log),
    }


def heads() -> dict[str, list[Any]]:
    """Of each feed `[sum, count, epoch]`."""
    h = m.FeedHead
    return {row[0]: row[1:] for row in _rows(sa.select(h.feed, h.sum, h.count, h.epoch))}


def derived() -> dict[str, Any]:
    """`{feeds: {feed: {entity: ver}}, conflicts: [[entity, register]]}`."""
    t, c = m.FeedChange, m.Conflict
    feeds: dict[str, dict[str, str]] = {}
    for feed, entity, ver in _rows(sa.select(t.feed, t.entity, t.ver).where(t.ver.is_not(None))):
        feeds.setdefault(feed, {})[entity] = ver
    conflicts = _rows(sa.select(c.entity, c.reg).order_by(c.entity, c.reg))
    return {"feeds": feeds, "conflicts": conflicts}


def _gaps(log: list[list[Any]]) -> dict[str, list[list[int]]]:
    present: dict[str, set[int]] = {}
    for row in log:
        present.setdefault(row[4], set()).add(row[5])
    rows = _rows(sa.select(m.Install.id, m.Install.n_max))
    return {install: gaps_in(present.get(install, set()), n_max) for install, n_max in rows}


def _rows(query: sa.Select[Any]) -> list[list[Any]]:
    return [list(row) for row in db.session.connection().execute(query)]
