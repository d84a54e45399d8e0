"""Published forms as stored: every version for ever, since old visits are read with theirs."""

from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class FormVersion(Base):
    """One published version. It never changes, except that a later one takes `current` from it.

    definition: JSON; hash: SHA-256 of it; source: what the author wrote (an XForm, where that was
    no text).
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
