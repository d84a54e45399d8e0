"""A visit as its form reads: groups, repeats, questions in the reader's language, answers in words.

Pure. Only what was answered is shown, since a finished visit carries nothing else. A question whose
answer the reader's audience may not see is shown without it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fieldapp.forms.blobs import hash_of
from fieldapp.forms.definition import Definition, Shape
from fieldapp.forms.evaluate import admits
from fieldapp.forms.instance import FormInstance, Inst
from fieldapp.forms.names import references

Row = dict[str, Any]
_SILENT = frozenset({"note"})


def read_visit(
    form: FormInstance, hidden: frozenset[int] = frozenset(), mending: bool = False
) -> list[Row]:
    """The answered questions in the form's order, in the form instance's language.

    `{kind: "group" | "instance", path, label, children}` and `{kind: "answer", path, label, type,
    value, words, hidden}`; a hidden answer has neither value nor words,
    a choice words only. mending: with its codes too, `many` and the `choices` that the form offers
    there. The instance's host gives the titles of chosen entities as items.
    """
    return _children(form, form.root, hidden, mending)


def _children(form: FormInstance, inst: Inst, hidden: frozenset[int], mending: bool) -> list[Row]:
    rows: list[Row] = []
    for child in inst.all_children:
        row = _row(form, child, hidden, mending)
        if row is not None:
            rows.append(row)
    return rows


def _row(form: FormInstance, inst: Inst, hidden: frozenset[int], mending: bool) -> Row | None:
    node = form.shape.nodes[inst.node]
    if node["k"] == "leaf":
        if "c" not in node or node["c"] in _SILENT or inst.value == "":
            return None
        row = _answer(form, inst, node, inst.node in hidden)
        if mending and "items" in node and not row["hidden"]:
            row |= _chosen(form, inst, node)
        return row
    children = _children(form, inst, hidden, mending)
    if not children:
        return None
    kind = "instance" if node["k"] == "repeat" else "group"
    return {
        "kind": kind,
        "path": form.path(inst),
        "label": _label(form, inst),
        "children": children,
    }


def _answer(form: FormInstance, inst: Inst, node: Mapping[str, Any], hidden: bool) -> Row:
    return {
        "kind": "answer",
        "path": form.path(inst),
        "label": _label(form, inst),
        "type": node.get("t", "string"),
        "value": "" if hidden or "items" in node else inst.value,
        "words": "" if hidden else _words(form, inst, node),
        "hidden": hidden,
    }


def _chosen(form: FormInstance, inst: Inst, node: Mapping[str, Any]) -> Row:
    """What was chosen, as codes, and from what."""
    offered = [{"value": value, "label": label} for value, label in _offered(form, inst, node)]
    return {"value": inst.value, "many": node.get("c") == "select", "choices": offered}


def _offered(form: FormInstance, inst: Inst, node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Code and label of each choice there, by its list and filter. Records aren't told: which of
    them there are isn't the visit's to say; nor is an order.
    """
    items, scope = node["items"], form.scope(inst)
    if node.get("c") == "rank":
        return
    if "from" in items:
        yield from form.pairs(items, scope)
    listed = form.items(items["list"]) if "list" in items else None
    rows = listed.children if listed else ()
    for position, item in enumerate(rows, 1):
        if "where" in items and not admits(items["where"], scope.at(item, position, len(rows))):
            continue
        code = next(child.text for child in item.children if child.name == "name")
        yield code, form.choice_label(inst.node, code, scope)


def _label(form: FormInstance, inst: Inst) -> str:
    label = form.shape.nodes[inst.node].get("l")
    return form.text(label, inst) if label else ""


def _words(form: FormInstance, inst: Inst, node: Mapping[str, Any]) -> str:
    """Choices by their labels; anything else as it was answered."""
    if "items" not in node:
        return inst.value
    scope = form.scope(inst)
    codes = inst.value.split() if node.get("c") in ("select", "rank") else [inst.value]
    return "、".join(form.choice_label(inst.node, code, scope) or code for code in codes)


def files_of(rows: Iterable[Row]) -> Iterator[Row]:
    """The answers that name an attachment and that the reader may see."""
    for row in rows:
        if row["kind"] != "answer":
            yield from files_of(row["children"])
        elif row["type"] == "binary" and hash_of(row["value"]):
            yield row


def hidden_nodes(
    definition: Definition,
    is_hidden: Callable[[str, str], bool],
    rules: Sequence[tuple[str, str, Any, int]] = (),
) -> frozenset[int]:
    """Questions whose answers are written to properties the reader may not see.

    is_hidden: (list, property). rules: the form's derive rules as (list, property, expression,
    node it stands at).
    """
    saved = {
        node
        for entity in definition["entities"]
        for node, prop in entity["saves"]
        if is_hidden(entity["list"], prop)
    }
    names = Shape(definition).names
    read = (references(tree, names, at) for name, prop, tree, at in rules if is_hidden(name, prop))
    return frozenset(saved.union(*read))
