"""Nothing that people say gets into a log, an address or a cache."""

import logging
import re
from pathlib import Path

import pytest
from flask import Flask

from fieldapp import create_app
from fieldapp.db import db
from fieldapp.review import queue
from fieldapp.sync import service
from tests.cast import PROTOCOL, Browser, Cast
from tests.conftest import settings_for
from tests.visits import new_client

from .test_access import ADMITTED

SAID = "张小梅没有告诉别人"


def test_an_exception_is_logged_by_kind_and_place_only(caplog: pytest.LogCaptureFixture) -> None:
    create_app(settings_for(Path("/dev/null"), "sqlite://"))
    try:
        try:
            int(SAID)
        except ValueError as error:
            raise RuntimeError(SAID) from error
    except RuntimeError:
        logging.getLogger("anybody's").exception("it failed on %s", "/api/x")
    assert "it failed on /api/x: RuntimeError" in caplog.text
    assert "test_quiet.py" in caplog.text
    assert SAID not in caplog.text


def test_a_handler_that_fails_logs_no_value_of_the_request(
    app: Flask, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*_: object, **given: object) -> None:
        raise ValueError(f"{SAID} {given}")

    monkeypatch.setattr(queue, "page", fail)
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    live = create_app(settings_for(tmp_path, url, testing=False))
    desk = Browser(live)
    desk.post("/api/session", {"username": "chen", "password": cast.chen.password})
    answer = desk.get("/api/review/visits", form=SAID)
    assert (answer.status_code, SAID in answer.get_data(as_text=True)) == (500, False)
    assert "unexpected error on /api/review/visits" in caplog.text
    assert SAID not in caplog.text
    with live.app_context():
        db.engine.dispose()


def test_a_visit_that_can_t_be_applied_is_logged_without_its_answers(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(SAID)

    monkeypatch.setattr("fieldapp.sync.apply.plan_form", fail)
    phone = cast.wang.enrol()
    assert phone.push([new_client(app, cast.wang, SAID)])[0]["why"] == "apply"
    assert "can't be applied" in caplog.text
    assert SAID not in caplog.text
    assert service.APP


def test_addresses_hold_ids_and_codes_alone() -> None:
    """No parameter of a path or a query takes what somebody said: names, numbers, free text."""
    allowed = {"user_id", "name", "device_id", "form_id", "version", "sha", "visit_id", "issue_id",
               "entity", "value", "item", "request_id", "erasure_id", "look_id", "area",
               "code", "scope", "subject"}  # fmt: skip
    named = {n for _, path in ADMITTED for n in re.findall(r"<(?:\w+:)?(\w+)>", path)}
    assert named - allowed <= set(), "what does it hold?"


@pytest.mark.parametrize("path", sorted(p for m, p in ADMITTED if m == "GET" and "<" not in p))
def test_no_answer_of_the_api_is_stored_by_anybody(cast: Cast, path: str) -> None:
    answer = cast.admin.log_in().client.get(path, headers=PROTOCOL, buffered=True)
    policy = answer.headers.get("Cache-Control", "")
    public = path in ("/api/openapi.json", "/api/docs", "/api/docs/style.css")
    assert public or "no-store" in policy or "private" in policy, (path, policy)
