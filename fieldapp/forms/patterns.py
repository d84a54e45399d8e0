"""Reads a regular expression as browsers and Python both understand it, into a small tree.

Nodes: `("set", takes)` with `takes(code point) -> bool`, `("seq", [node])`, `("alt", [node])`,
`("rep", least, most, node)`, `("look", node)` for text looked at and not taken. Pure. Both parsers
of the standard library simplify as they read, which would hide what a browser does.
"""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

Takes: TypeAlias = Callable[[int], bool]
Node: TypeAlias = tuple[Any, ...]
UNLIMITED = 1 << 30
NOTHING: Node = ("seq", [])
GROUPS = re.compile(r"\((\?(:|=|!|<=|<!|P?<\w+>))?")
COUNT = re.compile(r"\*|\+|\?|\{(?P<least>\d+)(?P<comma>,(?P<most>\d*))?\}")
CODE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))")
CONTROLS = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "0": 0}


class UnsupportedPatternError(ValueError):
    """What can't be judged: back references, flags and other rarities."""


def read_pattern(pattern: str) -> tuple[Node, set[int]]:
    """The tree, and the code points at which sets begin and end. The pattern must be valid."""
    reader = _Reader(pattern)
    return reader.alternatives(), reader.marks


class _Reader:
    """Stands at a place in the pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.marks = {0, *map(ord, "aA0_ \n中")}

    def peek(self, text: str) -> bool:
        """Whether this stands here; then it is passed over."""
        found = self.pattern.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def alternatives(self) -> Node:
        found = [self.sequence()]
        while self.peek("|"):
            found.append(self.sequence())
        return found[0] if len(found) == 1 else ("alt", found)

    def sequence(self) -> Node:
        items = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            items.append(self.counted(self.atom()))
        return ("seq", items)

    def counted(self, node: Node) -> Node:
        count = COUNT.match(self.pattern, self.at)
        if count is None:
            return node
        self.at = count.end()
        _ = self.peek("?") or self.peek("+")
        if count["least"] is None:
            least, most = {"*": (0, UNLIMITED), "+": (1, UNLIMITED), "?": (0, 1)}[count[0]]
            return ("rep", least, most, node)
        least = int(count["least"])
        most = int(count["most"] or UNLIMITED) if count["comma"] else least
        return ("rep", least, most, node)

    def atom(self) -> Node:
        here = self.pattern[self.at]
        if here == "(":
            return self.group()
        if here == "[":
            return ("set", self.characters())
        if here == "\\":
            return self.escape()
        self.at += 1
        if here in "^$":
            return NOTHING
        return ("set", (lambda code: code != ord("\n")) if here == "." else self.one(ord(here)))

    def group(self) -> Node:
        opening = GROUPS.match(self.pattern, self.at)
        if opening is None or self.pattern.startswith("?", opening.end()):
            raise UnsupportedPatternError
        self.at = opening.end()
        inner = self.alternatives()
        self.peek(")")
        return ("look", inner) if opening[2] in ("=", "!", "<=", "<!") else inner

    def escape(self) -> Node:
        letter = self.pattern[self.at + 1]
        if letter in "bBAZz":
            self.at += 2
            return NOTHING
        if letter in "123456789k":
            raise UnsupportedPatternError
        return ("set", self.escaped())

    def escaped(self) -> Takes:
        """The characters an escape stands for."""
        letter = self.pattern[self.at + 1]
        if letter in "dDwWsS":
            self.at += 2
            kind = re.compile(f"\\{letter}", re.ASCII)
            return lambda code: kind.match(chr(code)) is not None
        return self.one(self.code())

    def code(self) -> int:
        """One character, written plainly or escaped."""
        coded = CODE.match(self.pattern, self.at)
        if coded:
            self.at = coded.end()
            return int(coded[1] or coded[2], 16)
        if not self.peek("\\"):
            self.at += 1
            return ord(self.pattern[self.at - 1])
        self.at += 1
        letter = self.pattern[self.at - 1]
        return CONTROLS.get(letter, ord(letter))

    def one(self, code: int) -> Takes:
        self.marks.add(code)
        return lambda other: other == code

    def characters(self) -> Takes:
        """A class in brackets."""
        self.at += 1
        negated, tests = self.peek("^"), list[Takes]()
        while self.pattern[self.at] != "]" or (not tests and not negated):
            tests.append(self.span())
        self.at += 1
        return lambda code: any(test(code) for test in tests) is not negated

    def span(self) -> Takes:
        if self.pattern[self.at] == "\\" and self.pattern[self.at + 1] in "dDwWsS":
            return self.escaped()
        low = self.code()
        if self.pattern[self.at] != "-" or self.pattern[self.at + 1] == "]":
            return self.one(low)
        self.at += 1
        high = self.code()
        self.marks |= {low, high}
        return lambda code: low <= code <= high
