"""Enrolling, signing and revoking phones."""

import base64
import json
from datetime import timedelta

import pytest
from flask import Flask, request

from fieldapp import clock
from fieldapp.devices import keys, service
from fieldapp.problems import ProblemError
from tests.cast import LIULIN, Browser, Cast, Phone


def test_wang_enrols_her_phone_and_gets_what_it_needs_to_begin(cast: Cast) -> None:
    phone = Phone(cast.wang, cast.wang.log_in())
    answer = phone.enrol()
    assert answer.content_type == "application/vnd.fs-sync+json"
    start = json.loads(answer.data)
    assert start["nonce"] == "n-0"
    assert start["user"] == {"id": cast.wang.id, "name": "王芳", "role": "worker"}
    assert start["feeds"] == [f"{LIULIN}.care", f"{LIULIN}.housing", f"u.{cast.wang.id}"]
    assert start["areas"][-1] == {
        "code": LIULIN,
        "name": "柳林村",
        "level": "village",
        "parent": "379901001000",
        "clinic": "",
        "clinic_phone": "",
    }


def test_enrolling_twice_after_a_lost_answer_makes_one_device(cast: Cast) -> None:
    phone = Phone(cast.wang, cast.wang.log_in())
    phone.enrol()
    first = phone.device
    phone.enrol("红米 9A 新名")
    assert phone.device == first
    listed = phone.browser.get("/api/devices").json
    assert [(d["id"], d["name"]) for d in listed] == [(first, "红米 9A 新名")]


def test_a_browser_storage_that_was_reset_is_another_device(cast: Cast) -> None:
    browser = cast.wang.log_in()
    one, two = Phone(cast.wang, browser), Phone(cast.wang, browser)
    one.enrol()
    two.enrol()
    assert one.device != two.device


@pytest.mark.parametrize(
    "spoil",
    [
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"x": base64.urlsafe_b64encode(bytes(32)).decode()},
        {"y": "!"},
        {"x": None},
    ],
)
def test_a_phone_with_an_unusable_key_is_not_admitted(cast: Cast, spoil: dict[str, str]) -> None:
    phone = Phone(cast.wang, cast.wang.log_in())
    wish = {"nonce": "n", "install": phone.install, "name": "x", "key": phone.jwk() | spoil}
    answer = phone.browser.post("/api/sync/enrol", wish)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_fields")
    assert phone.browser.get("/api/devices").json == []


def test_the_private_half_of_a_key_is_neither_accepted_nor_kept(cast: Cast, app: Flask) -> None:
    with pytest.raises(keys.BadKeyError):
        keys.public_key({**Phone(cast.wang, cast.nobody()).jwk(), "d": "secret"})
    phone = cast.wang.enrol()
    with app.app_context():
        stored = json.loads(service.get(phone.device).key)
    assert stored == phone.jwk()


class TestSignature:
    """The request's method, path and body are what is signed."""

    PATH = "/api/sync/push"
    BODY = b"\x1f\x8b some gzip"

    def signed(self, app: Flask, phone: Phone, **changed: object) -> str:
        """Verify a request; the id of the device found, or the problem's code."""
        headers = {"X-FS-Device": phone.device, "X-FS-Signature": phone.sign(self.PATH, self.BODY)}
        headers |= changed.pop("headers", {})
        sent = {"path": self.PATH, "method": "POST", "data": self.BODY} | changed
        with app.test_request_context(headers=headers, **sent):
            try:
                return service.verify_signature(request).id
            except ProblemError as problem:
                return problem.code

    def test_a_phone_is_known_by_its_signature(self, app: Flask, cast: Cast) -> None:
        phone = cast.wang.enrol()
        assert self.signed(app, phone) == phone.device

    @pytest.mark.parametrize(
        "changed",
        [
            {"data": b"another body"},
            {"path": "/api/sync/pull"},
            {"method": "PUT"},
            {"headers": {"X-FS-Signature": "AAAA"}},
            {"headers": {"X-FS-Signature": "not base64"}},
            {"headers": {"X-FS-Signature": base64.b64encode(bytes(64)).decode()}},
            {"headers": {"X-FS-Signature": ""}},
            {"headers": {"X-FS-Device": "unknown"}},
            {"headers": {"X-FS-Device": ""}},
        ],
    )
    def test_anything_altered_is_refused(
        self, app: Flask, cast: Cast, changed: dict[str, object]
    ) -> None:
        assert self.signed(app, cast.wang.enrol(), **changed) == "bad_signature"

    def test_another_phone_s_key_does_not_open_wang_s_device(self, app: Flask, cast: Cast) -> None:
        wang, li = cast.wang.enrol(), cast.li.enrol()
        li.device = wang.device
        assert self.signed(app, li) == "bad_signature"

    def test_a_revoked_phone_is_still_recognised_so_that_its_work_can_be_kept(
        self, app: Flask, cast: Cast
    ) -> None:
        phone = cast.wang.enrol()
        phone.browser.post(f"/api/devices/{phone.device}/revoke")
        assert self.signed(app, phone) == phone.device
        with app.app_context():
            assert service.get(phone.device).revoked

    def test_when_it_was_last_seen_is_noted_now_and_then(
        self, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        phone = cast.wang.enrol()
        start = clock.now()
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=5))
        self.signed(app, phone)
        with app.app_context():
            before = service.get(phone.device).last_seen
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=1))
        self.signed(app, phone)
        with app.app_context():
            assert service.get(phone.device).last_seen > before


def test_a_lost_phone_is_revoked_by_its_owner_and_loses_its_session(cast: Cast) -> None:
    phone = cast.wang.enrol()
    desk = cast.wang.log_in()
    answer = desk.post(f"/api/devices/{phone.device}/revoke")
    assert answer.json["revoked"]
    assert phone.browser.get("/api/session").status_code == 401
    again = desk.post(f"/api/devices/{phone.device}/revoke")
    assert again.json["revoked"] == answer.json["revoked"], "the first moment stands"


def test_others_phones_are_nobody_s_business_but_the_administrator_s(cast: Cast) -> None:
    phone = cast.wang.enrol()
    cast.li.enrol()
    assert cast.zhao.log_in().get("/api/devices").json == []
    hidden = cast.zhao.log_in().post(f"/api/devices/{phone.device}/revoke")
    assert hidden.json["code"] == "not_found"
    desk = cast.admin.log_in()
    assert {d["user_id"] for d in desk.get("/api/devices").json} == {cast.wang.id, cast.li.id}
    assert desk.post(f"/api/devices/{phone.device}/revoke").status_code == 200


def test_a_revoked_key_can_not_be_enrolled_into_the_same_device(cast: Cast) -> None:
    phone = cast.wang.enrol()
    revoked = phone.device
    cast.admin.log_in().post(f"/api/devices/{revoked}/revoke")
    phone.browser = cast.wang.log_in()
    phone.enrol()
    assert phone.device != revoked


def test_nobody_enrols_without_logging_in(app: Flask, cast: Cast) -> None:
    assert Phone(cast.wang, Browser(app)).enrol().status_code == 401
