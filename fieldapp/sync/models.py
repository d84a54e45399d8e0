"""The log and what is derived from it, as stored. Only TEXT, INTEGER and BLOB.

Log: Submission, SubmissionVariant, SubmissionBlob, AsideDecision, Install, DurableMark, of what was
erased Erasure, Erased, ErasurePhone, and `subjects.models` but for EntitySubject. The rest (and
`Submission.review`) is derived: `service.rebuild()` drops it and replays the log. What was captured
is sealed wherever it lies, under the keys of those it is about (`fieldapp.subjects.keys`).
"""

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base
from fieldapp.subjects.models import EntitySubject

APPLIED = ("stored", "conflict")


class Submission(Base):
    """One submission: its bytes as received, sealed, and what is needed to find it.

    state: stored | conflict | quarantined; `why` says the reason of a quarantine, and `detail` in
    words that may name a record or hold what came: sealed as the body is (`aside.detail_about`). Of
    one that was erased both are gone; id and hash stay, so that nothing comes twice.
    author, role: as they were. at: when it was recorded, clamped to receipt; `skew`: server minus
    phone clock, ms.
    entity: the entity it is about (the root among those it touches), for lists.
    review: received | approved | returned | rejected | corrected (derived).
    rewritten: the erasure (or `retention`, `late`, `consent`) for which its text was written anew
    without somebody; a replay takes its ops as they stand. was: of a text that was rewritten or
    dropped, the SHA-256 of the sealed bytes as first kept, so that chains over them still verify.
    """

    __tablename__ = "submission"
    __table_args__ = (
        Index("ix_submission_desk", "scope", "area", "review"),
        Index("ix_submission_install_n", "install", "n"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str]
    install: Mapped[str]
    n: Mapped[int]
    user_id: Mapped[str] = mapped_column(index=True)
    author: Mapped[str]
    role: Mapped[str]
    device_id: Mapped[str | None]
    form: Mapped[str]
    fv: Mapped[str]
    scope: Mapped[str]
    area: Mapped[str]
    corrects: Mapped[str | None] = mapped_column(index=True)
    entity: Mapped[str | None]
    on_date: Mapped[str]
    at: Mapped[str]
    received: Mapped[str] = mapped_column(index=True)
    skew: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(index=True)
    why: Mapped[str | None]
    detail: Mapped[bytes | None]
    review: Mapped[str]
    body: Mapped[bytes]
    rewritten: Mapped[str | None]
    was: Mapped[str | None] = mapped_column(default=None)


class SubmissionVariant(Base):
    """Other bytes that came under the id of a kept submission. Never applied; an alarm."""

    __tablename__ = "submission_variant"

    id: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[str | None]
    received: Mapped[str]
    body: Mapped[bytes]


class SubmissionBlob(Base):
    """A submission names an attachment, by the SHA-256 of its bytes; kept aside or not."""

    __tablename__ = "submission_blob"

    sid: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str] = mapped_column(primary_key=True, index=True)


class Install(Base):
    """One enrolment of the app on one phone, by what it said of itself: `n_max` finds gaps.

    waiting: JSON, by scope how many finished visits it had that weren't here, as it said at
    `waiting_at`; None: it never said.
    repairs, repaired: how often and when last a copy of it had to be mended; 0 if all is well.
    """

    __tablename__ = "install"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    device_id: Mapped[str | None]
    n_max: Mapped[int]
    first_seen: Mapped[str]
    last_seen: Mapped[str]
    waiting: Mapped[str | None] = mapped_column(default=None)
    waiting_at: Mapped[str | None] = mapped_column(default=None)
    repairs: Mapped[int] = mapped_column(default=0, server_default="0")
    repaired: Mapped[str | None]


class AsideDecision(Base):
    """What a supervisor did about a submission that was kept aside, and why.

    action: released | repaired. body: sealed JSON `{reason, text}`; `text` is of a repair the whole
    document that stands for what came, under the same id; what came stays as it is.
    """

    __tablename__ = "aside_decision"

    id: Mapped[str] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(index=True)
    at: Mapped[str]
    user_id: Mapped[str]
    name: Mapped[str]
    action: Mapped[str]
    body: Mapped[bytes]


class DurableMark(Base):
    """Everything received before this moment is in a verified backup. One row, `id` = 1.

    floor: nothing more is dated earlier (see durable.py).
    """

    __tablename__ = "durable_mark"

    id: Mapped[int] = mapped_column(primary_key=True)
    before: Mapped[str]
    floor: Mapped[str] = mapped_column(default="", server_default="")


class Erasure(Base):
    """One act of erasing: whom (an id that means nothing any more), why, by whom, how far it went.

    subject: the entity whose data it was. whole: 1 if everything about the subject went; 0 for what
    was only out of time. cause: rights | retention. feeds: JSON list, where its tombstones lie.
    areas: JSON list. counts: JSON, by store. by: name and role; blank for the schedule.
    """

    __tablename__ = "erasure"

    id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(index=True)
    scope: Mapped[str]
    areas: Mapped[str]
    at: Mapped[str] = mapped_column(index=True)
    cause: Mapped[str]
    reason: Mapped[str]
    whole: Mapped[int]
    by: Mapped[str]
    feeds: Mapped[str]
    counts: Mapped[str]


class Erased(Base):
    """An entity that was erased, or one register of it (`reg`; blank: all of it): not taken in,
    derived or put back any more.

    feeds: JSON list of the feeds in which its tombstone tells phones.
    """

    __tablename__ = "erased"

    entity: Mapped[str] = mapped_column(primary_key=True)
    reg: Mapped[str] = mapped_column(primary_key=True)
    erasure: Mapped[str] = mapped_column(index=True)
    at: Mapped[str]
    feeds: Mapped[str]


class ErasurePhone(Base):
    """A phone that may hold something of what was erased. answered: when it pulled past the
    tombstones, and so has purged; None: not yet.
    """

    __tablename__ = "erasure_phone"

    erasure: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(primary_key=True, index=True)
    answered: Mapped[str | None]


class RegWrite(Base):
    """One write: the dot is (sid, i). Its value lies sealed in Mention.

    The day it is about and the moment are its submission's. By far the most rows, so there is no
    second index: what was written to an entity is found by way of Mention.
    """

    __tablename__ = "reg_write"

    sid: Mapped[str] = mapped_column(primary_key=True)
    i: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str]
    reg: Mapped[str]


class RegSecret(Base):
    """The sealed value of a write whose property is a secret; mac: its keyed hash, to search by."""

    __tablename__ = "reg_secret"

    sid: Mapped[str] = mapped_column(primary_key=True)
    i: Mapped[int] = mapped_column(primary_key=True)
    mac: Mapped[str] = mapped_column(index=True)
    sealed: Mapped[bytes]


class RegSup(Base):
    """Write (by_sid, by_i) replaces dot (dot_sid, dot_i), arrived or not, of the same register."""

    __tablename__ = "reg_sup"

    dot_sid: Mapped[str] = mapped_column(primary_key=True)
    dot_i: Mapped[int] = mapped_column(primary_key=True)
    by_sid: Mapped[str] = mapped_column(primary_key=True)
    by_i: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(index=True)
    reg: Mapped[str]


class Mention(Base):
    """A submission touches an entity. `area` is where the entity is if nothing else says so.

    sealed: all it wrote there (`written.py`). urgent: it says so; the queue sorts by it.
    """

    __tablename__ = "mention"

    entity: Mapped[str] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(primary_key=True, index=True)
    new: Mapped[int]
    area: Mapped[str]
    urgent: Mapped[int]
    sealed: Mapped[bytes]


class Entity(Base):
    """Current state. `state`: the live values, shown first (entities.state_bytes), sealed.

    areas: JSON list, sorted. home: [not new, sid, area], the mention that gives the area of last
    resort. alive: 0 once deleted.
    """

    __tablename__ = "entity"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(index=True)
    scope: Mapped[str]
    state: Mapped[bytes]
    areas: Mapped[str]
    home: Mapped[str]
    alive: Mapped[int]


class EntityRoot(Base):
    """An entity follows a root entity's area; the root may not have arrived."""

    __tablename__ = "entity_root"

    entity: Mapped[str] = mapped_column(primary_key=True)
    root: Mapped[str] = mapped_column(primary_key=True, index=True)


class AreaHead(Base):
    """The lock row of an area, or of a user's own post (`u.<user>`)."""

    __tablename__ = "area_head"

    area: Mapped[str] = mapped_column(primary_key=True)


class FeedHead(Base):
    """A feed's counter and checksum over the versions of the entities now in it."""

    __tablename__ = "feed_head"

    feed: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    sum: Mapped[str]
    count: Mapped[int]


class FeedChange(Base):
    """The last change of an entity in a feed, and its version there; no version: it left."""

    __tablename__ = "feed_change"
    __table_args__ = (UniqueConstraint("feed", "seq"),)

    feed: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True, index=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    ver: Mapped[str | None]


class Conflict(Base):
    """A register in which different live values stand (invariant I10)."""

    __tablename__ = "conflict"

    entity: Mapped[str] = mapped_column(primary_key=True)
    reg: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[str]


class Issue(Base):
    """What the check of a submission found, and where settling it stands (fieldapp.sync.quality).

    kind: the rule; params: JSON, for the message; i: its place among the submission's that are
    `known` or aren't. known: found
    by what the server knew when it came, which no replay can find again, so a rebuild keeps the row
    and works out only where it stands. opened, due: days. owner, fixer: ids of people.
    """

    __tablename__ = "issue"
    __table_args__ = (Index("ix_issue_state", "state", "due"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(index=True)
    i: Mapped[int]
    kind: Mapped[str]
    path: Mapped[str]
    known: Mapped[int]
    severity: Mapped[str]
    params: Mapped[str]
    opened: Mapped[str]
    due: Mapped[str]
    state: Mapped[str]
    owner: Mapped[str | None]
    fixer: Mapped[str | None]


DERIVED = (RegWrite, RegSecret, RegSup, Mention, Entity, EntityRoot, EntitySubject, FeedHead,
           FeedChange, Conflict, Issue)  # fmt: skip
