"""Attachments: taking them in chunk by chunk, telling how far they are, giving them to the desk.

take(sender, chunk)      one chunk of a phone; its own transaction
states(user, hashes)     how far each is, and whether it is safe for good
stand(user, hashes)      what the desk shows; content(user, sha) the bytes
drop_unnamed(before)     what no visit ever named
empty(connection, sids)  what only these visits name, as their text is destroyed
faults()                 what is not what it should be

An attachment belongs to the person who sent it: nobody can learn, spoil or show another's by its
hash. Bytes are sealed chunk by chunk like the log.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from fieldapp import clock
from fieldapp.db import db, utc_text
from fieldapp.subjects import files
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import FileKey
from fieldapp.subjects.sealing import ErasedError, SealBrokenError
from fieldapp.sync.durable import durable_before, not_before
from fieldapp.sync.log import hopeful, names_blob
from fieldapp.sync.models import Submission, SubmissionBlob
from fieldapp.sync.transactions import chunks, is_postgres, reading, writing

from .models import Blob, BlobChunk
from .receipt import Known, Limits, Pending, judge
from .sniff import UNKNOWN, sniff

EMPTIED = "emptied"
"""What `Blob.aside` says of one whose bytes were destroyed with its visit."""


@dataclass(frozen=True)
class Sender:
    """The phone that sends. revoked: what it sends is marked."""

    user_id: str
    device_id: str
    revoked: bool


@dataclass(frozen=True)
class Chunk:
    """Bytes of an attachment of `size` bytes from position `at` on."""

    sha: str
    size: int
    at: int
    data: bytes


@dataclass(frozen=True)
class State:
    """How far an attachment is. st: missing | partial | stored | durable | wrong | refused | later.

    have: bytes here, where the phone goes on. why: of a refusal, `too_large` or `full`.
    """

    st: str
    have: int = 0
    why: str | None = None


# ---- from phones --------------------------------------------------------------------------------


def take(sender: Sender, chunk: Chunk) -> State:
    """Take in one chunk; `later` if the database is too busy, and nothing changed."""
    try:
        with writing() as connection:
            return _take(connection, sender, chunk)
    except (OperationalError, IntegrityError):
        return State("later", chunk.at)


def _take(connection: Connection, sender: Sender, chunk: Chunk) -> State:
    now = max(clock.now(), not_before(connection))
    known = _locked(connection, sender.user_id, chunk.sha)
    standing = known and Known(known.size, known.have, known.state == "stored")
    pending = Pending(0, 0) if known else _pending(connection, sender.device_id)
    match judge(standing, chunk.size, chunk.at, pending, _limits()):
        case "tell":
            return _told(connection, known) if known else State("missing")
        case "append":
            return _append(connection, sender, chunk, utc_text(now))
        case "restart":
            _forget(connection, sender.user_id, [chunk.sha])
            return State("partial")
        case why:
            return State("refused", 0, why)


def _append(connection: Connection, sender: Sender, chunk: Chunk, now: str) -> State:
    """Add a chunk at the end; with the last one the whole is compared with its name."""
    have, me = chunk.at + len(chunk.data), _one(sender.user_id, chunk.sha)
    sent: dict[str, Any] = {"device_id": sender.device_id, "have": have}
    sent |= {"aside": "revoked"} if sender.revoked else {}
    key = {"user_id": sender.user_id, "sha": chunk.sha}
    if chunk.at == 0:
        row = {"size": chunk.size, "state": "partial", "type": UNKNOWN, "began": now}
        row |= {"received": None, "aside": None} | sent
        connection.execute(sa.insert(Blob).values(**key, **row))
    else:
        connection.execute(sa.update(Blob).where(me).values(**sent))
    file = (sender.user_id, chunk.sha)
    seal = files.begin(connection, file) if chunk.at == 0 else files.seal_of(connection, file)
    sealed = (seal or keys_of(connection)).seal(chunk.data, _about(**key, at=chunk.at))
    connection.execute(sa.insert(BlobChunk).values(**key, at=chunk.at, sealed=sealed))
    if have < chunk.size:
        return State("partial", have)
    whole = _joined(connection, **key)
    if sha256(whole).hexdigest() != chunk.sha:
        _forget(connection, sender.user_id, [chunk.sha])
        return State("wrong")
    done = {"state": "stored", "type": sniff(whole), "received": now}
    connection.execute(sa.update(Blob).where(me).values(**done))
    return State("stored", have)


def states(user_id: str, hashes: Collection[str]) -> dict[str, State]:
    """How far each is."""
    with reading() as connection:
        found = {row.sha: row for row in _rows(connection, user_id, hashes)}
        mark = durable_before(connection)
        return {sha: _state(found.get(sha), mark) for sha in hashes}


def _told(connection: Connection, row: Any) -> State:
    return _state(row, durable_before(connection))


def _state(row: Any, mark: str) -> State:
    if row is None:
        return State("missing")
    durable = row.state == "stored" and row.received < mark
    return State("durable" if durable else row.state, row.have)


def _locked(connection: Connection, user_id: str, sha: str) -> Any:
    """The row, nobody else's until the transaction ends; two that begin one at once take turns."""
    if is_postgres(connection):
        key = int.from_bytes(sha256(f"{user_id}/{sha}".encode()).digest()[:8], "big", signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
    return connection.execute(sa.select(Blob).where(_one(user_id, sha))).first()


def _pending(connection: Connection, device_id: str) -> Pending:
    waiting = sa.or_(Blob.state == "partial", ~names_blob(Blob.user_id, Blob.sha))
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Blob.size), 0))
    query = query.where(Blob.device_id == device_id, waiting, _has_bytes())
    count, size = connection.execute(query).one()
    return Pending(count, int(size))


def _limits() -> Limits:
    settings = current_app.config["SETTINGS"]
    return Limits(settings.blob_bytes, settings.blob_pending_bytes)


# ---- for the desk -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """An attachment as the desk shows it. type: MIME. aside: a revoked phone sent it."""

    type: str
    size: int
    whole: bool
    aside: bool


def stand(user_id: str, hashes: Collection[str]) -> dict[str, Standing]:
    """Those of the hashes that have begun to arrive."""
    return {
        row.sha: Standing(row.type, row.size, row.state == "stored", row.aside is not None)
        for row in _rows(db.session.connection(), user_id, hashes)
    }


def content(user_id: str, sha: str) -> bytes | None:
    """The bytes, if they are whole."""
    connection = db.session.connection()
    whole = sa.select(Blob.sha).where(_one(user_id, sha), Blob.state == "stored", _has_bytes())
    try:
        return _joined(connection, user_id, sha) if connection.scalar(whole) else None
    except ErasedError:
        return None


# ---- keeping ------------------------------------------------------------------------------------


def drop_unnamed(before: str, dry_run: bool = False) -> int:
    """Drop what began before this moment and no visit names; how many that were.

    Of somebody with a visit kept aside that can't be read nothing is dropped: it may name them.
    """
    with writing() as connection:
        unnamed = ~names_blob(Blob.user_id, Blob.sha) & ~hopeful(Blob.user_id)
        query = sa.select(Blob.user_id, Blob.sha).where(Blob.began < before, unnamed, _has_bytes())
        rows = connection.execute(query).all()
        for row in () if dry_run else rows:
            _forget(connection, row.user_id, [row.sha])
    return len(rows)


def empty(connection: Connection, sids: Collection[str], but: Collection[str] = ()) -> None:
    """Destroy the bytes of what these visits name and no other of the same person does. but: hashes
    that stay.

    That it came stays, and is told as before: whose visit was destroyed nobody learns by what
    became of its photos (`sync.overdue`).
    """
    s, b = Submission, SubmissionBlob
    named = sa.select(s.user_id, b.sha).join(b, b.sid == s.id)
    for some in chunks(sids):
        for row in connection.execute(named.where(s.id.in_(some)).distinct()).all():
            others = named.where(s.user_id == row.user_id, b.sha == row.sha, s.id.not_in(sids))
            if row.sha not in but and connection.execute(others.limit(1)).first() is None:
                _empty(connection, row.user_id, row.sha)


def _empty(connection: Connection, user_id: str, sha: str) -> None:
    known = connection.execute(sa.select(Blob).where(_one(user_id, sha))).first()
    if known is None or known.state != "stored":
        _forget(connection, user_id, [sha])
        return
    files.forget(connection, [(user_id, sha)])
    mine = sa.and_(BlobChunk.user_id == user_id, BlobChunk.sha == sha)
    connection.execute(sa.delete(BlobChunk).where(mine))
    connection.execute(sa.update(Blob).where(_one(user_id, sha)).values(aside=EMPTIED))


def _has_bytes() -> sa.ColumnElement[bool]:
    return Blob.aside.is_distinct_from(EMPTIED)


def forget(connection: Connection, hashes: Mapping[str, Collection[str]]) -> int:
    """Drop these, by the person who sent them, in the caller's transaction; how many there were."""
    gone = 0
    for user_id, some in hashes.items():
        gone += len(list(_rows(connection, user_id, some)))
        _forget(connection, user_id, some)
    return gone


def adopt() -> int:
    """Give those a key that were stored before each had one; how many."""
    own = sa.exists().where(FileKey.user_id == Blob.user_id, FileKey.sha == Blob.sha)
    rows = db.session.execute(sa.select(Blob.user_id, Blob.sha).where(~own)).all()
    for row in rows:
        with writing() as connection:
            c, file = BlobChunk, (row.user_id, row.sha)
            mine = (c.user_id == row.user_id, c.sha == row.sha)
            old, seal = keys_of(connection), files.begin(connection, file)
            for chunk in connection.execute(sa.select(c.at, c.sealed).where(*mine)).all():
                about = _about(row.user_id, row.sha, chunk.at)
                again = seal.seal(old.open(chunk.sealed, about), about)
                connection.execute(sa.update(c).where(*mine, c.at == chunk.at).values(sealed=again))
    return len(rows)


def faults() -> Iterator[str]:
    """Attachments that can't be opened, or aren't what their name says."""
    with reading() as connection:
        whole = sa.select(Blob.user_id, Blob.sha).where(Blob.state == "stored", _has_bytes())
        whole = whole.order_by(Blob.sha)
        for row in connection.execute(whole).all():
            try:
                found = sha256(_joined(connection, row.user_id, row.sha)).hexdigest()
            except ErasedError:
                continue
            except SealBrokenError as error:
                yield f"attachment {row.sha} can't be opened: {error}"
                continue
            if found != row.sha:
                yield f"attachment {row.sha} isn't what came"


def _rows(connection: Connection, user_id: str, hashes: Collection[str]) -> Iterator[Any]:
    for some in chunks(hashes):
        mine = sa.select(Blob).where(Blob.user_id == user_id, Blob.sha.in_(some))
        yield from connection.execute(mine)


def _joined(connection: Connection, user_id: str, sha: str) -> bytes:
    c = BlobChunk
    query = sa.select(c.at, c.sealed).where(c.user_id == user_id, c.sha == sha).order_by(c.at)
    seal = files.seal_of(connection, (user_id, sha)) or keys_of(connection)
    opened = (seal.open(r.sealed, _about(user_id, sha, r.at)) for r in connection.execute(query))
    return b"".join(opened)


def _forget(connection: Connection, user_id: str, hashes: Collection[str]) -> None:
    files.forget(connection, [(user_id, sha) for sha in hashes])
    for model in (BlobChunk, Blob):
        mine = sa.and_(model.user_id == user_id, model.sha.in_(hashes))
        connection.execute(sa.delete(model).where(mine))


def _one(user_id: str, sha: str) -> sa.ColumnElement[bool]:
    return sa.and_(Blob.user_id == user_id, Blob.sha == sha)


def _about(user_id: str, sha: str, at: int) -> str:
    return f"{user_id}/{sha}/{at}"
