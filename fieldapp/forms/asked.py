"""Which properties of records expressions ask for, so that no others need be worked out. Pure.

What can't be told by looking (a whole record's text, any child, a record's neighbours) counts as
asking for all of them: None.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_AXES = {"child", "attribute", "self", "filter"}
_OF_CONTEXT = {"string", "number", "string-length", "normalize-space"}


class _AnyError(Exception):
    """Perhaps all properties are asked for."""


def asked_of_item(tree: Any) -> frozenset[str] | None:
    """Properties that an expression about one record asks for; None: perhaps all."""
    return _asked(tree, inside=True)


def asked_of_lists(definition: Mapping[str, Any]) -> frozenset[str] | None:
    """Properties that a form asks of items of any list; None: perhaps all. Labels of choices aren't
    among them unless an expression asks for one.
    """
    asked = _asked(definition, inside=False)
    named = "jr:choice-name" in json.dumps(definition)
    return asked if asked is None or not named else asked | _labels(definition)


def _labels(tree: Any) -> set[str]:
    """The properties that are labels of choices, wherever in a form."""
    if isinstance(tree, Mapping):
        own = {str(tree["label"])} if "inst" in tree and "label" in tree else set()
        return own.union(*map(_labels, tree.values()))
    if isinstance(tree, (list, tuple)):
        return set().union(*map(_labels, tree))
    return set()


def _asked(tree: Any, inside: bool) -> frozenset[str] | None:
    found: set[str] = set()
    try:
        _walk(tree, inside, found)
    except _AnyError:
        return None
    return frozenset(found)


def _walk(tree: Any, inside: bool, found: set[str]) -> None:
    """inside: a record is the context."""
    if isinstance(tree, Mapping):
        _walk_choices(tree, found)
        for key, part in tree.items():
            _walk(part, inside or key == "where", found)
    elif not isinstance(tree, (list, tuple)) or not tree:
        return
    elif tree[0] == "path" and len(tree) > 1 and isinstance(tree[1], (list, tuple)):
        _walk_path(tree, inside, found, whole=False)
    elif inside and (tree[0] in (".", "ctx", "cur") or _takes_context(tree)):
        raise _AnyError
    else:
        for part in tree:
            counted = list(tree[:2]) == ["f", "count"] and _is_path(part)
            if counted:
                _walk_path(part, inside, found, whole=True)
            else:
                _walk(part, inside, found)


def _walk_choices(items: Mapping[str, Any], found: set[str]) -> None:
    """Choices have a property that is their code; their label is asked for by name."""
    if "inst" in items or "from" in items:
        found.add(str(items["value"]))
    if "from" in items:
        found.add(str(items["label"]))


def _walk_path(path: Sequence[Any], inside: bool, found: set[str], whole: bool) -> None:
    """whole: that the path ends with a record doesn't ask for its text."""
    base, steps = path[1], path[2:]
    of_records = inside or base[0] in ("inst", "path")
    if _is_path(base):
        _walk_path(base, inside, found, whole=True)
    elif base[0] not in ("inst", "ctx", ".", "cur"):
        _walk(base, inside, found)
    for axis, name, *preds in steps:
        if of_records and (axis not in _AXES or name == "*"):
            raise _AnyError
        if axis == "child":
            found.add(name)
        for pred in preds:
            _walk(pred, True, found)
    named = [name for axis, name, *_ in steps if axis != "filter"]
    if of_records and not whole and named[-1:] in ([], ["item"]):
        raise _AnyError


def _is_path(part: Any) -> bool:
    return (
        isinstance(part, (list, tuple))
        and len(part) > 1
        and part[0] == "path"
        and isinstance(part[1], (list, tuple))
    )


def _takes_context(tree: Sequence[Any]) -> bool:
    """A function that takes the context when it is given nothing."""
    return len(tree) == 2 and tree[0] == "f" and tree[1] in _OF_CONTEXT
