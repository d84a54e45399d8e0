"""A form definition's shape, worked out once: children, lineage, names and the order of
calculation.

Pure; knows docs/form-definition.md and no values.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from .names import Names, references

Definition: TypeAlias = Mapping[str, Any]
COMPUTED = ("rel", "calc", "count")


class CycleError(ValueError):
    """Calculations that wait for each other; `nodes` are their numbers in order."""

    def __init__(self, nodes: list[int]) -> None:
        super().__init__(f"nodes {nodes} depend on each other")
        self.nodes = nodes


class Shape:
    """Read access to a definition."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.nodes: list[dict[str, Any]] = definition["nodes"]
        self._lists: dict[int, frozenset[str]] = {}
        self._codes: dict[str, frozenset[str]] = {}
        self.children: list[list[int]] = [[] for _ in self.nodes]
        for number, node in enumerate(self.nodes):
            if node["p"] >= 0:
                self.children[node["p"]].append(number)

    @cached_property
    def below(self) -> list[list[tuple[int, str, str]]]:
        """Per node: its children's numbers, names and kinds."""
        told = [(number, node["n"], node["k"]) for number, node in enumerate(self.nodes)]
        return [[told[child] for child in children] for children in self.children]

    @cached_property
    def child(self) -> list[dict[str, tuple[int, str]]]:
        """Per node: its children's numbers and kinds, by name; of a name given twice, the first."""
        return [{name: (n, kind) for n, name, kind in reversed(below)} for below in self.below]

    @cached_property
    def single(self) -> list[bool]:
        """Per node: whether there is one instance of it, being in no repeat."""
        repeats = {number for number, node in enumerate(self.nodes) if node["k"] == "repeat"}
        return [repeats.isdisjoint(line) for line in self.lineage]

    @cached_property
    def actions(self) -> dict[int, list[Mapping[str, Any]]]:
        """What the form does at its beginning or as answers change, by the node it sets."""
        found: dict[int, list[Mapping[str, Any]]] = {}
        for action in self.definition["actions"]:
            found.setdefault(action["set"], []).append(action)
        return found

    @cached_property
    def files(self) -> list[list[str]]:
        """The names on the way to each question that is answered with a file."""
        leaves = (i for i, node in enumerate(self.nodes) if node["k"] == "leaf")
        return [self.path(i).split("/") for i in leaves if self.nodes[i].get("t") == "binary"]

    @cached_property
    def fixed(self) -> frozenset[int]:
        """Nodes that nobody can ever write to: read only, as is or by what they stand in."""
        always = {i for i, node in enumerate(self.nodes) if node.get("ro") == ["f", "true"]}
        return frozenset(i for i, line in enumerate(self.lineage) if not always.isdisjoint(line))

    @cached_property
    def names(self) -> Names:
        """Names for compiling further expressions against this form."""
        names = Names()
        for node in self.nodes:
            names.add(node["n"], node["p"], node["k"] == "repeat")
        return names

    @cached_property
    def lineage(self) -> list[list[int]]:
        """Per node: its ancestors from the root, itself last."""
        lines: list[list[int]] = []
        for number, node in enumerate(self.nodes):
            lines.append([*(lines[node["p"]] if node["p"] >= 0 else []), number])
        return lines

    def lists_in(self, tree: Any) -> frozenset[str]:
        """The lists an expression of this definition looks into."""
        known = self._lists.get(id(tree))
        if known is None:
            known = self._lists[id(tree)] = frozenset(_lists(tree))
        return known

    def codes(self, name: str) -> frozenset[str]:
        """The codes of a choice list of the form."""
        known = self._codes.get(name)
        if known is None:
            choices = self.definition["lists"].get(name, ())
            known = self._codes[name] = frozenset(choice["v"] for choice in choices)
        return known

    def path(self, node: int) -> str:
        """Slash path without the root and positions."""
        return "/".join(self.nodes[i]["n"] for i in self.lineage[node][1:])

    @cached_property
    def needs(self) -> list[set[int]]:
        """Per node: the nodes that must be up to date before it."""
        found: list[set[int]] = []
        for number, node in enumerate(self.nodes):
            direct: set[int] = {node["p"]} - {-1}
            for key in COMPUTED:
                if key in node:
                    at = node["p"] if key == "count" else number
                    direct |= self.reads(node[key], at) - ({number} if key == "count" else set())
            found.append(direct)
        return found

    def reads(self, tree: Any, at: int) -> set[int]:
        """What an expression at a node reads, the words of the choices it names included."""
        found = references(tree, self.names, at)
        for name in self._named_in(tree):
            for choice in self.definition["lists"].get(name, ()):
                for text in choice["l"]:
                    for part in text["parts"] if isinstance(text, dict) else ():
                        if not isinstance(part, str):
                            found |= references(part, self.names, 0)
        return found

    def _named_in(self, tree: Any) -> Iterator[str]:
        """The form's own lists of whose choices an expression asks the words."""
        if not isinstance(tree, list):
            return
        match tree:
            case ["inst", str(name)]:
                yield name
            case ["f", "jr:choice-name", _, ["r", int(node)]]:
                yield self.nodes[node].get("items", {}).get("list", "")
        for part in tree:
            yield from self._named_in(part)

    @cached_property
    def order(self) -> list[int]:
        """Nodes so that each comes after what it needs. Raises CycleError."""
        return in_order(self.needs)


def in_order(needs: Sequence[set[int]]) -> list[int]:
    """Nodes so that each comes after what it needs. Raises CycleError."""
    done: dict[int, bool] = {}
    order: list[int] = []
    for number in range(len(needs)):
        _visit(needs, number, done, order)
    return order


def _visit(needs: Sequence[set[int]], start: int, done: dict[int, bool], order: list[int]) -> None:
    """Depth first without recursion: chains of calculations can be long."""
    stack = [(start, iter(sorted(needs[start])))] if start not in done else []
    done.setdefault(start, False)
    while stack:
        node, rest = stack[-1]
        following = next((n for n in rest if not done.get(n, False)), None)
        if following is None:
            done[node] = True
            order.append(node)
            stack.pop()
        elif following in done:
            trail = [n for n, _ in stack]
            raise CycleError(trail[trail.index(following) :])
        else:
            done[following] = False
            stack.append((following, iter(sorted(needs[following]))))


_SHAPES: dict[int, Shape] = {}
_SHAPES_KEPT = 64


def shape_of(definition: Definition) -> Shape:
    """The shape of a definition object, worked out once; the object must not change any more."""
    known = _SHAPES.get(id(definition))
    if known is None or known.definition is not definition:
        if len(_SHAPES) >= _SHAPES_KEPT:
            _SHAPES.clear()
        known = _SHAPES[id(definition)] = Shape(definition)
    return known


def _lists(tree: Any) -> Iterator[str]:
    if not isinstance(tree, list):
        return
    if tree[:1] == ["inst"]:
        yield tree[1]
    for part in tree:
        yield from _lists(part)
