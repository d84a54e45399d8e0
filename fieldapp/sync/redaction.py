"""A submission without somebody: the ops that stay, in their places, and the answers behind them.

Who is left out must leave no trace, so nothing is kept but what a write that stays was made of.
Free text and answers that no record holds belong to nobody for sure, and go. Pure.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from fieldapp.forms.blobs import hash_of
from fieldapp.forms.definition import Definition, shape_of
from fieldapp.forms.derive import grown
from fieldapp.forms.instance import FormInstance, Inst
from fieldapp.text import texts

from .entities import review_id
from .plan import BUILT_IN, SETTLE_FORM, Plan
from .reconcile import Applied
from .wire import Submitted, Touched

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_MARKS: Final = ("@id", "@create", "@update")

Gone = Collection[tuple[str, str]]
"""(entity, register) left out; a blank register: all of the entity."""


def is_gone(gone: Gone, entity: str, register: str) -> bool:
    """Whether a write to this register is left out."""
    return (entity, "") in gone or (entity, register) in gone


def without(
    document: Mapping[str, Any], plan: Plan, gone: Gone, definition: Definition | None
) -> dict[str, Any]:
    """The document rewritten. plan: what it does as it is. definition: of its form; None if it is
    the desk's or nobody knows it any more: then no answer stays.
    """
    kept = {write.i: write for write in plan.writes if not is_gone(gone, write.e, write.r)}
    places = 1 + max((write.i for write in plan.writes), default=-1)
    answers = _answers(definition, document.get("answers", {}), gone) if definition else {}
    named = {sha for text in texts(answers) if (sha := hash_of(text))}
    return {
        **document,
        "on": plan.on,
        "entities": [_touched(t) for t in plan.touched if (t.e, "") not in gone],
        "ops": [_op(kept[i]) if i in kept else nothing() for i in range(places)],
        "answers": answers,
        "blobs": [sha for sha in plan.blobs if sha in named],
    }


def anew(
    body: str, plan: Plan, gone: Gone, definition: Definition | None
) -> tuple[Plan, str | None]:
    """What stays of one that comes: what it does, and the text that is kept of it; None: its own,
    for it says nothing of what is gone.
    """
    told = json.loads(body)
    document, whole = (without(told, plan, some, definition) for some in (gone, ()))
    if document["answers"] == whole["answers"] and document["ops"] == whole["ops"]:
        return plan, None
    writes = tuple(w for w in plan.writes if not is_gone(gone, w.e, w.r))
    stays = replace(plan, writes=writes, issues=(), blobs=tuple(document["blobs"]))
    return stays, json.dumps(document, ensure_ascii=False)


def as_it_stands(sent: Submitted, scope: str) -> Plan:
    """What a rewritten submission does: its ops as they are, and nothing else."""
    writes = tuple(
        Applied(i, op.e, op.r, op.v, op.sup) for i, op in enumerate(sent.ops) if op.e != NOBODY
    )
    own = {review_id(sent.corrects)} if sent.corrects else set()
    if sent.form in BUILT_IN and sent.form != SETTLE_FORM:
        own = {touched.e for touched in sent.entities}
    # By a reviewer's right: what its author might write was decided when it came.
    return Plan(scope, sent.on, sent.entities, writes, (), True, sent.blobs, frozenset(own))


def left_out(plan: Plan, forgotten: Mapping[tuple[str, str], str], received: str) -> Plan:
    """The plan of a replay without what was erased. forgotten: with the moment it was; a register
    of a record that stays may have been filled again since.
    """
    if not forgotten:
        return plan
    touched = tuple(t for t in plan.touched if (t.e, "") not in forgotten)
    writes = tuple(
        w
        for w in plan.writes
        if (w.e, "") not in forgotten and received > forgotten.get((w.e, w.r), "")
    )
    return replace(plan, touched=touched, writes=writes)


def _touched(touched: Touched) -> dict[str, Any]:
    return {"e": touched.e, "t": touched.t, "new": touched.new}


def _op(write: Applied) -> dict[str, Any]:
    return {"e": write.e, "r": write.r, "v": write.v, "sup": [str(dot) for dot in write.sup]}


def nothing() -> dict[str, Any]:
    """Holds the place of an op, so that the others keep their names."""
    return {"e": NOBODY, "r": "_", "v": None, "sup": []}


def _answers(definition: Definition, answers: Mapping[str, Any], gone: Gone) -> dict[str, Any]:
    """The answers that blocks of the entities sheet save to records that stay."""
    form = grown(definition, answers)
    return _below(form, form.instances(0)[0], set(_kept(form, definition, gone)))


def _kept(form: FormInstance, definition: Definition, gone: Gone) -> Iterator[int]:
    """Of every leaf that stays, which object it is."""
    names = shape_of(definition).names
    for block in definition["entities"]:
        marks = {names.child(block["node"], name) for name in _MARKS}
        for container in form.instances(block["in"]):
            leaves = list(_leaves(container))
            about = {leaf.value for leaf in leaves if leaf.node in marks and leaf.name == "@id"}
            for leaf in leaves if len(about) == 1 else ():
                entity = next(iter(about))
                saved = (prop for node, prop in block["saves"] if node == leaf.node)
                if (entity, "") not in gone and (
                    leaf.node in marks or any((entity, prop) not in gone for prop in saved)
                ):
                    yield id(leaf)


def _leaves(inst: Inst) -> Iterator[Inst]:
    for child in inst.all_children:
        if child.all_children:
            yield from _leaves(child)
        else:
            yield child


def _below(form: FormInstance, inst: Inst, kept: Collection[int]) -> dict[str, Any]:
    """The answers below an instance that stay. One of a repeat stays too, if only as a place."""
    found: dict[str, Any] = {}
    for child in inst.all_children:
        if form.shape.nodes[child.node]["k"] == "repeat":
            found.setdefault(child.name, []).append(_below(form, child, kept))
        elif child.all_children:
            if below := _below(form, child, kept):
                found[child.name] = below
        elif id(child) in kept and child.value:
            found[child.name] = child.value
    return found
