"""Whether a stored text is what its data type allows. Pure; check.ts is the phone's half."""

import re
from collections.abc import Callable, Container, Sequence

from .values import DATE, MOMENT, NUMBER, parse_moment, parse_time

POINT = re.compile(r"\s*-?\d+(\.\d+)?(\s+-?\d+(\.\d+)?){1,3}\s*", re.ASCII)
INTEGER = re.compile(r"-?\d+", re.ASCII)
FILE = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,8}")


def _points(text: str) -> bool:
    return all(map(_point, text.strip().strip(";").split(";")))


def _point(text: str) -> bool:
    if POINT.fullmatch(text) is None:
        return False
    latitude, longitude = map(float, text.split()[:2])
    return abs(latitude) <= 90 and abs(longitude) <= 180


TYPES: dict[str, Callable[[str], bool]] = {
    "string": lambda text: True,
    "int": lambda text: INTEGER.fullmatch(text) is not None,
    "decimal": lambda text: NUMBER.fullmatch(text) is not None,
    "boolean": lambda text: text in ("true", "false", "1", "0"),
    "date": lambda text: DATE.fullmatch(text) is not None and parse_moment(text) is not None,
    "dateTime": lambda text: MOMENT.fullmatch(text) is not None and parse_moment(text) is not None,
    "time": lambda text: parse_time(text) is not None,
    "geopoint": _point,
    "geotrace": _points,
    "geoshape": _points,
}


def is_file(text: str, came: Container[str] | None) -> bool:
    """Whether a text names a file by its hash, and the file came along (None: nobody knows)."""
    named = FILE.fullmatch(text)
    return named is not None and (came is None or named[1] in came)


def in_range(number: float, limits: Sequence[float]) -> bool:
    """Whether a number lies on `[start, end, step]`."""
    start, end, step = limits
    if not min(start, end) <= number <= max(start, end):
        return False
    steps = (number - start) / step if step else 0.0
    return abs(steps - round(steps)) < 1e-6
