"""Two people at the rights desk settle one request, and one of a village that is in conflict."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.service import Principal
from fieldapp.db import db, write_transaction
from fieldapp.rights import service as rights
from tests.cast import SHIQIAO, Cast
from tests.sync.stories import TODAY, Village

from .test_rights import ask, delete


@pytest.fixture
def zhang(app: Flask, cast: Cast, village: Village) -> str:
    """张小梅 agreed to everything."""
    with app.app_context():
        assert village.send(village.consent(cast.wang)).st == "stored"
        client = str(village.only(cast.wang, "client")["id"])
        db.session.remove()
    return client


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: str, other: Callable[[], Any]) -> None:
    """Somebody was about to do this when somebody else was quicker."""
    may = rights._may

    def slow(principal: Principal, request: str, wanted: str) -> Any:
        row = may(principal, request, wanted)
        if wanted == act:
            monkeypatch.setattr(rights, "_may", may)
            assert other().status_code == 200
        return row

    monkeypatch.setattr(rights, "_may", slow)


def test_what_was_refused_meanwhile_is_not_erased(
    cast: Cast, zhang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shen, other = cast.steward.log_in(), cast.steward.log_in()
    address = f"/api/rights/requests/{ask(shen, 'delete')['id']}"
    seen = shen.get(f"{address}/erasure").json["seen"]
    meanwhile(monkeypatch, "erase", lambda: other.post(f"{address}/refusal", {"why": "law"}))
    wish = {"reason": "本人当面提出", "confirm": "张小梅", "seen": seen}
    assert shen.post(f"{address}/erasure", wish).json["code"] == "conflict_moved"
    row = shen.get(address).json
    assert (row["state"], row["outcome"], row["title"]) == ("refused", "law", "张小梅")


def test_what_was_erased_meanwhile_is_not_refused(
    cast: Cast, zhang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shen, other = cast.steward.log_in(), cast.steward.log_in()
    request = ask(shen, "delete")
    address = f"/api/rights/requests/{request['id']}"
    meanwhile(monkeypatch, "refuse", lambda: delete(other, request))
    assert shen.post(f"{address}/refusal", {"why": "law"}).json["code"] == "conflict_moved"
    row = shen.get(address).json
    assert (row["state"], row["outcome"], row["title"]) == ("done", "erased", "")
    assert row["erasure"]


def test_an_erasure_that_is_refused_leaves_the_request_open(cast: Cast, zhang: str) -> None:
    shen = cast.steward.log_in()
    request = ask(shen, "delete")
    assert delete(shen, request, seen="0" * 16).json["code"] == "conflict_moved"
    row = shen.get(f"/api/rights/requests/{request['id']}").json
    assert (row["state"], row["erasure"]) == ("open", None)
    assert delete(shen, request).status_code == 200


def test_whose_village_is_in_conflict_may_ask_in_either(
    app: Flask, cast: Cast, zhang: str, village: Village
) -> None:
    with app.app_context():
        with write_transaction():
            users.add_user("gao", "高敏", "steward", "very secret 1", [Grant(SHIQIAO, "health")])
        moved = {"g_start": {"visit_date": TODAY, "known": "1", "person_id": zhang,
                             "what_for": "data"}, "g_person": {"n_area": SHIQIAO}}  # fmt: skip
        made = village.make(village.visit(cast.li, "consent_record", moved))
        ops = [op | {"sup": []} for op in made["ops"] if op["r"] == "area_code"]
        assert village.take_in(cast.li, made | {"ops": ops})[0].st == "conflict"
        db.session.remove()
    gao = cast.nobody()
    gao.post("/api/session", {"username": "gao", "password": "very secret 1"})
    request = ask(gao, "access")
    assert [row["id"] for row in gao.get("/api/rights/requests").json] == [request["id"]]
