"""Quality issues: what the check of a visit found, how grave it is, and how it is settled. Pure.

An issue is opened by the check and goes open → assigned → fixed → verified → closed, or is
reopened. What people decide about it are submissions (`_issue`); a correction that no longer has
the violation fixes it by itself, and who approves that correction verifies it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid5

from .entities import CORE, NAMESPACE, TypeView

ISSUE: Final = "issue"
ISSUE_TYPE: Final = TypeView(
    CORE,
    ISSUE,
    kinds={"target": "one", "state": "latest", "owner": "latest", "actor": "latest"},
)
BLOCK: Final = "block"
WARN: Final = "warn"
INFO: Final = "info"
SEVERITIES: Final = (BLOCK, WARN, INFO)
STATES: Final = ("open", "assigned", "fixed", "verified", "closed", "reopened")
SETTLED: Final = ("verified", "closed")
DAYS: Final = {BLOCK: 3, WARN: 14, INFO: 14}
# What the desk may open an issue for; no words of anybody's own, which might name somebody.
NOTED: Final = ("ask_check", "ask_missing", "ask_differs", "ask_double", "ask_date")
GATE: Final = "gate"
EMERGENCY: Final = "emergency"
SHARE: Final = "share"
# Decided from the answers alone these block; what isn't named here does.
_MILDER: Final = {
    "derivation_mismatch": WARN,
    "reserved": WARN,
    "characters": WARN,
    **dict.fromkeys(NOTED, WARN),
}
# By what the server knew, which the phone may have known otherwise.
_KNOWN: Final = {GATE: BLOCK, EMERGENCY: BLOCK, SHARE: BLOCK, "calculation": INFO, "count": INFO}
_WORD: Final = re.compile(r"[a-z_]{1,30}")
MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("assigned", "fixed"),
    "assigned": ("assigned", "fixed"),
    "fixed": ("verified", "reopened"),
    "verified": ("closed", "reopened"),
    "closed": ("reopened",),
    "reopened": ("assigned", "fixed"),
}


@dataclass(frozen=True)
class Finding:
    """A rule broken at a path. known: by what the server knew; params: for the message, no answer
    among them.
    """

    path: str
    kind: str
    known: bool = False
    params: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # They are kept unsealed, so nothing but our own words fits in.
        if not all(_WORD.fullmatch(word) for word in self.params.values()):
            raise ValueError("params are words of ours")

    @property
    def severity(self) -> str:
        """block | warn | info."""
        if self.known:
            return _KNOWN.get(self.kind, WARN)
        return _MILDER.get(self.kind, BLOCK)


@dataclass(frozen=True)
class Filled:
    """A visit as it came, for the form to judge.

    now: when it was finished, with the phone's offset, and `today` its day; username, device: of
    the author, blank if unknown; known: a list as the author's audience could see it before, None:
    nobody can say.
    """

    answers: Mapping[str, Any]
    today: str
    now: str
    role: str
    name: str
    username: str = ""
    device: str = ""
    correcting: bool = False
    known: Callable[[str], Sequence[Mapping[str, str]] | None] = lambda _list: None


def issue_id(sid: str, kind: str, path: str) -> str:
    """The id of an issue, wherever it is worked out."""
    return str(uuid5(NAMESPACE, f"issue|{sid}|{kind}|{path}"))


def due_on(opened: str, severity: str) -> str:
    """The day by which it should be settled, from the day it was opened."""
    return (date.fromisoformat(opened[:10]) + timedelta(DAYS[severity])).isoformat()


# ---- where it stands --------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Where an issue stands. owner, fixer: ids of people."""

    state: str = "open"
    owner: str | None = None
    fixer: str | None = None


@dataclass(frozen=True)
class Moved:
    """The last word somebody said about it."""

    state: str
    owner: str | None
    actor: str
    at: str


@dataclass(frozen=True)
class Corrected:
    """The visit was corrected. still: the correction has the same violation."""

    user: str
    at: str
    still: bool
    review: str


@dataclass(frozen=True)
class Reviewed:
    """What became of the visit. accepted: it was approved as it is, for a reason given."""

    author: str
    state: str
    accepted: bool = False


def standing(
    severity: str, visit: Reviewed, moved: Moved | None, corrected: Corrected | None
) -> Standing:
    """Where an issue stands, from everything said: a function of the set, not of the order."""
    owner = moved.owner if moved else None
    if corrected and not (moved and moved.at > corrected.at):
        return _after_correction(corrected, owner)
    found = Standing("open", owner)
    if moved:
        fixer = moved.actor if moved.state == "fixed" else None
        found = Standing(moved.state, owner, fixer)
    if found.state in SETTLED:
        return found
    fine = visit.state == "approved" and (visit.accepted or severity == INFO)
    if fine or visit.state == "rejected":
        return Standing("closed", owner, found.fixer)
    if visit.state == "returned" and found.state == "open":
        return Standing("assigned", visit.author)
    return found


def _after_correction(corrected: Corrected, owner: str | None) -> Standing:
    """Carried on in the correction's own issue, or fixed by its author."""
    if corrected.still:
        return Standing("closed", owner)
    state = "verified" if corrected.review == "approved" else "fixed"
    return Standing(state, owner or corrected.user, corrected.user)


def may_move(state: str, to: str, fixer: str | None, author: str, actor: str) -> bool:
    """Whether a reviewer may take an issue there: nobody verifies what they fixed or wrote."""
    if to not in MOVES.get(state, ()):
        return False
    return to not in SETTLED or actor not in (fixer, author)
