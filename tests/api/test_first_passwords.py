"""A password that an administrator gave opens nothing but the way to one's own; tries are kept."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from fieldapp import clock, create_app
from fieldapp.audit.models import AuditRow
from fieldapp.cli import main
from fieldapp.db import db
from tests.cast import LIULIN, Browser, Cast, Phone
from tests.conftest import settings_for

from .test_access import ADMITTED

GIVEN, OWN = "seven brown kettles", "梧桐 铁锅 周三 蓝布"
NEW = {
    "username": "hao",
    "name": "郝静",
    "role": "worker",
    "password": GIVEN,
    "grants": [{"area": LIULIN, "scope": "health"}],
}


@pytest.fixture
def hao(cast: Cast) -> Browser:
    """郝静, whose account was opened just now, at her first log-in."""
    made = cast.admin.log_in().post("/api/users", NEW)
    assert made.status_code == 201, made.json
    return first_log_in(cast)


def first_log_in(cast: Cast, password: str = GIVEN) -> Browser:
    browser = cast.nobody()
    answer = browser.post("/api/session", {"username": "hao", "password": password})
    assert answer.status_code == 200, answer.json
    return browser


def choose(browser: Browser, new: str, old: str = GIVEN) -> Any:
    return browser.post("/api/own/password", {"old": old, "new": new})


def kept(app: Flask) -> list[tuple[str, str, str]]:
    """(act, actor, what) of the server's own chain."""
    with app.app_context():
        r = AuditRow
        rows = db.session.execute(
            sa.select(r.act, r.actor, r.what).where(r.chain == "").order_by(r.seq)
        )
        found = [(row.act, row.actor, row.what) for row in rows]
        db.session.remove()
    return found


class TestTheFirstPassword:
    def test_it_opens_nothing_but_the_way_to_ones_own(self, hao: Browser) -> None:
        assert hao.get("/api/session").json["must_change_password"] is True
        for (method, path), who in ADMITTED.items():
            if "nobody" in who or path in ("/api/session", "/api/own/password"):
                continue
            answer = hao.client.open(
                path.replace("<", "").replace(">", ""),
                method=method,
                json={},
                headers={"X-FS-Proto": "1"},
            )
            assert (answer.status_code, answer.json["code"]) == (403, "first_password"), path

    def test_no_phone_is_enrolled_with_it(self, cast: Cast, hao: Browser) -> None:
        answer = Phone(cast.wang, hao).enrol()
        assert answer.status_code == 403

    def test_her_own_opens_everything(self, cast: Cast, hao: Browser) -> None:
        assert choose(hao, OWN).status_code == 204
        assert hao.get("/api/session").json["must_change_password"] is False
        assert hao.get("/api/catalogue").status_code == 200
        assert first_log_in(cast, OWN).get("/api/areas").status_code == 200

    @pytest.mark.parametrize(
        ("new", "said"),
        [
            (GIVEN, "不同"),
            ("password1", "太常见"),
            ("liulin2026", "地名"),
            ("haojing2026", "用户名"),
            ("short", "8 个字符"),
        ],
    )
    def test_she_is_told_what_to_do(self, hao: Browser, new: str, said: str) -> None:
        answer = choose(hao, new)
        assert answer.status_code == 422
        assert said in answer.json["fields"][0]["message"]
        assert hao.get("/api/areas").status_code == 403

    def test_after_a_week_it_opens_nothing(
        self, cast: Cast, hao: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = clock.now() + timedelta(days=8)
        monkeypatch.setattr(clock, "now", lambda: later)
        answer = cast.nobody().post("/api/session", {"username": "hao", "password": GIVEN})
        assert answer.json["code"] == "bad_credentials"

    def test_so_does_one_that_replaces_a_forgotten_one(self, cast: Cast) -> None:
        admin = cast.admin.log_in()
        admin.patch(f"/api/users/{cast.li.id}", {"password": GIVEN})
        browser = cast.nobody()
        browser.post("/api/session", {"username": "li", "password": GIVEN})
        assert browser.get("/api/catalogue").json["code"] == "first_password"
        admin.patch(f"/api/users/{cast.admin.id}", {"password": OWN})
        again = cast.nobody()
        again.post("/api/session", {"username": "admin", "password": OWN})
        assert again.get("/api/users").status_code == 200, "one's own is one's own"


class TestTheCommandLine:
    def run(self, app: Flask, *args: str) -> None:
        result = FlaskCliRunner(app).invoke(main, ["users", *args])
        assert result.exit_code == 0, result.output

    def test_it_gives_first_passwords_too_unless_told_otherwise(
        self, app: Flask, cast: Cast
    ) -> None:
        self.run(app, "password", "li", "--password", GIVEN)
        self.run(app, "password", "wang", "--own", "--password", GIVEN)
        told = {}
        for name in ("li", "wang"):
            answer = cast.nobody().post("/api/session", {"username": name, "password": GIVEN})
            told[name] = answer.json["must_change_password"]
        assert told == {"li": True, "wang": False}

    def test_what_it_changes_is_kept(self, app: Flask, cast: Cast) -> None:
        self.run(app, "grant", "li", f"{LIULIN}:health")
        self.run(app, "close", "li")
        changes = [what for act, actor, what in kept(app) if act == "account" and actor == ""]
        assert ["grants" in what or "active" in what for what in changes] == [True, True]
        assert all(cast.li.id in what for what in changes)


class TestWhatIsKept:
    def test_a_failure_with_whose_account_and_nothing_that_was_typed(
        self, app: Flask, cast: Cast
    ) -> None:
        for name in ("Wang", "no such name", "oops my password"):
            cast.nobody().post("/api/session", {"username": name, "password": "s3cret guess"})
        failures = [row for row in kept(app) if row[0] == "login_failed"]
        assert [cast.wang.id in what for _, _, what in failures] == [True, False, False]
        assert not [w for row in kept(app) for w in ("guess", "oops", "no such") if w in str(row)]

    def test_a_lock_out_once(self, app: Flask, cast: Cast, tmp_path: Path) -> None:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        guarded = create_app(settings_for(tmp_path, url, rate_limits=True))
        wrong = {"username": "wang", "password": "wrong"}
        codes = [Browser(guarded).post("/api/session", wrong).status_code for _ in range(9)]
        assert codes == [401] * 5 + [429] * 4
        with guarded.app_context():
            db.engine.dispose()
        locked = [row for row in kept(app) if row[0] == "locked"]
        assert len(locked) == 1
        assert cast.wang.id in locked[0][2]

    def test_ones_own_change_and_a_change_of_rights(self, app: Flask, cast: Cast) -> None:
        assert choose(cast.li.log_in(), OWN, cast.li.password).status_code == 204
        grants = [{"area": LIULIN, "scope": "health"}]
        cast.admin.log_in().patch(f"/api/users/{cast.li.id}", {"grants": grants})
        rows = [row for row in kept(app) if row[0] in ("password", "account")]
        assert [(act, actor) for act, actor, _ in rows] == [
            ("password", cast.li.id),
            ("account", cast.admin.id),
        ]
        assert "grants" in rows[1][2]


def test_a_refusal_is_logged_with_who_and_where(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    cast.wang.log_in().get("/api/users", name="secret")
    (line,) = [row.getMessage() for row in caplog.records if "refused" in row.getMessage()]
    assert line == f"refused GET users.Users: worker {cast.wang.id}"
