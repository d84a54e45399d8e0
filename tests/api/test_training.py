"""Health and housing in one hand only after training, which another administrator approves."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from fieldapp.accounts import access, training, users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.models import User, UserGrant
from fieldapp.accounts.problems import AccountError
from fieldapp.accounts.training import Trained
from fieldapp.db import db, write_transaction
from tests.cast import LIULIN, SHIQIAO, Browser, Cast, Person

DAY = {"trained_on": "2026-03-12"}
HOUSING, HEALTH = ({"area": LIULIN, "scope": scope} for scope in ("housing", "health"))
BOTH = {"grants": [HEALTH, HOUSING]}
HAO = {
    "username": "hao",
    "name": "郝静",
    "role": "worker",
    "password": "long enough 9",
    "grants": [HOUSING],
}


@pytest.fixture
def boss(app: Flask, cast: Cast) -> Browser:
    """A second administrator."""
    with app.app_context(), write_transaction():
        made = users.add_user("boss", "何洁", "admin", "ssob-2026!")
        person = Person(app, made.id, "boss", "何洁", "admin")
    return person.log_in()


def hired(desk: Browser, **other: Any) -> str:
    made = desk.post("/api/users", HAO | other)
    assert made.status_code == 201, made.json
    return f"/api/users/{made.json['id']}"


def refused(answer: Any) -> str:
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_fields")
    (field,) = answer.json["fields"]
    assert field["path"] == "grants"
    return str(field["message"])


def test_a_worker_gets_both_once_trained_and_approved_by_another(cast: Cast, boss: Browser) -> None:
    desk = cast.admin.log_in()
    hao = hired(desk)
    assert "培训" in refused(desk.patch(hao, BOTH))
    told = desk.put(f"{hao}/training", DAY).json["training"]
    assert (told["trained_on"], told["asked_by"], told["approved"]) == (
        "2026-03-12",
        cast.admin.id,
        None,
    )
    refused(desk.patch(hao, BOTH))
    own = desk.post(f"{hao}/training/approval", DAY)
    assert (own.status_code, own.json["code"]) == (409, "second_person")
    approved = boss.post(f"{hao}/training/approval", DAY).json["training"]
    assert approved["approved"]
    assert approved["approved_by"] != cast.admin.id
    assert len(desk.patch(hao, BOTH).json["grants"]) == 2


def test_nobody_begins_with_both(cast: Cast) -> None:
    desk = cast.admin.log_in()
    refused(desk.post("/api/users", HAO | BOTH))
    assert "hao" not in {user["username"] for user in desk.get("/api/users").json}


@pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
def test_nor_do_two_administrators_at_once_give_both(
    cast: Cast, boss: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = cast.admin.log_in()
    hao, given = hired(desk, grants=[]), users.set_grants
    other = threading.Thread(target=boss.patch, args=(hao, {"grants": [HEALTH]}))

    def slow(user: User, grants: Iterable[Grant]) -> None:
        given(user, grants)
        if other.ident is None:
            other.start()
            other.join(1)

    monkeypatch.setattr(users, "set_grants", slow)
    assert desk.patch(hao, {"grants": [HOUSING]}).json["grants"] == [HOUSING]
    other.join()
    (told,) = [one for one in desk.get("/api/users").json if one["username"] == "hao"]
    assert told["grants"] == [HEALTH], "who came second saw what the first gave, and replaced it"


def test_the_only_administrator_approves_by_writing_it_down(cast: Cast) -> None:
    desk = cast.admin.log_in()
    hao = hired(desk)
    assert desk.put(f"{hao}/training", DAY).json["training"]["approved_by"] == cast.admin.id
    assert desk.patch(hao, BOTH).status_code == 200


def test_what_is_approved_is_the_day_that_was_seen(cast: Cast, boss: Browser) -> None:
    desk = cast.admin.log_in()
    hao = hired(desk)
    assert boss.post(f"{hao}/training/approval", DAY).json["code"] == "conflict_moved"
    desk.put(f"{hao}/training", {"trained_on": "2026-04-01"})
    assert boss.post(f"{hao}/training/approval", DAY).json["code"] == "conflict_moved"
    refused(desk.patch(hao, BOTH))


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "", None])
def test_a_day_that_can_not_be(cast: Cast, day: object) -> None:
    desk = cast.admin.log_in()
    answer = desk.put(f"{hired(desk)}/training", {"trained_on": day})
    assert (answer.status_code, answer.json["fields"][0]["path"]) == (422, "trained_on")


def test_a_nurse_is_never_trained_into_both(cast: Cast) -> None:
    desk = cast.admin.log_in()
    chen = f"/api/users/{cast.chen.id}"
    assert desk.put(f"{chen}/training", DAY).json["fields"][0]["path"] == "trained_on"
    refused(desk.patch(chen, {"grants": [HOUSING]}))


def test_each_step_is_in_the_access_log(cast: Cast, boss: Browser) -> None:
    desk = cast.admin.log_in()
    hao = hired(desk)
    desk.put(f"{hao}/training", DAY)
    boss.post(f"{hao}/training/approval", DAY)
    lines = desk.get("/api/access-log/server").json["lines"]
    told = [(one["name"], one["about"], one["changed"]) for one in lines if one["act"] == "account"]
    assert told[:3] == [
        ("何洁", "郝静", ["approval"]),
        ("管理员", "郝静", ["training"]),
        ("管理员", "郝静", ["opened"]),
    ]


def test_who_holds_both_can_move_though_a_new_training_waits(cast: Cast, boss: Browser) -> None:
    desk = cast.admin.log_in()
    li = f"/api/users/{cast.li.id}"
    assert desk.put(f"{li}/training", DAY).json["training"]["approved"] is None
    assert desk.patch(li, BOTH).status_code == 200
    desk.patch(li, {"grants": [HOUSING]})
    refused(desk.patch(li, BOTH))


class TestHousingAndNurseNeverMeet:
    """Whatever door is taken."""

    def test_no_account_of_either_side_is_given_the_other_scope(self, app: Flask) -> None:
        with app.app_context(), write_transaction():
            for role in ("nurse", "grid", "area", "assistant", "head"):
                foreign = "housing" if role == "nurse" else "health"
                user = users.add_user(role * 2, "郝静", role, "long enough 9")
                with pytest.raises(AccountError, match=f"no part in {foreign}"):
                    users.set_grants(user, [Grant(LIULIN, foreign)])
                with pytest.raises(AccountError, match="no such training"):
                    training.approved(user, Trained("2026-03-12", "x"))

    def test_the_database_takes_no_such_row_from_whoever_writes_it(self, app: Flask) -> None:
        taken = set()
        with app.app_context():
            for role in access.ROLES:
                with write_transaction():
                    user_id = users.add_user(role * 2, "郝静", role, "long enough 9").id
                for scope in access.SCOPES:
                    row = {"user_id": user_id, "area": SHIQIAO, "scope": scope, "role": role}
                    assert role == "worker" or not stored(row | {"role": "worker"}), "not theirs"
                    if stored(row):
                        taken.add((role, scope))
        one = {
            ("nurse", "health"),
            *((r, "housing") for r in ("head", "assistant", "grid", "area")),
        }
        assert {pair for pair in taken if pair[0] in {role for role, _ in one}} == one

    def test_a_role_is_not_changed_under_its_areas(self, app: Flask, cast: Cast) -> None:
        change = "UPDATE user_account SET role = 'nurse' WHERE username = 'zhao'"
        with app.app_context(), pytest.raises(IntegrityError), write_transaction() as tx:
            tx.execute(sa.text(change))


def stored(row: dict[str, str]) -> bool:
    try:
        with write_transaction() as tx:
            tx.execute(sa.insert(UserGrant), [row])
    except IntegrityError:
        db.session.rollback()
        return False
    return True
