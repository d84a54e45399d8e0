"""What a tampered or broken phone sends: taken in, found, shown at the desk, and struck off."""

import copy
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp.db import db
from fieldapp.forms import service as forms
from fieldapp.sync import models as m
from fieldapp.sync import service as sync
from fieldapp.sync.quality import issue_id
from tests.cast import Browser, Cast
from tests.visits import ON, entity_of, fill, new_client, pregnancy_visit, rental_visit

Finding = tuple[str, str]
SAFETY = """
| survey |
| | type | name | label::中文(zh) | label::English(en) | required |
| | username | username | | | |
| | deviceid | deviceid | | | |
| | today | today | | | |
| | date | visit_date | 日期 | Date | yes |
| | text | remark | 备注 | Remark | |
| settings |
| | form_id | form_title | version | default_language |
| | stair_check | 楼道检查 / Stair check | 1 | 中文(zh) |
"""


def tampered(visit: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The visit with answers changed on a rooted phone; None takes one out. `g__q` is g/q."""
    other = copy.deepcopy(visit) | {"id": str(uuid.uuid4()), "ops": []}
    for name, value in changes.items():
        *groups, leaf = name.split("__")
        at = other["answers"]
        for group in groups:
            at = at[group]
        if value is None:
            del at[leaf]
        else:
            at[leaf] = value
    return other


def findings(desk: Browser, visit_id: str) -> set[Finding]:
    """Rule and path of every issue of a visit."""
    return {(f["kind"], f["path"]) for f in look(desk, visit_id)["findings"]}


def look(desk: Browser, visit_id: str) -> dict[str, Any]:
    answer = desk.get(f"/api/review/visits/{visit_id}")
    assert answer.status_code == 200, answer.json
    whole: dict[str, Any] = answer.json
    return whole


def decide(desk: Browser, visit_id: str, state: str, **more: Any) -> Any:
    notes = [{"path": "", "text": "请核对"}] if state == "returned" else []
    body = {"state": state, "seen": look(desk, visit_id)["state"], "notes": notes, **more}
    return desk.post(f"/api/review/visits/{visit_id}/decision", body)


def move(desk: Browser, issue: dict[str, Any], to: str, **more: Any) -> Any:
    body = {"to": to, "seen": issue["state"], **more}
    return desk.post(f"/api/review/issues/{issue['id']}", body)


def states(desk: Browser, visit_id: str) -> list[str]:
    return [issue["state"] for issue in look(desk, visit_id)["findings"]]


@pytest.fixture
def honest(app: Flask, cast: Cast) -> dict[str, Any]:
    """A rental visit of 王芳 as her app makes it, not yet sent."""
    return rental_visit(app, cast.wang)


@pytest.fixture
def forbidden(app: Flask, cast: Cast, honest: dict[str, Any]) -> dict[str, Any]:
    """One with a telephone number the form doesn't allow, sent."""
    visit = tampered(honest, g_dw__g_let__lessor_phone="12")
    assert cast.wang.enrol().push([visit])[0]["st"] == "stored"
    return visit


class TestTampering:
    """Nothing a phone sends is refused, and nothing inadmissible passes unseen."""

    def test_an_honest_visit_has_no_issue(self, cast: Cast, honest: dict[str, Any]) -> None:
        assert cast.wang.enrol().push([honest])[0]["st"] == "stored"
        desk = cast.zhao.log_in()
        assert findings(desk, honest["id"]) == set()
        assert decide(desk, honest["id"], "approved").status_code == 200

    @pytest.mark.parametrize(
        ("change", "kind", "path"),
        [
            ({"g_dw__g_let__lessor_phone": "12"}, "constraint", "g_dw/g_let/lessor_phone"),
            ({"g_dw__g_let__mode_let": "villa"}, "choice", "g_dw/g_let/mode_let"),
            ({"g_dw__g_let__mode_let": None}, "required", "g_dw/g_let/mode_let"),
            ({"g_dw__g_let__rooms_let": "two"}, "type", "g_dw/g_let/rooms_let"),
            ({"g_dw__g_place__dw_id": str(uuid.UUID(int=7))}, "relevance", "g_dw/g_place/dw_id"),
            ({"g_dw__meta__entity__label": "天安门"}, "calculation", "g_dw/meta/entity/label"),
            ({"g_dw__meta__entity__@dataset": "client"}, "fixed", "g_dw/meta/entity/@dataset"),
            ({"g_dw__meta__entity__@id": "home"}, "entity", "g_dw/meta/entity/@id"),
            ({"role": "nurse"}, "calculation", "role"),
            ({"meta__instanceID": "1"}, "metadata", "meta/instanceID"),
            ({"g_visit__bonus": "1"}, "unknown", "g_visit/bonus"),
            ({"residents": "none"}, "shape", "residents"),
            ({"g_dw__g_place__address": "柳林路\u202e1号"}, "characters", "g_dw/g_place/address"),
        ],
    )
    def test_zhao_sees_each(
        self, cast: Cast, honest: dict[str, Any], change: dict[str, Any], kind: str, path: str
    ) -> None:
        visit = tampered(honest, **change)
        assert cast.wang.enrol().push([visit])[0]["st"] == "stored"
        assert (kind, path) in findings(cast.zhao.log_in(), visit["id"])

    def test_who_filled_it_and_on_which_phone_is_no_matter_of_answers(
        self, app: Flask, cast: Cast, tmp_path: Path
    ) -> None:
        source = tmp_path / "stair_check.md"
        source.write_text(SAFETY, "utf-8")
        with app.app_context():
            forms.publish(source, "rental")
        visit = fill(app, cast.wang, "stair_check", {"visit_date": ON})
        phone = cast.wang.enrol()
        fine = tampered(visit, deviceid=phone.device)
        fake = tampered(visit, deviceid=phone.device, username="li", today="2031-01-01")
        lent = tampered(visit, deviceid="another phone")
        assert {r["st"] for r in phone.push([fine, fake, lent])} == {"stored"}
        desk = cast.zhao.log_in()
        assert findings(desk, fine["id"]) == set()
        assert findings(desk, fake["id"]) == {("metadata", "username"), ("metadata", "today")}
        (other,) = look(desk, lent["id"])["findings"]
        assert (other["kind"], other["path"], other["severity"]) == ("metadata", "deviceid", "warn")

    def test_any_json_is_judged(self, cast: Cast, honest: dict[str, Any]) -> None:
        phone = cast.wang.enrol()
        whole = honest["answers"]
        odd = [
            {**whole, "residents": [{}] * 3000},
            {**whole, "residents": [1, None, [], "x", {"r_name": {"a": 1}}]},
            {**whole, "g_dw": [], "g_visit": "x", "meta": None},
            {**whole, "x" * 5000: 1, "\u202e": [], "": {}},
            {name: {} for name in map(str, range(3000))},
        ]
        visits = [{**honest, "id": str(uuid.uuid4()), "ops": [], "answers": one} for one in odd]
        assert {r["st"] for r in phone.push(visits)} == {"stored"}
        desk = cast.zhao.log_in()
        assert all(findings(desk, visit["id"]) for visit in visits)

    def test_a_message_is_the_forms_own_in_the_readers_language(
        self, cast: Cast, forbidden: dict[str, Any]
    ) -> None:
        desk = cast.zhao.log_in()
        zh = desk.get(f"/api/review/visits/{forbidden['id']}").json["findings"][0]
        en = desk.client.get(
            f"/api/review/visits/{forbidden['id']}", headers={"Accept-Language": "en"}
        ).json["findings"][0]
        assert (zh["severity"], zh["known"], zh["state"]) == ("block", False, "open")
        assert zh["message"] != en["message"]
        assert zh["label"] != en["label"]


class TestConsentGate:
    """What the server knew of consent when a health visit came."""

    def test_a_visit_without_a_consent_the_server_knows_waits_for_it_unseen(
        self, app: Flask, cast: Cast
    ) -> None:
        zhang = new_client(app, cast.wang, "张小梅")
        visit = pregnancy_visit(app, cast.wang, zhang)
        phone = cast.wang.enrol()
        phone.push([zhang, visit])
        liu = new_client(app, cast.wang, "刘春燕")
        unknown = pregnancy_visit(app, cast.wang, liu)
        assert phone.push([unknown])[0] == {
            "id": unknown["id"], "st": "quarantined", "why": "consent",
        }  # fmt: skip
        desk = cast.chen.log_in()
        assert ("gate", "g_visit/consent_n") not in findings(desk, visit["id"])
        (kept,) = desk.get("/api/review/quarantine").json
        assert (kept["why"], kept["days_left"]) == ("consent", 6)
        whole = desk.get(f"/api/review/quarantine/{unknown['id']}").json
        assert (whole["reading"], whole["releasable"], whole["repairable"]) == ([], False, False)
        refused = desk.post(f"/api/review/quarantine/{unknown['id']}/release", {"reason": "熟人"})
        assert refused.status_code == 403
        phone.push([liu])
        assert desk.get("/api/review/quarantine").json == []
        assert look(desk, unknown["id"])["subject"] == "刘春燕"

    def test_a_consent_from_another_worker_s_phone_lets_it_in(self, app: Flask, cast: Cast) -> None:
        liu = new_client(app, cast.wang, "刘春燕")
        visit = pregnancy_visit(app, cast.li, liu)
        assert cast.li.enrol().push([visit])[0]["why"] == "consent"
        assert cast.wang.enrol().push([liu])[0]["st"] == "stored"
        desk = cast.chen.log_in()
        assert desk.get("/api/review/quarantine").json == []
        assert look(desk, visit["id"])["subject"] == "刘春燕"

    def test_an_older_copy_on_the_phone_is_told_and_holds_nothing_up(
        self, app: Flask, cast: Cast
    ) -> None:
        zhang = new_client(app, cast.wang, "张小梅")
        visit = pregnancy_visit(app, cast.wang, zhang, g_visit=absent(zhang))
        visit["answers"]["g_visit"]["dob"] = "1990-01-01"
        cast.wang.enrol().push([zhang, visit])
        desk = cast.chen.log_in()
        found = {f["path"]: f for f in look(desk, visit["id"])["findings"]}
        dob = found["g_visit/dob"]
        assert (dob["kind"], dob["known"], dob["severity"]) == ("calculation", True, "info")
        assert dob["message"] == "填写时手机上的资料与服务器上的不同"
        assert decide(desk, visit["id"], "approved").status_code == 200
        assert "open" not in states(desk, visit["id"])

    def test_a_rebuild_keeps_what_was_known_then(self, app: Flask, cast: Cast) -> None:
        zhang = new_client(app, cast.wang, "张小梅")
        visit = pregnancy_visit(app, cast.wang, zhang, g_visit=absent(zhang))
        visit["answers"]["g_visit"]["dob"] = "1990-01-01"
        cast.wang.enrol().push([zhang, visit])
        desk = cast.chen.log_in()
        before = look(desk, visit["id"])["findings"]
        assert [found["known"] for found in before] == [True]
        with app.app_context():
            sync.rebuild()
            db.session.remove()
        assert look(desk, visit["id"])["findings"] == before


class TestStrikingOff:
    """open → assigned → fixed → verified → closed, and who may do which."""

    def test_what_blocks_stands_in_the_way_until_it_is_accepted_with_a_reason(
        self, cast: Cast, forbidden: dict[str, Any]
    ) -> None:
        desk = cast.zhao.log_in()
        refused = decide(desk, forbidden["id"], "approved")
        assert (refused.status_code, refused.json["code"]) == (409, "issues_open")
        assert look(desk, forbidden["id"])["state"] == "received"
        done = decide(desk, forbidden["id"], "approved", accepted="房主只有座机短号")
        assert done.status_code == 200, done.json
        assert done.json["decisions"][-1]["accepted"] == "房主只有座机短号"
        assert states(desk, forbidden["id"]) == ["closed"]

    def test_a_correction_fixes_it_and_approving_the_correction_verifies_it(
        self, app: Flask, cast: Cast, honest: dict[str, Any]
    ) -> None:
        visit = tampered(honest, g_dw__g_let__lessor_phone="12")
        phone = cast.wang.enrol()
        phone.push([visit])
        desk = cast.zhao.log_in()
        decide(desk, visit["id"], "returned")
        (issue,) = look(desk, visit["id"])["findings"]
        assert (issue["state"], issue["owner"]) == ("assigned", "王芳")
        right = tampered(visit, g_dw__g_let__lessor_phone="13800000001")
        right["corrects"] = visit["id"]
        assert phone.push([right])[0]["st"] == "stored"
        (issue,) = look(desk, visit["id"])["findings"]
        assert (issue["state"], issue["fixer"]) == ("fixed", "王芳")
        assert findings(desk, right["id"]) == set()
        decide(desk, right["id"], "approved")
        (issue,) = look(desk, visit["id"])["findings"]
        assert issue["state"] == "verified"
        assert move(desk, issue, "closed").json["state"] == "closed"
        before = everything(app)
        with app.app_context():
            sync.rebuild(arrange=list.reverse)
            db.session.remove()
        assert everything(app) == before

    def test_a_correction_that_keeps_it_carries_it_on(
        self, cast: Cast, honest: dict[str, Any]
    ) -> None:
        visit = tampered(honest, g_dw__g_let__lessor_phone="12")
        again = tampered(visit, g_dw__g_let__lessor_phone="13") | {"corrects": visit["id"]}
        cast.wang.enrol().push([visit, again])
        desk = cast.zhao.log_in()
        assert states(desk, visit["id"]) == ["closed"]
        assert states(desk, again["id"]) == ["open"]
        listed = desk.get("/api/review/issues").json
        assert [row["visit"] for row in listed["items"]] == [again["id"]]

    def test_nobody_verifies_what_they_fixed(
        self, app: Flask, cast: Cast, forbidden: dict[str, Any]
    ) -> None:
        desk = cast.zhao.log_in()
        (issue,) = desk.get("/api/review/issues").json["items"]
        assert issue["moves"] == ["assigned", "fixed"]
        mine = move(desk, issue, "assigned", owner="me", note="我打电话问")
        assert (mine.json["state"], mine.json["owner"]) == ("assigned", "赵强")
        fixed = move(desk, mine.json, "fixed").json
        assert fixed["moves"] == ["reopened"]
        assert move(desk, fixed, "verified").status_code == 403
        assert move(desk, fixed, "closed").status_code == 403
        assert move(desk, issue, "assigned").json["code"] == "conflict_moved"
        assert move(desk, fixed, "reopened").json["state"] == "reopened"
        before = everything(app)
        with app.app_context():
            sync.rebuild()
            db.session.remove()
        assert everything(app) == before

    def test_it_is_due_in_three_days_if_it_blocks(
        self, cast: Cast, forbidden: dict[str, Any]
    ) -> None:
        (issue,) = cast.zhao.log_in().get("/api/review/issues").json["items"]
        opened, due = (date.fromisoformat(issue[key]) for key in ("opened", "due"))
        assert (due - opened).days == 3
        assert not issue["late"]

    def test_it_is_counted_by_rule_and_filters_the_queue(
        self, app: Flask, cast: Cast, forbidden: dict[str, Any]
    ) -> None:
        fine = rental_visit(app, cast.wang)
        cast.wang.enrol().push([fine])
        desk = cast.zhao.log_in()
        listed = desk.get("/api/review/issues").json
        assert [(k["kind"], k["count"]) for k in listed["kinds"]] == [("constraint", 1)]
        assert listed["counts"]["open"] == listed["total"] == 1
        assert desk.get("/api/review/summary").json["issues"] == 1
        rows = desk.get("/api/review/visits", issues="true").json["items"]
        assert [(row["id"], row["blocking"]) for row in rows] == [(forbidden["id"], 1)]
        assert desk.get("/api/review/issues", kind="choice").json["total"] == 0

    def test_health_issues_are_the_nurses_and_housing_ones_the_area_leads(
        self, app: Flask, cast: Cast, forbidden: dict[str, Any]
    ) -> None:
        odd = new_client(app, cast.wang, "张小梅", phone="12345")
        cast.wang.enrol().push([odd])
        zhao, chen, steward = (cast.people[n].log_in() for n in ("zhao", "chen", "steward"))
        visits = {
            n: {row["visit"] for row in desk.get("/api/review/issues").json["items"]}
            for n, desk in (("zhao", zhao), ("chen", chen), ("steward", steward))
        }
        assert visits["chen"] == {odd["id"]}
        assert visits["zhao"] == visits["steward"] == {forbidden["id"]}
        (issue, *_) = chen.get("/api/review/issues").json["items"]
        assert move(zhao, issue, "assigned").status_code == 404
        (issue,) = steward.get("/api/review/issues").json["items"]
        assert issue["moves"] == ["assigned", "fixed"], "issues are hers too, decisions are not"
        assert decide(steward, forbidden["id"], "approved").status_code == 403
        assert move(steward, issue, "assigned").status_code == 200
        assert cast.wang.log_in().get("/api/review/issues").status_code == 403

    def test_a_phone_can_neither_strike_off_nor_approve(
        self, app: Flask, cast: Cast, forbidden: dict[str, Any]
    ) -> None:
        path = "g_dw/g_let/lessor_phone"
        word = {"target": forbidden["id"], "kind": "constraint", "path": path, "to": "closed"}
        kept = cast.li.enrol().push([{"form": "_issue", "answers": word}])
        assert (kept[0]["st"], kept[0]["why"]) == ("quarantined", "authz")
        approved = {"target": forbidden["id"], "state": "approved", "notes": []}
        for who, answers in ((cast.li, approved), (cast.zhao, approved), (cast.zhao, word)):
            form = "_issue" if "to" in answers else "_review"
            (kept,) = who.enrol().push([{"form": form, "answers": answers}])
            assert (kept["st"], kept["why"]) == ("quarantined", "authz")
        assert states(cast.zhao.log_in(), forbidden["id"]) == ["open"]
        with app.app_context():
            found = db.session.get(m.Issue, issue_id(forbidden["id"], "constraint", path))
            assert found is not None


def absent(client: dict[str, Any]) -> dict[str, str]:
    """Nobody home."""
    person = entity_of(client, "client")
    met = {"visit_date": ON, "visit_mode": "home", "contact_result": "absent"}
    return {**met, "person_id": person}


def everything(app: Flask) -> list[tuple[Any, ...]]:
    """Every issue row."""
    with app.app_context():
        rows = [tuple(row) for row in db.session.execute(sa.select(m.Issue.__table__))]
        db.session.remove()
    return sorted(rows, key=str)
