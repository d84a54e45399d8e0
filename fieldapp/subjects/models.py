"""Keys as stored, each wrapped by the one made of the server's secret; who is sealed under which.

Only TEXT, INTEGER and BLOB. A backup of the data leaves `SubjectKey.wrapped` out.
"""

from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class ServerKey(Base):
    """A key about nobody. name: `log` (bodies that are about nobody) or `mac` (keyed hashes)."""

    __tablename__ = "server_key"

    name: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]


class SubjectKey(Base):
    """The key of one subject (`sealing.subject_name`). kid: 16 hex digits, what sealed bytes name.

    No `wrapped`: it was destroyed, at that moment, and nothing may ever be sealed under it again.
    """

    __tablename__ = "subject_key"

    subject: Mapped[str] = mapped_column(primary_key=True)
    kid: Mapped[str] = mapped_column(unique=True)
    wrapped: Mapped[bytes | None]
    made: Mapped[str]
    destroyed: Mapped[str | None]


class FileKey(Base):
    """The key of one person's attachment, sealed for all whom the visits that name it are about."""

    __tablename__ = "file_key"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class SubmissionSubject(Base):
    """A submission's body is sealed under the key of this subject, beside others'."""

    __tablename__ = "submission_subject"

    sid: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True, index=True)


class EntitySubject(Base):
    """An entity is about this subject now; derived. More than one while that is in conflict."""

    __tablename__ = "entity_subject"

    entity: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True, index=True)
