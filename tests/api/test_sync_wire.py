"""FS-SYNC/1 over HTTP: who is let in, what is taken for a message, and that nothing ends in 500."""

import gzip
import json
import uuid
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync.http import WIRE_TYPE
from tests.cast import LIULIN, Cast, Phone
from tests.sync.stories import Village, start

Send = Callable[..., Any]
ENDPOINTS = ("push", "verify", "pull", "manifest", "fetch", "blob", "blobs")
HOUSING = f"{LIULIN}.housing"


def rental(app: Flask, cast: Cast, phone: Phone, **more: Any) -> dict[str, Any]:
    """A visit of 王芳's, made on this phone."""
    with app.app_context():
        village = Village(app, cast)
        made = village.make(village.dwelling(cast.wang, **more), install=phone.install)
        db.session.remove()
    return made | {"n": phone.n + 1}


def message(phone: Phone, *submissions: dict[str, Any]) -> dict[str, Any]:
    items = [phone.item(submission) for submission in submissions]
    return {"install": phone.install, "device": phone.device, "now": "", "subs": items}


def pull_all(phone: Phone) -> dict[str, Any]:
    """Everything a new phone gets."""
    first = phone.call("pull", {"grants_ver": "", "feeds": {}, "budget": None})
    told = json.loads(first.data)
    asked = {"grants_ver": told["grants_ver"], "feeds": start(told["gained"])}
    answer = phone.call("pull", asked)
    assert answer.status_code == 200, answer.data
    return dict(json.loads(answer.data))


def signed(phone: Phone, endpoint: str, raw: bytes, **headers: str) -> Any:
    """These bytes, signed by the phone, whatever they are."""
    path = f"/api/sync/{endpoint}"
    known = {
        "X-FS-Proto": "1",
        "Content-Type": WIRE_TYPE,
        "X-FS-Device": phone.device,
        "X-FS-Signature": phone.sign(path, raw),
    }
    return phone.browser.client.post(path, data=raw, headers=known | headers)


def problem(answer: Any) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.data
    return answer.status_code, json.loads(answer.data)["code"]


def test_work_of_a_day_goes_up_and_comes_down(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    (result,) = phone.push([rental(app, cast, phone)])
    assert (result["st"], result["why"]) == ("stored", None)
    answer = pull_all(phone)
    page = answer["feeds"][HOUSING]
    assert sorted(c["t"] for c in page["ch"]) == ["dwelling", "household", "visit"]
    assert answer["sids"][0][1:] == ["王芳", "2026-11-02T01:12:44.000Z", "rental_register"]
    assert page["count"] == 3
    other = cast.li.enrol()
    assert pull_all(other)["feeds"][HOUSING]["sum"] == page["sum"]
    assert pull_all(cast.sun.enrol())["feeds"].keys().isdisjoint({HOUSING})


def test_every_answer_is_unmistakable(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    messages = {
        "push": message(phone),
        "verify": {"install": phone.install, "acked": [], "n_max": 0},
        "pull": {"grants_ver": "", "feeds": {}},
        "manifest": {"feed": HOUSING},
        "fetch": {"feed": HOUSING, "ids": []},
    }
    for endpoint, body in messages.items():
        answer = phone.call(endpoint, {**body, "nonce": f"nonce of {endpoint}"})
        assert answer.status_code == 200, answer.data
        assert answer.content_type == WIRE_TYPE
        assert json.loads(answer.data)["nonce"] == f"nonce of {endpoint}"
        assert json.loads(answer.data)["server_now"] >= "2026"


def test_answers_are_gzipped_for_those_who_read_it(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.push([rental(app, cast, phone)])
    told = json.loads(phone.call("pull", {"grants_ver": "", "feeds": {}}).data)
    asked = {"nonce": "n", "grants_ver": told["grants_ver"], "feeds": start(told["gained"])}
    raw = json.dumps(asked).encode()
    packed = signed(phone, "pull", raw, **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    plain = signed(phone, "pull", raw)
    assert "Content-Encoding" not in plain.headers
    feeds = json.loads(gzip.decompress(packed.data))["feeds"]
    assert feeds == json.loads(plain.data)["feeds"]


def test_work_goes_up_though_the_session_ended(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    made = rental(app, cast, phone)
    phone.browser.delete("/api/session")
    assert phone.push([made], session=False)[0]["st"] == "stored"
    asked = {"install": phone.install, "acked": [made["id"]], "n_max": 1}
    answer = phone.call("verify", asked, session=False)
    assert json.loads(answer.data)["states"][made["id"]]["st"] == "stored"
    assert problem(phone.call("pull", {"grants_ver": "", "feeds": {}})) == (401, "login_required")


def test_a_revoked_phone_still_delivers_but_gets_nothing(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    made = rental(app, cast, phone)
    assert phone.browser.post(f"/api/devices/{phone.device}/revoke").status_code == 200
    assert phone.push([made], session=False)[0] == {
        "id": made["id"], "st": "quarantined", "why": "revoked",
    }  # fmt: skip
    phone.browser = cast.wang.log_in()
    for endpoint, body in (
        ("pull", {"grants_ver": "", "feeds": {}}),
        ("manifest", {"feed": HOUSING}),
        ("fetch", {"feed": HOUSING, "ids": []}),
    ):
        assert problem(phone.call(endpoint, body)) == (403, "device_revoked")


def test_a_closed_account_still_delivers(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    made = rental(app, cast, phone)
    admin = cast.admin.log_in()
    assert admin.patch(f"/api/users/{cast.wang.id}", {"active": False}).status_code == 200
    assert phone.push([made], session=False)[0]["why"] == "authz"


def test_the_phone_must_be_the_persons_own(app: Flask, cast: Cast) -> None:
    mine, hers = cast.wang.enrol(), cast.li.enrol()
    mine.browser = hers.browser  # 李娜 is logged in, 王芳's key signs
    answer = mine.call("pull", {"grants_ver": "", "feeds": {}})
    assert problem(answer) == (401, "bad_signature")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_nobody_without_the_key_is_let_in(cast: Cast, endpoint: str) -> None:
    phone, stranger = cast.wang.enrol(), cast.wang.enrol()
    stranger.device, stranger.browser = phone.device, phone.browser
    assert problem(stranger.call(endpoint, {})) == (401, "bad_signature")
    raw = json.dumps({"nonce": "n"}).encode()
    altered = phone.sign(f"/api/sync/{endpoint}", raw + b" ")
    answer = signed(phone, endpoint, raw, **{"X-FS-Signature": altered})
    assert problem(answer) == (401, "bad_signature")


def test_a_phone_that_lost_its_cookie_goes_on_in_its_session(cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.browser.client.delete_cookie("fieldapp")
    assert phone.browser.get("/api/session").status_code == 401
    assert phone.call("pull", {"grants_ver": "", "feeds": {}}).status_code == 200
    assert phone.browser.get("/api/session").json["name"] == "王芳"


def test_a_new_log_in_on_an_enrolled_phone_lasts_like_the_first(cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.browser = cast.wang.log_in()
    assert phone.call("pull", {"grants_ver": "", "feeds": {}}).status_code == 200
    phone.browser.client.delete_cookie("fieldapp")
    assert phone.call("pull", {"grants_ver": "", "feeds": {}}).status_code == 200


def test_pull_needs_the_session_too(cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.browser.delete("/api/session")
    for endpoint in ("pull", "manifest", "fetch"):
        answer = phone.call(endpoint, {}, session=False)
        assert problem(answer) == (401, "login_required")


def test_feeds_of_others_are_not_there(cast: Cast) -> None:
    phone = cast.wang.enrol()
    for feed in (f"{LIULIN}.clinic", f"u.{cast.li.id}", "nonsense"):
        assert problem(phone.call("manifest", {"feed": feed})) == (404, "not_found")
        assert problem(phone.call("fetch", {"feed": feed, "ids": ["x"]})) == (404, "not_found")


# ---- what is no message -------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_what_is_no_message_is_a_problem(cast: Cast, endpoint: str) -> None:
    phone = cast.wang.enrol()
    deep = b'{"nonce":"n","x":' + b"[" * 30 + b"]" * 30 + b"}"
    bottomless = b"[" * 200_000
    for raw in (b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b'{"x":NaN}', deep,
                bottomless, b'{"nonce":1e999}'):  # fmt: skip
        assert problem(signed(phone, endpoint, raw))[0] in (400, 422), raw[:20]
    empty = signed(phone, endpoint, b"{}")
    assert problem(empty) == (422, "invalid_fields")
    assert "nonce" in {field["path"] for field in json.loads(empty.data)["fields"]}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_other_types_and_encodings_are_refused(cast: Cast, endpoint: str) -> None:
    phone = cast.wang.enrol()
    raw = b'{"nonce":"n"}'
    for headers in ({"Content-Type": "application/json"}, {"Content-Type": "text/plain"},
                    {"Content-Encoding": "br"}):  # fmt: skip
        assert problem(signed(phone, endpoint, raw, **headers)) == (415, "unsupported_media")
    broken = {"Content-Encoding": "gzip"}
    packed = gzip.compress(b'{"nonce":"n"}' * 50)
    for body in (raw, packed[:-9], packed[:30], b""):
        assert problem(signed(phone, endpoint, body, **broken)) == (400, "malformed_json")
    assert phone.browser.client.get(f"/api/sync/{endpoint}").status_code in (404, 405)
    without = phone.browser.client.post(f"/api/sync/{endpoint}", data=raw, content_type=WIRE_TYPE)
    assert without.status_code == 403


def test_bombs_and_loads_are_too_large(cast: Cast) -> None:
    phone = cast.wang.enrol()
    bomb = gzip.compress(b" " * (9 * 1024 * 1024))
    assert len(bomb) < 20_000
    answer = signed(phone, "push", bomb, **{"Content-Encoding": "gzip"})
    assert problem(answer) == (413, "too_large")
    assert problem(signed(phone, "push", b" " * (256 * 1024 + 1))) == (413, "too_large")
    assert problem(signed(phone, "push", b" " * (5 * 1024 * 1024))) == (413, "too_large")


def test_more_than_fifty_items_are_refused_whole(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    made = rental(app, cast, phone)
    many = [made | {"id": str(uuid.uuid4())} for _ in range(51)]
    assert problem(phone.call("push", message(phone, *many))) == (422, "invalid_fields")
    assert [r["st"] for r in phone.push([many[0]])] == ["stored"]


WRONG: list[dict[str, Any]] = [
    {"install": 5}, {"install": "x" * 101}, {"install": "a\x00b"}, {"subs": {}}, {"now": []},
    {"nonce": "\ud800"}, {"nonce": "x" * 101}, {"nonce": None},
]  # fmt: skip
UNFIT: list[Any] = [
    5, {}, {"id": "x", "sha": "0", "body": ""}, {"id": "\ud800", "sha": "0" * 64, "body": ""},
    {"id": "x", "sha": "0" * 64, "body": {}}, {"id": "x", "sha": "0" * 64, "body": "", "n": 2**31},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_members_of_the_wrong_kind_are_named(cast: Cast, wrong: dict[str, Any]) -> None:
    phone = cast.wang.enrol()
    raw = json.dumps({"nonce": "n", **message(phone), **wrong}).encode()
    answer = signed(phone, "push", raw)
    assert problem(answer) == (422, "invalid_fields")
    paths = {field["path"].split("/")[0] for field in json.loads(answer.data)["fields"]}
    assert paths == wrong.keys()


def test_members_of_a_newer_app_are_left_alone(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    made = rental(app, cast, phone) | {"mood": "fine"}
    body = message(phone, made) | {"battery": 0.4}
    body["subs"][0]["weather"] = "…"
    assert json.loads(phone.call("push", body).data)["results"][0]["st"] == "stored"


# ---- anything at all ----------------------------------------------------------------------------

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["x" * 200, "\x00", "\ud800", LIULIN, "null"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture
def ready(app: Flask, cast: Cast) -> tuple[Phone, dict[str, Any]]:
    """An enrolled phone and a good visit."""
    phone = cast.wang.enrol()
    return phone, rental(app, cast, phone)


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(data=st.data())
def test_no_message_ends_in_a_500(ready: tuple[Phone, dict[str, Any]], data: Any) -> None:
    phone, _ = ready
    endpoint = data.draw(st.sampled_from(ENDPOINTS))
    names = ["nonce", "install", "subs", "acked", "n_max", "feeds", "grants_ver", "feed", "ids",
             "after", "budget", "now", "catalogue"]  # fmt: skip
    good = {"nonce": "n", "install": phone.install, "subs": [], "acked": [], "n_max": 0,
            "grants_ver": "", "feeds": {}, "feed": HOUSING, "ids": [], "after": ""}  # fmt: skip
    changed = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=3))
    raw = json.dumps(good | changed).encode()
    assert signed(phone, endpoint, raw).status_code < 500


@FUZZ
@given(data=st.data())
def test_no_submission_ends_in_a_500_or_is_lost(
    app: Flask, ready: tuple[Phone, dict[str, Any]], data: Any
) -> None:
    """One member of a good visit is replaced by anything: stored or kept aside, never twice."""
    phone, made = ready
    changed = json.loads(json.dumps(made)) | {"id": str(uuid.uuid4())}
    place: Any = changed
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else
                                        range(len(place))))  # fmt: skip
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner and data.draw(st.booleans())):
            break
        place = inner
    place[key] = data.draw(values)
    body = json.dumps(changed)
    sid = changed["id"] if isinstance(changed["id"], str) else "odd"
    sid = "".join(c for c in sid if c.isascii() and c.isalnum())[:100] or "odd"
    item = phone.item({}) | {"id": sid}
    item |= {"body": body, "sha": sha256(body.encode()).hexdigest()}
    sent = {"install": phone.install, "subs": [item]}
    first, second = (json.loads(phone.call("push", sent).data)["results"][0] for _ in range(2))
    assert first["st"] in ("stored", "conflict", "quarantined", "variant")
    again = {"stored": "duplicate", "conflict": "duplicate"}
    assert second["st"] == again.get(first["st"], first["st"])
    with app.app_context():
        assert db.session.get(m.Submission, item["id"]) is not None
        db.session.remove()


def test_the_readable_api_tells_of_sync(client: FlaskClient) -> None:
    paths = client.get("/api/openapi.json").get_json()["paths"]
    for endpoint in ENDPOINTS:
        body = paths[f"/api/sync/{endpoint}"]["post"]["requestBody"]
        assert WIRE_TYPE in body["content"]


@pytest.mark.parametrize("unfit", UNFIT, ids=str)
def test_an_item_that_can_not_be_read_holds_up_no_other(cast: Cast, unfit: Any) -> None:
    phone = cast.wang.enrol()
    good = phone.item({"form": "unknown"})
    subs = {"nonce": "n", "install": phone.install, "subs": [unfit, good]}
    answer = signed(phone, "push", json.dumps(subs).encode())
    assert answer.status_code == 200
    named = "x" if isinstance(unfit, dict) and unfit.get("id") == "x" else ""
    assert json.loads(answer.data)["results"] == [
        {"id": named, "st": "later", "why": "item"},
        {"id": good["id"], "st": "quarantined", "why": "unknown_form"},
    ]


def test_a_database_that_is_away_is_told_as_busy(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is the database's: everything above it is real."""
    phone = cast.wang.enrol()

    def away(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the database system is starting up"))

    monkeypatch.setattr(db.session, "connection", away)
    answer = phone.call("push", {"install": phone.install, "subs": []})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert json.loads(answer.data)["code"] == "busy"
