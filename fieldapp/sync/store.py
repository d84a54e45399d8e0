"""The store of one transaction: what was read so far, what is to be written, and writing it.

Effects of submissions are staged in memory and written together; feeds are counted once per batch,
under the locks. Decisions are made elsewhere (`plan`, `entities`).
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp import clock
from fieldapp.subjects import files
from fieldapp.subjects.keys import Keys, keys_of
from fieldapp.subjects.models import EntitySubject, SubmissionSubject
from fieldapp.subjects.sealing import ErasedError, subject_name

from . import models as m
from . import parties
from .bulk import among, chosen, distinct, insert, upsert
from .entities import (
    CORE,
    REVIEW,
    REVIEW_TYPE,
    Entity,
    State,
    TypeView,
    conflicts,
    is_alive,
    places,
    read_state,
    review_state,
    review_versions,
    roots,
    state_about,
    state_bytes,
    versions,
    whom,
)
from .issues import settle
from .merge import checksum
from .plan import Target
from .quality import BLOCK, ISSUE, ISSUE_TYPE, SETTLED, Standing
from .transactions import chunks, is_postgres

Row = dict[str, Any]
NO_SUM = "0" * 16


class LocksGrewError(Exception):
    """The batch touches areas it hasn't locked: begin again with these too."""

    def __init__(self, areas: Collection[str]) -> None:
        super().__init__(", ".join(sorted(areas)))
        self.areas = set(areas)


@dataclass(frozen=True)
class Seal:
    """A column of a staged row that is sealed when it is written. about: what it is bound to."""

    row: Row
    column: str
    plain: bytes
    about: str
    subjects: frozenset[str]


@dataclass
class Effect:
    """What applying one submission adds, as rows by model, and the entities it changed."""

    entities: dict[str, Entity] = field(default_factory=dict)
    rows: dict[type[Any], list[Row]] = field(default_factory=dict)
    seals: list[Seal] = field(default_factory=list)

    def add(self, model: type[Any], row: Row) -> None:
        """Stage one row."""
        self.rows.setdefault(model, []).append(row)

    def seal(self, row: Row, column: str, plain: bytes, about: str, of: frozenset[str]) -> None:
        """Stage what a column of a staged row holds, to be sealed for the subjects it is `of`."""
        row[column] = b""
        self.seals.append(Seal(row, column, plain, about, of))


class Store:
    """Reads through, stages, writes at the end.

    types: gives a type's view, None if unknown. locked: the areas that are; None: all of them.
    """

    def __init__(
        self,
        connection: Connection,
        types: Callable[[str, str], TypeView | None],
        locked: Collection[str] | None = (),
    ) -> None:
        self.connection, self._types = connection, types
        self.keys: Keys = keys_of(connection)
        self._seals: list[Seal] = []
        self._of_submissions: dict[str, frozenset[str]] = {}
        self._whom: dict[str, tuple[State, frozenset[str]]] = {}  # of the entity in this state
        self.leaving: frozenset[str] = frozenset()  # subjects whose keys are about to be destroyed
        self._locked = None if locked is None else set(locked)
        self._entities: dict[str, Entity | None] = {}
        self._before: dict[str, Entity | None] = {}
        self._dirty: set[str] = set()
        self._staged: dict[type[Any], list[Row]] = {}
        self._targets: dict[str, Target | None] = {}
        self._sups: dict[str, list[tuple[int, str, str]]] = {}
        self._early_sups: dict[str, list[tuple[int, str, str]]] = {}  # staged, not asked for yet
        self._following: dict[tuple[str, str], set[str]] = {}  # of roots and types asked for
        self._new_following: dict[str, set[str]] = {}  # staged, of any type

    # ---- reading ------------------------------------------------------------------------------

    def view_of(self, entity: Entity) -> TypeView:
        """The view of an entity's type; of a type no program knows any more, an empty one."""
        if entity.scope == CORE:
            return ISSUE_TYPE if entity.type == ISSUE else REVIEW_TYPE
        return self._types(entity.scope, entity.type) or TypeView(entity.scope, entity.type)

    def load(self, ids: Iterable[str]) -> None:
        """Read these entities, once."""
        wanted = sorted(set(ids) - self._entities.keys())
        self._entities |= dict.fromkeys(wanted)
        for some in chunks(wanted):
            rows = chosen(self.connection, m.Entity, m.Entity.id, some).all()
            for entity in entities_of(self.keys, rows):
                self._entities[entity.id] = entity
        self._before |= {entity_id: self._entities[entity_id] for entity_id in wanted}

    def _keep(self, rows: Iterable[Any]) -> None:
        """Entities that were read by the way."""
        if not (new := [row for row in rows if row.id not in self._entities]):
            return
        for entity in entities_of(self.keys, new):
            self._entities[entity.id] = self._before[entity.id] = entity

    def find(self, entity_id: str) -> Entity | None:
        """An entity as it is now, with what was staged."""
        if entity_id not in self._entities:
            self.load([entity_id])
        return self._entities[entity_id]

    def target(self, sid: str) -> Target | None:
        """The submission a decision or a correction is about."""
        if sid not in self._targets:
            s = m.Submission
            marks = (s.rewritten.is_not(None), s.state.in_(m.APPLIED))
            query = sa.select(s.id, s.user_id, s.scope, s.area, *marks).where(s.id == sid)
            row = self.connection.execute(query).first()
            self._targets[sid] = Target(*row[:4], *map(bool, row[4:])) if row else None
        return self._targets[sid]

    def load_sups(self, sids: Collection[str]) -> None:
        """Read which dots of these submissions were replaced before they arrived."""
        wanted = [sid for sid in sids if sid not in self._sups]
        self._sups |= {sid: self._early_sups.pop(sid, []) for sid in wanted}
        sup = m.RegSup
        for some in chunks(wanted):
            replaced = (sup.dot_sid, sup.dot_i, sup.entity, sup.reg)
            for row in chosen(self.connection, replaced, sup.dot_sid, some):
                self._sups[row.dot_sid].append((row.dot_i, row.entity, row.reg))

    def sups_of(self, sid: str) -> list[tuple[int, str, str]]:
        """(position, entity, register) of each replaced dot of a submission."""
        self.load_sups([sid])
        return self._sups[sid]

    def load_followers(self, ids: Collection[str], types: Collection[str]) -> None:
        """Read these entities, and of those that follow them the ones of these types, once."""
        known = self._following
        wanted = {(root, kind) for root in ids for kind in types if (root, kind) not in known}
        if not wanted:
            return
        known |= {key: set() for key in wanted}
        self.load({root for root, _ in wanted})
        t, entity = m.EntityRoot, m.Entity
        query = sa.select(t.root, *entity.__table__.columns).join(entity, entity.id == t.entity)
        query = query.where(
            among(self.connection, entity.type, sorted({kind for _, kind in wanted}))
        )
        for some in chunks(sorted({root for root, _ in wanted})):
            found = self.connection.execute(query.where(among(self.connection, t.root, some)))
            rows = [row for row in found if (row.root, row.type) in wanted]
            for row in rows:
                known[row.root, row.type].add(row.id)
            self._keep(rows)

    def near(self, ids: Collection[str], kind: str) -> list[Entity]:
        """These entities, and those of a type that follow them, with what was staged."""
        self.load_followers(ids, [kind])
        found = dict.fromkeys(ids)
        for root in ids:
            new = self._new_following.get(root, set())
            found |= dict.fromkeys(sorted(self._following[root, kind] | new))
        return [self._placed(entity) for e in found if (entity := self.find(e)) is not None]

    def _placed(self, entity: Entity) -> Entity:
        """An entity where it is; of what was staged that is worked out only when it is written."""
        if entity.id not in self._dirty or entity.scope == CORE:
            return entity
        return replace(entity, areas=places(entity, self.view_of, self.find))

    def issue(self, issue: str) -> Standing | None:
        """Where an issue stands, of what was written before."""
        t = m.Issue
        row = self.connection.execute(
            sa.select(t.state, t.owner, t.fixer).where(t.id == issue)
        ).first()
        return Standing(*row) if row else None

    def is_blocked(self, sid: str) -> bool:
        """Whether issues of a submission stand in the way of approving it."""
        t = m.Issue
        query = sa.select(t.id).where(t.sid == sid, t.severity == BLOCK)
        return self.connection.execute(query.where(t.state.not_in(SETTLED))).first() is not None

    def subjects(self, entity: Entity) -> frozenset[str]:
        """Under whose keys an entity is sealed; what is said about a visit, as the visit."""
        if entity.scope == CORE:
            of = self.subjects_of(str(entity.shown("target", self.view_of(entity))))
            return of - self.keys.destroyed(of) - self.leaving
        known = self._whom.get(entity.id)
        if known is None or known[0] is not entity.state:
            known = self._whom[entity.id] = (entity.state, self._whom_of(entity))
        return known[1]

    def _whom_of(self, entity: Entity) -> frozenset[str]:
        of = frozenset(map(self.alive, whom(entity, self.view_of(entity))))
        gone = self.keys.destroyed(of) | (self.leaving & of)
        # A proof that is kept longer than the person it names has a key of its own from then on.
        return of - gone or frozenset([subject_name(entity.scope, entity.id)]) if gone else of

    def alive(self, subject: str) -> str:
        """Whose key it is sealed under now; see `parties.alive`."""
        return parties.alive(subject, lambda s: s in self.leaving or bool(self.keys.destroyed([s])))

    def subjects_of(self, sid: str) -> frozenset[str]:
        """Under whose keys the body of a submission is sealed."""
        if sid not in self._of_submissions:
            query = sa.select(SubmissionSubject.subject).where(SubmissionSubject.sid == sid)
            self._of_submissions[sid] = frozenset(self.connection.scalars(query))
        return self._of_submissions[sid]

    def know_subjects(self, sid: str, subjects: frozenset[str]) -> None:
        """The body of a submission is sealed for these now."""
        self._of_submissions[sid] = subjects

    # ---- staging ------------------------------------------------------------------------------

    def stage(self, effect: Effect) -> None:
        """Take in what a submission does."""
        self._entities |= effect.entities
        self._dirty |= effect.entities.keys()
        for entity in effect.entities.values():
            if entity.scope != CORE:
                for root in roots(entity, self.view_of(entity)):
                    self._new_following.setdefault(root, set()).add(entity.id)
        for model, rows in effect.rows.items():
            self._staged.setdefault(model, []).extend(rows)
        self._seals += effect.seals
        for row in effect.rows.get(SubmissionSubject, ()):
            of = self._of_submissions.get(row["sid"], frozenset())
            self._of_submissions[row["sid"]] = of | {row["subject"]}
        for row in effect.rows.get(m.RegSup, ()):
            sid, entry = row["dot_sid"], (row["dot_i"], row["entity"], row["reg"])
            known = self._sups if sid in self._sups else self._early_sups
            known.setdefault(sid, []).append(entry)

    def revise(self, entity: Entity) -> None:
        """An entity as it is without values that were erased."""
        self.load([entity.id])
        self._entities[entity.id] = entity
        self._dirty.add(entity.id)

    def know_target(self, target: Target) -> None:
        """A submission of this batch that decisions may be about."""
        self._targets[target.id] = target

    # ---- writing ------------------------------------------------------------------------------

    def flush(self, since: str) -> None:
        """Write everything staged. since: the moment conflicts begin. Raises LocksGrewError."""
        self._write_roots()
        self._write_places()
        entities = self._sealed()
        for model in (m.Submission, m.RegWrite, m.RegSecret, m.Mention):
            insert(self.connection, model, self._staged.get(model, []))
        for kept in (m.SubmissionVariant, m.SubmissionBlob, SubmissionSubject, m.RegSup, m.Issue):
            upsert(self.connection, kept, distinct(kept, self._staged.get(kept, [])))
        self._settle_files()
        self._write_entities(entities)
        self._write_conflicts(since)
        self._write_reviews()
        self._write_issues()
        self._write_feeds()

    def _changed(self) -> list[tuple[Entity | None, Entity]]:
        """Before and after, in order of ids."""
        pairs = [(self._before.get(e), self._entities[e]) for e in sorted(self._dirty)]
        return [(before, after) for before, after in pairs if after is not None]

    def _write_roots(self) -> None:
        """Whose area the changed entities follow, and whom they are about."""
        self._write_links(m.EntityRoot, "root", lambda e: roots(e, self.view_of(e)))
        self._write_links(EntitySubject, "subject", self.subjects)

    def _write_links(
        self, model: Any, column: str, links: Callable[[Entity], Collection[str]]
    ) -> None:
        new: list[Row] = []
        for before, after in self._changed():
            old = set(links(before)) if before else set()
            now = set(links(after))
            for gone in sorted(old - now):
                mine = (model.entity == after.id, getattr(model, column) == gone)
                self.connection.execute(sa.delete(model).where(*mine))
            new += [{"entity": after.id, column: link} for link in sorted(now - old)]
        upsert(self.connection, model, new)

    def _write_places(self) -> None:
        """Where the changed entities are, and everything that follows one that moved."""
        wave, seen = set(self._dirty), set(self._dirty)
        while wave:
            moved = {entity_id for entity_id in sorted(wave) if self._place(entity_id)}
            wave = self._followers(moved) - seen
            seen |= wave
            self.load(wave)

    def _place(self, entity_id: str) -> bool:
        """Compute where an entity is; whether that is new."""
        entity, before = self._entities[entity_id], self._before.get(entity_id)
        if entity is None:
            return False
        areas = () if entity.scope == CORE else places(entity, self.view_of, self.find)
        if before is None or areas != before.areas:
            self._dirty.add(entity_id)
            self._entities[entity_id] = replace(entity, areas=areas)
            return True
        return False

    def _followers(self, moved: Collection[str]) -> set[str]:
        t, found = m.EntityRoot, set[str]()
        for some in chunks(sorted(moved)):
            query = sa.select(t.entity).where(among(self.connection, t.root, some))
            found.update(self.connection.scalars(query))
        return found

    def _sealed(self) -> list[Row]:
        """Seal all that is staged; the rows of the changed entities."""
        changed = [(after, self.subjects(after)) for _, after in self._changed()]
        wanted = [of for _, of in changed] + [seal.subjects for seal in self._seals]
        self.keys.ensure(frozenset().union(*wanted))
        for seal in self._seals:
            seal.row[seal.column] = self.keys.seal(seal.plain, seal.about, seal.subjects)
        return [row_of(self.keys, after, of) for after, of in changed]

    def _write_entities(self, rows: list[Row]) -> None:
        upsert(self.connection, m.Entity, rows)

    def _settle_files(self) -> None:
        """Attachments that came before the visits that name them now belong to somebody."""
        authors = {row["id"]: row["user_id"] for row in self._staged.get(m.Submission, ())}
        named = self._staged.get(m.SubmissionBlob, ())
        theirs = {(authors[r["sid"]], r["sha"]) for r in named if r["sid"] in authors}
        files.settle(self.connection, sorted(theirs))

    def _write_conflicts(self, since: str) -> None:
        t = m.Conflict
        new: list[Row] = []
        for before, after in self._changed():
            old = conflicts(before, self.view_of(before)) if before else set()
            now = conflicts(after, self.view_of(after))
            for reg in sorted(old - now):
                self.connection.execute(sa.delete(t).where(t.entity == after.id, t.reg == reg))
            new += [{"entity": after.id, "reg": r, "since": since} for r in sorted(now - old)]
        upsert(self.connection, t, new, "since")

    def _write_reviews(self) -> None:
        """Submission.review follows the review entities."""
        s = m.Submission
        for _, after in self._changed():
            if after.type == REVIEW and after.scope == CORE:
                about = s.id == after.shown("target", REVIEW_TYPE)
                values = {"review": review_state(after)}
                self.connection.execute(sa.update(s).where(about).values(**values))

    def _write_issues(self) -> None:
        """Where issues stand follows what was decided about them, their visits and corrections."""
        own = (entity for _, entity in self._changed() if entity.scope == CORE)
        judged = {str(entity.shown("target", self.view_of(entity))) for entity in own}
        judged |= {row["sid"] for row in self._staged.get(m.Issue, ())}
        if judged:
            settle(self, judged)

    def _write_feeds(self) -> None:
        wanted = {
            (feed, after.id): ver
            for _, after in self._changed()
            for feed, ver in self._versions(after).items()
        }
        had = self._feed_rows(sorted(self._dirty))
        changes = {
            key: wanted.get(key)
            for key in sorted({*wanted, *had})
            if wanted.get(key) != had.get(key)
        }
        if not changes:
            return
        heads = self._heads({feed for feed, _ in changes})
        rows = []
        for (feed, entity), ver in changes.items():
            head, old = heads[feed], had.get((feed, entity))
            head["seq"] += 1
            head["sum"] = checksum([v for v in (old, ver) if v], head["sum"])
            head["count"] += (ver is not None) - (old is not None)
            rows.append({"feed": feed, "entity": entity, "seq": head["seq"], "ver": ver})
        upsert(self.connection, m.FeedChange, rows)
        upsert(self.connection, m.FeedHead, list(heads.values()))

    def _versions(self, entity: Entity) -> dict[str, str]:
        if entity.scope != CORE:
            return versions(entity, self.view_of(entity))
        if entity.type != REVIEW:
            return {}
        target = self.target(str(entity.shown("target", REVIEW_TYPE)))
        return review_versions(entity, target.user_id if target and target.applied else None)

    def _feed_rows(self, ids: Collection[str]) -> dict[tuple[str, str], str | None]:
        t = m.FeedChange
        query = sa.select(t.feed, t.entity, t.ver)
        return {
            (row.feed, row.entity): row.ver
            for some in chunks(ids)
            for row in self.connection.execute(query.where(among(self.connection, t.entity, some)))
        }

    def _heads(self, feeds: Collection[str]) -> dict[str, Row]:
        """The heads of these feeds, which must be locked."""
        if self._locked is not None and is_postgres(self.connection):
            missing = {lock_of(feed) for feed in feeds} - self._locked
            if missing:
                raise LocksGrewError(missing)
        heads: dict[str, Row] = {}
        for some in chunks(sorted(feeds)):
            for row in self.connection.execute(
                sa.select(m.FeedHead).where(m.FeedHead.feed.in_(some))
            ):
                heads[row.feed] = dict(row._mapping)
        for feed in sorted(set(feeds) - heads.keys()):
            epoch = clock.new_id()[:8]
            heads[feed] = {"feed": feed, "epoch": epoch, "seq": 0, "sum": NO_SUM, "count": 0}
        return heads


def lock_of(feed: str) -> str:
    """What is locked to change a feed: its area, or a user's own post."""
    return feed if feed.startswith("u.") else feed.partition(".")[0]


def entities_of(keys: Keys, rows: Sequence[Any], holding: str = "") -> Iterator[Entity]:
    """The entities of rows; of an erased one there is none. holding: those that may hold a text, in
    lower case; whether they do is for the caller to see.
    """
    keys.prepare(row.state for row in rows)
    needle = orjson.dumps(holding)[1:-1].decode() if holding else ""
    for row in rows:
        try:
            state = keys.open(row.state, state_about(row.id))
        except ErasedError:
            continue
        if holding and needle not in state.decode().lower():
            continue
        home, areas = orjson.loads(row.home), tuple(orjson.loads(row.areas))
        home = (home[0], home[1], home[2])
        yield Entity(row.id, row.type, row.scope, read_state(state), areas, home)


def row_of(keys: Keys, entity: Entity, subjects: Collection[str]) -> Row:
    """The row of an entity."""
    # Not packed: registers are few and short, and each change would pay for it.
    state = keys.seal(state_bytes(entity.state), state_about(entity.id), subjects, pack=False)
    return {
        "id": entity.id,
        "type": entity.type,
        "scope": entity.scope,
        "state": state,
        "areas": json.dumps(entity.areas),
        "home": json.dumps(entity.home),
        "alive": int(is_alive(entity)),
    }
