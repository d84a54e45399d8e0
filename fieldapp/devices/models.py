"""Enrolled devices as stored."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class Device(Base):
    """A phone that may push. `key`: its public P-256 JWK as JSON; `revoked`: when, if it was."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str]
    key: Mapped[str]
    install: Mapped[str]
    created: Mapped[str]
    last_seen: Mapped[str]
    revoked: Mapped[str | None]
