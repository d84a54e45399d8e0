"""A second factor at the desk: 赵强 sets it up, uses it, loses it."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from fieldapp import clock, create_app
from fieldapp.accounts.models import SecondFactor
from fieldapp.audit.models import AuditRow
from fieldapp.cli import main
from fieldapp.db import db
from tests.cast import Browser, Cast, Person
from tests.conftest import settings_for

from .test_access import ADMITTED


class Watch:
    """The clock of server and phone alike."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def wait(self, seconds: int = 30) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch(clock.now())
    monkeypatch.setattr(clock, "now", made)
    return made


class Authenticator:
    """The app on 赵强's own phone."""

    def __init__(self, secret: str, watch: Watch) -> None:
        self.totp, self.watch = pyotp.TOTP(secret), watch

    def code(self) -> str:
        return self.totp.at(self.watch.at)


def log_in(cast: Cast, person: Person, code: str = "") -> tuple[Browser, Any]:
    browser = cast.nobody()
    wish = {"username": person.username, "password": person.password}
    return browser, browser.post("/api/session", wish | ({"code": code} if code else {}))


def set_up(person: Person, browser: Browser, watch: Watch) -> tuple[Authenticator, list[str]]:
    made = browser.post("/api/own/factor", {"password": person.password})
    assert made.status_code == 200, made.json
    app = Authenticator(made.json["secret"], watch)
    told = browser.post("/api/own/factor/confirmation", {"code": app.code()})
    assert told.status_code == 200, told.json
    return app, told.json["recovery"]


@pytest.fixture
def zhao(cast: Cast, watch: Watch) -> tuple[Browser, Authenticator, list[str]]:
    """赵强 at the desk, with a factor that is on."""
    desk = cast.zhao.log_in()
    return desk, *set_up(cast.zhao, desk, watch)


Set = tuple[Browser, Authenticator, list[str]]


class TestSettingUp:
    def test_what_the_app_is_given_is_what_the_picture_says(self, cast: Cast, watch: Watch) -> None:
        desk = cast.zhao.log_in()
        made = desk.post("/api/own/factor", {"password": cast.zhao.password}).json
        assert made["uri"].startswith("otpauth://totp/fieldapp:zhao?secret=" + made["secret"])
        assert len(made["qr"]) == len(made["qr"][0]) > 20
        assert set("".join(made["qr"])) == {"0", "1"}
        _, plain = log_in(cast, cast.zhao)
        assert plain.status_code == 200, "nothing is asked before it is confirmed"

    def test_it_takes_the_password_and_a_right_code(self, cast: Cast, watch: Watch) -> None:
        desk = cast.zhao.log_in()
        wrong = desk.post("/api/own/factor", {"password": "not this one"})
        assert wrong.json["code"] == "bad_credentials"
        desk.post("/api/own/factor", {"password": cast.zhao.password})
        refused = desk.post("/api/own/factor/confirmation", {"code": "000000"})
        assert refused.json["code"] == "bad_code"
        assert desk.get("/api/own/factor").json == {"on": False, "required": False, "recovery": 0}

    def test_other_sessions_end_and_eight_recovery_codes_are_told_once(
        self, cast: Cast, watch: Watch
    ) -> None:
        other, desk = cast.zhao.log_in(), cast.zhao.log_in()
        _, recovery = set_up(cast.zhao, desk, watch)
        assert len(set(recovery)) == 8
        assert {len(code) for code in recovery} == {31}
        assert desk.get("/api/own/factor").json == {"on": True, "required": False, "recovery": 8}
        assert other.get("/api/session").status_code == 401
        again = desk.post("/api/own/factor", {"password": cast.zhao.password})
        assert again.status_code == 409

    @pytest.mark.parametrize("who", ["wang", "head", "town"])
    def test_it_is_for_desks(self, cast: Cast, who: str) -> None:
        browser = cast.people[who].log_in()
        assert browser.get("/api/own/factor").status_code == 403
        assert browser.get("/api/session").json["second_factor"] == "none"


class TestLoggingIn:
    def test_the_password_alone_opens_nothing(self, cast: Cast, zhao: Set) -> None:
        browser, answer = log_in(cast, cast.zhao)
        assert (answer.status_code, answer.json["code"]) == (403, "code_required")
        assert browser.get("/api/review/visits").status_code == 401

    def test_with_the_code_once(self, cast: Cast, zhao: Set, watch: Watch) -> None:
        _, app, _ = zhao
        watch.wait()
        code = app.code()
        browser, answer = log_in(cast, cast.zhao, f"{code[:3]} {code[3:]}")
        assert answer.status_code == 200, answer.json
        assert browser.get("/api/review/visits").status_code == 200
        _, again = log_in(cast, cast.zhao, code)
        assert again.json["code"] == "bad_code"

    def test_a_clock_may_be_half_a_minute_off_and_no_more(
        self, cast: Cast, zhao: Set, watch: Watch
    ) -> None:
        _, app, _ = zhao
        watch.wait(120)
        code = app.code()
        watch.wait(30)
        assert log_in(cast, cast.zhao, code)[1].status_code == 200
        code = app.code()
        watch.wait(90)
        assert log_in(cast, cast.zhao, code)[1].json["code"] == "bad_code"

    def test_a_recovery_code_once(self, cast: Cast, zhao: Set) -> None:
        desk, _, recovery = zhao
        assert log_in(cast, cast.zhao, recovery[3].upper())[1].status_code == 200
        assert log_in(cast, cast.zhao, recovery[3])[1].json["code"] == "bad_code"
        assert desk.get("/api/own/factor").json["recovery"] == 7

    @pytest.mark.parametrize("code", ["", " ", "٠٠٠٠٠٠", "\ud800", "0" * 64, "王"])
    def test_anything_else_is_told_off(self, cast: Cast, zhao: Set, code: str) -> None:
        _, answer = log_in(cast, cast.zhao, code)
        assert answer.json["code"] in ("code_required", "bad_code", "malformed_json")

    def test_guessing_is_slowed_and_kept(
        self, app: Flask, cast: Cast, zhao: Set, tmp_path: Path
    ) -> None:
        guarded = create_app(
            settings_for(tmp_path, app.config["SQLALCHEMY_DATABASE_URI"], rate_limits=True)
        )
        wish = {"username": "zhao", "password": cast.zhao.password, "code": "123456"}
        codes = [Browser(guarded).post("/api/session", wish).status_code for _ in range(7)]
        assert codes == [401] * 5 + [429] * 2
        with guarded.app_context():
            db.engine.dispose()
        assert [act for act in kept(app) if act in ("login_failed", "locked")] == [
            *["login_failed"] * 5,
            "locked",
        ]


class TestTheEndOfIt:
    def test_one_turns_it_off_with_password_and_code(
        self, cast: Cast, zhao: Set, watch: Watch
    ) -> None:
        desk, app, _ = zhao
        watch.wait()
        wish = {"password": cast.zhao.password, "code": "000000"}
        assert desk.post("/api/own/factor/removal", wish).json["code"] == "bad_code"
        assert desk.post("/api/own/factor/removal", wish | {"code": app.code()}).status_code == 204
        assert log_in(cast, cast.zhao)[1].status_code == 200

    def test_an_administrator_takes_a_lost_one_away(
        self, app: Flask, cast: Cast, zhao: Set
    ) -> None:
        desk, _, _ = zhao
        admin = cast.admin.log_in()
        (row,) = [one for one in admin.get("/api/users").json if one["username"] == "zhao"]
        assert row["second_factor"] is True
        assert admin.delete(f"/api/users/{cast.zhao.id}/factor").status_code == 204
        assert desk.get("/api/session").status_code == 401
        assert log_in(cast, cast.zhao)[1].status_code == 200
        assert [act for act in kept(app) if act in ("factor", "account")] == ["factor", "account"]

    def test_a_new_password_from_an_administrator_leaves_it(self, cast: Cast, zhao: Set) -> None:
        admin = cast.admin.log_in()
        new = {"password": "seven brown kettles"}
        assert admin.patch(f"/api/users/{cast.zhao.id}", new).status_code == 200
        answer = cast.nobody().post("/api/session", {"username": "zhao", **new})
        assert answer.json["code"] == "code_required"

    def test_so_does_the_command_line(self, app: Flask, cast: Cast, zhao: Set) -> None:
        result = FlaskCliRunner(app).invoke(main, ["users", "factor-off", "zhao"])
        assert result.exit_code == 0, result.output
        assert log_in(cast, cast.zhao)[1].status_code == 200


class TestTheSecret:
    def test_it_lies_in_no_table_as_it_is(self, app: Flask, cast: Cast, zhao: Set) -> None:
        _, authenticator, recovery = zhao
        with app.app_context():
            (row,) = db.session.execute(sa.select(SecondFactor.__table__)).all()
            text = str(tuple(row)) + bytes(row.wrapped).hex()
            db.session.remove()
        secret = str(authenticator.totp.secret)
        assert secret not in text
        assert secret.encode().hex() not in text
        assert not [code for code in recovery if code in text]

    def test_it_outlives_another_secret_of_the_server(
        self,
        app: Flask,
        cast: Cast,
        zhao: Set,
        watch: Watch,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        _, authenticator, _ = zhao
        new = "another secret, as long as it has to be"
        (tmp_path / "new").write_text(new)
        told = FlaskCliRunner(app).invoke(
            main, ["keys", "rotate", "--new-secret-file", str(tmp_path / "new")]
        )
        assert told.exit_code == 0, told.output
        settings = replace(app.config["SETTINGS"], secret=new)
        monkeypatch.setitem(app.config, "SETTINGS", settings)
        watch.wait()
        assert log_in(cast, cast.zhao, authenticator.code())[1].status_code == 200


class TestWhereItIsRequired:
    @pytest.fixture
    def strict(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        """FIELDAPP_SECOND_FACTOR=1."""
        settings = replace(app.config["SETTINGS"], second_factor=True)
        monkeypatch.setitem(app.config, "SETTINGS", settings)

    def test_a_desk_opens_nothing_before_it_is_set_up(
        self, cast: Cast, watch: Watch, strict: None
    ) -> None:
        desk = cast.admin.log_in()
        assert desk.get("/api/session").json["second_factor"] == "required"
        free = ("/api/session", "/api/own/password", "/api/own/factor")
        for (method, path), who in ADMITTED.items():
            if "nobody" in who or path.startswith(free):
                continue
            answer = desk.client.open(
                path.replace("<", "").replace(">", ""),
                method=method,
                json={},
                headers={"X-FS-Proto": "1"},
            )
            assert answer.json["code"] == "second_factor_required", path
        set_up(cast.admin, desk, watch)
        assert desk.get("/api/users").status_code == 200

    def test_who_has_no_desk_is_not_asked(self, cast: Cast, strict: None) -> None:
        assert cast.wang.enrol().device


def kept(app: Flask) -> list[str]:
    """Acts of the server's own chain, in order."""
    with app.app_context():
        query = sa.select(AuditRow.act).where(AuditRow.chain == "").order_by(AuditRow.seq)
        found = list(db.session.scalars(query))
        db.session.remove()
    return found
