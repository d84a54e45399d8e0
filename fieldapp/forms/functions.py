"""The function library of the form language, on values already evaluated.

Each entry of LIBRARY takes evaluated arguments and gives a value. Functions that need the form, the
clock or chance, or that don't evaluate all their arguments, live in evaluate.py.
"""

import base64
import hashlib
import math
import re
from collections.abc import Callable, Sequence

from .geo import area, distance, geofence, intersects
from .values import (
    Date,
    Moment,
    NodeSet,
    Value,
    day_of,
    numbers,
    parse_moment,
    parse_time,
    texts,
    to_boolean,
    to_number,
    to_text,
)

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")  # day 0, 1970-01-01, was a Thursday
# Patterns that backtrack without end aren't published (regexes.py); what grows with the square or
# cube of the text is held back by its length. No answer a pattern is for is longer.
LONGEST_MATCHED = 1000
DIGESTS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


def _nodes(value: Value) -> NodeSet:
    return value if isinstance(value, list) else []


# ---- text ----


def _substr(value: Value, start: Value, end: Value | None = None) -> str:
    """0-based, end exclusive, negative positions from the end."""
    text = to_text(value)
    first, last = _integer(to_number(start)), len(text) if end is None else _integer(to_number(end))
    first, last = (max(0, len(text) + p) if p < 0 else p for p in (first, last))
    return text[first:last]


def _integer(number: float) -> int:
    return 0 if math.isnan(number) else int(max(-1e9, min(1e9, number)))


def _substring(value: Value, start: Value, length: Value | None = None) -> str:
    """XPath's: 1-based; positions are rounded."""
    text, first = to_text(value), xpath_round(to_number(start))
    end = math.inf if length is None else first + xpath_round(to_number(length))
    return "".join(c for i, c in enumerate(text, 1) if first <= i < end)


def xpath_round(number: float) -> float:
    """To the nearest integer, halves towards positive infinity, as substring() counts."""
    return number if math.isnan(number) or math.isinf(number) else float(math.floor(number + 0.5))


def _translate(value: Value, source: Value, target: Value) -> str:
    new = to_text(target)
    table: dict[int, str | None] = {}
    for i, c in enumerate(to_text(source)):
        table.setdefault(ord(c), new[i] if i < len(new) else None)
    return to_text(value).translate(table)


def _normalize(value: Value) -> str:
    return " ".join(part for part in re.split(r"[ \t\r\n]+", to_text(value)) if part)


def compile_regex(pattern: str) -> re.Pattern[str]:
    """A pattern as JavaScript reads it: `$` only at the very end, classes of ASCII. Raises
    re.error.
    """
    return re.compile(
        re.sub(r"((?:\\.|\[(?:\\.|[^\]])*\]|[^\\\[$])*)\$", r"\1\\Z", pattern), re.ASCII
    )


def _regex(value: Value, pattern: Value) -> bool:
    text = to_text(value)
    if len(text) > LONGEST_MATCHED:
        return False
    try:
        return compile_regex(to_text(pattern)).search(text) is not None
    except re.error:
        return False


def _digest(value: Value, algorithm: Value, encoding: Value = "base64") -> str:
    name = DIGESTS.get(to_text(algorithm))
    if name is None:
        return ""
    raw = hashlib.new(name, to_text(value).encode(), usedforsecurity=False).digest()
    return raw.hex() if to_text(encoding) == "hex" else base64.b64encode(raw).decode()


def _base64_decode(value: Value) -> str:
    try:
        return base64.b64decode(to_text(value), validate=True).decode()
    except ValueError:
        return ""


# ---- numbers ----


def _int(value: Value) -> float:
    number = to_number(value)
    return number if math.isnan(number) or math.isinf(number) else float(math.trunc(number))


def _round(value: Value, places: Value = 0.0) -> float:
    """Halves away from zero, to a number of decimals (negative: tens, hundreds)."""
    number, digits = to_number(value), to_number(places)
    if math.isnan(number) or math.isinf(number) or math.isnan(digits):
        return number if not math.isnan(digits) else math.nan
    scale = 10.0 ** max(-400, min(308, digits // 1 if digits > 0 else -(-digits // 1)))
    if scale == 0 or digits >= 309:
        return math.nan
    shifted = abs(number) * scale
    whole = shifted if math.isinf(shifted) else math.floor(shifted + 0.5)
    return math.copysign(whole / scale, number)


def _math(function: Callable[..., float]) -> Callable[..., Value]:
    """A function of numbers that gives NaN where mathematics gives nothing."""

    def call(*args: Value) -> Value:
        given = [to_number(a) for a in args]
        if any(math.isnan(number) for number in given):
            return math.nan
        try:
            return float(function(*given))
        except ValueError:
            return math.nan
        except (OverflowError, ZeroDivisionError):
            return math.inf

    return call


def _pow(base: float, exponent: float) -> float:
    """Endless where it is too much, with the sign it would have; so is 0 to a negative power."""
    odd = exponent % 2 == 1
    if base == 0 and exponent < 0:
        return math.copysign(math.inf, base) if odd else math.inf
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and odd else math.inf


def _log(number: float) -> float:
    return -math.inf if number == 0 else math.log(number)


def _log10(number: float) -> float:
    return -math.inf if number == 0 else math.log10(number)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda number: number if math.isinf(number) else float(function(number))


def _extreme(choose: Callable[[list[float]], float]) -> Callable[..., Value]:
    def call(*args: Value) -> Value:
        given = numbers(args)
        return math.nan if not given or any(map(math.isnan, given)) else choose(given)

    return call


# ---- choices ----


def _selected(value: Value, code: Value) -> bool:
    return to_text(code).strip() in to_text(value).split()


def _selected_at(value: Value, index: Value) -> str:
    codes, i = to_text(value).split(), to_number(index)
    return codes[int(i)] if not math.isnan(i) and 0 <= i < len(codes) else ""


def _checklist(least: Value, most: Value, *answers: Value) -> bool:
    return _within(least, most, sum(_truths(answers)))


def _weighted_checklist(least: Value, most: Value, *pairs: Value) -> bool:
    weights = [to_number(w) for v, w in zip(pairs[::2], pairs[1::2], strict=False) if to_boolean(v)]
    return _within(least, most, sum(weights))


def _truths(values: Sequence[Value]) -> list[bool]:
    return [
        to_boolean(n.text) if n is not None else to_boolean(v)
        for v in values
        for n in (v if isinstance(v, list) else [None])
    ]


def _within(least: Value, most: Value, total: float) -> bool:
    low, high = to_number(least), to_number(most)
    return (low == -1 or total >= low) and (high == -1 or total <= high)


# ---- dates ----


UNPADDED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?=$|T)", re.ASCII)


def padded(value: Value) -> Value:
    """A date in text with the leading zeros it may lack: only date() and date-time() take those."""
    if not isinstance(value, (str, list)):
        return value
    return UNPADDED.sub(lambda m: f"{m[1]}-{m[2]:0>2}-{m[3]:0>2}", to_text(value).strip(), count=1)


def as_moment(value: Value) -> Date | Moment | None:
    """A date or moment from anything: numbers are days since 1970-01-01."""
    if isinstance(value, (Date, Moment)):
        return value
    if isinstance(value, (float, int)) and not isinstance(value, bool):
        day = day_of(value)
        return day if day is None or day.days == value else Moment(value, "")
    return parse_moment(to_text(value).strip())


def _date(value: Value) -> Value:
    moment = as_moment(padded(value))
    if moment is None:
        return ""
    return day_of(moment.days) or ""


def _decimal_date_time(value: Value) -> float:
    moment = as_moment(value)
    return math.nan if moment is None else float(moment.days)


def _decimal_time(value: Value) -> float:
    if isinstance(value, Moment):
        return value.days - math.floor(value.days)
    fraction = parse_time(to_text(value).strip())
    return math.nan if fraction is None else fraction


def _format(allowed: str) -> Callable[[Value, Value], str]:
    def call(value: Value, pattern: Value) -> str:
        moment = as_moment(value)
        if moment is None:
            return ""
        parts = _date_parts(moment.days)
        return re.sub(f"%([{allowed}])", lambda match: parts[match[1]], to_text(pattern))

    return call


def _date_parts(days: float) -> dict[str, str]:
    """What each letter of a format stands for."""
    milliseconds = math.floor(days * 86_400_000 + 0.5)
    day, rest = divmod(milliseconds, 86_400_000)
    year, month, dom = (int(part) for part in str(Date(day)).split("-"))
    hour, minute, second = rest // 3_600_000, rest // 60_000 % 60, rest // 1000 % 60
    return {
        "Y": f"{year:04}",
        "y": f"{year:04}"[2:],
        "m": f"{month:02}",
        "n": str(month),
        "b": MONTHS[month - 1],
        "d": f"{dom:02}",
        "e": str(dom),
        "a": WEEKDAYS[day % 7],
        "H": f"{hour:02}",
        "h": str(hour),
        "M": f"{minute:02}",
        "S": f"{second:02}",
        "3": f"{rest % 1000:03}",
    }


LIBRARY: dict[str, Callable[..., Value]] = {
    "true": lambda: True,
    "false": lambda: False,
    "not": lambda v: not to_boolean(v),
    "boolean": to_boolean,
    "boolean-from-string": lambda v: to_text(v) in ("1", "true"),
    "checklist": _checklist,
    "weighted-checklist": _weighted_checklist,
    "string": to_text,
    "string-length": lambda v: float(len(to_text(v))),
    "normalize-space": _normalize,
    "concat": lambda *v: "".join(texts(v)),
    "join": lambda separator, *v: to_text(separator).join(texts(v)),
    "contains": lambda v, part: to_text(part) in to_text(v),
    "starts-with": lambda v, part: to_text(v).startswith(to_text(part)),
    "ends-with": lambda v, part: to_text(v).endswith(to_text(part)),
    "substr": _substr,
    "substring": _substring,
    "substring-before": lambda v, part: (
        to_text(v).partition(to_text(part))[0]
        if to_text(part) in to_text(v) and to_text(part)
        else ""
    ),
    "substring-after": lambda v, part: (
        to_text(v).partition(to_text(part))[2] if to_text(part) else to_text(v)
    ),
    "translate": _translate,
    "regex": _regex,
    "digest": _digest,
    "base64-decode": _base64_decode,
    "number": to_number,
    "int": _int,
    "round": _round,
    "floor": _math(_whole(math.floor)),
    "ceiling": _math(_whole(math.ceil)),
    "abs": _math(abs),
    "pow": _math(_pow),
    "sqrt": _math(math.sqrt),
    "exp": _math(math.exp),
    "exp10": _math(lambda x: 10.0**x),
    "log": _math(_log),
    "log10": _math(_log10),
    "pi": lambda: math.pi,
    "sin": _math(math.sin),
    "cos": _math(math.cos),
    "tan": _math(math.tan),
    "asin": _math(math.asin),
    "acos": _math(math.acos),
    "atan": _math(math.atan),
    "atan2": _math(math.atan2),
    "sum": lambda v: sum(numbers([v]), 0.0),
    "min": _extreme(min),
    "max": _extreme(max),
    "count": lambda v: float(len(_nodes(v))),
    "count-non-empty": lambda v: float(sum(node.text != "" for node in _nodes(v))),
    "selected": _selected,
    "selected-at": _selected_at,
    "count-selected": lambda v: float(len(to_text(v).split())),
    "date": _date,
    "decimal-date-time": _decimal_date_time,
    "decimal-time": _decimal_time,
    "format-date": _format("Yymnbdea"),
    "format-date-time": _format("YymnbdeaHhMS3"),
    "distance": distance,
    "area": area,
    "geofence": geofence,
    "intersects": intersects,
}
