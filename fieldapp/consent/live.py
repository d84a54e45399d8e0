"""Whether somebody's consent is live on a day. Pure.

The phone's half is frontend/src/forms/consent.ts; both run tests/contract/consent.json. The latest
word decides: a yes that came after a visit covers it, a no that came after it doesn't
(docs/decisions/0008-consent-that-gates.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

LIVE: Final = "live"
NONE: Final = "none"
DECLINED: Final = "declined"
EXPIRED: Final = "expired"
RENEW: Final = "renew"
GUARDIAN: Final = "guardian"
SAFEGUARDING: Final = "safeguarding"
STANDINGS: Final = (LIVE, NONE, DECLINED, EXPIRED, RENEW, GUARDIAN, SAFEGUARDING)

CHILD: Final = 14  # years, PIPL 31; a year of life is complete the day after the birthday
GIVEN: Final = "given"


@dataclass(frozen=True)
class Version:
    """A version of a notice. effective: from this day on it is the one to consent to; grace: so
    many days longer an older consent holds.
    """

    version: str
    effective: str
    grace: int


@dataclass(frozen=True)
class Standing:
    """Where a consent stands. until: the last day of it (live: that it holds; declined: that nobody
    asks again), blank where there is none.
    """

    state: str
    until: str = ""

    @property
    def live(self) -> bool:
        """Whether health data may be collected and kept."""
        return self.state == LIVE


def standing(
    consent: Mapping[str, str] | None,
    born: str,
    on: str,
    versions: Sequence[Version],
    for_children: bool = True,
) -> Standing:
    """Where a consent stands on the day `on`, by the latest that was said.

    consent: `status notice_version ends_on guardian` as shown; None: none was ever taken. born: the
    person's date of birth, blank if unknown. versions: of the notice, in order. for_children: False
    where nobody under 14 is served, who needs protection instead.
    """
    child = is_child(born, on)
    if child and not for_children:
        return Standing(SAFEGUARDING)
    if not consent:
        return Standing(NONE)
    ends = consent.get("ends_on", "")
    if consent.get("status") != GIVEN:
        return Standing(DECLINED, ends) if on <= ends else Standing(NONE)
    if child and not consent.get("guardian", "").strip():
        return Standing(GUARDIAN)
    if on > ends:
        return Standing(EXPIRED, ends)
    holds = holds_until(consent.get("notice_version", ""), on, versions)
    if holds is not None and on > holds:
        return Standing(RENEW, holds)
    return Standing(LIVE, min(filter(None, (ends, holds))))


def sooner(word: Mapping[str, str], on: str, came: str) -> dict[str, str]:
    """What was said as of the day `on`, but came on an earlier one: it ends as many days sooner. It
    holds on no day, if its end is none.
    """
    try:
        ahead = date.fromisoformat(on) - date.fromisoformat(came)
        ends = (date.fromisoformat(word.get("ends_on", "")) - ahead).isoformat()
    except (ValueError, OverflowError):
        ends = ""
    return {**word, "ends_on": ends}


def said(consent: Mapping[str, str], words: Iterable[object]) -> Mapping[str, str]:
    """A consent as shown, or the no in it. words: the live values of its registers.

    They don't know of each other: two phones on one day, or one whose clock is ahead. Which is the
    later can't be told, so it is no.
    """
    for word in words:
        if isinstance(word, Mapping) and word.get("status") not in (None, "", GIVEN):
            told = {name: text for name, text in word.items() if isinstance(text, str)}
            return {**consent, "ends_on": "", **told}
    return consent


def holds_until(version: str, on: str, versions: Sequence[Version]) -> str | None:
    """The last day on which a consent to this version holds; None: no newer one is in force."""
    order = [each.version for each in versions]
    place = order.index(version) if version in order else -1
    newer = [v for at, v in enumerate(versions) if at > place and v.effective <= on]
    if not newer:
        return None
    last = min(date.fromisoformat(v.effective) + timedelta(v.grace) for v in newer)
    return last.isoformat()


def is_child(born: str, on: str) -> bool:
    """Whether somebody born that day is under 14, which they are up to that birthday."""
    year, dash, rest = born.partition("-")
    return bool(dash) and year.isdecimal() and on <= f"{int(year) + CHILD:04}-{rest}"
