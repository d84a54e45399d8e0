"""The sheets of an XLSForm as its author wrote them: rows and columns, and where a problem of the
compiled form stands in them.

Rows count as in a spreadsheet: the headings are row 1. It knows no XForm.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO
from typing import Any

from .problems import FormProblem

MEDIA = "media::"  # may be left out of a heading
NAMES = ("survey", "choices", "settings", "entities", "external_choices", "osm")
FIRST_ROW = 2
SHOWN = 120
# What pyxform makes of a row beside the question itself.
MADE = re.compile(r"^(?P<of>.+)_(other|count)$")
NUMBERED = re.compile(r"^(generated_note_name|reserved_name_for_field_list_labels)_(?P<row>\d+)$")
OTHER_SPELLINGS = {
    "calculate": "calculation",
    "relevance": "relevant",
    "read_only": "readonly",
    "constraining_message": "constraint_message",
    "count": "repeat_count",
    "title": "form_title",
    "id_string": "form_id",
    "image": "media::image",
    "audio": "media::audio",
    "video": "media::video",
}
# Where a problem of a column may really stand.
INSTEAD = {"default": ("calculation",), "label": ("calculation",), "calculation": ("repeat_count",)}
ENTITY_COLUMNS = {
    "@id": "entity_id",
    "@create": "create_if",
    "@update": "update_if",
    "label": "label",
}


@dataclass
class Sheets:
    """rows: per sheet, dicts of heading → text, the first one row 2; headings: in their order."""

    rows: dict[str, list[dict[str, str]]]
    headings: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, content: bytes, kind: str) -> "Sheets":
        """Those of a file. Raises PyXFormError for what is no such file."""
        from pyxform.xls2json_backends import get_xlsform

        book = get_xlsform(BytesIO(content), file_type=kind)
        rows = {n: list(getattr(book, n)) for n in NAMES if getattr(book, n) is not None}
        heads = {n: getattr(book, f"{n}_header") or [{}] for n in rows}
        return cls(rows, {n: list(h[0]) for n, h in heads.items()}, list(book.sheet_names or ()))

    def workbook(self) -> dict[str, Any]:
        """As pyxform takes it, in copies that it may change."""
        book: dict[str, Any] = {"sheet_names": list(self.names)}
        for name, rows in self.rows.items():
            book[name] = [dict(row) for row in rows]
            book[f"{name}_header"] = [dict.fromkeys(self.headings[name])]
        return book

    def heading(self, sheet: str, column: str, row: int | None, about: str = "") -> str:
        """How the author spelled a column; of several languages the one whose cell in the row
        mentions `about`, or has text.
        """
        found = [h for h in self.headings.get(sheet, ()) if is_column(h, column)]
        cells = self.cells(sheet, row)
        told = [h for h in found if cells.get(h)]
        mentioned = [h for h in told if about and about in cells[h]]
        best = (mentioned or told or found)[:1]
        return best[0] if best else column

    def cells(self, sheet: str, row: int | None) -> dict[str, str]:
        """A row's cells by heading; none for a row that isn't there."""
        rows = self.rows.get(sheet, [])
        index = (row or 0) - FIRST_ROW
        return rows[index] if 0 <= index < len(rows) else {}

    def value(self, sheet: str, row: int, column: str) -> str:
        """What stands in the column of a row, whatever its spelling; blank if nothing does."""
        cells = self.cells(sheet, row)
        return next((text for head, text in cells.items() if is_column(head, column)), "")

    def put(self, sheet: str, row: int, column: str, text: str) -> None:
        """Write a cell under its author's heading; one is added where there is none."""
        heading = self.heading(sheet, column, row)
        if heading not in self.headings.setdefault(sheet, []):
            self.headings[sheet].append(heading)
        self.cells(sheet, row)[heading] = text

    def numbered(self, sheet: str) -> Iterator[int]:
        """The numbers of its rows."""
        return iter(range(FIRST_ROW, len(self.rows.get(sheet, ())) + FIRST_ROW))

    def find(self, sheet: str, **wanted: str) -> int | None:
        """The first row with these values by column."""
        for row in self.numbered(sheet):
            if all(self.value(sheet, row, name) == text for name, text in wanted.items()):
                return row
        return None

    def in_order(self, problems: Iterable[FormProblem]) -> list[FormProblem]:
        """As one reads a workbook: sheet by sheet, row by row; the whole form before all."""
        return sorted(problems, key=self._order)

    def _order(self, problem: FormProblem) -> tuple[int, int, int]:
        sheets, columns = ("", *NAMES), ["", *self.headings.get(problem.sheet, ())]
        return (
            sheets.index(problem.sheet) if problem.sheet in sheets else len(sheets),
            problem.row or 0,
            columns.index(problem.column) if problem.column in columns else len(columns),
        )

    # ---- where a problem stands

    def placed(self, problem: FormProblem) -> FormProblem:
        """The problem with the sheet, row and column of what it is about, as far as they show."""
        if problem.row is not None:
            return self._with_heading(problem)
        if problem.sheet == "choices" or (not problem.question and "list" in problem.params):
            return self._in_choices(problem)
        if problem.sheet == "settings" and "settings" in self.rows:
            return self._with_heading(replace(problem, row=FIRST_ROW))
        if problem.sheet == "entities" or "/entity" in f"/{problem.path}":
            return self._in_entities(problem)
        row = self._row_of(problem)
        return self._with_heading(problem.at("survey", row)) if row else problem

    def _row_of(self, problem: FormProblem) -> int | None:
        path, name = problem.path or problem.question, problem.question
        home = path.rpartition("/")[0]
        numbered, made = NUMBERED.match(name), MADE.match(name)
        if path in self.paths:
            return self.paths[path]
        if numbered:
            return int(numbered["row"])
        if made and f"{home}/{made['of']}".strip("/") in self.paths:
            return self.paths[f"{home}/{made['of']}".strip("/")]
        return self.find("survey", name=name) if name else None

    def _in_choices(self, problem: FormProblem) -> FormProblem:
        wanted = {"list_name": str(problem.params.get("list", problem.question))}
        if "choice" in problem.params:
            wanted["name"] = str(problem.params["choice"])
        row = self.find("choices", **wanted)
        return self._with_heading(problem.at("choices", row)) if row else problem

    def _in_entities(self, problem: FormProblem) -> FormProblem:
        row = self.find("entities", list_name=str(problem.params.get("list", "")))
        row = row or (FIRST_ROW if len(self.rows.get("entities", ())) == 1 else None)
        column = ENTITY_COLUMNS.get(problem.question, problem.column)
        return self._with_heading(replace(problem.at("entities", row, column), question=""))

    def _with_heading(self, problem: FormProblem) -> FormProblem:
        if not problem.column:
            return problem
        values = (v for k, v in problem.params.items() if k in ("source", "text", "name", "q"))
        about = next((str(v) for v in values if v), "")
        column = problem.column
        if problem.row and not self.value(problem.sheet, problem.row, column):
            others = INSTEAD.get(column, ())
            said = (c for c in others if self.value(problem.sheet, problem.row, c))
            column = next(said, column)
        heading = self.heading(problem.sheet, column, problem.row, about)
        written = self.cells(problem.sheet, problem.row).get(heading)
        params = dict(problem.params)
        if written and "source" in params:  # as the author wrote it, not as pyxform spelled it
            params["source"] = written if len(written) <= SHOWN else written[:SHOWN] + "…"
        return replace(problem, column=heading, params=params)

    @cached_property
    def paths(self) -> dict[str, int]:
        """Row of every question and group by its slash path."""
        return {"/".join(path): row for row, path in self._walk()}

    def _walk(self) -> Iterator[tuple[int, list[str]]]:
        within: list[str] = []
        for row in self.numbered("survey"):
            kind = self.value("survey", row, "type").lower().replace("_", " ")
            name = self.value("survey", row, "name")
            if kind.startswith("end "):
                within = within[:-1]
            elif name:
                yield row, [*within, name]
            if kind.startswith("begin "):
                within = [*within, name]


def is_column(heading: str, column: str) -> bool:
    """Whether a heading is that column, in some language and in any of its spellings."""
    plain = heading.strip().lower().removeprefix("bind::").replace(" ", "_")
    if column.startswith(MEDIA):
        return re.split(r"::?", plain.removeprefix(MEDIA))[0] == column.removeprefix(MEDIA)
    base = re.split(r"::?", plain)[0]
    return column in (plain, base, OTHER_SPELLINGS.get(base), OTHER_SPELLINGS.get(plain))
