"""What is out of time: rules as `program.toml` states them, over the dates of one person's records.
Pure.

    rule("close+12m")                     # 12 months after the record was closed
    overdue(person, today)                # what of the person goes, and whether all of it does

Anchors: `close`, what the record belongs to was closed (a property or computed one `closed_on`);
`contact`, the last time anybody spoke with the person; `end`, its own end (`end`, `ends_on`);
`let`, what somebody lets was last lived in or visited; none: the day it is about. `kept`: not a
person's, stays. No date, no end: it isn't out of time.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

KEPT: Final = "kept"
CLOSE, CONTACT, END, LET, OWN = "close", "contact", "end", "let", ""
_RULE: Final = re.compile(r"(?:(close|contact|end|let)\+)?([1-9][0-9]{0,3})([dmy])")
ENDS: Final = ("end", "ends_on", "ended_on", "noted_on")


@dataclass(frozen=True)
class Rule:
    """Keep for `length` units (d, m, y) after an anchor; without a unit it is kept."""

    anchor: str = OWN
    length: int = 0
    unit: str = ""

    def after(self, day: str) -> str | None:
        """The first day on which it is out of time; None: never, or no such day is known."""
        if not (self.unit and day):
            return None
        start = date.fromisoformat(day[:10])
        if self.unit == "d":
            return (start + timedelta(days=self.length)).isoformat()
        months = start.month - 1 + self.length * (12 if self.unit == "y" else 1)
        year, month = start.year + months // 12, months % 12 + 1
        return date(year, month, min(start.day, monthrange(year, month)[1])).isoformat()


@lru_cache(maxsize=128)
def rule(text: str) -> Rule:
    """The rule of a text. Raises ValueError for one that says no time."""
    if text == KEPT:
        return Rule()
    found = _RULE.fullmatch(text)
    if not found:
        raise ValueError(
            f"“{text}” is no period: kept, 12m, 30d, close+12m, contact+12m, end+3y or let+6m"
        )
    return Rule(found[1] or OWN, int(found[2]), found[3])


@dataclass(frozen=True)
class Record:
    """A record of a person. props: shown values with the computed ones; `closed_on` is there, if
    only blank, where it can be closed at all. rules: of its registers, as texts. on: the latest day
    it is about. root: what it belongs to, if that isn't the person.
    """

    id: str
    type: str
    props: Mapping[str, str]
    rules: Mapping[str, str]
    on: str
    root: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody with all that is held of them. contact: the last day anybody spoke with them. let:
    the last day on which what they let was lived in or visited; blank while somebody lives there.
    """

    id: str
    records: Sequence[Record]
    contact: str = ""
    let: str = ""


@dataclass(frozen=True)
class Overdue:
    """What of a person is out of time. registers: (record, register) of records that stay."""

    person: str
    records: frozenset[str] = frozenset()
    registers: frozenset[tuple[str, str]] = frozenset()
    all_of_it: bool = False
    since: str = field(default="", compare=False)


def overdue(person: Person, today: str) -> Overdue | None:
    """What of a person is out of time on a day; None if nothing is.

    The person's own record stays while anything else does that isn't a mere proof: whoever is still
    cared for is still known.
    """
    by_id = {record.id: record for record in person.records}
    ends = {record.id: _ends(record, person, by_id) for record in person.records}
    gone = {
        record.id
        for record in person.records
        if record.rules and _is_past(_last(ends[record.id].values()), today)
    }
    staying = set(by_id) - gone
    if person.id in gone and any(_holds(by_id[other]) for other in staying):
        gone.discard(person.id)
    registers = {
        (record.id, register)
        for record in person.records
        if record.id not in gone
        for register, day in ends[record.id].items()
        if register in record.props and len(set(record.rules.values())) > 1
        if _is_past(day, today)
    }
    if not gone and not registers:
        return None
    days = [day for one in gone for day in ends[one].values() if day]
    return Overdue(
        person.id, frozenset(gone), frozenset(registers), gone == set(by_id), max(days, default="")
    )


def _ends(record: Record, person: Person, by_id: Mapping[str, Record]) -> dict[str, str | None]:
    """When each register of a record is out of time."""
    days = {
        CLOSE: _closed(record, by_id),
        CONTACT: person.contact,
        END: _end(record, person),
        LET: person.let,
        OWN: record.on,
    }
    return {name: rule(text).after(days[rule(text).anchor]) for name, text in record.rules.items()}


def last_let(stays: Sequence[Mapping[str, str]], visited: str) -> str:
    """The last day on which something was lived in, by the shown values of the stays there, or was
    visited; blank while a stay goes on.
    """
    ends = [next((stay[name] for name in ENDS if stay.get(name)), "") for stay in stays]
    return max([visited, *ends]) if all(ends) else ""


def _own_end(record: Record) -> str:
    return next((record.props[name] for name in ENDS if record.props.get(name)), "")


def _end(record: Record, person: Person) -> str:
    """When it ended; somebody's own record with the last of what they had, or the last contact."""
    if record.id != person.id:
        return _own_end(record)
    others = [_own_end(other) for other in person.records if other is not record]
    return max(others) if others and all(others) else "" if others else person.contact


def _closed(record: Record, by_id: Mapping[str, Record]) -> str:
    """When it was closed: by itself, or what it belongs to. What can't be closed is as old as the
    last day it is about.
    """
    if "closed_on" in record.props:
        return record.props["closed_on"]
    other = by_id.get(record.root)
    return _closed(other, by_id) if other and other is not record else record.on


def _last(days: Collection[str | None]) -> str | None:
    """The last of several days; None if one of them never comes."""
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def _is_past(day: str | None, today: str) -> bool:
    return day is not None and day <= today


def _holds(record: Record) -> bool:
    """Whether a record says more of the person than that they were asked."""
    return any(rule(text).anchor in (CLOSE, CONTACT, OWN) for text in record.rules.values())


def in_words(text: str) -> tuple[str, str]:
    """A period as people say it, in Chinese and English."""
    found = rule(text)
    if not found.unit:
        return ("属于房屋，一直保存", "belongs to the dwelling; kept")
    zh, en = {
        CLOSE: ("结束后", "after it ends"),
        CONTACT: ("最后一次联系后", "after the last contact"),
        END: ("到期后", "after it runs out"),
        LET: ("无人租住且不再走访后", "after the last tenant left and the last visit"),
        OWN: ("", ""),
    }[found.anchor]
    unit_zh = {"d": "天", "m": "个月", "y": "年"}[found.unit]
    unit_en = {"d": "days", "m": "months", "y": "years"}[found.unit]
    return (f"{zh}{found.length}{unit_zh}", f"{found.length} {unit_en} {en}".strip())
