"""What consent a form needs, and whether answers are such as need it. Pure.

A program declares it (`[consent.<form>]`). A form that was published later into the same program
and isn't declared needs the same, of whomever it asks about first: there is no way round it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .live import Version

Answers = Mapping[str, Any]
META = "meta/"


@dataclass(frozen=True)
class Need:
    """scope: of the consent. person: path of the question that says whose. urgent: path of what
    says that there is danger; to_save: the types that may then be written all the same.
    for_children: False where nobody under 14 is served. bare: paths that say no more than who was
    visited and whether they wanted to talk, which takes no consent.
    """

    scope: str
    person: str
    urgent: str = ""
    to_save: tuple[str, ...] = ()
    for_children: bool = True
    bare: frozenset[str] = frozenset()

    def of(self, answers: Answers) -> str:
        """The id of the person, blank if nobody is named."""
        return _text(answers, self.person)

    def carries(self, answers: Answers) -> bool:
        """Whether anything was answered beyond who was visited and whether they wanted to talk."""
        known = {self.person, *self.bare}
        return any(path not in known for path in _answered(answers) if not path.startswith(META))

    def is_urgent(self, answers: Answers) -> bool:
        """Whether the form itself says that there is danger."""
        return bool(self.urgent) and _text(answers, self.urgent) in ("1", "true")

    def as_json(self) -> dict[str, Any]:
        """As `ConsentNeed` in types.ts."""
        return {"scope": self.scope, "person": self.person, "children": self.for_children}


@dataclass(frozen=True)
class Sharing:
    """By which answers a clinic is told who somebody is. scope: of the consent it takes. to: path
    of what names the clinic; told: paths of the questions whose yes says that it was told.
    """

    scope: str
    to: str
    told: tuple[str, ...]

    def by(self, answers: Answers) -> tuple[str, ...]:
        """The questions by which it was told."""
        return tuple(path for path in self.told if _text(answers, path) == "1")

    def recipient(self, answers: Answers) -> str:
        """The clinic's name as the answers give it, blank if they give none."""
        return _text(answers, self.to)


@dataclass(frozen=True)
class Reminders:
    """A message that asks somebody to come. scope: of the consent it takes; phone: the property
    with their number; text: all that is in it, the same to everybody.
    """

    scope: str
    phone: str
    text: Mapping[str, str]


@dataclass(frozen=True)
class Notice(Version):
    """One version of what people are told. texts: by language (`zh`, `en`), then `full` and
    `simple` (for 14 to 17), as Markdown: a heading a step.
    """

    texts: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Keeping:
    """How a scope keeps consents: entities of `type`, taken by `form`, of entities of type `people`
    born on `born`.

    person, read: paths in that form of who it is, and where the notice is read out. version: of
    what says which version that was. take, withdraw: answers with which a known person is asked,
    and takes all back. safeguarding: the form for a note about a child in danger. clinic: paths of
    the name and number of the clinic that the notice and the question name.
    """

    type: str
    people: str
    form: str
    born: str
    person: str
    read: str
    version: str
    take: Mapping[str, str]
    withdraw: Mapping[str, str]
    safeguarding: str
    scopes: Mapping[str, Mapping[str, str]]
    notices: tuple[Notice, ...] = field(default=())
    clinic: tuple[str, ...] = ()
    reminders: Reminders | None = None

    def as_json(self) -> dict[str, Any]:
        """As `ConsentKeeping` in types.ts."""
        own = {key: value for key, value in vars(self).items() if key != "reminders"}
        if self.reminders:
            own["reminders"] = {**vars(self.reminders), "text": dict(self.reminders.text)}
        return {
            **own,
            "clinic": list(self.clinic),
            "take": dict(self.take),
            "withdraw": dict(self.withdraw),
            "scopes": {scope: dict(words) for scope, words in self.scopes.items()},
            "notices": [
                {**vars(notice), "texts": {lang: dict(t) for lang, t in notice.texts.items()}}
                for notice in self.notices
            ],
        }


def inferred(definition: Mapping[str, Any], kind: str, declared: Need) -> Need | None:
    """What an undeclared form of a program needs, going by the question that chooses somebody of
    type `kind`, outside repeats; None if it asks about nobody.
    """
    nodes = definition["nodes"]
    for number, node in enumerate(nodes):
        path = _path(nodes, number)
        if _chooses(node, kind) and path:
            return Need(declared.scope, path, for_children=declared.for_children)
    return None


def choosing(definition: Mapping[str, Any], kind: str) -> int:
    """How many questions choose somebody of type `kind`."""
    return sum(_chooses(node, kind) for node in definition["nodes"])


def _chooses(node: Mapping[str, Any], kind: str) -> bool:
    return "c" in node and (node.get("items") or {}).get("inst") == kind


def questions(definition: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Name, control and type of all that somebody answers."""
    leaves = (node for node in definition["nodes"] if node.get("c", "note") != "note")
    return {(node["n"], node["c"], node["t"]) for node in leaves}


def _path(nodes: list[dict[str, Any]], number: int) -> str:
    """Of a question outside repeats; blank within one."""
    names: list[str] = []
    while number > 0:
        if nodes[number]["k"] == "repeat":
            return ""
        names.insert(0, nodes[number]["n"])
        number = nodes[number]["p"]
    return "/".join(names)


def _text(answers: Answers, path: str) -> str:
    here: Any = answers
    for step in path.split("/"):
        here = here.get(step) if isinstance(here, Mapping) else None
    return here if isinstance(here, str) else ""


def _answered(part: Any, path: str = "") -> Iterator[str]:
    """Paths of all that holds something; of a repeat's rounds the same ones."""
    if isinstance(part, Mapping):
        for name, below in part.items():
            yield from _answered(below, f"{path}/{name}" if path else name)
    elif isinstance(part, list):
        for below in part:
            yield from _answered(below, path)
    elif part not in (None, ""):
        yield path
