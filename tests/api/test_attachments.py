"""Photos of 王芳's visits on their way up: chunk by chunk, from where they broke off."""

import base64
import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp import create_app
from fieldapp.attachments import service
from fieldapp.attachments.receipt import CHUNK
from fieldapp.cli import main
from fieldapp.clock import now
from fieldapp.db import db, utc_text
from fieldapp.sync import models as m
from tests.cast import Cast, Phone, meet_cast
from tests.conftest import settings_for

PHOTO = random.Random(7).randbytes(150_000)
SHA = sha256(PHOTO).hexdigest()


def send(phone: Phone, at: int, data: bytes, sha: str = SHA, size: int = len(PHOTO)) -> Any:
    """One chunk; the answer."""
    told = {"sha": sha, "size": size, "at": at, "data": base64.b64encode(data).decode()}
    return phone.call("blob", told, session=False)


def sent(phone: Phone, at: int, data: bytes, **about: Any) -> dict[str, Any]:
    """One chunk; what became of it."""
    answer = send(phone, at, data, **about)
    assert answer.status_code == 200, answer.data
    told = json.loads(answer.data)
    return {key: told[key] for key in ("st", "have", "why")}


def send_all(phone: Phone, data: bytes = PHOTO) -> dict[str, Any]:
    """Every chunk in order; what became of the last."""
    sha, state = sha256(data).hexdigest(), {}
    for at in range(0, len(data), CHUNK):
        state = sent(phone, at, data[at : at + CHUNK], sha=sha, size=len(data))
    return state


def states(phone: Phone, *hashes: str) -> Any:
    answer = phone.call("blobs", {"shas": list(hashes)}, session=False)
    assert answer.status_code == 200, answer.data
    return json.loads(answer.data)["states"]


def problem(answer: Any) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.data
    return answer.status_code, json.loads(answer.data)["code"]


def content(app: Flask, user_id: str, sha: str = SHA) -> bytes | None:
    with app.app_context():
        return service.content(user_id, sha)


def test_a_photo_comes_in_three_chunks_and_is_the_same_photo(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    assert states(phone, SHA) == {SHA: {"st": "missing", "have": 0}}
    assert sent(phone, 0, PHOTO[:CHUNK]) == {"st": "partial", "have": CHUNK, "why": None}
    assert states(phone, SHA) == {SHA: {"st": "partial", "have": CHUNK}}
    assert content(app, cast.wang.id) is None
    assert send_all(phone) == {"st": "stored", "have": len(PHOTO), "why": None}
    assert content(app, cast.wang.id) == PHOTO


def test_nothing_of_it_lies_open_in_the_database(app: Flask, cast: Cast) -> None:
    text = b"a note with a name, long enough to be found again" * 20
    send_all(cast.wang.enrol(), text)
    with app.app_context():
        rows = list(db.session.scalars(db.select(service.BlobChunk.sealed)))
    assert rows
    assert not any(b"a note" in row for row in rows)


def test_every_repetition_is_harmless_and_tells_how_far_we_are(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    for _ in range(3):
        assert sent(phone, 0, PHOTO[:CHUNK])["have"] == CHUNK
    assert sent(phone, 100, PHOTO[100:CHUNK])["have"] == CHUNK
    assert sent(phone, CHUNK + 1, PHOTO[CHUNK + 1 : CHUNK + 9])["have"] == CHUNK
    send_all(phone)
    for _ in range(2):
        assert send_all(phone)["st"] == "stored"
    assert content(app, cast.wang.id) == PHOTO


def test_chunks_may_be_as_small_as_the_line_allows(app: Flask, cast: Cast) -> None:
    phone, at = cast.wang.enrol(), 0
    small = PHOTO[:3000]
    for size in (1, 2, 997, 1000, 1000):
        state = sent(phone, at, small[at : at + size], sha=sha256(small).hexdigest(), size=3000)
        at += size
        assert state["have"] == at
    assert state["st"] == "stored"


def test_bytes_that_are_not_what_their_name_says_begin_anew(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    sent(phone, 0, PHOTO[:CHUNK])
    sent(phone, CHUNK, PHOTO[CHUNK : 2 * CHUNK])
    rest = PHOTO[2 * CHUNK : -1] + b"?"
    assert sent(phone, 2 * CHUNK, rest) == {"st": "wrong", "have": 0, "why": None}
    assert states(phone, SHA)[SHA] == {"st": "missing", "have": 0}
    assert send_all(phone)["st"] == "stored"
    assert content(app, cast.wang.id) == PHOTO


def test_another_size_than_was_told_before_begins_anew(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    sent(phone, 0, PHOTO[:CHUNK], size=len(PHOTO) + 1)
    assert sent(phone, CHUNK, PHOTO[CHUNK : 2 * CHUNK]) == {"st": "partial", "have": 0, "why": None}
    assert send_all(phone)["st"] == "stored"


def test_another_persons_attachment_is_not_there(app: Flask, cast: Cast) -> None:
    """Nobody learns, spoils or shows what somebody else sent by knowing its hash."""
    mine, hers = cast.wang.enrol(), cast.li.enrol()
    sent(mine, 0, PHOTO[:CHUNK])
    assert states(hers, SHA)[SHA]["st"] == "missing"
    assert sent(hers, 0, b"spoilt", size=6)["st"] == "wrong"
    assert states(mine, SHA)[SHA] == {"st": "partial", "have": CHUNK}
    assert send_all(mine)["st"] == "stored"
    assert content(app, cast.li.id) is None


def test_a_second_phone_of_hers_goes_on_where_the_first_broke_off(app: Flask, cast: Cast) -> None:
    first, second = cast.wang.enrol(), cast.wang.enrol()
    sent(first, 0, PHOTO[:CHUNK])
    assert states(second, SHA)[SHA]["have"] == CHUNK
    assert sent(second, CHUNK, PHOTO[CHUNK : 2 * CHUNK])["have"] == 2 * CHUNK
    assert sent(first, 2 * CHUNK, PHOTO[2 * CHUNK :])["st"] == "stored"
    assert content(app, cast.wang.id) == PHOTO


def test_two_phones_at_once_make_one_photo(app: Flask, cast: Cast) -> None:
    phones = [cast.wang.enrol() for _ in range(4)]

    def upload(phone: Phone) -> str:
        at, state = 0, {"st": "partial", "have": 0}
        for _ in range(200):
            if state["st"] == "stored":
                break
            state = sent(phone, at, PHOTO[at : at + 16_000])
            at = state["have"]
        return str(state["st"])

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(upload, phones)) == {"stored"}
    assert content(app, cast.wang.id) == PHOTO
    with app.app_context():
        assert list(service.faults()) == []


def test_too_large_and_too_much_are_told_as_such(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    large = app.config["SETTINGS"].blob_bytes + 1
    refused = {"st": "refused", "have": 0, "why": "too_large"}
    assert sent(phone, 0, b"x", size=large) == refused
    for n in range(6):
        name = sha256(bytes([n])).hexdigest()
        assert sent(phone, 0, b"x", sha=name, size=large - 1)["st"] == "partial"
    assert sent(phone, 0, b"x", size=large - 1)["why"] == "full"
    assert sent(phone, 0, PHOTO[:CHUNK])["have"] == CHUNK, "what fits is taken"
    assert sent(cast.wang.enrol(), 0, b"x", sha=name, size=large - 1)["st"] == "partial"


def test_a_named_photo_is_pending_no_more(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    phone.push([{"form": "unknown", "blobs": [SHA]}])
    send_all(phone)
    with app.app_context(), service.reading() as connection:
        assert service._pending(connection, phone.device).count == 0


def test_a_revoked_phone_still_delivers_marked_as_such(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    sent(phone, 0, PHOTO[:CHUNK])
    assert phone.browser.post(f"/api/devices/{phone.device}/revoke").status_code == 200
    assert send_all(phone)["st"] == "stored"
    with app.app_context():
        assert service.stand(cast.wang.id, [SHA])[SHA].aside


@pytest.mark.parametrize("endpoint", ["blob", "blobs"])
def test_nobody_without_the_key_is_let_in(cast: Cast, endpoint: str) -> None:
    phone, stranger = cast.wang.enrol(), cast.wang.enrol()
    stranger.device, stranger.browser = phone.device, phone.browser
    assert problem(stranger.call(endpoint, {})) == (401, "bad_signature")
    phone.device = "nobody"
    assert problem(phone.call(endpoint, {})) == (401, "bad_signature")


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_phone_gone_wild_is_slowed_down_and_no_other(db_url: str, tmp_path: Path) -> None:
    app = create_app(settings_for(tmp_path, db_url, rate_limits=True))
    phone, other = meet_cast(app).wang.enrol(), meet_cast(app).li.enrol()
    body = {"data": b"{}", "headers": {"X-FS-Proto": "1", "X-FS-Device": phone.device}}
    path = "/api/sync/blobs"
    codes = [phone.browser.client.post(path, **body).status_code for _ in range(601)]
    assert codes[599:] == [415, 429]
    assert problem(phone.browser.client.post(path, **body)) == (429, "too_many_requests")
    assert states(other, SHA)[SHA]["st"] == "missing"
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


GOOD: dict[str, Any] = {"sha": SHA, "size": 10, "at": 0, "data": "AAAA"}
WRONG: list[dict[str, Any]] = [
    {"sha": "x"}, {"sha": SHA.upper()}, {"sha": SHA + "\n"}, {"sha": None}, {"sha": 5},
    {"size": 0}, {"size": -1}, {"size": 2**31}, {"size": "10"}, {"size": 1.5}, {"size": None},
    {"at": -1}, {"at": 2**31}, {"at": True}, {"at": 8}, {"data": ""}, {"data": "A"}, {"data": "é"},
    {"data": "AA=A"}, {"data": "AAA\x00"}, {"data": None}, {"data": []},
    {"data": base64.b64encode(b"x" * (CHUNK + 1)).decode(), "size": CHUNK + 1},
]  # fmt: skip


def test_what_is_no_chunk_is_named_and_changes_nothing(cast: Cast) -> None:
    phone = cast.wang.enrol()
    for wrong in WRONG:
        answer = phone.call("blob", GOOD | wrong)
        assert problem(answer) == (422, "invalid_fields"), wrong
        paths = {field["path"] for field in json.loads(answer.data)["fields"]}
        assert paths <= wrong.keys()
    assert states(phone, SHA)[SHA]["st"] == "missing"


def test_what_is_no_question_is_refused(cast: Cast) -> None:
    phone = cast.wang.enrol()
    for shas in (None, "x", [5], ["x"], [SHA] * 501, [SHA.upper()]):
        assert problem(phone.call("blobs", {"shas": shas})) == (422, "invalid_fields"), shas


def test_a_photo_is_safe_only_once_a_backup_holds_it(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    sent(phone, 0, PHOTO[:CHUNK])
    with app.app_context():
        moment = utc_text(now() + timedelta(days=1))
        db.session.add(m.DurableMark(id=1, before=moment))
        db.session.commit()
        assert states(phone, SHA)[SHA]["st"] == "partial"
        assert send_all(phone)["st"] == "stored"
        assert states(phone, SHA)[SHA] == {"st": "durable", "have": len(PHOTO)}
        assert send_all(phone)["st"] == "durable"
        received = db.session.scalar(db.select(service.Blob.received))
        db.session.merge(m.DurableMark(id=1, before=received))
        db.session.commit()
        assert states(phone, SHA)[SHA]["st"] == "stored"


def test_what_no_visit_names_is_dropped_in_time(app: Flask, cast: Cast) -> None:
    phone, other = cast.wang.enrol(), cast.li.enrol()
    named, unnamed = b"the photo of a visit", b"a photo taken again"
    for data in (named, unnamed):
        send_all(phone, data)
    send_all(other, named)
    phone.push([{"form": "unknown", "blobs": [sha256(named).hexdigest(), "x", 5]}])
    with app.app_context():
        assert service.drop_unnamed("2026") == 0
        assert service.drop_unnamed(utc_text(now())) == 2
    assert content(app, cast.wang.id, sha256(named).hexdigest()) == named
    assert content(app, cast.wang.id, sha256(unnamed).hexdigest()) is None
    assert content(app, cast.li.id, sha256(named).hexdigest()) is None, "named by somebody else"


def test_while_something_of_hers_cant_be_read_nothing_is_dropped(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    send_all(phone)
    item = phone.item({}) | {"body": "{", "sha": sha256(b"{").hexdigest()}
    phone.call("push", {"install": phone.install, "subs": [item]})
    with app.app_context():
        assert service.drop_unnamed(utc_text(now())) == 0


def test_the_commands_tell_what_they_did(app: Flask, cast: Cast) -> None:
    send_all(cast.wang.enrol())

    def run(*args: str) -> Result:
        return CliRunner().invoke(main, args, obj=ScriptInfo(create_app=lambda: app))

    assert run("attachments", "drop-unnamed").output == "0 attachments dropped.\n"
    assert run("verify").output == "All is well.\n"
    with app.app_context():
        moved = db.update(service.BlobChunk).where(service.BlobChunk.at == 0).values(at=1)
        db.session.execute(moved)
        db.session.commit()
    assert f"attachment {SHA} can't be opened" in run("verify").output
