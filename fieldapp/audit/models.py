"""The access log as stored. Rows are added and, when they are old, cut off; never changed."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class AuditRow(Base):
    """One link of an area's chain (`chain.py`): who did what, when, about whom.

    chain: an area's code, `u.<user>` for what has no area, or blank for the server's own. subject:
    id of the entity it is about, or blank; what: JSON, ids only. No value of any record is in it.
    """

    __tablename__ = "audit"

    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[str]
    act: Mapped[str]
    actor: Mapped[str]
    role: Mapped[str]
    scope: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    what: Mapped[str]
    prev: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """Where a chain ends, signed; also the lock of whoever adds to it.

    base_seq, base_hash: the last row that was cut off when its time was over; 0 and blank if none.
    key: the public key, base64; signature: of `chain.head_text`.
    """

    __tablename__ = "audit_head"

    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]
    base_seq: Mapped[int] = mapped_column(BigInteger)
    base_hash: Mapped[str]
    key: Mapped[str]
    signature: Mapped[str]
