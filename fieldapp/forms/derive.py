"""From a finished visit to what it writes: entities and register writes, as a pure function of the
answers.

The phone runs the same in frontend/src/protocol/derive.ts; both run tests/contract/derive.json.
Rules and their order are those of docs/form-definition.md, "From answers to entity writes".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from .definition import Definition, Shape, shape_of
from .evaluate import Host
from .instance import Answers, FormInstance, Inst
from .values import to_boolean, to_text

NAMESPACE = UUID("9d3f3f0e-6f0c-5c1e-9a57-6a1f7c1d2b10")
RegisterValue: TypeAlias = str | dict[str, str]
Programs: TypeAlias = Iterable[Mapping[str, Any]]
"""Compiled programs, as `Program` in frontend/src/protocol/types.ts: scope, types, derive."""


@dataclass
class Derived:
    """What a visit writes. on: the date it is about, if the form says; the position of a write is
    its op's.
    """

    on: str | None = None
    entities: list[dict[str, Any]] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)

    def enter(self, entity: str, kind: str, new: bool) -> None:
        """Name an entity once, however many rules write to it."""
        if not any(known["e"] == entity for known in self.entities):
            self.entities.append({"e": entity, "t": kind, "new": new})

    def as_json(self) -> dict[str, Any]:
        """As `Derived` in types.ts."""
        return {"on": self.on, "entities": self.entities, "writes": self.writes}


def derive(
    definition: Definition,
    programs: Programs,
    answers: Answers,
    sid: str,
    form: FormInstance | None = None,
) -> Derived:
    """The entities and writes of finished answers; `sid` is the submission's id. The answers must
    fit the definition. form: their tree, if it was grown before.
    """
    programs = [p for p in programs if p["scope"] == definition["scope"]]
    form = form or grown(definition, answers)
    result = Derived(on=_date(form, definition))
    for block in definition["entities"]:
        for container in form.instances(block["in"]):
            _write_block(result, form, block, container, groups(programs, block["list"]))
    rules = (rule for p in programs for rule in p["derive"] if rule["form"] == definition["id"])
    for number, rule in enumerate(rules):
        for position, inst in enumerate(_places(form, rule)):
            seed = f"{sid}|{number}|{position}"
            _apply_rule(result, form, rule, inst, groups(programs, rule["list"]), seed)
    return result


def grown(definition: Definition, answers: Answers) -> FormInstance:
    """The tree of finished answers, everything taken as relevant, without a clock."""
    return FormInstance(shape_of(definition), answers, Host(today=""))


def groups(programs: Programs, list_name: str) -> dict[str, str]:
    """Merge group by property, for a type of the programs' scope."""
    found = {}
    for program in programs:
        for prop, spec in program["types"].get(list_name, {}).get("props", {}).items():
            if spec.get("group"):
                found[prop] = spec["group"]
    return found


def _date(form: FormInstance, definition: Definition) -> str | None:
    if "date" not in definition:
        return None
    return next((inst.value for inst in form.instances(definition["date"]) if inst.value), None)


def _below(inst: Inst, node: int, shape: Shape) -> str:
    """The value of a leaf under an instance; of a repeat in between, its first instance counts."""
    at: Inst | None = inst
    line = shape.lineage[node]
    for step in line[line.index(inst.node) + 1 :]:
        at = next((child for child in at.all_children if child.node == step), None) if at else None
    return at.value if at else ""


def _value(form: FormInstance, inst: Inst, node: int) -> str:
    return form.only(node).value if form.shape.single[node] else _below(inst, node, form.shape)


def _write_block(
    result: Derived,
    form: FormInstance,
    block: Mapping[str, Any],
    container: Inst,
    group: Mapping[str, str],
) -> None:
    """One entity of the entities sheet, for one instance of its container."""
    names = form.shape.names
    marks = {
        key: _value(form, container, leaf)
        for key in ("@id", "@create", "@update")
        if (leaf := names.child(block["node"], key)) is not None
    }
    new, update = (marks.get(key) in ("1", "true") for key in ("@create", "@update"))
    entity = marks.get("@id", "")
    if not entity or not (new or update):
        return
    result.enter(entity, block["list"], new)
    values = [(prop, _value(form, container, leaf)) for leaf, prop in block["saves"]]
    result.writes += _writes(entity, values, group)


def _writes(
    entity: str, values: Sequence[tuple[str, str]], group: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """One write per property or merge group, blank ones left out; at its first member's place."""
    registers: dict[str, RegisterValue] = {}
    for prop, value in values:
        if value == "":
            continue
        if prop not in group:
            registers[prop] = value
            continue
        members = registers.setdefault(group[prop], {})
        if isinstance(members, dict):
            members[prop] = value
    for register, content in registers.items():
        yield {"e": entity, "r": register, "v": content}


def rule_node(shape: Shape, rule: Mapping[str, Any]) -> int | None:
    """Where a rule's expressions stand: the root, or its repeat (None: not in this version)."""
    node = 0
    for name in (rule.get("each") or "").split("/"):
        child = shape.names.child(node, name) if name else node
        if child is None:
            return None
        node = child
    return node


def _places(form: FormInstance, rule: Mapping[str, Any]) -> list[Inst]:
    """Where a rule is evaluated: the root, or every instance of its repeat."""
    node = rule_node(form.shape, rule)
    return form.instances(node) if node is not None else []


def _apply_rule(
    result: Derived,
    form: FormInstance,
    rule: Mapping[str, Any],
    inst: Inst,
    group: Mapping[str, str],
    seed: str,
) -> None:
    if not to_boolean(form.value(rule["when"], inst)):
        return
    values = [(prop, to_text(form.value(tree, inst))) for prop, tree in rule["set"].items()]
    entity = _rule_entity(form, rule, inst, dict(values), seed)
    if not entity:
        return
    new = to_boolean(form.value(rule["new"], inst)) if "new" in rule else "entity" not in rule
    result.enter(entity, rule["list"], new)
    result.writes += _writes(entity, values, group)


def _rule_entity(
    form: FormInstance, rule: Mapping[str, Any], inst: Inst, values: Mapping[str, str], seed: str
) -> str:
    """The id a rule writes to; blank if what should make it is blank. Without either, one entity
    per visit.
    """
    if "entity" in rule:
        return to_text(form.value(rule["entity"], inst))
    parts = [values.get(key, "") for key in rule["id"]] if "id" in rule else [seed]
    return str(uuid5(NAMESPACE, "|".join([rule["list"], *parts]))) if all(parts) else ""
