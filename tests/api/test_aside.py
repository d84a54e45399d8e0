"""What was kept aside is opened, let in or repaired by whose it is to decide, and nobody else."""

import json
from typing import Any

import pytest
from flask import Flask

from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync import service
from tests.cast import LIULIN, NANPO, SHIQIAO, Browser, Cast, Phone
from tests.opened import values_of
from tests.visits import TENANT, Submission, entity_of, new_client, rental_visit

WHY = {"reason": "已与王芳当面核对"}


def opened(desk: Browser, item: str) -> Any:
    return desk.get(f"/api/review/quarantine/{item}")


def answer_of(rows: list[dict[str, Any]], path: str) -> dict[str, Any]:
    for row in rows:
        if row["path"] == path:
            return row
        if "children" in row and (found := answer_of(row["children"], path)):
            return found
    return {}


@pytest.fixture
def revoked(app: Flask, cast: Cast) -> tuple[Phone, Submission]:
    """A visit to 张小梅 from a phone that was revoked before it could send."""
    phone = cast.wang.enrol()
    phone.browser.post(f"/api/devices/{phone.device}/revoke")
    visit = new_client(app, cast.wang, "张小梅")
    assert phone.push([visit], session=False)[0]["why"] == "revoked"
    return phone, visit


def test_chen_opens_it_and_lets_it_in_with_a_reason(
    app: Flask, cast: Cast, revoked: tuple[Phone, Submission]
) -> None:
    phone, visit = revoked
    desk = cast.chen.log_in()
    shown = opened(desk, visit["id"]).json
    assert (shown["author"], shown["why"], shown["releasable"]) == ("王芳", "revoked", True)
    assert answer_of(shown["reading"], "g_person/n_name")["value"] == "张小梅"
    done = desk.post(f"/api/review/quarantine/{visit['id']}/release", WHY)
    assert done.status_code == 200, done.json
    (decision,) = done.json["decisions"]
    assert (decision["name"], decision["action"], decision["reason"]) == (
        "陈静",
        "released",
        WHY["reason"],
    )
    assert desk.get("/api/review/quarantine").json == []
    assert [row["id"] for row in desk.get("/api/review/visits").json["items"]] == [visit["id"]]
    again = desk.post(f"/api/review/quarantine/{visit['id']}/release", WHY)
    assert again.status_code == 403
    asked = {"install": phone.install, "acked": [visit["id"]], "n_max": 1}
    told = phone.call("verify", asked, session=False).get_json(force=True)
    assert told["states"][visit["id"]]["st"] == "stored"
    with app.app_context():
        assert service.audit() == []


def test_housing_and_other_towns_never_learn_of_it(
    cast: Cast, revoked: tuple[Phone, Submission]
) -> None:
    _, visit = revoked
    for who in (cast.zhao, cast.steward):
        desk = who.log_in()
        assert opened(desk, visit["id"]).status_code == 404
    for who in (cast.zhao, cast.steward, cast.wang, cast.admin):
        answer = who.log_in().post(f"/api/review/quarantine/{visit['id']}/release", WHY)
        assert answer.status_code in (403, 404), who.username
    blind = opened(cast.admin.log_in(), visit["id"]).json
    assert (blind["reading"], blind["title"], blind["detail"], blind["area"]) == ([], "", "", "")
    assert not blind["releasable"]


def test_a_reason_is_owed(cast: Cast, revoked: tuple[Phone, Submission]) -> None:
    _, visit = revoked
    desk = cast.chen.log_in()
    for reason in ("", "  ", "x"):
        answer = desk.post(f"/api/review/quarantine/{visit['id']}/release", {"reason": reason})
        assert answer.status_code == 422


def test_an_answer_is_repaired_and_what_came_stays(
    app: Flask, cast: Cast, revoked: tuple[Phone, Submission]
) -> None:
    _, visit = revoked
    desk = cast.chen.log_in()
    path = f"/api/review/quarantine/{visit['id']}/repair"
    wish = {**WHY, "answers": {"g_person/n_phone": "13900000009"}}
    done = desk.post(path, wish)
    assert done.status_code == 200, done.json
    assert done.json["decisions"][0]["action"] == "repaired"
    read = desk.get(f"/api/review/visits/{visit['id']}").json
    assert answer_of(read["reading"], "g_person/n_phone")["value"] == "13900000009"
    with app.app_context():
        person = entity_of(visit, "client")
        assert values_of(person, "phone") == ["13900000009"]
        assert service.audit() == []
        service.rebuild()
        assert values_of(person, "phone") == ["13900000009"]
        assert service.audit() == []


def test_a_choice_is_repaired_by_its_label(
    app: Flask, cast: Cast, revoked: tuple[Phone, Submission]
) -> None:
    """王芳 tapped 男 for 张小梅."""
    _, visit = revoked
    desk = cast.chen.log_in()
    sex = answer_of(opened(desk, visit["id"]).json["reading"], "g_person/n_sex")
    assert (sex["value"], sex["words"], sex["many"]) == ("2", "女", False)
    labels = {choice["value"]: choice["label"] for choice in sex["choices"]}
    assert (labels["1"], labels["2"]) == ("男", "女")
    path = f"/api/review/quarantine/{visit['id']}"
    english = desk.client.get(path, headers={"Accept-Language": "en"}).json
    other = {c["value"]: c["label"] for c in answer_of(english["reading"], sex["path"])["choices"]}
    assert other.keys() == labels.keys()
    assert not set(other.values()) & set(labels.values())
    done = desk.post(f"{path}/repair", {**WHY, "answers": {sex["path"]: "1"}})
    assert done.status_code == 200, done.json
    read = desk.get(f"/api/review/visits/{visit['id']}").json
    assert answer_of(read["reading"], sex["path"])["words"] == "男"
    assert other["1"] == "Male"
    with app.app_context():
        assert values_of(entity_of(visit, "client"), "sex") == ["1"]
        assert service.audit() == []


def test_several_are_chosen_and_no_record_is_told(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.browser.post(f"/api/devices/{phone.device}/revoke")
    visit = rental_visit(app, cast.wang, residents=[TENANT])
    assert phone.push([visit], session=False)[0]["why"] == "revoked"
    desk = cast.zhao.log_in()
    reading = opened(desk, visit["id"]).json["reading"]
    needs = answer_of(reading, "residents[0]/r_needs")
    assert needs["many"]
    area = answer_of(reading, "g_dw/g_place/area_code")
    assert area.get("choices", []) == []
    two = " ".join([c["value"] for c in needs["choices"] if c["value"] != "none"][:2])
    path = f"/api/review/quarantine/{visit['id']}/repair"
    for answers in ({area["path"]: SHIQIAO}, {needs["path"]: f"{two} nonsense"}):
        assert desk.post(path, {**WHY, "answers": answers}).status_code == 422
    done = desk.post(path, {**WHY, "answers": {needs["path"]: two}})
    assert done.status_code == 200, done.json
    with app.app_context():
        assert service.audit() == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("g_person/n_sex", "7", "不在可选范围内"),
        ("g_person/n_sex", "1 2", "不在可选范围内"),
        ("g_person/n_sex", "", "不能为空"),
        ("g_person/n_dob", "明天", "格式不对"),
    ],
)
def test_what_the_form_would_not_take_the_desk_can_not_write(
    cast: Cast, revoked: tuple[Phone, Submission], path: str, value: str, said: str
) -> None:
    _, visit = revoked
    desk = cast.chen.log_in()
    wish = {**WHY, "answers": {path: value}}
    answer = desk.post(f"/api/review/quarantine/{visit['id']}/repair", wish)
    assert answer.status_code == 422, answer.json
    assert said in answer.json["fields"][0]["message"]
    assert answer.json["fields"][0]["path"].startswith(("性别", "出生日期"))
    assert opened(desk, visit["id"]).json["state"] == "quarantined"


@pytest.mark.parametrize(
    "wish",
    [
        {"answers": {"g_person/nothing": "x"}},
        {"answers": {"__proto__/x": "x"}},
        {"answers": {"": "x"}},
        {"area": "379901002001"},
        {"fv": "1999"},
        {"answers": {"g_person/n_phone": 7}},
    ],
    ids=str,
)
def test_only_what_is_shown_can_be_repaired(
    cast: Cast, revoked: tuple[Phone, Submission], wish: dict[str, Any]
) -> None:
    _, visit = revoked
    desk = cast.chen.log_in()
    answer = desk.post(f"/api/review/quarantine/{visit['id']}/repair", {**WHY, **wish})
    assert answer.status_code == 422, answer.json
    assert opened(desk, visit["id"]).json["state"] == "quarantined"


def elsewhere(app: Flask, cast: Cast, village: str) -> Submission:
    """A dwelling that 王芳 registered in this village, which isn't hers."""
    text = json.dumps(rental_visit(app, cast.wang, residents=[TENANT]), ensure_ascii=False)
    visit: Submission = json.loads(text.replace(LIULIN, village))
    return visit


def test_what_is_of_another_town_can_not_be_let_in_nor_repaired(app: Flask, cast: Cast) -> None:
    visit = elsewhere(app, cast, NANPO) | {"area": LIULIN}
    assert cast.wang.enrol().push([visit])[0]["why"] == "authz"
    desk = cast.zhao.log_in()
    path = f"/api/review/quarantine/{visit['id']}"
    for answer in (desk.post(f"{path}/release", WHY), desk.post(f"{path}/repair", WHY)):
        assert answer.status_code == 409
        assert "负责范围" in answer.json["detail"]
    assert opened(desk, visit["id"]).json["decisions"] == []


def test_a_visit_in_a_village_of_the_lead_s_is_let_in(app: Flask, cast: Cast) -> None:
    """She stood in for a colleague."""
    visit = elsewhere(app, cast, SHIQIAO)
    assert cast.wang.enrol().push([visit])[0]["why"] == "authz"
    done = cast.zhao.log_in().post(f"/api/review/quarantine/{visit['id']}/release", WHY)
    assert done.status_code == 200, done.json
    with app.app_context():
        service.rebuild()
        assert service.audit() == []


def test_a_village_chosen_wrongly_is_put_right(app: Flask, cast: Cast) -> None:
    """王芳 was in 柳林村 and chose 石桥村."""
    visit = elsewhere(app, cast, SHIQIAO)
    assert cast.wang.enrol().push([visit])[0]["why"] == "authz"
    wish = {"reason": "村选错了", "area": LIULIN}
    desk = cast.zhao.log_in()
    done = desk.post(f"/api/review/quarantine/{visit['id']}/repair", wish)
    assert done.status_code == 200, done.json
    with app.app_context():
        dwelling = db.session.get(m.Entity, entity_of(visit, "dwelling"))
        assert dwelling is not None
        assert dwelling.areas == f'["{LIULIN}"]'
        assert service.audit() == []


def test_what_can_not_be_read_is_shown_to_nobody_and_tried_again_by_the_administrator(
    cast: Cast,
) -> None:
    phone = cast.wang.enrol()
    (told,) = phone.push([{"form": "not_yet", "answers": {"secret": "HIV"}}])
    desk = cast.admin.log_in()
    shown = opened(desk, told["id"])
    assert "HIV" not in shown.text
    assert shown.json["releasable"]
    answer = desk.post(f"/api/review/quarantine/{told['id']}/release", WHY)
    assert answer.status_code == 409
    assert "没有发布" in answer.json["detail"]
