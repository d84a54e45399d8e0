"""The rules of the desk: kinds of requests, who does what about them, and until when. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

KINDS: Final = ("access", "correct", "withdraw", "delete")
OPEN, DONE, REFUSED = "open", "done", "refused"
STATES: Final = (OPEN, DONE, REFUSED)
WORKING_DAYS: Final = 15  # from the day it was asked; public holidays are not counted out
DONE_BY: Final = {
    "access": "handed_over",
    "correct": "corrected",
    "withdraw": "withdrawn",
    "delete": "erased",
}
REFUSALS: Final = ("identity", "law", "nothing_held", "taken_back")
OUTCOMES: Final = (*DONE_BY.values(), *REFUSALS)
REASON: Final = (4, 300)  # shortest and longest, characters


@dataclass(frozen=True)
class Standing:
    """What a person is to a request. desk: works the rights desk of its scope and area; reviews:
    decides there on visits, and so sees what is clinical.
    """

    desk: bool
    reviews: bool

    @property
    def sees(self) -> bool:
        """Whether it is there for them at all."""
        return self.desk or self.reviews

    def acts(self, kind: str, state: str) -> list[str]:
        """What they may do about it now."""
        if state != OPEN or not self.sees:
            return ["print"] if self.sees and state != OPEN and kind == "access" else []
        own = {
            "access": ["hand_over"],
            "correct": ["correct"] if self.reviews else [],
            "withdraw": ["withdraw"],
            "delete": ["erase"] if self.desk else [],
        }[kind]
        return ["print", *own, *(["refuse"] if self.desk else [])]


def due_on(asked: str) -> str:
    """The last working day for an answer to what was asked on a day (both YYYY-MM-DD)."""
    day, left = date.fromisoformat(asked), WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day.isoformat()


def names_somebody(text: str, values: list[str]) -> bool:
    """Whether a text holds one of these values: a reason is kept for years, a name must not be."""
    plain = "".join(text.split()).lower()
    return any(
        len(known) > 1 and known in plain
        for value in values
        if (known := "".join(value.split()).lower())
    )
