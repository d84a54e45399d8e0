"""The access log at the desk: 沈洁 tells 张小梅 who looked, and is in the log herself."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.audit.models import AuditRow
from fieldapp.db import db, write_transaction
from tests.cast import DISTRICT, LIULIN, Browser, Cast, Person
from tests.sync.stories import Village

ACCESS_LOG = "/api/access-log"


@pytest.fixture
def zhang(app: Flask, cast: Cast, village: Village) -> str:
    """张小梅, whom 王芳 registered and 陈静's phone received; 王芳 was in a flat too."""
    with app.app_context():
        village.send(village.consent(cast.wang))
        client = str(village.only(cast.wang, "client")["id"])
        village.send(village.pregnancy(cast.wang, client))
        village.pull(cast.chen)
        village.send(village.dwelling(cast.wang, residents=[village.resident("何大勇", "E1")]))
        village.pull(cast.grid)
        db.session.remove()
    return client


def person(desk: Browser, subject: str) -> Any:
    return desk.get(f"{ACCESS_LOG}/people/{subject}")


def area(desk: Browser, scope: str, code: str = LIULIN, **query: Any) -> Any:
    return desk.get(f"{ACCESS_LOG}/areas/{code}/{scope}", **query)


def acts(answer: Any) -> set[tuple[str, str, bool]]:
    assert answer.status_code == 200, answer.json
    return {(line["name"], line["act"], line["wrote"]) for line in answer.json["lines"]}


def steward_of(app: Flask, scope: str) -> Person:
    """A steward of one scope alone."""
    with app.app_context(), write_transaction():
        made = users.add_user(
            "one", "郭静", "steward", "eno-2026!", [Grant(DISTRICT, scope)], user_id="one-steward"
        )
        return Person(app, made.id, "one", "郭静", "steward")


class TestOfAPerson:
    def test_who_looked_in_words_and_whether_the_log_is_whole(self, cast: Cast, zhang: str) -> None:
        told = person(cast.steward.log_in(), zhang)
        assert {("王芳", "write", True), ("王芳", "pull", False), ("陈静", "pull", False)} == acts(
            told
        )
        assert told.json["title"] == "张小梅"
        assert told.json["chain"] == {"whole": True, "faults": []}

    def test_reading_it_is_in_it(self, cast: Cast, zhang: str) -> None:
        shen = cast.steward.log_in()
        person(shen, zhang)
        assert ("沈洁", "log", False) in acts(person(shen, zhang))

    def test_it_names_no_kind_that_the_steward_may_not_know_of(
        self, cast: Cast, zhang: str
    ) -> None:
        lines = person(cast.steward.log_in(), zhang).json["lines"]
        assert {kind for line in lines for kind in line["kinds"]} <= {
            "服务对象",
            "同意记录",
            "健康资料",
        }

    def test_the_report_tells_it_too_to_the_nurse_with_every_kind(
        self, cast: Cast, zhang: str
    ) -> None:
        chen = cast.chen.log_in()
        made = chen.post("/api/rights/requests", {"kind": "access", "subject": zhang}).json
        report = chen.get(f"/api/rights/requests/{made['id']}/report").json
        assert report["chain"]["whole"]
        kinds = {kind for look in report["looks"] for kind in look["kinds"]}
        assert len(kinds) >= 3
        assert not kinds & {"健康资料", "住房资料"}

    @pytest.mark.parametrize("scope", ["housing", "health"])
    def test_only_of_people_of_ones_own_scope(
        self, app: Flask, cast: Cast, zhang: str, scope: str
    ) -> None:
        desk = steward_of(app, scope).log_in()
        told, none = person(desk, zhang), person(desk, "no-such-person")
        if scope == "housing":
            assert (told.status_code, told.data) == (none.status_code, none.data)
        assert (told.status_code, none.status_code) == (200 if scope == "health" else 404, 404)


class TestOfAVillage:
    def test_one_scope_at_a_time_and_nobody_named(self, cast: Cast, zhang: str) -> None:
        shen = cast.steward.log_in()
        health, housing = area(shen, "health"), area(shen, "housing")
        assert {("王芳", "write", True), ("陈静", "pull", False)} <= acts(health)
        assert {("王芳", "write", True), ("吴刚", "pull", False)} <= acts(housing)
        assert "陈静" not in {name for name, _, _ in acts(housing)}
        for answer in (health, housing):
            text = answer.get_data(as_text=True)
            assert not [one for one in ("张小梅", "何大勇", zhang) if one in text]
        assert {kind for line in housing.json["lines"] for kind in line["kinds"]} >= {"房屋"}

    def test_a_steward_of_housing_finds_no_health_log(
        self, app: Flask, cast: Cast, zhang: str
    ) -> None:
        desk = steward_of(app, "housing").log_in()
        before = area(desk, "housing").json["total"]
        assert area(desk, "health").data == area(desk, "health", "379901009999").data
        assert {place["scope"] for place in desk.get(ACCESS_LOG).json} == {"housing"}
        with app.app_context():
            village = Village(app, cast)
            village.send(village.pregnancy(cast.wang, zhang))
            village.pull(cast.chen)
            db.session.remove()
        assert area(desk, "housing").json["total"] == before + 1, "her own look"

    def test_an_administrator_is_told_no_kind(self, cast: Cast, zhang: str) -> None:
        told = area(cast.admin.log_in(), "health")
        assert ("王芳", "write", True) in acts(told)
        assert {kind for line in told.json["lines"] for kind in line["kinds"]} == {"健康资料"}
        assert person(cast.admin.log_in(), zhang).status_code == 403

    def test_reading_on_repeats_nothing(
        self, cast: Cast, zhang: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fieldapp.audit.desk.PAGE", 2)
        shen = cast.steward.log_in()
        first = area(shen, "health").json
        second = area(shen, "health", page=2, until=first["until"]).json
        assert (first["total"], len(first["lines"])) == (second["total"], 2)
        assert not [line for line in second["lines"] if line in first["lines"]]


class TestTheChain:
    def test_whole_and_then_broken_where_it_was_touched(
        self, app: Flask, cast: Cast, zhang: str
    ) -> None:
        shen = cast.steward.log_in()
        path = f"{ACCESS_LOG}/chains/{LIULIN}"
        assert shen.get(path).json == {"whole": True, "faults": []}
        with app.app_context(), write_transaction() as tx:
            mine = (AuditRow.chain == LIULIN, AuditRow.seq == 2)
            tx.execute(sa.update(AuditRow).where(*mine).values(actor="nobody", what="[odd"))
        told = shen.get(path).json
        assert told == {
            "whole": False,
            "faults": [{"area_name": "柳林村", "why": "altered", "row": 2}],
        }
        assert person(shen, zhang).json["chain"]["whole"] is False
        assert area(shen, "health").status_code == 200

    def test_a_chain_that_never_began_is_no_fault(self, cast: Cast) -> None:
        shen = cast.steward.log_in()
        assert shen.get(f"{ACCESS_LOG}/chains/{LIULIN}").json["whole"] is True
        assert shen.get(f"{ACCESS_LOG}/chains/000000000000").status_code == 404


class TestOfTheServer:
    def test_log_ins_and_accounts(self, cast: Cast) -> None:
        admin = cast.admin.log_in()
        li = cast.li
        admin.patch(f"/api/users/{li.id}", {"lang": "en"})
        lines = admin.get(f"{ACCESS_LOG}/server").json["lines"]
        (changed,) = [line for line in lines if line["act"] == "account"]
        assert (changed["name"], changed["about"], changed["changed"]) == (
            "管理员",
            "李娜",
            ["lang"],
        )
        assert admin.get(f"{ACCESS_LOG}/server/chain").json["whole"] is True
        assert cast.steward.log_in().get(f"{ACCESS_LOG}/server").status_code == 403
