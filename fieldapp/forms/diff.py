"""What changes for those who fill a form in when a version follows another, and which stored values
nothing would write any more.

Pure. Questions are known by their path; one that is found under another path by the same name has
moved.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .definition import Definition, Shape, shape_of
from .sheets import ENTITY_COLUMNS

Saved: TypeAlias = tuple[str, str]
"""List and property that a question's answer goes to."""

COUNTS = ("count", "fix", "begin", "inner")
WORDS = ("l", "h", "g", "msg", "rmsg")
NOTHING = "–"  # shown for what is there no more


@dataclass(frozen=True)
class Change:
    """kind: one of KINDS in diff_words.py.

    path, name, label: the question, in the new version if it is there; label in its languages. Of
    the form as a whole there is no path; name: a file or an entity list.
    was, now: what it was and is, in the form's own terms (a type, a path, codes), where that tells
    something; both `1` for an expression that is another.
    """

    kind: str
    path: str = ""
    name: str = ""
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
    (before, made_before), (after, made_after) = _questions(old), _questions(new)
    pairs = _pairs(before, after)
    moved = {old: new for new, old in pairs.items()}
    for question in (*before.values(), *made_before.values()):
        question.moved = moved
    changes: list[Change] = []
    for path, asked in after.items():
        earlier = before.get(pairs[path]) if path in pairs else None
        changes += _between(earlier, asked) if earlier else [asked.change("added")]
    kept = set(pairs.values())
    changes += [gone.change("removed") for path, gone in before.items() if path not in kept]
    if [p for p in before if p in after] != [p for p in after if p in before]:
        changes.append(Change("order"))
    changes += [*_of_the_form(old, new), *_made(made_before, made_after)]
    if not changes and {**old, "version": ""} != {**new, "version": ""}:
        changes.append(Change("other"))
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
            return str(node.get("pre", "calculate"))
        if node["c"] in ("note", "upload"):
            return str(node.get("mime", "note"))
        many = {"select": " many", "rank": " rank", "range": " range", "trigger": " trigger"}
        return f"{node['t']}{many.get(node['c'], '')}"

    def change(self, kind: str, was: str = "", now: str = "") -> Change:
        """A change of this question."""
        label = tuple(plain(text) for text in self.node.get("l", ()))
        return Change(kind, self.path, self.node["n"], label, was, now)

    def choices(self) -> dict[str, Any]:
        """What stands behind the codes of its choices, if they stand in the form."""
        name = self.node.get("items", {}).get("list", "")
        choices = self.shape.definition["lists"].get(name, ())
        return {c["v"]: {**c, "l": self._texts(c["l"])} for c in choices}

    def works(self) -> dict[str, Any]:
        """How it works, by kind of change: what can be compared with another version's, where
        numbers of questions are others.
        """
        node, items = self.node, self.node.get("items", {})
        calculated = [node.get("calc"), *(a["x"] for a in self._actions() if a["on"] == "change")]
        first = [(a["on"], self._by_path(a["x"])) for a in self._actions() if a["on"] != "change"]
        source = {key: self._by_path(items[key]) for key in items if key not in ("list", "where")}
        return {
            "constraint": self._by_path(node.get("con")),
            "relevant": self._by_path(node.get("rel")),
            "calculation": [self._by_path(x) for x in calculated if x],
            "readonly": self._by_path(node.get("ro")),
            "repeat_count": {key: self._by_path(node[key]) for key in COUNTS if key in node},
            "choice_filter": self._by_path(items.get("where")),
            "choices_source": source and {**source, "file": self._file(items.get("inst"))},
            "default": [*filter(None, [node.get("def")]), *first],
            "media": node.get("media"),
        }

    def shown(self) -> dict[str, str]:
        """The same where what it is now can be read."""
        node = self.node
        triggers = [self.shape.path(a["at"]) for a in self._actions() if a["on"] == "change"]
        return {
            "trigger": ", ".join(self.moved.get(path, path) for path in triggers),
            "appearance": node.get("ap", ""),
            "range": ", ".join(map(str, node.get("range", ()))),
            "parameters": " ".join(f"{key}={value}" for key, value in node.get("par", {}).items()),
        }

    def words(self) -> list[Any]:
        """Its label, hints and messages."""
        return [self._texts(self.node.get(key, ())) for key in WORDS]

    def required(self) -> Any:
        """When it must be answered."""
        return self._by_path(self.node.get("req"))

    def _actions(self) -> list[Mapping[str, Any]]:
        return self.shape.actions.get(self.number, [])

    def _file(self, name: str | None) -> str:
        return str(self.shape.definition.get("attached", {}).get(name, ""))

    def _texts(self, texts: Sequence[Any]) -> list[Any]:
        return [
            [p if isinstance(p, str) else self._by_path(p) for p in text["parts"]]
            if isinstance(text, dict)
            else text
            for text in texts
        ]

    def _by_path(self, tree: Any) -> Any:
        if not isinstance(tree, list):
            return tree
        if tree[:1] == ["r"]:
            path = self.shape.path(tree[1])
            return ["r", self.moved.get(path, path), *tree[2:]]
        return [self._by_path(part) for part in tree]


Questions: TypeAlias = dict[str, _Question]


def _questions(definition: Definition) -> tuple[Questions, Questions]:
    """What a form asks, calculates and groups, by path; and what is ODK's own `meta`."""
    shape = shape_of(definition)
    saves: dict[int, list[Saved]] = {}
    for block in definition["entities"]:
        for number, prop in block["saves"]:
            saves.setdefault(number, []).append((block["list"], prop))
    asked: Questions = {}
    made: Questions = {}
    for number in range(1, len(shape.nodes)):
        path = shape.path(number)
        found = made if "meta" in path.split("/") else asked
        found[path] = _Question(shape, number, tuple(saves.get(number, ())))
    return asked, made


def _of_the_form(old: Definition, new: Definition) -> Iterator[Change]:
    for kind, key, joint in (("title", "title", " / "), ("languages", "langs", ", ")):
        if old[key] != new[key]:
            yield Change(kind, now=joint.join(new[key]))
    before, after = old.get("files", {}), new.get("files", {})
    for name in sorted(before.keys() & after.keys()):
        if before[name]["sha"] != after[name]["sha"]:
            yield Change("file", name=name)


def _made(before: Questions, after: Questions) -> Iterator[Change]:
    """What is calculated of a visit and its records."""
    different = [
        path
        for path in dict.fromkeys((*after, *before))
        if path not in before or path not in after or before[path].works() != after[path].works()
    ]
    if "meta/instanceName" in different:
        yield Change("instance_name")
    columns: dict[str, list[str]] = {}
    for home, _, name in (path.rpartition("/") for path in different):
        if home.endswith("meta/entity"):
            columns.setdefault(home, []).append(ENTITY_COLUMNS.get(name, ""))
    for home, told in columns.items():
        version = after if home in after else before
        name = version[f"{home}/@dataset"].node["def"]
        yield Change("entity", name=name, now=", ".join(filter(None, told)))


def _pairs(before: Questions, after: Questions) -> dict[str, str]:
    """New path → old path of the same question."""
    pairs = {path: path for path in after if path in before}
    lost = _only_one_of_a_name(before, set(before) - set(pairs))
    for name, path in _only_one_of_a_name(after, set(after) - set(pairs)).items():
        if name in lost:
            pairs[path] = lost[name]
    return pairs


def _only_one_of_a_name(questions: Questions, paths: set[str]) -> dict[str, str]:
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
    was, now = old.required(), new.required()
    if was != now:
        yield new.change("optional" if not now else "required_if" if was else "required")
    after = new.works()
    for kind, worked in old.works().items():
        if worked != after[kind]:
            yield new.change(kind, *("1" if one else "" for one in (worked, after[kind])))
    shown = new.shown()
    for kind, told in old.shown().items():
        if told != shown[kind]:
            yield new.change(kind, now=shown[kind] or NOTHING)
    yield from _choices(old, new)
    yield from _savings(old, new)
    if old.words() != new.words():
        yield new.change("wording", _first(old), _first(new))


def _choices(old: _Question, new: _Question) -> Iterator[Change]:
    before, after = old.choices(), new.choices()
    if not before or not after:
        return
    gone = [code for code in before if code not in after]
    come = [code for code in after if code not in before]
    changed = [code for code in after if code in before and before[code] != after[code]]
    if gone:
        yield new.change("choices_removed", ", ".join(gone))
    if come:
        yield new.change("choices_added", "", ", ".join(come))
    if changed:
        yield new.change("choices_changed", "", ", ".join(changed))
    if [code for code in before if code in after] != [code for code in after if code in before]:
        yield new.change("choices_order", "", ", ".join(after))


def _savings(old: _Question, new: _Question) -> Iterator[Change]:
    lost = [saved[1] for saved in old.saved if saved not in new.saved]
    come = [saved[1] for saved in new.saved if saved not in old.saved]
    if lost:
        yield new.change("unsaved", ", ".join(lost))
    if come:
        yield new.change("saved", "", ", ".join(come))


def _first(question: _Question) -> str:
    return next((plain(text) for text in question.node.get("l", ()) if text), "")


def _saves(definition: Definition) -> set[Saved]:
    return {(block["list"], prop) for block in definition["entities"] for _, prop in block["saves"]}


def plain(text: Any) -> str:
    """A text with its expressions as `…`."""
    if isinstance(text, dict):
        return "".join(part if isinstance(part, str) else "…" for part in text["parts"])
    return text or ""
