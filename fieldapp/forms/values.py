"""What an expression can yield (text, number, truth, date, nodes) and XPath 1.0's conversions
between them.

Knows no form and no clock. ODK's additions to XPath are those of docs/form-definition.md: a date is
the number of its days since 1970-01-01, empty text is not a number and not true.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, TypeAlias

NUMBER = re.compile(r"\s*-?(\d+(\.\d*)?|\.\d+)\s*", re.ASCII)
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
EPOCH = date(1970, 1, 1)
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Date:
    """A day, as its number of days since 1970-01-01."""

    days: int

    def __str__(self) -> str:
        return (EPOCH + timedelta(self.days)).isoformat()


@dataclass(frozen=True)
class Moment:
    """A local date and time: days since 1970-01-01 with their fraction, and its text (ISO 8601,
    offset as written).
    """

    days: float
    text: str

    def __str__(self) -> str:
        return self.text


class Node(Protocol):
    """Anything a path can select: an instance of a form's node, or an item of a list."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def parent(self) -> "Node | None": ...
    @property
    def children(self) -> "Sequence[Node]": ...
    @property
    def attributes(self) -> "Sequence[Node]": ...
    @property
    def relevant(self) -> bool: ...


NodeSet: TypeAlias = list[Node]
Value: TypeAlias = str | float | bool | Date | Moment | NodeSet


@dataclass(eq=False, slots=True)
class Item:
    """A node made from plain values: an item of a list, a property of one, or an entity as its
    program sees it.
    """

    name: str
    value: str = ""
    parent: Node | None = None
    children: list["Item"] = field(default_factory=list)
    attributes: list["Item"] = field(default_factory=list)
    relevant: bool = True

    @property
    def text(self) -> str:
        """XPath's string value: that of all its descendants, one after the other."""
        return self.value if not self.children else "".join(child.text for child in self.children)


def make_item(
    values: Mapping[str, str],
    marks: Mapping[str, Mapping[str, str]] | None = None,
    parent: Item | None = None,
    name: str = "item",
) -> Item:
    """An item whose children are `values`; `marks` gives children attributes, e.g. `{"status":
    {"on": "2026-11-02"}}`.
    """
    item = Item(name, parent=parent)
    for key, value in values.items():
        child = Item(key, value, item)
        child.attributes = [Item(f"@{k}", v, child) for k, v in (marks or {}).get(key, {}).items()]
        item.children.append(child)
    return item


def make_list(items: Iterable[Mapping[str, str]]) -> Item:
    """The `root` element of a list, with its items."""
    root = Item("root")
    root.children = [make_item(values, parent=root) for values in items]
    return root


# ---- conversions ----


def to_text(value: Value) -> str:
    """XPath string(): of nodes, the first one's text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, list):
        return value[0].text if value else ""
    return str(value)


def number_text(number: float) -> str:
    """Shortest decimal text that reads back as the number, never with an exponent; integers without
    a point.
    """
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_number(value: Value) -> float:
    """XPath number(); a date is its days, a date-time its days with a fraction, empty text NaN."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, (Date, Moment)):
        return float(value.days)
    return _number_of(to_text(value))


@lru_cache(maxsize=4096)
def _number_of(text: str) -> float:
    if NUMBER.fullmatch(text):
        return float(text)
    moment = parse_moment(text.strip())
    return math.nan if moment is None else float(moment.days)


def to_boolean(value: Value) -> bool:
    """XPath boolean(): of nodes, whether there are any, answered or not."""
    if value is True or value is False:
        return value
    if isinstance(value, (str, list)):
        return bool(value)
    number = to_number(value)
    return not (number == 0 or math.isnan(number))


# ---- dates ----


@lru_cache(maxsize=4096)
def parse_date(text: str) -> Date | None:
    """A day from `YYYY-MM-DD`; None if the calendar hasn't it."""
    match = DATE.fullmatch(text)
    if not match:
        return None
    try:
        return Date((date(*map(int, match.groups())) - EPOCH).days)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def parse_moment(text: str) -> Date | Moment | None:
    """A day or a local moment from ISO text; the offset is not applied: what the clock on the wall
    said counts.
    """
    match = MOMENT.fullmatch(text)
    if not match:
        return parse_date(text)
    day, fraction = parse_date(match[1]), _day_fraction(match[2], match[3], match[4], match[5])
    return None if day is None or fraction is None else Moment(day.days + fraction, text)


def parse_time(text: str) -> float | None:
    """A time of day as a fraction of the day."""
    match = TIME.fullmatch(text)
    return _day_fraction(match[1], match[2], match[3], match[4]) if match else None


def _day_fraction(hour: str, minute: str, second: str | None, rest: str | None) -> float | None:
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        return None
    thousandths = round(float(f"0{rest or '.0'}") * 1000)
    milliseconds = ((int(hour) * 60 + int(minute)) * 60 + int(second or 0)) * 1000 + thousandths
    return milliseconds / DAY_MS


def day_of(days: float) -> Date | None:
    """The day a number of days since 1970-01-01 falls on; None outside the years 1 to 9999."""
    if not -719_162 <= days < 2_932_897:
        return None
    return Date(math.floor(days))


def moment_of(days: float, offset: str) -> Moment | None:
    """The local moment for a number of days, written with `offset`, to the millisecond."""
    whole = day_of(days)
    if whole is None:
        return None
    milliseconds = math.floor((days - whole.days) * DAY_MS + 0.5)
    if milliseconds == DAY_MS:
        whole, milliseconds = Date(whole.days + 1), 0
    seconds, thousandths = divmod(milliseconds, 1000)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    return Moment(days, f"{whole}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}{offset}")


# ---- comparison ----


def compare(operator: str, left: Value, right: Value) -> bool:
    """XPath's six comparisons; of nodes any member counts, except against a truth value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return _ordered(operator, _beside_truth(operator, left), _beside_truth(operator, right))
    if isinstance(left, list):
        if len(left) == 1:
            return compare(operator, left[0].text, right)
        return any(compare(operator, node.text, right) for node in left)
    if isinstance(right, list):
        return any(compare(operator, left, node.text) for node in right)
    if operator in ("=", "!=") and isinstance(left, str) and isinstance(right, str):
        return (left == right) == (operator == "=")
    return _ordered(operator, to_number(left), to_number(right))


def _beside_truth(operator: str, value: Value) -> float:
    """A side of a comparison with a boolean: `=` and `!=` take it as true or false; the others only
    a node-set, and the rest as a number.
    """
    if operator in ("=", "!=") or isinstance(value, list):
        return float(to_boolean(value))
    return to_number(value)


def _ordered(operator: str, a: float, b: float) -> bool:
    if operator == "=":
        return a == b
    if operator == "!=":
        return a != b
    if operator == "<":
        return a < b
    if operator == "<=":
        return a <= b
    return a > b if operator == ">" else a >= b


def texts(values: Iterable[Value]) -> list[str]:
    """Every value's text; nodes give one each."""
    return [
        text
        for v in values
        for text in ([n.text for n in v] if isinstance(v, list) else [to_text(v)])
    ]


def numbers(values: Iterable[Value]) -> list[float]:
    """Every value's number; nodes give one each."""
    return [
        number
        for v in values
        for number in ([to_number(n.text) for n in v] if isinstance(v, list) else [to_number(v)])
    ]
