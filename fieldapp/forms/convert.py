"""From an XLSForm's sheets to an XForm by pyxform, with everything it objects to.

pyxform stops at its first objection. So what it objects to is noted, the cell or row is made
harmless, and it is asked again, until it is content or nothing more can be made harmless. The XForm
of a form with objections is good only for finding further ones.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from .problems import FormProblem, Words
from .pyxform_words import BY_CODE, BY_WORDING, PATTERNS
from .sheets import Sheets, is_column
from .xlsform import OF_ANSWERS, QUESTION_TYPES

ROUNDS = 50
SECONDS = 3.0
ROW = re.compile(r"\[row : (\d+)\]\s*")
CELL = re.compile(r"On the '(?P<sheet>\w+)' sheet, the '(?P<column>[^']+)' value")
INVALID = re.compile(r"^On the '\w+' sheet, .*? (invalid|problematic)\. ")
MORE = re.compile(r"\s*Learn more: \S+")
UNMATCHED = ("pyxform_survey_001", "pyxform_survey_002")
NAME = re.compile(r"^[A-Za-z_][\w.-]*$")
MANY_OF_ANSWERS = re.compile(r"(add )?select[ _](multiple|all)\b(?!.*from[ _]file).*\$\{")
SELECT = re.compile(r"(add )?(select|rank)")
LISTED = re.compile(r"(add )?(select|rank)(?!.*external).*? (?P<list>[^\s.$]+)( or[_ ].*)?$")
SAYING = ("label", "hint", "calculation", "trigger", "media::image", "media::audio", "media::video")
# What keeps a cell from being missed once what was wrong with it is noted.
NEUTRAL = {"label": "-", "calculation": "1", "entity_id": "1", "create_if": "1", "update_if": "1"}


def convert(sheets: Sheets) -> tuple[str | None, list[FormProblem]]:
    """The XForm, if one could be made, and what is wrong with the sheets. Changes the sheets it is
    given where something is wrong.
    """
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert as convert_with_pyxform

    mending, until = _Mending(sheets), time.monotonic() + SECONDS
    mending.mend(list(_chosen_from_answers(sheets)))
    for _ in range(ROUNDS):
        try:
            return str(convert_with_pyxform(sheets.workbook()).xform), mending.problems
        except PyXFormError as error:
            if not mending.mend(objections(str(error), sheets)) or time.monotonic() > until:
                return None, mending.problems
        except RecursionError:
            return None, [*mending.problems, FormProblem("too_deep")]
        except MemoryError:
            raise
        except Exception as error:  # the library's own fault; what was found before still counts
            stumbled = FormProblem("unreadable", {"detail": type(error).__name__})
            return None, [*mending.problems, stumbled]
    return None, mending.problems


def _chosen_from_answers(sheets: Sheets) -> Iterator[FormProblem]:
    """Questions of many choices among a repeat's answers, over which pyxform stumbles."""
    for row in sheets.numbered("survey"):
        if MANY_OF_ANSWERS.match(sheets.value("survey", row, "type").strip()):
            entry = QUESTION_TYPES[OF_ANSWERS]
            said: tuple[Words, ...] = (OF_ANSWERS, entry.note, entry.remedy)
            params = dict(zip(("name", "why", "remedy"), said, strict=True))
            yield FormProblem("word_refused", params, column="type").at("survey", row)


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
    name = str(problem.params.get("name", ""))
    if problem.code == "pyxform_unknown_type":
        sheet, rows = "survey", _rows_of_type(sheets, str(problem.params["type"]))
    elif problem.code == "pyxform_space_in_choice":
        found = {"list_name": str(problem.params["list"]), "name": str(problem.params["choice"])}
        sheet, rows = "choices", [row for row in (sheets.find("choices", **found),) if row]
    elif problem.code == "pyxform_no_label":
        problem = replace(problem, params={"said": "This question has no label or hint"})
        sheet, rows = "survey", [*_unlabelled(sheets)] or _rows_of_name(sheets, name)
    elif problem.code == "pyxform_trigger_unseen":
        sheet, rows = "survey", _rows_of_name(sheets, name)
    elif problem.code == "pyxform_no_choices_sheet":
        sheet, rows = "survey", [*_listed(sheets)][:1]
    elif problem.code == "pyxform_no_question":
        yield from _mentions(problem, sheets)
        return
    yield from (problem.at(sheet, row) for row in rows)
    if not rows:
        yield problem


def _rows_of_type(sheets: Sheets, kind: str) -> list[int]:
    return [r for r in sheets.numbered("survey") if sheets.value("survey", r, "type") == kind]


def _rows_of_name(sheets: Sheets, name: str) -> list[int]:
    return [r for r in sheets.numbered("survey") if sheets.value("survey", r, "name") == name]


def _unlabelled(sheets: Sheets) -> Iterator[int]:
    """Rows of questions that are shown but say nothing, of which pyxform names only the first."""
    for row in sheets.numbered("survey"):
        kind = sheets.value("survey", row, "type")
        said = any(sheets.value("survey", row, column) for column in SAYING)
        head = sheets.value("survey", row, "appearance") == "label"
        if not said and not head and _is_shown(kind):
            yield row


def _is_shown(kind: str) -> bool:
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

    control = QUESTION_TYPE_DICT.get(kind, {}).get("control", {})
    return bool(SELECT.match(kind)) or control.get("tag", "action") != "action"


def _listed(sheets: Sheets) -> dict[int, str]:
    """Rows of questions that choose from the choices sheet, with their list."""
    kinds = {
        row: LISTED.match(sheets.value("survey", row, "type")) for row in sheets.numbered("survey")
    }
    return {row: found["list"] for row, found in kinds.items() if found}


def _mentions(problem: FormProblem, sheets: Sheets) -> Iterator[FormProblem]:
    """A problem of a reference at every cell that has it; the problem as it is if none does."""
    wanted = f"${{{problem.params['q']}}}"
    cells = [
        problem.at(sheet, row, heading)
        for sheet in sheets.rows
        for row in sheets.numbered(sheet)
        for heading, text in sheets.cells(sheet, row).items()
        if wanted in text
    ]
    yield from cells or [problem]


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
        cells = self.sheets.cells(problem.sheet, problem.row)
        column = self._heading(problem)
        if problem.code == "pyxform_no_choices_sheet":
            self._stand_in_choices()
            return True
        if problem.code == "pyxform_no_label":
            self.sheets.put("survey", problem.row, "label", NEUTRAL["label"])
            return True
        if column in cells and not any(is_column(column, c) for c in ("type", "name", "list_name")):
            neutral = next((text for c, text in NEUTRAL.items() if is_column(column, c)), "")
            if neutral in ("", cells[column]):
                del cells[column]
            else:
                cells[column] = neutral
            return True
        place = (problem.sheet, problem.row)
        tried = self.tried[place] = self.tried.get(place, -1) + 1
        if problem.sheet == "survey" and tried < 2 and problem.code not in UNMATCHED:
            self._stand_in(cells, problem.row)
        else:
            self._blank(problem.sheet, problem.row)
        return tried < 4

    def _note(self, problem: FormProblem) -> None:
        name = self.sheets.value(problem.sheet, problem.row, "name") if problem.row else ""
        question = name if problem.sheet == "survey" else ""
        column = self._heading(problem)
        cell = FormProblem(
            problem.code, problem.params, question, column, problem.sheet, problem.row
        )
        if cell not in self.problems:
            self.problems.append(cell)

    def _heading(self, problem: FormProblem) -> str:
        about = str(problem.params.get("q", ""))
        return self.sheets.heading(problem.sheet, problem.column, problem.row, about)

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
        for column, text in (("type", kind), ("name", name), ("label", NEUTRAL["label"])):
            self.sheets.put("survey", row, column, text)

    def _stand_in_choices(self) -> None:
        """One choice for every list that is chosen from, so that the rest can be read."""
        sheet, columns = "choices", ("list_name", "name", "label")
        lists = dict.fromkeys(_listed(self.sheets).values())
        self.sheets.rows[sheet] = [
            dict(zip(columns, (one, "1", "-"), strict=True)) for one in lists
        ]
        self.sheets.headings[sheet] = list(columns)
        self.sheets.names.append(sheet)

    def _blank(self, sheet: str, row: int) -> None:
        self.gone.add(self.sheets.value(sheet, row, "name"))
        self.sheets.cells(sheet, row).clear()
        if sheet == "entities":
            for cells in self.sheets.rows.get("survey", ()):
                for heading in [h for h in cells if is_column(h, "save_to")]:
                    del cells[heading]
