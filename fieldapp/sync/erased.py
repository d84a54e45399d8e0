"""What was erased, for whoever takes work in or gives it out: ids that may never come back.

named(connection, texts)          what they name of what was erased: such work is refused
forgotten(connection)             everything left out of a replay
tombstones(connection, …)         tell phones in their feeds
note_answer(device, cursors)      a phone pulled past them: it has purged
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from os import urandom
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from fieldapp import clock
from fieldapp.db import db, utc_text

from . import models as m
from .bulk import among, upsert
from .merge import checksum
from .parties import party_of
from .transactions import chunks, reading, writing

WHY = "erased"
LATE = "late"
"""What `Submission.rewritten` says of a visit that came after an erasure it was made before."""
_ESCAPE = re.compile(r"\\u00([2-7][0-9a-fA-F])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NO_SUM = "0" * 16


def named(connection: Connection, texts: Iterable[str]) -> set[str]:
    """Erased entities that one of these texts names."""
    if connection.execute(_ANY).first() is None:
        return set()
    return among_erased(connection, {found for text in texts for found in ids_in(text)})


def among_erased(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of these entities that were erased."""
    t = m.Erased
    whole = sa.select(t.entity).where(t.reg == "")
    return {
        entity
        for some in chunks(sorted(ids))
        for entity in connection.scalars(whole.where(among(connection, t.entity, some)))
    }


# Asked in every push, so made once.
_ANY = sa.select(m.Erased.entity).where(m.Erased.reg == "").limit(1)


def ids_in(text: str) -> set[str]:
    """Everything in a text, JSON or not, that looks like an entity's id, written out or escaped."""
    found = set(_UUID.findall(text))
    if "\\u" in text:
        plain = _ESCAPE.sub(lambda escaped: chr(int(escaped[1], 16)), text)
        found |= set(_UUID.findall(plain))
    return found


def forgotten(connection: Connection) -> dict[tuple[str, str], str]:
    """(entity, register; blank: all of it) and when it was erased."""
    t = m.Erased
    rows = connection.execute(sa.select(t.entity, t.reg, t.at))
    return {(row.entity, row.reg): row.at for row in rows}


def late(connection: Connection, entities: Collection[str], made: str) -> set[tuple[str, str]]:
    """(entity, register) of these that were about a party to a record who was erased after a
    moment: what was said of them before may not come back, what is said later is about another.
    """
    t, act = m.Erased, m.Erasure
    query = sa.select(t.entity, t.reg).join(act, act.id == t.erasure)
    query = query.where(t.reg != "", t.at >= made, act.subject.contains("/"))
    found = connection.execute(query.where(among(connection, t.entity, sorted(entities))))
    return {(row.entity, row.reg) for row in found}


def sealed_for_nobody(plain: bytes) -> bytes:
    """Under a key that is thrown away at once: it proves by its length that something came."""
    return AESGCM(AESGCM.generate_key(256)).encrypt(nonce := urandom(12), plain, nonce)


# ---- phones -------------------------------------------------------------------------------------


def tombstones(connection: Connection, feeds_of: Mapping[str, Iterable[str]]) -> None:
    """Tell of erased entities in these feeds, each under the feed's next number. Locks are held."""
    by_feed: dict[str, list[str]] = defaultdict(list)
    for entity, feeds in sorted(feeds_of.items()):
        for feed in feeds:
            by_feed[feed].append(entity)
    t = m.FeedChange
    for feed, entities in sorted(by_feed.items()):
        head = _head(connection, feed)
        old = {
            row.entity: row.ver
            for some in chunks(entities)
            for row in connection.execute(
                sa.select(t.entity, t.ver).where(t.feed == feed, t.entity.in_(some))
            )
        }
        left = [ver for ver in old.values() if ver]
        rows = [
            {"feed": feed, "entity": entity, "seq": head["seq"] + k, "ver": None}
            for k, entity in enumerate(entities, 1)
        ]
        head["seq"] += len(rows)
        head["sum"], head["count"] = checksum(left, head["sum"]), head["count"] - len(left)
        upsert(connection, t, rows)
        upsert(connection, m.FeedHead, [head])


def _head(connection: Connection, feed: str) -> dict[str, Any]:
    row = connection.execute(sa.select(m.FeedHead).where(m.FeedHead.feed == feed)).first()
    new = {"feed": feed, "epoch": clock.new_id()[:8], "seq": 0, "sum": NO_SUM, "count": 0}
    return dict(row._mapping) if row else new


def bury_again(connection: Connection) -> None:
    """After a replay, which makes feeds anew: phones are told again."""
    t = m.Erased
    rows = connection.execute(sa.select(t.entity, t.feeds).where(t.reg == ""))
    tombstones(connection, {row.entity: json.loads(row.feeds) for row in rows})


def note_answer(device: str, cursors: Mapping[str, Mapping[str, Any]]) -> None:
    """A phone asks for what follows these cursors: it holds nothing of what was erased before."""
    waiting = db.session.connection().scalars(_WAITING, {"device": device}).all()
    if not waiting:
        return
    t = m.ErasurePhone
    with reading() as connection:
        past = [erasure for erasure in waiting if _is_past(connection, erasure, cursors)]
    if past:
        with writing() as connection:
            mine = sa.update(t).where(t.device == device, t.erasure.in_(past))
            connection.execute(mine.values(answered=utc_text(clock.now())))


# Asked in every pull, so made once.
_WAITING = sa.select(m.ErasurePhone.erasure).where(
    m.ErasurePhone.device == sa.bindparam("device"), m.ErasurePhone.answered.is_(None)
)


def phones_of(erasure: str) -> list[tuple[str, str | None]]:
    """Phones that may hold something of what was erased, and when they had purged it."""
    t = m.ErasurePhone
    rows = db.session.execute(sa.select(t.device, t.answered).where(t.erasure == erasure))
    return [(row.device, row.answered) for row in rows]


def drop_refused(before: str, dry_run: bool = False) -> int:
    """An end to the sealed texts that were refused before this moment; how many there are."""
    s = m.Submission
    old = (s.why == WHY, s.body != b"", s.received < before)
    with writing() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(s).where(*old)) or 0
        if not dry_run:
            connection.execute(sa.update(s).where(*old).values(body=b""))
    return count


def _is_past(
    connection: Connection, erasure: str, cursors: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Whether each feed it pulls that holds a tombstone was pulled up to it; at first none was."""
    if not cursors:
        return False
    t, e, head = m.FeedChange, m.Erased, m.FeedHead
    # What a record said of a party to it went with the record's next version, not with a tombstone.
    subject = connection.scalar(sa.select(m.Erasure.subject).where(m.Erasure.id == erasure))
    told = sa.true() if party_of(subject or "")[1] else e.reg == ""
    query = (
        sa.select(t.feed, head.epoch, sa.func.max(t.seq))
        .join(e, sa.and_(e.entity == t.entity, told))
        .join(head, head.feed == t.feed)
        .where(e.erasure == erasure)
        .group_by(t.feed, head.epoch)
    )
    wanted = [(row[0], row[1], row[2]) for row in connection.execute(query) if row[0] in cursors]
    return all(
        cursors[feed]["epoch"] == epoch and cursors[feed]["seq"] >= seq
        for feed, epoch, seq in wanted
    )
