"""Two towns with health and housing work in each, every text of it recognisable, and whose it is.

place = Place.furnish(app)           # visits, conflicts, issues, things kept aside, phones
place.foreign("zhao")                # the corners (village, scope) that are not 赵强's
place.words[corner], place.ids[corner]   # what may never reach whom it is foreign to
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask

from fieldapp.db import db
from fieldapp.sync import models as m
from tests.cast import LIULIN, NANPO, SHIQIAO, Cast, Person, Phone, meet_cast
from tests.sync.stories import Village

Corner = tuple[str, str]
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
    "admin": set(),
}
WORKERS = {LIULIN: "wang", SHIQIAO: "li", NANPO: "sun"}


@dataclass
class Place:
    """A furnished server."""

    app: Flask
    cast: Cast
    words: dict[Corner, set[str]] = field(default_factory=lambda: defaultdict(set))
    ids: dict[Corner, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    phones: dict[str, Phone] = field(default_factory=dict)

    @classmethod
    def furnish(cls, app: Flask) -> "Place":
        """Everything, in every corner."""
        place = cls(app, meet_cast(app))
        with app.app_context():
            village = Village(app, place.cast)
            for code, name in VILLAGES.items():
                worker = place.cast.people[WORKERS[code]]
                place._housing(village, worker, code, name)
                place._health(village, worker, code, name)
            place._note_ids()
            db.session.remove()
        place._ask_for_rights()
        return place

    def foreign(self, who: str, rights: bool = False) -> list[Corner]:
        """The corners that aren't this person's. rights: at the desk where people's requests are
        answered; there a steward is at home in both scopes, one person at a time."""
        own = set(CORNERS) if rights and who == "steward" else OWN[who]
        return [corner for corner in CORNERS if corner not in own]

    def phone(self, who: str) -> Phone:
        """A phone of this person, enrolled once."""
        if who not in self.phones:
            self.phones[who] = self.cast.people[who].enrol()
        return self.phones[who]

    # ---- furnishing

    def _housing(self, village: Village, worker: Person, code: str, name: str) -> None:
        words = {"lessor": f"房主{name}", "unit": f"单元{name}", "tenant": f"租客{name}"}
        who = [village.resident(words["tenant"], number=f"E{code[-8:]}")]
        new = {"lessor": words["lessor"], "unit": words["unit"], "village": code}
        made = village.make(village.dwelling(worker, residents=who, **new))
        self._take(village, worker, (code, "housing"), made)
        flat = next(e["e"] for e in made["entities"] if e["t"] == "dwelling")
        apart = [
            village.make(village.dwelling(worker, flat, lessor=f"{x}房主{name}", village=code))
            for x in "甲乙"
        ]
        self._take(village, worker, (code, "housing"), *apart)
        odd = village.make(village.dwelling(worker, phone="1", **new))
        self._take(village, worker, (code, "housing"), odd)
        aside = village.make(village.dwelling(worker, **new), fv="1999")
        self._take(village, worker, (code, "housing"), aside)
        self.words[code, "housing"] |= set(words.values())

    def _health(self, village: Village, worker: Person, code: str, name: str) -> None:
        words = {"client": f"孕妇{name}"}
        made = village.make(village.consent(worker, name=words["client"], village=code))
        self._take(village, worker, (code, "health"), made)
        client = next(e["e"] for e in made["entities"] if e["t"] == "client")
        follow = village.make(village.pregnancy(worker, client, area=code))
        self._take(village, worker, (code, "health"), follow)
        aside = village.make(village.pregnancy(worker, client, area=code), fv="1999")
        self._take(village, worker, (code, "health"), aside)
        self.words[code, "health"].add(words["client"])

    def _take(self, village: Village, worker: Person, corner: Corner, *made: Any) -> None:
        results = village.take_in(worker, *made)
        assert {r.st for r in results} <= {"stored", "conflict", "quarantined"}, results
        self.ids[corner]["visit"] |= {one["id"] for one in made}

    def _ask_for_rights(self) -> None:
        """A request by somebody of each corner, where anybody may write one down."""
        for who in ("chen", "zhao", "steward"):
            desk = self.cast.people[who].log_in()
            for corner in OWN[who]:
                for one in sorted(self.ids[corner]["entity"]):
                    answer = desk.post("/api/rights/requests", {"kind": "access", "subject": one})
                    assert answer.status_code in (200, 201, 404), answer.json
                    if answer.status_code < 400:
                        self.ids[corner]["request"].add(answer.json["id"])
                        break
        assert sum(bool(self.ids[corner]["request"]) for corner in CORNERS) >= 4

    def _note_ids(self) -> None:
        """Ids of what came of it, as the database has them."""
        for corner, kinds in self.ids.items():
            sids = kinds["visit"]
            rows = db.session.execute(
                sa.select(m.Mention.entity).where(m.Mention.sid.in_(sids))
            ).scalars()
            kinds["entity"] |= set(rows)
            own = set(
                db.session.scalars(
                    sa.select(m.Entity.id).where(
                        m.Entity.id.in_(kinds["entity"]), m.Entity.scope == corner[1]
                    )
                )
            )
            kinds["entity"] = own
            kinds["issue"] |= set(
                db.session.scalars(sa.select(m.Issue.id).where(m.Issue.sid.in_(sids)))
            )
            c, w, sup = m.Conflict, m.RegWrite, m.RegSup
            replaced = sa.exists().where(sup.dot_sid == w.sid, sup.dot_i == w.i)
            standing = sa.select(c.entity, w.sid, w.i).where(c.entity.in_(own), ~replaced)
            standing = standing.join(w, sa.and_(w.entity == c.entity, w.reg == c.reg))
            for row in db.session.execute(standing):
                kinds["conflict"].add(f"{row.entity}/{row.sid}:{row.i}")
        assert all(self.ids[c]["entity"] and self.ids[c]["visit"] for c in CORNERS)
        assert all(self.ids[v, "housing"]["conflict"] for v in VILLAGES), "conflicts to look at"
        assert any(self.ids[c]["issue"] for c in CORNERS), "issues to look at"
