"""Reads and writes of the area tree. It knows no user: accounts decide who sees what."""

import csv
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Select, bindparam, select

from fieldapp.db import db

from .models import Area

LEVELS = ("district", "town", "village")
_ZH = dict(zip(LEVELS, ("区县", "乡镇街道", "村居"), strict=True))
_STAYS = (
    "{code} 已是{zh}，级别不能改；请核对代码，另一级的区划用它自己的代码 / "
    "{code} is a {en}, and its level stays; check the code, an area of another level has its own"
)
_NO_UTF8 = (
    "{name} 不是 UTF-8 编码；请在表格软件里另存为“CSV UTF-8”后再试 / "
    "{name} isn't UTF-8; save it as “CSV UTF-8” in the spreadsheet program and try again"
)
_CODE = re.compile(r"[0-9]{12}")
CLINIC = re.compile(r"[^\W_](?:[^\W_]|[ ·.（）()-]){0,59}")
PHONE = re.compile(r"\+?[0-9][0-9 -]{1,18}[0-9]")


class AreaError(ValueError):
    """An area that can't stand in the tree; the message says which and why. field: what is wrong
    of it.
    """

    def __init__(self, said: str, field: str = "code") -> None:
        super().__init__(said)
        self.field = field


def put_area(code: str, name_zh: str, name_en: str, level: str, parent: str | None = None) -> Area:
    """Add an area or rename it; idempotent. Not committed. Raises AreaError."""
    if not _CODE.fullmatch(code):
        raise AreaError(f"{code}: an area code has 12 digits")
    if level not in LEVELS:
        raise AreaError(f"{code}: level {level!r} is none of {', '.join(LEVELS)}")
    above = db.session.get(Area, parent) if parent else None
    if parent and above is None:
        raise AreaError(f"{code}: there is no area {parent} to belong to")
    if (above.level if above else None) != _level_above(level):
        raise AreaError(f"{code}: a {level} belongs to a {_level_above(level) or 'nothing'}")
    area = db.session.get(Area, code)
    if area is not None and area.level != level:  # what lies below it would belong nowhere
        raise AreaError(_STAYS.format(code=code, zh=_ZH[area.level], en=area.level), "level")
    if area is None:
        area = Area(code=code)
        db.session.add(area)
    area.name_zh, area.name_en, area.level, area.parent = name_zh, name_en, level, parent
    db.session.flush()
    return area


def set_clinic(code: str, name: str, phone: str) -> Area:
    """Name the clinic of an area and how to ring it; both blank take it away. Not committed.

    Raises AreaError.
    """
    area = db.session.get(Area, code)
    if area is None:
        raise AreaError(f"{code}: there is no such area")
    if (name or phone) and not CLINIC.fullmatch(name):
        raise AreaError(f"{code}: a clinic has a name of at most 60 letters, digits and brackets")
    if name and not PHONE.fullmatch(phone):
        raise AreaError(f"{code}: a clinic has a telephone number of digits, 3 to 20 of them")
    area.clinic, area.clinic_phone = name, phone
    db.session.flush()
    return area


def clinics() -> list[tuple[str, str, str]]:
    """Code, clinic and number of every area that has a clinic of its own, sorted."""
    rows = db.session.connection().execute(_CLINICS)
    return [(code, clinic, phone) for code, clinic, phone in rows]


# Asked in every pull, so made once.
_CLINICS = (
    select(Area.code, Area.clinic, Area.clinic_phone).where(Area.clinic != "").order_by(Area.code)
)


def is_clinic(name: str) -> bool:
    """Whether some area has a clinic of this name."""
    query = select(Area.code).where(Area.clinic == name, Area.clinic != "").limit(1)
    return db.session.scalar(query) is not None


def clinic_of(area: Area) -> tuple[str, str]:
    """Name and number of the clinic that serves an area: its own, or of the nearest area above;
    blank if none does.
    """
    here: Area | None = area
    while here is not None and not here.clinic:
        here = db.session.get(Area, here.parent) if here.parent else None
    return (here.clinic, here.clinic_phone) if here else ("", "")


def _level_above(level: str) -> str | None:
    position = LEVELS.index(level)
    return LEVELS[position - 1] if position else None


def load_csv(path: Path) -> int:
    """Put every row of a UTF-8 CSV `code,name_zh,name_en,level,parent`; how many. Not committed.

    Raises AreaError, or KeyError for a column that is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: _level_order(row))
    except UnicodeDecodeError as error:
        raise AreaError(_NO_UTF8.format(name=path.name)) from error
    for row in rows:
        put_area(row["code"], row["name_zh"], row["name_en"], row["level"], row["parent"] or None)
    return len(rows)


def _level_order(row: dict[str, str]) -> int:
    """Parents first; an unknown level last, where put_area refuses it."""
    return LEVELS.index(row["level"]) if row["level"] in LEVELS else len(LEVELS)


def exists(code: str) -> bool:
    """Whether the tree has this area."""
    return db.session.get(Area, code) is not None


def get(code: str) -> Area | None:
    """An area by code."""
    return db.session.get(Area, code)


def leaf_codes(under: str) -> list[str]:
    """The villages in an area (itself, if it is one), sorted; empty for an unknown code."""
    return list(db.session.scalars(_leaves(), {"under": under}))


@cache
def _leaves() -> Select[tuple[str]]:
    """The query, made once: it is asked several times in every request."""
    root = select(Area.code, Area.level).where(Area.code == bindparam("under"))
    below = root.cte("below", recursive=True)
    below = below.union(select(Area.code, Area.level).join(below, Area.parent == below.c.code))
    return select(below.c.code).where(below.c.level == "village").order_by(below.c.code)


def with_ancestors(codes: Iterable[str]) -> list[Area]:
    """These areas and everything above them, sorted by code."""
    found: dict[str, Area] = {}
    wanted = set(codes)
    while wanted:
        rows = db.session.scalars(select(Area).where(Area.code.in_(wanted))).all()
        found |= {row.code: row for row in rows}
        wanted = {row.parent for row in rows if row.parent} - found.keys()
    return [found[code] for code in sorted(found)]


def all_areas() -> list[Area]:
    """The whole tree, sorted by code."""
    return list(db.session.scalars(select(Area).order_by(Area.code)))


def public(areas: Iterable[Area], lang: str) -> list[dict[str, Any]]:
    """Areas as the wire carries them: `{code, name, parent, level, clinic, clinic_phone}`, the
    clinic that serves it.
    """
    return [
        {"code": a.code, "name": a.name(lang), "parent": a.parent, "level": a.level}
        | dict(zip(("clinic", "clinic_phone"), clinic_of(a), strict=True))
        for a in areas
    ]
