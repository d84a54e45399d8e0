"""A form definition in the making: its nodes, its actions, and the problems found on the way."""

from collections.abc import Collection, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from .names import Names
from .problems import FormProblem, RefusedError, Words
from .support import EVENTS, Entry, How, Table
from .xform import Texts, XForm
from .xpath import Expr, XPathError, compile_xpath

# What ODK keeps of an entity's history; our merge needs none of it.
VERSIONS = {"baseVersion", "trunkVersion", "branchId"}


class Draft:
    """Everything read so far. `refuse` notes a problem and lets reading go on."""

    def __init__(self, xform: XForm, files: Collection[str] = ()) -> None:
        self.xform, self.texts, self.files = xform, Texts(xform.itext), files
        self.names = Names()
        self.nodes: list[dict[str, Any]] = []
        self.saves: dict[int, str] = {}
        self.actions: list[dict[str, Any]] = []
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.used: set[str] = set()
        self.item_refs: dict[str, tuple[str, str]] = {}
        self.ids: dict[str, str] = {}
        self.problems: list[FormProblem] = []

    @property
    def looked_into(self) -> dict[str, str]:
        """Lists from outside the form that something looks into, with the file each would be."""
        declared = {name: i.get("src", "") for name, i in self.xform.instances.items()}
        # search('x') declares nothing.
        named = {n: f"{n}.csv" for n in self.used - declared.keys() if f"{n}.csv" in self.files}
        found = {n: src.rpartition("/")[2] for n, src in declared.items() if src and n in self.used}
        return {n: file for n, file in (found | named).items() if n not in self.lists}

    @property
    def attached(self) -> dict[str, str]:
        """Those of them that come with the form, by list."""
        return {n: file for n, file in sorted(self.looked_into.items()) if file in self.files}

    def refuse(
        self, node: int | None, code: str, column: str = "", sheet: str = "", **params: Words
    ) -> None:
        """Note a problem of a question (None: of the form) and go on looking for others.

        code: of REFUSALS, whose texts `params` fill; column: the XLSForm's column it is in.
        """
        self._note(node, code, column, sheet, params)

    def pass_on(self, node: int | None, error: RefusedError, column: str = "") -> None:
        """Note as a problem of a question what something that knows no place refuses."""
        self._note(node, error.code, column, "", error.params)

    def _note(
        self, node: int | None, code: str, column: str, sheet: str, params: Mapping[str, Words]
    ) -> None:
        question, path = "", ""
        if node is not None:
            question, path = self.names.names[node], self.names.path(node)
        self.problems.append(FormProblem(code, params, question, column, sheet, path=path))

    def decide(self, table: Table, word: str, at: int | None, column: str = "") -> bool:
        """Whether a word of the language is to be read; refused here if it isn't to be passed
        over.
        """
        return self.settle(table.get(word), word, at, column)

    def settle(
        self, entry: Entry | None, word: str, at: int | None, column: str = "", sheet: str = ""
    ) -> bool:
        """The same for what a table said."""
        if entry is None:
            self.refuse(at, "word_unknown", column, sheet, name=word)
        elif entry.how is How.REFUSED:
            why, remedy = entry.note, entry.remedy
            self.refuse(at, "word_refused", column, sheet, name=word, why=why, remedy=remedy)
        return entry is not None and entry.how in (How.TAKEN, How.OTHERWISE)

    def expr(self, source: str, at: int, column: str = "") -> Expr | None:
        """Compile an expression of a column at a node; None after noting why it can't be."""
        try:
            tree = compile_xpath(source, self.names, at)
        except XPathError as error:
            self.pass_on(at, error, column)
            return None
        self.used |= instances_in(tree)
        return tree

    def media(self, label: Element | None, at: int | None) -> dict[str, list[str]]:
        """Pictures and sounds of a label; None: of a choice."""
        found = self.texts.media(label)
        self.refuse_made(at)
        return found

    def refuse_made(self, at: int | None) -> None:
        """No phone could know beforehand which file an answer will name."""
        for kind in sorted(self.texts.made):
            self.refuse(at, "media_made", f"media::{kind}", "" if at is not None else "choices")
        self.texts.made.clear()

    def output(self, at: int, column: str = "label") -> Any:
        """A compiler for `${…}` in texts at a node."""
        return lambda source: self.expr(source, at, column) or ["s", ""]

    def node(
        self, path: str | None, context: tuple[str, str], inside: int | None = None
    ) -> int | None:
        """The node a path names, a relative one from `inside` or the root; None after noting that
        there is none for `context`, in zh and en.
        """
        number = self.find(path or "", inside)
        if number is None:
            self.refuse(None, "path_unknown", context=context, path=path or "")
        return number

    def find(self, path: str, inside: int | None = None) -> int | None:
        """The node a path names, if any."""
        steps = [local_name(part) for part in path.strip().removeprefix("current()/").split("/")]
        root = self.names.names[0]
        if steps[0] == "" and len(steps) > 1:
            return self._follow(0, steps[2:]) if steps[1] == root else None
        starts = [inside, 0] if inside is not None else [0]
        found = (self._follow(start, steps) for start in starts)
        return next((node for node in found if node is not None), None)

    def _follow(self, node: int | None, steps: list[str]) -> int | None:
        for step in steps:
            if node is None or node < 0 or step == ".":
                continue
            node = self.names.parents[node] if step == ".." else self.names.child(node, step)
        return node if node is None or node >= 0 else None

    def dropped(self, path: str) -> bool:
        """Whether a path names one of ODK's version attributes."""
        return path.rpartition("/@")[2] in VERSIONS


def local_name(part: str) -> str:
    """`orx:meta` → `meta`."""
    return part.strip().rpartition(":")[2]


def instances_in(tree: Any) -> set[str]:
    """Names of the lists an expression looks into."""
    if not isinstance(tree, list):
        return set()
    own = {tree[1]} if tree[:1] == ["inst"] else set()
    return own.union(*(instances_in(part) for part in tree)) if tree else own


def mark_repeat(draft: Draft, repeat: Element) -> None:
    """Say that a node repeats."""
    number = draft.node(repeat.get("nodeset"), ("重复组", "a repeat"))
    if number is not None:
        draft.nodes[number]["k"] = "repeat"
        draft.names.repeats[number] = True


def read_setvalue(
    draft: Draft, element: Element, trigger: int | None, inside: int | None = None
) -> None:
    """An action: at load, whenever the form is opened, for a new repeat instance, or when a
    question (`trigger`) changes.
    """
    path = element.get("ref") or element.get("nodeset") or ""
    if not path and element.get("bind"):
        path = draft.ids.get(element.get("bind", ""), "")
    context = ("setvalue ", "a setvalue")
    target = None if draft.dropped(path) else draft.node(path, context, inside)
    if target is None:
        return
    source = element.get("value")
    text = (element.text or "").strip() if source is None else ""
    tree = _value(draft, source, target, trigger) if source else ["s", text]
    for event in element.get("event", "").split():
        at = _action_place(draft, event, target, trigger)
        if at is not None and tree is not None:
            draft.actions.append({"on": EVENTS[event], "at": at, "set": target, "x": tree})


def _value(draft: Draft, source: str, target: int, trigger: int | None) -> Expr | None:
    """What an action sets. Its paths start where it sets; pyxform writes them from the trigger."""
    names = draft.names
    if trigger is None or _is_sound(source, names, target) or not _is_sound(source, names, trigger):
        return draft.expr(source, target, "default")
    if names.depth(target) == names.shared(trigger, target) == names.depth(trigger):
        return draft.expr(source, trigger, "default")
    draft.refuse(target, "trigger_apart", "trigger", trigger=names.names[trigger])
    return None


def _is_sound(source: str, names: Names, at: int) -> bool:
    try:
        compile_xpath(source, names, at)
    except XPathError:
        return False
    return True


def _action_place(draft: Draft, event: str, target: int, trigger: int | None) -> int | None:
    kind = EVENTS.get(event)
    if kind in ("load", "open"):
        return 0
    if kind == "repeat":
        return next((n for n in draft.names.lineage(target)[::-1] if draft.names.repeats[n]), None)
    if kind == "change" and trigger is not None:
        return trigger
    draft.refuse(target, "event_unsupported", event=event)
    return None
