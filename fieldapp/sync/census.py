"""How much hangs on a form: visits per version, what phones last used, values that are kept. Counts
only; no content and no names.
"""

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from fieldapp import wall
from fieldapp.db import db

from . import models as m


def visits_by_version() -> dict[tuple[str, str], int]:
    """Visits taken in, per form and version."""
    query = sa.select(m.Submission.form, m.Submission.fv, sa.func.count())
    with wall.system("counts of forms"):
        rows = db.session.execute(query.group_by(m.Submission.form, m.Submission.fv))
        return {(form, version): count for form, version, count in rows}


def last_versions(devices: Collection[str]) -> dict[str, dict[str, str]]:
    """Per form and phone, of these phones: the version of its latest visit."""
    t = m.Submission
    newest = (
        sa.select(t.form, t.device_id, sa.func.max(t.at).label("at"))
        .where(t.device_id.in_(devices))
        .group_by(t.form, t.device_id)
        .subquery()
    )
    same = sa.and_(t.form == newest.c.form, t.device_id == newest.c.device_id, t.at == newest.c.at)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    query = sa.select(t.form, t.device_id, t.fv).join(newest, same)
    with wall.system("counts of forms"):
        for form, device, version in db.session.execute(query):
            found[form][str(device)] = version
    return found


def kept_values(scope: str, type_name: str, registers: Collection[str]) -> dict[str, int]:
    """Per register of a type: records in which it holds a value that came from a visit."""
    w, e = m.RegWrite, m.Entity
    query = (
        sa.select(w.reg, sa.func.count(sa.distinct(w.entity)))
        .join(m.Mention, sa.and_(m.Mention.sid == w.sid, m.Mention.entity == w.entity))
        .join(e, e.id == m.Mention.entity)
        .where(e.scope == scope, e.type == type_name, w.reg.in_(registers))
        .group_by(w.reg)
    )
    with wall.system("counts of forms"):
        return {row[0]: row[1] for row in db.session.execute(query)}
