"""Whether a pattern can make a matcher that backtracks, as every browser's does, run for ever.

The pattern becomes the automaton of its positions (Glushkov's). If some text can lead from a
position back to itself in two ways, a matcher tries 2, 4, 8, 16… ways: such a pattern is refused.
So is what can't be judged: back references and patterns far too big. It errs on the side of
refusal. Pure.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .patterns import Node, Takes, UnsupportedPatternError, read_pattern

LONGEST = 1000
MOST_POSITIONS = 400
MOST_STEPS = 400_000
UNROLLED = 8
ODD = 50  # a count above this is as good as unlimited


class UnsafePatternError(ValueError):
    """`str` is a word for the reason: ambiguous, unsupported, too_big, invalid."""


@dataclass
class _Part:
    """A piece of the pattern: the positions it may begin and end at; whether it may be empty."""

    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    empty: bool = True


def check_pattern(pattern: str) -> None:
    """Raises UnsafePatternError for one that must not be run on a phone or on the server."""
    if len(pattern) > LONGEST:
        raise UnsafePatternError("too_big")
    try:
        re.compile(pattern)
        _Automaton(*read_pattern(pattern)).check()
    except (re.error, OverflowError, IndexError):
        raise UnsafePatternError("invalid") from None
    except UnsupportedPatternError:
        raise UnsafePatternError("unsupported") from None
    except RecursionError:
        raise UnsafePatternError("too_big") from None


class _Automaton:
    """Positions of a pattern, and which may follow which."""

    def __init__(self, tree: Node, marks: Iterable[int]) -> None:
        self.takes: list[Takes] = []
        self.follow: list[list[int]] = []
        self.texts: list[frozenset[int]] = []
        self.marks, self.steps = marks, 0
        self.part(tree)

    # ---- from the tree to positions

    def part(self, node: Node) -> _Part:
        if node[0] == "set":
            return self.position(node[1])
        if node[0] == "rep":
            return self.repeat(*node[1:])
        if node[0] == "alt":
            return self.either([self.part(each) for each in node[1]])
        if node[0] == "look":
            self.part(node[1])  # judged by itself; takes no text
            return _Part()
        whole = _Part()
        for each in node[1]:
            whole = self.join(whole, self.part(each))
        return whole

    def position(self, takes: Takes) -> _Part:
        if len(self.takes) >= MOST_POSITIONS:
            raise UnsafePatternError("too_big")
        self.takes.append(takes)
        self.follow.append([])
        number = len(self.takes) - 1
        return _Part([number], [number], empty=False)

    def join(self, a: _Part, b: _Part) -> _Part:
        self.link(a.last, b.first)
        return _Part(
            a.first + b.first if a.empty else a.first,
            a.last + b.last if b.empty else b.last,
            a.empty and b.empty,
        )

    def either(self, parts: list[_Part]) -> _Part:
        first = [n for part in parts for n in part.first]
        last = [n for part in parts for n in part.last]
        return _Part(first, last, any(part.empty for part in parts))

    def repeat(self, least: int, most: int, node: Node) -> _Part:
        """`x{least,most}`: small counts written out, large ones as if there were no limit."""
        cap = ODD if node[0] == "set" else UNROLLED
        whole = _Part()
        if most > cap:
            for _ in range(min(least, cap) - 1):
                whole = self.join(whole, self.part(node))
            return self.join(whole, self.loop(node, least))
        for _ in range(least):
            whole = self.join(whole, self.part(node))
        optional = _Part()
        for _ in range(most - least):  # x{0,3} as (x(x(x)?)?)?
            optional = self.join(self.part(node), optional)
            optional.empty = True
        return self.join(whole, optional)

    def loop(self, node: Node, least: int) -> _Part:
        body = self.part(node)
        if body.empty:  # (a?)*: every empty round is another way
            raise UnsafePatternError("ambiguous")
        self.link(body.last, body.first)
        return _Part(body.first, body.last, least == 0)

    def link(self, sources: list[int], targets: list[int]) -> None:
        for source in sources:
            self.follow[source] += targets

    # ---- two ways round

    def check(self) -> None:
        """Raises UnsafePatternError if a text leads from some position to itself in two ways."""
        near = sorted({m + d for m in self.marks for d in (-1, 0, 1) if 0 <= m + d < 0x110000})
        self.texts = [frozenset(c for c in near if member(c)) for member in self.takes]
        self.steps = 0
        for start, following in enumerate(self.follow):
            twice = {n for n, count in Counter(following).items() if count > 1}
            apart = {(a, b) for a, b in self.after((start, start)) if a != b}
            if self.reaches({(n, n) for n in twice} | apart, (start, start)):
                raise UnsafePatternError("ambiguous")

    def reaches(self, pairs: set[tuple[int, int]], goal: tuple[int, int]) -> bool:
        """Whether two matchers standing at one of these pairs may both come to the goal."""
        seen, stack = set(pairs), list(pairs)
        while stack:
            pair = stack.pop()
            if pair == goal:
                return True
            found = self.after(pair)
            self.steps += len(found) + 1
            if self.steps > MOST_STEPS:
                raise UnsafePatternError("too_big")
            stack += [new for new in found if new not in seen]
            seen.update(found)
        return False

    def after(self, pair: tuple[int, int]) -> list[tuple[int, int]]:
        """The pairs two matchers may stand at after one more character, standing at this pair."""
        return [
            (a, b)
            for a in self.follow[pair[0]]
            for b in self.follow[pair[1]]
            if not self.texts[a].isdisjoint(self.texts[b])
        ]
