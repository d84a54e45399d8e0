"""The access log: add to it, ask who looked, check it, cut off what is old.

    record(connection, Entry(area, "erase", actor, role, "health", person))   # with a write
    note(principal, "open", area, "health", person)                           # a read, by itself
    note_page(principal, "visits", [Shown(area, "health", person)])           # a page of a list
    looked_at("health", [person, pregnancy], feeds)                           # who, when, how
    page_of(area, "health", until, 50, 0)                                     # the latest rows

An entry is part of the transaction it tells of; one of a read is kept before the answer goes out.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite

from fieldapp import clock, wall
from fieldapp.accounts.service import Principal
from fieldapp.db import db, utc_text, write_transaction
from fieldapp.sync.bulk import insert, upsert

from . import chain
from .chain import End, Fault, Link, Signer, signer_for
from .models import AuditHead, AuditRow

KEEP = timedelta(days=3 * 365)
SERVER = ""  # the chain in which others begin
BEGIN, CUT = "begin", "cut"
LIST = "list"
DELIVERED = ("pull", "fetch", LIST)
OF_A_VISIT = ("write", "admit", "open", "open_file", "open_aside")
SHARED = "share"  # a clinic was told who somebody is: `to` names it, `on` is the day
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


class Shown(NamedTuple):
    """A record of which a page told something, by name or as what a visit was about; area, scope:
    the village and scope it was told of in.
    """

    area: str
    scope: str
    id: str


@dataclass(frozen=True)
class Look:
    """Somebody saw or received something of a person. name: as colleagues know them; about: which
    records of the person; feed: where all of a feed counts as received, that feed; sid: the visit
    that was written or opened.
    """

    at: str
    actor: str
    name: str
    role: str
    act: str
    scope: str
    about: frozenset[str] = frozenset()
    feed: str = ""
    sid: str = ""


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


def note_page(principal: Principal, name: str, shown: Iterable[Shown]) -> None:
    """Keep of whom a page of a list told; a page that told of nobody is no read. Call it last: what
    the session had loaded is read again when used.
    """
    ids = defaultdict[tuple[str, str], set[str]](set)
    for area, scope, one in shown:
        ids[area, scope].add(one)
    note_told(
        principal, LIST, {at: {"list": name, "ids": sorted(some)} for at, some in ids.items()}
    )


def note_colleagues(principal: Principal, name: str, users: Iterable[str]) -> None:
    """As `note_page`, of what a page told of colleagues, by the ids of their accounts."""
    note_page(principal, name, [Shown(SERVER, "", user) for user in users])


def note_told(
    principal: Principal, act: str, told: Mapping[tuple[str, str], dict[str, Any]]
) -> None:
    """Keep what one answer told: a row for each village and scope, all in one statement."""
    who = (principal.user_id, principal.role)
    note_all(
        [Entry(area, act, *who, scope, what=told[area, scope]) for area, scope in sorted(told)]
    )


def note_all(entries: Sequence[Entry]) -> None:
    """Keep several reads at once. What the session had loaded is read again when used."""
    if entries:
        with wall.system("access log"), write_transaction() as tx:
            record(tx.connection(), *entries)


def looked_at(
    scope: str,
    subjects: Collection[str],
    feeds: Collection[str] = (),
    visits: Collection[str] = (),
) -> list[Look]:
    """Who wrote, opened or received something of these entities, the latest first.

    scope: theirs; of what somebody did in the other one nothing is told, whatever ids it named.
    feeds: those the entities are or were in; whoever received so much of one at once that it was
    not noted one by one, counts as having received them. visits: submissions that touched the
    entities, which may be noted under another that they touched too.
    """
    from fieldapp.accounts.users import names_of  # accounts note log-ins here

    with wall.system("access log"):
        rows = list(_about(scope, set(subjects), set(feeds), set(visits)))
    names = names_of({row.actor for row, *_ in rows})
    looks = {
        Look(row.at, row.actor, names.get(row.actor, ""), row.role, row.act, row.scope, about, *at)
        for row, about, *at in rows
    }
    return sorted(looks, key=lambda look: (look.at, look.actor, look.act), reverse=True)


def _about(
    scope: str, wanted: set[str], feeds: set[str], visits: set[str]
) -> Iterator[tuple[AuditRow, frozenset[str], str, str]]:
    """Rows with the records they are about, the feed all of which was received, and the visit."""
    r = AuditRow
    mine = sa.select(r).where(r.scope == scope)
    for row in db.session.scalars(mine.where(r.subject.in_(wanted))):
        what = told(row.what)
        yield row, frozenset([row.subject, *(wanted & _ids(what))]), "", str(what.get("sid", ""))
    areas = {feed.partition(".")[0] for feed in feeds}
    acts = r.act.in_([*DELIVERED, *OF_A_VISIT])
    for row in db.session.scalars(mine.where(r.chain.in_(areas), acts)):
        what = told(row.what)
        about, feed, sid = wanted & _ids(what), what.get("feed", ""), what.get("sid", "")
        if about:
            yield row, frozenset(about), "", ""
        elif "ids" not in what and feed in feeds:
            yield row, frozenset(), feed, ""
        elif sid in visits and row.subject not in wanted:
            yield row, frozenset(), "", sid


def _ids(what: dict[str, Any]) -> set[str]:
    ids = what.get("ids")
    return {one for one in ids if isinstance(one, str)} if isinstance(ids, list) else set()


def recipients(subject: str, scope: str) -> list[dict[str, str]]:
    """The clinics that were told who somebody is, `{on, to, actor, role}`, the latest first.

    to: blank where the visit named one that nobody knows. A correction says nothing twice.
    """
    r, found = AuditRow, dict[tuple[str, str], dict[str, str]]()
    hers = (r.subject == subject, r.scope == scope, r.act == SHARED)
    with wall.system("access log"):
        for row in db.session.scalars(sa.select(r).where(*hers).order_by(r.at, r.seq)):
            what = told(row.what)
            on, to = str(what.get("on", "")), str(what.get("to", ""))
            line = {"on": on, "to": to, "actor": row.actor, "role": row.role}
            found.setdefault((on, to), line)
    return sorted(found.values(), key=lambda line: line["on"], reverse=True)


def told(what: str) -> dict[str, Any]:
    """What a row tells; nothing if it was altered into what can't be read, which is told apart."""
    try:
        said = json.loads(what)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def delivery(feed: str, ids: Sequence[str]) -> dict[str, Any]:
    """What to note of entities that went out in a feed."""
    few = {"ids": sorted(ids)} if len(ids) <= MANY else {"n": len(ids)}
    return {"feed": feed, **few}


def page_of(
    name: str, scope: str | None, until: str, limit: int, offset: int
) -> tuple[list[sa.Row[Any]], int]:
    """Rows of a chain up to a moment, the latest first, and how many there are.

    scope: only what was done in it, so that what is told of one tells nothing of another.
    """
    r = AuditRow
    query = sa.select(r.__table__).where(r.chain == name, r.at <= until)
    if scope is not None:
        query = query.where(r.scope == scope)
    with wall.system("access log"):
        total = db.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
        rows = list(db.session.execute(query.order_by(r.seq.desc()).limit(limit).offset(offset)))
    return rows, total


# ---- checking -----------------------------------------------------------------------------------


def find_faults(connection: sa.Connection) -> Iterator[str]:
    """What is wrong with the log, in words; nothing if every row is as it was written."""
    heads = list(connection.execute(sa.select(AuditHead).order_by(AuditHead.chain)))
    for row in heads:
        yield from map(str, _faults_to(connection, row))
    there = {row.chain for row in heads}
    begun = _begun(connection) | ({SERVER} if there else set())
    for name in sorted(begun - there):
        yield str(Fault(name, "gone"))
    for name in sorted(there - begun):
        yield str(Fault(name, "unbegun"))
    for name in connection.scalars(sa.select(AuditRow.chain).distinct()):
        if name not in there:
            yield str(Fault(name, "endless"))


def faults_of(connection: sa.Connection, name: str) -> list[Fault]:
    """What is wrong with one chain; nothing of one that has not begun."""
    head = connection.execute(sa.select(AuditHead).where(AuditHead.chain == name)).first()
    begun = name == SERVER or name in _begun(connection)
    if head is not None:
        return [*_faults_to(connection, head), *([] if begun else [Fault(name, "unbegun")])]
    if connection.scalar(sa.select(AuditRow.seq).where(AuditRow.chain == name).limit(1)):
        return [Fault(name, "endless")]
    return [Fault(name, "gone")] if begun and name != SERVER else []


def _faults_to(connection: sa.Connection, head: Any) -> Iterator[Fault]:
    """What is wrong with a chain that has an end."""
    end = _end(head)
    if head.key != _signer().public or not chain.is_signed(end, head.key, head.signature):
        yield Fault(head.chain, "unsigned")
    yield from chain.faults(end, _links(connection, head.chain))


def _begun(connection: sa.Connection) -> set[str]:
    """The chains of which the server's own tells that they began."""
    r = AuditRow
    told = sa.select(r.what).where(r.chain == SERVER, r.act.in_([BEGIN, CUT]))
    return {name for what in connection.scalars(told) for name in _named(what)}


def _named(what: str) -> list[str]:
    """The chains a row of the server's own names."""
    said = told(what)
    names = said.get("chains") or [said.get("chain")]
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


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
    found = connection.execute(_ALL_OF, {"chains": list(chains), "all": len(chains)}).all()
    if found or not chains:
        return {row.chain: _end(row) for row in found}
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


def _all_of() -> sa.Select[Any]:
    """The ends of these chains, held; none of them, unless all are there."""
    given = sa.bindparam("chains", type_=sa.Text, expanding=True)
    there = sa.select(sa.func.count()).where(AuditHead.chain.in_(given)).scalar_subquery()
    of_these = sa.select(AuditHead).where(AuditHead.chain.in_(given), there == sa.bindparam("all"))
    return of_these.order_by(AuditHead.chain).with_for_update()


# Asked whenever something is noted, so made once.
_ALL_OF = _all_of()


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
