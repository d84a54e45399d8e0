"""陈静 meets a client of another town in the emergency room; 董慧 there judges it within a day."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp import clock, create_app, wall
from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.service import principal_of
from fieldapp.db import db, write_transaction
from fieldapp.glass.models import EmergencyLook
from fieldapp.registry import service as registry
from fieldapp.rights.keeping import run
from fieldapp.sync import seen
from tests.cast import LIULIN, NANPO, OTHER_TOWN, TOWN, Browser, Cast, Person, meet_cast
from tests.conftest import settings_for
from tests.opened import all_text
from tests.sync.stories import Village
from tests.sync.test_erasure import erase

SEARCH, LOOKS = "/api/emergency/search", "/api/emergency/looks"
WHY = "大出血，送到本院急诊，要了解产检情况"
LIU = {"name": "刘春燕", "born": "1995-05-05"}
Wait = Callable[[timedelta], None]


@pytest.fixture
def dong(app: Flask, cast: Cast) -> Person:
    """董慧, nurse of the other town."""
    with app.app_context(), write_transaction():
        grants = [Grant(OTHER_TOWN, "health")]
        made = users.add_user("dong", "董慧", "nurse", "gnod-2026!", grants, user_id="dong")
        return Person(app, made.id, "dong", "董慧", "nurse")


@pytest.fixture
def liu(app: Flask, cast: Cast, dong: Person) -> str:
    """刘春燕 of 南坡村 with a pregnancy and what only a nurse knows of it; 张小梅 of 陈静's own."""
    village = Village(app, cast)
    with app.app_context():
        village.send(village.consent(cast.wang))
        village.send(village.consent(cast.sun, name="刘春燕", phone="13800000009", village=NANPO))
        client = str(village.only(cast.sun, "client")["id"])
        village.send(village.pregnancy(dong, client, clinical=True, area=NANPO))
        village.send(village.dwelling(cast.sun, village=NANPO, lessor="刘春燕"))
        db.session.remove()
    return client


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Lets time pass."""

    def passed(by: timedelta) -> None:
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now + by)

    return passed


def found(desk: Browser, **wish: Any) -> list[dict[str, Any]]:
    answer = desk.post(SEARCH, LIU | wish)
    assert answer.status_code == 200, answer.json
    matches: list[dict[str, Any]] = answer.json["matches"]
    return matches


def opened(desk: Browser, reason: str = WHY) -> str:
    (match,) = found(desk)
    answer = desk.post(f"{LOOKS}/{match['look']}/opening", {"reason": reason})
    assert answer.status_code == 200, answer.json
    return str(answer.json["id"])


def record(desk: Browser, look: str) -> Any:
    return desk.get(f"{LOOKS}/{look}/record")


def judged(desk: Browser, look: str, verdict: str = "justified", note: str = "急诊确认") -> Any:
    return desk.post(f"{LOOKS}/{look}/verdict", {"verdict": verdict, "note": note})


class TestLooking:
    def test_the_record_is_read_for_an_hour_and_no_longer(
        self, cast: Cast, liu: str, wait: Wait
    ) -> None:
        desk = cast.chen.log_in()
        (match,) = found(desk)
        assert (match["area_name"], match["own"]) == ("南坡村", False)
        assert record(desk, match["look"]).status_code == 404
        look = opened(desk)
        told = record(desk, look)
        assert told.status_code == 200, told.json
        assert told.json["title"] == "刘春燕"
        records = [one for group in told.json["groups"] for one in group["records"]]
        words = {value["label"]: value["words"] for one in records for value in one["values"]}
        assert words["收缩压"] == ["151"]
        assert words["手机"] == ["13800000009"]
        wait(timedelta(minutes=61))
        assert record(desk, look).status_code == 404

    def test_it_holds_the_one_client_and_nothing_of_housing(self, cast: Cast, liu: str) -> None:
        desk = cast.chen.log_in()
        answer = record(desk, opened(desk))
        assert {group["type"] for group in answer.json["groups"]} >= {"client", "pregnancy"}
        text = answer.get_data(as_text=True)
        assert "张小梅" not in text
        assert "柳林路" not in text
        assert liu not in text

    @pytest.mark.parametrize(
        "wish",
        [
            {"name": "刘春"},
            {"name": "春燕"},
            {"born": "1995-05-06"},
            {"born": None, "phone": "1380000000"},
            {"phone": "13800000008"},
            {"name": "%"},
        ],
    )
    def test_only_what_matches_exactly_is_found(
        self, cast: Cast, liu: str, wish: dict[str, Any]
    ) -> None:
        desk = cast.chen.log_in()
        assert found(desk, **wish) == []

    @pytest.mark.parametrize(
        "wish", [{"born": None, "phone": "138 0000-0009"}, {"name": " 刘春燕 "}]
    )
    def test_blanks_and_strokes_make_no_difference(
        self, cast: Cast, liu: str, wish: dict[str, Any]
    ) -> None:
        assert len(found(cast.chen.log_in(), **wish)) == 1

    def test_a_name_alone_is_no_search(self, cast: Cast, liu: str) -> None:
        answer = cast.chen.log_in().post(SEARCH, {"name": "刘春燕"})
        assert (answer.status_code, answer.json["code"]) == (422, "invalid_fields")

    def test_who_is_in_ones_own_areas_needs_no_look(self, cast: Cast, liu: str) -> None:
        (match,) = found(cast.chen.log_in(), name="张小梅")
        assert (match["own"], match["look"]) == (True, "")

    def test_housing_is_never_searched(self, cast: Cast, liu: str, app: Flask) -> None:
        village = Village(app, cast)
        with app.app_context():
            tenant = [village.resident("马小兰")]
            village.send(village.dwelling(cast.sun, village=NANPO, residents=tenant))
            db.session.remove()
        assert found(cast.chen.log_in(), name="马小兰", born="1990-01-01") == []

    @pytest.mark.parametrize("reason", ["", "急", "急诊" * 151])
    def test_a_reason_is_asked(self, cast: Cast, liu: str, reason: str) -> None:
        desk = cast.chen.log_in()
        (match,) = found(desk)
        answer = desk.post(f"{LOOKS}/{match['look']}/opening", {"reason": reason})
        assert answer.json["fields"][0]["path"] == "reason"

    def test_what_was_found_is_opened_within_ten_minutes_once(
        self, cast: Cast, liu: str, wait: Wait
    ) -> None:
        desk = cast.chen.log_in()
        look = opened(desk)
        again = desk.post(f"{LOOKS}/{look}/opening", {"reason": WHY})
        assert again.status_code == 404
        (match,) = found(desk)
        wait(timedelta(minutes=11))
        late = desk.post(f"{LOOKS}/{match['look']}/opening", {"reason": WHY})
        assert late.status_code == 404

    def test_nobody_reads_by_the_look_of_another(self, cast: Cast, liu: str, dong: Person) -> None:
        look = opened(cast.chen.log_in())
        other = dong.log_in()
        unknown = record(other, "unknown")
        told = record(other, look)
        assert (told.status_code, told.data) == (unknown.status_code, unknown.data)
        (match,) = found(cast.chen.log_in())
        stolen = other.post(f"{LOOKS}/{match['look']}/opening", {"reason": WHY})
        assert stolen.status_code == 404

    def test_a_phone_gets_nothing_of_it(self, app: Flask, cast: Cast, liu: str) -> None:
        desk = cast.chen.log_in()
        opened(desk)
        with app.app_context():
            village = Village(app, cast)
            assert liu not in repr(village.pull(cast.chen))

    def test_searching_is_bounded(self, app: Flask, cast: Cast, liu: str, tmp_path: Path) -> None:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        guarded = create_app(settings_for(tmp_path, url, rate_limits=True))
        desk = meet_cast(guarded).chen.log_in()
        answers = [desk.post(SEARCH, LIU | {"name": f"某{n}"}) for n in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        with guarded.app_context():
            db.engine.dispose()


class TestTheWall:
    def test_the_rows_stand_alone_though_the_code_asks_for_everybody(
        self, app: Flask, cast: Cast, liu: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the condition of the query builder taken out, PostgreSQL still lends nothing."""
        monkeypatch.setattr(seen, "_is_lent", lambda _principal: sa.true())
        look = opened(cast.chen.log_in())
        with app.test_request_context():
            sqlite = db.engine.dialect.name == "sqlite"
            for person, lent in ((cast.zhao, False), (cast.wang, False), (cast.chen, True)):
                principal = principal_of(person.id)
                assert principal
                db.session.rollback()
                wall.admit(person.id, person.role)
                views = registry.lent(principal, "health", liu)
                if not sqlite:
                    assert bool(views) == lent, person.name
                db.session.rollback()
        assert look

    def test_the_grant_ends_in_the_database_too(
        self, app: Flask, cast: Cast, liu: str, monkeypatch: pytest.MonkeyPatch, wait: Wait
    ) -> None:
        opened(cast.chen.log_in())
        monkeypatch.setattr(seen, "_is_lent", lambda _principal: sa.true())
        wait(timedelta(minutes=61))
        with app.test_request_context():
            if db.engine.dialect.name == "sqlite":
                return
            principal = principal_of(cast.chen.id)
            assert principal
            db.session.rollback()
            wall.admit(cast.chen.id, "nurse")
            assert registry.lent(principal, "health", liu) == []
            db.session.rollback()


class TestJudging:
    def test_the_nurse_in_charge_judges_and_the_other_is_told(
        self, cast: Cast, liu: str, dong: Person
    ) -> None:
        desk, there = cast.chen.log_in(), dong.log_in()
        look = opened(desk)
        assert there.get("/api/review/summary").json["emergencies"] == {
            "open": 1,
            "late": 0,
            "hours": 0,
        }
        (told,) = there.get(LOOKS).json
        assert (told["name"], told["title"], told["reason"]) == ("陈静", "刘春燕", WHY)
        assert told["may_judge"]
        assert judged(there, look).json["verdict"] == "justified"
        assert there.get("/api/review/summary").json["emergencies"]["open"] == 0
        (mine,) = desk.get(LOOKS).json
        assert (mine["verdict"], mine["note"], mine["judged_by"]) == (
            "justified",
            "急诊确认",
            "董慧",
        )
        assert judged(there, look).json["code"] == "conflict_moved"

    def test_one_that_was_not_justified_ends_at_once(
        self, cast: Cast, liu: str, dong: Person
    ) -> None:
        desk = cast.chen.log_in()
        look = opened(desk)
        assert judged(dong.log_in(), look, "not_justified").status_code == 200
        assert record(desk, look).status_code == 404

    def test_after_a_day_it_is_late_by_the_hour(
        self, cast: Cast, liu: str, dong: Person, wait: Wait
    ) -> None:
        opened(cast.chen.log_in())
        wait(timedelta(hours=29, minutes=5))
        there = dong.log_in()
        late = there.get("/api/review/summary").json["emergencies"]
        assert late == {"open": 1, "late": 1, "hours": 5}
        (told,) = there.get(LOOKS).json
        assert (told["late"], told["hours_late"]) == (True, 5)

    def test_the_steward_judges_too(self, cast: Cast, liu: str) -> None:
        look = opened(cast.chen.log_in())
        assert judged(cast.steward.log_in(), look).status_code == 200

    def test_no_outsider_judges_and_nobody_themselves(
        self, app: Flask, cast: Cast, liu: str, dong: Person
    ) -> None:
        desk = cast.chen.log_in()
        look = opened(desk)
        assert judged(desk, look).status_code == 404
        with app.app_context(), write_transaction():
            grants = [Grant(TOWN, "health")]
            users.add_user("mei", "梅姐", "nurse", "iem-2026!", grants, user_id="mei")
            both = [Grant(TOWN, "health"), Grant(OTHER_TOWN, "health")]
            chen = users.get(cast.chen.id)
            assert chen
            users.set_grants(chen, both)
        outside = Person(app, "mei", "mei", "梅姐", "nurse").log_in()
        assert judged(outside, look).status_code == 404
        assert outside.get(LOOKS).json == []
        assert judged(desk, look).status_code == 404, "not even now that the village is hers"

    @pytest.mark.parametrize("who", ["wang", "zhao", "head", "grid", "town", "district", "admin"])
    def test_no_other_role_has_any_part_in_it(self, cast: Cast, liu: str, who: str) -> None:
        look = opened(cast.chen.log_in())
        desk = cast.people[who].log_in()
        tried = [
            desk.post(SEARCH, LIU),
            desk.post(f"{LOOKS}/{look}/opening", {"reason": WHY}),
            record(desk, look),
            judged(desk, look),
            desk.get(LOOKS),
        ]
        assert {answer.status_code for answer in tried} == {403}
        assert len({answer.data for answer in tried}) == 1


class TestWhatIsKept:
    def test_every_step_is_in_the_log_of_her_village_and_in_hers(
        self, cast: Cast, liu: str, dong: Person
    ) -> None:
        desk, steward = cast.chen.log_in(), cast.steward.log_in()
        found(desk, name="某某")
        look = opened(desk)
        record(desk, look)
        judged(dong.log_in(), look)
        steps = {"emergency_found", "emergency_open", "emergency_read", "emergency_judge"}
        there = steward.get(f"/api/access-log/areas/{NANPO}/health").json["lines"]
        assert steps <= {line["act"] for line in there}
        own = steward.get(f"/api/access-log/areas/{LIULIN}/health").json["lines"]
        assert "emergency_none" in {line["act"] for line in own}
        hers = steward.get(f"/api/access-log/people/{liu}").json
        assert steps <= {line["act"] for line in hers["lines"]}
        assert hers["chain"]["whole"]

    def test_the_reason_is_sealed_and_goes_with_her(
        self, app: Flask, cast: Cast, liu: str, dong: Person
    ) -> None:
        look = opened(cast.chen.log_in())
        judged(dong.log_in(), look, note="已向急诊核实")
        steward = cast.steward.log_in()
        with app.app_context():
            assert WHY in all_text(), "or the test would see nothing"
        asked = steward.post("/api/rights/requests", {"kind": "delete", "subject": liu}).json["id"]
        path = f"/api/rights/requests/{asked}/erasure"
        wish = {"reason": "本人要求", "confirm": "刘春燕", "seen": steward.get(path).json["seen"]}
        assert steward.post(path, wish).status_code == 200
        with app.app_context():
            text = all_text()
        assert WHY not in text
        assert "已向急诊核实" not in text
        (told,) = steward.get(LOOKS).json
        assert (told["title"], told["reason"], told["verdict"]) == ("", "", "justified")

    def test_looks_go_with_the_log_of_their_time(self, app: Flask, cast: Cast, liu: str) -> None:
        opened(cast.chen.log_in())
        with app.app_context():
            run("2026-11-03")
            assert db.session.scalar(sa.select(sa.func.count()).select_from(EmergencyLook)) == 1
            old = sa.update(EmergencyLook).values(found="2020-01-01T00:00:00.000000Z")
            with write_transaction() as tx:
                tx.execute(old)
            run("2026-11-03")
            assert db.session.scalar(sa.select(sa.func.count()).select_from(EmergencyLook)) == 0


def test_of_somebody_erased_meanwhile_nothing_opens_and_the_look_is_judged(
    app: Flask, cast: Cast, dong: Person, liu: str
) -> None:
    """Else it would stand at the top of 董慧's desk for three years."""
    desk = cast.chen.log_in()
    (match,), look = found(desk), opened(desk)
    with app.app_context():
        erase(liu)
    assert desk.post(f"{LOOKS}/{match['look']}/opening", {"reason": WHY}).status_code == 404
    assert record(desk, look).status_code == 404
    judge = dong.log_in()
    done = judged(judge, look)
    assert (done.status_code, done.json["verdict"], done.json["note"]) == (200, "justified", "")
    assert judge.get("/api/review/summary").json["emergencies"]["open"] == 0
