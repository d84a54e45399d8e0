"""Erasing: everything about a person, or what is out of time, as if it had never been derived.

erase(reach, act)        clear them, leave tombstones, note what was done; its own transaction
settle()                 once after erasures: the ledger knows them, the files forget
again(act)               after a restore: what was erased since is erased in it too

A submission about nobody else loses its text. One that is about others too is written anew without
the person, under its id, so that what replaced its values still means it (`redaction`).
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp import clock
from fieldapp.audit.service import SERVER, Entry, record
from fieldapp.db import db, utc_text
from fieldapp.subjects import files, ledger
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import EntitySubject, SubjectKey, SubmissionSubject
from fieldapp.subjects.sealing import ErasedError, subject_name

from . import models as m
from . import reseal
from .again import from_log
from .apply import Batch
from .bulk import upsert
from .entities import Entity, State, review_id
from .erased import WHY, tombstones
from .parties import party_of
from .reach import Reach, is_party, reach, rows_in, values_in
from .redaction import without
from .rules import CurrentRules, current_rules
from .store import Store
from .transactions import chunks, is_postgres, lock_everything, reading, writing
from .written import drop

logger = logging.getLogger(__name__)
S = m.Submission
VOID = {
    "state": "quarantined",
    "why": WHY,
    "detail": None,
    "entity": None,
    "review": "",
    "body": b"",
}
OWNS = f"""SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class
    WHERE oid = '{SubjectKey.__tablename__}'::regclass"""
OUTSTANDING = (
    "Outstanding after an erasure: the wrapped keys that were destroyed still lie in the file of "
    "the table of keys; run `fieldapp migrate` as its owner"
)
Forget = Callable[[Connection, Mapping[str, Collection[str]]], int]
"""Drops attachments, given as hashes by user; how many."""


@dataclass(frozen=True)
class Act:
    """Why and by whom. cause: rights | retention. by: name and role, blank for the schedule.

    phones: who holds something of feeds, as device ids. forget: drops attachments. who: id and
    role.
    """

    cause: str
    phones: Callable[[Collection[str]], Collection[str]]
    forget: Forget
    reason: str = ""
    by: str = ""
    who: tuple[str, str] = ("", "")
    id: str = field(default_factory=clock.new_id)
    at: str = field(default_factory=lambda: utc_text(clock.now()))


# ---- erasing ------------------------------------------------------------------------------------


def erase(find: Callable[[Connection, CurrentRules], Reach | None], act: Act) -> str | None:
    """Erase what `find` finds, under the locks; the erasure's id, None if there is nothing."""
    rules = current_rules()
    with writing() as connection:
        lock_everything(connection)
        found = find(connection, rules)
        if found is None:
            return None
        _note(connection, found, act, _Eraser(connection, rules, found, act).run())
        actor, role = act.who
        what = {"erasure": act.id, "cause": act.cause}
        chain = found.areas[0] if found.areas else SERVER
        record(connection, Entry(chain, "erase", actor, role, found.scope, found.subject, what))
    return act.id


class _Eraser:
    """One erasure in one transaction."""

    def __init__(self, connection: Connection, rules: CurrentRules, found: Reach, act: Act) -> None:
        self.connection, self.rules, self.reach, self.act = connection, rules, found, act
        self.counts: dict[str, int] = {}
        self.keys = keys_of(connection)

    def run(self) -> dict[str, int]:
        """Clear every store; how many rows of each."""
        blobs = self._blobs()
        self._rewrite()
        self._void()
        self._clear_rows()
        self._clear_registers()
        self.counts["attachments"] = self._forget(blobs)
        self._destroy_keys()
        return self.counts

    def _count(self, store: str, result: Any) -> None:
        self.counts[store] = self.counts.get(store, 0) + max(0, result.rowcount)

    def _delete(self, model: Any, column: Any, values: Collection[Any], store: str = "") -> None:
        for some in chunks(sorted(values)):
            done = self.connection.execute(sa.delete(model).where(column.in_(some)))
            self._count(store or model.__tablename__, done)

    # ---- texts

    def _rewrite(self) -> None:
        """Write the shared ones anew, each without what goes."""
        store = Store(self.connection, self.rules.type, locked=None)
        batch = Batch(store, self.rules)
        for row, item in from_log(self.connection, sorted(self.reach.shared)):
            plan = batch.planned(item)
            if plan is None:
                continue
            form = self.rules.form(row.form, row.fv)
            document = without(
                json.loads(item.body), plan, self.reach.gone, form.definition if form else None
            )
            text = json.dumps(document, ensure_ascii=False)
            mine = sa.update(S).where(S.id == row.id)
            entity = None if row.entity in self.reach.entities else row.entity
            values = {"rewritten": self.act.id, "entity": entity, "was": row.was or _sha(row.body)}
            values |= {"body": self._sealed(row, text), "detail": None}
            self._count("rewritten", self.connection.execute(mine.values(**values)))
            self._keep_blobs(row.id, document["blobs"])

    def _sealed(self, row: Any, text: str) -> bytes:
        """As it was; under the log key if a key is gone already, until it is sealed for others."""
        try:
            return self.keys.seal_like(row.body, text.encode(), row.id)
        except ErasedError:
            return self.keys.seal(text.encode(), row.id)

    def _destroy_keys(self) -> None:
        """Seal what stays for others, then destroy the keys of all that is erased whole."""
        t, u, k = SubmissionSubject, EntitySubject, SubjectKey
        names = [subject_name(self.reach.scope, entity) for entity in self.reach.entities]
        gone = set(values_in(self.connection, sa.select(k.subject), k.subject, names))
        if self.reach.record:
            mine = is_party(k, self.reach.scope, self.reach.subject), k.wrapped.is_not(None)
            gone |= set(self.connection.scalars(sa.select(k.subject).where(*mine)))
        store = Store(self.connection, self.rules.type, locked=None)
        store.leaving = frozenset(gone)
        sids = set(values_in(self.connection, sa.select(t.sid), t.subject, gone)) - self.reach.whole
        left = set(values_in(self.connection, sa.select(u.entity), u.subject, gone))
        reseal.entities(store, left | ({self.reach.record} - {""}))
        reseal.submissions(store, sids | self.reach.shared)
        reseal.entities(store, {review_id(sid) for sid in sids | self.reach.shared})
        self._delete(t, t.sid, self.reach.whole)
        self._settle_files(sids | self.reach.shared)
        for subject in sorted(gone):
            self.keys.destroy(subject)
        self.counts["keys"] = len(gone)

    def _settle_files(self, sids: Collection[str]) -> None:
        """Attachments that stay are sealed for those who stay."""
        b = m.SubmissionBlob
        query = sa.select(S.user_id, b.sha).join(b, b.sid == S.id)
        rows = rows_in(self.connection, query, S.id, sids)
        files.settle(self.connection, sorted({(row.user_id, row.sha) for row in rows}))

    def _keep_blobs(self, sid: str, blobs: Collection[str]) -> None:
        t = m.SubmissionBlob
        self.connection.execute(sa.delete(t).where(t.sid == sid, t.sha.not_in(blobs)))

    def _void(self) -> None:
        """What is about nobody else loses its text, and says only that it was erased."""
        values = VOID | {"rewritten": self.act.id}
        for row in rows_in(self.connection, sa.select(S.id, S.body), S.id, self.reach.whole):
            first = sa.update(S).where(S.id == row.id, S.was.is_(None))
            self.connection.execute(first.values(was=_sha(row.body)))
        for some in chunks(sorted(self.reach.whole)):
            done = self.connection.execute(sa.update(S).where(S.id.in_(some)).values(**values))
            self._count("submission", done)
        sids = self.reach.whole | self.reach.shared
        t, v = m.AsideDecision, m.SubmissionVariant
        for some in chunks(sorted(sids)):
            plain = sa.update(t).where(t.sid.in_(some))
            self._count("aside_decision", self.connection.execute(plain.values(body=b"")))
        for sid, sha in sorted(self.reach.variants):
            other = sa.delete(v).where(v.id == sid, v.sha == sha)
            self._count("submission_variant", self.connection.execute(other))
        self._delete(m.SubmissionBlob, m.SubmissionBlob.sid, self.reach.whole)

    # ---- what was derived

    def _clear_rows(self) -> None:
        """Rows of the entities, whoever wrote them, and what is derived of these submissions."""
        entities, w, sec = self.reach.entities, m.RegWrite, m.RegSecret
        sids = self.reach.whole | self.reach.shared
        dots = rows_in(self.connection, sa.select(w.sid, w.i, w.entity, w.reg), w.sid, sids)
        gone: dict[tuple[str, str], set[int]] = {}
        for row in dots:
            if (row.entity, row.reg) in self.reach.gone:
                gone.setdefault((row.sid, row.entity), set()).add(row.i)
            if (row.entity, "") in self.reach.gone or (row.entity, row.reg) in self.reach.gone:
                for t, name in ((w, "reg_write"), (sec, "reg_secret")):
                    one = sa.delete(t).where(t.sid == row.sid, t.i == row.i)
                    self._count(name, self.connection.execute(one))
        drop(self.connection, gone)
        self._delete(m.RegSup, m.RegSup.entity, entities)
        self._delete(EntitySubject, EntitySubject.entity, entities)
        self._delete(m.Mention, m.Mention.entity, entities)
        self._delete(m.EntityRoot, m.EntityRoot.entity, entities)
        self._delete(m.Conflict, m.Conflict.entity, entities)
        self._delete(m.Issue, m.Issue.sid, sids)
        self._delete(m.Entity, m.Entity.id, entities)

    def _clear_registers(self) -> None:
        """Registers of entities that stay: what stands in them is worked out again."""
        wanted = sorted({entity for entity, _ in self.reach.registers})
        store = Store(self.connection, self.rules.type, locked=None)
        store.load(wanted)
        for entity_id in wanted:
            entity = store.find(entity_id)
            if entity is not None:
                self._drop_from(store, entity)
        store.flush(self.act.at)

    def _drop_from(self, store: Store, entity: Entity) -> None:
        gone = {register for e, register in self.reach.registers if e == entity.id}
        t = m.RegSup
        for register in gone:
            mine = (t.entity == entity.id, t.reg == register)
            self.connection.execute(sa.delete(t).where(*mine))
        left = {name: live for name, live in entity.state.items() if name not in gone}
        store.revise(replace(entity, state=left))

    # ---- attachments

    def _blobs(self) -> dict[str, set[str]]:
        """Hashes that the submissions name now, by the person who sent them."""
        b = m.SubmissionBlob
        query = sa.select(S.user_id, b.sha).join(b, b.sid == S.id)
        found: dict[str, set[str]] = {}
        for row in rows_in(self.connection, query, S.id, self.reach.whole | self.reach.shared):
            found.setdefault(row.user_id, set()).add(row.sha)
        return found

    def _forget(self, before: Mapping[str, set[str]]) -> int:
        """Attachments that no submission names any more."""
        b = m.SubmissionBlob
        left: dict[str, set[str]] = {}
        for user, hashes in before.items():
            query = sa.select(b.sha).join(S, S.id == b.sid).where(S.user_id == user)
            left[user] = hashes - set(values_in(self.connection, query, b.sha, hashes))
        return self.act.forget(self.connection, left)


def _sha(sealed: bytes) -> str:
    return sha256(sealed).hexdigest()


def _note(connection: Connection, found: Reach, act: Act, counts: Mapping[str, int]) -> None:
    """Remember what may not come back, tell phones, and who has to answer."""
    feeds = _feeds(connection, found)
    told = sorted({feed for some in feeds.values() for feed in some})
    row = {"id": act.id, "subject": found.subject, "scope": found.scope, "at": act.at,
           "areas": json.dumps(found.areas), "cause": act.cause, "reason": act.reason,
           "whole": int(found.all_of_it), "by": act.by, "feeds": json.dumps(told),
           "counts": json.dumps(dict(sorted(counts.items())))}  # fmt: skip
    upsert(connection, m.Erasure, [row])
    upsert(connection, m.Erased, [
        {"entity": entity, "reg": register, "erasure": act.id, "at": act.at,
         "feeds": json.dumps(sorted(feeds.get(entity, ())) if register == "" else [])}
        for entity, register in sorted(found.gone)
    ])  # fmt: skip
    tombstones(connection, {e: some for e, some in feeds.items() if e in found.entities})
    phones = [{"erasure": act.id, "device": d, "answered": None} for d in sorted(act.phones(told))]
    upsert(connection, m.ErasurePhone, phones)


def _feeds(connection: Connection, found: Reach) -> dict[str, set[str]]:
    """Where phones are told: feeds the entities are or were in, and the authors' own post."""
    t = m.FeedChange
    feeds: dict[str, set[str]] = {}
    about = found.entities | ({found.record} - {""})
    for row in rows_in(connection, sa.select(t.entity, t.feed), t.entity, about):
        feeds.setdefault(row.entity, set()).add(row.feed)
    authors = set(values_in(connection, sa.select(S.user_id), S.id, found.whole | found.shared))
    for entity in found.entities & feeds.keys():
        feeds[entity] |= {f"u.{author}" for author in authors}
    return feeds


def acts(only: str | None = None) -> list[Any]:
    """What was erased, the latest first; rows of models.Erasure."""
    t = m.Erasure
    query = sa.select(t).order_by(t.at.desc(), t.id)
    rows = db.session.scalars(query if only is None else query.where(t.id == only))
    return list(rows)


def since(subject: str, moment: str) -> bool:
    """Whether somebody was erased after a moment."""
    t = m.Erasure
    query = sa.select(t.id).where(t.subject == subject, t.at > moment, t.whole == 1).limit(1)
    return db.session.scalar(query) is not None


def settle() -> None:
    """After erasures: write them into the ledger, and scrub. A ledger that can't be written stops
    nothing here: the next backup writes what it lacks, or fails.
    """
    try:
        with reading() as connection:
            ledger.note(connection)
    except OSError:
        logger.exception("The ledger of erasures can't be written: %s", ledger.path())
    scrub()


def scrub() -> bool:
    """Let the database overwrite what a destroyed key left behind in its files; whether it did.

    SQLite overwrites what is deleted; its journal is emptied here. PostgreSQL writes the table of
    keys anew, for its owner alone: under a login that owns nothing it stays to be done by
    `scrub_owed`. What its own log still holds goes as the log is reused (docs/operating.md).
    """
    db.session.remove()
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            done = bool(connection.scalar(sa.text(OWNS)))
            if done:
                connection.execute(sa.text(f"VACUUM FULL {SubjectKey.__tablename__}"))
            else:
                logger.warning(OUTSTANDING)
        return done
    raw = db.engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()
    return True


def scrub_owed() -> bool:
    """What a server that owns nothing left to the owner of its tables; whether it was done."""
    with reading() as connection:
        query = sa.select(SubjectKey.kid).where(SubjectKey.wrapped.is_(None)).limit(1)
        owed = is_postgres(connection) and connection.execute(query).first() is not None
    return owed and scrub()


def void(sids: Collection[str]) -> None:
    """Drop the text of visits that left no record."""
    with writing() as connection:
        lock_everything(connection)
        for some in chunks(sorted(sids)):
            values = VOID | {"rewritten": "retention"}
            connection.execute(sa.update(S).where(S.id.in_(some)).values(**values))


# ---- again --------------------------------------------------------------------------------------


def again(act: Callable[[Any], Act], before: Collection[str]) -> int:
    """Erase in a database that was put back what had been erased since; how many times.

    act: how it was done, from the row of `Erasure`. before: erasures that the database knew by
    itself; of those only whole records are looked at again, for a register may say something new.
    """
    with reading() as connection:
        rows = connection.execute(sa.select(m.Erasure).order_by(m.Erasure.at)).all()
    for row in rows:
        erase(partial(_remembered, row=row, all_of_it=row.id not in before), act(row))
    return len(rows)


def _remembered(connection: Connection, _: CurrentRules, row: Any, all_of_it: bool) -> Reach | None:
    """What an earlier erasure reaches in this database; None if that was done in it."""
    t = m.Erased
    mine = connection.execute(sa.select(t.entity, t.reg).where(t.erasure == row.id)).all()
    entities = {each.entity for each in mine if each.reg == ""}
    registers = {(each.entity, each.reg) for each in mine if each.reg and all_of_it}
    if not entities and not registers:
        return None
    about = Entity(row.subject, "", row.scope, areas=tuple(json.loads(row.areas)))
    if party_of(row.subject)[1]:
        state: State = {register: () for _, register in registers}
        about = replace(about, state=state)
    return reach(connection, about, entities, registers, bool(row.whole))
