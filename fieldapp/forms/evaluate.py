"""Evaluates the expressions of docs/form-definition.md: the server's half of the pair whose other
is evaluate.ts.

Pure: the day, the moment, identifiers and chance come from a `Host`, form values from a `Form`,
entities as items. Cases that both languages run: tests/contract/expressions.json.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fmod, inf, nan
from random import Random
from typing import Any, Protocol, TypeAlias

from .attached import ListNode, RowNode, key_of
from .chance import LARGEST, seed_of, shuffled
from .functions import LIBRARY, as_moment, padded
from .values import (
    Date,
    Item,
    Moment,
    Node,
    NodeSet,
    Value,
    compare,
    make_item,
    make_list,
    moment_of,
    parse_date,
    parse_moment,
    to_boolean,
    to_number,
    to_text,
)

Expr: TypeAlias = Sequence[Any]
Instances: TypeAlias = Mapping[str, Sequence[Mapping[str, str]] | ListNode]


OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$", re.ASCII)


# Of a random text: what asks for more asks for no end.
LONGEST_TEXT = 10_000.0


def _no_id() -> str:
    raise LookupError("this evaluation was given no source of identifiers")


@dataclass(frozen=True)
class Host:
    """What surrounds a form. today: YYYY-MM-DD; now: ISO date-time with offset; instances: items
    per list.
    """

    today: str
    now: str = ""
    uuid: Callable[[], str] = _no_id
    random: Callable[[], float] = field(default_factory=lambda: Random(0).random)
    instances: Instances = field(default_factory=dict)
    deviceid: str = ""
    username: str = ""
    _lists: dict[str, Node] = field(default_factory=dict, repr=False, compare=False)

    def items(self, name: str) -> Node:
        """The root element of a list; an unknown list is empty."""
        if name not in self._lists:
            items = self.instances.get(name, ())
            self._lists[name] = items if isinstance(items, ListNode) else make_list(items)
        return self._lists[name]


class Form(Protocol):
    """The form an expression stands in."""

    def resolve(self, node: int, at: Node, held: int | None) -> NodeSet:
        """Instances of a form node as seen from `at`; `held`: how many shared repeats are held
        fixed (None: all).
        """
        ...

    def items(self, name: str) -> Item | None:
        """A static choice list as items; None if the form has none of that name."""
        ...

    def choice_label(self, node: int, code: str, scope: "Scope") -> str:
        """Label of a choice of the question `node`."""
        ...


@dataclass(frozen=True)
class Scope:
    """Where an expression is evaluated. node: the form node or entity it belongs to; item: the
    context node of XPath.
    """

    host: Host
    node: Node
    form: Form | None = None
    item: Node | None = None
    position: int = 1
    size: int = 1
    lang: int = 0

    @property
    def context(self) -> Node:
        """The candidate within a predicate, otherwise the node itself."""
        return self.item or self.node

    def at(self, item: Node, position: int, size: int) -> "Scope":
        """The same for a candidate of a predicate."""
        return Scope(self.host, self.node, self.form, item, position, size, self.lang)


def evaluate_entity(
    tree: Expr,
    host: Host,
    props: Mapping[str, str],
    marks: Mapping[str, Mapping[str, str]] | None = None,
) -> Value:
    """Evaluate a program's expression about one entity: `props` by name, `marks` with `on` and `by`
    of each.
    """
    return evaluate(tree, Scope(host, make_item(props, marks)))


def evaluate(tree: Expr, scope: Scope) -> Value:
    """The value of an expression. Never fails on values: what can't be computed is NaN or empty
    text.
    """
    try:
        kind = KINDS[tree[0]]
    except (KeyError, IndexError, TypeError):
        raise ValueError(f"not an expression: {tree!r}") from None
    return kind(scope, *tree[1:])


def _reference(scope: Scope, node: int, held: int | None = None) -> Value:
    return _form(scope).resolve(node, scope.node, held)


def _call(scope: Scope, name: str, *args: Expr) -> Value:
    special = SPECIAL.get(name)
    if special:
        return special(scope, *args)
    return LIBRARY[name](*[evaluate(arg, scope) for arg in args])


def _form(scope: Scope) -> Form:
    if scope.form is None:
        raise ValueError("a reference to a question outside a form")
    return scope.form


# ---- operators ----


def _operate(scope: Scope, operator: str, left: Expr, right: Expr) -> Value:
    if operator == "or":
        return to_boolean(evaluate(left, scope)) or to_boolean(evaluate(right, scope))
    if operator == "and":
        return to_boolean(evaluate(left, scope)) and to_boolean(evaluate(right, scope))
    a, b = evaluate(left, scope), evaluate(right, scope)
    if operator in ("=", "!=", "<", "<=", ">", ">="):
        return compare(operator, a, b)
    if operator == "|":
        return _union(a, b)
    return _arithmetic(operator, to_number(a), to_number(b))


def _arithmetic(operator: str, a: float, b: float) -> float:
    if operator == "+":
        return a + b
    if operator == "-":
        return a - b
    if operator == "*":
        return a * b
    if operator == "div":
        if b == 0:
            return nan if a == 0 or a != a else inf if (a > 0) == (str(b)[0] != "-") else -inf
        return a / b
    return nan if b == 0 or a in (inf, -inf) else fmod(a, b)


def _union(a: Value, b: Value) -> NodeSet:
    nodes = [n for v in (a, b) if isinstance(v, list) for n in v]
    return sorted(_distinct(nodes), key=_document_order)


def _document_order(node: Node) -> list[int]:
    order: list[int] = []
    while node.parent is not None:
        siblings = [*node.parent.attributes, *node.parent.children]
        order.append(next(i for i, sibling in enumerate(siblings) if sibling is node))
        node = node.parent
    return order[::-1]


# ---- location paths ----


def _path(scope: Scope, base: Expr, *steps: Expr) -> NodeSet:
    nodes: Value
    if base[0] == "inst":
        root = scope.form.items(base[1]) if scope.form else None
        nodes = [root or scope.host.items(base[1])]
    else:
        nodes = evaluate(base, scope)
    if not isinstance(nodes, list):
        return []
    for axis, name, *preds in steps:
        if axis == "filter":
            nodes = _filtered(nodes, preds, scope)
        else:
            nodes = _distinct(
                [
                    n
                    for node in nodes
                    for n in _filtered(_reached(scope, node, axis, name, preds), preds, scope)
                ]
            )
    return nodes


def _reached(scope: Scope, node: Node, axis: str, name: str, preds: Sequence[Expr]) -> NodeSet:
    """Where a step leads; of an attached list only rows that can pass the first predicate."""
    if isinstance(node, RowNode) and axis == "child" and name != "*":
        return [*node.child(name)]
    key = key_of(preds[0]) if preds and name == "item" and isinstance(node, ListNode) else None
    if key is None or not isinstance(node, ListNode):
        return _along(node, axis, name)
    wanted = evaluate(key[1], scope)
    if isinstance(wanted, list) and len(wanted) == 1:
        wanted = wanted[0].text
    return [*node.find(key[0], wanted)] if isinstance(wanted, str) else _along(node, axis, name)


def _filtered(nodes: NodeSet, preds: Sequence[Expr], scope: Scope) -> NodeSet:
    for pred in preds:
        size = len(nodes)
        nodes = [
            node
            for position, node in enumerate(nodes, 1)
            if admits(pred, scope.at(node, position, size))
        ]
    return nodes


def admits(pred: Expr, scope: Scope) -> bool:
    """Whether a candidate passes a predicate; a number selects by position."""
    value = evaluate(pred, scope)
    if isinstance(value, float):
        return value == scope.position
    return to_boolean(value)


def _along(node: Node, axis: str, name: str) -> NodeSet:
    wanted = f"@{name}" if axis == "attribute" and name != "*" else name
    return [n for n in AXES[axis](node) if wanted in ("*", n.name) and n.relevant]


def _ancestors(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _descendants(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _descendants(child)


def _siblings(node: Node) -> tuple[NodeSet, NodeSet]:
    """Those before, nearest first, and those after."""
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
    "preceding-sibling": lambda node: _siblings(node)[0],
    "following-sibling": lambda node: _siblings(node)[1],
}


def _distinct(nodes: NodeSet) -> NodeSet:
    return list({id(node): node for node in nodes}.values())


# ---- functions that need more than their arguments' values ----


def _if(scope: Scope, condition: Expr, then: Expr, otherwise: Expr) -> Value:
    return evaluate(then if to_boolean(evaluate(condition, scope)) else otherwise, scope)


def _coalesce(scope: Scope, first: Expr, second: Expr) -> Value:
    return to_text(evaluate(first, scope)) or to_text(evaluate(second, scope))


def _once(scope: Scope, expr: Expr) -> Value:
    """The node's own value if it has one, relevant or not."""
    own: str = getattr(scope.node, "value", "")
    return own or evaluate(expr, scope)


def _position(scope: Scope, of: Expr | None = None) -> Value:
    """Of a repeat instance: its number among its repeat, from 1."""
    if of is None:
        return float(scope.position)
    nodes = evaluate(of, scope)
    if not isinstance(nodes, list) or not nodes:
        return nan
    before = [n for n in _siblings(nodes[0])[0] if n.name == nodes[0].name]
    return float(len(before) + 1)


def _today(scope: Scope) -> Value:
    return parse_date(scope.host.today) or ""


def _now(scope: Scope) -> Value:
    return parse_moment(scope.host.now) or ""


def _offset(scope: Scope) -> str:
    """The phone's offset, as `now` is written."""
    text = scope.host.now
    return text[-6:] if text[-6:-5] in ("+", "-") else "Z" if text.endswith("Z") else ""


def _date_time(scope: Scope, expr: Expr) -> Value:
    moment = as_moment(padded(evaluate(expr, scope)))
    if isinstance(moment, Date) or (moment is not None and not OFFSET.search(moment.text)):
        return moment_of(moment.days, _offset(scope)) or ""
    return moment or ""


def _uuid(scope: Scope, length: Expr | None = None) -> Value:
    text = scope.host.uuid()
    if length is None:
        return text
    wanted = max(0.0, min(to_number(evaluate(length, scope)), LONGEST_TEXT))
    while len(text) < wanted:
        text += scope.host.uuid()
    return text[: int(wanted)] if wanted == wanted else ""


def _choice_name(scope: Scope, code: Expr, of: Expr) -> Value:
    return _form(scope).choice_label(of[1], to_text(evaluate(code, scope)), scope)


def _randomize(scope: Scope, nodes: Expr, seed: Expr | None = None) -> Value:
    given = evaluate(nodes, scope)
    if not isinstance(given, list):
        return []
    chance = int(scope.host.random() * LARGEST)
    return shuffled(given, chance if seed is None else seed_of(evaluate(seed, scope)))


def _of_context(name: str) -> Callable[..., Value]:
    """A function that takes the context node when it is given nothing."""

    def call(scope: Scope, *args: Expr) -> Value:
        return LIBRARY[name](evaluate(args[0], scope) if args else [scope.context])

    return call


SPECIAL: dict[str, Callable[..., Value]] = {
    "if": _if,
    "coalesce": _coalesce,
    "once": _once,
    "position": _position,
    "last": lambda scope: float(scope.size),
    "today": _today,
    "now": _now,
    "date-time": _date_time,
    "uuid": _uuid,
    "random": lambda scope: scope.host.random(),
    "jr:choice-name": _choice_name,
    "randomize": _randomize,
    **{
        name: _of_context(name) for name in ("string", "number", "string-length", "normalize-space")
    },
}

KINDS: dict[str, Callable[..., Value]] = {
    "n": lambda _scope, number: float(number),
    "s": lambda _scope, text: str(text),
    "r": _reference,
    ".": lambda scope: [scope.context],
    "ctx": lambda scope: [scope.context],
    "cur": lambda scope: [scope.node],
    "path": _path,
    "op": _operate,
    "neg": lambda scope, operand: -to_number(evaluate(operand, scope)),
    "f": _call,
}
"""What each head of an expression means; a function of the scope and the rest of the tree."""

__all__ = [
    "Date",
    "Expr",
    "Form",
    "Host",
    "Instances",
    "Moment",
    "Scope",
    "evaluate",
    "evaluate_entity",
]
