"""A form being filled, on the server: the tree of answers, and everything calculated from it in
dependency order.

Pure. `FormInstance` starts from (partial or finished) Answers; `recalculate` brings relevance,
calculations and repeat counts up to date; `answers` gives back what a finished visit carries.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from math import isnan
from typing import Any, TypeAlias

from .attached import ListNode
from .definition import Shape
from .evaluate import Expr, Host, Scope, evaluate
from .values import (
    Item,
    Node,
    NodeSet,
    Value,
    day_of,
    make_list,
    moment_of,
    number_text,
    to_boolean,
    to_number,
    to_text,
)

Answers: TypeAlias = Mapping[str, Any]
MAX_REPEATS = 1000
NO_CHILDREN: Any = ()  # of leaves: one for all, which can't grow


class Inst:
    """One instance of a form node. `value` is what was answered; `text` what others see of it.

    is_leaf: it will have no children. A form has hundreds of them, so they are made lightly.
    """

    __slots__ = ("all_children", "given", "name", "node", "parent", "relevant", "value")
    all_children: list["Inst"]

    def __init__(
        self, node: int, name: str, parent: "Inst | None" = None, is_leaf: bool = False
    ) -> None:
        self.node, self.name, self.parent = node, name, parent
        self.all_children = NO_CHILDREN if is_leaf else []
        self.value, self.given, self.relevant = "", False, True

    @property
    def text(self) -> str:
        """The value, empty while not relevant; of a group, XPath's string value."""
        if not self.relevant:
            return ""
        return self.value if not self.all_children else "".join(c.text for c in self.children)

    @property
    def children(self) -> Sequence["Inst"]:
        return [child for child in self.all_children if not child.name.startswith("@")]

    @property
    def attributes(self) -> Sequence["Inst"]:
        return [child for child in self.all_children if child.name.startswith("@")]

    def lineage(self) -> dict[int, "Inst"]:
        """This instance and its ancestors by node number."""
        line, at = {}, self
        while True:
            line[at.node] = at
            if at.parent is None:
                return line
            at = at.parent


class FormInstance:
    """The tree of one filling of a form. Paths are those of docs/form-definition.md
    (`residents[0]/r_name`).
    """

    def __init__(self, shape: Shape, answers: Answers, host: Host, lang: int = 0) -> None:
        self.shape, self.host, self.lang = shape, host, lang
        self._only: dict[int, Inst] = {}  # of nodes in no repeat
        self.root = self._grow(0, None, answers)
        self._lists: dict[str, Item] = {}

    def in_language(self, lang: int) -> "FormInstance":
        """The same filling, its choices and texts in another language."""
        other = copy(self)
        other.lang, other._lists = lang, {}
        return other

    def under(self, host: Host) -> "FormInstance":
        """The same tree with other surroundings, for whoever evaluates it next."""
        other = copy(self)
        other.host, other._lists = host, {}
        return other

    # ---- the tree

    def _grow(self, node: int, parent: Inst | None, answers: Any) -> Inst:
        single, only = self.shape.single, self._only
        is_leaf = self.shape.nodes[node]["k"] == "leaf"
        inst = Inst(node, self.shape.nodes[node]["n"], parent, is_leaf)
        if single[node]:
            only[node] = inst
        if is_leaf:
            _fill(inst, answers)
            return inst
        given = answers if isinstance(answers, (dict, Mapping)) else {}
        add = inst.all_children.append
        for child, name, kind in self.shape.below[node]:
            value = given.get(name)
            if kind == "leaf":
                leaf = Inst(child, name, inst, is_leaf=True)
                if value is not None:
                    _fill(leaf, value)
                if single[child]:
                    only[child] = leaf
                add(leaf)
            elif kind == "group":
                add(self._grow(child, inst, value))
            else:
                for one in value if isinstance(value, list) else ():
                    add(self._grow(child, inst, one))
        return inst

    def instances(self, node: int) -> list[Inst]:
        """Every instance of a node, in order."""
        if self.shape.single[node]:
            return [self._only[node]]
        found = [self.root]
        for step in self.shape.lineage[node][1:]:
            found = [child for inst in found for child in inst.all_children if child.node == step]
        return found

    def only(self, node: int) -> Inst:
        """The instance of a node that is in no repeat."""
        return self._only[node]

    def at(self, path: str) -> Inst:
        """The instance a path names. Raises LookupError."""
        inst = self.root
        for part in path.split("/") if path else []:
            name, _, index = part.partition("[")
            same = [child for child in inst.all_children if child.name == name]
            inst = same[int(index.rstrip("]") or 0) if index else 0]
        return inst

    def path(self, inst: Inst) -> str:
        """The path of an instance."""
        parts = []
        while inst.parent is not None:
            part = inst.name
            if self.shape.nodes[inst.node]["k"] == "repeat":
                same = [child for child in inst.parent.all_children if child.node == inst.node]
                part += f"[{next(i for i, child in enumerate(same) if child is inst)}]"
            parts.append(part)
            inst = inst.parent
        return "/".join(reversed(parts))

    # ---- what expressions ask (evaluate.Form)

    def resolve(self, node: int, at: Node, held: int | None) -> NodeSet:
        """Instances of a node seen from `at`. One that can only mean one node keeps it, relevant or
        not.
        """
        if self.shape.single[node]:
            return [self._only[node]]
        line = at.lineage() if isinstance(at, Inst) else {0: self.root}
        found, repeats, several = [self.root], 0, False
        for step in self.shape.lineage[node][1:]:
            if self.shape.nodes[step]["k"] == "repeat":
                if step in line and (held is None or repeats < held):
                    found, repeats = [line[step]], repeats + 1
                    continue
                several = True
            found = [child for inst in found for child in inst.all_children if child.node == step]
        return [inst for inst in found if inst.relevant or not several]

    def items(self, name: str, at: Node | None = None) -> Item | None:
        """A static choice list: `name`, `label` (as `at` sees it; default: the root) and extra
        columns.
        """
        if name in self._lists:
            return self._lists[name]
        choices = self.shape.definition["lists"].get(name)
        if choices is None:
            return None
        made = make_list(
            [
                {"name": c["v"], "label": self.text(c["l"], at or self.root), **c.get("x", {})}
                for c in choices
            ]
        )
        # Labels that mention answers may be others next time, and elsewhere.
        if all(isinstance(self._pick(c["l"]), str) for c in choices):
            self._lists[name] = made
        return made

    def choice_label(self, node: int, code: str, scope: Scope) -> str:
        """Label of a question's choice, in the language of the session."""
        items = self.shape.nodes[node].get("items", {})
        if "from" in items:
            return next((label for value, label in self.pairs(items, scope) if value == code), "")
        if "list" in items:
            choice = next(
                (c for c in self.shape.definition["lists"][items["list"]] if c["v"] == code), None
            )
            return self.text(choice["l"], scope.node) if choice else ""
        for item in self._candidates(items, code) if items else []:
            values = {child.name: child.text for child in item.children}
            if values.get(items["value"]) == code:
                return values.get(items["label"], "")
        return ""

    def pairs(self, items: Mapping[str, Any], scope: Scope) -> list[tuple[str, str]]:
        """Value and label of each choice that comes from the form's own answers."""
        nodes = evaluate(items["from"], scope)
        return [
            (_below(node, items["value"]), _below(node, items["label"]))
            for node in (nodes if isinstance(nodes, list) else [])
        ]

    def _candidates(self, items: Mapping[str, Any], code: str) -> Sequence[Node]:
        root = self.host.items(items["inst"])
        return root.find(items["value"], code) if isinstance(root, ListNode) else root.children

    def _pick(self, label: Sequence[Any]) -> Any:
        own = label[self.lang] if self.lang < len(label) else None
        return own if own is not None else next((text for text in label if text is not None), "")

    def text(self, label: Sequence[Any], at: Node) -> str:
        """A Text[] in the session's language, its `${…}` filled in."""
        text = self._pick(label)
        if isinstance(text, str):
            return text
        parts = [p if isinstance(p, str) else to_text(self.value(p, at)) for p in text["parts"]]
        return "".join(parts)

    def scope(self, inst: Node) -> Scope:
        """Where an expression of this instance is evaluated."""
        return Scope(self.host, inst, self, lang=self.lang)

    def value(self, tree: Expr, inst: Node) -> Value:
        """An expression's value at an instance."""
        return evaluate(tree, self.scope(inst))

    # ---- keeping it up to date

    def recalculate(self, only_relevance: bool = False) -> None:
        """Relevance, repeat counts and calculations, each once, in dependency order."""
        for node in self.shape.order:
            spec = self.shape.nodes[node]
            if "count" in spec and not only_relevance:
                self._count(node, spec)
            for inst in self.instances(node):
                above = inst.parent is None or inst.parent.relevant
                inst.relevant = above and (
                    "rel" not in spec or to_boolean(self.value(spec["rel"], inst))
                )
                if "calc" in spec and not only_relevance and not typed_over(inst, spec):
                    self.store(inst, self.value(spec["calc"], inst))

    def _count(self, node: int, spec: Mapping[str, Any]) -> None:
        for parent in self.instances(spec["p"]):
            wanted = to_number(self.value(spec["count"], parent))
            number = 0 if isnan(wanted) else max(0, min(MAX_REPEATS, int(wanted)))
            mine = [child for child in parent.all_children if child.node == node]
            for extra in mine[number:]:
                parent.all_children.remove(extra)
            for _ in range(number - len(mine)):
                self.add_repeat(parent, node)

    def add_repeat(self, parent: Inst, node: int) -> Inst:
        """Append an empty instance of a repeat, where the repeat stands in its parent."""
        inst = self._grow(node, parent, {})
        order = self.shape.children[parent.node].index(node)
        later = self.shape.children[parent.node][order + 1 :]
        place = next(
            (i for i, c in enumerate(parent.all_children) if c.node in later),
            len(parent.all_children),
        )
        parent.all_children.insert(place, inst)
        return inst

    def default(self, inst: Inst) -> str:
        """What the form itself writes in a leaf: the text of its node, or of the repeat's instance
        it stands in.
        """
        below, at = [inst.name], inst.parent
        while at is not None and at.parent is not None:
            if begin := self.shape.nodes[at.node].get("begin"):
                same = [one for one in at.parent.all_children if one.node == at.node]
                place = next(i for i, one in enumerate(same) if one is at)
                own = begin[place] if place < len(begin) else {}
                if (path := "/".join(reversed(below))) in own:
                    return str(own[path])
            below.append(at.name)
            at = at.parent
        return str(self.shape.nodes[inst.node].get("def", ""))

    def store(self, inst: Inst, value: Value) -> None:
        """Keep a value in a leaf, as its data type writes it; NaN is nothing."""
        inst.value = stored_text(
            value, self.shape.nodes[inst.node].get("t", "string"), self.host.now
        )

    # ---- giving it back

    def answers(self) -> dict[str, Any]:
        """What a finished visit carries: relevant, not blank."""
        return self._harvest(self.root)

    def _harvest(self, inst: Inst) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for child in inst.all_children:
            if not child.relevant:
                continue
            kind = self.shape.nodes[child.node]["k"]
            if kind == "leaf":
                if child.value != "":
                    found[child.name] = child.value
            elif kind == "repeat":
                found.setdefault(child.name, []).append(self._harvest(child))
            elif below := self._harvest(child):
                found[child.name] = below
        return found

    def leaves(self) -> Iterator[Inst]:
        """Every leaf, in document order."""
        stack = [self.root]
        while stack:
            inst = stack.pop()
            if self.shape.nodes[inst.node]["k"] == "leaf":
                yield inst
            stack.extend(reversed(inst.all_children))

    @cached_property
    def blank(self) -> Inst:
        """A node outside the tree, for expressions that belong to no question."""
        return Inst(0, self.shape.nodes[0]["n"])


def every(inst: Inst) -> Iterator[Inst]:
    """An instance and all below it, in document order."""
    stack = [inst]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(reversed(one.all_children))


def answered(inst: Inst) -> bool:
    """Whether anything in it was answered."""
    return any(one.value != "" for one in every(inst))


def _fill(leaf: Inst, answer: Any) -> None:
    if isinstance(answer, str):
        leaf.given, leaf.value = True, answer


def _below(node: Node, name: str) -> str:
    """The text of a node's child of that name, or of itself (`.`)."""
    if name == ".":
        return node.text
    return next((child.text for child in node.children if child.name == name), "")


def typed_over(inst: Inst, spec: Mapping[str, Any]) -> bool:
    """Whether somebody wrote over a calculation that is shown as a question."""
    return inst.given and spec.get("c", "note") != "note" and spec.get("ro") != ["f", "true"]


def stored_text(value: Value, kind: str, now: str = "") -> str:
    """A value as a leaf of that data type keeps it: numbers become days in dates, whole in
    integers.
    """
    if isinstance(value, str) and kind != "date":
        return value
    number = (
        to_number(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool)
        else None
    )
    if number is None:
        text = to_text(value)
        return text[:10] if kind == "date" and "T" in text else text
    if isnan(number):
        return ""
    if kind == "date":
        return str(day_of(number) or "")
    if kind == "dateTime":
        return str(moment_of(number, now[-6:] if now[-6:-5] in ("+", "-") else "") or "")
    return (
        number_text(float(int(number)))
        if kind == "int" and abs(number) < 1e15
        else number_text(number)
    )
