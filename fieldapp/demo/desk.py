"""What lies on the desk of the demo: older visits approved, of the last days a bit of everything.

A few returned to their authors with a note, one of them corrected; records that two people changed
without having seen each other's change; answers the form would not have allowed; and visits that
had to be kept aside.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from fieldapp.accounts.service import Principal
from fieldapp.sync import service as sync
from fieldapp.sync.entities import review_id
from fieldapp.sync.plan import REVIEW_FORM, Author
from fieldapp.sync.rules import current_rules
from fieldapp.sync.store import Store
from fieldapp.sync.transactions import chunks, reading

from .phone import Phones
from .places import LIUHE, LIULIN, SHIQIAO
from .visits import Visit, moment

UNREVIEWED_DAYS = 5
BATCH = 200
# Whose latest visit goes back, the question it is about, and what the reviewer writes.
NOTES = (
    ("rental_register", "wang", "g_dw/g_let/lessor_phone", "电话和上次不同，请再核对。"),
    ("rental_register", "wang", "g_dw/g_let/area_m2", "面积好像偏大，请问一下房主。"),
    ("preg_followup", "wang", "g_preg/g_anc/anc_total", "请看手册，总次数包括今天吗？"),
    ("rental_register", "li", "g_dw/g_place/unit_no", "房号请照门牌写全。"),
    ("preg_followup", "li", "g_preg/g_next/next_contact", "请再和本人确认下次联系的日期。"),
)
CORRECTED_PHONE = "13900006688"


@dataclass
class Told:
    """A visit of the story, and as it was sent."""

    visit: Visit
    sent: sync.Visit


@dataclass
class Desk:
    """What the stories of the desk need."""

    random: Random
    today: date
    phones: Phones
    people: Mapping[str, Principal]
    told: list[Told]
    new_id: Callable[[], str]
    authors: dict[str, Author] = field(default_factory=dict)

    def prepare(self) -> None:
        """Everything, in the order it happens."""
        self.approve_older()
        self.return_some()
        self.contradict()
        self.slip()
        self.keep_aside()

    def recent(self, form: str, author: str, count: int) -> list[Told]:
        """The last visits of somebody, latest first."""
        own = [t for t in self.told if (t.visit.form, t.visit.author) == (form, author)]
        return sorted(own, key=lambda told: told.visit.at, reverse=True)[:count]

    def lately(self) -> datetime:
        """Some minute of yesterday."""
        return moment(self.random, self.today - timedelta(1))

    # ---- decisions

    def approve_older(self) -> None:
        """Approve what came before the last days, a day or two after each."""
        limit = self.today - timedelta(UNREVIEWED_DAYS)
        decisions = (
            self.decision(
                told, "approved", [], told.visit.at + timedelta(self.random.randint(1, 2))
            )
            for told in self.told
            if told.visit.on < limit
        )
        for some in chunks(decisions, BATCH):
            sync.take_in(some)

    def return_some(self) -> None:
        """Send a few visits back with a note on a question; wang corrects the first."""
        used: set[str] = set()
        for form, author, path, text in NOTES:
            fresh = (t for t in self.recent(form, author, 9) if t.sent.id not in used)
            told = next(fresh, None)
            if told is None:
                continue  # a small share of the district, where nobody went there
            note = [{"path": path, "text": text}]
            at = max(self.lately(), told.visit.at)
            sync.take_in([self.decision(told, "returned", note, at)])
            if not used:
                self.correct(told, path, CORRECTED_PHONE)
            used.add(told.sent.id)

    def correct(self, told: Told, path: str, answer: str) -> None:
        """Send a visit again with another answer."""
        answers = copy.deepcopy(dict(told.sent.answers))
        at: Any = answers
        *groups, name = path.split("/")
        for group in groups:
            at = at.setdefault(group, {})
        at[name] = answer
        visit = copy.copy(told.visit)
        visit.at = max(self.lately(), told.visit.at)
        sync.record(self.send(visit, answers, corrects=told.sent.id))

    def decision(
        self, told: Told, state: str, notes: list[dict[str, str]], at: datetime
    ) -> sync.Incoming:
        """A reviewer's decision about a visit, as an item at the door."""
        reviewer = self.people[reviewer_of(told.visit)]
        about = review_id(told.sent.id)
        submission = {
            "id": self.new_id(),
            "install": sync.APP,
            "n": 0,
            "user": reviewer.user_id,
            "form": REVIEW_FORM,
            "fv": "1",
            "app": sync.APP,
            "at": at.isoformat(),
            "clk": {"wall": int(at.timestamp() * 1000), "mono": 0},
            "area": told.visit.area,
            "corrects": None,
            "on": at.date().isoformat(),
            "entities": [],
            "ops": [{"e": about, "r": "state", "v": state, "sup": []}],
            "answers": {"target": told.sent.id, "state": state, "notes": notes},
            "blobs": [],
        }
        if reviewer.user_id not in self.authors:
            self.authors[reviewer.user_id] = sync.author_of(reviewer)
        return sync.incoming(submission, self.authors[reviewer.user_id], at)

    # ---- contradictions

    def contradict(self) -> None:
        """Pairs of colleagues change one record, neither having seen the other's change."""
        zhang, liu = self.client("张小梅"), self.client("刘春燕")
        homes = [
            told.sent.answers["g_dw"]["meta"]["entity"]["@id"]
            for told in self.told
            if told.visit.form == "rental_register" and told.visit.area == LIULIN
        ]
        self.apart(
            self.client_data("wang", zhang, n_phone="13800001357"),
            self.client_data("li", zhang, n_phone="13800007531"),
        )
        self.apart(
            self.client_data("wang", liu, n_dob="1996-05-12"),
            self.client_data("li", liu, n_dob="1996-12-05"),
        )
        self.apart(
            self.dwelling_data("wang", homes[3], lessor_phone="13500002468"),
            self.dwelling_data("wu", homes[3], lessor_phone="13500008642"),
        )
        self.apart(
            self.dwelling_data("wang", homes[5], rooms_total="11"),
            self.dwelling_data("li", homes[5], rooms_total="12"),
        )

    def client(self, name: str) -> str:
        """The id of a client."""
        records = self.phones.records.values()
        return next(
            r.id for r in records if r.type == "client" and r.props.get("full_name") == name
        )

    def client_data(self, author: str, client: str, **changed: str) -> Visit:
        """A correction of a client's details."""
        day = self.today - timedelta(self.random.randint(1, 3))
        start = {"visit_date": day.isoformat(), "known": "1", "person_id": client}
        answers = {"g_start": {**start, "what_for": "data"}, "g_person": changed}
        at = moment(self.random, day)
        return Visit("consent_record", author, LIULIN, at, answers, [client])

    def dwelling_data(self, author: str, dwelling: str, **changed: str) -> Visit:
        """A look at a known dwelling from outside."""
        day = self.today - timedelta(self.random.randint(1, 3))
        answers = {
            "g_visit": {"visit_date": day.isoformat(), "vsrc": "landlord", "met": "absent"},
            "g_dw": {
                "g_place": {"dw_known": "1", "dw_id": dwelling},
                "g_let": {"mode_let": "share", "occ_n": "2", **changed},
            },
        }
        at = moment(self.random, day)
        return Visit("rental_register", author, LIULIN, at, answers, [dwelling])

    def apart(self, *visits: Visit) -> None:
        """Send visits that were made over the same copy of the records."""
        ready = [self.send(visit, self.phones.finish(visit)) for visit in visits]
        items = [
            sync.incoming(submission, sync.author_of(visit.principal), visit.at)
            for submission, visit in zip(compose(ready), ready, strict=True)
        ]
        sync.take_in(items)

    # ---- oddities

    def slip(self) -> None:
        """Two visits with an answer the form would not have allowed, as a broken app might send."""
        for number in (101, 103):
            visit = copy.deepcopy(self.recent("rental_register", "li", 1)[0].visit)
            visit.area, visit.at = SHIQIAO, self.lately()
            visit.answers["g_visit"]["visit_date"] = visit.on.isoformat()
            visit.answers["residents"] = []
            dwelling = visit.answers["g_dw"]
            dwelling["g_let"] |= {"rooms_total": "3", "rooms_let": "7", "mode_let": "share"}
            dwelling["g_place"] = {
                "dw_known": "0",
                "area_code": SHIQIAO,
                "grid": "第3网格",
                "unit_no": "1",
                "address": f"石桥村文化路{number}号",
            }
            sync.record(self.send(visit, self.phones.finish(visit)))

    def keep_aside(self) -> None:
        """A visit of a form this server doesn't know, and one of somebody else's village."""
        newer = self.recent("rental_register", "li", 1)[0]
        stray = self.recent("rental_register", "wang", 1)[0]
        for told, author, version in ((newer, "li", "2031-1"), (stray, "sun", stray.visit.version)):
            visit = copy.copy(told.visit)
            visit.author = author
            ready = self.send(visit, dict(told.sent.answers))
            submission = {**compose([ready])[0], "fv": version}
            sync.take_in([sync.incoming(submission, sync.author_of(ready.principal), ready.at)])

    def send(
        self, visit: Visit, answers: dict[str, Any], corrects: str | None = None
    ) -> sync.Visit:
        """A visit ready for the door."""
        return sync.Visit(
            self.people[visit.author],
            visit.form,
            visit.version,
            answers,
            visit.at,
            visit.area,
            corrects=corrects,
            id=self.new_id(),
            install="demo",
        )


def reviewer_of(visit: Visit) -> str:
    """The area lead for housing; for health the town's nurse, but never of her own visits."""
    here = visit.area.startswith(LIUHE[:9])
    if visit.form == "rental_register":
        return "zhao" if here else "ma"
    nurse = "chen" if here else "dong"
    return nurse if visit.author != nurse else "lin"


def compose(visits: Sequence[sync.Visit]) -> list[dict[str, Any]]:
    """The submissions of visits that were all made over what is here now."""
    rules = current_rules()
    with reading() as connection:
        store = Store(connection, rules.type, ())
        return [sync.compose(visit, rules, store) for visit in visits]
