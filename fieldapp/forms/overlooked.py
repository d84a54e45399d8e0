"""What an XLSForm says that pyxform passes over in silence, or writes elsewhere than in the XForm.

Knows sheets and no XForm beyond where an instance goes into it.
"""

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

from .problems import FormProblem
from .sheets import FIRST_ROW, Sheets
from .xlsform import misspelt

NAME = re.compile(r"[A-Za-z_][\w.-]*")
BEFORE = re.compile(r"<bind ")


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
    for row in range(FIRST_ROW, len(sheets.rows.get("survey", ())) + FIRST_ROW):
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
    """The XForm with the lists of the external_choices sheet, which pyxform writes to a file."""
    lists: dict[str, list[Mapping[str, str]]] = {}
    for row in sheets.rows.get("external_choices", ()):
        name = row.get("list_name") or row.get("list name")
        if name:
            lists.setdefault(name, []).append(row)
    added = "".join(_instance(name, rows) for name, rows in lists.items())
    return BEFORE.sub(lambda found: added + found[0], xform, count=1) if added else xform


def _instance(name: str, rows: list[Mapping[str, str]]) -> str:
    items = "".join(f"<item>{''.join(map(_cell, row.items()))}</item>" for row in map(_plain, rows))
    return f'<instance id="{escape(name)}"><root>{items}</root></instance>'


def _plain(row: Mapping[str, str]) -> dict[str, str]:
    """A row with its text as `label`, in whatever language it is."""
    text = next((text for head, text in row.items() if head.startswith("label") and text), "")
    plain = {h: t for h, t in row.items() if NAME.fullmatch(h) and h != "list_name"}
    return {**plain, "label": text}


def _cell(cell: tuple[str, str]) -> str:
    return f"<{cell[0]}>{escape(cell[1])}</{cell[0]}>"
