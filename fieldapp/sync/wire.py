"""Reading a submission's bytes into checked values, or saying why they can't be read. Pure.

What is read here is what docs/sync.md promises; anything else is kept aside whole by the caller.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from fieldapp.text import depth, storable, texts

from .merge import Dot, Value, parse_dot

MAX_BODY: Final = 512 * 1024  # bytes of one submission
MAX_DEPTH: Final = 20
MAX_N: Final = 2**31 - 1
HALF: Final = "a text holds NUL or half a character"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_is_name: Final = re.compile(r"[\w.:\-]{1,100}").fullmatch
_SHA: Final = re.compile(r"[0-9a-f]{64}")


class UnreadableError(ValueError):
    """A submission that can't be read. why: parse | too_large | too_deep."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why = why


class Op(NamedTuple):
    """A register write as the phone sent it."""

    e: str
    r: str
    v: Value
    sup: tuple[Dot, ...] = ()


@dataclass(frozen=True, slots=True)
class Touched:
    """An entity the submission begins (`new`) or continues."""

    e: str
    t: str
    new: bool


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission, read. `on` and `at` are checked; `at` is still the phone's; wrote: its text."""

    id: str
    install: str
    n: int
    user: str
    form: str
    fv: str
    at: datetime | None
    on: str
    area: str
    corrects: str | None
    entities: tuple[Touched, ...] = ()
    ops: tuple[Op, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    blobs: tuple[str, ...] = ()
    wrote: str = ""


def read(body: str) -> Submitted:
    """The submission of a body. Raises UnreadableError."""
    whole = _document(body)
    try:
        return _submission(whole)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError("parse", f"{type(error).__name__}: {error}"[:200]) from error


def _document(body: str) -> dict[str, Any]:
    if len(body) > MAX_BODY or len(body.encode("utf-8", "surrogatepass")) > MAX_BODY:
        raise UnreadableError("too_large", f"more than {MAX_BODY} bytes")
    if not storable(body):  # written out; what escapes stand for is looked at below
        raise UnreadableError("parse", HALF)
    try:
        whole = _parsed(body)
    except RecursionError as error:
        raise UnreadableError("too_deep", f"deeper than {MAX_DEPTH}") from error
    except ValueError as error:
        raise UnreadableError("parse", str(error)[:200]) from error
    if depth(whole) > MAX_DEPTH:
        raise UnreadableError("too_deep", f"deeper than {MAX_DEPTH}")
    if not isinstance(whole, dict):
        raise UnreadableError("parse", "not an object")
    if "\\u" in body and not all(storable(text) for text in texts(whole)):
        raise UnreadableError("parse", HALF)
    return whole


def _parsed(body: str) -> Any:
    """The value of a JSON text. The quick reader reads what is well formed; what isn't, or is odd
    (half characters, endless digits), the thorough one decides.
    """
    try:
        return orjson.loads(body)
    except ValueError:
        return json.loads(body, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _submission(whole: dict[str, Any]) -> Submitted:
    at = parse_moment(_text(whole["at"]))
    return Submitted(
        id=_uuid(whole["id"]),
        install=_name(whole["install"]),
        n=_count(whole["n"]),
        user=_name(whole["user"]),
        form=_name(whole["form"]),
        fv=_name(whole["fv"]),
        at=at,
        on=_date(whole.get("on")) or (at.date().isoformat() if at else ""),
        area=_name(whole["area"]),
        corrects=None if whole.get("corrects") is None else _uuid(whole["corrects"]),
        entities=tuple(_touched(_object(item)) for item in _list(whole["entities"])),
        ops=tuple(_op(_object(item)) for item in _list(whole["ops"])),
        answers=_object(whole["answers"]),
        blobs=_hashes(whole.get("blobs")),
        wrote=_text(whole["at"]),
    )


def _touched(item: dict[str, Any]) -> Touched:
    return Touched(_name(item["e"]), _name(item["t"]), _flag(item.get("new", False)))


def _op(item: dict[str, Any]) -> Op:
    sup = tuple([parse_dot(_name(dot)) for dot in _list(item.get("sup", []))])
    return Op(_name(item["e"]), _name(item["r"]), read_value(item["v"]), sup)


def _hashes(value: Any) -> tuple[str, ...]:
    """The hashes in a list, each once; what is none is no reason to keep a visit aside."""
    told = value if isinstance(value, list) else ()
    found = (one for one in told if isinstance(one, str) and _SHA.fullmatch(one))
    return tuple(dict.fromkeys(found))


def read_value(value: Any) -> Value:
    """A register value: text, an object of texts, or None. Raises ValueError."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
        return value
    raise ValueError("a value is a text, an object of texts or null")


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 moment in UTC; None if it isn't one (a broken clock must not hold work back)."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=256)
def wire_moment(moment: datetime) -> str:
    """A moment as JavaScript writes it: `2026-11-02T01:12:44.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _date(value: Any) -> str:
    """A calendar date as YYYY-MM-DD, or blank."""
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else ""
    except ValueError:
        return ""


def _uuid(value: Any) -> str:
    if not (isinstance(value, str) and _UUID.fullmatch(value)):
        raise ValueError("not a UUID")
    return value


def _name(value: Any) -> str:
    if not (isinstance(value, str) and _is_name(value)):
        raise ValueError("not a name")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_N:
        raise ValueError("n is a count")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is expected")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("an object is expected")
    return value
