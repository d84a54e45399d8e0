"""Whoever reads of somebody is in the access log, in lists too, and so is a new way to read.

The first test walks every GET of the API: each leaves a row, or stands below with a reason, and
then its answer holds no name and no record's id at all.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp.audit import service as access_log
from fieldapp.audit.models import AuditRow
from fieldapp.db import db
from tests.access.desk import KINDS
from tests.access.furnish import furnish
from tests.access.place import CORNERS, Place
from tests.cast import LIULIN, SHIQIAO, Browser, Cast, Person
from tests.sync.stories import Village
from tests.sync.test_consent import word

READERS = ("chen", "zhao", "steward", "admin", "wang")
# Why a GET that leaves no row tells of nobody.
EXEMPT = {
    "/api/openapi.json": "the API's own description",
    "/api/docs": "the same, to read",
    "/api/docs/style.css": "how that looks",
    "/api/health": "whether the server works",
    "/api/session": "who one is oneself",
    "/api/own/sessions": "where one is logged in oneself",
    "/api/own/factor": "one's own second factor",
    "/api/users": "accounts of colleagues, to who keeps them; every change of one is a row",
    "/api/users/<user_id>": "the same, one of them",
    "/api/areas": "villages",
    "/api/catalogue": "programs and forms",
    "/api/forms": "forms",
    "/api/forms/<string:form_id>/<string:version>": "a form",
    "/api/forms/<string:form_id>/<string:version>/files/<string:sha>": "what a form brings along",
    "/api/forms/<string:form_id>/<string:version>/source": "a form as it was written",
    "/api/review/summary": "counts of what waits",
    "/api/rights/erasures": "ids that mean nothing any more, and phones of colleagues",
    "/api/rights/erasures/<erasure_id>": "the same, one of them",
    "/api/access-log": "which logs there are",
    "/api/access-log/chains/<area>": "whether a chain is whole",
    "/api/access-log/server/chain": "the same of the server's own",
}
# Noted too, but not to be had without more than an address.
ELSEWHERE = {
    "/api/review/visits/<visit_id>/files/<name>": "tests/api/test_visit_files.py",
    "/api/emergency/looks/<look_id>/record": "tests/api/test_glass.py",
}


@pytest.fixture
def place(app: Flask) -> Place:
    """Also with a phone, somebody whose visit waits for her consent, and requests to delete."""
    place = furnish(app)
    place.phone("wang")
    with app.app_context():
        wait_for_consent(Village(app, place.cast))
        db.session.remove()
    desk, corner = place.cast.steward.log_in(), (LIULIN, "housing")
    asked = [{"kind": "delete", "subject": one} for one in place.ids[corner]["person"]]
    made = [desk.post("/api/rights/requests", wish).json for wish in asked]
    place.note(corner, "request", *(one["id"] for one in made if "id" in one))
    return place


def wait_for_consent(village: Village) -> str:
    """A client who withdrew before a visit to her came; her id."""
    wang = village.cast.wang
    village.send(village.consent(wang))
    client = next(e for e, one in village.seen(wang).items() if one.get("full_name") == ["张小梅"])
    follow = village.make(village.pregnancy(wang, client))
    village.send(word(village, wang, client, "withdraw"))
    assert village.take_in(wang, follow)[0].why == "consent"
    return client


def test_every_read_is_in_the_log_or_tells_of_nobody(app: Flask, place: Place) -> None:
    paths = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule.startswith("/api/")
    } - set(ELSEWHERE)
    secret = {word for words in place.words.values() for word in words}
    secret |= {
        one for kinds in place.ids.values() for one in kinds["entity"] if one not in kinds["erased"]
    }
    silent, telling = set(paths), set[str]()
    for who in READERS:
        person = place.cast.people[who]
        browser = person.log_in()
        for path in sorted(paths):
            for address in addresses(place, path):
                before = rows_by(app, person)
                with browser.get(address) as answer:
                    text = answer.get_data(as_text=True)
                if rows_by(app, person) > before:
                    silent.discard(path)
                elif any(word in text for word in secret):
                    telling.add(path)
    assert telling == set(), "it names somebody and leaves no row: fieldapp.audit.service.note_page"
    assert silent == set(EXEMPT), "note the read, or say above why it tells of nobody"


def addresses(place: Place, path: str) -> Iterator[str]:
    """A path with ids of one village."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", path)
    kinds = next((KINDS[name] for name in names if name in KINDS), ())
    ids = [one for corner in CORNERS[:2] for kind in kinds for one in place.ids[corner][kind]]
    plain = {"area": LIULIN, "scope": "housing", "user_id": place.cast.wang.id}
    for one in ids if kinds else [""]:
        entity, _, value = one.partition("/")
        values = plain | dict.fromkeys(KINDS, entity) | {"value": value}
        yield re.sub(r"<(?:\w+:)?(\w+)>", lambda m, v=values: v.get(m[1], "x"), path)


def rows_by(app: Flask, person: Person) -> int:
    """How many rows of the log tell what somebody did."""
    with app.app_context():
        query = sa.select(sa.func.count()).where(AuditRow.actor == person.id)
        found: int = db.session.scalar(query) or 0
        db.session.remove()
    return found


# ---- what the rows say --------------------------------------------------------------------------


@pytest.fixture
def village(app: Flask, cast: Cast) -> Iterator[Village]:
    with app.app_context():
        yield Village(app, cast)
        db.session.remove()


def listed(person: Person) -> list[tuple[str, str, dict[str, Any]]]:
    """(village, scope, what) of the rows about lists that somebody saw."""
    db.session.rollback()
    query = sa.select(AuditRow).where(AuditRow.actor == person.id, AuditRow.act == "list")
    rows = db.session.scalars(query.order_by(AuditRow.chain, AuditRow.seq)).all()
    found = [(row.chain, row.scope, access_log.told(row.what)) for row in rows]
    db.session.rollback()
    return found


def lookers(desk: Browser, subject: str) -> set[tuple[str, str]]:
    """Who did what, as somebody is told of their own data."""
    told = desk.get(f"/api/access-log/people/{subject}")
    assert told.status_code == 200, told.json
    return {(line["name"], line["act"]) for line in told.json["lines"]}


def test_a_page_of_visits_is_a_row_for_each_village(village: Village) -> None:
    li, chen = village.cast.li, village.cast.chen
    village.send(village.consent(li))
    village.send(village.consent(li, name="何玉", phone="13800000003", village=SHIQIAO))
    first, second = (one["entity"] for one in clients())
    desk = chen.log_in()
    assert desk.get("/api/review/visits", size=1).json["total"] == 2
    (alone,) = listed(chen)
    both = [
        (LIULIN, "health", {"list": "visits", "ids": [first]}),
        (SHIQIAO, "health", {"list": "visits", "ids": [second]}),
    ]
    assert alone in both, "of whom it shows, no other"
    desk.get("/api/review/visits")
    assert sorted(listed(chen), key=str) == sorted([alone, *both], key=str)
    assert ("陈静", "list") in lookers(village.cast.steward.log_in(), first)


def test_a_list_that_shows_nobody_is_no_read(village: Village) -> None:
    chen = village.cast.chen
    desk = chen.log_in()
    for path in ("visits", "issues", "conflicts", "quarantine"):
        assert desk.get(f"/api/review/{path}").status_code == 200
    assert listed(chen) == []


def test_conflicts_and_issues_name_a_lessor_who_is_told_of_it(village: Village) -> None:
    wang, zhao = village.cast.wang, village.cast.zhao
    village.send(village.dwelling(wang, phone="1"))
    flat = village.only(wang, "dwelling")["id"]
    apart = [village.make(village.dwelling(wang, flat, lessor=name)) for name in ("甲", "乙")]
    village.take_in(wang, *apart)
    desk = zhao.log_in()
    for path in ("conflicts", "issues", "visits"):
        assert desk.get(f"/api/review/{path}").json["items"], path
    told = {what["list"]: what["ids"] for _, _, what in listed(zhao)}
    assert told == {name: [flat] for name in ("conflicts", "issues", "visits")}
    assert ("赵强", "list") in lookers(village.cast.steward.log_in(), f"{flat}/lessor")


def test_what_waits_for_her_consent_names_her(village: Village) -> None:
    chen, client = village.cast.chen, wait_for_consent(village)
    (kept,) = chen.log_in().get("/api/review/quarantine").json
    assert kept["subject"] == "张小梅"
    assert listed(chen) == [(LIULIN, "health", {"list": "quarantine", "ids": [client]})]


def test_requests_name_who_asked_and_so_does_opening_one(village: Village) -> None:
    village.send(village.dwelling(village.cast.wang))
    lessor = f"{village.only(village.cast.wang, 'dwelling')['id']}/lessor"
    shen = village.cast.steward.log_in()
    made = shen.post("/api/rights/requests", {"kind": "access", "subject": lessor}).json
    desk = village.cast.zhao.log_in()
    assert desk.get("/api/rights/requests").json[0]["title"]
    assert listed(village.cast.zhao) == [(LIULIN, "housing", {"list": "requests", "ids": [lessor]})]
    desk.get(f"/api/rights/requests/{made['id']}")
    told = lookers(village.cast.steward.log_in(), lessor)
    assert {("沈洁", "request"), ("赵强", "list"), ("赵强", "open")} <= told


def test_phones_of_colleagues_are_in_the_server_s_own(village: Village) -> None:
    wang, zhao, admin = village.cast.wang, village.cast.zhao, village.cast.admin
    wang.enrol()
    zhao.log_in().get("/api/review/phones")
    browser = admin.log_in()
    browser.get("/api/devices")
    browser.get(f"/api/users/{wang.id}/sessions")
    assert listed(zhao) == [("", "", {"list": "phones", "ids": [wang.id]})]
    assert [what["list"] for _, _, what in listed(admin)] == ["devices", "sessions"]
    lines = browser.get("/api/access-log/server").json["lines"]
    assert ("赵强", "list", 1) in {(line["name"], line["act"], line["n"]) for line in lines}


def clients() -> list[dict[str, Any]]:
    """Visits with whom they are about, in the order of villages."""
    from fieldapp.sync import models as m

    s = m.Submission
    rows = db.session.execute(sa.select(s.area, s.entity).order_by(s.area)).all()
    db.session.rollback()
    return [dict(row._mapping) for row in rows]
