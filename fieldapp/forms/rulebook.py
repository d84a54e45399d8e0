"""A form's rules, made ready for the judge: all of a rule that doesn't depend on answers is worked
out once for each version of a form. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from .datatypes import TYPES, in_range
from .definition import Shape
from .evaluate import Expr, Program, program
from .values import to_number
from .witness import Facts, known_facts

ALWAYS = ["f", "true"]
_MULTIPLE = ("select", "rank")
# Their value can rest on more than the answers: the registry, chance, an identifier made.
_BEYOND_ANSWERS = {"uuid", "random", "randomize", "jr:choice-name", "now"}


@dataclass(frozen=True, slots=True)
class Rule:
    """An expression. is_plain: the answers and the day alone decide it, always."""

    tree: Expr
    run: Program
    facts: Facts
    is_plain: bool


@dataclass(frozen=True, slots=True)
class NodeRules:
    """The rules of one node.

    required: False: never. fits: whether a text is of its data type; None: any is. items: its
    choices, of which `codes` are in a list of the form; is_filtered: more decides than that list.
    origin: where a value comes from that nobody types (`pre`, `calc`, `fixed`); blank: from a hand.
    counted: repeats below whose number is ruled.
    """

    kind: str
    rel: Rule | None
    con: Rule | None
    calc: Rule | None
    count: Rule | None
    required: Rule | bool
    is_file: bool
    fits: Callable[[str], bool] | None
    items: Mapping[str, Any] | None
    codes: frozenset[str] | None
    is_filtered: bool
    is_multiple: bool
    origin: str
    counted: tuple[int, ...]


def ready(tree: Expr) -> Rule:
    """A rule of an expression, made once; the expression must not change any more."""
    kept = _RULES.get(id(tree))
    if kept is None or kept.tree is not tree:
        if len(_RULES) >= _RULES_KEPT:
            _RULES.clear()
        facts = known_facts(tree)
        is_plain = not (facts.looks or facts.beyond or facts.functions & _BEYOND_ANSWERS)
        kept = _RULES[id(tree)] = Rule(tree, program(tree), facts, is_plain)
    return kept


_RULES: dict[int, Rule] = {}
_RULES_KEPT = 20_000


def rules_of(shape: Shape) -> list[NodeRules]:
    """The rules of every node, worked out once for each shape."""
    kept = _BOOKS.get(shape)
    if kept is None:
        kept = _BOOKS[shape] = [_node(shape, node) for node in range(len(shape.nodes))]
    return kept


_BOOKS: WeakKeyDictionary[Shape, list[NodeRules]] = WeakKeyDictionary()


def _node(shape: Shape, node: int) -> NodeRules:
    spec = shape.nodes[node]
    items = spec.get("items") or None
    below = ((child, shape.nodes[child]) for child in shape.children[node])
    return NodeRules(
        kind=spec["k"],
        rel=ready(spec["rel"]) if "rel" in spec else None,
        con=ready(spec["con"]) if spec.get("con", ALWAYS) != ALWAYS else None,
        calc=ready(spec["calc"]) if "calc" in spec else None,
        count=ready(spec["count"]) if "count" in spec else None,
        required=_required(spec),
        is_file=spec.get("t") == "binary",
        fits=_fits(spec),
        items=items,
        codes=shape.codes(items["list"]) if items and "list" in items else None,
        is_filtered=bool(items) and not {"inst", "where", "from"}.isdisjoint(items or ()),
        is_multiple=spec.get("c") in _MULTIPLE,
        origin=_origin(spec, node in shape.fixed),
        counted=tuple(
            child for child, s in below if s["k"] == "repeat" and ("count" in s or s.get("fix"))
        ),
    )


def _required(spec: Mapping[str, Any]) -> Rule | bool:
    if spec.get("c", "note") == "note" or "req" not in spec:
        return False
    return spec["req"] == ALWAYS or ready(spec["req"])


def _fits(spec: Mapping[str, Any]) -> Callable[[str], bool] | None:
    """A leaf's own check of a text, of all that its data type, range and control ask."""
    kind = spec.get("t", "string")
    of_type = TYPES.get(kind, TYPES["string"])
    limits, is_trigger = spec.get("range"), spec.get("c") == "trigger"
    if limits is None and not is_trigger:
        return None if of_type is TYPES["string"] else of_type

    def fits(text: str) -> bool:
        return (
            of_type(text)
            and (limits is None or in_range(to_number(text), limits))
            and (not is_trigger or text == "OK")
        )

    return fits


def _origin(spec: Mapping[str, Any], is_fixed: bool) -> str:
    if spec.get("c", "note") != "note" and not is_fixed:
        return ""
    if "pre" in spec:
        return "pre"
    if "calc" in spec:
        return "calc"
    return "" if spec.get("c") == "note" else "fixed"
