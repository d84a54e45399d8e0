"""The two kinds of expressions a program has: about an entity, and about the answers of a form."""

from collections.abc import Iterator
from typing import Any

from fieldapp.forms.names import Names
from fieldapp.forms.xpath import Expr, compile_xpath

IMPURE = {"today", "now", "uuid", "random"}


def entity_expr_problems(tree: Any, props: set[str]) -> Iterator[str]:
    """What an expression names that the entity hasn't: only properties and their `@on`, `@by`."""
    if not isinstance(tree, list):
        return
    if tree[:1] == ["path"] and tree[1] == ["ctx"]:
        yield from _path_problems(tree[2:], props)
        return
    if tree[:1] == ["inst"]:
        yield f"instance('{tree[1]}') can't be looked into here; only the record itself"
    for part in tree:
        yield from entity_expr_problems(part, props)


def _path_problems(steps: list[list[Any]], props: set[str]) -> Iterator[str]:
    axis, name = steps[0][:2]
    if axis != "child" or name not in props:
        yield f"“{name}” is no property of this type"
    elif len(steps) > 1 and steps[1][:2] not in (["attribute", "on"], ["attribute", "by"]):
        yield f"of a property there is only @on and @by, not “{steps[1][1]}”"


def impure(tree: Any) -> set[str]:
    """Functions of the clock or chance that an expression calls."""
    if not isinstance(tree, list):
        return set()
    own = {tree[1]} if tree[:1] == ["f"] and tree[1] in IMPURE else set()
    return own.union(*(impure(part) for part in tree)) if tree else own


def rule_expr(source: str, names: Names, each: int) -> Expr:
    """An expression over a form's answers, standing at the root or at a repeat (`each`).

    Checked against this version of the form, but naming questions by name, so that it holds for
    others too. Raises XPathError.
    """
    return _named(compile_xpath(source, names, each), names, each)


def _named(tree: Expr, names: Names, each: int) -> Expr:
    """References by number as paths by name, from the root or from the repeat's instance."""
    if tree[0] == "r":
        return _name_reference(tree, names, each)
    if tree[0] == "path":
        base = _named(tree[1], names, each)
        steps = [[*s[:2], *(_named(p, names, each) for p in s[2:])] for s in tree[2:]]
        joined = base[2:] if base[0] == "path" else []
        return ["path", base[1] if base[0] == "path" else base, *joined, *steps]
    return [_named(part, names, each) if isinstance(part, list) else part for part in tree]


def _name_reference(tree: Expr, names: Names, each: int) -> Expr:
    node, held = tree[1], tree[2] if len(tree) > 2 else None
    line = names.lineage(node)
    inside = each > 0 and each in line and (held is None or held >= names.depth(each))
    base, rest = (["cur"], line[line.index(each) + 1 :]) if inside else (["r", 0], line[1:])
    if not rest:
        return base
    return ["path", base, *(_step(names.names[n]) for n in rest)]


def _step(name: str) -> Expr:
    return ["attribute", name[1:]] if name.startswith("@") else ["child", name]
