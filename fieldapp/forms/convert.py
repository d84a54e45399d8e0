"""From an XLSForm's sheets to an XForm by pyxform, with everything it objects to.

pyxform stops at its first objection. So what it objects to is noted, the cell or row is made
harmless, and it is asked again, until it is content or nothing more can be made harmless. The XForm
of a form with objections is good only for finding further ones.
"""

import re
import time
from collections.abc import Iterator
from functools import cache

from .problems import FormProblem
from .pyxform_words import BY_CODE, BY_WORDING, PATTERNS
from .sheets import FIRST_ROW, Sheets

ROUNDS = 50
SECONDS = 3.0
ROW = re.compile(r"\[row : (\d+)\]\s*")
CELL = re.compile(r"On the '(?P<sheet>\w+)' sheet, the '(?P<column>[^']+)' value")
INVALID = re.compile(r"^On the '\w+' sheet, .*? (invalid|problematic)\. ")
MORE = re.compile(r"\s*Learn more: \S+")
UNMATCHED = ("pyxform_survey_001", "pyxform_survey_002")
NAME = re.compile(r"^[A-Za-z_][\w.-]*$")


def convert(sheets: Sheets) -> tuple[str | None, list[FormProblem]]:
    """The XForm, if one could be made, and what is wrong with the sheets. Changes the sheets it is
    given where something is wrong.
    """
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert as convert_with_pyxform

    mending, until = _Mending(sheets), time.monotonic() + SECONDS
    for _ in range(ROUNDS):
        try:
            return str(convert_with_pyxform(sheets.workbook()).xform), mending.problems
        except PyXFormError as error:
            if not mending.mend(objections(str(error), sheets)) or time.monotonic() > until:
                return None, mending.problems
        except RecursionError:
            return None, [*mending.problems, FormProblem("too_deep")]
    return None, mending.problems


# ---- reading what pyxform says


def objections(said: str, sheets: Sheets) -> list[FormProblem]:
    """What one of pyxform's errors says, one problem a place."""
    lines = said.split("\n") if said.count("[row : ") > 1 else [said]
    return [p for line in lines if line.strip() for p in _spread(_objection(line), sheets)]


def _objection(said: str) -> FormProblem:
    """One objection as a problem, its place as far as pyxform tells it."""
    row, cell = ROW.search(said), CELL.search(said)
    text = INVALID.sub("", MORE.sub("", ROW.sub("", said)).strip()).rstrip(".")
    code, params, column = _recognised(said)
    sheet = cell["sheet"] if cell else ("survey" if row else "")
    return FormProblem(
        code,
        {"said": text, **params},
        column=cell["column"] if cell else column,
        sheet=sheet,
        row=int(row[1]) if row else None,
    )


def _recognised(said: str) -> tuple[str, dict[str, str], str]:
    """Our code for pyxform's words, what they mention, and the column they are about."""
    for code, pattern in _templates().items():
        match = pattern.search(said)
        if match:
            return f"pyxform_{code.lower()}", match.groupdict(), ""
    for name, pattern in PATTERNS.items():
        match = pattern.search(said)
        if match:
            return f"pyxform_{name}", match.groupdict(), BY_WORDING[name][1]
    return "pyxform", {}, ""


@cache
def _templates() -> dict[str, re.Pattern[str]]:
    """pyxform's messages by code, as patterns; where it gives text only, that tells the code."""
    from pyxform.errors import ErrorCode

    return {c.name: _template(c.value.msg) for c in ErrorCode if c.name in BY_CODE}


def _template(message: str) -> re.Pattern[str]:
    message = message.replace("{{", "{").replace("}}", "}")
    pieces, seen = [], set()
    for piece in re.split(r"(\{\w+\})", message):
        name = piece[1:-1]
        if not re.fullmatch(r"\{\w+\}", piece):
            pieces.append(re.escape(piece))
        elif name in seen:
            pieces.append(f"(?P={name})")
        else:
            seen.add(name)
            pieces.append(f"(?P<{name}>.*?)")
    return re.compile("".join(pieces), re.DOTALL)


def _spread(problem: FormProblem, sheets: Sheets) -> Iterator[FormProblem]:
    """The problem in every row it is about, where pyxform names none."""
    rows = [problem.row] if problem.row else []
    sheet = problem.sheet
    if problem.code == "pyxform_unknown_type":
        sheet, rows = "survey", _rows_of_type(sheets, str(problem.params["type"]))
    elif problem.code == "pyxform_space_in_choice":
        found = {"list_name": str(problem.params["list"]), "name": str(problem.params["choice"])}
        sheet, rows = "choices", [row for row in (sheets.find("choices", **found),) if row]
    yield from (problem.at(sheet, row) for row in rows)
    if not rows:
        yield problem


def _rows_of_type(sheets: Sheets, kind: str) -> list[int]:
    rows = range(FIRST_ROW, len(sheets.rows.get("survey", ())) + FIRST_ROW)
    return [row for row in rows if sheets.value("survey", row, "type") == kind]


# ---- making it harmless


class _Mending:
    """Notes objections and makes what they are about harmless, ever more thoroughly."""

    def __init__(self, sheets: Sheets) -> None:
        self.sheets, self.problems = sheets, list[FormProblem]()
        self.tried: dict[tuple[str, int], int] = {}
        self.gone: set[str] = set()

    def mend(self, found: list[FormProblem]) -> bool:
        """Note these and make their places harmless; false if there is nothing left to do."""
        mended = [self._mend(problem) for problem in found]
        return any(mended)

    def _mend(self, problem: FormProblem) -> bool:
        if problem.params.get("q") not in self.gone and problem.code not in self._follows():
            self._note(problem)
        if problem.row is None or not self.sheets.cells(problem.sheet, problem.row):
            return False
        column = self.sheets.heading(problem.sheet, problem.column, problem.row)
        cells = self.sheets.cells(problem.sheet, problem.row)
        if column in cells and problem.column not in ("type", "name", "list_name"):
            del cells[column]
            return True
        place = (problem.sheet, problem.row)
        tried = self.tried[place] = self.tried.get(place, -1) + 1
        if problem.sheet == "survey" and tried < 2 and problem.code not in UNMATCHED:
            self._stand_in(cells, problem.row)
        else:
            self._blank(problem.sheet, cells)
        return tried < 4

    def _note(self, problem: FormProblem) -> None:
        name = self.sheets.value(problem.sheet, problem.row, "name") if problem.row else ""
        question = name if problem.sheet == "survey" else ""
        column = self.sheets.heading(problem.sheet, problem.column, problem.row)
        cell = FormProblem(
            problem.code, problem.params, question, column, problem.sheet, problem.row
        )
        if cell not in self.problems:
            self.problems.append(cell)

    def _follows(self) -> tuple[str, ...]:
        """Objections that only follow from an entity that was taken out."""
        taken_out = not any(self.sheets.rows.get("entities", [{}]))
        return ("pyxform_entity_001", "pyxform_entity_004") if taken_out else ()

    def _stand_in(self, cells: dict[str, str], row: int) -> None:
        """A plain question of that name, or the bare begin or end of its group."""
        kind, name = (self.sheets.value("survey", row, column) for column in ("type", "name"))
        if not NAME.match(name):
            self.gone.add(name)
            name = f"row_{row}"
        if not kind.lower().startswith(("begin", "end")):
            kind = "text"
        cells.clear()
        label = self.sheets.heading("survey", "label", row)
        cells.update({"type": kind, "name": name, label: "-"})

    def _blank(self, sheet: str, cells: dict[str, str]) -> None:
        self.gone.add(cells.get("name", ""))
        cells.clear()
        if sheet == "entities":
            for row in self.sheets.rows.get("survey", ()):
                row.pop("save_to", None)
