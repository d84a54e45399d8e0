"""Reading the log as people may: submissions, what they wrote, what is odd about them.

Every read begins with a query of `seen`: visits of scopes and areas the person oversees, and the
person's own of those they read. The log never shows a secret answer.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from fieldapp import clock, wall
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.db import db
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import ErasedError

from . import models as m
from . import seen
from .aside import repaired
from .entities import Entity, marks
from .erased import WHY as ERASED
from .merge import Value
from .rules import CurrentRules, current_rules, describe
from .store import Store
from .transactions import chunks
from .written import Written as Values
from .written import writes

MAX_GAPS = 100


@dataclass(frozen=True)
class Logged:
    """A submission of the log without its answers; the columns of models.Submission."""

    id: str
    user_id: str
    author: str
    role: str
    form: str
    fv: str
    scope: str
    area: str
    corrects: str | None
    entity: str | None
    on: str
    at: str
    received: str
    skew: int | None
    state: str
    why: str | None
    review: str
    install: str
    n: int


@dataclass(frozen=True)
class Written:
    """A write of a submission: what it put where, and the values it replaced, newest first."""

    i: int
    entity: str
    reg: str
    v: Value
    on: str
    replaced: tuple[Value, ...]


def find(principal: Principal, sid: str) -> Logged | None:
    """One submission, or None if it isn't there for this person."""
    query = seen.visits(principal, *_columns()).where(m.Submission.id == sid)
    row = db.session.execute(query).first()
    return Logged(*row) if row else None


def submissions(
    principal: Principal,
    *where: sa.ColumnElement[bool],
    limit: int = 200,
    newest_first: bool = True,
) -> list[Logged]:
    """Submissions by receipt that meet further conditions on models.Submission."""
    s = m.Submission
    query = seen.visits(principal, *_columns()).where(*where)
    order = (s.received.desc(), s.id) if newest_first else (s.received, s.id)
    return [Logged(*row) for row in db.session.execute(query.order_by(*order).limit(limit))]


def answers(logged: Logged) -> dict[str, Any]:
    """What was answered, without secrets; empty for what can't be read."""
    body = document(db.session.connection(), logged.id)
    form = current_rules().form(logged.form, logged.fv)
    if form is None:
        return {}
    return form.masked(body.get("answers", {}))


def document(connection: sa.Connection, sid: str) -> dict[str, Any]:
    """The document of a submission, secrets and all; empty for what can't be read or was erased."""
    s = m.Submission
    kept = sa.or_(s.why.is_(None), s.why != ERASED)
    sealed = connection.scalar(sa.select(s.body).where(s.id == sid, kept))
    if not sealed:  # not here, or destroyed
        return {}
    try:
        mended = repaired(connection, [sid]).get(sid)
        found = json.loads(mended or keys_of(connection).open(sealed, sid))
    except (ValueError, RecursionError, ErasedError):
        return {}
    return found if isinstance(found, dict) else {}


def names_blob(
    user_id: sa.SQLColumnExpression[str], sha: sa.SQLColumnExpression[str]
) -> sa.ColumnElement[bool]:
    """The condition that a submission of this person names this attachment."""
    s, b = m.Submission, m.SubmissionBlob
    return sa.exists().where(b.sha == sha, s.id == b.sid, s.user_id == user_id)


def hopeful(user_id: sa.SQLColumnExpression[str]) -> sa.ColumnElement[bool]:
    """The condition that something of this person is kept aside because it can't be read."""
    s = m.Submission
    unread = s.why.in_(["parse", "too_large", "too_deep"])
    return sa.exists().where(s.user_id == user_id, s.state == "quarantined", unread)


def issues_of(sids: Collection[str]) -> dict[str, list[m.Issue]]:
    """By submission, the issues of those the caller was admitted to, in the form's order."""
    found: dict[str, list[m.Issue]] = {sid: [] for sid in sids}
    t = m.Issue
    query = sa.select(t).order_by(t.sid, t.known, t.i, t.id)
    for some in chunks(sids):
        for row in db.session.scalars(query.where(t.sid.in_(some))):
            found[row.sid].append(row)
    return found


def writes_of(sid: str) -> list[Written]:
    """What a submission wrote, in the order of its ops; filter by what the reader may see."""
    w, sup, s, t = m.RegWrite, m.RegSup, m.Submission, m.Mention
    query = writes(sup.by_i).join(sup, sa.and_(w.sid == sup.dot_sid, w.i == sup.dot_i))
    query = query.join(s, s.id == w.sid)
    same = (w.entity == sup.entity, w.reg == sup.reg)
    keys, replaced = keys_of(db.session.connection()), defaultdict[int, list[Value]](list)
    query = query.where(sup.by_sid == sid, *same).order_by(s.on_date.desc(), s.at.desc())
    old = db.session.execute(query).all()
    values = Values(keys, old)
    for row in old:
        replaced[row.by_i].append(values.value(row))
    on = db.session.scalar(sa.select(s.on_date).where(s.id == sid)) or ""
    rows = db.session.execute(writes().where(t.sid == sid).order_by(w.i)).all()
    values = Values(keys, rows)
    return [Written(r.i, r.entity, r.reg, values.value(r), on, tuple(replaced[r.i])) for r in rows]


def entities_of(sid: str) -> list[str]:
    """Ids of the entities a submission touches."""
    t = m.Mention
    return list(db.session.scalars(sa.select(t.entity).where(t.sid == sid).order_by(t.entity)))


def submissions_about(principal: Principal, entity: str) -> list[Logged]:
    """The submissions that touched an entity, newest first."""
    touching = sa.select(m.Mention.sid).where(m.Mention.entity == entity)
    return submissions(principal, m.Submission.id.in_(touching))


def numbers_of(install: str) -> set[int]:
    """The numbers of what came from a phone, of whatever scope, for whoever may know them all
    (`review.numbering`): of what they were, nothing.
    """
    s = m.Submission
    with wall.system("numbers of a phone"):
        return set(db.session.scalars(sa.select(s.n).where(s.install == install)))


def gaps_in(present: Collection[int], n_max: int) -> list[list[int]]:
    """Ranges `[lo, hi]` of 1 … n_max that are not present, at most MAX_GAPS."""
    missing: list[list[int]] = []
    expected = 1
    for n in [*sorted(n for n in present if 1 <= n <= n_max), n_max + 1]:
        if n > expected:
            missing.append([expected, n - 1])
        expected = max(expected, n + 1)
    return missing[:MAX_GAPS]


def _columns() -> list[Any]:
    names = ["on_date" if f.name == "on" else f.name for f in fields(Logged)]
    return [getattr(m.Submission, name) for name in names]


class Teller:
    """Tells an author of a returned submission what the phone needs to open it again."""

    def __init__(
        self, connection: sa.Connection, rules: CurrentRules, store: Store, principal: Principal
    ) -> None:
        self._connection, self._rules = connection, rules
        self._store, self._principal = store, principal

    def tell(self, sid: str) -> Mapping[str, str] | None:
        """`{form, fv, scope, area, title, answers, kept}`; None of what isn't theirs any more.

        answers: JSON, without secrets; kept: JSON list of the paths of those left out.
        """
        s = m.Submission
        query = seen.visits(self._principal, *_columns())
        query = query.where(s.id == sid, s.user_id == self._principal.user_id)
        row = self._connection.execute(query).first()
        if row is None:
            return None
        form = self._rules.form(row.form, row.fv)
        given = document(self._connection, sid).get("answers", {})
        shown = form.masked(given) if form else {}
        kept = form.secret_paths(given) if form else []
        return {
            "form": row.form,
            "fv": row.fv,
            "scope": row.scope,
            "area": row.area,
            "title": self._title(row.entity, row.scope),
            "answers": json.dumps(shown, ensure_ascii=False, separators=(",", ":")),
            "kept": json.dumps(kept),
        }

    def _title(self, entity_id: str | None, scope: str) -> str:
        """The title of what it is about, as the author's role sees it; blank if it no longer
        does."""
        there = seen.records(self._principal, m.Entity.id).where(m.Entity.id == entity_id)
        if self._connection.execute(there).first() is None:
            return ""
        entity: Entity | None = self._store.find(entity_id) if entity_id else None
        kind = self._rules.programs.type(scope, entity.type) if entity else None
        if entity is None or kind is None:
            return ""
        view = self._store.view_of(entity)
        props: dict[str, str] = {}
        dates: dict[str, dict[str, str]] = {}
        for audience in access.audiences(self._principal.role, scope):
            props |= entity.props(view, audience)
            dates |= marks(entity, view, audience)
        return describe(kind, props, dates, clock.now().date().isoformat())[0]


__all__: Sequence[str] = (
    "Logged",
    "Teller",
    "Written",
    "answers",
    "document",
    "entities_of",
    "find",
    "gaps_in",
    "hopeful",
    "issues_of",
    "names_blob",
    "submissions",
    "submissions_about",
    "writes_of",
)  # fmt: skip
