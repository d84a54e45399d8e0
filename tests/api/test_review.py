"""Reviewing visits: the queue, a visit beside what it changed, and the decision."""

import json

import pytest
from flask import Flask

from tests.cast import LIULIN, SHIQIAO, TOWN, Browser, Cast
from tests.visits import (
    TENANT,
    change_phone,
    dot_of,
    entity_of,
    fill,
    new_client,
    pregnancy_visit,
    rental_visit,
)

BLEEDING = {
    "g_preg": {
        "g_new": {"confirmed_by": "handbook"},
        "g_ga": {"status": "on"},
        "g_anc": {"danger_p": "bleed"},
    },
    "g_ref": {"called": "1"},
}


def rows(browser: Browser, **query: str) -> list[dict]:
    """The queue's items."""
    answer = browser.get("/api/review/visits", **query)
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def answers_of(reading: list[dict]) -> dict[str, str]:
    """Label → words of every answered question."""
    found = {}
    for row in reading:
        found |= (
            {row["label"]: row["words"]} if row["kind"] == "answer" else answers_of(row["children"])
        )
    return found


@pytest.fixture
def zhang(app: Flask, cast: Cast) -> dict:
    """张小梅, registered by 王芳 and stored."""
    client = new_client(app, cast.wang, "张小梅")
    assert cast.wang.enrol().push([client])[0]["st"] == "stored"
    return client


@pytest.fixture
def dwelling(app: Flask, cast: Cast) -> dict:
    """A rented flat with one tenant, registered by 王芳 and stored."""
    visit = rental_visit(app, cast.wang, residents=[TENANT])
    assert cast.wang.enrol().push([visit])[0]["st"] == "stored"
    return visit


class TestQueue:
    """Who sees which visits, in which order."""

    def test_health_visits_wait_for_the_nurse_and_housing_ones_for_the_area_lead(
        self, cast: Cast, zhang: dict, dwelling: dict
    ) -> None:
        assert [row["id"] for row in rows(cast.chen.log_in())] == [zhang["id"]]
        assert [row["id"] for row in rows(cast.zhao.log_in())] == [dwelling["id"]]

    def test_a_row_says_whom_it_is_about(self, cast: Cast, zhang: dict) -> None:
        (row,) = rows(cast.chen.log_in())
        assert row["subject"] == "张小梅"
        assert (row["title"], row["author"], row["area_name"]) == (
            "知情同意与登记",
            "王芳",
            "柳林村",
        )
        assert (row["state"], row["urgent"], row["conflicts"], row["mine"]) == (
            "received",
            False,
            0,
            False,
        )

    def test_the_steward_reads_housing_but_no_health(
        self, cast: Cast, zhang: dict, dwelling: dict
    ) -> None:
        assert [row["id"] for row in rows(cast.steward.log_in(), state="all")] == [dwelling["id"]]

    def test_danger_comes_first_however_late_it_arrived(
        self, app: Flask, cast: Cast, zhang: dict
    ) -> None:
        phone = cast.wang.enrol()
        ordinary = pregnancy_visit(app, cast.wang, zhang)
        urgent = pregnancy_visit(app, cast.wang, zhang, **BLEEDING)
        phone.push([ordinary, urgent])
        found = rows(cast.chen.log_in())
        assert found[0]["id"] == urgent["id"]
        assert [row["urgent"] for row in found] == [True, False, False]

    def test_filters_narrow_the_list_and_the_counts(
        self, app: Flask, cast: Cast, zhang: dict
    ) -> None:
        li = cast.li.enrol()
        other = new_client(app, cast.li, "刘春燕", "13800000009") | {"area": SHIQIAO}
        li.push([other])
        desk = cast.chen.log_in()
        assert len(rows(desk)) == 2
        assert [r["id"] for r in rows(desk, area=SHIQIAO)] == [other["id"]]
        assert len(rows(desk, area=TOWN)) == 2
        assert rows(desk, form="preg_followup") == []
        assert rows(desk, scope="housing") == []
        page = desk.get("/api/review/visits", area=LIULIN).json
        assert (page["total"], page["counts"]["received"]) == (1, 1)
        assert page["forms"] == [{"id": "consent_record", "name": "知情同意与登记"}]

    def test_pages_hold_what_was_asked_for(self, app: Flask, cast: Cast) -> None:
        phone = cast.wang.enrol()
        phone.push([new_client(app, cast.wang, f"客户{i}", f"1380000000{i}") for i in range(5)])
        desk = cast.chen.log_in()
        first = desk.get("/api/review/visits", size=2, page=1).json
        last = desk.get("/api/review/visits", size=2, page=3).json
        assert (first["total"], len(first["items"]), len(last["items"])) == (5, 2, 1)
        seen = [row["id"] for n in (1, 2, 3) for row in rows(desk, size="2", page=str(n))]
        assert len(set(seen)) == 5

    def test_a_page_past_the_end_is_the_last_one(self, app: Flask, cast: Cast) -> None:
        """Who decides the only visit of the second page comes back to the first, not to nothing."""
        phone = cast.wang.enrol()
        phone.push([new_client(app, cast.wang, f"客户{i}", f"1380000000{i}") for i in range(3)])
        desk = cast.chen.log_in()
        beyond = desk.get("/api/review/visits", size=2, page=9).json
        assert (beyond["page"], len(beyond["items"])) == (2, 1)
        for listed in ("visits", "issues", "conflicts"):
            nothing = desk.get(f"/api/review/{listed}", page=9, scope="housing").json
            assert (nothing["page"], nothing["total"]) == (1, 0)

    def test_the_tabs_count_what_waits(self, app: Flask, cast: Cast, zhang: dict) -> None:
        expected = {"visits": 1, "urgent": 0, "conflicts": 0, "issues": 0, "quarantined": 0}
        expected |= {"emergencies": {"open": 0, "late": 0, "hours": 0}}
        assert cast.chen.log_in().get("/api/review/summary").json == expected
        assert cast.zhao.log_in().get("/api/review/summary").json == expected | {"visits": 0}


class TestVisit:
    """One visit, as the reviewer reads it."""

    def test_it_reads_as_the_form_does(self, cast: Cast, zhang: dict) -> None:
        visit = cast.chen.log_in().get(f"/api/review/visits/{zhang['id']}").json
        told = answers_of(visit["reading"])
        assert told["姓名"] == "张小梅"
        assert told["性别"] == "女"
        assert told["同意方式"] == "口头，两人在场"
        assert told["所在村居"] == "柳林村"
        assert [row["label"] for row in visit["reading"]] == [
            "登记",
            "逐项单独同意",
            "服务对象资料",
        ]

    def test_in_english_too(self, cast: Cast, zhang: dict) -> None:
        desk = cast.chen.log_in()
        answer = desk.client.get(
            f"/api/review/visits/{zhang['id']}", headers={"Accept-Language": "en"}
        )
        told = answers_of(answer.json["reading"])
        assert told["Sex"] == "Female"
        assert answer.json["title"] == "Consent and registration"

    def test_a_chosen_person_is_shown_by_name_not_by_id(
        self, app: Flask, cast: Cast, zhang: dict
    ) -> None:
        visit = pregnancy_visit(app, cast.wang, zhang)
        cast.wang.enrol().push([visit])
        read = cast.chen.log_in().get(f"/api/review/visits/{visit['id']}").json
        assert answers_of(read["reading"])["服务对象"] == "张小梅"
        assert read["subject"] == "张小梅"
        assert entity_of(zhang, "client") not in json.dumps(read["reading"])

    def test_a_change_stands_beside_what_was_there_before(
        self, app: Flask, cast: Cast, zhang: dict
    ) -> None:
        change = change_phone(
            app, cast.li, zhang, "13900000002", [dot_of(zhang, "phone")], on="2026-11-05"
        )
        assert cast.li.enrol().push([change])[0]["st"] == "stored"
        visit = cast.chen.log_in().get(f"/api/review/visits/{change['id']}").json
        (changed,) = [c for c in visit["changes"] if c["register"] == "phone"]
        assert (changed["label"], changed["after"]) == ("手机", "13900000002")
        (before,) = changed["before"]
        assert (before["words"], before["by"], before["live"]) == ("13800000001", "王芳", False)
        assert (changed["new"], changed["same"], changed["conflict"]) == (False, False, False)

    def test_a_first_record_has_nothing_before(self, cast: Cast, zhang: dict) -> None:
        visit = cast.chen.log_in().get(f"/api/review/visits/{zhang['id']}").json
        client = [c for c in visit["changes"] if c["type_label"] == "服务对象"]
        assert {c["label"]: c["after"] for c in client}["性别"] == "女"
        assert all(c["new"] and c["before"] == [] for c in client)

    def test_the_full_id_number_reaches_no_reviewer(self, cast: Cast, dwelling: dict) -> None:
        assert "11010519491231002X" in json.dumps(dwelling)
        for who in (cast.zhao, cast.steward):
            visit = who.log_in().get(f"/api/review/visits/{dwelling['id']}")
            assert visit.status_code == 200
            assert "11010519491231002X" not in visit.text
            assert "002X" in visit.text, "the last four are there to compare"

    def test_a_repeat_is_shown_instance_by_instance(self, cast: Cast, dwelling: dict) -> None:
        visit = cast.zhao.log_in().get(f"/api/review/visits/{dwelling['id']}").json
        (resident,) = [row for row in visit["reading"] if row["kind"] == "instance"]
        assert resident["path"] == "residents[0]"
        assert answers_of([resident])["姓名"] == "刘春燕"

    def test_what_the_form_would_not_have_allowed_is_pointed_out(
        self, app: Flask, cast: Cast
    ) -> None:
        odd = new_client(app, cast.wang, "张小梅", phone="12345")
        assert cast.wang.enrol().push([odd])[0]["st"] == "stored"
        desk = cast.chen.log_in()
        assert rows(desk)[0]["issues"] >= 1
        visit = desk.get(f"/api/review/visits/{odd['id']}").json
        found = {(f["kind"], f["label"]) for f in visit["findings"]}
        assert ("constraint", "手机(可不填)") in found

    @pytest.mark.parametrize("who", ["zhao", "steward"])
    def test_a_health_visit_does_not_exist_for_housing(
        self, cast: Cast, zhang: dict, who: str
    ) -> None:
        desk = cast.people[who].log_in()
        hidden = desk.get(f"/api/review/visits/{zhang['id']}")
        missing = desk.get("/api/review/visits/00000000-0000-4000-8000-000000000000")
        assert (hidden.status_code, hidden.json) == (404, missing.json)

    def test_another_town_s_visit_does_not_exist_either(self, app: Flask, cast: Cast) -> None:
        far = rental_visit(app, cast.sun) | {"area": "379902001001"}
        cast.sun.enrol().push([far])
        assert cast.zhao.log_in().get(f"/api/review/visits/{far['id']}").status_code == 404


class TestDecision:
    """Approve, return, reject."""

    def decide(self, desk: Browser, visit: dict, state: str, **more: object):
        body = {"state": state, "seen": "received", **more}
        return desk.post(f"/api/review/visits/{visit['id']}/decision", body)

    def test_chen_approves_and_the_queue_is_empty(self, cast: Cast, zhang: dict) -> None:
        desk = cast.chen.log_in()
        decided = self.decide(desk, zhang, "approved").json
        assert decided["state"] == "approved"
        assert [(d["state"], d["by"]) for d in decided["decisions"]] == [("approved", "陈静")]
        assert rows(desk) == []
        assert [row["id"] for row in rows(desk, state="approved")] == [zhang["id"]]

    def test_a_return_carries_its_notes_to_the_author_s_phone(
        self, cast: Cast, zhang: dict
    ) -> None:
        notes = [{"path": "g_person/n_phone", "text": "号码少一位，请核对"}]
        decided = self.decide(cast.chen.log_in(), zhang, "returned", notes=notes).json
        assert decided["state"] == "returned"
        assert decided["decisions"][0]["notes"] == notes

    def test_a_return_that_says_nothing_is_refused(self, cast: Cast, zhang: dict) -> None:
        answer = self.decide(cast.chen.log_in(), zhang, "returned")
        assert (answer.status_code, answer.json["fields"][0]["path"]) == (422, "notes")

    def test_a_corrected_visit_is_decided_anew(self, app: Flask, cast: Cast, zhang: dict) -> None:
        desk = cast.chen.log_in()
        self.decide(desk, zhang, "returned", notes=[{"path": "", "text": "请核对"}])
        correction = change_phone(app, cast.wang, zhang, "13800000011", [dot_of(zhang, "phone")])
        assert cast.wang.enrol().push([correction | {"corrects": zhang["id"]}])[0]["st"] == "stored"
        old = desk.get(f"/api/review/visits/{zhang['id']}").json
        assert (old["state"], old["corrected_by"], old["decidable"]) == (
            "corrected",
            correction["id"],
            False,
        )
        (new,) = rows(desk)
        assert (new["id"], new["corrects"]) == (correction["id"], zhang["id"])
        late = self.decide(desk, zhang, "approved", seen="corrected")
        assert (late.status_code, late.json["code"]) == (409, "conflict_moved")

    def test_two_reviewers_at_once_the_second_looks_again(self, cast: Cast, dwelling: dict) -> None:
        first, second = cast.zhao.log_in(), cast.zhao.log_in()
        assert self.decide(first, dwelling, "approved").status_code == 200
        moved = self.decide(second, dwelling, "rejected")
        assert (moved.status_code, moved.json["code"]) == (409, "conflict_moved")
        again = self.decide(second, dwelling, "rejected", seen="approved")
        assert again.json["state"] == "rejected"
        assert [d["state"] for d in again.json["decisions"]] == ["approved", "rejected"]

    def test_nobody_decides_on_their_own_visit(self, app: Flask, cast: Cast) -> None:
        own = new_client(app, cast.chen, "刘春燕")
        assert cast.chen.enrol().push([own])[0]["st"] == "stored"
        desk = cast.chen.log_in()
        (row,) = rows(desk)
        assert row["mine"]
        assert not desk.get(f"/api/review/visits/{own['id']}").json["decidable"]
        assert self.decide(desk, own, "approved").json["code"] == "forbidden"

    def test_the_steward_reads_and_does_not_decide(self, cast: Cast, dwelling: dict) -> None:
        desk = cast.steward.log_in()
        assert not desk.get(f"/api/review/visits/{dwelling['id']}").json["decidable"]
        assert self.decide(desk, dwelling, "approved").status_code == 403

    def test_the_other_scope_s_reviewer_finds_nothing_to_decide(
        self, cast: Cast, zhang: dict
    ) -> None:
        assert self.decide(cast.zhao.log_in(), zhang, "approved").status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            {"state": "perfect", "seen": "received"},
            {"state": "approved"},
            {"state": "approved", "seen": "received", "notes": [{"path": "", "text": ""}]},
            {"state": "approved", "seen": "received", "notes": "none"},
        ],
    )
    def test_an_unreadable_decision_is_refused(self, cast: Cast, zhang: dict, body: dict) -> None:
        desk = cast.chen.log_in()
        answer = desk.post(f"/api/review/visits/{zhang['id']}/decision", body)
        assert answer.status_code == 422
        assert rows(desk)[0]["state"] == "received"


class TestKeptAside:
    """Quarantined submissions."""

    def test_a_revoked_phone_s_visit_is_listed_with_who_when_and_why(
        self, app: Flask, cast: Cast
    ) -> None:
        phone = cast.wang.enrol()
        phone.browser.post(f"/api/devices/{phone.device}/revoke")
        visit = new_client(app, cast.wang, "张小梅")
        (result,) = phone.push([visit], session=False)
        assert (result["st"], result["why"]) == ("quarantined", "revoked")
        (row,) = cast.chen.log_in().get("/api/review/quarantine").json
        assert (row["author"], row["why"], row["title"]) == ("王芳", "revoked", "知情同意与登记")
        assert cast.zhao.log_in().get("/api/review/quarantine").json == []
        (blind,) = cast.admin.log_in().get("/api/review/quarantine").json
        assert (blind["author"], blind["title"]) == ("王芳", "")
        assert rows(cast.chen.log_in()) == []

    def test_what_can_not_be_read_is_the_administrator_s(self, cast: Cast) -> None:
        phone = cast.wang.enrol()
        phone.push([{"form": "consent_record", "at": 7}])
        assert cast.chen.log_in().get("/api/review/quarantine").json == []
        (row,) = cast.admin.log_in().get("/api/review/quarantine").json
        assert (row["author"], row["why"]) == ("王芳", "parse")


def test_nothing_in_a_fill_is_made_up(app: Flask, cast: Cast) -> None:
    """The helper finishes forms as a phone does: nothing answered, nothing written."""
    visit = fill(app, cast.wang, "consent_record", {"g_start": {"known": "1"}})
    assert visit["ops"] == []
