"""Two workers wrote different things without knowing of each other; a reviewer settles it."""

import pytest
from flask import Flask

from tests.cast import Browser, Cast, Phone
from tests.visits import TENANT, change_phone, dot_of, entity_of, new_client, rental_visit


class Story:
    """张小梅's phone number: 王芳 and 李娜, both offline, each replaced the first one."""

    def __init__(self, app: Flask, cast: Cast) -> None:
        self.app, self.cast = app, cast
        self.wang: Phone = cast.wang.enrol()
        self.li: Phone = cast.li.enrol()
        self.client = new_client(app, cast.wang, "张小梅", "13800000001")
        self.wang.push([self.client])
        first = [dot_of(self.client, "phone")]
        self.hers = change_phone(app, cast.wang, self.client, "13900000002", first, "2026-11-03")
        self.his = change_phone(app, cast.li, self.client, "13700000003", first, "2026-11-04")
        assert self.wang.push([self.hers])[0]["st"] == "stored"
        assert self.li.push([self.his])[0]["st"] == "conflict"
        self.person = entity_of(self.client, "client")

    @property
    def address(self) -> str:
        return f"/api/review/conflicts/{self.person}/{dot_of(self.his, 'phone')}"

    @property
    def dots(self) -> list[str]:
        return [dot_of(self.hers, "phone"), dot_of(self.his, "phone")]


@pytest.fixture
def story(app: Flask, cast: Cast) -> Story:
    return Story(app, cast)


def settle(desk: Browser, story: Story, v: object, seen: list[str]):
    return desk.post(f"{story.address}/settlement", {"v": v, "seen": seen})


def test_the_nurse_finds_it_with_both_values(story: Story) -> None:
    listed = story.cast.chen.log_in().get("/api/review/conflicts").json
    assert listed["total"] == 1
    (row,) = listed["items"]
    assert (row["subject"], row["label"], row["area_name"]) == ("张小梅", "手机", "柳林村")
    assert set(row["values"]) == {"13900000002", "13700000003"}


def test_its_address_names_no_register_and_any_value_leads_there(story: Story) -> None:
    desk = story.cast.chen.log_in()
    (row,) = desk.get("/api/review/conflicts").json["items"]
    assert row["value"] in story.dots
    at = f"/api/review/conflicts/{story.person}"
    for value in story.dots:
        assert desk.get(f"{at}/{value}").json["register"] == "phone"
    assert desk.get(f"{at}/{dot_of(story.client, 'phone')}").json["register"] == "phone"
    for value in ("phone", f"{story.his['id']}:99", f"{story.his['id']}:{9**30}"):
        assert desk.get(f"{at}/{value}").status_code == 404
    visit = desk.get(f"/api/review/visits/{story.his['id']}").json
    assert [c["dot"] for c in visit["changes"] if c["conflict"]] == [dot_of(story.his, "phone")]


def test_each_standing_value_says_who_wrote_it_when_and_the_history_what_was_before(
    story: Story,
) -> None:
    whole = story.cast.chen.log_in().get(story.address).json
    standing = {row["words"]: (row["by"], row["on"], row["form"]) for row in whole["standing"]}
    assert standing == {
        "13900000002": ("王芳", "2026-11-03", "知情同意与登记"),
        "13700000003": ("李娜", "2026-11-04", "知情同意与登记"),
    }
    assert [(row["words"], row["live"]) for row in whole["history"]] == [
        ("13700000003", True),
        ("13900000002", True),
        ("13800000001", False),
    ]
    assert whole["decidable"]


def test_choosing_one_ends_it_and_keeps_the_other_in_the_history(story: Story) -> None:
    desk = story.cast.chen.log_in()
    assert settle(desk, story, "13700000003", story.dots).status_code == 200
    assert desk.get("/api/review/conflicts").json["total"] == 0
    assert desk.get(story.address).status_code == 404
    visit = desk.get(f"/api/review/visits/{story.his['id']}").json
    assert not any(change["conflict"] for change in visit["changes"])


def test_a_third_value_can_be_entered(story: Story) -> None:
    desk = story.cast.chen.log_in()
    assert settle(desk, story, "13600000004", story.dots).status_code == 200
    later = change_phone(
        story.app, story.cast.wang, story.client, "13500000005", story.dots, "2026-11-06"
    )
    assert story.wang.push([later])[0]["st"] == "conflict", "she hadn't seen what was settled"
    whole = desk.get(story.address).json
    assert {row["words"]: row["by"] for row in whole["standing"]} == {
        "13600000004": "陈静",
        "13500000005": "王芳",
    }


def test_a_value_that_came_meanwhile_is_not_settled_unseen(story: Story) -> None:
    desk = story.cast.chen.log_in()
    third = change_phone(
        story.app,
        story.cast.wang,
        story.client,
        "13500000005",
        [dot_of(story.client, "phone")],
        "2026-11-05",
    )
    story.wang.push([third])
    moved = settle(desk, story, "13700000003", story.dots)
    assert (moved.status_code, moved.json["code"]) == (409, "conflict_moved")
    assert len(desk.get(story.address).json["standing"]) == 3


def test_settling_twice_the_second_looks_again(story: Story) -> None:
    desk = story.cast.chen.log_in()
    settle(desk, story, "13700000003", story.dots)
    assert settle(desk, story, "13900000002", story.dots).status_code == 404


def test_a_value_of_the_wrong_shape_is_refused(story: Story) -> None:
    desk = story.cast.chen.log_in()
    for wrong in ({"phone": "1"}, 7, ["1"]):
        assert settle(desk, story, wrong, story.dots).status_code == 422
    assert settle(desk, story, "1", []).status_code == 422
    assert desk.get("/api/review/conflicts").json["total"] == 1


@pytest.mark.parametrize("who", ["zhao", "steward"])
def test_housing_knows_nothing_of_it(story: Story, who: str) -> None:
    desk = story.cast.people[who].log_in()
    assert desk.get("/api/review/conflicts").json == {
        "items": [],
        "total": 0,
        "page": 1,
        "size": 25,
    }
    assert desk.get(story.address).status_code == 404
    assert desk.get("/api/review/summary").json["conflicts"] == 0


def test_both_visits_carry_the_mark_and_come_before_the_quiet_ones(story: Story) -> None:
    found = story.cast.chen.log_in().get("/api/review/visits").json["items"]
    # The registration wrote the register too, so it is marked with it.
    assert [row["conflicts"] for row in found] == [1, 1, 1]
    visit = story.cast.chen.log_in().get(f"/api/review/visits/{story.his['id']}").json
    (change,) = [c for c in visit["changes"] if c["register"] == "phone"]
    assert change["conflict"]


def test_the_steward_sees_a_housing_conflict_and_leaves_it_to_the_area_lead(
    app: Flask, cast: Cast
) -> None:
    wang, li = cast.wang.enrol(), cast.li.enrol()
    visit = rental_visit(app, cast.wang, residents=[TENANT])
    wang.push([visit])
    dwelling = entity_of(visit, "dwelling")
    seen = [dot_of(visit, "rooms_total")]
    for phone, rooms in ((wang, "4"), (li, "5")):
        again = {
            "form": "rental_register",
            "fv": visit["fv"],
            "entities": [{"e": dwelling, "t": "dwelling", "new": False}],
            "ops": [{"e": dwelling, "r": "rooms_total", "v": rooms, "sup": seen}],
            "answers": {
                "g_visit": {"visit_date": "2026-11-03", "vsrc": "self", "met": "met"},
                "g_dw": {
                    "g_place": {"dw_known": "1", "dw_id": dwelling},
                    "g_let": {"rooms_total": rooms, "mode_let": "whole", "occ_n": "1"},
                    "meta": {"entity": {"@dataset": "dwelling", "@id": dwelling, "@update": "1"}},
                },
            },
        }
        phone.push([again])
    steward = cast.steward.log_in()
    rows = steward.get("/api/review/conflicts").json["items"]
    (value,) = [row["value"] for row in rows if row["register"] == "rooms_total"]
    address = f"/api/review/conflicts/{dwelling}/{value}"
    whole = steward.get(address).json
    assert (whole["label"], whole["subject"], whole["decidable"]) == (
        "房间数",
        "柳林路12号 1-2-201",
        False,
    )
    body = {"v": "5", "seen": [row["dot"] for row in whole["standing"]]}
    assert steward.post(f"{address}/settlement", body).status_code == 403
    assert cast.zhao.log_in().post(f"{address}/settlement", body).status_code == 200
    assert steward.get("/api/review/conflicts").json["total"] == 0
