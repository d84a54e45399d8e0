"""The rules of looking at one record in an emergency: for how long, and until when judged. Pure."""

from datetime import datetime, timedelta
from typing import Final

SCOPE: Final = "health"  # and nothing else: who is cared for in an emergency has no dwelling here
FOUND_FOR: Final = timedelta(minutes=10)  # in which somebody who was found may be looked at
OPEN_FOR: Final = timedelta(minutes=60)
JUDGED_IN: Final = timedelta(hours=24)
REASON: Final = (10, 300)  # shortest and longest, characters
NOTE: Final = (4, 300)
MOST: Final = 3  # exact matches told at once
JUSTIFIED, UNJUSTIFIED = "justified", "not_justified"
VERDICTS: Final = (JUSTIFIED, UNJUSTIFIED)
SEARCHES: Final = "10 per hour"  # of one person
TEXT_FROM: Final = 7  # digits of the shortest number that is looked for


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are the same, but for blanks and case."""
    return bool(one) and _plain(one) == _plain(other)


def is_same_number(one: str, other: str) -> bool:
    """Whether two telephone numbers are the same, but for what isn't a digit."""
    digits = _digits(one)
    return len(digits) >= TEXT_FROM and digits == _digits(other)


def names_enough(name: str, born: str, phone: str) -> bool:
    """Whether a search says who is meant: a name, and the day of birth or a number."""
    return bool(_plain(name)) and bool(born or len(_digits(phone)) >= TEXT_FROM)


def hours_late(due: str, now: datetime) -> int:
    """Full hours since a look had to be judged (due: ISO moment); less than 0: it hasn't yet."""
    return int((now - datetime.fromisoformat(due)).total_seconds() // 3600)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign in "0123456789")
