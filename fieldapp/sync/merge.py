"""The merge theory: which of the writes of a register are live, which is shown, what is a conflict.

State is two sets that only grow, writes and superseded dots, so merging two states is union: order,
repetition and clocks can't change which values are live. Clocks only choose what is shown *first*.
Knows no storage, no forms, no clock. `tests/contract/merge.json` holds its cases; the phone runs
them too.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import sha256
from typing import Final, Literal, NamedTuple, get_args

Kind = Literal["one", "latest", "union", "min", "max", "notes", "alive"]
Value = str | dict[str, str] | None

KINDS: Final[tuple[str, ...]] = get_args(Kind)
# The register of kind "alive": `one`, but "false" never wins over another value.
ALIVE: Final = "_alive"
DEAD: Final = "false"

# Both languages trim exactly these: their own idea of white space differs.
_BLANKS: Final = "\t\n\v\f\r \u00a0\u3000\ufeff"
_POSITION: Final = re.compile(r"[0-9]{1,6}")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Dot(NamedTuple):
    """The name of a write: the submission's id and the position in its ops."""

    sid: str
    i: int

    def __str__(self) -> str:
        return f"{self.sid}:{self.i}"


def parse_dot(text: str) -> Dot:
    """`<submission id>:<position>`. Raises ValueError for anything else."""
    sid, colon, position = text.rpartition(":")
    if not (colon and sid and _POSITION.fullmatch(position)):
        raise ValueError("not a dot")
    return Dot(sid, int(position))


class Write(NamedTuple):
    """One write of one register.

    on: the date the fact is about, `YYYY-MM-DD`. at: when it was recorded, clamped to its receipt,
    as sortable UTC text with milliseconds (`2026-11-02T01:12:44.000Z`).
    """

    dot: Dot
    v: Value
    on: str = ""
    at: str = ""


class Register(NamedTuple):
    """Live writes, the shown one first; what is shown (None: absent); do live values disagree?"""

    live: tuple[Write, ...]
    shown: Value
    conflict: bool


def canonical(value: Value) -> str | None:
    """The form in which two values are compared; None for a value that says nothing.

    Text: NFC, trimmed. A group: canonical JSON of its members that aren't blank.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value if value.isascii() else unicodedata.normalize("NFC", value)
        return text.strip(_BLANKS) or None
    members = {name: canonical(member) for name, member in sorted(value.items())}
    filled = {name: member for name, member in members.items() if member is not None}
    return json.dumps(filled, ensure_ascii=False, separators=(",", ":")) if filled else None


def merge(kind: Kind, writes: Iterable[Write], superseded: Collection[Dot]) -> Register:
    """The state of a register from all its writes and all dots any of them names as replaced.

    `superseded` may name dots that haven't arrived; a dot given twice is one write.
    """
    unique = {write.dot: write for write in writes if write.dot not in superseded}
    if len(unique) <= 1:
        only = tuple(unique.values())
        return Register(only, shown(kind, only), False)
    live = sorted(unique.values(), key=_order(kind), reverse=kind != "notes")
    if kind in ("min", "max"):
        live = _extreme_first(kind, live)
    return Register(tuple(live), shown(kind, live), _conflict(kind, live))


def _order(kind: Kind) -> Callable[[Write], tuple[str | bool, ...]]:
    """The key by which live writes are listed, greatest first (notes: smallest first)."""
    if kind == "one":
        return lambda w: (w.at, w.dot.sid, f"{w.dot.i:06d}")
    if kind == "alive":
        return lambda w: (canonical(w.v) != DEAD, w.at, w.dot.sid, f"{w.dot.i:06d}")
    return lambda w: (w.on, w.at, w.dot.sid, f"{w.dot.i:06d}")


def is_blank(value: Value) -> bool:
    """Whether a value says nothing."""
    if isinstance(value, dict):
        return all(canonical(member) is None for member in value.values())
    return value is None or not value.strip(_BLANKS)  # normalizing makes nothing blank of more


def shown(kind: Kind, live: Sequence[Write]) -> Value:
    """What is shown of live writes, listed as `merge` lists them."""
    if not live:
        return None
    if kind == "union":
        codes = {code for w in live for code in (canonical(w.v) or "").split(" ") if code}
        return " ".join(sorted(codes)) or None
    if kind == "notes":
        return "\n".join(note for w in live if (note := canonical(w.v))) or None
    return None if is_blank(live[0].v) else live[0].v


def _conflict(kind: Kind, live: Sequence[Write]) -> bool:
    return kind in ("one", "alive") and len({canonical(w.v) for w in live}) > 1


def _extreme_first(kind: Literal["min", "max"], live: Sequence[Write]) -> list[Write]:
    """Smallest or greatest value first: as numbers if all are, else as text, which suits dates."""
    texts = {w.dot: canonical(w.v) for w in live}
    filled = [w for w in live if texts[w.dot] is not None]
    if not filled:
        return list(live)
    numeric = all(_NUMBER.fullmatch(text) for text in texts.values() if text is not None)

    def size(w: Write) -> tuple[float, str]:
        text = texts[w.dot] or ""
        return (float(text) if numeric else 0.0, text)

    best = min(filled, key=size) if kind == "min" else max(filled, key=size)
    return [best, *(w for w in live if w is not best)]


def version(entity: str, dots: Iterable[Dot], areas: Iterable[str]) -> str:
    """`ver`, 16 hex: hash of an entity's id, live dots and areas as visible in one feed."""
    lines = [entity, ",".join(sorted(map(str, dots))), ",".join(sorted(areas))]
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def checksum(versions: Iterable[str], start: str = "0" * 16) -> str:
    """`sum`, 16 hex: the XOR of versions. Adding and taking away are the same operation."""
    total = int(start, 16)
    for ver in versions:
        total ^= int(ver, 16)
    return f"{total:016x}"
