"""Reads an XForm's body: which node is asked how, with which words and choices."""

from typing import Any
from xml.etree.ElementTree import Element

from .draft import Draft, instances_in, read_setvalue
from .parameters import read_parameters
from .xform import JR, elements
from .xpath import XPathError, compile_xpath

CONTROLS = {"input", "select1", "select", "upload", "trigger", "range", "rank"}
SELECTS = {"select1", "select", "rank"}


def read_body(draft: Draft) -> None:
    """Everything in the body, top down."""
    for tag, element in elements(draft.xform.body):
        _read(draft, tag, element, None)


def _read(draft: Draft, tag: str, element: Element, inside: int | None) -> None:
    if tag == "group":
        _group(draft, element, inside)
    elif tag == "repeat":
        _repeat(draft, element)
    elif tag in CONTROLS:
        _control(draft, tag, element)
    elif tag == "setvalue":
        read_setvalue(draft, element, None)
    elif tag not in ("label", "hint"):
        draft.refuse(inside, "control_unsupported", "type", control=tag)


def _group(draft: Draft, element: Element, inside: int | None) -> None:
    ref = element.get("ref") or element.get("nodeset")
    number = draft.node(ref, ("组", "a group")) if ref else inside
    if number is not None and ref:
        _words(draft, element, number)
    for tag, child in elements(element):
        _read(draft, tag, child, number)


def _repeat(draft: Draft, element: Element) -> None:
    number = draft.find(element.get("nodeset", ""))
    if number is None:
        return  # named already, when repeats were marked
    node = draft.nodes[number]
    count = element.get(f"{JR}count")
    if count:
        tree = draft.expr(count, number, "repeat_count")
        if tree is not None:
            node["count"] = tree
    if count or element.get(f"{JR}noAddRemove") == "true()":
        node["fix"] = True
    if element.get("appearance"):
        node["ap"] = element.get("appearance")
    for tag, child in elements(element):
        _read(draft, tag, child, number)


def _words(draft: Draft, element: Element, number: int) -> None:
    """Label, hints, media and appearance."""
    node, output = draft.nodes[number], draft.output(number)
    hinted = draft.output(number, "hint")
    parts = dict(elements(element))
    label, hint = parts.get("label"), parts.get("hint")
    for key, words in (
        ("l", draft.texts.of(label, output)),
        ("h", draft.texts.of(hint, hinted)),
        ("g", draft.texts.of(hint, hinted, "guidance")),
    ):
        if words:
            node[key] = words
    if element.get("appearance"):
        node["ap"] = element.get("appearance")
    media = draft.texts.media(label)
    if media:
        node["media"] = media


def _control(draft: Draft, tag: str, element: Element) -> None:
    number = draft.node(element.get("ref"), (f"控件 {tag} ", f"a control ({tag})"))
    if number is None:
        return
    node = draft.nodes[number]
    node["c"] = tag
    _words(draft, element, number)
    if tag in SELECTS:
        _choices(draft, element, node, number)
    if tag == "range":
        _range(draft, element, node, number)
    if tag == "upload":
        node["mime"] = element.get("accept") or element.get("mediatype", "*/*")
    read_parameters(node, element)
    if element.get("query") or node.get("ap", "").startswith("search("):
        draft.refuse(number, "search_unsupported", "appearance")
    for child_tag, child in elements(element):
        if child_tag == "setvalue":
            read_setvalue(draft, child, number)
        elif child_tag not in ("label", "hint", "itemset", "item"):
            draft.refuse(number, "element_unsupported", name=child_tag)


def _range(draft: Draft, element: Element, node: dict[str, Any], number: int) -> None:
    try:
        node["range"] = [_plain(float(element.attrib[key])) for key in ("start", "end", "step")]
    except (KeyError, ValueError):
        draft.refuse(number, "range_incomplete", "parameters")


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number


# ---- choices ----


def _choices(draft: Draft, element: Element, node: dict[str, Any], number: int) -> None:
    itemset = next((e for tag, e in elements(element) if tag == "itemset"), None)
    if itemset is not None:
        _itemset(draft, itemset, node, number)
        return
    name = draft.names.path(number)
    choices = []
    for item in (e for tag, e in elements(element) if tag == "item"):
        parts = dict(elements(item))
        value = parts.get("value")
        code = (value.text or "").strip() if value is not None else ""
        words = draft.texts.of(parts.get("label"), draft.output(number))
        choices.append({"v": code, "l": words or [code] * len(draft.texts.langs)})
    if not choices:
        draft.refuse(number, "choices_missing", "type")
    draft.lists[name] = choices
    node["items"] = {"list": name}


def _itemset(draft: Draft, itemset: Element, node: dict[str, Any], number: int) -> None:
    source = itemset.get("nodeset", "")
    if source.strip().startswith("randomize("):
        draft.refuse(number, "randomize_unsupported", "parameters")
        return
    try:
        tree = compile_xpath(source, draft.names, number)
    except XPathError as error:
        draft.pass_on(number, error, "choice_filter")
        return
    match tree:
        case ["path", ["inst", str(name)], ["child", "item", *preds]]:
            items = _items(draft, itemset, name, number)
        case _:
            draft.refuse(number, "choices_from_question", "type")
            return
    draft.used |= {name}
    for pred in preds:
        items["where"] = ["op", "and", items["where"], pred] if "where" in items else pred
        draft.used |= instances_in(pred)
    node["items"] = items


def _items(draft: Draft, itemset: Element, name: str, number: int) -> dict[str, Any]:
    parts = {tag: e.get("ref", "") for tag, e in elements(itemset)}
    value, label = parts.get("value", "name"), parts.get("label", "label")
    instance = draft.xform.instances.get(name)
    if instance is not None and instance.get("src"):
        return {"inst": name, "value": value, "label": label}
    draft.item_refs.setdefault(name, (value, "label" if label.startswith("jr:itext") else label))
    return {"list": name}
