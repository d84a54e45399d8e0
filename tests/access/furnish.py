"""Furnishes a `Place`: in every corner visits, conflicts, issues, a stored photo, what was kept
aside, somebody who agreed to nothing, somebody who was erased, and requests of people.
"""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.areas.service import put_area
from fieldapp.attachments import service as attachments
from fieldapp.db import db, write_transaction
from fieldapp.forms.service import publish
from fieldapp.sync import models as m
from fieldapp.sync import service as sync
from tests.cast import LIULIN, OTHER_TOWN, Person, meet_cast, password_of
from tests.sync.stories import TODAY, Village
from tests.sync.test_erasure import erase

from .place import (
    ANYBODYS,
    CARRIERS,
    CORNERS,
    OWN,
    SCOPES,
    VILLAGES,
    WARDEN,
    WORKERS,
    Place,
)

PHOTOS = {"housing": ("door_check", "rental"), "health": ("room_check", "consent")}
ELSEWHERE = "379901002002"
FORMS = Path(__file__).parent, Path(__file__).parents[1] / "forms"
PEOPLE = {"health": "client", "housing": "resident"}
SEES = {"chen": "health", "zhao": "housing"}


def furnish(app: Flask) -> Place:
    """Everything, in every corner."""
    place = Place(app, meet_cast(app))
    with app.app_context():
        _engage_warden(place)
        for form, program in PHOTOS.values():
            publish(next(p for f in FORMS if (p := f / f"{form}.md").exists()), program)
        db.session.remove()
    _enrol(place)
    with app.app_context():
        for code in VILLAGES:
            _Corner(place, code).furnish()
        _note_ids(place)
        db.session.remove()
    _ask_for_rights(place)
    _look_in_emergencies(place)
    return place


def _engage_warden(place: Place) -> None:
    name, role, granted = WARDEN
    with write_transaction():
        user = users.add_user(
            "warden", name, role, password_of("warden"), [Grant(*one) for one in granted]
        )
    place.cast.people["warden"] = Person(place.app, user.id, "warden", name, role)


def _enrol(place: Place) -> None:
    """What is a person's alone: account, phone, session."""
    for who, person in place.cast.people.items():
        place.people[who]["user"] = person.id
    for who in CARRIERS:
        phone = place.phone(who)
        session = phone.browser.get("/api/own/sessions").json[0]["id"]
        place.people[who] |= {"device": phone.device, "install": phone.install, "session": session}


class _Corner:
    """The work of one village, in both scopes."""

    def __init__(self, place: Place, code: str) -> None:
        self.place, self.code, self.name = place, code, VILLAGES[code]
        self.village = Village(place.app, place.cast)
        self.worker = place.cast.people[WORKERS[code]]

    def furnish(self) -> None:
        """All of it."""
        self._housing()
        self._health()
        for scope in SCOPES:
            self._photo(scope)

    def _housing(self) -> None:
        village, worker, code, name = self.village, self.worker, self.code, self.name
        number = f"E{code[-8:]}"
        words = {f"房主{name}": "lessor", f"单元{name}": "dwelling", f"租客{name}": "resident",
                 number: "id_number"}  # fmt: skip
        self.place.words[code, "housing"] |= words
        new = {"lessor": f"房主{name}", "unit": f"单元{name}", "village": code}
        who = [village.resident(f"租客{name}", number)]
        made = self._made(village.dwelling(worker, residents=who, **new))
        self._take("housing", "visit", made)
        flat = next(e["e"] for e in made["entities"] if e["t"] == "dwelling")
        both = [self._made(village.dwelling(worker, flat, lessor=f"{x}房主{name}", village=code))
                for x in "甲乙"]  # fmt: skip
        self._take("housing", "visit", *both)
        self._take("housing", "visit", self._made(village.dwelling(worker, phone="1", **new)))
        aside = village.make(village.dwelling(worker, **new), fv="of-old")
        self._take("housing", "aside", aside)
        left = village.resident(f"走人{name}", f"F{number[1:]}")
        gone = village.dwelling(worker, residents=[left], **new)
        self._erase("housing", self._made(gone), "resident", f"走人{name}")
        if code == LIULIN:
            known = village.make(village.dwelling(worker, flat))
            self.place.made["housing"] = (json.dumps(known, ensure_ascii=False), flat)
            fresh = village.make(village.dwelling(worker))
            self.place.made["new housing"] = (json.dumps(fresh, ensure_ascii=False), "")

    def _health(self) -> None:
        village, worker, code, name = self.village, self.worker, self.code, self.name
        self.place.words[code, "health"][f"孕妇{name}"] = "client"
        made = self._made(village.consent(worker, name=f"孕妇{name}", village=code))
        client = next(e["e"] for e in made["entities"] if e["t"] == "client")
        self._take("health", "visit", made)
        self._take("health", "visit", self._made(village.pregnancy(worker, client, area=code)))
        both = [self._phone_of(client, n) for n in "34"]
        self._take("health", "visit", *both)
        self._take("health", "visit", self._contraception(client))
        told = {"g_note": {"visit_date": TODAY, "person_id": client, "told": "lead"}}
        self._take("health", "visit", self._made(self._visit("safeguarding_note", told)))
        self._clinical(client)
        self._take("health", "visit", self._refused())
        aside = village.make(village.pregnancy(worker, client, area=code), fv="of-old")
        self._take("health", "aside", aside)
        gone = village.consent(worker, name=f"走人{name}", phone="13800000005", village=code)
        self._erase("health", self._made(gone), "client", f"走人{name}")
        if code == LIULIN:
            known = village.make(village.pregnancy(worker, client))
            self.place.made["health"] = (json.dumps(known, ensure_ascii=False), client)
            fresh = village.make(village.consent(worker))
            self.place.made["new health"] = (json.dumps(fresh, ensure_ascii=False), "")

    def _visit(self, form: str, answers: dict[str, Any]) -> sync.Visit:
        return self.village.visit(self.worker, form, answers, area=self.code)

    def _phone_of(self, client: str, n: str) -> dict[str, Any]:
        """Her number put right; twice, without knowing of each other, is a conflict."""
        person = {"n_name": f"孕妇{self.name}", "n_sex": "2", "n_dob": "1995-05-05",
                  "n_phone": f"1380000000{n}", "n_area": self.code}  # fmt: skip
        known = {"visit_date": TODAY, "known": "1", "person_id": client, "what_for": "data"}
        return self._made(self._visit("consent_record", {"g_start": known, "g_person": person}))

    def _contraception(self, client: str) -> dict[str, Any]:
        """What a worker writes and never reads again, told by its day."""
        day = f"2019-03-1{self.code[-1]}" if self.name != "南坡" else "2019-04-11"
        self.place.words[self.code, "health"][day] = "contraception"
        met = {"visit_date": TODAY, "visit_mode": "home", "person_id": client}
        met |= {"contact_result": "met", "still_ok": "1", "private_ok": "1"}
        method = {"why_today": "follow", "method": "coc", "start_date": day}
        answers = {"g_visit": met, "g_c": {"g_method": method}}
        return self._made(self._visit("contra_followup", answers))

    def _clinical(self, client: str) -> None:
        """What only a nurse writes, where there is one."""
        if (self.code, "health") not in OWN["chen"]:
            return
        weight = f"61.9{self.code[-1]}"
        self.place.words[self.code, "health"][weight] = "clinical"
        visit = self.village.pregnancy(self.place.cast.chen, client, clinical=True, area=self.code)
        answers = json.loads(json.dumps(visit.answers).replace('"62"', f'"{weight}"'))
        self._take("health", "visit", self._made(replace(visit, answers=answers)))

    def _refused(self) -> dict[str, Any]:
        """A client who didn't agree to visits about a pregnancy, with a number that is none."""
        self.place.words[self.code, "health"][f"不愿{self.name}"] = "client"
        visit = self.village.consent(
            self.worker, name=f"不愿{self.name}", phone="1", village=self.code
        )
        answers = json.loads(json.dumps(visit.answers))
        answers["g_consent"]["c_preg"] = "0"
        made = self._made(replace(visit, answers=answers))
        refused = next(e["e"] for e in made["entities"] if e["t"] == "client")
        self.place.note((self.code, "health"), "refused", refused)
        return made

    def _photo(self, scope: str) -> None:
        """A visit with a photo that is whole here."""
        form, word = PHOTOS[scope][0], f"照片{self.name}{scope}"
        data = b"\x89PNG\r\n\x1a\n" + word.encode() * 40
        sha = sha256(data).hexdigest()
        made = self.village.make(self._visit_of(form)) | {
            "answers": {"photo": f"{sha}.png"},
            "blobs": [sha],
        }
        self._take(scope, "visit", made)
        device = self.place.people[WORKERS[self.code]]["device"]
        sender = attachments.Sender(self.worker.id, device, False)
        told = attachments.take(sender, attachments.Chunk(sha, len(data), 0, data))
        assert told.st == "stored", told
        corner = (self.code, scope)
        self.place.words[corner][word] = ANYBODYS
        self.place.note(corner, "photo", f"{made['id']}/{sha}.png")

    def _visit_of(self, form: str) -> sync.Visit:
        principal = self.village.principal(self.worker)
        values = {"at": sync.datetime.fromisoformat(f"{TODAY}T09:00:00+08:00"), "area": self.code}
        return sync.Visit(principal, form, "1", {}, **values)

    def _made(self, visit: sync.Visit) -> dict[str, Any]:
        return self.village.make(visit)

    def _take(self, scope: str, kind: str, *made: dict[str, Any]) -> None:
        author = self.village.cast.people
        for one in made:
            who = next(person for person in author.values() if person.id == one["user"])
            (result,) = self.village.take_in(who, one)
            assert (result.st == "quarantined") == (kind == "aside"), (scope, result)
        self.place.note((self.code, scope), kind, *(one["id"] for one in made))

    def _erase(self, scope: str, made: dict[str, Any], kind: str, word: str) -> None:
        """Somebody of whom nothing is left but that they were erased."""
        corner = (self.code, scope)
        self.place.words[corner][word] = "nobody's any more"
        (result,) = self.village.take_in(self.worker, made)
        assert result.st in ("stored", "conflict"), result
        subject = next(e["e"] for e in made["entities"] if e["t"] == kind)
        self.place.note(corner, "erased", subject)
        self.place.note(corner, "erasure", erase(subject))


def _look_in_emergencies(place: Place) -> None:
    """A nurse from elsewhere reads one client of each village, and finds her once more."""
    with place.app.app_context(), write_transaction():
        put_area(ELSEWHERE, "北坡村", "Beipo", "village", OTHER_TOWN)
        users.add_user("dong", "董慧", "nurse", "gnod-2026!", [Grant(ELSEWHERE, "health")])
    desk = Person(place.app, "", "dong", "董慧", "nurse").log_in()
    for village, name in VILLAGES.items():
        wish = {"name": f"孕妇{name}", "born": "1995-05-05"}
        for step in ("opening", ""):
            (match,) = desk.post("/api/emergency/search", wish).json["matches"]
            look = f"/api/emergency/looks/{match['look']}"
            if step:
                desk.post(f"{look}/{step}", {"reason": "brought in bleeding"})
                assert desk.get(f"{look}/record").json["title"] == wish["name"]
            place.note((village, "health"), "look", match["look"])


def _note_ids(place: Place) -> None:
    """Ids of what came of it, as the database has them."""
    e, rows = m.Entity, list[Any]()
    for corner in CORNERS:
        sids = place.ids[corner]["visit"]
        touched = sa.select(m.Mention.entity).where(m.Mention.sid.in_(sids))
        found = sa.select(e.id, e.type, e.scope).where(e.id.in_(touched), e.scope == corner[1])
        rows = list(db.session.execute(found.order_by(e.type, e.id)))
        place.types |= {row.id: (row.scope, row.type) for row in rows}
        place.note(corner, "entity", *(row.id for row in rows))
        people = [row.id for row in rows if row.type == PEOPLE[corner[1]]]
        place.note(corner, "person", *people)
        dwellings = [row.id for row in rows if row.type == "dwelling"]
        place.note(corner, "party", *(f"{one}/lessor" for one in dwellings))
        place.note(corner, "key", *(dwellings or people))
        place.note(corner, "issue", *db.session.scalars(
            sa.select(m.Issue.id).where(m.Issue.sid.in_(sids)).order_by(m.Issue.id)
        ))  # fmt: skip
        place.note(corner, "conflict", *_standing([row.id for row in rows]))
    for kind in ("visit", "aside", "entity", "person", "conflict", "issue", "photo", "erasure"):
        assert all(place.ids[corner][kind] for corner in CORNERS), kind


def _standing(records: list[str]) -> list[str]:
    """Conflicts of these records, each named by its record and one of its values."""
    c, w, sup = m.Conflict, m.RegWrite, m.RegSup
    replaced = sa.exists().where(sup.dot_sid == w.sid, sup.dot_i == w.i)
    found = sa.select(c.entity, w.sid, w.i).where(c.entity.in_(records), ~replaced)
    found = found.join(w, sa.and_(w.entity == c.entity, w.reg == c.reg))
    return [f"{x.entity}/{x.sid}:{x.i}" for x in db.session.execute(found.order_by(w.sid, w.i))]


def _ask_for_rights(place: Place) -> None:
    """A request by somebody of each corner; and one for a correction of each reviewer's own."""
    desk = place.cast.steward.log_in()
    for corner in CORNERS:
        for kind in ("access", "delete"):
            answer = desk.post(
                "/api/rights/requests", {"kind": kind, "subject": place.ids[corner]["person"][0]}
            )
            assert answer.status_code == 200, answer.json
            place.note(corner, "request", answer.json["id"])
    for who, scope in SEES.items():
        subject = place.ids[LIULIN, scope]["person"][0]
        wish = {"kind": "correct", "subject": subject}
        answer = place.cast.people[who].log_in().post("/api/rights/requests", wish)
        assert answer.status_code == 200, answer.json
        place.note((LIULIN, scope), "request", answer.json["id"])
        place.people[who]["correct"] = answer.json["id"]
        place.people[who]["subject"] = subject
