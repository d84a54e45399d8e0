"""The query builder: every read of the log and of records for people begins with one of these.

Each gives a SELECT that is already confined to what the person may read, in columns of the caller's
choosing; conditions, joins and order are added to it, and can only make it less. No other module
selects from these tables, but those that are sync itself (tests/repo/test_walls.py).

    seen.visits(principal, S.id, S.at).where(S.review == "received")
    seen.records(principal, m.Entity, F.feed).where(m.Entity.type == "client")
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, areas_of, scopes_of, visible_feeds
from fieldapp.db import utc_text
from fieldapp.glass.models import EmergencyLook
from fieldapp.subjects.models import EntitySubject

from . import models as m
from .written import writes as readable

S, F, C, W, T = m.Submission, m.FeedChange, m.Conflict, m.RegWrite, m.Issue
Condition = sa.ColumnElement[bool]
# Kept aside, and its text wasn't destroyed at the end of its days; or was.
STILL_ASIDE = sa.and_(S.state == "quarantined", sa.func.length(S.body) > 0)
DESTROYED = sa.and_(S.state == "quarantined", sa.func.length(S.body) == 0)


def visits(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Submissions of scopes and areas the person oversees; of those they read, their own too."""
    return sa.select(*columns).select_from(S).where(admitted(principal))


def overseen(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Submissions of scopes and areas the person oversees, whoever wrote them."""
    return visits(principal, *columns).where(S.scope.in_(_overseen(principal)))


def issues(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Quality issues of the submissions the person oversees, each with its submission."""
    scopes = [scope for scope in access.SCOPES if "R" in access.issue_acts(principal.role, scope)]
    query = sa.select(*columns).select_from(T).join(S, S.id == T.sid)
    return query.where(admitted(principal), S.scope.in_(scopes))


def aside(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Submissions that are or were kept aside: all for an administrator, who is told nothing of
    what they say; for an overseer what is known to be of their areas."""
    decided = sa.select(m.AsideDecision.sid)
    kept = sa.or_(STILL_ASIDE, S.id.in_(decided))
    return sa.select(*columns).select_from(S).where(_aside_for(principal), kept)


def records(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Entities of the person's feeds, each with a feed it is in."""
    query = sa.select(*columns).select_from(m.Entity).join(F, F.entity == m.Entity.id)
    return query.where(F.ver.is_not(None), F.feed.in_(visible_feeds(principal)))


def lent(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Entities about people whom the person looks up in an emergency, while a look is open; each
    with the subject it is about. They are in no feed of the person's.
    """
    also, k = sa.orm.aliased(EntitySubject), EntitySubject
    others = sa.exists().where(also.entity == k.entity, also.subject != k.subject)
    query = sa.select(*columns).select_from(m.Entity).join(k, k.entity == m.Entity.id)
    return query.where(m.Entity.alive == 1, _is_lent(principal), ~others)


def conflicts(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Conflicts in entities of the person's feeds; which registers they see is the caller's to
    say."""
    query = sa.select(*columns).select_from(C).join(m.Entity, m.Entity.id == C.entity)
    return query.where(_is_there(C.entity, visible_feeds(principal)))


def writes(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Writes to entities of the person's feeds (`written.writes`), each with its submission and
    further columns; as for conflicts."""
    query = readable(*columns).join(S, S.id == W.sid)
    return query.where(_is_there(W.entity, visible_feeds(principal)))


def written(principal: Principal, *columns: Any) -> sa.Select[Any]:
    """Writes of the submissions the person may read, e.g. of decisions, which are in no feed."""
    return readable(*columns).join(S, S.id == W.sid).where(admitted(principal))


def count_of(query: Any) -> sa.Select[Any]:
    """How many rows a query of this module gives."""
    return sa.select(sa.func.count()).select_from(query)


def count_of_visit(column: Any) -> sa.Select[Any]:
    """How many there are of something, to be joined to the visit of an outer query."""
    return sa.select(sa.func.count(column))


def numbers(*columns: Any) -> sa.Select[Any]:
    """Of everybody's submissions what an administrator may know: that they came, how many, when."""
    return sa.select(*columns).select_from(S)


def installs(users: Sequence[str]) -> sa.Select[Any]:
    """What the phones of these people said of themselves."""
    return sa.select(m.Install).where(m.Install.user_id.in_(users))


def touching(entity_id: str) -> sa.Select[Any]:
    """Ids of the submissions that touched an entity, to narrow another query with."""
    return sa.select(m.Mention.sid).where(m.Mention.entity == entity_id)


def authors_of(sids: Sequence[str]) -> sa.Select[Any]:
    """Who wrote the values that somebody was shown, when, with which form: id, author, at, form."""
    columns: tuple[Any, ...] = (S.id, S.author, S.at, S.form)
    return sa.select(*columns).where(S.id.in_(sids))


def admitted(principal: Principal) -> Condition:
    """The condition on Submission for what this person may read."""
    mine = _granted(principal, _overseen(principal))
    own = sa.or_(S.scope == "", *_granted(principal, scopes_of(principal)))
    return sa.or_(sa.and_(S.user_id == principal.user_id, own), *mine, *_of_no_scope(mine))


def _overseen(principal: Principal) -> list[str]:
    return [scope for scope in access.SCOPES if access.may_oversee(principal.role, scope)]


def _granted(principal: Principal, scopes: Sequence[str]) -> list[Condition]:
    """In each of these scopes what is of the person's areas."""
    return [sa.and_(S.scope == scope, S.area.in_(areas_of(principal, scope))) for scope in scopes]


def _of_no_scope(mine: Sequence[Condition]) -> list[Condition]:
    """What can't be read belongs to no scope: whoever oversees its author's other work sees it."""
    if not mine:
        return []
    authors = sa.select(S.user_id).where(sa.or_(*mine))
    return [sa.and_(S.scope == "", S.state == "quarantined", S.user_id.in_(authors))]


def _aside_for(principal: Principal) -> Condition:
    if access.may_administer(principal.role):
        return sa.true()
    return sa.or_(sa.false(), *_granted(principal, _overseen(principal)))


def _is_lent(principal: Principal) -> Condition:
    """The condition on EntitySubject for an open look: the grant is that row and nothing else."""
    if not access.looks_in_emergencies(principal.role):
        return sa.false()
    look, subject = EmergencyLook, EmergencyLook.scope + "/" + EmergencyLook.subject
    mine = look.user_id == principal.user_id, look.until > utc_text(clock.now())
    return sa.exists().where(*mine, subject == EntitySubject.subject)


def _is_there(entity: Any, feeds: Sequence[str]) -> Condition:
    return sa.exists().where(F.entity == entity, F.feed.in_(feeds), F.ver.is_not(None))
