"""What phones read: changes since a cursor, the manifest that repairs, what became of work sent.

Every answer is made from one moment of the database and from the caller's feeds only, so nothing
outside the grants is in it, and a counter never shows a change that isn't in the answer's reach.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, feeds_of, grants_ver, my_areas
from fieldapp.areas import service as areas
from fieldapp.audit import service as access_log
from fieldapp.db import utc_text
from fieldapp.subjects.keys import keys_of

from . import models as m
from .bulk import choice, chosen
from .consent import EXPIRED
from .durable import durable_before
from .entities import Entity
from .erased import among_erased
from .installs import note_installs
from .log import Teller, gaps_in
from .render import Renderer, size
from .rules import CurrentRules, current_rules
from .store import NO_SUM, Store, entities_of
from .transactions import chunks, is_postgres, reading, surveying, writing

PAGE = 200  # changes read at a time
MANIFEST_PAGE = 2000
BUDGET = (4 * 1024, 128 * 1024, 1024 * 1024)  # least, usual, most bytes of changes in an answer


@dataclass
class Cursor:
    """Where a phone stands in a feed."""

    epoch: str
    seq: int
    view: str


# ---- pull ---------------------------------------------------------------------------------------


def pull(principal: Principal, message: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of the caller's feeds since its cursors, as far as the budget reaches.

    message: `{grants_ver, feeds: {F: {epoch, seq, view}}, budget}`. If the grants changed, only
    that is said: the phone adjusts what it keeps and asks again (C1).
    """
    rules, granted, asked = current_rules(), feeds_of(principal), message["feeds"]
    answer: dict[str, Any] = {
        "grants_ver": grants_ver(principal),
        "gained": sorted(set(granted) - asked.keys()),
        "lost": sorted(asked.keys() - set(granted)),
        "catalogue": rules.catalogue_hash(principal),
        "sids": [],
        "feeds": {},
    }
    if message["grants_ver"] != answer["grants_ver"]:
        mine = areas.public(my_areas(principal), principal.lang)
        return answer | {"areas": mine}
    cursors = {feed: Cursor(**asked[feed]) for feed in granted if feed in asked}
    with reading() as connection:
        page = _Page(connection, rules, principal, message.get("budget") or BUDGET[1])
        heads = _heads(connection, cursors)
        views = {feed: _view(rules, feed, answer["grants_ver"]) for feed in cursors}
        feeds = {feed: page.feed(heads[feed], c, views[feed]) for feed, c in cursors.items()}
        answer |= {"feeds": feeds, "sids": page.renderer.sids()}
    _note_delivered(principal, "pull", {feed: told["ch"] for feed, told in feeds.items()})
    return answer


def _view(rules: CurrentRules, feed: str, grants: str) -> str:
    """Own post tells more or less of the same reviews as the grants change, so it begins anew."""
    return rules.view_hash(feed) + (grants if feed.startswith("u.") else "")


def _note_delivered(
    principal: Principal, act: str, changes: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Keep who received what. A person's own post holds only what they wrote themselves."""
    delivered = {}
    for feed, told in changes.items():
        ids = [change["e"] for change in told if change["k"] == "up"]
        area, _, audience = feed.partition(".")
        if ids and area != "u":
            delivered[area, access.scope_of(audience)] = access_log.delivery(feed, ids)
    access_log.note_told(principal, act, delivered)


class _Page:
    """One answer being filled up to its budget."""

    def __init__(
        self, connection: sa.Connection, rules: CurrentRules, principal: Principal, budget: int
    ) -> None:
        self.connection = connection
        self.left = max(BUDGET[0], min(budget, BUDGET[2]))
        store = Store(connection, rules.type, ())
        teller = Teller(connection, rules, store, principal)
        self.renderer = Renderer(connection, store.view_of, teller.tell)

    def feed(self, head: Mapping[str, Any], cursor: Cursor, view: str) -> dict[str, Any]:
        """The page of one feed, whose view is this now."""
        feed: str = head["feed"]
        reset = (cursor.epoch, cursor.view) != (head["epoch"], view) or cursor.seq > head["seq"]
        since = 0 if reset else cursor.seq
        if self.left <= 0 and since < head["seq"]:
            told = {"epoch": cursor.epoch, "seq": cursor.seq, "view": cursor.view}
            return told | {"more": True, "ch": [], "sum": head["sum"], "count": head["count"]}
        changes, seq = self._changes(feed, since) if since < head["seq"] else ([], None)
        page = {
            "epoch": head["epoch"],
            "seq": seq if seq is not None else head["seq"],
            "view": view,
            "more": seq is not None,
            "ch": changes,
            "sum": head["sum"],
            "count": head["count"],
        }
        return page | ({"reset": True} if reset else {})

    def _changes(self, feed: str, since: int) -> tuple[list[dict[str, Any]], int | None]:
        """Changes after `since` and, if the budget ended before the feed, where they end."""
        found: list[dict[str, Any]] = []
        reached = since
        for row, entity, erased in self._rows(feed, since):
            if self.left <= 0:
                return found, reached
            reached = row.seq
            if row.ver is not None and entity is not None:
                change = self.renderer.up(entity, feed, row.ver)
            elif erased:  # told to new copies too: a phone may still have drafts about it
                change = {"k": "leave", "e": row.entity, "erase": True}
            elif since == 0:
                continue
            else:
                change = {"k": "leave", "e": row.entity}
            found.append(change)
            self.left -= size(change)
        return found, None

    def _rows(self, feed: str, since: int) -> Iterator[tuple[Any, Any, bool]]:
        while True:
            asked = {"feed": feed, "since": since, "page": PAGE}
            rows = self.connection.execute(_SINCE, asked).all()
            entities = _entities(self.connection, [row.entity for row in rows if row.ver])
            left = [row.entity for row in rows if row.ver is None]
            erased = among_erased(self.connection, left)
            yield from ((row, entities.get(row.entity), row.entity in erased) for row in rows)
            if len(rows) < PAGE:
                return
            since = rows[-1].seq


_SINCE = (
    sa.select(m.FeedChange.seq, m.FeedChange.entity, m.FeedChange.ver)
    .where(m.FeedChange.feed == sa.bindparam("feed"), m.FeedChange.seq > sa.bindparam("since"))
    .order_by(m.FeedChange.seq)
    .limit(sa.bindparam("page", type_=sa.Integer))
)


def _heads(connection: sa.Connection, feeds: Collection[str]) -> dict[str, dict[str, Any]]:
    none = {"epoch": "", "seq": 0, "sum": NO_SUM, "count": 0}
    heads = {feed: {"feed": feed, **none} for feed in feeds}
    for some in chunks(feeds):
        rows = chosen(connection, m.FeedHead, m.FeedHead.feed, some)
        heads |= {row.feed: dict(row._mapping) for row in rows}
    return heads


def _entities(connection: sa.Connection, ids: Collection[str]) -> dict[str, Entity]:
    found: dict[str, Entity] = {}
    for some in chunks(ids):
        rows = chosen(connection, m.Entity, m.Entity.id, some)
        found |= {entity.id: entity for entity in entities_of(keys_of(connection), rows.all())}
    return found


# ---- repair -------------------------------------------------------------------------------------


def manifest(principal: Principal, feed: str, after: str) -> dict[str, Any] | None:
    """A page of `[entity, ver]` in order of ids, or None if the feed isn't the caller's.

    A phone begins again if `epoch` or `seq` changed between two pages.
    """
    if feed not in feeds_of(principal):
        return None
    t = m.FeedChange
    with reading() as connection:
        head = _heads(connection, [feed])[feed]
        query = sa.select(t.entity, t.ver).where(t.feed == feed, t.entity > after)
        query = query.where(t.ver.is_not(None)).order_by(t.entity).limit(MANIFEST_PAGE + 1)
        rows = [list(row) for row in connection.execute(query)]
    return {
        "epoch": head["epoch"],
        "seq": head["seq"],
        "rows": rows[:MANIFEST_PAGE],
        "more": len(rows) > MANIFEST_PAGE,
    }


def fetch(principal: Principal, feed: str, ids: Sequence[str]) -> dict[str, Any] | None:
    """These entities as they are in the feed, or None if the feed isn't the caller's."""
    if feed not in feeds_of(principal):
        return None
    t, rules = m.FeedChange, current_rules()
    with reading() as connection:
        page = _Page(connection, rules, principal, BUDGET[2])
        query = sa.select(t.entity, t.ver).where(t.feed == feed, t.entity.in_(ids))
        vers = {row.entity: row.ver for row in connection.execute(query)}
        entities = _entities(connection, [e for e, ver in vers.items() if ver])
        # Of what never was in this feed nothing is told, not even that it was erased.
        gone = among_erased(connection, vers.keys() - entities.keys())
        changes = [
            page.renderer.up(entities[e], feed, vers[e])
            if e in entities
            else {"k": "leave", "e": e} | ({"erase": True} if e in gone else {})
            for e in dict.fromkeys(ids)
        ]
        answer = {"sids": page.renderer.sids(), "ch": changes}
    _note_delivered(principal, "fetch", {feed: changes})
    return answer


# ---- verify -------------------------------------------------------------------------------------


def verify(user_id: str, device_id: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """What became of submissions this user sent: `{missing, durable, gaps, states}`.

    message: `{install, acked: [ids], n_max, waiting: {scope: count}}`, the last from an open phone.
    Ids of others count as missing.
    """
    acked = list(dict.fromkeys(message["acked"]))
    _note_contact(user_id, device_id, message)
    with surveying("what became of one's own") as connection:
        mark = durable_before(connection)
        told = _told(is_postgres(connection))
        found = {
            row.id: row
            for some in chunks(acked)
            for row in connection.execute(told, {"among": some, "user": user_id})
        }
        present = connection.scalars(_NUMBERS, {"install": message["install"], "user": user_id})
        gaps = gaps_in(set(present), message["n_max"])
    return {
        "missing": [sid for sid in acked if sid not in found],
        "durable": [sid for sid in acked if sid in found and _is_done_with(found[sid], mark)],
        "gaps": gaps,
        "states": {sid: {"st": row.state, "why": row.why} for sid, row in found.items()},
    }


@cache
def _told(on_postgres: bool) -> sa.Select[Any]:
    """What is told of submissions of a user, made once."""
    s = m.Submission
    query = choice((s.id, s.state, s.why, s.received), s.id, on_postgres)
    return query.where(s.user_id == sa.bindparam("user"))


_NUMBERS = sa.select(m.Submission.n).where(
    m.Submission.install == sa.bindparam("install"), m.Submission.user_id == sa.bindparam("user")
)


def _is_done_with(row: Any, mark: str) -> bool:
    """Whether the phone may let go of it: a verified backup holds it, or its text was destroyed."""
    return row.received < mark or row.why == EXPIRED


def note_repair(install: str, user_id: str) -> None:
    """A phone's copy differed and is being mended: never without a restore (invariant I11).

    An install is what its app said of itself: one that names another person's changes nothing.
    """
    t = m.Install
    with writing() as connection:
        mine = sa.update(t).where(t.id == install, t.user_id == user_id)
        connection.execute(mine.values(repairs=t.repairs + 1, repaired=utc_text(clock.now())))


def _note_contact(user_id: str, device_id: str, message: Mapping[str, Any]) -> None:
    now = utc_text(clock.now())
    row = {"id": message["install"], "user_id": user_id, "device_id": device_id}
    row |= {"n_max": message["n_max"], "first_seen": now, "last_seen": now}
    if "waiting" in message:
        row |= {"waiting": json.dumps(message["waiting"], sort_keys=True), "waiting_at": now}
    with writing() as connection:
        note_installs(connection, [row])
