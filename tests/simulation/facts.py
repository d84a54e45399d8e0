"""What the server knows, as the oracle compares it: the log, and what was derived from it."""

from typing import Any

import sqlalchemy as sa

from fieldapp.attachments.models import Blob
from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync.log import gaps_in

_s, _v, _h, _t, _c = m.Submission, m.SubmissionVariant, m.FeedHead, m.FeedChange, m.Conflict
# Asked in every history, so made once.
LOG = sa.select(_s.id, _s.sha, _s.state, _s.why, _s.install, _s.n, _s.user_id)
BLOBS = sa.select(Blob.sha).where(Blob.state == "stored")
VARIANTS = sa.select(_v.id, _v.sha)
HEADS = sa.select(_h.feed, _h.sum, _h.count, _h.epoch)
CHANGES = sa.select(_t.feed, _t.entity, _t.ver).where(_t.ver.is_not(None))
CONFLICTS = sa.select(_c.entity, _c.reg).order_by(_c.entity, _c.reg)
INSTALLS = sa.select(m.Install.id, m.Install.n_max)


def gather() -> dict[str, Any]:
    """What was derived, and `{log: [[id, sha, state, why, install, n, user]], variants, heads,
    gaps}`; gaps by install.
    """
    log = _rows(LOG)
    return derived() | {
        "log": log,
        "blobs": [row[0] for row in _rows(BLOBS)],
        "variants": _rows(VARIANTS),
        "heads": heads(),
        "gaps": _gaps(log),
    }


def heads() -> dict[str, list[Any]]:
    """Of each feed `[sum, count, epoch]`."""
    return {row[0]: row[1:] for row in _rows(HEADS)}


def derived() -> dict[str, Any]:
    """`{feeds: {feed: {entity: ver}}, conflicts: [[entity, register]]}`."""
    feeds: dict[str, dict[str, str]] = {}
    for feed, entity, ver in _rows(CHANGES):
        feeds.setdefault(feed, {})[entity] = ver
    return {"feeds": feeds, "conflicts": _rows(CONFLICTS)}


def _gaps(log: list[list[Any]]) -> dict[str, list[list[int]]]:
    present: dict[str, set[int]] = {}
    for row in log:
        present.setdefault(row[4], set()).add(row[5])
    return {
        install: gaps_in(present.get(install, set()), n_max) for install, n_max in _rows(INSTALLS)
    }


def _rows(query: sa.Select[Any]) -> list[list[Any]]:
    return [list(row) for row in db.session.connection().execute(query)]
