"""沈洁 the steward opens, assigns and settles quality issues of housing; she decides no visit."""

from typing import Any

import pytest
from flask import Flask

from fieldapp.accounts.service import principal_of
from fieldapp.db import db
from fieldapp.problems import ProblemError
from fieldapp.review.door import submit
from fieldapp.sync import service as sync
from fieldapp.sync.plan import ISSUE_FORM
from tests.cast import LIULIN, Browser, Cast
from tests.visits import rental_visit

from .test_quality import look, move, states


@pytest.fixture
def visit(app: Flask, cast: Cast) -> str:
    """王芳's visit to a rented flat."""
    made = rental_visit(app, cast.wang)
    assert cast.wang.enrol().push([made])[0]["st"] == "stored"
    return str(made["id"])


def note(desk: Browser, visit: str, kind: str = "ask_double", path: str = "") -> Any:
    return desk.post(f"/api/review/visits/{visit}/issues", {"kind": kind, "path": path})


def test_she_opens_one_and_takes_it_on_and_another_verifies_it(cast: Cast, visit: str) -> None:
    shen, zhao = cast.steward.log_in(), cast.zhao.log_in()
    opened = note(shen, visit)
    assert opened.status_code == 200, opened.json
    (issue,) = opened.json["findings"]
    assert (issue["kind"], issue["state"], issue["severity"]) == ("ask_double", "open", "warn")
    assert issue["message"] == "可能重复登记"
    assert move(shen, issue, "assigned", owner="me").json["owner"] == "沈洁"
    fixed = move(shen, issue | {"state": "assigned"}, "fixed").json
    assert (fixed["fixer"], "verified" in fixed["moves"]) == ("沈洁", False)
    assert move(shen, fixed, "verified").json["code"] == "forbidden"
    assert move(zhao, fixed, "verified").json["state"] == "verified"
    assert states(shen, visit) == ["verified"]


def test_she_decides_no_visit(cast: Cast, visit: str) -> None:
    shen = cast.steward.log_in()
    whole = look(shen, visit)
    assert (whole["decidable"], whole["notable"]) == (False, True)
    answer = shen.post(
        f"/api/review/visits/{visit}/decision", {"state": "approved", "seen": "received"}
    )
    assert answer.json["code"] == "forbidden"


def test_one_question_once(cast: Cast, visit: str) -> None:
    shen = cast.steward.log_in()
    path = "g_dw/g_let/lessor_phone"
    assert note(shen, visit, "ask_check", path).status_code == 200
    assert note(shen, visit, "ask_check", path).json["code"] == "conflict_moved"
    assert note(shen, visit, "ask_check", "g_dw/no_such").json["fields"][0]["path"] == "path"
    assert note(shen, visit, "张小梅").status_code == 422


def test_it_outlives_a_rebuild(app: Flask, cast: Cast, visit: str) -> None:
    shen = cast.steward.log_in()
    note(shen, visit)
    with app.app_context():
        sync.rebuild()
        assert sync.audit() == []
        db.session.remove()
    assert states(shen, visit) == ["open"]


@pytest.mark.parametrize("who", ["wang", "chen", "sun", "admin", "grid", "town"])
def test_nobody_else_opens_one(cast: Cast, visit: str, who: str) -> None:
    answer = note(cast.people[who].log_in(), visit)
    assert answer.status_code in (403, 404)
    assert states(cast.zhao.log_in(), visit) == []


def test_the_gate_says_so_too(app: Flask, cast: Cast, visit: str) -> None:
    """Sent past the desk's own screens by somebody who may not."""
    with app.app_context():
        answers = {"target": visit, "kind": "ask_check", "path": "", "to": "open"}
        for who in ("chen", "wang", "town"):
            principal = principal_of(cast.people[who].id)
            assert principal
            with pytest.raises(ProblemError):
                submit(principal, ISSUE_FORM, LIULIN, [], answers)
        db.session.remove()
    assert states(cast.zhao.log_in(), visit) == []
