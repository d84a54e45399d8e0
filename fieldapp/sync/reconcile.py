"""What a submission writes: the server's own derivation, with the dots only the phone could know.

The phone sends the ops it derived, less those whose value was shown and left as it was, each with
the dots it replaces. The server derives again from the answers; where they differ, its values hold
and the difference is told. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .merge import Dot, Value
from .wire import Op, Submitted, Touched


class Applied(NamedTuple):
    """A write to apply: `i` is its dot's position."""

    i: int
    e: str
    r: str
    v: Value
    sup: tuple[Dot, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """What the server's `derive()` yields, as plain values."""

    on: str
    entities: tuple[Touched, ...]
    writes: tuple[tuple[str, str, Value], ...]

    @classmethod
    def of(cls, derived: Mapping[str, Any], fallback_on: str) -> "Derivation":
        """From `{on, entities: [{e, t, new}], writes: [{e, r, v}]}`."""
        return cls(
            on=derived["on"] or fallback_on,
            entities=tuple(Touched(x["e"], x["t"], x["new"]) for x in derived["entities"]),
            writes=tuple((w["e"], w["r"], w["v"]) for w in derived["writes"]),
        )


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An op that the answers don't yield. why: `value` or `unexpected`."""

    e: str
    r: str
    why: str


def reconcile(
    sent: Submitted, derivation: Derivation
) -> tuple[tuple[Applied, ...], tuple[Mismatch, ...]]:
    """The writes to apply, and where the phone's ops differ from the derivation.

    Ops are matched to derived writes by entity and register, equal values first, else in order.
    A null op stands where nothing was derived only in a correction: a value taken back.
    """
    derived = _by_register(derivation)
    applied: list[Applied] = []
    mismatches: list[Mismatch] = []
    known = {touched.e for touched in derivation.entities}
    for i, op in enumerate(sent.ops):
        values = derived[op.e, op.r]
        if op.v in values:
            values.remove(op.v)
            applied.append(Applied(i, op.e, op.r, op.v, op.sup))
        elif values:
            mismatches.append(Mismatch(op.e, op.r, "value"))
            applied.append(Applied(i, op.e, op.r, values.pop(0), op.sup))
        elif op.v is None and sent.corrects and op.e in known:
            applied.append(Applied(i, op.e, op.r, None, op.sup))
        else:
            mismatches.append(Mismatch(op.e, op.r, "unexpected"))
    return tuple(applied), tuple(mismatches)


def _by_register(derivation: Derivation) -> dict[tuple[str, str], list[Value]]:
    values: dict[tuple[str, str], list[Value]] = defaultdict(list)
    for e, r, v in derivation.writes:
        values[e, r].append(v)
    return values


def compose_ops(
    derivation: Derivation,
    shown: Mapping[tuple[str, str], Value],
    live: Mapping[tuple[str, str], Sequence[Dot]],
) -> Iterable[Op]:
    """The ops a phone that shows everything would send: changed values, naming all live dots.

    shown, live: by (entity, register), as the author's copy has them; a register in conflict must
    be absent from `shown`, so that answering it settles it.
    """
    for e, r, v in derivation.writes:
        if (e, r) not in shown or shown[e, r] != v:
            yield Op(e, r, v, tuple(live.get((e, r), ())))
