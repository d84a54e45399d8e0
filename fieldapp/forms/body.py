"""Reads an XForm's body: which node is asked how, and with which words."""

import re
from typing import Any
from xml.etree.ElementTree import Element

from .choices import read_choices_of
from .draft import Draft, read_setvalue
from .parameters import read_parameters
from .support import ATTRIBUTES, CONTROLS, INSIDE, MEDIA_TYPES, appearance
from .xform import JR, OWN, elements, local, namespace

SELECTS = {"select1", "select", "rank"}
WORD = re.compile(r"[^\s(]+(?:\([^)]*\))?")


def read_body(draft: Draft) -> None:
    """Everything in the body, top down."""
    for tag, element in elements(draft.xform.body):
        _read(draft, tag, element, None)


def _read(draft: Draft, tag: str, element: Element, inside: int | None) -> None:
    if not draft.decide(CONTROLS, tag, inside, "type"):
        return
    if tag == "group":
        _group(draft, element, inside)
    elif tag == "repeat":
        _repeat(draft, element, inside)
    elif tag == "setvalue":
        read_setvalue(draft, element, None, inside)
    elif tag not in ("label", "hint"):
        _control(draft, tag, element, inside)


def _group(draft: Draft, element: Element, inside: int | None) -> None:
    ref = element.get("ref") or element.get("nodeset")
    number = draft.node(ref, ("组", "a group"), inside) if ref else inside
    _attributes(draft, element, number)
    if number is not None and ref:
        _words(draft, element, number)
    for tag, child in elements(element):
        _read(draft, tag, child, number)


def _repeat(draft: Draft, element: Element, inside: int | None) -> None:
    number = draft.find(element.get("nodeset") or element.get("ref") or "", inside)
    if number is None:
        return  # named already, when repeats were marked
    node = draft.nodes[number]
    count = element.get(f"{JR}count")
    if count:
        tree = draft.expr(count, number, "repeat_count")
        if tree is not None:
            node["count"] = tree
    if count or element.get(f"{JR}noAddRemove", "").strip() in ("true()", "true"):
        node["fix"] = True
    _attributes(draft, element, number)
    _look(draft, element, number)
    for tag, child in elements(element):
        _read(draft, tag, child, number)


def _attributes(draft: Draft, element: Element, number: int | None) -> None:
    """Refuse attributes that mean something nobody here does."""
    for attribute in element.attrib:
        if namespace(attribute) in OWN:
            draft.decide(ATTRIBUTES, local(attribute), number, "parameters")


def _look(draft: Draft, element: Element, number: int) -> None:
    """The appearance, and refusals of words in it."""
    text = " ".join(element.get("appearance", "").split())
    if text:
        draft.nodes[number]["ap"] = text
    for word in WORD.findall(text):
        if not word.startswith("search("):
            draft.settle(appearance(word), word, number, "appearance")


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
    _look(draft, element, number)
    media = draft.media(label, number)
    if media:
        node["media"] = media


def _control(draft: Draft, tag: str, element: Element, inside: int | None) -> None:
    context = (f"控件 {tag} ", f"a control ({tag})")
    number = draft.node(element.get("ref"), context, inside)
    if number is None:
        return
    node = draft.nodes[number]
    node["c"] = "select1" if element.get("query") else tag
    _attributes(draft, element, number)
    _words(draft, element, number)
    if node["c"] in SELECTS:
        read_choices_of(draft, element, number)
    if tag == "range":
        _range(draft, element, node, number)
    if tag == "upload":
        mime = element.get("mediatype", "")
        if mime in MEDIA_TYPES:
            draft.decide(MEDIA_TYPES, mime, number, "type")
        node["mime"] = element.get("accept") or element.get("mediatype", "*/*")
        if "def" in node:
            draft.refuse(number, "file_default", "default")
    read_parameters(node, element)
    for child_tag, child in elements(element):
        if draft.decide(INSIDE, child_tag, number) and child_tag == "setvalue":
            read_setvalue(draft, child, number, number)


def _range(draft: Draft, element: Element, node: dict[str, Any], number: int) -> None:
    try:
        node["range"] = [_plain(float(element.attrib[key])) for key in ("start", "end", "step")]
    except (KeyError, ValueError):
        draft.refuse(number, "range_incomplete", "parameters")


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number
