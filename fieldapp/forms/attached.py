"""Lists as nodes to look into: attached ones, light enough for 50,000 rows, and records of the
registry. Items are found by equality.

Pure. A list is shared by all who evaluate: nobody changes it. A row's cells become nodes only when
they are asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .values import Item, Node


class RowNode:
    """One item of an attached list."""

    __slots__ = ("cells", "parent")
    name = "item"
    relevant = True
    attributes: Sequence[Node] = ()

    def __init__(self, parent: "ListNode", cells: Sequence[str | None]) -> None:
        self.parent, self.cells = parent, cells

    @property
    def text(self) -> str:
        """XPath's string value: that of all cells, one after the other."""
        return "".join(cell or "" for cell in self.cells)

    @property
    def children(self) -> Sequence[Item]:
        """Its cells; new nodes each time."""
        named = zip(self.parent.columns, self.cells, strict=True)
        return [Item(column, cell, self) for column, cell in named if cell is not None]

    def child(self, column: str) -> Sequence[Item]:
        """The cell of a column, if the item has it."""
        at = self.parent.columns.get(column)
        cell = self.cells[at] if at is not None else None
        return [Item(column, cell, self)] if cell is not None else []


class ListNode:
    """The `root` element of an attached list. content: as tables.py serves it."""

    name = "root"
    parent = None
    relevant = True
    attributes: Sequence[Node] = ()

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.columns = {column: at for at, column in enumerate(content["columns"])}
        self.children: Sequence[RowNode] = [RowNode(self, cells) for cells in content["rows"]]
        self._found: dict[str, dict[str, list[RowNode]]] = {}

    @property
    def text(self) -> str:
        """XPath's string value."""
        return "".join(row.text for row in self.children)

    def find(self, column: str, text: str) -> Sequence[RowNode]:
        """Rows with exactly this text in a column, in order; by an index made when first asked."""
        if column not in self.columns:
            return []
        index = self._found.get(column)
        if index is None:
            at = self.columns[column]
            index = {}
            for row in self.children:
                cell = row.cells[at]
                if cell is not None:
                    index.setdefault(cell, []).append(row)
            self._found[column] = index
        return index.get(text, [])


class RecordNode(RowNode):
    """One record of the registry, as an item of its list. A property is the same node each time."""

    __slots__ = ("_made", "values")

    def __init__(self, parent: "RecordList", values: Mapping[str, str]) -> None:
        self.parent, self.values = parent, values
        self._made: dict[str, Item] = {}

    @property
    def text(self) -> str:
        """XPath's string value: that of all properties, one after the other."""
        return "".join(self.values.values())

    @property
    def children(self) -> Sequence[Item]:
        """Its properties."""
        return [self._property(name) for name in self.values]

    def child(self, column: str) -> Sequence[Item]:
        """A property, if the record has it."""
        return [self._property(column)] if column in self.values else []

    def _property(self, name: str) -> Item:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Item(name, self.values[name], self)
        return made


class RecordList(ListNode):
    """The `root` element of a list of the registry: few records, each with its own properties."""

    def __init__(self, records: Sequence[Mapping[str, str]]) -> None:
        self.children: Sequence[RecordNode] = [RecordNode(self, values) for values in records]

    def find(self, column: str, text: str) -> Sequence[RowNode]:
        """Records with exactly this text as a property, in order."""
        return [record for record in self.children if record.values.get(column) == text]


def key_of(condition: Any) -> tuple[str, Any] | None:
    """A column that every row passing a condition must have equal to an expression's value, which
    is the same for all rows: `(column, expression)`.
    """
    return None if asks_position(condition) else _key(condition)


def _key(condition: Any) -> tuple[str, Any] | None:
    match condition:
        case ["op", "and", left, right]:
            return _key(left) or _key(right)
        case ["op", "=", ["path", ["ctx"], ["child", str(column)]], other] | [
            "op",
            "=",
            other,
            ["path", ["ctx"], ["child", str(column)]],
        ] if not _follows_row(other):
            return column, other
    return None


def asks_position(tree: Any) -> bool:
    """Whether a condition depends on where among the others an item stands."""
    if not isinstance(tree, (list, tuple)) or not tree:
        return False
    return list(tree[:2]) in (["f", "position"], ["f", "last"]) or any(map(asks_position, tree[1:]))


def _follows_row(tree: Any) -> bool:
    """Whether the value may change from row to row."""
    if not isinstance(tree, (list, tuple)) or not tree:
        return False
    if tree[0] in ("ctx", ".") or (tree[0] == "f" and len(tree) == 2 and tree[1] in _OF_CONTEXT):
        return True
    return any(map(_follows_row, tree[1:]))


_OF_CONTEXT = {"string", "number", "string-length", "normalize-space"}
