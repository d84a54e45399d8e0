"""Reads what a program says of consent: what its forms need, and how a scope keeps it.

The texts people are told lie beside the program, `notices/<version>.<language>.md`, and
`notices/<version>.simple.<language>.md` for those of 14 to 17. The form that takes consent must say
that it reads out the newest of them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldapp.consent.need import Keeping, Need, Notice, Reminders, Sharing

from .discreet import telling

if TYPE_CHECKING:
    from .load import Known, Reader

CONSENT_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "need": ({"scope", "person"}, {"urgent", "to_save", "for_children"}),
    "consents": (
        {"type", "people", "form", "born", "person", "read", "version", "take", "withdraw"}
        | {"safeguarding", "scopes", "notices"},
        {"clinic", "reminders"},
    ),
    "reminders": ({"scope", "phone", "text"}, set()),
    "share": ({"scope", "to", "told"}, set()),
    "notice": ({"version", "effective"}, {"grace"}),
}
RECORDED = ("person", "scope", "status", "notice_version", "given_on", "ends_on", "guardian")
RECIPIENT = "recipient"
LANGUAGES = ("zh", "en")


def needs_of(reader: "Reader", known: "Known") -> dict[str, Need]:
    """`[consent.<form>]`: what each form needs."""
    found = {}
    for form, table in reader.table("consent").items():
        key = f"consent.{form}"
        if not reader.keys("need", table, key):
            continue
        reader.one_of(table["scope"], known.consents.get("scopes", {}), f"{key}.scope")
        for name in ("person", "urgent"):
            if name in table:
                reader.one_of(table[name], reader.paths(form), f"{key}.{name}")
        for kind in table.get("to_save", ()):
            reader.one_of(kind, known.types, f"{key}.to_save")
        found[form] = Need(
            table["scope"],
            table["person"],
            table.get("urgent", ""),
            tuple(table.get("to_save", ())),
            bool(table.get("for_children", True)),
            _bare(table["person"], reader.paths(form)),
        )
    return found


def _bare(person: str, paths: Collection[str]) -> frozenset[str]:
    """Of a form's paths those of the group in which the person is named, and of no group.

    Of this form, as it came with the program: what a later version asks there isn't among them.
    """
    own = person.partition("/")[0] + "/"
    return frozenset(path for path in paths if "/" not in path or path.startswith(own))


def sharing_of(reader: "Reader", known: "Known") -> dict[str, Sharing]:
    """`[share.<form>]`: where each form says that a clinic was told who somebody is."""
    found = {}
    for form, table in reader.table("share").items():
        key = f"share.{form}"
        if not reader.keys("share", table, key):
            continue
        reader.one_of(table["scope"], known.consents.get("scopes", {}), f"{key}.scope")
        reader.one_of(form, reader.table("consent"), key)
        for path in (table["to"], *table["told"]):
            reader.one_of(path, reader.paths(form), key)
        recorded = known.types.get(str(known.consents.get("type")), {}).get("props", {})
        if RECIPIENT not in recorded:
            reader.refuse(key, f"no consent records its “{RECIPIENT}”")
        found[form] = Sharing(table["scope"], table["to"], tuple(table["told"]))
    return found


def keeping_of(reader: "Reader") -> Keeping | None:
    """`[consents]`: how the scope keeps them."""
    table = reader.table("consents")
    if not table or not reader.keys("consents", table, "consents"):
        return None
    types, paths = reader.table("types"), reader.paths(table["form"])
    for name in ("type", "people"):
        reader.one_of(table[name], types, f"consents.{name}")
    recorded = types.get(table["type"], {}).get("props", {})
    for prop in RECORDED:
        if prop not in recorded:
            reader.refuse("consents.type", f"{table['type']} doesn't record “{prop}”")
    born = types.get(table["people"], {}).get("props", {})
    reader.one_of(table["born"], born, "consents.born")
    for name in ("form", "safeguarding"):
        reader.one_of(table[name], reader.forms, f"consents.{name}")
    for name in ("person", "read", "version"):
        reader.one_of(table[name], paths, f"consents.{name}")
    for path in table.get("clinic", ()):
        reader.one_of(path, paths, "consents.clinic")
    for name in ("take", "withdraw"):
        for path in table[name]:
            reader.one_of(path, paths, f"consents.{name}")
    notices = _notices(reader, table["notices"])
    _check_read_out(reader, table, notices)
    return Keeping(
        **{k: table[k] for k in ("type", "people", "form", "born", "person", "read", "version")},
        take=table["take"],
        withdraw=table["withdraw"],
        safeguarding=table["safeguarding"],
        scopes={
            name: reader.words(words, f"consents.scopes.{name}")
            for name, words in table["scopes"].items()
        },
        notices=notices,
        clinic=tuple(table.get("clinic", ())),
        reminders=_reminders(reader, table, born),
    )


def _reminders(
    reader: "Reader", table: Mapping[str, Any], people: Mapping[str, Any]
) -> Reminders | None:
    """What may be sent to somebody: one sentence, which tells nobody else what it is about."""
    told = table.get("reminders")
    if not told or not reader.keys("reminders", told, "consents.reminders"):
        return None
    reader.one_of(told["scope"], table["scopes"], "consents.reminders.scope")
    reader.one_of(told["phone"], people, "consents.reminders.phone")
    text = reader.words(told["text"], "consents.reminders.text")
    for word in telling(" ".join(text.values())):
        reader.refuse("consents.reminders.text", f"“{word}” tells others what it is about")
    return Reminders(told["scope"], told["phone"], text)


def _notices(reader: "Reader", tables: Sequence[Mapping[str, Any]]) -> tuple[Notice, ...]:
    found: list[Notice] = []
    for number, table in enumerate(tables):
        key = f"consents.notices[{number}]"
        if not reader.keys("notice", table, key):
            continue
        effective = str(table["effective"])
        try:
            date.fromisoformat(effective)
        except ValueError:
            reader.refuse(f"{key}.effective", f"“{effective}” is no date")
        if found and effective <= found[-1].effective:
            reader.refuse(f"{key}.effective", "isn't later than that of the version before")
        texts = _texts(reader, str(table["version"]), key)
        grace = int(table.get("grace", 0))
        found.append(Notice(str(table["version"]), effective, grace, texts))
    return tuple(found)


def _texts(reader: "Reader", version: str, key: str) -> dict[str, dict[str, str]]:
    folder = reader.path.parent / "notices"
    texts: dict[str, dict[str, str]] = {}
    for lang in LANGUAGES:
        names = {"full": f"{version}.{lang}.md", "simple": f"{version}.simple.{lang}.md"}
        texts[lang] = {kind: _text(reader, folder / name, key) for kind, name in names.items()}
    return texts


def _text(reader: "Reader", path: Path, key: str) -> str:
    if not path.is_file():
        reader.refuse(key, f"there is no file notices/{path.name}")
        return ""
    text = path.read_text("utf-8").strip()
    if not text.startswith("## "):
        reader.refuse(key, f"notices/{path.name} begins with a heading (##) for each step")
    return text


def _check_read_out(
    reader: "Reader", table: Mapping[str, Any], notices: tuple[Notice, ...]
) -> None:
    """The form calculates the version it reads out; it must be the newest."""
    form = reader.forms.get(table["form"])
    if form is None or not notices:
        return
    name = table["version"].rpartition("/")[2]
    said = [node.get("calc") for node in form["nodes"] if node["n"] == name]
    if said != [["s", notices[-1].version]]:
        reader.refuse("consents.version", f"{name} must calculate '{notices[-1].version}'")
