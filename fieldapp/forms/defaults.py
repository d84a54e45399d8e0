"""Static defaults: spelled as their question would store them, and refused where no answer of that
question could be like that. Pure.
"""

import re
from collections.abc import Mapping
from typing import Any

from .datatypes import TYPES
from .draft import Draft
from .instance import stored_text

MULTIPLE = ("select", "rank")
# What a date, a moment and a whole number look like where a spreadsheet has written them out.
SPELLED = {
    "date": (re.compile(r"(\d{4}-\d{2}-\d{2}) 00:00:00"), r"\1"),
    "dateTime": (re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})"), r"\1T\2"),
    "int": (re.compile(r"(-?\d+)\.0+"), r"\1"),
}


def spell_default(node: Mapping[str, Any]) -> str:
    """A node's default as its control or data type writes it."""
    text: str = node["def"]
    if node.get("c") in MULTIPLE:
        return " ".join(text.split())
    if node["t"] in SPELLED:
        pattern, plain = SPELLED[node["t"]]
        text = pattern.sub(plain, text) if pattern.fullmatch(text) else text
    return stored_text(text, node["t"])


def refuse_odd_defaults(draft: Draft) -> None:
    """Refuse those of questions that could not be answered so; choice lists must have been read."""
    for number, node in enumerate(draft.nodes):
        text = node.get("def", "")
        if text and "c" in node and not _answers(draft, node, text):
            draft.refuse(number, "default_odd", "default", text=text)


def _answers(draft: Draft, node: Mapping[str, Any], text: str) -> bool:
    if not TYPES.get(node["t"], TYPES["string"])(text):
        return False
    if "range" in node:
        start, end, _ = node["range"]  # ODK takes one between two steps
        return bool(min(start, end) <= float(text) <= max(start, end))
    items = node.get("items", {})
    if node["c"] == "rank" or "where" in items or items.get("list") not in draft.lists:
        return True
    codes = {choice["v"] for choice in draft.lists[items["list"]]}
    return codes.issuperset(text.split() if node["c"] in MULTIPLE else [text])
