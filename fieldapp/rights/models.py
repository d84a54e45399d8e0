"""What was asked by whom about whom, in ids and dates: nothing here is the person's own.

Only TEXT and INTEGER.
"""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class RightsRequest(Base):
    """One request of a person about their data.

    kind: access | correct | withdraw | delete. subject: the entity; it means nothing once that is
    erased. asked, due, closed: days. state: open | done | refused. outcome: one of rules.OUTCOMES.
    user_id, name, role: who wrote it down; closed_by: who settled it. erasure: what a deletion did.
    """

    __tablename__ = "rights_request"
    __table_args__ = (Index("ix_rights_request_state_due", "state", "due"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    scope: Mapped[str]
    area: Mapped[str]
    asked: Mapped[str]
    due: Mapped[str]
    state: Mapped[str]
    made: Mapped[str]
    user_id: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    closed: Mapped[str | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]
    erasure: Mapped[str | None]


class RetentionRun(Base):
    """The lock row of a day: who writes it first runs what is due. erased: how many people or
    episodes; ended: blank while it runs, or if it was cut off. tries: how often it was begun;
    again: when whoever comes first may begin it again; failed: of what kind it failed last.
    """

    __tablename__ = "retention_run"

    day: Mapped[str] = mapped_column(primary_key=True)
    began: Mapped[str]
    ended: Mapped[str | None]
    erased: Mapped[int]
    tries: Mapped[int]
    again: Mapped[str | None]
    failed: Mapped[str | None]
