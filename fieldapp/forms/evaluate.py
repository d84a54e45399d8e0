"""Evaluates the expressions of docs/form-definition.md: the server's half of the pair whose other
is evaluate.ts.

Pure: the day, the moment, identifiers and chance come from a `Host`, form values from a `Form`,
entities as items. Cases that both languages run: tests/contract/expressions.json.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any, Protocol, TypeAlias

from .asked import asked_of_item
from .attached import ListNode, RowNode, key_of
from .chance import LARGEST, numbers, seed_of, shuffled
from .functions import LIBRARY, as_moment, padded
from .operators import COMPARISONS, beside_number, beside_text, chained, combined
from .steps import along, distinct, siblings
from .values import (
    Date,
    Item,
    Moment,
    Node,
    NodeSet,
    Value,
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
    random: Callable[[], float] = field(default_factory=numbers)
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

    def items(self, name: str, at: Node | None = None) -> Item | None:
        """A static choice list as items, its labels as `at` sees them (default: the root); None if
        the form has none of that name.
        """
        ...

    def choice_label(self, node: int, code: str, scope: "Scope") -> str:
        """Label of a choice of the question `node`."""
        ...


@dataclass(slots=True)
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


Program: TypeAlias = Callable[[Scope], Value]
"""An expression, ready to be evaluated any number of times."""


def evaluate_entity(
    tree: Expr,
    host: Host,
    props: Mapping[str, str],
    marks: Mapping[str, Mapping[str, str]] | None = None,
) -> Value:
    """Evaluate a program's expression about one entity: `props` by name, `marks` with `on` and `by`
    of each.
    """
    made, asked = _about_entity(tree)
    if asked is not None:
        props = {name: props[name] for name in asked if name in props}
    return made(Scope(host, make_item(props, marks)))


def evaluate(tree: Expr, scope: Scope) -> Value:
    """The value of an expression. Never fails on values: what can't be computed is NaN or empty
    text.
    """
    return program(tree)(scope)


_ABOUT: dict[int, tuple[Expr, Program, frozenset[str] | None]] = {}
_PROGRAMS: dict[int, tuple[Expr, Program]] = {}
_PROGRAMS_KEPT = 20_000


def _about_entity(tree: Expr) -> tuple[Program, frozenset[str] | None]:
    """A program, and which properties it asks for (None: perhaps all); worked out once."""
    kept = _ABOUT.get(id(tree))
    if kept is None or kept[0] is not tree:
        if len(_ABOUT) >= _PROGRAMS_KEPT:
            _ABOUT.clear()
        kept = _ABOUT[id(tree)] = (tree, program(tree), asked_of_item(tree))
    return kept[1], kept[2]


def program(tree: Expr) -> Program:
    """The program of an expression, made once; the expression must not change any more. Raises
    ValueError.
    """
    kept = _PROGRAMS.get(id(tree))
    if kept is None or kept[0] is not tree:
        if len(_PROGRAMS) >= _PROGRAMS_KEPT:
            _PROGRAMS.clear()
        kept = _PROGRAMS[id(tree)] = (tree, _made(tree))
    return kept[1]


def _made(tree: Expr) -> Program:
    try:
        kind = KINDS[tree[0]]
    except (KeyError, IndexError, TypeError):
        raise ValueError(f"not an expression: {tree!r}") from None
    return kind(*tree[1:])


def _constant(value: Value) -> Program:
    return lambda _scope: value


def _reference(node: int, held: int | None = None) -> Program:
    def refer(scope: Scope) -> NodeSet:
        form = scope.form or _form(scope)
        return form.resolve(node, scope.node, held)

    return refer


def _call(name: str, *args: Expr) -> Program:
    special = SPECIAL.get(name)
    if special:
        return special(*args)
    function, given = LIBRARY[name], [_made(arg) for arg in args]
    if len(given) == 1:
        only = given[0]
        return lambda scope: function(only(scope))
    return lambda scope: function(*[arg(scope) for arg in given])


def _form(scope: Scope) -> Form:
    if scope.form is None:
        raise ValueError("a reference to a question outside a form")
    return scope.form


# ---- operators ----


def _operate(operator: str, left: Expr, right: Expr) -> Program:
    if operator in ("and", "or"):
        return chained(operator == "or", [_made(part) for part in _parts(operator, left, right)])
    if operator in ("=", "!=") and right[0] == "s":
        return beside_text(operator == "=", _made(left), str(right[1]))
    if operator in COMPARISONS and right[0] == "n":
        return beside_number(operator, _made(left), float(right[1]))
    return combined(operator, _made(left), _made(right))


def _parts(operator: str, left: Expr, right: Expr) -> list[Expr]:
    """What an operator chains: `a or b or c` is `(a or b) or c`."""
    parts = [right]
    while list(left[:2]) == ["op", operator]:
        left, right = left[2], left[3]
        parts.append(right)
    return [left, *reversed(parts)]


# ---- location paths ----

Step: TypeAlias = Callable[[NodeSet, Scope], NodeSet]


def _path(base: Expr, *steps: Any) -> Program:
    begin = _list_root(base[1]) if base[0] == "inst" else _made(base)
    follow = [_step(*step) for step in steps]

    def walk(scope: Scope) -> NodeSet:
        nodes = begin(scope)
        if not isinstance(nodes, list):
            return []
        for step in follow:
            nodes = step(nodes, scope)
        return nodes

    return walk


def _list_root(name: str) -> Program:
    def root(scope: Scope) -> NodeSet:
        own = scope.form.items(name, scope.node) if scope.form else None
        return [own or scope.host.items(name)]

    return root


def _step(axis: str, name: str, *preds: Expr) -> Step:
    tests = [_made(pred) for pred in preds]
    if axis == "filter":
        return lambda nodes, scope: _filtered(nodes, tests, scope)
    reached = _reached(axis, name, preds)
    if axis == "child" and name != "*" and not preds:
        return lambda nodes, scope: _one_by_one(nodes, lambda node: reached(node, scope))
    return lambda nodes, scope: _one_by_one(
        nodes, lambda node: _filtered(reached(node, scope), tests, scope)
    )


def _one_by_one(nodes: NodeSet, lead: Callable[[Node], NodeSet]) -> NodeSet:
    """Where a step leads from all these, each node once."""
    if len(nodes) == 1:
        return lead(nodes[0])
    return distinct([found for node in nodes for found in lead(node)])


def _reached(axis: str, name: str, preds: Sequence[Expr]) -> Callable[[Node, Scope], NodeSet]:
    """Where a step leads; of an attached list only rows that can pass the first predicate."""
    lead, key = along(axis, name), key_of(preds[0]) if preds and name == "item" else None
    wanted = _made(key[1]) if key else None

    def reached(node: Node, scope: Scope) -> NodeSet:
        if isinstance(node, RowNode) and axis == "child" and name != "*":
            return [*node.child(name)]
        if key and wanted and isinstance(node, ListNode):
            value = wanted(scope)
            if isinstance(value, list) and len(value) == 1:
                value = value[0].text
            if isinstance(value, str):
                return [*node.find(key[0], value)]
        return lead(node)

    return reached


def _filtered(nodes: NodeSet, tests: Sequence[Program], scope: Scope) -> NodeSet:
    for test in tests:
        at, passed = scope.at(scope.node, 0, len(nodes)), []
        for at.position, node in enumerate(nodes, 1):
            at.item = node
            if _passes(test, at):
                passed.append(node)
        nodes = passed
    return nodes


def admits(pred: Expr, scope: Scope) -> bool:
    """Whether a candidate passes a predicate; a number selects by position."""
    return _passes(program(pred), scope)


def _passes(test: Program, scope: Scope) -> bool:
    value = test(scope)
    if isinstance(value, float):
        return value == scope.position
    return to_boolean(value)


# ---- functions that need more than their arguments' values ----


def _if(condition: Expr, then: Expr, otherwise: Expr) -> Program:
    holds, yes, no = _made(condition), _made(then), _made(otherwise)
    return lambda scope: yes(scope) if to_boolean(holds(scope)) else no(scope)


def _coalesce(first: Expr, second: Expr) -> Program:
    one, other = _made(first), _made(second)
    return lambda scope: to_text(one(scope)) or to_text(other(scope))


def _once(expr: Expr) -> Program:
    """The node's own value if it has one, relevant or not."""
    made = _made(expr)

    def once(scope: Scope) -> Value:
        own: str = getattr(scope.node, "value", "")
        return own or made(scope)

    return once


def _position(of: Expr | None = None) -> Program:
    """Of a repeat instance: its number among its repeat, from 1."""
    if of is None:
        return lambda scope: float(scope.position)
    made = _made(of)

    def position(scope: Scope) -> Value:
        nodes = made(scope)
        if not isinstance(nodes, list) or not nodes:
            return nan
        before = [n for n in siblings(nodes[0])[0] if n.name == nodes[0].name]
        return float(len(before) + 1)

    return position


def _offset(scope: Scope) -> str:
    """The phone's offset, as `now` is written."""
    text = scope.host.now
    return text[-6:] if text[-6:-5] in ("+", "-") else "Z" if text.endswith("Z") else ""


def _date_time(expr: Expr) -> Program:
    made = _made(expr)

    def date_time(scope: Scope) -> Value:
        moment = as_moment(padded(made(scope)))
        if isinstance(moment, Date) or (moment is not None and not OFFSET.search(moment.text)):
            return moment_of(moment.days, _offset(scope)) or ""
        return moment or ""

    return date_time


def _uuid(length: Expr | None = None) -> Program:
    if length is None:
        return lambda scope: scope.host.uuid()
    made = _made(length)

    def cut(scope: Scope) -> Value:
        text = scope.host.uuid()
        wanted = max(0.0, min(to_number(made(scope)), LONGEST_TEXT))
        while len(text) < wanted:
            text += scope.host.uuid()
        return text[: int(wanted)] if wanted == wanted else ""

    return cut


def _choice_name(code: Expr, of: Expr) -> Program:
    made = _made(code)
    return lambda scope: _form(scope).choice_label(of[1], to_text(made(scope)), scope)


def _randomize(nodes: Expr, seed: Expr | None = None) -> Program:
    made, sown = _made(nodes), _made(seed) if seed is not None else None

    def randomize(scope: Scope) -> Value:
        given = made(scope)
        if not isinstance(given, list):
            return []
        chance = int(scope.host.random() * LARGEST)
        return shuffled(given, chance if sown is None else seed_of(sown(scope)))

    return randomize


def _of_context(name: str) -> Callable[..., Program]:
    """A function that takes the context node when it is given nothing."""
    function = LIBRARY[name]

    def call(*args: Expr) -> Program:
        made = _made(args[0]) if args else _context
        return lambda scope: function(made(scope))

    return call


def _context(scope: Scope) -> NodeSet:
    return [scope.context]


SPECIAL: dict[str, Callable[..., Program]] = {
    "if": _if,
    "coalesce": _coalesce,
    "once": _once,
    "position": _position,
    "last": lambda: lambda scope: float(scope.size),
    "today": lambda: lambda scope: parse_date(scope.host.today) or "",
    "now": lambda: lambda scope: parse_moment(scope.host.now) or "",
    "date-time": _date_time,
    "uuid": _uuid,
    "random": lambda: lambda scope: scope.host.random(),
    "jr:choice-name": _choice_name,
    "randomize": _randomize,
    **{
        name: _of_context(name) for name in ("string", "number", "string-length", "normalize-space")
    },
}

KINDS: dict[str, Callable[..., Program]] = {
    "n": lambda number: _constant(float(number)),
    "s": lambda text: _constant(str(text)),
    "r": _reference,
    ".": lambda: _context,
    "ctx": lambda: _context,
    "cur": lambda: lambda scope: [scope.node],
    "path": _path,
    "op": _operate,
    "neg": lambda operand: _negated(_made(operand)),
    "f": _call,
}
"""What each head of an expression means: makes a program of the rest of the tree."""


def _negated(made: Program) -> Program:
    return lambda scope: -to_number(made(scope))


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
