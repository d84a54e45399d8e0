"""What an XLSForm says that pyxform passes over in silence, or writes elsewhere than in the XForm.

Knows sheets and no XForm beyond where an instance goes into it.
"""

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr, unescape

from .problems import FormProblem
from .sheets import FIRST_ROW, Sheets, is_column
from .xlsform import misspelt

NAME = re.compile(r"[A-Za-z_][\w.-]*")
BEFORE = re.compile(r"<bind ")
TRANSLATION = re.compile(r'<translation [^>]*lang="(?P<lang>[^"]*)"[^>]*>')


def overlooked(sheets: Sheets) -> list[FormProblem]:
    """What would be lost: columns that are nearly known ones, values saved to no entity, the form's
    own name.
    """
    problems = [*_misspelt(sheets), *_saved_to_nothing(sheets)]
    if sheets.rows.get("survey") and not _has_id(sheets):
        params = {"key": "id"}
        problems.append(FormProblem("setting_missing", params, column="form_id", sheet="settings"))
    return problems


def _misspelt(sheets: Sheets) -> Iterator[FormProblem]:
    for sheet, headings in sheets.headings.items():
        for heading in headings:
            meant = misspelt(sheet, heading)
            if meant and any(row.get(heading) for row in sheets.rows[sheet]):
                params = {"meant": meant, "heading": heading}
                yield FormProblem("column_misspelt", params, column=heading, sheet=sheet, row=1)


def _saved_to_nothing(sheets: Sheets) -> Iterator[FormProblem]:
    if any(sheets.rows.get("entities", ())):
        return
    for row in sheets.numbered("survey"):
        saved = sheets.value("survey", row, "save_to")
        if saved:
            name = sheets.value("survey", row, "name")
            problem = FormProblem("save_without_entity", {"property": saved}, name, "save_to")
            yield problem.at("survey", row)


def name_form(sheets: Sheets, name: str) -> None:
    """Give a form without form_id the name of its file, as ODK does."""
    if not name or _has_id(sheets):
        return
    settings = sheets.rows.setdefault("settings", [])
    if not settings:
        settings.append({})
    settings[0]["form_id"] = re.sub(r"[^\w.-]+", "_", name)
    sheets.headings.setdefault("settings", []).append("form_id")


def _has_id(sheets: Sheets) -> bool:
    return bool(sheets.value("settings", FIRST_ROW, "form_id"))


def with_external_choices(xform: str, sheets: Sheets) -> str:
    """The XForm with the lists of the external_choices sheet, which pyxform writes to a file, their
    texts among its translations.
    """
    lists: dict[str, list[Mapping[str, str]]] = {}
    for row in sheets.rows.get("external_choices", ()):
        name = row.get("list_name") or row.get("list name")
        if name:
            lists.setdefault(name, []).append(row)
    langs = {unescape(found["lang"]) for found in TRANSLATION.finditer(xform)}
    words: dict[str, str] = dict.fromkeys(langs, "")
    added = "".join(_instance(name, rows, words) for name, rows in lists.items())
    if not added:
        return xform
    told = TRANSLATION.sub(lambda found: found[0] + words[unescape(found["lang"])], xform)
    return BEFORE.sub(lambda found: added + found[0], told, count=1)


def _instance(name: str, rows: list[Mapping[str, str]], words: dict[str, str]) -> str:
    """A list as an instance. words: by language; its texts are added."""
    items = []
    for number, row in enumerate(rows):
        cells = {h: t for h, t in row.items() if NAME.fullmatch(h) and h != "list_name"}
        labels = {_language(h): t for h, t in row.items() if is_column(h, "label") and t}
        spoken = labels.keys() & words.keys()
        if spoken:
            cells["itextId"] = f"external_choices-{name}-{number}"
        cells["label"] = next(iter(labels.values()), "")
        for lang in spoken:
            value = f"<value>{escape(labels[lang])}</value>"
            words[lang] += f"<text id={quoteattr(cells['itextId'])}>{value}</text>"
        items.append(f"<item>{''.join(map(_cell, cells.items()))}</item>")
    return f"<instance id={quoteattr(name)}><root>{''.join(items)}</root></instance>"


def _language(heading: str) -> str:
    """`label::English (en)` → `English (en)`, as pyxform names a translation."""
    return re.split(r"::?", heading, maxsplit=1)[1].strip() if ":" in heading else "default"


def _cell(cell: tuple[str, str]) -> str:
    return f"<{cell[0]}>{escape(cell[1])}</{cell[0]}>"
