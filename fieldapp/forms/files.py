"""The files that belong to a form: pictures and sounds of its words, and the lists it looks into.

Pure. Says which files a definition names, what each of them is by its content, and what is wrong
with them. Lists are kept and served as tables (`tables.py`), everything else as given.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import PurePath
from typing import Any

import phonenumbers
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from fieldapp.attachments.sniff import sniff

from .definition import Definition, Shape, shape_of
from .lint import CODE, IN_CHINESE, forbidden
from .problems import FormProblem, Words
from .tables import Table, TableError, read_table

KB, MB = 1024, 1024 * 1024
LARGEST = {"image": 300 * KB, "audio": 2 * MB, "video": 2 * MB, "list": 5 * MB}
LARGEST_FORM = 20 * MB
TABLE = "application/json"
LISTS = (".csv", ".geojson", ".xml")
# What may stand behind an extension; the first is what it is served as.
TYPES = {
    ".jpg": ("image/jpeg",),
    ".jpeg": ("image/jpeg",),
    ".png": ("image/png",),
    ".webp": ("image/webp",),
    ".gif": ("image/gif",),
    ".mp3": ("audio/mpeg",),
    ".m4a": ("audio/mp4", "video/mp4"),
    ".wav": ("audio/wav",),
    ".ogg": ("audio/ogg",),
    ".oga": ("audio/ogg",),
    ".mp4": ("video/mp4",),
    ".webm": ("video/webm",),
}
KINDS = {"image": "image", "big-image": "image", "audio": "audio", "video": "video"}
MOBILE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")
IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
MOST_TOLD = 20
LOOKS_PRIVATE = 0.3  # share of a column's cells


@dataclass(frozen=True)
class Served:
    """A file as phones get it. given: SHA-256 of what the author brought."""

    name: str
    type: str
    content: bytes
    given: str

    @property
    def sha(self) -> str:
        """Its name in the world: the hash of its bytes."""
        return sha256(self.content).hexdigest()

    def told(self) -> dict[str, Any]:
        """What the definition says of it."""
        return {"sha": self.sha, "type": self.type, "size": len(self.content)}


@dataclass(frozen=True)
class Mention:
    """A place of a form that names a picture or sound."""

    file: str
    kind: str
    place: FormProblem


def is_list(name: str) -> bool:
    """Whether a file of this name is a list to look into."""
    return PurePath(name).suffix.lower() in LISTS


@lru_cache(maxsize=8)
def table_of(name: str, content: bytes) -> Table:
    """The table of an attached list. Raises TableError."""
    return read_table(name, content)


def served(name: str, content: bytes) -> Served:
    """A file as phones get it. Raises TableError for a list that can't be read."""
    given = sha256(content).hexdigest()
    if is_list(name):
        return Served(name, TABLE, table_of(name, content).served, given)
    types = TYPES.get(PurePath(name).suffix.lower(), ("application/octet-stream",))
    return Served(name, types[0], content, given)


# ---- what a form names


def media_of(definition: Definition) -> Iterator[Mention]:
    """Every picture and sound of questions and choices."""
    shape = shape_of(definition)
    for number, node in enumerate(definition["nodes"]):
        for kind, names in node.get("media", {}).items():
            place = FormProblem("file_missing", {}, node["n"], f"media::{kind}")
            yield from _mentions(names, kind, replace(place, path=shape.path(number)))
    for name, choices in definition["lists"].items():
        for choice in choices:
            for kind, names in choice.get("m", {}).items():
                params = {"list": name, "choice": choice["v"]}
                place = FormProblem("file_missing", params, name, f"media::{kind}", "choices")
                yield from _mentions(names, kind, place)


def _mentions(names: list[str], kind: str, place: FormProblem) -> Iterator[Mention]:
    for name in dict.fromkeys(names):
        if name:
            yield Mention(name, kind, place)


def used(definition: Definition) -> set[str]:
    """Names of the files a form can't do without."""
    return {m.file for m in media_of(definition)} | set(definition.get("attached", {}).values())


def attach(definition: dict[str, Any], files: Mapping[str, bytes]) -> list[FormProblem]:
    """Write into a definition what each of its files is; what is wrong with those."""
    problems, told = [], {}
    names = sorted(used(definition) & files.keys())
    total = sum(len(files[name]) for name in names)
    if total > LARGEST_FORM:
        most = megabytes(LARGEST_FORM)
        return [FormProblem("files_large", {"size": megabytes(total), "most": most})]
    for name in names:
        found = objections(name, files[name])
        if not found:
            try:
                told[name] = served(name, files[name]).told()
            except TableError as error:
                found = [error.problem]
        problems += found
    if told:
        definition["files"] = told
    for check in (_columns_unknown, _codes, _never_collected):
        problems += [] if problems else check(definition, files)
    return problems


def missing(definition: Definition, registry: Collection[str]) -> list[FormProblem]:
    """Files named and not given, and lists that take a name of the registry's."""
    found = []
    given = definition.get("files", {})
    for mention in media_of(definition):
        if mention.file not in given:
            params = {"file": mention.file, **mention.place.params}
            found.append(replace(mention.place, params=params))
    shape = shape_of(definition)
    lists = ", ".join(sorted(registry))
    found += [
        _where(shape, name, "file_list_missing", {"name": name, "lists": lists})
        for name in definition["external"]
        if name not in registry
    ]
    found += [
        _where(shape, name, "file_reserved", {"name": name, "file": file})
        for name, file in definition.get("attached", {}).items()
        if name in registry
    ]
    return list(dict.fromkeys(found))


def _where(shape: Shape, name: str, code: str, params: Mapping[str, str]) -> FormProblem:
    """The first question that looks into a list."""
    for number, node in enumerate(shape.nodes):
        at = next((column for asked, _, column in _asked(node) if asked == name), None)
        if at is not None:
            return FormProblem(code, params, node["n"], at, path=shape.path(number))
    return FormProblem(code, params, name)


# ---- what is wrong with a file


def objections(name: str, content: bytes) -> list[FormProblem]:
    """Whether a file is of a kind, a size and a content that phones can be sent."""
    suffix = PurePath(name).suffix.lower()
    kind = "list" if suffix in LISTS else TYPES.get(suffix, ("",))[0].partition("/")[0]
    if kind not in LARGEST:
        kinds = " ".join([*TYPES, *LISTS])
        return [FormProblem("file_kind", {"file": name, "kinds": kinds}, sheet=name)]
    if len(content) > LARGEST[kind]:
        size = {"size": megabytes(len(content)), "most": megabytes(LARGEST[kind])}
        return [FormProblem("file_large", {"file": name, **size}, sheet=name)]
    if kind != "list" and _type_of(content) not in TYPES[suffix]:
        return [FormProblem("file_disguised", {"file": name, "suffix": suffix}, sheet=name)]
    return _identities(name, content) if kind == "list" else []


def _type_of(content: bytes) -> str:
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:1] == b"\xff" and content[1:2] in (b"\xfa", b"\xf3", b"\xf2"):
        return "audio/mpeg"
    return sniff(content)


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / MB:.1f} MB" if size >= MB else f"{-(-size // KB)} kB"


def _identities(name: str, content: bytes) -> list[FormProblem]:
    """Identity numbers never leave for every phone of a scope."""
    try:
        table = table_of(name, content)
    except TableError as error:
        return [error.problem]
    if not IDENTITY.search(table.served.decode()):
        return []
    for line, row in zip(table.lines, table.rows, strict=True):
        for column, cell in zip(table.columns, row, strict=True):
            if any(_is_identity(number) for number in IDENTITY.findall(cell or "")):
                return [FormProblem("file_identity", {"file": name}, "", column, name, line)]
    return []


def _is_identity(number: str) -> bool:
    """A birthday and the check digit of GB 11643, whatever the county."""
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return bool(ric.calc_check_digit(number[:-1]) == number[-1].upper())


def warnings(definition: Definition, files: Mapping[str, bytes]) -> list[FormProblem]:
    """What an author should look at again, though the form can be published."""
    found = []
    wanted = used(definition)
    for name in sorted(files):
        if name not in wanted:
            found.append(FormProblem("file_unused", {"file": name}, sheet=name))
        elif is_list(name):
            found += _private_columns(name, table_of(name, files[name]))
    return found


def _private_columns(name: str, table: Table) -> Iterator[FormProblem]:
    for at, column in enumerate(table.columns):
        cells = [cell for row in table.rows if (cell := (row[at] or "").strip())]
        phones = sum(1 for cell in cells if _is_mobile(cell))
        if phones and phones >= LOOKS_PRIVATE * len(cells):
            yield FormProblem("file_phones", {"file": name}, "", column, name)


def _is_mobile(text: str) -> bool:
    if not MOBILE.fullmatch(text):
        return False
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


# ---- lists and the questions that look into them


def _columns_unknown(definition: Definition, files: Mapping[str, bytes]) -> list[FormProblem]:
    """Columns that a form asks a list for, and that aren't there."""
    found: dict[tuple[str, str], FormProblem] = {}
    shape = shape_of(definition)
    for number, node in enumerate(definition["nodes"]):
        for name, column, at in _asked(node):
            file = definition.get("attached", {}).get(name)
            if file not in files or column == "*":
                continue
            columns = table_of(file, files[file]).columns
            if column not in columns:
                params = {"file": file, "name": column, "columns": ", ".join(columns)}
                problem = FormProblem("file_column", params, node["n"], at, path=shape.path(number))
                found.setdefault((file, column), problem)
    return list(found.values())


def _asked(node: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(list, column, XLSForm column) of everything a node looks up."""
    items = node.get("items", {})
    if "inst" in items:
        yield items["inst"], items["value"], "parameters"
        yield items["inst"], items["label"], "parameters"
        for column in _candidates(items.get("where")):
            yield items["inst"], column, "choice_filter"
    expressions = {"calc": "calculation", "rel": "relevant", "con": "constraint", "req": "required"}
    for key, column in expressions.items():
        for name, asked in _looked_up(node.get(key)):
            yield name, asked, column


def _candidates(tree: Any) -> Iterator[str]:
    """Properties of the candidate that a condition looks at."""
    if not isinstance(tree, (list, tuple)):
        return
    match tree:
        case ["path", ["ctx"], ["child", str(name), *_]]:
            yield name
        case ["path", ["inst", _], *_]:
            return
        case _:
            for part in tree:
                yield from _candidates(part)


def _looked_up(tree: Any) -> Iterator[tuple[str, str]]:
    """(list, column) of every path through a list."""
    if not isinstance(tree, (list, tuple)):
        return
    match tree:
        case ["path", ["inst", str(name)], ["child", "item", *preds], *rest]:
            for pred in preds:
                for column in _candidates(pred):
                    yield name, column
                yield from _looked_up(pred)
            if rest and rest[0][0] == "child":
                yield name, rest[0][1]
        case _:
            for part in tree:
                yield from _looked_up(part)


def _codes(definition: Definition, files: Mapping[str, bytes]) -> list[FormProblem]:
    """Codes that can't be an answer: blank ones, and of several choices those with spaces."""
    found: dict[tuple[str, int], FormProblem] = {}
    for node in definition["nodes"]:
        items = node.get("items", {})
        file = definition.get("attached", {}).get(items.get("inst"))
        if file not in files:
            continue
        table = table_of(file, files[file])
        at = table.columns.index(items["value"]) if items["value"] in table.columns else None
        bad = _bad_code(table, at, node.get("c") != "select1") if at is not None else None
        if bad:
            line, code = bad
            problem = FormProblem(code, {"file": file}, "", items["value"], file, line)
            found.setdefault((file, line), problem)
    return list(found.values())


def _never_collected(definition: Definition, files: Mapping[str, bytes]) -> list[FormProblem]:
    """Choices of a list that ask for what no choice of a form may ask for."""
    found = []
    for file, column in sorted(_labels(definition)):
        table = table_of(file, files[file])
        at = table.columns.index(column)
        cells = [row[at] or "" for row in table.rows]
        if not forbidden("\n".join(cells)):  # one look instead of 50,000
            continue
        for line, text in zip(table.lines, cells, strict=True):
            for why in forbidden(text):
                params: dict[str, Words] = {"text": text, "why": (IN_CHINESE[why], why)}
                found.append(FormProblem(CODE, params, "", column, file, line))
    return found[:MOST_TOLD]


def _labels(definition: Definition) -> set[tuple[str, str]]:
    """Files with the column that questions show of them."""
    every = (node.get("items", {}) for node in definition["nodes"])
    attached = definition.get("attached", {})
    return {(attached[i["inst"]], i["label"]) for i in every if i.get("inst") in attached}


def _bad_code(table: Table, at: int, several: bool) -> tuple[int, str] | None:
    for line, row in zip(table.lines, table.rows, strict=True):
        code = row[at] or ""
        if not code.strip():
            return line, "file_code_blank"
        if several and code.split() != [code]:
            return line, "file_code_spaced"
    return None
