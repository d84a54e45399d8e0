"""A form definition in the making: its nodes, its actions, and the problems found on the way."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from .names import Names
from .problems import FormProblem, RefusedError, Words
from .xform import Texts, XForm
from .xpath import Expr, XPathError, compile_xpath

# What ODK keeps of an entity's history; our merge needs none of it.
VERSIONS = {"baseVersion", "trunkVersion", "branchId"}


class Draft:
    """Everything read so far. `refuse` notes a problem and lets reading go on."""

    def __init__(self, xform: XForm) -> None:
        self.xform, self.texts = xform, Texts(xform.itext)
        self.names = Names()
        self.nodes: list[dict[str, Any]] = []
        self.saves: dict[int, str] = {}
        self.actions: list[dict[str, Any]] = []
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.used: set[str] = set()
        self.item_refs: dict[str, tuple[str, str]] = {}
        self.problems: list[FormProblem] = []

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

    def expr(self, source: str, at: int, column: str = "") -> Expr | None:
        """Compile an expression of a column at a node; None after noting why it can't be."""
        try:
            tree = compile_xpath(source, self.names, at)
        except XPathError as error:
            self.pass_on(at, error, column)
            return None
        self.used |= instances_in(tree)
        return tree

    def output(self, at: int, column: str = "label") -> Any:
        """A compiler for `${…}` in texts at a node."""
        return lambda source: self.expr(source, at, column) or ["s", ""]

    def node(self, path: str | None, context: tuple[str, str]) -> int | None:
        """The node an absolute path names; None after noting that there is none for `context`, in
        zh and en.
        """
        number = self.find(path or "")
        if number is None:
            self.refuse(None, "path_unknown", context=context, path=path or "")
        return number

    def find(self, path: str) -> int | None:
        """The node an absolute path names, if any."""
        steps = [local_name(part) for part in path.strip().strip("/").split("/")]
        node: int | None = 0 if steps[0] == self.names.names[0] else None
        for step in steps[1:]:
            node = self.names.child(node, step) if node is not None else None
        return node

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


def read_setvalue(draft: Draft, element: Element, trigger: int | None) -> None:
    """An action: at load, for a new repeat instance, or when a question (`trigger`) changes."""
    path = element.get("ref") or element.get("nodeset") or ""
    target = None if draft.dropped(path) else draft.node(path, ("setvalue ", "a setvalue"))
    if target is None:
        return
    source = element.get("value")
    tree = draft.expr(source, target, "default") if source else ["s", (element.text or "").strip()]
    for event in element.get("event", "").split():
        at = _action_place(draft, event, target, trigger)
        if at is not None and tree is not None:
            kind = {"xforms-value-changed": "change", "odk-new-repeat": "repeat"}.get(event, "load")
            draft.actions.append({"on": kind, "at": at, "set": target, "x": tree})


def _action_place(draft: Draft, event: str, target: int, trigger: int | None) -> int | None:
    if event in ("odk-instance-first-load", "odk-instance-load", "xforms-ready"):
        return 0
    if event == "odk-new-repeat":
        return next((n for n in draft.names.lineage(target)[::-1] if draft.names.repeats[n]), None)
    if event == "xforms-value-changed" and trigger is not None:
        return trigger
    draft.refuse(target, "event_unsupported", event=event)
    return None
