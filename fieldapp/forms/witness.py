"""What evaluating an expression over finished answers rests on: on the answers alone, on what the
server knew, or on what only the phone could know.

Pure. `Witness` is the host such an evaluation asks: it notes that a list of the registry was looked
into, stops (UndecidedError) where only the phone knows, and stands in for `uuid()`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from .attached import RecordList
from .evaluate import Host, Instances
from .values import Node

Items: TypeAlias = Sequence[Mapping[str, str]]
UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# What uuid() gives while answers are checked; as long as one, so that lengths come out right.
STAND_IN = "5ee00000-0000-4000-8000-00000000001d"
SESSION = "session"


def _nothing(_list: str) -> Items | None:
    return None


@dataclass(frozen=True)
class World:
    """What surrounded a filling.

    today: the day it was finished, where the phone was; now: that moment with its offset; lists:
    known for certain; known: lists as the server knew them, of which only those items are there
    that `links` (properties by list) lead to from the answers. username, deviceid: blank if nobody
    can say. correcting: it corrects an earlier one, so that `secrets`
    (nodes) may be blank. blobs: names of the files that came with it; None: not told. strict_ids:
    records have UUIDs here.
    """

    today: str
    now: str = ""
    lists: Instances = field(default_factory=dict)
    known: Callable[[str], Items | None] = _nothing
    links: Mapping[str, frozenset[str]] | None = None
    username: str = ""
    deviceid: str = ""
    correcting: bool = False
    secrets: frozenset[int] = frozenset()
    blobs: frozenset[str] | None = None
    strict_ids: bool = False


@dataclass(frozen=True)
class Found:
    """A rule that the answers break. known: by what the server knew; value: what a calculation
    gives here.
    """

    path: str
    kind: str
    known: bool = False
    value: str = ""


class UndecidedError(Exception):
    """Only the phone could know the value."""


@dataclass
class Trace:
    """What the evaluation under way may and did rest on."""

    closed: frozenset[str] = frozenset()
    looked: bool = False
    made: bool = False


@dataclass(frozen=True)
class Witness(Host):
    """A host that knows `instances` for certain, and `known` as the server knew it."""

    known: Callable[[str], Items | None] = lambda _name: None
    trace: Trace = field(default_factory=Trace)

    def items(self, name: str) -> Node:
        """The root element of a list. Raises UndecidedError."""
        if name in self.instances:
            return super().items(name)
        if name in self.trace.closed:
            raise UndecidedError(name)
        self.trace.looked = True
        if name not in self._lists:
            found = self.known(name)
            if found is None:
                raise UndecidedError(name)
            self._lists[name] = RecordList(found)
        return self._lists[name]


def witness(
    today: str, now: str, instances: Instances, known: Callable[[str], Items | None]
) -> Witness:
    """A witness with a trace of its own."""
    trace = Trace()

    def stand_in() -> str:
        trace.made = True
        return STAND_IN

    return Witness(today, now, stand_in, _chance, instances, known=known, trace=trace)


def _chance() -> float:
    raise UndecidedError("random")


# ---- what an expression looks like ----


@dataclass(frozen=True)
class Look:
    """One look into a list; by: properties it compares with something outside the list."""

    list: str
    by: frozenset[str]


@dataclass(frozen=True)
class Facts:
    """What an expression uses, whatever the answers."""

    functions: frozenset[str]
    looks: tuple[Look, ...]
    own_area: bool
    refers: bool

    @cached_property
    def beyond(self) -> bool:
        """Whether only the phone could tell: the moment, or the area it is set to."""
        return self.own_area or "now" in self.functions

    @property
    def on_clock(self) -> bool:
        """Whether it asks what day it is."""
        return bool(self.functions & {"today", "now"})

    def loose(self, links: Mapping[str, frozenset[str]] | None) -> frozenset[str]:
        """Lists of which it needs more than the items that follow what the answers name.

        links: by list, the properties by which items are found; None: every list is whole.
        """
        if links is None or not self.looks:
            return frozenset()
        return frozenset(
            look.list for look in self.looks if not look.by & {"name", *links.get(look.list, ())}
        )


def facts_of(tree: Any) -> Facts:
    """The facts of an expression."""
    parts = list(_parts(tree))
    return Facts(
        frozenset(p[1] for p in parts if p[0] == "f"),
        tuple(_look(p) for p in parts if p[0] == "path" and p[1][:1] == ["inst"]),
        any(p[0] == "path" and p[1] == ["inst", SESSION] and p[-1][1] == "area" for p in parts),
        any(p[0] in ("r", "cur", ".") for p in parts),
    )


def _parts(tree: Any) -> Iterator[list[Any]]:
    """The expression and all expressions in it."""
    if not isinstance(tree, (list, tuple)) or not tree:
        return
    if isinstance(tree[0], str):
        yield list(tree)
    for part in tree:
        yield from _parts(part)


def _look(path: Sequence[Any]) -> Look:
    steps = [step for step in path[2:] if step[:2] == ["child", "item"]]
    by = {name for step in steps[:1] for pred in step[2:] for name in _compared(pred)}
    return Look(path[1][1], frozenset(by))


def _compared(pred: Any) -> Iterator[str]:
    """Properties that a condition compares with what isn't of any list."""
    if pred[:2] == ["op", "and"]:
        yield from _compared(pred[2])
        yield from _compared(pred[3])
    elif pred[:2] == ["op", "="]:
        for own, other in ((pred[2], pred[3]), (pred[3], pred[2])):
            is_own = own[:2] == ["path", ["ctx"]] and len(own) == 3
            if is_own and not any(p[0] in ("ctx", "inst") for p in _parts(other)):
                yield own[2][1]


_FACTS: dict[int, tuple[Any, Facts]] = {}
_FACTS_KEPT = 20_000


def known_facts(tree: Any) -> Facts:
    """The facts of an expression of a form, worked out once; it must not change any more."""
    kept = _FACTS.get(id(tree))
    if kept is None or kept[0] is not tree:
        if len(_FACTS) >= _FACTS_KEPT:
            _FACTS.clear()
        kept = _FACTS[id(tree)] = (tree, facts_of(tree))
    return kept[1]


def pattern_of(text: str) -> re.Pattern[str]:
    """What a value may be that was calculated with STAND_IN in it."""
    return re.compile(re.escape(text).replace(re.escape(STAND_IN), UUID))
