"""Where one is logged in, seen and ended; a new token when rights change; a new password."""

from datetime import timedelta

import pytest
from flask import Flask

from fieldapp.accounts import sessions
from fieldapp.audit import service as access_log
from fieldapp.db import db
from tests.cast import LIULIN, NANPO, Browser, Cast

from .test_sessions import later as later


def listed(browser: Browser) -> list[dict]:
    """The caller's own sessions."""
    answer = browser.get("/api/own/sessions")
    assert answer.status_code == 200, answer.json
    return answer.json


class TestSeeingAndEnding:
    """One's own, and for administrators everybody's."""

    def test_a_desk_and_a_phone_are_told_apart(self, cast: Cast) -> None:
        desk = cast.wang.log_in()
        cast.wang.enrol()
        rows = listed(desk)
        assert sorted((row["device"] or "", row["current"]) for row in rows) == [
            ("", True),
            ("红米 9A", False),
        ]
        assert "token" not in str(rows)

    def test_one_that_is_ended_is_out_at_once(self, cast: Cast) -> None:
        desk, other = cast.wang.log_in(), cast.wang.log_in()
        (row,) = [row for row in listed(desk) if not row["current"]]
        assert desk.delete(f"/api/own/sessions/{row['id']}").status_code == 204
        assert other.get("/api/session").status_code == 401
        assert desk.get("/api/session").status_code == 200
        assert desk.delete(f"/api/own/sessions/{row['id']}").status_code == 404

    def test_all_others_at_once(self, cast: Cast) -> None:
        desk, *others = (cast.wang.log_in() for _ in range(3))
        assert desk.delete("/api/own/sessions").status_code == 204
        assert [other.get("/api/session").status_code for other in others] == [401, 401]
        assert len(listed(desk)) == 1

    def test_nobody_ends_another_s(self, cast: Cast) -> None:
        li = cast.li.log_in()
        name = listed(li)[0]["id"]
        assert cast.wang.log_in().delete(f"/api/own/sessions/{name}").status_code == 404
        assert li.get("/api/session").status_code == 200

    def test_an_administrator_sees_and_ends_them(self, cast: Cast) -> None:
        wang, admin = cast.wang.log_in(), cast.admin.log_in()
        path = f"/api/users/{cast.wang.id}/sessions"
        (row,) = admin.get(path).json
        assert not row["current"]
        assert admin.delete(f"{path}/{row['id']}").status_code == 204
        assert wang.get("/api/session").status_code == 401
        again = cast.wang.log_in()
        assert admin.delete(path).status_code == 204
        assert again.get("/api/session").status_code == 401
        assert admin.get("/api/users/nobody/sessions").status_code == 404


class TestRotation:
    """A token is worth no more than the rights it was made with."""

    def change(self, cast: Cast) -> None:
        """王芳 gets another village."""
        grants = [{"area": NANPO, "scope": "housing"}]
        answer = cast.admin.log_in().patch(f"/api/users/{cast.wang.id}", {"grants": grants})
        assert answer.status_code == 200

    def test_new_rights_new_token_and_the_old_one_ends(self, cast: Cast, later) -> None:
        desk = cast.wang.log_in()
        old = desk.client.get_cookie("fieldapp").value
        assert desk.get("/api/session").json["areas"]["housing"] == [LIULIN]
        assert desk.client.get_cookie("fieldapp").value == old
        self.change(cast)
        assert desk.get("/api/session").json["areas"]["housing"] == [NANPO]
        assert desk.client.get_cookie("fieldapp").value != old
        thief = cast.nobody()
        thief.client.set_cookie("fieldapp", old)
        later(sessions.GRACE + timedelta(seconds=1))
        assert thief.get("/api/session").status_code == 401
        assert desk.get("/api/session").status_code == 200

    def test_what_the_browser_asked_at_the_same_time_still_counts(self, cast: Cast) -> None:
        desk = cast.wang.log_in()
        old = desk.client.get_cookie("fieldapp").value
        self.change(cast)
        desk.get("/api/session")
        beside = cast.nobody()
        beside.client.set_cookie("fieldapp", old)
        assert beside.get("/api/session").status_code == 200
        assert beside.client.get_cookie("fieldapp").value == old, "it isn't prolonged"


class TestPassword:
    """A new password ends every other session."""

    def test_others_are_out_and_the_token_is_new(self, cast: Cast) -> None:
        desk, other = cast.wang.log_in(), cast.wang.log_in()
        old = desk.client.get_cookie("fieldapp").value
        wish = {"old": cast.wang.password, "new": "四季平安-2026-ok"}
        assert desk.post("/api/own/password", wish).status_code == 204
        assert desk.client.get_cookie("fieldapp").value != old
        assert desk.get("/api/session").status_code == 200
        assert other.get("/api/session").status_code == 401
        log_in = {"username": "wang", "password": wish["new"]}
        assert cast.nobody().post("/api/session", log_in).status_code == 200

    @pytest.mark.parametrize(
        ("old", "new", "status"),
        [("wrong", "long enough 1", 401), ("", "short", 422), ("", "wang is in it", 422)],
    )
    def test_a_wrong_or_a_weak_one_changes_nothing(
        self, cast: Cast, old: str, new: str, status: int
    ) -> None:
        desk = cast.wang.log_in()
        wish = {"old": old or cast.wang.password, "new": new}
        assert desk.post("/api/own/password", wish).status_code == status
        assert cast.wang.log_in()


def test_log_ins_and_changed_accounts_are_in_the_access_log(cast: Cast, app: Flask) -> None:
    cast.admin.log_in().patch(f"/api/users/{cast.wang.id}", {"name": "王芳芳"})
    with app.app_context():
        rows = list(access_log.rows_of(db.session.connection()))
        assert list(access_log.find_faults(db.session.connection())) == []
        db.session.remove()
    assert [(row["act"], row["actor"]) for row in rows] == [
        ("login", cast.admin.id),
        ("account", cast.admin.id),
    ]
    assert "王芳芳" not in str(rows)
