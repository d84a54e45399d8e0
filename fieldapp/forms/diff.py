"""What changes for those who fill a form in when a version follows another, and which stored values
nothing would write any more.

Pure. Questions are known by their path; one that is found under another path by the same name has
moved.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .definition import Definition, Shape, shape_of

Saved: TypeAlias = tuple[str, str]
"""List and property that a question's answer goes to."""

EXPRESSIONS = (
    ("constraint", "con"),
    ("relevant", "rel"),
    ("calculation", "calc"),
    ("readonly", "ro"),
    ("repeat_count", "count"),
    ("choice_filter", "where"),
    ("default", "def"),
)
WORDS = ("l", "h", "g", "msg", "rmsg")


@dataclass(frozen=True)
class Change:
    """kind: added, removed, moved, retyped, required, optional, constraint, relevant,
    calculation, readonly, repeat_count, choice_filter, default, choices_added, choices_removed,
    unsaved, wording.

    path, name, label: the question, in the new version if it is there; label in its languages.
    was, now: what it was and is, in the form's own terms (a type, a path, codes), where that tells
    something.
    """

    kind: str
    path: str
    name: str
    label: tuple[str, ...] = ()
    was: str = ""
    now: str = ""


@dataclass(frozen=True)
class Comparison:
    """orphans: list and property that the older version wrote and this one doesn't."""

    changes: list[Change] = field(default_factory=list)
    orphans: list[Saved] = field(default_factory=list)


def compare(old: Definition, new: Definition) -> Comparison:
    """What the new version does otherwise than the old one, in the order of its questions."""
    before, after = _questions(old), _questions(new)
    pairs = _pairs(before, after)
    moved = {old: new for new, old in pairs.items()}
    for question in before.values():
        question.moved = moved
    changes: list[Change] = []
    for path, asked in after.items():
        earlier = before.get(pairs[path]) if path in pairs else None
        changes += _between(earlier, asked) if earlier else [asked.change("added")]
    kept = set(pairs.values())
    changes += [gone.change("removed") for path, gone in before.items() if path not in kept]
    return Comparison(changes, sorted(_saves(old) - _saves(new)))


class _Question:
    """One question, group or repeat of one version."""

    def __init__(self, shape: Shape, number: int, saved: tuple[Saved, ...]) -> None:
        self.shape, self.number, self.saved = shape, number, saved
        self.node = shape.nodes[number]
        self.path = shape.path(number)
        self.moved: dict[str, str] = {}  # where what it refers to is in the other version

    @property
    def type(self) -> str:
        """What kind of answer it takes, e.g. `select many`."""
        node = self.node
        if node["k"] != "leaf":
            return str(node["k"])
        if "c" not in node:
            return "calculate"
        if node["c"] == "note":
            return "note"
        many = {"select": " many", "rank": " rank", "range": " range"}.get(node["c"], "")
        return f"{node['t']}{many}"

    def change(self, kind: str, was: str = "", now: str = "") -> Change:
        """A change of this question."""
        label = tuple(plain(text) for text in self.node.get("l", ()))
        return Change(kind, self.path, self.node["n"], label, was, now)

    def codes(self) -> list[str]:
        """Codes of its choices, if they stand in the form."""
        name = self.node.get("items", {}).get("list", "")
        return [choice["v"] for choice in self.shape.definition["lists"].get(name, ())]

    def spelled(self, key: str) -> str:
        """An expression with questions by path: numbers differ between versions."""
        tree = self.node.get("items", {}).get("where") if key == "where" else self.node.get(key)
        return json.dumps(self._by_path(tree), ensure_ascii=False) if tree is not None else ""

    def _by_path(self, tree: Any) -> Any:
        if not isinstance(tree, list):
            return tree
        if tree[:1] == ["r"]:
            path = self.shape.path(tree[1])
            return ["r", self.moved.get(path, path), *tree[2:]]
        return [self._by_path(part) for part in tree]


def _questions(definition: Definition) -> dict[str, _Question]:
    """What a form asks, calculates and groups, by path; ODK's own `meta` left out."""
    shape = shape_of(definition)
    saves: dict[int, list[Saved]] = {}
    for block in definition["entities"]:
        for number, prop in block["saves"]:
            saves.setdefault(number, []).append((block["list"], prop))
    found = {}
    for number, node in enumerate(shape.nodes):
        path = shape.path(number)
        if number and "meta" not in path.split("/") and not node["n"].startswith("@"):
            found[path] = _Question(shape, number, tuple(saves.get(number, ())))
    return found


def _pairs(before: dict[str, _Question], after: dict[str, _Question]) -> dict[str, str]:
    """New path → old path of the same question."""
    pairs = {path: path for path in after if path in before}
    lost = _only_one_of_a_name(before, set(before) - set(pairs))
    for name, path in _only_one_of_a_name(after, set(after) - set(pairs)).items():
        if name in lost:
            pairs[path] = lost[name]
    return pairs


def _only_one_of_a_name(questions: dict[str, _Question], paths: set[str]) -> dict[str, str]:
    names = [questions[path].node["n"] for path in paths]
    return {
        questions[path].node["n"]: path
        for path in paths
        if names.count(questions[path].node["n"]) == 1
    }


def _between(old: _Question, new: _Question) -> Iterator[Change]:
    if old.path != new.path:
        yield new.change("moved", old.path, new.path)
    if old.type != new.type:
        yield new.change("retyped", old.type, new.type)
    if bool(old.node.get("req")) != bool(new.node.get("req")):
        yield new.change("required" if new.node.get("req") else "optional")
    for kind, key in EXPRESSIONS:
        if old.spelled(key) != new.spelled(key):
            yield new.change(kind, _presence(old.spelled(key)), _presence(new.spelled(key)))
    yield from _choices(old, new)
    lost = [prop for _, prop in old.saved if prop not in {p for _, p in new.saved}]
    if lost:
        yield new.change("unsaved", ", ".join(lost))
    if any(_words(old, key) != _words(new, key) for key in WORDS):
        yield new.change("wording", _first(old), _first(new))


def _words(question: _Question, key: str) -> list[str]:
    return [plain(text) for text in question.node.get(key, ())]


def _choices(old: _Question, new: _Question) -> Iterator[Change]:
    before, after = old.codes(), new.codes()
    if not before or not after:
        return
    gone = [code for code in before if code not in set(after)]
    come = [code for code in after if code not in set(before)]
    if gone:
        yield new.change("choices_removed", ", ".join(gone))
    if come:
        yield new.change("choices_added", "", ", ".join(come))


def _presence(spelled: str) -> str:
    return "1" if spelled else ""


def _first(question: _Question) -> str:
    return next((plain(text) for text in question.node.get("l", ()) if text), "")


def _saves(definition: Definition) -> set[Saved]:
    return {(block["list"], prop) for block in definition["entities"] for _, prop in block["saves"]}


def plain(text: Any) -> str:
    """A text with its expressions as `…`."""
    if isinstance(text, dict):
        return "".join(part if isinstance(part, str) else "…" for part in text["parts"])
    return text or ""
