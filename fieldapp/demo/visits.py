"""A visit of the demo before a phone has made a submission of it, and how visits are told.

Pure. A story yields visits in the order they happen; each says who went where when, what was
answered, and which records the phone had to look up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from fieldapp.clock import CHINA
from fieldapp.programs.service import load_programs
from fieldapp.sync.reconcile import Derivation


@dataclass
class Visit:
    """answers: as typed, by group; what the form calculates is added later.

    about: ids of the records it concerns (person, dwelling), which the phone looks things up in.
    made: the finished answers, derived: what they write, once a phone has finished it.
    """

    form: str
    author: str
    area: str
    at: datetime
    answers: dict[str, Any]
    about: list[str] = field(default_factory=list)
    made: Mapping[str, Any] = field(default_factory=dict)
    derived: Derivation | None = None

    @property
    def version(self) -> str:
        """Of its form, as phones have it."""
        program = load_programs().for_form(self.form)
        return str(program.forms[self.form]["version"]) if program else ""

    @property
    def on(self) -> date:
        """The day it is about."""
        return self.at.date()


def moment(random: Random, day: date) -> datetime:
    """Some minute of a working day in China."""
    return datetime.combine(day, time(8 + random.randrange(10), random.randrange(60)), CHINA)


def between(random: Random, first: date, last: date) -> date:
    """A day from `first` to `last`, both possible."""
    return first + timedelta(random.randint(0, max(0, (last - first).days)))


def pick(random: Random, **weights: int) -> str:
    """A key with the chance of its weight; a leading underscore is dropped (`_1` is `1`)."""
    return random.choices(list(weights), list(weights.values()))[0].lstrip("_")
