"""What is wrong with a form: one problem per place, collected, worded for the person who writes
forms, in Chinese and English.

A problem is a code of the catalogue (`refusals.py`) with its parameters and its place on the
sheets. Nobody words a problem where it is found. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from .refusals import REFUSALS

LANGS = ("zh", "en")


Words: TypeAlias = str | int | tuple[str, str]
"""What a parameter is shown as: the same in every language, or `(zh, en)`."""


def language_of(locale: str) -> str:
    """The language for a terminal with this LANG: English if it asks for it, else Chinese."""
    return "en" if locale.lower().startswith("en") else "zh"


@dataclass(frozen=True)
class FormProblem:
    """code: key of REFUSALS; params fill its texts.

    sheet, row and column: the cell, as far as it is known; rows count from 1, the headings among
    them. question: name of the node ('' for the form); path: its slash path, to find the row by.
    """

    code: str
    params: Mapping[str, Words] = field(default_factory=dict, hash=False)
    question: str = ""
    column: str = ""
    sheet: str = ""
    row: int | None = None
    path: str = field(default="", compare=False)

    def message(self, lang: str = "en") -> str:
        """What is wrong."""
        return self._words(REFUSALS[self.code].message, lang)

    def remedy(self, lang: str = "en") -> str:
        """What to do."""
        return self._words(REFUSALS[self.code].remedy, lang)

    def place(self, lang: str = "en") -> str:
        """Sheet, row, column and question; empty if nothing is known."""
        row = (f"第 {self.row} 行" if lang == "zh" else f"row {self.row}") if self.row else ""
        column = self.column and (f"{self.column} 列" if lang == "zh" else f"column {self.column}")
        if lang == "zh":
            sheet = self.sheet and f"{self.sheet} 表"
            where = " ".join(part for part in (sheet, row, column) if part)
        else:
            where = ", ".join(part for part in (self.sheet, row, column) if part)
        return " ".join(part for part in (where, self.question) if part)

    def text(self, lang: str = "en") -> str:
        """Place, what is wrong and what to do, in one line."""
        colon, stop = ("：", "。") if lang == "zh" else (": ", ". ")
        said = f"{self.message(lang)}{stop}{self.remedy(lang)}"
        place = self.place(lang)
        return f"{place}{colon}{said}" if place else said

    def __str__(self) -> str:
        return self.text()

    def at(self, sheet: str, row: int | None = None, column: str = "") -> "FormProblem":
        """The same with its place; a column known already stays unless another is given."""
        return replace(self, sheet=sheet, row=row, column=column or self.column)

    def _words(self, texts: tuple[str, str], lang: str) -> str:
        index = LANGS.index(lang)
        shown = {
            key: value[index] if isinstance(value, tuple) else value
            for key, value in self.params.items()
        }
        known = {"sheet": self.sheet, "column": self.column, "question": self.question, **shown}
        return texts[index].format_map(_Shown(known))


class _Shown(dict[str, Words]):
    """Parameters; one that nobody gave reads as an ellipsis."""

    def __missing__(self, _key: str) -> str:
        return "…"


class FormError(ValueError):
    """A form that can't be published, with every reason."""

    def __init__(self, problems: Iterable[FormProblem]) -> None:
        self.problems = list(problems)
        super().__init__(self.text())

    def text(self, lang: str = "en") -> str:
        """Every problem, one a line."""
        return "\n".join(problem.text(lang) for problem in self.problems)


class RefusedError(ValueError):
    """One refusal that knows no place yet: a code of REFUSALS and what its texts need."""

    def __init__(self, code: str, **params: Words) -> None:
        self.code, self.params = code, params
        super().__init__(FormProblem(code, params).message())
