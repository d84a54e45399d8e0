"""What is wrong with a form: one problem per place, collected, worded for the person who writes
forms.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class FormProblem:
    """question: name of the node ('' for the form); message: what; remedy: what to do; where: sheet
    and row, if known.
    """

    question: str
    message: str
    remedy: str
    where: str = ""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.where, self.question) if part)
        return (
            f"{place}: {self.message}. {self.remedy}" if place else f"{self.message}. {self.remedy}"
        )

    def at(self, where: str) -> "FormProblem":
        """The same with its place."""
        return replace(self, where=where)


class FormError(ValueError):
    """A form that can't be published, with every reason."""

    def __init__(self, problems: Iterable[FormProblem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
