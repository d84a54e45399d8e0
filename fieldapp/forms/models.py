"""Published forms as stored: every version for ever, since old visits are read with theirs."""

from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class FormVersion(Base):
    """One published version. It never changes, except that a later one takes `current` from it.

    definition: JSON; hash: SHA-256 of it; source: what the author wrote (an XForm, or the SHA-256
    of the file, where that was no text).
    published_by: user id (None: the command line); kind, origin: extension and bytes of the
    author's file, where it was no text. packaged: 1 if it came with the product, whose next version
    takes its place; one published here keeps its place.
    """

    __tablename__ = "form_version"

    form_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    program: Mapped[str]
    scope: Mapped[str]
    definition: Mapped[str]
    hash: Mapped[str]
    source: Mapped[str]
    published_at: Mapped[str]
    current: Mapped[int]
    published_by: Mapped[str | None] = mapped_column(default=None)
    kind: Mapped[str | None] = mapped_column(default=None)
    origin: Mapped[bytes | None] = mapped_column(default=None)
    packaged: Mapped[int] = mapped_column(default=0, server_default="0")


class FormFile(Base):
    """A file that belongs to a version, as phones get it: a picture or sound as given, a list as a
    table (tables.py). It never changes.

    sha, type: SHA-256 and MIME type of content; given: SHA-256 of what the author brought.
    """

    __tablename__ = "form_file"

    form_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str] = mapped_column(index=True)
    type: Mapped[str]
    given: Mapped[str]
    content: Mapped[bytes]
