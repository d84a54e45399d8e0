"""The access log: add to it, ask who looked, check it, cut off what is old.

    record(connection, Entry(area, "erase", actor, role, "health", person))   # with a write
    note(principal, "open", area, "health", person)                           # a read, by itself
    looked_at([person, pregnancy], feeds)                                     # who, when, how

An entry is part of the transaction it tells of; one of a read is kept before the answer goes out.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite

from fieldapp import clock, wall
from fieldapp.accounts.service import Principal
from fieldapp.db import db, utc_text, write_transaction
from fieldapp.sync.bulk import insert, upsert

from . import chain
from .chain import End, Link, Signer, signer_for
from .models import AuditHead, AuditRow

KEEP = timedelta(days=3 * 365)
SERVER = ""  # the chain in which others begin
BEGIN, CUT = "begin", "cut"
DELIVERED = ("pull", "fetch")
MANY = 50  # of more entities in one answer only the feed is noted: it counts as all of them


@dataclass(frozen=True)
class Entry:
    """Somebody did something. chain: an area, or `u.<user>` for what has none; what: ids only."""

    chain: str
    act: str
    actor: str
    role: str
    scope: str = ""
    subject: str = ""
    what: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """Somebody saw or received something of a person. name: as colleagues know them."""

    at: str
    actor: str
    name: str
    role: str
    act: str
    scope: str


def record(connection: sa.Connection, *entries: Entry) -> None:
    """Add entries in their order. Call it once, as the last step of a transaction that writes.

    It waits for whoever adds to the same chains, and they are taken in order of their names.
    """
    if not entries:
        return
    heads = _locked_heads(connection, {entry.chain for entry in entries})
    begun = [
        Entry(SERVER, BEGIN, "", "", what={"chain": name})
        for name, head in sorted(heads.items())
        if head.seq == 0 and name != SERVER
    ]
    rows, at = [], utc_text(clock.now())
    for entry in (*begun, *entries):
        link = _linked(entry, heads[entry.chain], at)
        end = replace(heads[entry.chain], seq=link.seq, hash=chain.hash_of(link))
        heads[entry.chain] = end
        rows.append(vars(link) | {"hash": end.hash})
    insert(connection, AuditRow, rows)
    touched = {row["chain"] for row in rows}
    _keep_heads(connection, [heads[name] for name in sorted(touched)])


def note(
    principal: Principal,
    act: str,
    area: str,
    scope: str,
    subject: str | None = None,
    **what: Any,
) -> None:
    """Keep that somebody read something, in a transaction of its own."""
    note_all([Entry(area, act, principal.user_id, principal.role, scope, subject or "", what)])


def note_all(entries: Sequence[Entry]) -> None:
    """Keep several reads at once. What the session had loaded is read again when used."""
    if entries:
        with wall.system("access log"), write_transaction() as tx:
            record(tx.connection(), *entries)


def looked_at(subjects: Collection[str], feeds: Collection[str] = ()) -> list[Look]:
    """Who wrote, opened or received something of these entities, the latest first.

    feeds: those the entities are or were in; whoever received so much of one at once that it was
    not noted one by one, counts as having received them.
    """
    from fieldapp.accounts.users import names_of  # accounts note log-ins here

    with wall.system("access log"):
        rows = list(_about(set(subjects), set(feeds)))
    names = names_of({row.actor for row in rows})
    looks = {
        Look(row.at, row.actor, names.get(row.actor, ""), row.role, row.act, row.scope)
        for row in rows
    }
    return sorted(looks, key=lambda look: (look.at, look.actor, look.act), reverse=True)


def _about(wanted: set[str], feeds: set[str]) -> Iterator[AuditRow]:
    r = AuditRow
    yield from db.session.scalars(sa.select(r).where(r.subject.in_(wanted)))
    areas = {feed.partition(".")[0] for feed in feeds}
    delivered = sa.select(r).where(r.chain.in_(areas), r.act.in_([*DELIVERED, "list"]))
    yield from (row for row in db.session.scalars(delivered) if _concerns(row, wanted, feeds))


def _concerns(row: AuditRow, subjects: set[str], feeds: set[str]) -> bool:
    what = json.loads(row.what)
    ids = what.get("ids")
    return what.get("feed") in feeds if ids is None else not subjects.isdisjoint(ids)


def delivery(feed: str, ids: Sequence[str]) -> dict[str, Any]:
    """What to note of entities that went out in a feed."""
    few = {"ids": sorted(ids)} if len(ids) <= MANY else {"n": len(ids)}
    return {"feed": feed, **few}


# ---- checking -----------------------------------------------------------------------------------


def find_faults(connection: sa.Connection) -> Iterator[str]:
    """What is wrong with the log, in words; nothing if every row is as it was written."""
    heads = list(connection.execute(sa.select(AuditHead).order_by(AuditHead.chain)))
    signer = _signer()
    for row in heads:
        end = _end(row)
        if row.key != signer.public or not chain.is_signed(end, row.key, row.signature):
            yield f"audit {row.chain or 'server'}: its end isn't signed by this server"
        yield from chain.faults(end, _links(connection, row.chain))
    there = {row.chain for row in heads}
    begun = {SERVER} if there else set[str]()
    r = AuditRow
    for what in connection.scalars(
        sa.select(r.what).where(r.chain == SERVER, r.act.in_([BEGIN, CUT]))
    ):
        begun.update(_named(what))
    for name in sorted(begun - there):
        yield f"audit {name or 'server'}: the whole chain is gone"
    for name in sorted(there - begun):
        yield f"audit {name}: nothing tells that it began"
    yield from _strays(connection, there)


def _named(what: str) -> list[str]:
    """The chains a row of the server's own names; none if it was altered, which is told apart."""
    try:
        told = json.loads(what)
        return list(told.get("chains") or [told["chain"]])
    except (ValueError, AttributeError, KeyError, TypeError):
        return []


def _strays(connection: sa.Connection, there: set[str]) -> Iterator[str]:
    for name in connection.scalars(sa.select(AuditRow.chain).distinct()):
        if name not in there:
            yield f"audit {name or 'server'}: its end is gone"


def faults_since(exported: Iterable[dict[str, Any]], connection: sa.Connection) -> Iterator[str]:
    """What doesn't continue from ends that were exported before."""
    for kept in exported:
        end = End(kept["chain"], kept["seq"], kept["hash"], kept["base_seq"], kept["base_hash"])
        name = end.chain or "server"
        if not chain.is_signed(end, kept["key"], kept["signature"]):
            yield f"audit {name}: the copy of its end isn't signed"
            continue
        head = connection.execute(sa.select(AuditHead).where(AuditHead.chain == end.chain)).first()
        if head is None or head.seq < end.seq:
            yield f"audit {name}: it ended with row {end.seq} once, and is shorter now"
        elif end.seq > head.base_seq and _hash_at(connection, end) != end.hash:
            yield f"audit {name}: row {end.seq} is another than it was"


def ends(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every chain's end as signed, to be kept elsewhere."""
    query = sa.select(AuditHead).order_by(AuditHead.chain)
    return [dict(row._mapping) for row in connection.execute(query)]


def rows_of(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """Every row, chain by chain."""
    for head in ends(connection):
        for link, kept in _links(connection, head["chain"]):
            yield vars(link) | {"hash": kept}


def cut_off(before: str, dry_run: bool = False) -> int:
    """Drop the rows before this moment, each chain's from its beginning on; how many.

    The chain goes on from where it was cut: the end keeps that place, signed.
    """
    cut = 0
    with write_transaction() as tx:
        connection = tx.connection()
        names = list(connection.scalars(sa.select(AuditHead.chain)))
        heads = _locked_heads(connection, set(names)) if names else {}
        begun = sorted(set(heads) - {SERVER})
        for name, end in heads.items():
            last = _last_before(connection, end, before)
            cut += last.seq - end.base_seq if last else 0
            if last is None or dry_run:
                continue
            old = (AuditRow.chain == name, AuditRow.seq <= last.seq)
            connection.execute(sa.delete(AuditRow).where(*old))
            _keep_heads(connection, [replace(end, base_seq=last.seq, base_hash=last.hash)])
        if cut and not dry_run:
            record(connection, Entry(SERVER, CUT, "", "", what={"rows": cut, "chains": begun}))
    return cut


def sign_again(secret: str | None = None) -> int:
    """Sign every end with a new secret, or the present one after it was changed; how many.

    Raises ValueError unless everything else is in order.
    """
    with write_transaction() as tx:
        connection = tx.connection()
        wrong = [f for f in find_faults(connection) if "isn't signed by this server" not in f]
        if wrong:
            raise ValueError(wrong[0])
        found = [_end(row) for row in connection.execute(sa.select(AuditHead))]
        _keep_heads(connection, found, signer_for(secret) if secret else None)
    return len(found)


# ---- rows ---------------------------------------------------------------------------------------


def _linked(entry: Entry, head: End, at: str) -> Link:
    what = json.dumps(entry.what, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    told = (entry.act, entry.actor, entry.role, entry.scope, entry.subject, what)
    return Link(entry.chain, head.seq + 1, at, *told, head.hash)


def _locked_heads(connection: sa.Connection, chains: set[str]) -> dict[str, End]:
    """The ends of these chains, held until the transaction ends; the server's too if one is new."""
    h = AuditHead
    known = set(connection.scalars(sa.select(h.chain).where(h.chain.in_(chains))))
    wanted = sorted(chains if chains <= known else chains | {SERVER})
    new = [name for name in wanted if name not in known]
    if new:
        empty = {"seq": 0, "hash": "", "base_seq": 0, "base_hash": "", "key": "", "signature": ""}
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        begin = dialect.insert(h).on_conflict_do_nothing()
        connection.execute(begin, [{"chain": name} | empty for name in new])
    query = sa.select(h).where(h.chain.in_(wanted)).order_by(h.chain).with_for_update()
    return {row.chain: _end(row) for row in connection.execute(query)}


def _keep_heads(
    connection: sa.Connection, found: Sequence[End], signer: Signer | None = None
) -> None:
    signer = signer or _signer()
    signed = [vars(end) | {"key": signer.public, "signature": signer.sign(end)} for end in found]
    upsert(connection, AuditHead, signed)


def _links(connection: sa.Connection, name: str) -> Iterator[tuple[Link, str]]:
    r, after = AuditRow, -1
    while True:
        query = sa.select(r.__table__).where(r.chain == name, r.seq > after).order_by(r.seq)
        rows = connection.execute(query.limit(1000)).all()
        for row in rows:
            yield Link(*row[:-1]), row.hash
        if len(rows) < 1000:
            return
        after = rows[-1].seq


def _last_before(connection: sa.Connection, end: End, before: str) -> Any:
    """The last row of the old ones at a chain's beginning; the newest row always stays."""
    r = AuditRow
    younger = sa.select(sa.func.min(r.seq)).where(r.chain == end.chain, r.at >= before)
    first = connection.scalar(younger) or end.seq
    query = sa.select(r.seq, r.hash).where(r.chain == end.chain, r.seq < min(first, end.seq))
    return connection.execute(query.order_by(r.seq.desc()).limit(1)).first()


def _hash_at(connection: sa.Connection, end: End) -> str | None:
    r = AuditRow
    return connection.scalar(sa.select(r.hash).where(r.chain == end.chain, r.seq == end.seq))


def _end(row: Any) -> End:
    return End(row.chain, row.seq, row.hash, row.base_seq, row.base_hash)


def _signer() -> Signer:
    return signer_for(current_app.config["SETTINGS"].secret)
