"""What a lead sees of the phones of her people: what waits, what is safe, what is missing."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from fieldapp import clock
from fieldapp.sync import durable
from tests.cast import Cast, Person
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
    assert [health[name] for name in told] == [2, 2, 1, 0, [], False, 0]
    assert [housing[name] for name in told] == [2, 1, 1, 0, [], False, 0]


def test_a_number_that_never_came_is_a_gap(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.item({})  # finished, and lost with the browser's storage
    phone.push([new_client(app, cast.wang, "张小梅")])
    assert (seen_by(cast.chen)["gaps"], seen_by(cast.chen)["waiting"]) == ([[1, 1]], 0)


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
