"""Holds finished answers against their form (`check`), and finishes answers as a phone would
(`complete`).

Pure. What `check` finds is recorded as a quality issue; it never refuses a visit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .definition import Definition, shape_of
from .evaluate import Host, Instances, Scope, admits
from .instance import Answers, FormInstance, Inst
from .judge import judge
from .values import Item, Node
from .witness import Found, World

MESSAGES = {
    "relevance": ("此题不应作答", "This question did not apply"),
    "required": ("此题必填", "An answer is required"),
    "constraint": ("答案不在允许范围", "The answer is outside what is allowed"),
    "type": ("答案格式不对", "The answer has the wrong form"),
    "choice": ("选项不在列表中", "The choice is not among those offered"),
    "unknown": ("表单中没有此题", "The form has no such question"),
    "shape": ("答案的结构与表单不符", "The answer is built otherwise than the form"),
    "count": ("重复的次数与表单不符", "Not as many repeats as the form asks for"),
    "calculation": ("计算结果与答案对不上", "The calculation gives something else"),
    "fixed": ("此处不能由人更改，却与表单不同", "Nobody can change this, yet it differs"),
    "metadata": ("自动记录的信息不可信", "What the phone records by itself can't be so"),
    "entity": ("记录编号的格式不对", "The record's id is not one"),
    "file": ("附件没有随走访送到", "The attachment did not come with the visit"),
    "characters": ("含有看不见的控制字符", "Contains invisible control characters"),
    "many": ("问题太多，没有全部列出", "Too much is wrong to list all of it"),
}


@dataclass(frozen=True)
class Violation:
    """An answer the form would not have allowed. kind: a key of MESSAGES; known: decided by what
    the server knew of the registry.
    """

    path: str
    kind: str
    message: str
    known: bool = False


def check(
    definition: Definition,
    answers: Answers,
    instances: Instances | None,
    today: str,
    lang: int = 0,
) -> list[Violation]:
    """What the form would not have allowed in finished answers, in document order.

    instances: all items of registry lists; rules that look into a list not given are left out.
    today: the day of the visit.
    """
    world = World(today, lists=instances or {})
    return [
        Violation(found.path, found.kind, told, found.known)
        for found, told in inspected(definition, answers, world, lang)
    ]


def inspected(
    definition: Definition, answers: Answers, world: World, lang: int = 0
) -> list[tuple[Found, str]]:
    """What was found, each with its message."""
    shape = shape_of(definition)
    found = judge(shape, answers, world)
    if not found:
        return []
    host = Host(today=world.today, now=world.now, instances=world.lists)
    form = FormInstance(shape, answers, host, lang)
    return [(one, message(form, one.path, one.kind)) for one in found]


def message(form: FormInstance, path: str, kind: str) -> str:
    """What to say of a finding, in the language of the form instance: the form's own words if it
    has any.
    """
    own = {"required": "rmsg", "constraint": "msg"}.get(kind)
    if own:
        try:
            inst = form.at(path)
        except (LookupError, ValueError):
            inst = form.root
        label = form.shape.nodes[inst.node].get(own)
        text = form.text(label, inst) if label else ""
        if text:
            return text
    langs = form.shape.definition["langs"]
    english = form.lang < len(langs) and langs[form.lang] == "en"
    return MESSAGES[kind][1 if english else 0]


def offered(form: FormInstance, inst: Inst, items: Mapping[str, Any]) -> list[str]:
    """Codes of the choices a question offers at an instance, its filter applied, in order."""
    if "from" in items:
        given = dict.fromkeys(value for value, _ in form.pairs(items, form.scope(inst)))
        return [code for code in given if code]
    root: Node
    if "list" in items:
        root, key = form.items(items["list"]) or Item("root"), "name"
    else:
        root, key = form.host.items(items["inst"]), items["value"]
    scope: Scope = form.scope(inst)
    size = len(root.children)
    found = [
        child.text
        for position, item in enumerate(root.children, 1)
        if "where" not in items or admits(items["where"], scope.at(item, position, size))
        for child in item.children
        if child.name == key
    ]
    return list(dict.fromkeys(found))


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
            inst.value = _preloaded(spec, form.host) or form.default(inst)
    keep = {id(inst) for inst in fresh}
    for kind in ("load", "open", "repeat"):
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
    return sources[spec["pre"]]() if spec.get("pre") in sources else ""


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
        spec = form.shape.nodes[inst.node]
        items = spec.get("items", {})
        if ("where" in items or "from" in items) and inst.text:
            allowed = offered(form, inst, items)
            codes = [inst.value] if spec.get("c") == "select1" else inst.value.split()
            kept = [code for code in codes if code in allowed]
            if kept and spec.get("c") == "rank":  # whoever orders orders all there is
                kept += [code for code in allowed if code not in kept]
            changed |= " ".join(kept) != inst.value
            inst.value = " ".join(kept)
    return changed
