"""Two towns with health and housing work in each, every text of it recognisable, and whose it is.

place = furnish(app)                      # fieldapp's own forms, and everybody's phone (furnish.py)
place.foreign("zhao")                     # the corners (village, scope) that are not 赵强's
place.words[corner], place.ids[corner]    # what may never reach whom it is foreign to
place.hidden("head")                      # texts of their own corners that their role may not read
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask

from tests.api.test_access import ADMITTED
from tests.cast import LIULIN, NANPO, SHIQIAO, TOWN, Cast, Phone

Corner = tuple[str, str]
Route = tuple[str, str]
VILLAGES = {LIULIN: "柳林", SHIQIAO: "石桥", NANPO: "南坡"}
SCOPES = ("health", "housing")
CORNERS = tuple((village, scope) for village in VILLAGES for scope in SCOPES)
# Written out by hand, so that nothing of what is tested decides it.
OWN: Mapping[str, set[Corner]] = {
    "nobody": set(),
    "wang": {(LIULIN, "health"), (LIULIN, "housing")},
    "li": {(v, s) for v in (LIULIN, SHIQIAO) for s in SCOPES},
    "chen": {(LIULIN, "health"), (SHIQIAO, "health")},
    "zhao": {(LIULIN, "housing"), (SHIQIAO, "housing")},
    "sun": {(NANPO, "health"), (NANPO, "housing")},
    "head": {(LIULIN, "housing")},
    "assistant": {(LIULIN, "housing")},
    "grid": {(LIULIN, "housing")},
    "town": set(),
    "district": set(),
    "steward": {(v, "housing") for v in VILLAGES},
    "warden": {(v, "housing") for v in (LIULIN, SHIQIAO)},
    "admin": set(),
}
# Besides the cast: a steward of one town and one scope alone, to whom something is foreign at the
# rights desk too.
WARDEN = ("何敏", "steward", ((TOWN, "housing"),))
WORKERS = {LIULIN: "wang", SHIQIAO: "li", NANPO: "sun"}
HOME = {"sun": NANPO}
CARRIERS = ("wang", "li", "chen", "zhao", "sun", "head", "assistant", "grid")
# Who fills forms of a scope; everybody else's visits are kept aside whatever they say.
FILLS = {
    "wang": SCOPES, "li": SCOPES, "sun": SCOPES, "chen": ("health",),
    "zhao": ("housing",), "assistant": ("housing",), "grid": ("housing",),
}  # fmt: skip
# Whose questions aren't theirs to know: forms of a scope in which nothing is granted to them.
NO_FORMS = {
    "chen": ("housing",), "zhao": ("health",), "head": ("health",), "assistant": ("health",),
    "grid": ("health",), "warden": ("health",),
}  # fmt: skip

# The matrix again, by hand: the rows each reads.
_HOUSING = {"dwelling", "safety", "visit_housing", "household", "lessor", "resident", "verify",
            "needs"}  # fmt: skip
_HEALTH = {"client", "consent", "visit_health", "referral", "pregnancy", "care_level",
           "contraception_date"}  # fmt: skip
READS: Mapping[str, set[str]] = {
    "worker": _HOUSING | _HEALTH,
    "nurse": _HEALTH
    | {"safeguarding", "referral_outcome", "clinical", "after_care", "contraception"},
    "area": _HOUSING,
    "grid": _HOUSING,
    "assistant": _HOUSING - {"verify"},
    "head": {"dwelling", "safety"},
    "steward": _HOUSING,
}
AT_THE_RIGHTS_DESK = {"client", "consent"}  # what a steward reads of somebody in health
NEXT_DATE = "next_contact"  # … and this
NAMED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
ANYBODYS = "file"  # a photo is for whoever reads its visit


@dataclass
class Place:
    """A furnished server.

    words: of each corner, recognisable texts and the row of the matrix each is of. ids: by kind,
    the most telling first; `a/b` where an address takes two. types: of each record, its scope and
    type. people: of each person what is theirs alone, by kind. made: by scope, a visit as JSON and
    the id of the record it is about. echoed: ids that visits of the tries named. known: once
    worked out.
    """

    app: Flask
    cast: Cast
    words: dict[Corner, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    ids: dict[Corner, dict[str, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    types: dict[str, tuple[str, str]] = field(default_factory=dict)
    people: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    made: dict[str, tuple[str, str]] = field(default_factory=dict)
    phones: dict[str, Phone] = field(default_factory=dict)
    echoed: set[str] = field(default_factory=set)
    known: dict[tuple[str, bool], tuple[set[str], set[str]]] = field(default_factory=dict)

    def foreign(self, who: str, rights: bool = False) -> list[Corner]:
        """The corners that aren't this person's. rights: at the desk where people's requests are
        answered; there a steward is at home in both scopes, one person at a time."""
        own = set(CORNERS) if rights and who == "steward" else OWN[who]
        return [corner for corner in CORNERS if corner not in own]

    def secrets(self, who: str, rights: bool = False) -> tuple[set[str], set[str]]:
        """Texts, and ids and hashes, that may reach this person in no answer."""
        if (who, rights) not in self.known:
            self.known[who, rights] = self._words(who, rights), self._ids(who, rights)
        return self.known[who, rights]

    def _words(self, who: str, rights: bool) -> set[str]:
        foreign = self.foreign(who, rights)
        words = {word for corner in foreign for word in self.words[corner]}
        return words | set(self.hidden(who, rights))

    def _ids(self, who: str, rights: bool) -> set[str]:
        found = {
            part
            for corner in self.foreign(who, rights)
            for ids in self.ids[corner].values()
            for one in ids
            for part in NAMED.findall(one)
        }
        # An administrator keeps what was kept aside by its id, and knows no word of it.
        kept = {one for corner in CORNERS for one in self.ids[corner]["aside"]}
        return found - kept if who == "admin" else found

    def reads(self, who: str, rights: bool = False) -> set[str]:
        """The rows of the matrix that this person's role reads."""
        role = self.role(who)
        desk = AT_THE_RIGHTS_DESK if rights and role == "steward" else set()
        return READS.get(role, set()) | desk

    def hidden(self, who: str, rights: bool = False) -> list[str]:
        """Texts of this person's own corners that their role may not read."""
        foreign, reads = self.foreign(who, rights), self.reads(who, rights) | {ANYBODYS}
        return [
            word
            for corner in CORNERS
            if corner not in foreign
            for word, row in self.words[corner].items()
            if row not in reads
        ]

    def role(self, who: str) -> str:
        """Blank for nobody."""
        return "" if who == "nobody" else self.cast.people[who].role

    def admits(self, who: str, route: Route) -> bool:
        """Whether the table lets this person in."""
        return ("steward" if who == "warden" else who) in ADMITTED[route]

    def phone(self, who: str) -> Phone:
        """A phone of this person, enrolled once."""
        if who not in self.phones:
            self.phones[who] = self.cast.people[who].enrol()
        return self.phones[who]

    def others(self, who: str, kind: str) -> list[str]:
        """What of a kind is other people's alone."""
        return [own[kind] for name, own in self.people.items() if name != who and kind in own]

    def note(self, corner: Corner, kind: str, *ids: str) -> None:
        """These are of the corner."""
        known = self.ids[corner][kind]
        known += [one for one in dict.fromkeys(ids) if one not in known]
