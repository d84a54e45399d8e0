"""Logging in, staying in and being sent out."""

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp import clock, create_app
from fieldapp.accounts import sessions
from fieldapp.accounts.models import Guess
from tests.cast import LIULIN, PROTOCOL, SHIQIAO, Browser, Cast
from tests.conftest import settings_for


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch):
    """Moves the server's clock forward."""
    real = clock.now

    def move(by: timedelta) -> None:
        def moved() -> datetime:
            return real() + by

        monkeypatch.setattr(clock, "now", moved)

    return move


def test_li_logs_in_and_learns_her_villages(cast: Cast) -> None:
    desk = cast.li.log_in()
    me = desk.get("/api/session").json
    assert (me["name"], me["role"]) == ("李娜", "worker")
    assert me["areas"] == {"health": [LIULIN, SHIQIAO], "housing": [LIULIN, SHIQIAO]}
    assert me["reviews"] == []


def test_an_area_lead_sees_every_village_of_the_town(cast: Cast) -> None:
    me = cast.zhao.log_in().get("/api/session").json
    assert me["areas"] == {"health": [], "housing": [LIULIN, SHIQIAO]}
    assert (me["scopes"], me["reviews"]) == (["housing"], ["housing"])


@pytest.mark.parametrize(
    ("username", "password"),
    [("wang", "wrong password"), ("nobody", "gnaw-2026!"), ("wang", "")],
)
def test_wrong_credentials_are_refused_alike(cast: Cast, username: str, password: str) -> None:
    answer = cast.nobody().post("/api/session", {"username": username, "password": password or " "})
    assert (answer.status_code, answer.json["code"]) == (401, "bad_credentials")


def test_the_name_may_be_typed_in_capitals(cast: Cast) -> None:
    answer = cast.nobody().post(
        "/api/session", {"username": " Wang ", "password": cast.wang.password}
    )
    assert answer.status_code == 200


def test_after_logging_out_the_copied_cookie_is_worthless(cast: Cast) -> None:
    desk = cast.wang.log_in()
    copied = desk.client.get_cookie("fieldapp")
    assert desk.delete("/api/session").status_code == 204
    thief = cast.nobody()
    thief.client.set_cookie("fieldapp", copied.value)
    assert thief.get("/api/session").status_code == 401


def test_logging_in_again_ends_the_former_session(cast: Cast) -> None:
    desk = cast.wang.log_in()
    former = desk.client.get_cookie("fieldapp").value
    desk.post("/api/session", {"username": "wang", "password": cast.wang.password})
    thief = cast.nobody()
    thief.client.set_cookie("fieldapp", former)
    assert thief.get("/api/session").status_code == 401
    assert desk.get("/api/session").status_code == 200


def test_a_desk_session_ends_after_twelve_idle_hours(cast: Cast, later) -> None:
    desk = cast.zhao.log_in()
    later(timedelta(hours=11))
    assert desk.get("/api/session").status_code == 200
    later(timedelta(hours=22))
    assert desk.get("/api/session").status_code == 200, "the visit at 11 h counts"
    later(timedelta(hours=35))
    assert desk.get("/api/session").status_code == 401


def test_a_phone_session_outlasts_a_week_without_network_but_not_a_month(cast: Cast, later) -> None:
    phone = cast.wang.enrol()
    later(timedelta(days=8))
    assert phone.browser.get("/api/session").status_code == 200
    later(timedelta(days=31))
    assert phone.browser.get("/api/session").status_code == 401


def test_expired_sessions_are_forgotten_at_the_next_log_in(cast: Cast, app: Flask, later) -> None:
    cast.wang.log_in()
    later(timedelta(days=31))
    cast.li.log_in()
    with app.app_context():
        rows = sessions.db.session.query(sessions.LoginSession).all()
        assert [row.user_id for row in rows] == [cast.li.id]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(cast: Cast) -> None:
    answer = cast.nobody().post(
        "/api/session", {"username": "wang", "password": cast.wang.password}
    )
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_in_production_the_cookie_is_secure_and_bound_to_the_host(app: Flask, tmp_path) -> None:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    strict = create_app(settings_for(tmp_path, url, production=True))
    answer = Browser(strict).post("/api/session", {"username": "wang", "password": "gnaw-2026!"})
    assert answer.headers["Set-Cookie"].startswith("__Host-fieldapp=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    with strict.app_context():
        sessions.db.engine.dispose()


def test_guessing_is_slowed_down_per_account_but_right_answers_do_not_count(
    app: Flask, cast: Cast, tmp_path
) -> None:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    guarded = create_app(settings_for(tmp_path, url, rate_limits=True))
    right = {"username": "li", "password": cast.li.password}
    wrong = {"username": "li", "password": "12345678"}
    for _ in range(7):
        assert Browser(guarded).post("/api/session", right).status_code == 200
    codes = [Browser(guarded).post("/api/session", wrong).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    refused = Browser(guarded).post("/api/session", right)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    other = {"username": "chen", "password": cast.chen.password}
    assert Browser(guarded).post("/api/session", other).status_code == 200
    assert Browser(guarded).post("/api/session", ["li"]).status_code == 422
    unreadable = {**PROTOCOL, "Content-Type": "application/json"}
    broken = guarded.test_client().post("/api/session", data=b"{", headers=unreadable)
    assert broken.status_code == 400
    with guarded.app_context():
        sessions.db.engine.dispose()


def test_guesses_count_for_all_processes_together_and_tell_nothing(
    app: Flask, cast: Cast, tmp_path
) -> None:
    """Three wrong ones at one process, two at another, then at both: as if at one."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    wrong = {"username": "oops my password", "password": "12345678"}

    def codes(times: int) -> list[int]:
        process = create_app(settings_for(tmp_path, url, rate_limits=True))
        found = [Browser(process).post("/api/session", wrong).status_code for _ in range(times)]
        with process.app_context():
            sessions.db.engine.dispose()
        return found

    assert codes(3) + codes(3) + codes(1) == [401] * 5 + [429] * 2
    with app.app_context():
        rows = sessions.db.session.scalars(sa.select(Guess)).all()
        assert sorted(row.n for row in rows) == [2, 5, 5], "told of, by account, by address"
        assert not [row for row in rows if not re.fullmatch(r"[0-9a-f]{64}", row.key)]
        sessions.db.session.remove()


@pytest.mark.parametrize(("proxies", "refused"), [(1, 401), (0, 429)])
def test_behind_a_believed_proxy_every_visitor_has_their_own_limit(
    app: Flask, cast: Cast, tmp_path, monkeypatch: pytest.MonkeyPatch, proxies: int, refused: int
) -> None:
    """49 wrong guesses from 10.0.0.1; then somebody at 10.0.0.2 mistypes twice."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    guarded = create_app(settings_for(tmp_path, url, rate_limits=True, proxies=proxies))

    def mistype(username: str, address: str) -> int:
        answer = guarded.test_client().post(
            "/api/session",
            json={"username": username, "password": "12345678"},
            headers={**PROTOCOL, "X-Forwarded-For": address},
        )
        return answer.status_code

    for number in range(49):
        assert mistype(f"guess{number}", "10.0.0.1") == 401
    assert [mistype("wang", "10.0.0.2"), mistype("wang", "10.0.0.2")] == [401, refused]
    with guarded.app_context():
        sessions.db.engine.dispose()


def test_a_page_of_another_site_can_change_nothing(cast: Cast) -> None:
    desk = cast.wang.log_in()
    bare = desk.client.delete("/api/session")
    assert (bare.status_code, bare.json["code"]) == (403, "forged_origin")
    crossed = desk.client.delete(
        "/api/session", headers={**PROTOCOL, "Sec-Fetch-Site": "cross-site"}
    )
    assert crossed.status_code == 403
    assert desk.get("/api/session").status_code == 200
    own = desk.client.delete("/api/session", headers={**PROTOCOL, "Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 204


def test_unreadable_json_is_named_so(cast: Cast) -> None:
    answer = cast.nobody().client.post(
        "/api/session", data=b"{", headers={**PROTOCOL, "Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_json")
