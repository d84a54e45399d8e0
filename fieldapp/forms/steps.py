"""Where steps of location paths lead from a node, and sets of nodes. Pure."""

from collections.abc import Callable, Iterator, Sequence

from .values import Node, NodeSet, Value


def along(axis: str, name: str) -> Callable[[Node], NodeSet]:
    """A step: the relevant nodes of that name (`*`: any) on an axis."""
    wanted, lead = f"@{name}" if axis == "attribute" and name != "*" else name, AXES[axis]
    if wanted == "*":
        return lambda node: [n for n in lead(node) if n.relevant]
    return lambda node: [n for n in lead(node) if n.name == wanted and n.relevant]


def _ancestors(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _descendants(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _descendants(child)


def siblings(node: Node) -> tuple[NodeSet, NodeSet]:
    """A node's siblings before it, nearest first, and those after it."""
    around = list(node.parent.children) if node.parent else [node]
    place = next((i for i, n in enumerate(around) if n is node), 0)
    return around[:place][::-1], around[place + 1 :]


AXES: dict[str, Callable[[Node], Iterator[Node] | Sequence[Node]]] = {
    "child": lambda node: node.children,
    "attribute": lambda node: node.attributes,
    "self": lambda node: [node],
    "parent": lambda node: [node.parent] if node.parent else [],
    "ancestor": _ancestors,
    "descendant": _descendants,
    "preceding-sibling": lambda node: siblings(node)[0],
    "following-sibling": lambda node: siblings(node)[1],
}


def distinct(nodes: NodeSet) -> NodeSet:
    """Each node once."""
    return list({id(node): node for node in nodes}.values())


def union(a: Value, b: Value) -> NodeSet:
    """The nodes of two sets, in document order."""
    nodes = [n for v in (a, b) if isinstance(v, list) for n in v]
    return sorted(distinct(nodes), key=_document_order)


def _document_order(node: Node) -> list[int]:
    order: list[int] = []
    while node.parent is not None:
        siblings = [*node.parent.attributes, *node.parent.children]
        order.append(next(i for i, sibling in enumerate(siblings) if sibling is node))
        node = node.parent
    return order[::-1]
