"""A visit as its form reads: groups, repeats, questions in the reader's language, answers in words.

Pure. Only what was answered is shown, since a finished visit carries nothing else. A question whose
answer the reader's audience may not see is shown without it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fieldapp.forms.blobs import hash_of
from fieldapp.forms.definition import Definition, Shape
from fieldapp.forms.instance import FormInstance, Inst
from fieldapp.forms.names import references

Row = dict[str, Any]
_SILENT = frozenset({"note"})


def read_visit(form: FormInstance, hidden: frozenset[int] = frozenset()) -> list[Row]:
    """The answered questions in the form's order, in the form instance's language.

    `{kind: "group" | "instance", path, label, children}` and `{kind: "answer", path, label, type,
    value, words, hidden}`; a hidden answer has neither value nor words,
    a choice words only. The instance's host gives the titles of
    chosen entities as items.
    """
    return _children(form, form.root, hidden)


def _children(form: FormInstance, inst: Inst, hidden: frozenset[int]) -> list[Row]:
    rows: list[Row] = []
    for child in inst.all_children:
        row = _row(form, child, hidden)
        if row is not None:
            rows.append(row)
    return rows


def _row(form: FormInstance, inst: Inst, hidden: frozenset[int]) -> Row | None:
    node = form.shape.nodes[inst.node]
    if node["k"] == "leaf":
        shown = "c" in node and node["c"] not in _SILENT and inst.value != ""
        return _answer(form, inst, node, inst.node in hidden) if shown else None
    children = _children(form, inst, hidden)
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
