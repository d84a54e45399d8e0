"""Somebody's village, scope or every grant is taken: own work there is no longer theirs to read."""

import json
from typing import Any

import pytest
from flask import Flask

from tests.cast import LIULIN, OTHER_TOWN, TOWN, Browser, Cast, Phone
from tests.visits import new_client

HERS = [{"area": LIULIN, "scope": scope} for scope in ("health", "housing")]
HOUSING_ALONE = HERS[1:]
START = {"epoch": "", "seq": 0, "view": ""}


@pytest.fixture
def admin(cast: Cast) -> Browser:
    return cast.admin.log_in()


def given(admin: Browser, who: str, *grants: dict[str, str]) -> None:
    """These are somebody's villages from now on."""
    answer = admin.patch(f"/api/users/{who}", {"grants": list(grants)})
    assert answer.status_code == 200, answer.json


@pytest.mark.parametrize(
    "left", [[], [{"area": OTHER_TOWN, "scope": "health"}]], ids=["nothing", "another town"]
)
def test_a_nurse_no_longer_opens_what_she_wrote_there(
    app: Flask, cast: Cast, admin: Browser, left: list[dict[str, str]]
) -> None:
    own = new_client(app, cast.chen, "刘春燕")
    phone = cast.chen.enrol()
    assert phone.push([own])[0]["st"] == "stored"
    path = f"/api/review/visits/{own['id']}"
    assert "刘春燕" in str(cast.chen.log_in().get(path).json)
    given(admin, cast.chen.id, *left)
    desk = cast.chen.log_in()
    assert desk.get(path).status_code == 404
    for page in ("/api/review/visits", "/api/review/summary"):
        assert "刘春燕" not in str(desk.get(page).json)
    given(admin, cast.chen.id, {"area": TOWN, "scope": "health"})
    assert cast.chen.log_in().get(path).status_code == 200


class Returned:
    """王芳's visit that 陈静 returned, and her phone, which has pulled it."""

    def __init__(self, app: Flask, cast: Cast) -> None:
        self.visit = new_client(app, cast.wang, "张小梅")
        self.phone, self.feed = cast.wang.enrol(), f"u.{cast.wang.id}"
        assert self.phone.push([self.visit])[0]["st"] == "stored"
        notes = [{"path": "", "text": "张小梅的电话请再问一次"}]
        returned = {"state": "returned", "seen": "received", "notes": notes}
        path = f"/api/review/visits/{self.visit['id']}/decision"
        assert cast.chen.log_in().post(path, returned).status_code == 200
        self.cursor = START

    def pull(self) -> dict[str, Any]:
        """The next page of her own post."""
        grants = self._pull("")["grants_ver"]
        page: dict[str, Any] = self._pull(grants)["feeds"][self.feed]
        self.cursor = {key: page[key] for key in ("epoch", "seq", "view")}
        return page

    def _pull(self, grants: str) -> Any:
        message = {"grants_ver": grants, "feeds": {self.feed: self.cursor}, "budget": 100_000}
        return called(self.phone, "pull", message)


def called(phone: Phone, name: str, message: dict[str, Any]) -> Any:
    return json.loads(phone.call(name, message).data)


@pytest.fixture
def returned(app: Flask, cast: Cast) -> Returned:
    return Returned(app, cast)


def told(page: dict[str, Any]) -> dict[str, Any]:
    """What a page tells of the one review in it."""
    (change,) = page["ch"]
    return {name: live[0][0] for name, live in change["f"].items()}


def test_her_phone_is_told_that_it_came_back_and_nothing_of_what_it_says(
    cast: Cast, admin: Browser, returned: Returned
) -> None:
    assert "张小梅" in told(returned.pull())["answers"]
    given(admin, cast.wang.id, *HOUSING_ALONE)
    returned.cursor = START
    page = returned.pull()
    assert "张小梅" not in json.dumps(page, ensure_ascii=False)
    assert told(page) == {"target": returned.visit["id"], "state": "returned", "by": "陈静"}
    ids = [change["e"] for change in page["ch"]]
    fetched = called(returned.phone, "fetch", {"feed": returned.feed, "ids": ids})
    assert fetched["ch"] == page["ch"]


def test_the_copy_on_her_phone_is_told_anew_each_time_her_grants_change(
    cast: Cast, admin: Browser, returned: Returned
) -> None:
    """Its cursor is at the end, and nothing happened to the review itself."""
    whole = returned.pull()
    assert returned.pull()["ch"] == []
    given(admin, cast.wang.id, *HOUSING_ALONE)
    lost = returned.pull()
    assert lost["reset"] is True
    assert (lost["sum"], lost["count"]) == (whole["sum"], whole["count"])
    assert [c["ver"] for c in lost["ch"]] == [c["ver"] for c in whole["ch"]]
    assert returned.pull()["ch"] == []
    given(admin, cast.wang.id, *HERS)
    assert told(returned.pull()) == told(whole)


def test_her_phone_still_learns_what_became_of_what_it_sent(
    cast: Cast, admin: Browser, returned: Returned
) -> None:
    given(admin, cast.wang.id)
    phone, sid = returned.phone, returned.visit["id"]
    verify = {"install": phone.install, "acked": [sid], "n_max": phone.n}
    answer = json.loads(phone.call("verify", verify, session=False).data)
    assert (answer["missing"], answer["gaps"]) == ([], [])
    assert answer["states"][sid]["st"] == "stored"
    phone.n -= 1
    assert phone.push([returned.visit], session=False)[0]["st"] == "duplicate"
