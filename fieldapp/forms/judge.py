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
from .datatypes import TYPES, is_file
from .definition import Shape
from .evaluate import Expr, Scope, admits
from .instance import MAX_REPEATS, Answers, FormInstance, Inst, answered, every, stored_text
from .names import references
from .rulebook import NodeRules, Rule, ready, rules_of
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
SHAPES: dict[str, Any] = {"leaf": str, "group": (dict, Mapping), "repeat": list}
NOBODY = (-1, "")
# Not for honest hands: control characters, and marks that turn the direction of what follows.
ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_INEXACT = {"pow", "sqrt", "exp", "exp10", "log", "log10", "sin", "cos", "tan", "asin", "acos",
            "atan", "atan2", "distance", "area"}  # fmt: skip
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
        self.rules = rules_of(shape)
        self.found: list[Found] = []
        self.room = MOST_INSTANCES
        own = self._own_shape(answers, 0, "")
        self.host = witness(world.today, world.now, world.lists, world.known)
        fits = tree is not None and not self.found
        self.form = tree.under(self.host) if tree and fits else FormInstance(shape, own, self.host)
        self._place = self.form.scope(self.form.root)
        self.all = list(every(self.form.root))
        self.at: list[list[Inst]] = [[] for _ in shape.nodes]
        for inst in self.all:
            self.at[inst.node].append(inst)
        self.is_odd = ODD.search("\n".join([inst.value for inst in self.all])) is not None
        self.blind = bool(world.correcting and world.secrets)
        # Whose relevance the answers alone don't decide, and what the registry says of it.
        self.doubt: dict[Inst, bool | None] = {}

    def findings(self) -> list[Found]:
        """All rules, in order; the last one says so if there are too many."""
        self._settle()
        for inst in self.all:
            if len(self.found) >= MOST_FOUND:
                break
            self._judge(inst, self.rules[inst.node])
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

    def _scope(self, inst: Inst) -> Scope:
        """Where a rule is decided: one object for all, since no rule is decided within another."""
        self._place.node = inst
        return self._place

    def _decide(self, rule: Rule, inst: Inst) -> Decided | None:
        """The value of an expression, if the server can tell it."""
        if rule.facts.beyond or (self.blind and self._is_blind(rule.tree, inst)):
            return None
        if rule.is_plain:
            return Decided(rule.run(self._scope(inst)), looked=False, made=False)
        trace = self.host.trace
        trace.closed, trace.looked, trace.made = rule.facts.loose(self.world.links), False, False
        try:
            value = rule.run(self._scope(inst))
        except UndecidedError:
            return None
        return Decided(value, trace.looked, trace.made)

    def _is_blind(self, tree: Expr, inst: Inst) -> bool:
        """In a correction, what was made of a secret stays as it was sent first."""
        return not self.world.secrets.isdisjoint(references(tree, self.shape.names, inst.node))

    def _true(self, rule: Rule, inst: Inst, unknown: bool) -> tuple[bool, bool]:
        """Whether a condition holds (`unknown` where nobody can tell), and by what was known."""
        decided = self._decide(rule, inst)
        if decided is None or decided.made:
            return unknown, False
        return to_boolean(decided.value), decided.looked

    # ---- relevance

    def _settle(self) -> None:
        """Relevance, in dependency order. What the answers alone don't decide counts as relevant if
        it was answered: others see the same of it either way.
        """
        for node in self.shape.order:
            rel = self.rules[node].rel
            for inst in self.at[node]:
                above = inst.parent
                if self.doubt:
                    self._settle_one(inst, rel)
                elif rel is None or (above is not None and not above.relevant):
                    inst.relevant = above is None or above.relevant
                elif rel.is_plain and not self.blind:
                    inst.relevant = to_boolean(rel.run(self._scope(inst)))
                else:
                    self._settle_one(inst, rel)

    def _settle_one(self, inst: Inst, rel: Rule | None) -> None:
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

    def _judge(self, inst: Inst, rules: NodeRules) -> None:
        doubted = self.doubt.get(inst) if self.doubt else None
        if inst.relevant and doubted is False:
            self._add(inst, "relevance", known=True)
        if rules.kind != "leaf":
            self._judge_group(inst, rules)
        elif inst.relevant:
            self._judge_value(inst, rules)
        elif inst.value != "":
            self._add(inst, "relevance")
        elif doubted and self._is_required(inst, rules)[0]:
            self._add(inst, "required", known=True)

    def _judge_value(self, inst: Inst, rules: NodeRules) -> None:
        if inst.value == "":
            required, known = self._is_required(inst, rules)
            if required:
                self._add(inst, "required", known)
        elif self._is_well_formed(inst, rules):
            if rules.items:
                self._judge_choice(inst, rules, rules.items)
            if rules.con:
                holds, known = self._true(rules.con, inst, unknown=True)
                if not holds:
                    self._add(inst, "constraint", known)
        if self.is_odd and ODD.search(inst.value):
            self._add(inst, "characters")
        if rules.origin:
            self._judge_origin(inst, rules)

    def _is_required(self, inst: Inst, rules: NodeRules) -> tuple[bool, bool]:
        if not rules.required or (self.world.correcting and inst.node in self.world.secrets):
            return False, False
        if rules.required is True:
            return True, False
        return self._true(rules.required, inst, unknown=False)

    def _is_well_formed(self, inst: Inst, rules: NodeRules) -> bool:
        if rules.is_file and not is_file(inst.value, self.world.blobs):
            self._add(inst, "file")
            return False
        if rules.fits is None or rules.fits(inst.value):
            return True
        self._add(inst, "type")
        return False

    # ---- choices

    def _judge_choice(self, inst: Inst, rules: NodeRules, items: Mapping[str, Any]) -> None:
        codes = inst.value.split() if rules.is_multiple else [inst.value]
        own = set(codes)
        if len(own) != len(codes) or (rules.codes is not None and not own <= rules.codes):
            self._add(inst, "choice")
        elif rules.is_filtered:
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
            root = self.form.items(name, inst) if "list" in items else self.host.items(name)
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

    def _judge_origin(self, inst: Inst, rules: NodeRules) -> None:
        """What nobody types: preloads, calculations, defaults, values that can't be changed."""
        if rules.origin == "calc" and rules.calc:
            self._judge_calculation(inst, rules.calc)
            return
        spec = self.shape.nodes[inst.node]
        if rules.origin == "fixed":
            if not self._could_be_set(inst, spec):
                self._add(inst, "fixed")
        elif not self._could_be_preloaded(inst, spec["pre"]):
            # A draft may be older than the phone's enrolment, which the server can't know.
            self._add(inst, "metadata", known=spec["pre"] == "deviceid")

    def _judge_calculation(self, inst: Inst, rule: Rule) -> None:
        decided = self._decide(rule, inst)
        if decided is None or (decided.looked and self.world.correcting):
            return
        if self.doubt.get(inst) is not None and inst.value == "":
            return
        if not self._comes_out(inst, rule, decided):
            kind = self.shape.nodes[inst.node].get("t", "string")
            self._add(inst, "calculation", decided.looked, stored_text(decided.value, kind))

    def _comes_out(self, inst: Inst, rule: Rule, decided: Decided) -> bool:
        """Whether a calculation comes out as sent, in any of the languages it may be in."""
        facts = rule.facts
        if self._equals(inst, decided, facts):
            return True
        if "jr:choice-name" not in facts.functions and not facts.looks:
            return False
        for lang in range(1, len(self.shape.definition["langs"])):
            other = self._in_language(lang, rule, inst)
            if other is None or self._equals(inst, other, facts):
                return True
        return False

    def _in_language(self, lang: int, rule: Rule, inst: Inst) -> Decided | None:
        here, self.form = self.form, self.form.in_language(lang)
        place, self._place = self._place, self.form.scope(inst)
        try:
            return self._decide(rule, inst)
        finally:
            self.form, self._place = here, place

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
        return any(self._could_be_result(inst, ready(action["x"])) for action in actions)

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

    def _could_be_result(self, inst: Inst, rule: Rule) -> bool:
        if rule.facts.refers or rule.facts.looks or rule.facts.on_clock:
            return True
        decided = self._decide(rule, inst)
        return decided is None or self._equals(inst, decided, rule.facts)

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

    def _judge_group(self, inst: Inst, rules: NodeRules) -> None:
        if rules.kind == "repeat" and not inst.relevant and inst not in self.doubt:
            self._add(inst, "relevance")
        if inst.relevant and inst not in self.doubt:
            for child in rules.counted:
                self._judge_count(inst, child)

    def _judge_count(self, inst: Inst, child: int) -> None:
        spec, count = self.shape.nodes[child], self.rules[child].count
        own = [one for one in inst.all_children if one.node == child]
        decided = self._decide(count, inst) if count else None
        if count and (decided is None or decided.made):
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
