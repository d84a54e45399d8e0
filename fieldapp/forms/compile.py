"""Compiles an XForm, as pyxform writes it, into the form definition of docs/form-definition.md.

Pure. Whatever is outside the supported set is refused, all of it at once, naming the question and
the remedy.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from xml.etree.ElementTree import Element

from .body import read_body
from .circles import circles
from .defaults import refuse_odd_defaults, spell_default
from .definition import Shape
from .draft import VERSIONS, Draft, local_name, mark_repeat, read_setvalue
from .files import used
from .or_other import translate_or_other
from .parameters import read_parameters
from .problems import FormError
from .starts import read_starts, written
from .support import (
    BIND,
    DATA_TYPES,
    EXPRESSIONS,
    MODEL,
    PRELOADS,
    REFUSED_PRELOADS,
    SETTINGS,
    UNDER_PARAMETERS,
    Entry,
)
from .xform import (
    ENTITIES,
    JR,
    ORX,
    OWN,
    XF,
    H,
    elements,
    local,
    namespace,
    read_choices,
    read_xform,
)

MESSAGES = (
    ("constraintMsg", "msg", "constraint_message"),
    ("requiredMsg", "rmsg", "required_message"),
)
VISIT_DATE = "visit_date"


def compile_xform(
    xml: str, program: str, scope: str, files: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The definition of a form of a program. files: SHA-256 by name of those that come with it.

    Raises FormError with everything that has to be changed, XFormError if it isn't one.
    """
    files = files or {}
    draft = Draft(read_xform(xml), files)
    draft.ids = {b.get("id", ""): b.get("nodeset", "") for b in draft.xform.model.iter(f"{XF}bind")}
    _read_primary(draft, draft.xform.primary, -1)
    _read_model(draft)
    read_starts(draft)
    read_body(draft)
    _read_binds(draft)
    _settle_nodes(draft)
    _read_lists(draft)
    refuse_odd_defaults(draft)
    definition = _definition(draft, program, scope)
    translate_or_other(definition)
    _refuse_cycles(draft, definition)
    if draft.problems:
        raise FormError(draft.problems)
    definition["version"] = definition["version"] or _by_content(definition, files)
    return definition


def _definition(draft: Draft, program: str, scope: str) -> dict[str, Any]:
    root = draft.xform.primary
    definition: dict[str, Any] = {
        "id": root.get("id") or _xmlns(root),
        "version": root.get("version") or root.get(f"{ORX}version") or "",
        "program": program,
        "scope": scope,
        "title": _title(draft),
        "langs": draft.texts.langs,
        "nodes": draft.nodes,
        "lists": draft.lists,
        "external": sorted(draft.looked_into.keys() - draft.attached.keys()),
        "actions": draft.actions,
        "entities": _entities(draft),
    }
    if draft.attached:
        definition["attached"] = draft.attached
    if not definition["id"]:
        draft.refuse(None, "setting_missing", "form_id", "settings", key="id")
    date = next((i for i, node in enumerate(draft.nodes) if node["n"] == VISIT_DATE), None)
    if date is not None:
        definition["date"] = date
    return definition


def _xmlns(root: Element) -> str:
    """A form without an id may be named by the namespace of its answers."""
    space = namespace(root.tag)
    return "" if space in OWN | {XF, H} else space.strip("{}")


def _by_content(definition: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """A version for a form whose author gives none: another content, of the form or of a file, is
    another version.
    """
    named = {name: files[name] for name in used(definition) & files.keys()}
    content = {**definition, "files": named} if named else definition
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:10]


def _title(draft: Draft) -> list[str]:
    """XLSForm has one title: `孕产随访 / Pregnancy follow-up` gives each language its own."""
    parts = [part.strip() for part in draft.xform.title.split(" / ")]
    count = len(draft.texts.langs)
    return parts if len(parts) == count else [draft.xform.title] * count


# ---- nodes ----


def _read_primary(draft: Draft, element: Element, parent: int) -> None:
    """Number the nodes of the primary instance in document order. A repeat's template stands for
    its instances.
    """
    name = local(element.tag)
    if parent >= 0 and draft.names.child(parent, name) is not None:
        return
    number = _add(draft, name, parent, "group" if len(element) else "leaf")
    for attribute, value in element.attrib.items():
        if "dataset" in element.attrib and attribute not in VERSIONS:
            leaf = _add(draft, f"@{local(attribute)}", number, "leaf")
            draft.nodes[number]["k"] = "group"
            if value:
                draft.nodes[leaf]["def"] = value
    default = (element.text or "").strip()
    if default and not len(element):
        draft.nodes[number]["def"] = default
    for _, child in elements(element):
        _read_primary(draft, child, number)
    _read_instances(draft, element, number)


def _read_instances(draft: Draft, parent: Element, number: int) -> None:
    """What a repeat begins with, where that isn't one instance like its template."""
    by_name: dict[str, list[Element]] = {}
    for name, child in elements(parent):
        by_name.setdefault(name, []).append(child)
    for name, same in by_name.items():
        node = draft.names.child(number, name)
        if len(same) < 2 or node is None:
            continue
        begins = [written(one) for one in same if one.get(f"{JR}template") is None]
        if len(begins) > 1 or begins != [written(same[0])]:
            draft.nodes[node]["begin"] = begins


def _add(draft: Draft, name: str, parent: int, kind: str) -> int:
    draft.nodes.append({"n": name, "p": parent, "k": kind})
    return draft.names.add(name, parent)


def _read_model(draft: Draft) -> None:
    """Repeats first, since references depend on them, then what the model says beside binds."""
    for repeat in draft.xform.body.iter(f"{XF}repeat"):
        mark_repeat(draft, repeat)
    for tag, element in elements(draft.xform.model):
        if tag == "setvalue":
            read_setvalue(draft, element, None)
        elif tag == "submission" and element.get("base64RsaPublicKey"):
            draft.settle(SETTINGS["public_key"], "public_key", None, "public_key", "settings")
        else:
            draft.decide(MODEL, tag, draft.find(element.get("ref", "")) or None)


# ---- binds ----


def _read_binds(draft: Draft) -> None:
    for bind in (e for tag, e in elements(draft.xform.model) if tag == "bind"):
        path = bind.get("nodeset", "")
        number = None if draft.dropped(path) else draft.node(path, ("bind ", "a bind"))
        if number is not None:
            _read_bind(draft, bind, number)


def _read_bind(draft: Draft, bind: Element, number: int) -> None:
    node = draft.nodes[number]
    if "type" in bind.attrib and node["k"] == "leaf":
        kind = local_name(bind.get("type", ""))
        if kind not in DATA_TYPES:
            draft.refuse(number, "data_type_unsupported", "type", type=kind)
        node["t"] = DATA_TYPES.get(kind, "string")
    told: list[Entry] = []
    for attribute, source in bind.attrib.items():
        name = local(attribute)
        if namespace(attribute) not in OWN:
            continue
        if name in EXPRESSIONS:
            _bind_expression(draft, node, number, name, source)
        elif (entry := BIND.get(name)) is None or entry not in told:
            column = "parameters" if name in UNDER_PARAMETERS else f"bind::{name}"
            draft.settle(entry, name, number, column)
            told += [entry] if entry else []
    for name, key, column in MESSAGES:
        message = draft.texts.of_message(bind.get(JR + name), draft.output(number, column))
        if message:
            node[key] = message
    if bind.get(f"{ENTITIES}saveto"):
        draft.saves[number] = bind.get(f"{ENTITIES}saveto", "")
    read_parameters(node, bind)
    _read_preload(draft, bind, node, number)


def _bind_expression(
    draft: Draft, node: dict[str, Any], number: int, name: str, source: str
) -> None:
    tree = draft.expr(source, number, "calculation" if name == "calculate" else name)
    always_no = name in ("required", "readonly") and tree == ["f", "false"]
    if tree is not None and not always_no and not (name == "relevant" and tree == ["f", "true"]):
        node[EXPRESSIONS[name]] = tree


def _read_preload(draft: Draft, bind: Element, node: dict[str, Any], number: int) -> None:
    preload = bind.get(f"{JR}preload")
    if not preload:
        return
    given = bind.get(f"{JR}preloadParams", "")
    key = (preload, "" if preload == "uid" else given.lower())
    if key in PRELOADS:
        node["pre"] = PRELOADS[key]
    else:
        draft.decide(REFUSED_PRELOADS, (given or preload).lower(), number, "type")


def _settle_nodes(draft: Draft) -> None:
    """Defaults of keys, notes, and what every leaf needs."""
    targets = {action["set"] for action in draft.actions}
    for number, node in enumerate(draft.nodes):
        if "begin" in node and node["k"] != "repeat":
            draft.refuse(number, "node_twice", name=node["n"])
        if node["k"] != "leaf":
            continue
        node.setdefault("t", "string")
        if node.get("c") in ("select", "select1", "rank"):
            node["t"] = "select"
        if "def" in node:
            node["def"] = spell_default(node)
        if "label" in node.get("ap", "").split() and node["t"] == "select":
            node.pop("req", None)  # the head of a table asks nothing
        if node["t"] == "binary" and "c" not in node and draft.names.path(number) == "meta/audit":
            node["pre"] = "audit"
        if "c" not in node:
            node.pop("ro", None)  # nobody could write it anyway
        shown = node.get("c") == "input" and node["t"] == "string" and "def" not in node
        if (
            shown
            and node.get("ro") == ["f", "true"]
            and "calc" not in node
            and number not in targets
        ):
            node["c"] = "note"
            del node["ro"]


# ---- lists and entities ----


def _read_lists(draft: Draft) -> None:
    for name, instance in draft.xform.instances.items():
        if instance.get("src") or name in draft.lists:
            continue
        value, label = draft.item_refs.get(name, ("name", "label"))
        choices = read_choices(instance, draft.texts, draft.output(0), value, label)
        if choices is None:
            draft.refuse(None, "list_not_flat", "list_name", "choices", list=name)
        else:
            draft.lists[name] = choices
    draft.refuse_made(None)
    elsewhere = {*draft.xform.instances, *draft.lists, *draft.attached}
    for name in sorted(draft.used - elsewhere):
        draft.refuse(None, "list_undeclared", list=name)


def _entities(draft: Draft) -> list[dict[str, Any]]:
    names = draft.names
    blocks = {}
    for number, node in enumerate(draft.nodes):
        dataset = names.child(number, "@dataset") if node["k"] == "group" else None
        if node["n"] == "entity" and dataset is not None:
            container = names.parents[names.parents[number]]
            list_name = draft.nodes[dataset].get("def", "")
            blocks[container] = {"list": list_name, "in": container, "node": number, "saves": []}
    for number, prop in draft.saves.items():
        home = next((n for n in names.lineage(number)[::-1] if n in blocks), None)
        if home is None:
            draft.refuse(number, "save_without_entity", "save_to", property=prop)
        else:
            blocks[home]["saves"].append([number, prop])
    for block in blocks.values():
        block["saves"].sort()
    return list(blocks.values())


def _refuse_cycles(draft: Draft, definition: dict[str, Any]) -> None:
    for circle in circles(Shape(definition)):
        first, column = circle[0]
        steps = [f"{draft.names.names[node]} ({how})" for node, how in circle]
        shown = " → ".join([*steps, draft.names.names[first]])
        draft.refuse(first, "cycle", "" if column == "group" else column, circle=shown)
