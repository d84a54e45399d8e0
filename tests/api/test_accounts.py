"""An administrator keeps accounts, areas and grants."""

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp.accounts import service, users
from fieldapp.areas import service as areas
from fieldapp.areas.models import Area
from fieldapp.db import write_transaction
from tests.cast import DISTRICT, LIULIN, NANPO, SHIQIAO, TOWN, Cast

NEW = {
    "username": "Hao",
    "name": "郝静",
    "role": "worker",
    "password": "long enough 9",
    "grants": [{"area": LIULIN, "scope": "housing"}],
}


def test_a_new_worker_can_log_in_at_once(cast: Cast) -> None:
    made = cast.admin.log_in().post("/api/users", NEW)
    assert made.status_code == 201
    assert "password" not in made.json
    browser = cast.nobody()
    me = browser.post("/api/session", {"username": "hao", "password": NEW["password"]}).json
    assert (me["id"], me["areas"]["housing"], me["scopes"]) == (
        made.json["id"],
        [LIULIN],
        ["housing"],
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"username": "wang"}, "username"),
        ({"username": "王"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "hao-hao-hao"}, "password"),
        ({"role": "mayor"}, "role"),
        ({"grants": [{"area": "999999999999", "scope": "health"}]}, "grants"),
        ({"grants": [{"area": LIULIN, "scope": "police"}]}, "grants/0/scope"),
        ({"role": "grid", "grants": [{"area": LIULIN, "scope": "health"}]}, "grants"),
        ({"role": "nurse"}, "grants"),
        ({"surprise": "x"}, "surprise"),
    ],
)
def test_an_impossible_account_is_refused_field_by_field(
    cast: Cast, change: dict[str, object], path: str
) -> None:
    answer = cast.admin.log_in().post("/api/users", NEW | change)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_fields")
    assert [row["path"] for row in answer.json["fields"]] == [path]


def test_nothing_of_a_refused_account_remains(cast: Cast) -> None:
    desk = cast.admin.log_in()
    before = len(desk.get("/api/users").json)
    desk.post("/api/users", NEW | {"grants": [{"area": "999999999999", "scope": "health"}]})
    assert len(desk.get("/api/users").json) == before


def test_closing_an_account_ends_its_sessions_and_is_undone_by_reopening(cast: Cast) -> None:
    desk, wang = cast.admin.log_in(), cast.wang.log_in()
    assert desk.patch(f"/api/users/{cast.wang.id}", {"active": False}).json["active"] is False
    assert wang.get("/api/session").status_code == 401
    refused = cast.nobody().post(
        "/api/session", {"username": "wang", "password": cast.wang.password}
    )
    assert refused.status_code == 401
    listed = desk.get("/api/users").json
    assert listed[-1]["username"] == "wang", "closed accounts come last"
    desk.patch(f"/api/users/{cast.wang.id}", {"active": True})
    assert cast.wang.log_in().get("/api/session").status_code == 200


def test_nobody_locks_themselves_out(cast: Cast) -> None:
    desk = cast.admin.log_in()
    answer = desk.patch(f"/api/users/{cast.admin.id}", {"active": False})
    assert answer.status_code == 422
    assert desk.get("/api/session").status_code == 200


def test_a_new_password_ends_the_sessions_opened_with_the_old_one(cast: Cast) -> None:
    desk, stolen = cast.admin.log_in(), cast.li.log_in()
    desk.patch(f"/api/users/{cast.li.id}", {"password": "another 2026 one", "name": "李娜娜"})
    assert stolen.get("/api/session").status_code == 401
    old = cast.nobody().post("/api/session", {"username": "li", "password": cast.li.password})
    assert old.status_code == 401
    new = cast.nobody().post("/api/session", {"username": "li", "password": "another 2026 one"})
    assert new.json["name"] == "李娜娜"


def test_moving_li_to_another_village_changes_her_feeds_and_their_version(
    cast: Cast, app: Flask
) -> None:
    def hers() -> tuple[list[str], str]:
        with app.app_context():
            li = service.principal_of(cast.li.id)
            assert li
            return service.feeds_of(li), service.grants_ver(li)

    feeds, version = hers()
    assert feeds == [
        f"{LIULIN}.care",
        f"{LIULIN}.housing",
        f"{SHIQIAO}.care",
        f"{SHIQIAO}.housing",
        f"u.{cast.li.id}",
    ]
    moved = [{"area": NANPO, "scope": "housing"}, {"area": LIULIN, "scope": "housing"}]
    desk = cast.admin.log_in()
    assert desk.patch(f"/api/users/{cast.li.id}", {"grants": moved}).status_code == 200
    assert desk.get(f"/api/users/{cast.li.id}").json["grants"] == sorted(
        moved, key=lambda grant: grant["area"]
    )
    assert hers()[0] == [f"{LIULIN}.housing", f"{NANPO}.housing", f"u.{cast.li.id}"]
    assert hers()[1] != version


def test_a_village_added_to_the_town_reaches_whoever_holds_the_town(cast: Cast, app: Flask) -> None:
    with app.app_context():
        before = service.grants_ver(service.principal_of(cast.chen.id))
    new = {
        "code": "379901001003",
        "name_zh": "新庄村",
        "name_en": "Xinzhuang",
        "level": "village",
        "parent": TOWN,
    }
    assert cast.admin.log_in().put("/api/areas", new).json["name"] == "新庄村"
    assert "379901001003" in cast.chen.log_in().get("/api/session").json["areas"]["health"]
    with app.app_context():
        assert service.grants_ver(service.principal_of(cast.chen.id)) != before


@pytest.mark.parametrize(
    "area",
    [
        {"code": "379901009", "level": "village", "parent": TOWN},
        {"code": "379901001009", "level": "hamlet", "parent": TOWN},
        {"code": "379901001009", "level": "village", "parent": DISTRICT},
        {"code": "379901001009", "level": "village", "parent": None},
        {"code": "379902000000", "level": "district", "parent": TOWN},
    ],
)
def test_an_area_out_of_place_is_refused(cast: Cast, area: dict[str, str]) -> None:
    desk = cast.admin.log_in()
    answer = desk.put("/api/areas", {"name_zh": "某村", "name_en": "Some", **area})
    assert answer.status_code == 422
    assert len(desk.get("/api/areas").json) == 6


@pytest.mark.parametrize(
    "area",
    [
        {"code": LIULIN, "level": "town", "parent": DISTRICT},
        {"code": DISTRICT, "level": "village", "parent": TOWN},  # it would be a circle
    ],
)
def test_an_area_keeps_its_level(cast: Cast, area: dict[str, str]) -> None:
    desk = cast.admin.log_in()
    before = desk.get("/api/areas").json
    answer = desk.put("/api/areas", {"name_zh": "某地", "name_en": "Some", **area})
    assert answer.status_code == 422
    assert [field["path"] for field in answer.json["fields"]] == ["level"]
    assert "级别" in answer.json["fields"][0]["message"]
    assert desk.get("/api/areas").json == before
    assert LIULIN in cast.wang.log_in().get("/api/session").json["areas"]["health"]


def test_a_circle_from_elsewhere_stops_nobody(cast: Cast, app: Flask) -> None:
    """Somebody wrote it into the table by hand."""
    with app.app_context(), write_transaction() as tx:
        tx.execute(sa.update(Area).where(Area.code == DISTRICT).values(parent=TOWN))
    with app.app_context():
        assert areas.leaf_codes(TOWN) == [LIULIN, SHIQIAO, NANPO]


def test_an_administrator_names_the_clinic_of_a_town_and_takes_it_away(cast: Cast) -> None:
    desk = cast.admin.log_in()
    clinic = {"name": " 柳河镇卫生院（东院） ", "phone": "0632-555 0101"}
    named = desk.put(f"/api/areas/{TOWN}/clinic", clinic).json
    assert (named["clinic"], named["clinic_phone"]) == ("柳河镇卫生院（东院）", "0632-555 0101")
    own = {area["code"]: area["clinic"] for area in cast.wang.log_in().get("/api/areas").json}
    assert own == {DISTRICT: "", TOWN: "柳河镇卫生院（东院）", LIULIN: ""}
    gone = desk.put(f"/api/areas/{TOWN}/clinic", {"name": "", "phone": ""}).json
    assert (gone["clinic"], gone["clinic_phone"]) == ("", "")
    assert desk.put("/api/areas/379909000000/clinic", clinic).status_code == 404


@pytest.mark.parametrize(
    "clinic",
    [
        {"name": "柳河镇卫生院", "phone": ""},
        {"name": "", "phone": "0632-5550101"},
        {"name": "柳河镇卫生院", "phone": "12a"},
        {"name": "柳河镇卫生院", "phone": "0632 5550101; 13800001111"},
        {"name": "<b>卫生院</b>", "phone": "0632-5550101"},
        {"name": "卫生院\n电话", "phone": "0632-5550101"},
        {"name": "_卫生院_", "phone": "0632-5550101"},
        {"name": "卫" * 61, "phone": "0632-5550101"},
    ],
)
def test_a_clinic_has_a_plain_name_and_a_number_or_neither(
    cast: Cast, clinic: dict[str, str]
) -> None:
    desk = cast.admin.log_in()
    assert desk.put(f"/api/areas/{TOWN}/clinic", clinic).status_code == 422
    assert {area["clinic"] for area in desk.get("/api/areas").json} == {""}


def test_everybody_sees_their_own_areas_with_those_above(cast: Cast) -> None:
    seen = cast.wang.log_in().get("/api/areas").json
    assert [(a["name"], a["level"]) for a in seen] == [
        ("泉城区", "district"),
        ("柳河镇", "town"),
        ("柳林村", "village"),
    ]


def test_an_english_reader_gets_english_names(cast: Cast) -> None:
    desk = cast.wang.log_in()
    seen = desk.client.get("/api/areas", headers={"Accept-Language": "en"}).json
    assert [a["name"] for a in seen] == ["Quancheng", "Liuhe", "Liulin"]


def test_nobody_by_that_id(cast: Cast) -> None:
    desk = cast.admin.log_in()
    assert desk.get("/api/users/unknown").json["code"] == "not_found"
    assert desk.patch("/api/users/unknown", {"name": "某"}).status_code == 404


def test_a_stronger_hash_is_made_at_the_next_log_in(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    from fieldapp.accounts import passwords

    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", stronger)
    cast.wang.log_in()
    with app.app_context():
        user = users.get(cast.wang.id)
        assert user
        assert not passwords.outdated(user.password)


def test_the_leaves_of_every_level(app: Flask) -> None:
    with app.app_context():
        assert areas.leaf_codes(DISTRICT) == [LIULIN, SHIQIAO, NANPO]
        assert areas.leaf_codes(TOWN) == [LIULIN, SHIQIAO]
        assert areas.leaf_codes(LIULIN) == [LIULIN]
        assert areas.leaf_codes("000000000000") == []
