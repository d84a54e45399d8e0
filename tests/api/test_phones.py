"""What a lead sees of the phones of her people: what waits, what is safe, what is missing."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from fieldapp import clock
from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.db import write_transaction
from fieldapp.sync import durable
from tests.cast import LIULIN, Browser, Cast, Person, Phone
from tests.visits import TENANT, new_client, rental_visit


def seen_by(person: Person, author: str = "王芳") -> dict[str, Any]:
    rows = person.log_in().get("/api/review/phones").json
    return next((row for row in rows if row["author"] == author), {})


def test_chen_sees_what_waits_what_came_and_what_is_safe(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.push(
        [new_client(app, cast.wang, "张小梅"), rental_visit(app, cast.wang, residents=[TENANT])]
    )
    with app.app_context():
        durable.cover(durable.fence())
    phone.push([new_client(app, cast.wang, "刘春燕")])
    phone.call("verify", {"install": phone.install, "acked": [], "n_max": 5})
    health, housing = seen_by(cast.chen), seen_by(cast.zhao)
    told = ("waiting", "stored", "durable", "quarantined", "gaps", "silent", "repairs")
    assert [health[name] for name in told] == [None, 2, 1, 0, [], False, 0]
    assert [housing[name] for name in told] == [None, 1, 1, 0, [], False, 0]


def test_of_a_phone_of_one_scope_its_lead_sees_what_waits_and_what_is_missing(
    app: Flask, cast: Cast
) -> None:
    phone = cast.grid.enrol()
    phone.item({})  # finished, and lost with the browser's storage
    phone.push([rental_visit(app, cast.grid)])
    phone.call("verify", {"install": phone.install, "acked": [], "n_max": 3})
    row = seen_by(cast.zhao, "吴刚")
    assert (row["numbered"], row["gaps"], row["waiting"]) == (True, [[1, 1]], 1)


def test_numbers_that_may_hide_the_other_scope_are_told_to_who_knows_both(
    app: Flask, cast: Cast
) -> None:
    """王芳 works in both: 陈静 and 赵强 are told nothing of her numbers, the steward and the
    administrator all."""
    phone = cast.wang.enrol()
    phone.item({})
    phone.push([new_client(app, cast.wang, "张小梅")])
    for who in (cast.steward, cast.admin):
        row = seen_by(who)
        assert (row["numbered"], row["gaps"], row["waiting"]) == (True, [[1, 1]], 0)
    for who in (cast.chen, cast.zhao):
        row = seen_by(who)
        assert (row["numbered"], row["gaps"], row["waiting"]) == (False, [], None)
        assert row["last_seen"] == clock.now().date().isoformat(), "the day, not the moment"


def test_a_lead_s_page_is_the_same_whatever_health_work_a_phone_does(
    app: Flask, cast: Cast
) -> None:
    """By construction: nothing on it is made of what isn't housing."""
    phone = cast.wang.enrol()
    kept = rental_visit(app, cast.wang) | {"fv": "2099"}
    phone.push([rental_visit(app, cast.wang), kept])
    phone.call("verify", {"install": phone.install, "acked": [], "n_max": 2})
    lead = cast.zhao.log_in()
    before = [lead.get(path).json for path in pages(lead)]
    phone.push([new_client(app, cast.wang, "张小梅")])
    phone.item({})
    phone.push([new_client(app, cast.wang, "刘春燕"), {"form": "never_published"}])
    phone.call("verify", {"install": phone.install, "acked": [], "n_max": 12})
    assert [lead.get(path).json for path in pages(lead)] == before
    assert before[1]["n"] is None


def pages(desk: Browser) -> list[str]:
    """Where a phone's work is counted, and what was kept aside of it."""
    (kept,) = desk.get("/api/review/quarantine").json
    return ["/api/review/phones", f"/api/review/quarantine/{kept['id']}", "/api/review/summary"]


def test_a_phone_that_was_used_in_the_other_scope_stays_closed(app: Flask, cast: Cast) -> None:
    """王芳 gave up health; her old numbers still count what she did there."""
    phone = cast.wang.enrol()
    phone.push([new_client(app, cast.wang, "张小梅"), rental_visit(app, cast.wang)])
    with app.app_context(), write_transaction():
        user = users.get(cast.wang.id)
        assert user is not None
        users.set_grants(user, [Grant(LIULIN, "housing")])
    assert seen_by(cast.zhao)["numbered"] is False
    new = cast.wang.enrol()
    new.push([rental_visit(app, cast.wang)])
    told = [row["numbered"] for row in cast.zhao.log_in().get("/api/review/phones").json]
    assert sorted(told) == [False, True]


def test_a_phone_unheard_of_for_three_days_is_told(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.wang.enrol()
    assert not seen_by(cast.chen)["silent"]
    later = clock.now() + timedelta(days=3, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert seen_by(cast.chen)["silent"]


def test_what_is_kept_aside_and_repairs_are_counted(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.push([new_client(app, cast.wang, "张小梅") | {"fv": "2099"}])
    feed = phone.call("pull", {"grants_ver": "", "feeds": {}}).get_json(force=True)["gained"][0]
    for after in ("", "x"):
        assert phone.call("manifest", {"feed": feed, "after": after}).status_code == 200
    row = seen_by(cast.chen)
    assert (row["quarantined"], row["stored"], row["repairs"]) == (1, 0, 1)
    assert row["repaired"]


def test_others_phones_are_not_listed(app: Flask, cast: Cast) -> None:
    cast.wang.enrol()
    cast.sun.enrol()
    assert seen_by(cast.chen, "孙丽") == {}
    assert seen_by(cast.chen, "王芳")
    assert cast.wang.log_in().get("/api/review/phones").status_code == 403
    assert len(cast.admin.log_in().get("/api/review/phones").json) == 2


class TestWhatWaitsOfOneScope:
    """王芳's phone, which serves both, says how many visits of each wait on it."""

    def test_each_lead_is_told_of_her_own(self, app: Flask, cast: Cast) -> None:
        phone = cast.wang.enrol()
        says(phone, health=3, housing=1)
        assert (seen_by(cast.chen)["waiting"], seen_by(cast.zhao)["waiting"]) == (3, 1)
        assert seen_by(cast.zhao)["numbered"] is False

    def test_less_those_that_came_since(
        self, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        phone = cast.wang.enrol()
        says(phone, health=3, housing=1)
        later = clock.now() + timedelta(seconds=2)
        monkeypatch.setattr(clock, "now", lambda: later)
        phone.push([new_client(app, cast.wang, "张小梅"), rental_visit(app, cast.wang)])
        assert (seen_by(cast.chen)["waiting"], seen_by(cast.zhao)["waiting"]) == (2, 0)
        phone.push([rental_visit(app, cast.wang)])
        assert seen_by(cast.zhao)["waiting"] == 0, "finished after it said so"

    def test_who_oversees_one_of_two_villages_is_not_told(self, app: Flask, cast: Cast) -> None:
        """李娜 works in 石桥村 too, which isn't 董慧's."""
        says(cast.li.enrol(), health=3, housing=1)
        with app.app_context(), write_transaction():
            grants = [Grant(LIULIN, "health")]
            users.add_user("dong", "董慧", "nurse", "gnod-2026!", grants, user_id="dong")
        dong = Person(app, "dong", "dong", "董慧", "nurse")
        assert seen_by(dong, "李娜")["waiting"] is None
        assert seen_by(cast.chen, "李娜")["waiting"] == 3

    @pytest.mark.parametrize(
        "wrong", [{"care": 1}, {"health": -1}, {"health": "1"}, {"health": 2**31}, [], "1"]
    )
    def test_what_is_no_count_is_refused(self, cast: Cast, wrong: object) -> None:
        phone = cast.wang.enrol()
        message = {"install": phone.install, "acked": [], "n_max": 0, "waiting": wrong}
        assert phone.call("verify", message).status_code == 422


def says(phone: Phone, **waiting: int) -> None:
    message = {"install": phone.install, "acked": [], "n_max": 4, "waiting": waiting}
    assert phone.call("verify", message).status_code == 200
