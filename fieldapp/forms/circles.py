"""Circles of questions that wait for each other: every one, with the column through which each
waits for the next.

Pure. A constraint waits for nothing: it is asked when all else is settled.
"""

from collections.abc import Iterator

from .definition import CycleError, Shape, in_order

COLUMNS = {"rel": "relevant", "calc": "calculation", "count": "repeat_count"}
MOST = 20


def circles(shape: Shape) -> Iterator[list[tuple[int, str]]]:
    """Each circle once, as `(node, column)`: the column by which it waits for the next node;
    `group` where it only stands in it. The first one has the least number.
    """
    needs = [set(each) for each in shape.needs]
    seen: set[frozenset[int]] = set()
    for _ in range(MOST):
        try:
            in_order(needs)
            return
        except CycleError as error:
            nodes = error.nodes
        if frozenset(nodes) not in seen:
            seen.add(frozenset(nodes))
            first = nodes.index(min(nodes))
            turned = [*nodes[first:], *nodes[:first]]
            following = [*turned[1:], turned[0]]
            yield [(a, _column(shape, a, b)) for a, b in zip(turned, following, strict=True)]
        needs[nodes[0]].discard(nodes[1 % len(nodes)])


def _column(shape: Shape, node: int, needed: int) -> str:
    for key, column in COLUMNS.items():
        at = shape.nodes[node]["p"] if key == "count" else node
        if key in shape.nodes[node] and needed in shape.reads(shape.nodes[node][key], at):
            return column
    return "group"
