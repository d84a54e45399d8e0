"""Judges one finished filling: every rule of the form, decided again from the answers.

Pure. A rule is decided from the answers alone, or by what the server knew of the registry (then the
finding is `known`), or, where only the phone could know, not at all. What each rule means is in
docs/architecture.md, "Quality". Takes time in proportion to the answers: repeats and findings are
counted, and what is past the limit is told as one finding.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .attached import ListNode, asks_position
from .datatypes import TYPES, in_range, is_file
from .definition import Shape
from .evaluate import Expr, Scope, admits
from .instance import MAX_REPEATS, Answers, FormInstance, Inst, answered, every, stored_text
from .names import references
from .values import NUMBER, Node, Value, parse_moment, to_boolean, to_number
from .witness import (
    STAND_IN,
    UUID,
    Facts,
    Found,
    UndecidedError,
    World,
    known_facts,
    pattern_of,
    witness,
)

MOST_FOUND = 200
MOST_INSTANCES = 5000
ALWAYS = ["f", "true"]
SHAPES: dict[str, Any] = {"leaf": str, "group": Mapping, "repeat": list}
NOBODY = (-1, "")
# Not for honest hands: control characters, and marks that turn the direction of what follows.
ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_INEXACT = {"pow", "sqrt", "exp", "exp10", "log", "log10", "sin", "cos", "tan", "asin", "acos",
            "atan", "atan2", "distance", "area"}  # fmt: skip
_MULTIPLE = ("select", "rank")
_INSTANCE_ID = re.compile(f"uuid:{UUID}")


@dataclass(slots=True)
class Decided:
    """A value, and whether the registry had a part in it, or uuid() had."""

    value: Value
    looked: bool
    made: bool


def judge(
    shape: Shape, answers: Answers, world: World, tree: FormInstance | None = None
) -> list[Found]:
    """Everything found, in document order. A form left open over midnight is of the day before.

    tree: the answers', if it was grown before; what is relevant in it is decided here.
    """
    found = Judge(shape, answers, world, tree).findings()
    if all(one.known for one in found) or not _uses_clock(shape):
        return found
    before = (date.fromisoformat(world.today) - timedelta(1)).isoformat()
    yesterday = World(**{**vars(world), "today": before})
    return min(found, Judge(shape, answers, yesterday).findings(), key=len)


def _candidates(root: Node | None, key: str, codes: set[str], where: Expr | None) -> Sequence[Node]:
    """Items that may have one of the codes: all, unless the list can find them."""
    if isinstance(root, ListNode) and not asks_position(where):
        return [row for code in sorted(codes) for row in root.find(key, code)]
    return root.children if root else ()


def _uses_clock(shape: Shape) -> bool:
    keys = ("rel", "req", "con", "calc", "count", "ro")
    trees = (node[key] for node in shape.nodes for key in keys if key in node)
    return any(known_facts(tree).on_clock for tree in trees)


class Judge:
    """Judges one filling on one day."""

    def __init__(
        self, shape: Shape, answers: Answers, world: World, tree: FormInstance | None = None
    ) -> None:
        self.shape, self.world = shape, world
        self.found: list[Found] = []
        self.room = MOST_INSTANCES
        own = self._own_shape(answers, 0, "")
        self.host = witness(world.today, world.now, world.lists, world.known)
        fits = tree is not None and not self.found
        self.form = tree.under(self.host) if tree and fits else FormInstance(shape, own, self.host)
        self.all = list(every(self.form.root))
        self.at: list[list[Inst]] = [[] for _ in shape.nodes]
        for inst in self.all:
            self.at[inst.node].append(inst)
        self.blind = bool(world.correcting and world.secrets)
        # Whose relevance the answers alone don't decide, and what the registry says of it.
        self.doubt: dict[Inst, bool | None] = {}

    def findings(self) -> list[Found]:
        """All rules, in order; the last one says so if there are too many."""
        self._settle()
        nodes, doubt = self.shape.nodes, self.doubt
        for inst in self.all:
            if len(self.found) >= MOST_FOUND:
                break
            spec = nodes[inst.node]
            if inst.relevant or inst.value != "" or spec["k"] != "leaf" or inst in doubt:
                self._judge(inst, spec)
        if self.world.strict_ids:
            self._judge_entities()
        more = [Found("", "many")] if len(self.found) >= MOST_FOUND else []
        return self.found[:MOST_FOUND] + more

    def _add(self, inst: Inst, kind: str, known: bool = False, value: str = "") -> None:
        if len(self.found) < MOST_FOUND:
            self.found.append(Found(self.form.path(inst), kind, known, value))

    def _tell(self, path: str, kind: str) -> None:
        if len(self.found) < MOST_FOUND:
            self.found.append(Found(path, kind))

    # ---- shape

    def _own_shape(self, given: Answers, node: int, path: str) -> dict[str, Any]:
        """The answers that have a question and its shape; the others are found."""
        own: dict[str, Any] = {}
        children = self.shape.child[node]
        for name, value in given.items():
            child, kind = children.get(name, NOBODY)
            if kind == "leaf" and isinstance(value, str):
                own[name] = value
                continue
            where = f"{path}/{name}" if path else name
            if child < 0:
                self._tell(ODD.sub("\ufffd", where[:300]), "unknown")
            elif not isinstance(value, SHAPES[kind]):
                self._tell(where, "shape")
            elif kind == "group":
                own[name] = self._own_shape(value, child, where)
            else:
                own[name] = list(self._instances(value, child, where))
        return own

    def _instances(self, given: Sequence[Any], node: int, path: str) -> Iterator[dict[str, Any]]:
        for index, one in enumerate(given):
            if index >= MAX_REPEATS or self.room <= 0:
                self._tell(path, "many")
                return
            self.room -= 1
            if isinstance(one, Mapping):
                yield self._own_shape(one, node, f"{path}[{index}]")
            else:
                self._tell(f"{path}[{index}]", "shape")
                yield {}

    # ---- deciding

    def _decide(self, tree: Expr, inst: Inst) -> Decided | None:
        """The value of an expression, if the server can tell it."""
        facts, trace = known_facts(tree), self.host.trace
        if facts.beyond or (self.blind and self._is_blind(tree, inst)):
            return None
        trace.closed, trace.looked, trace.made = facts.loose(self.world.links), False, False
        try:
            value = self.form.value(tree, inst)
        except UndecidedError:
            return None
        return Decided(value, trace.looked, trace.made)

    def _is_blind(self, tree: Expr, inst: Inst) -> bool:
        """In a correction, what was made of a secret stays as it was sent first."""
        return not self.world.secrets.isdisjoint(references(tree, self.shape.names, inst.node))

    def _true(self, tree: Expr | None, inst: Inst, unknown: bool) -> tuple[bool, bool]:
        """Whether a condition holds (`unknown` where nobody can tell), and by what was known."""
        if tree is None or tree == ALWAYS:
            return unknown or tree is not None, False
        decided = self._decide(tree, inst)
        if decided is None or decided.made:
            return unknown, False
        return to_boolean(decided.value), decided.looked

    # ---- relevance

    def _settle(self) -> None:
        """Relevance, in dependency order. What the answers alone don't decide counts as relevant if
        it was answered: others see the same of it either way.
        """
        for node in self.shape.order:
            rel = self.shape.nodes[node].get("rel")
            for inst in self.at[node]:
                if rel is None and not self.doubt:
                    inst.relevant = inst.parent is None or inst.parent.relevant
                else:
                    self._settle_one(inst, rel)

    def _settle_one(self, inst: Inst, rel: Expr | None) -> None:
        above = inst.parent
        inst.relevant = above is None or above.relevant
        # Below what was answered nothing is doubtful any more: on the phone it applied.
        is_doubted = above is not None and above in self.doubt and not above.relevant
        says = self.doubt[above] if is_doubted and above else True
        if rel is not None and (inst.relevant or is_doubted):
            decided = self._decide(rel, inst)
            if decided is None or decided.looked:
                own = None if decided is None else to_boolean(decided.value)
                is_doubted, says = True, _both(says, own)
            elif not to_boolean(decided.value):
                inst.relevant = is_doubted = False
        if is_doubted:
            self.doubt[inst] = says
            inst.relevant = answered(inst)

    # ---- one instance

    def _judge(self, inst: Inst, spec: Mapping[str, Any]) -> None:
        if inst.relevant and self.doubt.get(inst) is False:
            self._add(inst, "relevance", known=True)
        if spec["k"] == "repeat" and not inst.relevant and inst not in self.doubt:
            self._add(inst, "relevance")
        if spec["k"] != "leaf":
            self._judge_counts(inst)
        elif inst.relevant:
            self._judge_value(inst, spec)
        else:
            self._judge_absent(inst, spec)

    def _judge_absent(self, inst: Inst, spec: Mapping[str, Any]) -> None:
        if inst.value != "":
            self._add(inst, "relevance")
        elif self.doubt.get(inst) and self._is_required(inst, spec)[0]:
            self._add(inst, "required", known=True)

    def _judge_value(self, inst: Inst, spec: Mapping[str, Any]) -> None:
        if inst.value == "":
            required, known = self._is_required(inst, spec)
            if required:
                self._add(inst, "required", known)
        elif self._is_well_formed(inst, spec):
            self._judge_choice(inst, spec)
            holds, known = self._true(spec.get("con"), inst, unknown=True)
            if not holds:
                self._add(inst, "constraint", known)
        if inst.value != "" and ODD.search(inst.value):
            self._add(inst, "characters")
        self._judge_origin(inst, spec)

    def _is_required(self, inst: Inst, spec: Mapping[str, Any]) -> tuple[bool, bool]:
        if spec.get("c", "note") == "note" or "req" not in spec:
            return False, False
        if self.world.correcting and inst.node in self.world.secrets:
            return False, False
        return self._true(spec["req"], inst, unknown=False)

    def _is_well_formed(self, inst: Inst, spec: Mapping[str, Any]) -> bool:
        text, kind = inst.value, spec.get("t", "string")
        if kind == "binary" and not is_file(text, self.world.blobs):
            self._add(inst, "file")
            return False
        fits = (
            TYPES.get(kind, TYPES["string"])(text)
            and ("range" not in spec or in_range(to_number(text), spec["range"]))
            and (spec.get("c") != "trigger" or text == "OK")
        )
        if not fits:
            self._add(inst, "type")
        return fits

    # ---- choices

    def _judge_choice(self, inst: Inst, spec: Mapping[str, Any]) -> None:
        items = spec.get("items")
        if not items:
            return
        codes = inst.value.split() if spec.get("c") in _MULTIPLE else [inst.value]
        twice = len(set(codes)) != len(codes)
        if twice or ("list" in items and not set(codes) <= self.shape.codes(items["list"])):
            self._add(inst, "choice")
        elif not {"inst", "where", "from"}.isdisjoint(items):
            admitted, known = self._admitted(inst, items, codes)
            if not admitted:
                self._add(inst, "choice", known)

    def _admitted(
        self, inst: Inst, items: Mapping[str, Any], codes: Sequence[str]
    ) -> tuple[bool, bool]:
        """Whether all codes are offered, by the list and its filter, and by what was known."""
        if "from" in items:
            return self._is_among_answers(inst, items, set(codes))
        name, key = items.get("list") or items["inst"], items.get("value", "name")
        facts = known_facts(items["where"]) if "where" in items else None
        trace = self.host.trace
        trace.looked, trace.closed = False, frozenset()
        if "inst" in items and key != "name" and name not in self.world.lists:
            return True, False
        if facts and facts.beyond:
            return True, False
        try:
            root = self.form.items(name) if "list" in items else self.host.items(name)
            trace.closed = facts.loose(self.world.links) if facts else frozenset()
            return set(codes) <= set(self._offered(inst, items, root, key, set(codes))), (
                trace.looked
            )
        except UndecidedError:
            return True, False

    def _is_among_answers(
        self, inst: Inst, items: Mapping[str, Any], codes: set[str]
    ) -> tuple[bool, bool]:
        """The same for choices that are answers themselves."""
        trace, facts = self.host.trace, known_facts(items["from"])
        trace.looked, trace.closed = False, facts.loose(self.world.links)
        if facts.beyond:
            return True, False
        try:
            given = {value for value, _ in self.form.pairs(items, self.form.scope(inst))}
        except UndecidedError:
            return True, False
        return codes <= given, trace.looked

    def _offered(
        self, inst: Inst, items: Mapping[str, Any], root: Node | None, key: str, codes: set[str]
    ) -> Iterator[str]:
        """Those of the codes that are in the list and pass its filter."""
        scope: Scope = self.form.scope(inst)
        rows = _candidates(root, key, codes, items.get("where"))
        for position, item in enumerate(rows, 1):
            code = next((c.text for c in item.children if c.name == key), "")
            if code in codes and (
                "where" not in items or admits(items["where"], scope.at(item, position, len(rows)))
            ):
                yield code

    # ---- where a value can come from

    def _judge_origin(self, inst: Inst, spec: Mapping[str, Any]) -> None:
        """What nobody types: preloads, calculations, defaults, values that can't be changed."""
        if spec.get("c", "note") != "note" and inst.node not in self.shape.fixed:
            return
        if "pre" in spec:
            if not self._could_be_preloaded(inst, spec["pre"]):
                # A draft may be older than the phone's enrolment, which the server can't know.
                self._add(inst, "metadata", known=spec["pre"] == "deviceid")
        elif "calc" in spec:
            self._judge_calculation(inst, spec["calc"])
        elif spec.get("c") != "note" and not self._could_be_set(inst, spec):
            self._add(inst, "fixed")

    def _judge_calculation(self, inst: Inst, tree: Expr) -> None:
        decided = self._decide(tree, inst)
        if decided is None or (decided.looked and self.world.correcting):
            return
        if self.doubt.get(inst) is not None and inst.value == "":
            return
        if not self._comes_out(inst, tree, decided):
            kind = self.shape.nodes[inst.node].get("t", "string")
            self._add(inst, "calculation", decided.looked, stored_text(decided.value, kind))

    def _comes_out(self, inst: Inst, tree: Expr, decided: Decided) -> bool:
        """Whether a calculation comes out as sent, in any of the languages it may be in."""
        facts = known_facts(tree)
        if self._equals(inst, decided, facts):
            return True
        if "jr:choice-name" not in facts.functions and not facts.looks:
            return False
        for lang in range(1, len(self.shape.definition["langs"])):
            other = self._in_language(lang, tree, inst)
            if other is None or self._equals(inst, other, facts):
                return True
        return False

    def _in_language(self, lang: int, tree: Expr, inst: Inst) -> Decided | None:
        here, self.form = self.form, self.form.in_language(lang)
        try:
            return self._decide(tree, inst)
        finally:
            self.form = here

    def _equals(self, inst: Inst, decided: Decided, facts: Facts) -> bool:
        kind = self.shape.nodes[inst.node].get("t", "string")
        expected, sent = stored_text(decided.value, kind, self.host.now), inst.value
        if decided.made:
            return STAND_IN not in expected or bool(pattern_of(expected).fullmatch(sent))
        if expected == sent:
            return True
        inexact = bool(facts.functions & _INEXACT)
        if not NUMBER.fullmatch(expected):
            return inexact and expected != ""
        if not NUMBER.fullmatch(sent):
            return False
        near = {"rel_tol": 1e-6, "abs_tol": 0.011} if inexact else {"rel_tol": 1e-9}
        return math.isclose(float(expected), float(sent), **near)

    def _could_be_set(self, inst: Inst, spec: Mapping[str, Any]) -> bool:
        """Whether a default, or what an action set at the beginning, can be this value."""
        actions = self.shape.actions.get(inst.node, ())
        certain = any(action["on"] in ("load", "open") for action in actions)
        if not certain and inst.value in self._written(inst, spec):
            return True
        return any(self._could_be_result(inst, action["x"]) for action in actions)

    def _written(self, inst: Inst, spec: Mapping[str, Any]) -> set[str]:
        """What the form itself writes there, in any instance of the repeats around it."""
        if self.shape.single[inst.node]:
            return {str(spec.get("def", ""))}
        line = self.shape.lineage[inst.node]
        begins = [
            (self.shape.nodes[node]["begin"], "/".join(self.shape.nodes[n]["n"] for n in below))
            for i, node in enumerate(line)
            if "begin" in self.shape.nodes[node] and (below := line[i + 1 :])
        ]
        found = {one.get(path, "") for begin, path in begins for one in begin}
        return {str(spec.get("def", "")), *found}

    def _could_be_result(self, inst: Inst, tree: Expr) -> bool:
        facts = known_facts(tree)
        if facts.refers or facts.looks or facts.on_clock:
            return True
        decided = self._decide(tree, inst)
        return decided is None or self._equals(inst, decided, facts)

    def _could_be_preloaded(self, inst: Inst, kind: str) -> bool:
        sent, world = inst.value, self.world
        if kind == "uid":
            return _INSTANCE_ID.fullmatch(sent) is not None
        if kind == "username":
            return world.username in ("", sent)
        if kind == "deviceid":
            return world.correcting or world.deviceid in ("", sent)
        if kind == "today":
            begun = {one.value[:10] for one in self._preloaded("start") if one.value}
            return TYPES["date"](sent) and sent <= world.today and begun <= {sent}
        if kind in ("start", "end"):
            moment, now = parse_moment(sent), parse_moment(world.now)
            return moment is not None and (now is None or moment.days <= now.days + 0.01)
        return True

    def _preloaded(self, kind: str) -> list[Inst]:
        """Instances of nodes that the phone fills in by itself with this."""
        nodes = (node for node, spec in enumerate(self.shape.nodes) if spec.get("pre") == kind)
        return [inst for node in nodes for inst in self.at[node]]

    # ---- repeats and entities

    def _judge_counts(self, inst: Inst) -> None:
        for child in self.shape.children[inst.node]:
            spec = self.shape.nodes[child]
            if spec["k"] == "repeat" and inst.relevant and inst not in self.doubt:
                self._judge_count(inst, child, spec)

    def _judge_count(self, inst: Inst, child: int, spec: Mapping[str, Any]) -> None:
        if "count" not in spec and not spec.get("fix"):
            return
        own = [one for one in inst.all_children if one.node == child]
        decided = self._decide(spec["count"], inst) if "count" in spec else None
        if "count" in spec and (decided is None or decided.made):
            return
        wanted = to_number(decided.value) if decided else float(len(spec.get("begin", [{}])))
        number = 0 if math.isnan(wanted) else int(max(0, min(MAX_REPEATS, wanted)))
        fits = len(own) <= number if "rel" in spec else len(own) == number
        if not fits:
            path = self.form.path(inst)
            where = f"{path}/{spec['n']}" if path else spec["n"]
            self.found.append(Found(where, "count", bool(decided and decided.looked)))

    def _judge_entities(self) -> None:
        """A record that is begun or changed has an id that only one can have."""
        for block in self.shape.definition["entities"]:
            for meta in self.at[block["node"]]:
                marks = {child.name: child for child in meta.attributes}
                active = any(
                    mark in marks and marks[mark].text in ("1", "true")
                    for mark in ("@create", "@update")
                )
                own = marks.get("@id")
                if active and own and not re.fullmatch(UUID, own.text):
                    self._add(own, "entity")


def _both(one: bool | None, other: bool | None) -> bool | None:
    """Both hold; None: nobody can tell."""
    if one is False or other is False:
        return False
    return True if one and other else None
