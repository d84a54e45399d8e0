"""Looks at one person's record in an emergency: the grant, why it was taken, and what came of it.

Only TEXT and BLOB.
"""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class EmergencyLook(Base):
    """One person was found by exact name, and perhaps looked at.

    subject: the entity; scope, area: its own. found, opened, judged: moments; opened: None if
    nobody looked. until: the grant's end, which the query builder and the database both ask; None:
    no grant. due: when it has to be judged. said: sealed JSON `{reason, note}`, under the subject's
    key, so that it goes with whom it is about. verdict: one of rules.VERDICTS. name, judged_by:
    people as they were called.
    """

    __tablename__ = "emergency_look"
    __table_args__ = (
        Index("ix_emergency_look_user_id_until", "user_id", "until"),
        Index("ix_emergency_look_area_due", "area", "due"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    name: Mapped[str]
    scope: Mapped[str]
    area: Mapped[str]
    subject: Mapped[str]
    found: Mapped[str]
    opened: Mapped[str | None]
    until: Mapped[str | None]
    due: Mapped[str | None]
    said: Mapped[bytes | None]
    verdict: Mapped[str | None]
    judged: Mapped[str | None]
    judged_by: Mapped[str | None]
