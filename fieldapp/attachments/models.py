"""Attachments as they arrive and stand: TEXT, INTEGER and BLOB only.

In the database, so that backup, durable mark and restore cover them like the log.
"""

from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class Blob(Base):
    """An attachment of one person under the hash of its bytes, as far as it came.

    state: partial | stored (whole, and the hash is right). size, have: bytes told, bytes here.
    type: MIME, by its first bytes.
    received: when it was whole. aside: `revoked` if a revoked phone sent any of it,
    `emptied` if its bytes were destroyed with the visit that named it.
    """

    __tablename__ = "blob"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(index=True)
    size: Mapped[int]
    have: Mapped[int]
    state: Mapped[str]
    type: Mapped[str]
    began: Mapped[str] = mapped_column(index=True)
    received: Mapped[str | None]
    aside: Mapped[str | None]


class BlobChunk(Base):
    """Sealed bytes from position `at` on; never rewritten, so that a large one costs no more."""

    __tablename__ = "blob_chunk"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
