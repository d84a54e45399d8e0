"""What a form that compiles must still not be: something we never collect, or something that would
stop a phone or the server when it is filled in.

Pure. Whether what it saves has a purpose is asked where programs are known.
"""

from collections.abc import Iterator
from typing import Any

from .definition import Definition, shape_of
from .lint import lint
from .problems import FormProblem
from .regexes import UnsafePatternError, check_pattern

MAX_DEPTH = 100
COLUMNS = {
    "rel": "relevant",
    "con": "constraint",
    "calc": "calculation",
    "req": "required",
    "ro": "readonly",
    "count": "repeat_count",
    "items": "choice_filter",
    "l": "label",
    "h": "hint",
    "g": "guidance_hint",
    "msg": "constraint_message",
    "rmsg": "required_message",
}
WHY = {
    "ambiguous": ("有的文字会让它算到停不下来", "some texts would keep it busy for ever"),
    "unsupported": ("用了回溯引用等无法检查的写法", "it has parts that can't be judged"),
    "too_big": ("太长或太复杂", "it is too long or too complicated"),
    "invalid": ("写法不对", "it isn't well formed"),
}


def refusals(definition: Definition) -> list[FormProblem]:
    """Why the form may not be published, each with its question and column."""
    return [*lint(definition), *_unsafe(definition)]


def _unsafe(definition: Definition) -> Iterator[FormProblem]:
    shape = shape_of(definition)
    for number, column, tree in _expressions(definition):
        for code, params in _faults(tree):
            question, path = shape.nodes[number]["n"], shape.path(number)
            yield FormProblem(code, params, question, column, path=path)


def _expressions(definition: Definition) -> Iterator[tuple[int, str, Any]]:
    """Every expression of the form, with its node and column."""
    for number, node in enumerate(definition["nodes"]):
        for key, column in COLUMNS.items():
            if key in node:
                yield number, column, node[key]
    for action in definition["actions"]:
        yield action["set"], "default" if action["on"] != "change" else "calculation", action["x"]


def _faults(tree: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong with an expression, or with those inside a text or choice list."""
    stack = [(tree, 0)]
    while stack:
        part, depth = stack.pop()
        if depth > MAX_DEPTH:
            yield "too_deep", {}
            return
        if isinstance(part, dict):
            stack += [(value, depth) for value in part.values()]
        elif isinstance(part, list):
            if part[:2] == ["f", "regex"] and len(part) == 4:
                yield from _pattern(part[3])
            stack += [(value, depth + 1) for value in part]


def _pattern(tree: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """A pattern must stand in the form as it is: one that an answer makes can't be judged."""
    if not (isinstance(tree, list) and tree[:1] == ["s"]):
        yield "regex_computed", {}
        return
    try:
        check_pattern(tree[1])
    except UnsafePatternError as error:
        yield "regex_unsafe", {"text": tree[1][:80], "why": WHY[str(error)]}
