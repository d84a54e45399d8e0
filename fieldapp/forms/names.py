"""The shape of a form for resolving references: names, parents, repeats, and what an expression
reads.

Knows numbers of nodes only; no values, no instances.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Expr: TypeAlias = Sequence[Any]


@dataclass
class Names:
    """Per node: name (`@x` for attributes), parent's number (-1: none), whether it repeats."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    repeats: list[bool] = field(default_factory=list)
    _children: list[list[int]] = field(default_factory=list, repr=False)
    _named: dict[tuple[int, str], int] = field(default_factory=dict, repr=False)

    def add(self, name: str, parent: int, repeat: bool = False) -> int:
        """Append a node and give its number."""
        number = len(self.names)
        self.names.append(name)
        self.parents.append(parent)
        self.repeats.append(repeat)
        self._children.append([])
        if parent >= 0:
            self._children[parent].append(number)
            self._named.setdefault((parent, name), number)
        return number

    def children(self, node: int) -> list[int]:
        """Numbers of the children, attributes included, in order."""
        return self._children[node]

    def child(self, node: int, name: str) -> int | None:
        """Number of the child of that name; of several, the first."""
        return self._named.get((node, name))

    def lineage(self, node: int) -> list[int]:
        """The node's ancestors from the root, itself last."""
        line = []
        while node >= 0:
            line.append(node)
            node = self.parents[node]
        return line[::-1]

    def depth(self, node: int) -> int:
        """How many repeats there are at and above the node."""
        return sum(self.repeats[i] for i in self.lineage(node))

    def shared(self, a: int, b: int) -> int:
        """How many repeats contain (or are) both nodes."""
        line = set(self.lineage(b))
        return sum(self.repeats[i] for i in self.lineage(a) if i in line)

    def path(self, node: int) -> str:
        """Slash path without the root, e.g. `g_visit/visit_date`."""
        return "/".join(self.names[i] for i in self.lineage(node)[1:])

    def find(self, name: str) -> int | None:
        """The one node of that name; None if there is none or several."""
        found = [i for i, n in enumerate(self.names) if n == name]
        return found[0] if len(found) == 1 else None


def walk(names: Names, node: int, axis: str, name: str) -> list[int]:
    """Form nodes that one step leads to from a node, instances left aside."""
    wanted = f"@{name}" if axis == "attribute" and name != "*" else name
    return [i for i in _along(names, node, axis) if wanted in ("*", names.names[i])]


def _along(names: Names, node: int, axis: str) -> list[int]:
    parent = names.parents[node]
    if axis in ("child", "attribute"):
        attribute = axis == "attribute"
        return [i for i in names.children(node) if names.names[i].startswith("@") == attribute]
    if axis == "parent":
        return [parent] if parent >= 0 else []
    if axis == "ancestor":
        return names.lineage(node)[:-1]
    if axis == "descendant":
        return [i for i in range(node + 1, len(names.names)) if node in names.lineage(i)]
    if axis.endswith("-sibling"):  # instances of the same repeat are among them
        return _along(names, parent, "child") if parent >= 0 else []
    return [node]


def references(tree: Expr, names: Names, at: int) -> set[int]:
    """Numbers of the form nodes whose values or instances an expression at node `at` reads; its own
    (`.`) left out.
    """
    found: set[int] = set()
    _collect(tree, names, at, {at}, found)
    return found


def _collect(tree: Expr, names: Names, at: int, context: set[int], found: set[int]) -> set[int]:
    """Add what `tree` reads to `found`; gives the form nodes that the tree itself may mean."""
    head = tree[0]
    if head == "r":
        found.add(tree[1])
        return {tree[1]}
    if head in ("ctx", "."):
        return context
    if head == "cur":
        return {at}
    if head == "path":
        nodes = _collect(tree[1], names, at, context, found)
        for axis, name, *preds in tree[2:]:
            nodes = {n for node in nodes for n in walk(names, node, axis, name)}
            for pred in preds:
                _collect(pred, names, at, nodes, found)
        found |= nodes - {at}
        return nodes
    below: set[int] = set()
    for part in tree[1:]:
        if isinstance(part, list):
            below |= _collect(part, names, at, context, found)
    return below if head == "op" and tree[1] == "|" else set()
