"""People ask about their data: 沈洁 at the rights desk, 陈静 who sees what is clinical."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp import clock
from fieldapp.cli import main
from fieldapp.db import db
from fieldapp.followup import schedule
from fieldapp.registry import service as registry
from fieldapp.rights import keeping
from fieldapp.rights import schedule as daily
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import EntitySubject
from fieldapp.sync import service as sync
from fieldapp.sync.rules import current_rules
from tests.cast import LIULIN, Browser, Cast, Person
from tests.opened import all_text
from tests.sync.stories import Village, logged, versions


@pytest.fixture
def zhang(app: Flask, cast: Cast, village: Village) -> str:
    """张小梅 agreed to everything; 王芳 and 陈静 have been there."""
    with app.app_context():
        assert village.send(village.consent(cast.wang)).st == "stored"
        client = str(village.only(cast.wang, "client")["id"])
        village.send(village.pregnancy(cast.wang, client))
        village.send(village.pregnancy(cast.chen, client, clinical=True))
        db.session.remove()
    return client


def ask(desk: Browser, kind: str, name: str = "张小梅", scope: str = "health") -> dict[str, Any]:
    """A request about somebody found by name."""
    found = desk.post("/api/rights/find", {"scope": scope, "text": name})
    assert found.status_code == 200, found.json
    (person,) = found.json
    made = desk.post("/api/rights/requests", {"kind": kind, "subject": person["id"]})
    assert made.status_code == 200, made.json
    return dict(made.json)


def histories(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Every value that a report tells, with who wrote it where."""
    values = (v for g in report["groups"] for r in g["records"] for v in r["values"])
    return [one for value in values for one in value["history"]]


def values(report: dict[str, Any]) -> dict[str, list[str]]:
    """What a report tells, by property."""
    return {
        value["prop"]: [one["words"] for one in value["history"]]
        for group in report["groups"]
        for record in group["records"]
        for value in record["values"]
    }


def test_the_desk_knows_her_name_and_next_date_and_the_nurse_the_rest(
    cast: Cast, zhang: str
) -> None:
    shen, chen = cast.steward.log_in(), cast.chen.log_in()
    request = ask(shen, "access")
    assert request["subject"] == zhang
    address = f"/api/rights/requests/{request['id']}"
    part = shen.get(f"{address}/report").json
    told = values(part)
    assert told["full_name"] == ["张小梅"]
    assert told["phone"] == ["13800000002"]
    assert told["scope"][0] in ("孕产随访", "避孕服务", "转给医疗机构", "接收提醒")
    assert told["status"] == ["同意"]
    assert not {"sbp", "edd", "danger_last", "visit_date"} & told.keys()
    assert (part["full"], part["left_out"] > 5) == (False, True)
    assert {visit["form"] for visit in part["visits"]} == {"知情同意与登记", "家访"}
    assert "孕产随访" not in {one["form"] for one in histories(part)}
    whole = chen.get(f"{address}/report").json
    assert values(whole)["sbp"] == ["151"]
    assert "孕产随访" in {visit["form"] for visit in whole["visits"]}
    assert "孕产随访" in {one["form"] for one in histories(whole)}
    assert whole["full"] is True
    assert {visit["by"] for visit in whole["visits"]} == {"王芳", "陈静"}
    name = next(v for g in whole["groups"] for r in g["records"] for v in r["values"]
                if v["prop"] == "full_name")  # fmt: skip
    assert (name["purpose"], name["retention"]) == ("称呼与核对本人", "最后一次联系后12个月")
    assert (name["history"][0]["by"], name["history"][0]["stands"]) == ("王芳", True)
    assert "print" in request["acts"]
    done = shen.post(f"{address}/handed-over").json
    assert (done["state"], done["outcome"]) == ("done", "handed_over")


def test_the_report_says_who_looked(cast: Cast, zhang: str) -> None:
    chen = cast.chen.log_in()
    request = ask(cast.steward.log_in(), "access")
    address = f"/api/rights/requests/{request['id']}/report"
    chen.get(address)
    looks = chen.get(address).json["looks"]
    assert ("陈静", "nurse") in {(look["name"], look["role"]) for look in looks}
    assert ("沈洁", "steward") in {(look["name"], look["role"]) for look in looks}


def test_others_find_nobody_and_see_no_request(cast: Cast, zhang: str) -> None:
    request = ask(cast.steward.log_in(), "delete")
    for person in (cast.wang, cast.li, cast.sun, cast.zhao, cast.admin, cast.town, cast.grid):
        desk = person.log_in()
        found = desk.post("/api/rights/find", {"scope": "health", "text": "张小梅"})
        assert found.status_code == 403 or found.json == [], person.username
        for path in ("", "/report", "/erasure"):
            answer = desk.get(f"/api/rights/requests/{request['id']}{path}")
            assert answer.status_code in (403, 404), (person.username, path)
        asked = desk.post("/api/rights/requests", {"kind": "access", "subject": zhang})
        assert asked.status_code in (403, 404), person.username
    erase = cast.chen.log_in().get(f"/api/rights/requests/{request['id']}/erasure")
    assert erase.status_code == 403


def test_a_correction_keeps_both_values(
    app: Flask, cast: Cast, zhang: str, village: Village
) -> None:
    shen, chen = cast.steward.log_in(), cast.chen.log_in()
    request = ask(shen, "correct")
    address = f"/api/rights/requests/{request['id']}"
    assert "correct" not in request["acts"]
    report = chen.get(f"{address}/report").json
    phone = next(v for g in report["groups"] for r in g["records"] for v in r["values"]
                 if v["prop"] == "phone")  # fmt: skip
    wish = {"entity": zhang, "prop": "phone", "value": "13900000001",
            "seen": [one["dot"] for one in phone["history"]]}  # fmt: skip
    assert shen.post(f"{address}/correction", wish).status_code == 403
    assert chen.post(f"{address}/correction", wish).status_code == 200
    assert chen.post(f"{address}/correction", wish).json["code"] == "conflict_moved"
    after = chen.get(f"{address}/report").json
    history = next(v["history"] for g in after["groups"] for r in g["records"] for v in r["values"]
                   if v["prop"] == "phone")  # fmt: skip
    assert {(one["words"], one["stands"]) for one in history} == {
        ("13900000001", True),
        ("13800000002", False),
    }
    assert chen.post(f"{address}/corrected").json["outcome"] == "corrected"
    with app.app_context():
        assert village.seen(cast.wang)[zhang]["phone"] == ["13900000001"]
        assert sync.audit() == []


def test_a_withdrawal_at_the_desk_ends_every_task(
    app: Flask, cast: Cast, zhang: str, village: Village
) -> None:
    def tasks() -> list[str]:
        with app.app_context():
            principal = village.principal(cast.wang)
            rules = current_rules().programs.schedule("health")
            subjects = [
                schedule.Subject(e.id, e.type, e.props)
                for e in registry.of_type(principal, "health", "pregnancy")
            ]
            found = schedule.tasks(rules, subjects, "2026-12-01")
            db.session.remove()
            return [task.rule for task in found]

    assert tasks()
    shen = cast.steward.log_in()
    request = ask(shen, "withdraw")
    done = shen.post(f"/api/rights/requests/{request['id']}/withdrawal")
    assert done.status_code == 200, done.json
    assert (done.json["state"], done.json["outcome"]) == ("done", "withdrawn")
    assert tasks() == []
    with app.app_context():
        states = {
            one["given"][0]["status"]
            for one in village.seen(cast.wang).values()
            if one["type"] == "consent"
        }
        assert states == {"declined"}
        assert sync.audit() == []


def test_housing_rests_on_no_consent(app: Flask, cast: Cast, village: Village) -> None:
    with app.app_context():
        village.send(village.dwelling(cast.grid, residents=[village.resident("何大勇", "E1")]))
        db.session.remove()
    shen = cast.steward.log_in()
    request = ask(shen, "withdraw", "何大勇", "housing")
    answer = shen.post(f"/api/rights/requests/{request['id']}/withdrawal")
    assert (answer.status_code, answer.json["code"]) == (409, "nothing_to_withdraw")


def delete(desk: Browser, request: dict[str, Any], **changed: str) -> Any:
    address = f"/api/rights/requests/{request['id']}/erasure"
    seen = desk.get(address).json["seen"]
    wish = {"reason": "本人当面提出", "confirm": "张小梅", "seen": seen} | changed
    return desk.post(address, wish)


def test_deletion_asks_twice_and_its_reason_names_nobody(
    app: Flask, cast: Cast, zhang: str, village: Village
) -> None:
    shen = cast.steward.log_in()
    request = ask(shen, "delete")
    assert delete(shen, request, confirm="张小妹").json["fields"][0]["path"] == "confirm"
    assert delete(shen, request, reason="张小梅要求").json["fields"][0]["path"] == "reason"
    assert delete(shen, request, reason="打13800000002说的").json["fields"][0]["path"] == "reason"
    assert delete(shen, request, seen="0" * 16).json["code"] == "conflict_moved"
    phone = cast.wang.enrol()
    done = delete(shen, request)
    assert done.status_code == 200, done.json
    certificate = done.json
    assert certificate["waiting"] == len(certificate["phones"]) == 1
    assert {row["store"] for row in certificate["stores"]} >= {"submission", "entity", "keys"}
    row = shen.get(f"/api/rights/requests/{request['id']}").json
    assert (row["title"], row["outcome"], row["erasure"]) == ("", "erased", certificate["id"])
    with app.app_context():
        text = all_text()
        assert "张小梅" not in text
        assert "13800000002" not in text
        assert sync.audit() == []
    _pull_twice(phone)
    after = shen.get(f"/api/rights/erasures/{certificate['id']}").json
    assert after["waiting"] == 0
    assert cast.chen.log_in().get(f"/api/rights/erasures/{certificate['id']}").status_code == 403


def _pull_twice(phone: Any) -> None:
    wish: dict[str, Any] = {"grants_ver": "", "catalogue": "", "feeds": {}, "budget": 10**6}
    first = phone.call("pull", wish).get_json(force=True)
    wish["grants_ver"] = first["grants_ver"]
    wish["feeds"] = {feed: {"epoch": "", "seq": 0, "view": ""} for feed in first["gained"]}
    for _ in range(2):
        answer = phone.call("pull", wish).get_json(force=True)
        wish["feeds"] = {
            feed: {key: page[key] for key in ("epoch", "seq", "view")}
            for feed, page in answer["feeds"].items()
        }


def test_a_refusal_keeps_its_reason(cast: Cast, zhang: str) -> None:
    shen = cast.steward.log_in()
    request = ask(shen, "delete")
    answer = shen.post(f"/api/rights/requests/{request['id']}/refusal", {"why": "law"})
    assert (answer.json["state"], answer.json["outcome"]) == ("refused", "law")
    again = shen.get(f"/api/rights/requests/{request['id']}/erasure")
    assert again.json["code"] == "conflict_moved"
    assert shen.get("/api/rights/requests", state="refused").json[0]["id"] == request["id"]
    assert shen.get("/api/rights/requests").json == []


def test_it_is_tomorrow_in_china_already(
    cast: Cast, zhang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC).replace(hour=20))
    shen = cast.steward.log_in()
    day = clock.now().date()
    for later, status in ((1, 200), (2, 422)):
        asked = (day + timedelta(days=later)).isoformat()
        wish = {"kind": "access", "subject": zhang, "asked": asked}
        assert shen.post("/api/rights/requests", wish).status_code == status


# ---- retention ----------------------------------------------------------------------------------


def test_a_year_after_the_last_contact_she_goes_and_the_proof_stays(
    app: Flask, cast: Cast, zhang: str, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        village.send(village.pregnancy(cast.wang, zhang, status="transfer"))
        monkeypatch.setattr(clock, "now", lambda: datetime(2027, 11, 1, 20, tzinfo=UTC))
        assert keeping.run("2027-11-01", dry_run=True).people == 0
        monkeypatch.setattr(clock, "now", lambda: datetime(2027, 11, 2, 20, tzinfo=UTC))
        dry = keeping.run("2027-11-02", dry_run=True)
        assert (dry.people, dry.overdue[0].person) == (1, zhang)
        assert "张小梅" in all_text()
        assert keeping.run("2027-11-02").as_words() == dry.as_words()
        text = all_text()
        assert "张小梅" not in text
        assert "13800000002" not in text
        left = {one["type"] for one in village.seen(cast.chen).values()}
        assert left == {"consent"}
        assert sync.audit() == []
        assert keeping.run("2027-11-02").people == 0
        sync.rebuild()
        assert {one["type"] for one in village.seen(cast.chen).values()} == {"consent"}
        assert "张小梅" not in all_text()
        monkeypatch.setattr(clock, "now", lambda: datetime(2032, 11, 2, 20, tzinfo=UTC))
        assert keeping.run("2032-11-02").people == 1
        assert village.seen(cast.chen) == {}
        assert sync.audit() == []


def test_the_number_of_a_verify_task_goes_after_thirty_days(
    app: Flask, cast: Cast, village: Village
) -> None:
    with app.app_context():
        visit = village.dwelling(cast.grid)
        visit.answers["g_visit"]["vsrc"] = "verify"
        visit.answers["g_visit"]["task_ref"] = "核查-2026-117"
        village.send(visit)
        (before,) = [one for one in village.seen(cast.grid).values() if one["type"] == "visit"]
        assert before["task"] == ["核查-2026-117"]
        assert keeping.run("2026-12-01").registers == 0
        assert keeping.run("2026-12-02").registers == 1
        assert "核查-2026-117" not in all_text()
        (after,) = [one for one in village.seen(cast.grid).values() if one["type"] == "visit"]
        assert "task" not in after
        assert after["visit_date"] == before["visit_date"]
        sync.rebuild()
        (again,) = [one for one in village.seen(cast.grid).values() if one["type"] == "visit"]
        assert "task" not in again
        assert sync.audit() == []


def test_the_access_log_goes_after_three_years(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):  # the newest of a chain stays
        cast.wang.log_in()
    later = clock.now() + timedelta(days=3 * 365, hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with app.app_context():
        today = later.date().isoformat()
        dry = keeping.run(today, dry_run=True)
        assert dry.log >= 2
        assert keeping.run(today, dry_run=True).log == dry.log, "nothing was dropped"
        assert keeping.run(today).log == dry.log


def test_one_process_runs_a_day(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 1, 1, 12, tzinfo=UTC))
    assert not daily.look(app)
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 1, 1, 19, tzinfo=UTC))
    assert daily.look(app)
    assert not daily.look(app)
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 1, 2, 19, tzinfo=UTC))
    assert daily.look(app)


class Night:
    """A night in which the clearing fails as long as it is told to; the clock goes on by hand."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app, self.failing, self.at = app, True, datetime(2027, 1, 1, 18, 5, tzinfo=UTC)
        self.tried: list[str] = []
        monkeypatch.setattr(clock, "now", lambda: self.at)
        monkeypatch.setattr(daily, "run", self.run)

    def run(self, today: str) -> keeping.Done:
        self.tried.append(self.at.strftime("%d %H:%M"))
        if self.failing:
            raise OSError("张小梅 is in what it says")
        return keeping.Done()

    def until(self, hour: int, day: int) -> None:
        """A look every ten minutes."""
        while self.at < datetime(2027, 1, day, hour, 5, tzinfo=UTC):
            daily.look(self.app)
            self.at += timedelta(minutes=10)

    def told(self, cast: Cast) -> tuple[str, list[str]]:
        """What the health of the server says, and the administrator's log."""
        state = cast.nobody().get("/api/health").json["retention"]
        lines = cast.admin.log_in().get("/api/access-log/server").json["lines"]
        return state, [line["act"] for line in lines if line["act"] == "overdue"]


def test_a_night_that_fails_is_tried_again_after_growing_pauses_and_told(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    night = Night(app, monkeypatch)
    assert night.told(cast) == ("never", [])
    night.until(21, 1)
    assert night.tried == ["01 18:05", "01 18:15", "01 18:35", "01 19:15", "01 20:35"]
    assert night.told(cast) == ("failed", ["overdue"] * 5)
    assert "retention: failed, is tried again: OSError" in caplog.text
    assert "张小梅" not in caplog.text
    night.failing = False
    night.until(4, 2)
    assert night.tried[5:] == ["01 23:15"], "after midnight too, were it due, and then no more"
    assert night.told(cast)[0] == "ok"
    night.until(19, 2)
    assert night.tried[6:] == ["02 18:05"]
    night.at += timedelta(days=3)
    assert night.told(cast)[0] == "late"


def test_a_night_that_was_cut_off_is_begun_again_by_another(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(app, monkeypatch)

    def killed(_today: str) -> keeping.Done:
        raise SystemExit  # what no process lives to note

    monkeypatch.setattr(daily, "run", killed)
    with pytest.raises(SystemExit):
        daily.look(app)
    monkeypatch.setattr(daily, "run", night.run)
    night.failing = False
    night.until(23, 1)
    assert night.tried == [], "whoever began may still be at it"
    night.until(2, 2)
    assert night.tried == ["02 00:05"]


def test_the_command_tells_how_the_nights_went(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(app, monkeypatch)
    run = app.test_cli_runner().invoke
    assert run(main, ["retention", "status"]).output == "state=never\n"
    night.until(19, 1)
    told = run(main, ["retention", "status"])
    assert told.exit_code == 1
    assert told.output.startswith("state=failed tries=3 failed=OSError again=2027-01-01T19:")


def test_a_refusal_at_the_door_leaves_nothing_after_half_a_year(
    app: Flask, cast: Cast, village: Village
) -> None:
    with app.app_context():
        no = dict.fromkeys(("c_preg", "c_contra", "c_msg"), "0")
        answers = {
            "g_start": {"visit_date": "2026-11-02", "known": "0", "lang_ok": "1"},
            "g_consent": {"age14": "1", **no, "c_method": "oral", "c_copy": "1"},
        }
        visit = village.visit(cast.wang, "consent_record", answers)
        village.send(visit)
        assert keeping.run("2027-04-30").declined == 0
        assert keeping.run("2027-05-02").declined == 1
        assert logged(visit.id).body == b""
        assert keeping.run("2027-05-02").declined == 0
        assert sync.audit() == []


__all__ = ("LIULIN", "Person")


class TestALessor:
    """刘春燕 lets a dwelling in which 周小兰 lives; she is no record of her own, and somebody all
    the same.
    """

    @pytest.fixture
    def dwelling(self, app: Flask, cast: Cast, village: Village) -> str:
        with app.app_context():
            grid, home = cast.grid, [village.resident("周小兰")]
            village.send(village.dwelling(grid, residents=home, hazards="exit"))
            found = str(village.only(grid, "dwelling")["id"])
            village.send(village.dwelling(grid, found, phone="13800000011"))
            db.session.remove()
        return found

    def test_is_found_by_name_and_number_as_what_she_is(self, cast: Cast, dwelling: str) -> None:
        shen = cast.steward.log_in()
        for text in ("刘春燕", "13800000011"):
            (found,) = shen.post("/api/rights/find", {"scope": "housing", "text": text}).json
            assert (found["id"], found["title"]) == (f"{dwelling}/lessor", "刘春燕")
            assert found["type_label"] == "出租人 · 柳林路1号 1-2-201"
        # A house is nobody, by whatever way it is asked for.
        assert shen.post("/api/rights/find", {"scope": "housing", "text": "柳林路"}).json == []
        for nobody in (dwelling, f"{dwelling}/tenant", f"{dwelling}/lessor/2", f"{dwelling}/"):
            wish = {"kind": "delete", "subject": nobody}
            assert shen.post("/api/rights/requests", wish).status_code == 404

    def test_health_knows_nothing_of_her(self, cast: Cast, dwelling: str) -> None:
        chen = cast.chen.log_in()
        assert chen.post("/api/rights/find", {"scope": "health", "text": "刘春燕"}).json == []
        wish = {"kind": "access", "subject": f"{dwelling}/lessor"}
        foreign = chen.post("/api/rights/requests", wish)
        nobody = chen.post("/api/rights/requests", wish | {"subject": "nobody"})
        assert (foreign.status_code, foreign.json) == (nobody.status_code, nobody.json)

    def test_her_report_tells_what_is_held_of_her_and_no_more(
        self, cast: Cast, dwelling: str
    ) -> None:
        shen = cast.steward.log_in()
        request = ask(shen, "access", "刘春燕", "housing")
        report = shen.get(f"/api/rights/requests/{request['id']}/report").json
        held = {name: sorted(said) for name, said in values(report).items()}
        assert held == {"lessor_name": ["刘春燕"], "lessor_phone": ["13800000001", "13800000011"]}
        assert report["full"]
        assert report["person"]["title"] == "刘春燕"
        assert len(report["visits"]) == 2
        assert "周小兰" not in str(report)

    def test_her_number_is_corrected_and_nothing_else_of_the_house(
        self, app: Flask, cast: Cast, dwelling: str, village: Village
    ) -> None:
        zhao = cast.zhao.log_in()
        request = ask(zhao, "correct", "刘春燕", "housing")
        address = f"/api/rights/requests/{request['id']}/correction"
        report = zhao.get(f"/api/rights/requests/{request['id']}/report").json
        (record,) = report["groups"][0]["records"]
        (phone,) = [one for one in record["values"] if one["prop"] == "lessor_phone"]
        seen = [one["dot"] for one in phone["history"] if one["stands"]]
        wish = {
            "entity": record["id"],
            "prop": "lessor_phone",
            "value": "13800000012",
            "seen": seen,
        }
        assert zhao.post(address, wish | {"value": "13800000012"}).status_code == 200
        other = {"entity": record["id"], "prop": "fuel", "value": "coal", "seen": []}
        assert zhao.post(address, other).status_code == 404
        with app.app_context():
            assert village.only(cast.grid, "dwelling")["lessor_phone"] == ["13800000012"]

    def test_she_is_erased_and_the_dwelling_and_its_tenant_stay(
        self, app: Flask, cast: Cast, dwelling: str, village: Village
    ) -> None:
        phone = cast.grid.enrol()
        with app.app_context():
            before = village.seen(cast.grid)
            aside = village.make(village.dwelling(cast.grid, dwelling, phone="13800000013"))
            village.take_in(cast.grid, aside | {"form": "never_published"})
            db.session.remove()
        shen = cast.steward.log_in()
        request = ask(shen, "delete", "刘春燕", "housing")
        done = delete(shen, request, confirm="刘春燕")
        assert done.status_code == 200, done.json
        certificate = done.json
        assert certificate["subject"] == f"{dwelling}/lessor"
        assert {row["store"]: row["count"] for row in certificate["stores"]}["keys"] == 1
        assert certificate["waiting"] == len(certificate["phones"]) == 1
        row = shen.get(f"/api/rights/requests/{request['id']}").json
        assert (row["title"], row["outcome"]) == ("", "erased")
        with app.app_context():
            text = all_text()
            for gone in ("刘春燕", "13800000001", "13800000011", "13800000013"):
                assert gone not in text
            for stays in ("周小兰", "柳林路1号"):
                assert stays in text
            seen = village.seen(cast.grid)
            theirs = {"lessor_name", "lessor_phone"}
            assert seen == {
                e: {key: value for key, value in one.items() if key not in theirs}
                for e, one in before.items()
            }
            keys = keys_of(db.session.connection())
            assert keys.destroyed([f"housing/{dwelling}/lessor", f"housing/{dwelling}"]) == {
                f"housing/{dwelling}/lessor"
            }
            stood = versions()
            sync.rebuild()
            assert versions() == stood
            assert sync.audit() == []
            db.session.remove()
        _pull_twice(phone)
        after = shen.get(f"/api/rights/erasures/{certificate['id']}").json
        assert after["waiting"] == 0

    def test_who_lets_it_afterwards_is_somebody_else(
        self, app: Flask, cast: Cast, dwelling: str, village: Village
    ) -> None:
        shen = cast.steward.log_in()
        first = ask(shen, "delete", "刘春燕", "housing")
        assert delete(shen, first, confirm="刘春燕").status_code == 200
        with app.app_context():
            new = village.dwelling(cast.grid, dwelling, lessor="何大勇", phone="13800000014")
            moved_in = clock.now() + timedelta(days=30)
            visit = replace(new, at=moved_in, received=moved_in)
            assert village.send(visit).st == "stored"
            keys = set(db.session.scalars(sa.select(EntitySubject.subject)))
            assert f"housing/{dwelling}/lessor/2" in keys
            assert f"housing/{dwelling}/lessor" not in keys
            sync.rebuild()
            assert village.only(cast.grid, "dwelling")["lessor_name"] == ["何大勇"]
            assert sync.audit() == []
            db.session.remove()
        assert shen.get(f"/api/rights/requests/{first['id']}").json["title"] == ""
        second = ask(shen, "delete", "何大勇", "housing")
        assert delete(shen, second, confirm="何大勇").status_code == 200
        with app.app_context():
            assert "何大勇" not in all_text()
            gone = [f"housing/{dwelling}/lessor", f"housing/{dwelling}/lessor/2"]
            assert keys_of(db.session.connection()).destroyed(gone) == set(gone)
            assert sync.audit() == []

    def test_she_goes_half_a_year_after_the_last_tenant_and_the_last_visit(
        self, app: Flask, cast: Cast, dwelling: str, village: Village,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        with app.app_context():
            later = keeping.run("2030-01-01", dry_run=True).overdue
            lessor = f"{dwelling}/lessor"
            assert lessor not in {one.person for one in later}, "周小兰 lives there"
            tenant = str(village.only(cast.grid, "resident")["id"])
            out = {"r_consent": "1", "r_known": "1", "r_person": tenant, "r_out": "2026-11-01",
                   "r_presence": "2", "r_lead": "1", "r_needs": "none"}  # fmt: skip
            phone = "13800000011"
            village.send(village.dwelling(cast.grid, dwelling, phone=phone, residents=[out]))
            assert village.only(cast.grid, "tenancy")["end"] == ["2026-11-01"]
            monkeypatch.setattr(clock, "now", lambda: datetime(2027, 5, 1, 20, tzinfo=UTC))
            dry = keeping.run("2027-05-01", dry_run=True)
            assert lessor not in {one.person for one in dry.overdue}, "somebody was there since"
            monkeypatch.setattr(clock, "now", lambda: datetime(2027, 5, 2, 20, tzinfo=UTC))
            dry = keeping.run("2027-05-02", dry_run=True)
            assert lessor in {one.person for one in dry.overdue}
            told = app.test_cli_runner().invoke(main, ["retention", "run", "--dry-run"])
            assert f"{lessor}: all" in told.output
            assert "刘春燕" in all_text()
            assert keeping.run("2027-05-02").as_words() == dry.as_words()
            text = all_text()
            for gone in ("刘春燕", "13800000001", "13800000011", "周小兰"):
                assert gone not in text
            home = village.only(cast.grid, "dwelling")
            assert not {"lessor_name", "lessor_phone", "lease_filed"} & home.keys()
            assert home["address"] == ["柳林路1号"]
            assert keys_of(db.session.connection()).destroyed([f"housing/{lessor}"])
            assert keeping.run("2027-05-02").people == 0
            stood = versions()
            sync.rebuild()
            assert versions() == stood
            assert sync.audit() == []

    def test_a_visit_from_before_that_comes_after_says_nothing_of_her(
        self, app: Flask, cast: Cast, dwelling: str, village: Village
    ) -> None:
        """A phone was away: what it says of the dwelling counts, of its lessor nothing is kept."""
        with app.app_context():
            visit = village.dwelling(
                cast.grid, dwelling, phone="13800000015", residents=[village.resident("孙小兰")]
            )
            late, aside = village.make(visit), village.make(visit) | {"id": str(uuid4())}
            db.session.remove()
        shen = cast.steward.log_in()
        request = ask(shen, "delete", "刘春燕", "housing")
        assert delete(shen, request, confirm="刘春燕").status_code == 200
        with app.app_context():
            author = sync.author_of(village.principal(cast.grid))
            now = clock.now() + timedelta(days=3)
            items = [sync.incoming(late, author, now)]
            items.append(replace(sync.incoming(aside, author, now), aside="revoked"))
            assert [one.st for one in sync.take_in(items)] == ["stored", "quarantined"]
            assert sync.readmit(aside["id"], overrule=False).st in ("stored", "conflict")
            text = all_text()
            assert "孙小兰" in text
            for gone in ("刘春燕", "13800000015"):
                assert gone not in text
            home = village.only(cast.grid, "dwelling")
            assert "lessor_phone" not in home
            assert home["rooms_let"]
            assert sync.take_in(items[:1])[0].st == "duplicate"
            seen = village.seen(cast.grid)
            sync.rebuild()
            assert village.seen(cast.grid) == seen
            assert sync.audit() == []
