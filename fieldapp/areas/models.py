"""The area tree as stored: district → town → village."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.db import Base


class Area(Base):
    """One area. `code` is its 12-digit statistical code; a village is a leaf.

    clinic, clinic_phone: of the clinic its clients may agree to be referred to; blank where it has
    none of its own, and that of the area above serves.
    """

    __tablename__ = "area"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    level: Mapped[str]
    parent: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    clinic: Mapped[str] = mapped_column(default="")
    clinic_phone: Mapped[str] = mapped_column(default="")

    def name(self, lang: str) -> str:
        """Its name in `zh` or `en`."""
        return self.name_en if lang == "en" else self.name_zh
