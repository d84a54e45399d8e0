"""Holds finished answers against their form (`check`), and finishes answers as a phone would
(`complete`).

Pure. What `check` finds is recorded as a quality issue; it never refuses a visit.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from .definition import Definition, shape_of
from .evaluate import Expr, Host, Instances, Scope, evaluate
from .instance import Answers, FormInstance, Inst
from .values import DATE, MOMENT, NUMBER, Item, parse_moment, parse_time, to_boolean

POINT = re.compile(r"\s*-?\d+(\.\d+)?(\s+-?\d+(\.\d+)?){1,3}\s*")
MESSAGES = {
    "relevance": ("此题不应作答", "This question did not apply"),
    "required": ("此题必填", "An answer is required"),
    "constraint": ("答案不在允许范围", "The answer is outside what is allowed"),
    "type": ("答案格式不对", "The answer has the wrong form"),
    "choice": ("选项不在列表中", "The choice is not among those offered"),
    "unknown": ("表单中没有此题", "The form has no such question"),
}


@dataclass(frozen=True)
class Violation:
    """An answer the form would not have allowed. kind: a key of MESSAGES."""

    path: str
    kind: str
    message: str


def check(
    definition: Definition,
    answers: Answers,
    instances: Instances | None,
    today: str,
    lang: int = 0,
) -> list[Violation]:
    """What the form would not have allowed in finished answers, in document order.

    instances: items per registry list; rules that look into a list not given are left out. today:
    the day of the visit.
    """
    shape = shape_of(definition)
    form = FormInstance(shape, answers, Host(today=today, instances=instances or {}), lang)
    known = set(instances or {}) | set(definition["lists"])
    checker = _Checker(form, known)
    checker.relevance()
    found = [*checker.strangers(answers, 0, ""), *checker.leaves()]
    return [Violation(p, kind, text or MESSAGES[kind][min(lang, 1)]) for p, kind, text in found]


class _Checker:
    """Judges one filling. `known`: the lists that can be looked into."""

    def __init__(self, form: FormInstance, known: set[str]) -> None:
        self.form, self.shape, self.known = form, form.shape, known

    def decidable(self, tree: Any) -> bool:
        """Whether an expression looks only into lists that are given."""
        return self.shape.lists_in(tree) <= self.known

    def relevance(self) -> None:
        """Settle relevance from the answers as they are; what can't be decided counts as relevant
        if it was answered.
        """
        for node in self.shape.order:
            spec = self.shape.nodes[node]
            for inst in self.form.instances(node):
                above = inst.parent is None or inst.parent.relevant
                inst.relevant = above and self._applies(inst, spec)

    def _applies(self, inst: Inst, spec: Mapping[str, Any]) -> bool:
        if "rel" not in spec:
            return True
        if not self.decidable(spec["rel"]):
            return bool(_answered(inst))
        return to_boolean(self.form.value(spec["rel"], inst))

    def strangers(self, given: Answers, node: int, path: str) -> Iterator[tuple[str, str, str]]:
        """Answers that belong to no question, or have another shape than it."""
        for name, value in given.items():
            child = self.shape.names.child(node, name)
            where = f"{path}/{name}" if path else name
            kind = self.shape.nodes[child]["k"] if child is not None else ""
            if child is None or not isinstance(
                value, {"leaf": str, "group": dict, "repeat": list}[kind]
            ):
                yield where, "unknown", ""
            elif kind == "group":
                yield from self.strangers(value, child, where)
            elif kind == "repeat":
                for index, one in enumerate(value):
                    yield from self.strangers(one, child, f"{where}[{index}]")

    def leaves(self) -> Iterator[tuple[str, str, str]]:
        """Every leaf's violations."""
        for inst in self.form.leaves():
            for kind, text in self._judge(inst, self.shape.nodes[inst.node]):
                yield self.form.path(inst), kind, text

    def _judge(self, inst: Inst, spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if not inst.relevant:
            if inst.value != "":
                yield "relevance", ""
        elif inst.value == "":
            if "c" in spec and self._true(spec.get("req"), inst):
                yield "required", self._text(spec.get("rmsg"), inst)
        elif not TYPES[spec.get("t", "string")](inst.value):
            yield "type", ""
        else:
            if not self._admitted(inst, spec):
                yield "choice", ""
            if "con" in spec and self.decidable(spec["con"]) and not self._true(spec["con"], inst):
                yield "constraint", self._text(spec.get("msg"), inst)

    def _true(self, tree: Expr | None, inst: Inst) -> bool:
        return tree is not None and self.decidable(tree) and to_boolean(self.form.value(tree, inst))

    def _text(self, label: Any, inst: Inst) -> str:
        return self.form.text(label, inst) if label else ""

    def _admitted(self, inst: Inst, spec: Mapping[str, Any]) -> bool:
        items = spec.get("items", {})
        source = items.get("list") or items.get("inst")
        if not source or source not in self.known or not self.decidable(items.get("where")):
            return True
        return set(inst.value.split()) <= offered(self.form, inst, items)


def _answered(inst: Inst) -> bool:
    return inst.value != "" or any(_answered(child) for child in inst.all_children)


def _number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


TYPES: dict[str, Callable[[str], bool]] = {
    "string": lambda text: True,
    "select": lambda text: True,
    "binary": lambda text: True,
    "barcode": lambda text: True,
    "int": lambda text: re.fullmatch(r"-?\d+", text) is not None,
    "decimal": _number,
    "boolean": lambda text: text in ("true", "false", "1", "0"),
    "date": lambda text: DATE.fullmatch(text) is not None and parse_moment(text) is not None,
    "dateTime": lambda text: MOMENT.fullmatch(text) is not None and parse_moment(text) is not None,
    "time": lambda text: parse_time(text) is not None,
    "geopoint": lambda text: POINT.fullmatch(text) is not None,
    "geotrace": lambda text: all(map(POINT.fullmatch, text.strip().strip(";").split(";"))),
    "geoshape": lambda text: all(map(POINT.fullmatch, text.strip().strip(";").split(";"))),
}


def offered(form: FormInstance, inst: Inst, items: Mapping[str, Any]) -> Set[str]:
    """Codes of the choices a question offers at an instance, its filter applied."""
    if "list" in items and "where" not in items:
        return form.shape.codes(items["list"])
    if "list" in items:
        root, key = form.items(items["list"]) or Item("root"), "name"
    else:
        root, key = form.host.items(items["inst"]), items["value"]
    scope: Scope = form.scope(inst)
    size = len(root.children)
    return {
        child.text
        for position, item in enumerate(root.children, 1)
        if "where" not in items
        or to_boolean(evaluate(items["where"], scope.at(item, position, size)))
        for child in item.children
        if child.name == key
    }


# ---- finishing answers ----


def complete(definition: Definition, answers: Answers, host: Host) -> dict[str, Any]:
    """The answers a phone's session would finish with, had it been given `answers` in a new form.

    Fills defaults, preloads, actions and calculations, makes entity blocks (ids by host.uuid),
    clears choices no longer offered, leaves out what is blank or not relevant. Answers given are
    kept; a repeat has the instances given, or as many as its count says.
    """
    form = FormInstance(shape_of(definition), answers, host)
    started: set[int] = set()
    while _start(form, started):
        form.recalculate()
    if _run(form, "change"):
        form.recalculate()
    if _clear_unoffered(form):
        form.recalculate()
    return form.answers()


def _start(form: FormInstance, started: set[int]) -> bool:
    """Defaults, preloads and first actions of instances not yet started; whether there were any."""
    fresh = [inst for inst in form.leaves() if id(inst) not in started]
    for inst in fresh:
        started.add(id(inst))
        spec = form.shape.nodes[inst.node]
        if not inst.given:
            inst.value = _preloaded(spec, form.host) or spec.get("def", "")
    keep = {id(inst) for inst in fresh}
    for kind in ("load", "repeat"):
        _run(form, kind, keep)
    return bool(fresh)


def _preloaded(spec: Mapping[str, Any], host: Host) -> str:
    sources: dict[str, Callable[[], str]] = {
        "uid": lambda: f"uuid:{host.uuid()}",
        "start": lambda: host.now,
        "end": lambda: host.now,
        "today": lambda: host.today,
        "deviceid": lambda: host.deviceid,
        "username": lambda: host.username,
    }
    return sources[spec["pre"]]() if "pre" in spec else ""


def _run(form: FormInstance, kind: str, only: set[int] | None = None) -> bool:
    """Run actions of a kind on what was not given; whether any changed something."""
    changed = False
    for action in form.shape.definition["actions"]:
        if action["on"] != kind:
            continue
        for inst in form.instances(action["set"]):
            if inst.given or (only is not None and id(inst) not in only):
                continue
            if kind == "change" and not _triggered(form, action["at"], inst):
                continue
            before = inst.value
            form.store(inst, form.value(action["x"], inst))
            changed |= inst.value != before
    return changed


def _triggered(form: FormInstance, trigger: int, target: Inst) -> bool:
    return any(node.text != "" for node in form.resolve(trigger, target, None))


def _clear_unoffered(form: FormInstance) -> bool:
    changed = False
    for inst in form.leaves():
        items = form.shape.nodes[inst.node].get("items", {})
        if "where" in items and inst.text:
            allowed = offered(form, inst, items)
            kept = " ".join(code for code in inst.value.split() if code in allowed)
            changed |= kept != inst.value
            inst.value = kept
    return changed
