"""Photos and sounds of a visit at the desk: who sees them, as what, and what until they come."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from fieldapp.audit.models import AuditRow
from fieldapp.db import db
from fieldapp.forms.service import publish
from tests.cast import Cast, Phone

from .test_attachments import CHUNK, send_all, sent

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
VOICE = b"\x1a\x45\xdf\xa3" + b"voice" * 100
FORM = Path(__file__).parents[1] / "forms" / "door_check.md"


def named(data: bytes, ext: str) -> str:
    return f"{sha256(data).hexdigest()}.{ext}"


@pytest.fixture
def visit(app: Flask, cast: Cast) -> tuple[str, Phone]:
    """A visit of 王芳's whose text has arrived, and her phone with the photos still on it."""
    with app.app_context():
        publish(FORM, "rental")
    phone = cast.wang.enrol()
    rooms = [{"voice": named(VOICE, "weba"), "plan": named(SCRIPT, "jpg")}]
    answers: dict[str, Any] = {"photo": named(PHOTO, "png"), "rooms": rooms}
    hashes = [sha256(data).hexdigest() for data in (PHOTO, VOICE, SCRIPT)]
    item = phone.item({"form": "door_check", "answers": answers, "blobs": hashes})
    answer = phone.call("push", {"install": phone.install, "subs": [item]})
    assert answer.status_code == 200, answer.data
    return item["id"], phone


def files(cast: Cast, visit_id: str) -> dict[str, Any]:
    """What 赵强 sees of the visit's files, by question; what the check found besides."""
    whole = cast.zhao.log_in().get(f"/api/review/visits/{visit_id}")
    assert whole.status_code == 200, whole.json
    assert whole.json["title"] == "Door", "as its author called it"
    found: dict[str, Any] = {"found": [f["kind"] for f in whole.json["findings"]]}
    rows = whole.json["reading"]
    while rows:
        row = rows.pop()
        if row["kind"] == "answer":
            found[row["label"]] = row["file"]
        else:
            rows += row["children"]
    return found


def opened(who: Any, visit_id: str, name: str, **headers: str) -> TestResponse:
    path = f"/api/review/visits/{visit_id}/files/{name}"
    return who.log_in().client.get(path, headers=headers)


def test_the_desk_says_that_a_photo_is_on_its_way(cast: Cast, visit: tuple[str, Phone]) -> None:
    visit_id, phone = visit
    shown = files(cast, visit_id)
    assert "derivation_mismatch" not in shown["found"]
    coming = {
        "name": named(PHOTO, "png"),
        "state": "coming",
        "kind": "file",
        "size": 0,
        "aside": False,
    }
    assert shown["Photo of the door"] == coming
    sent(phone, 0, PHOTO[:CHUNK], sha=coming["name"][:64], size=len(PHOTO))
    assert files(cast, visit_id)["Photo of the door"] == coming | {"size": len(PHOTO)}
    assert opened(cast.zhao, visit_id, coming["name"]).status_code == 404
    send_all(phone, PHOTO)
    here = coming | {"state": "here", "kind": "image", "size": len(PHOTO)}
    assert files(cast, visit_id)["Photo of the door"] == here


def test_a_picture_is_shown_a_sound_played_and_anything_else_saved(
    cast: Cast, visit: tuple[str, Phone]
) -> None:
    visit_id, phone = visit
    for data in (PHOTO, VOICE, SCRIPT):
        send_all(phone, data)
    shown = files(cast, visit_id)
    assert shown["What was said"]["kind"] == "audio"
    assert shown["Plan"]["kind"] == "file", "whatever its name says"
    picture = opened(cast.zhao, visit_id, named(PHOTO, "png"))
    assert (picture.data, picture.content_type) == (PHOTO, "image/png")
    assert picture.headers["Content-Disposition"].startswith("inline")
    voice = opened(cast.zhao, visit_id, named(VOICE, "weba"))
    assert (voice.data, voice.content_type) == (VOICE, "video/webm")
    part = opened(cast.zhao, visit_id, named(VOICE, "weba"), Range="bytes=0-3")
    assert (part.status_code, part.data) == (206, VOICE[:4])
    plan = opened(cast.zhao, visit_id, named(SCRIPT, "jpg"))
    assert (plan.data, plan.content_type) == (SCRIPT, "application/octet-stream")
    for answer in (picture, voice, plan):
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "ETag" not in answer.headers
    for answer in (voice, plan):
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_only_who_reads_the_visit_sees_its_photos(cast: Cast, visit: tuple[str, Phone]) -> None:
    visit_id, phone = visit
    send_all(phone, PHOTO)
    name = named(PHOTO, "png")
    path = f"/api/review/visits/{visit_id}/files/{name}"
    seen = {who: opened(cast.people[who], visit_id, name).status_code for who in cast.people}
    assert seen == {
        "wang": 403, "li": 403, "sun": 403, "grid": 403, "admin": 403, "assistant": 403,
        "head": 403, "town": 403, "district": 403, "chen": 404, "zhao": 200, "steward": 200,
    }  # fmt: skip
    assert cast.nobody().get(path).status_code == 401
    for wrong in (name.replace(".png", ".jpg"), name[:64], "x", named(VOICE, "weba"), "..%2F"):
        assert opened(cast.zhao, visit_id, wrong).status_code == 404
    assert opened(cast.zhao, "another", name).status_code == 404


def test_whoever_opened_a_photo_is_in_the_access_log(
    app: Flask, cast: Cast, visit: tuple[str, Phone]
) -> None:
    send_all(visit[1], PHOTO)
    assert opened(cast.zhao, visit[0], named(PHOTO, "png")).status_code == 200
    with app.app_context():
        query = sa.select(AuditRow.actor).where(AuditRow.act == "open_file")
        assert list(db.session.scalars(query)) == [cast.zhao.id]
        db.session.remove()


def test_naming_anothers_photo_shows_nothing_of_it(cast: Cast, visit: tuple[str, Phone]) -> None:
    send_all(visit[1], PHOTO)
    thief, name = cast.li.enrol(), named(PHOTO, "png")
    item = thief.item({"form": "door_check", "answers": {"photo": name}, "blobs": [name[:64]]})
    thief.call("push", {"install": thief.install, "subs": [item]})
    assert files(cast, item["id"])["Photo of the door"]["state"] == "coming"
    assert opened(cast.zhao, item["id"], name).status_code == 404


def test_what_a_visit_names_and_doesnt_answer_is_told(
    app: Flask, cast: Cast, visit: tuple[str, Phone]
) -> None:
    _, phone = visit
    item = phone.item({"form": "door_check", "answers": {"photo": named(PHOTO, "png")}})
    phone.call("push", {"install": phone.install, "subs": [item]})
    assert "derivation_mismatch" in files(cast, item["id"])["found"]
    send_all(phone, PHOTO)
    assert files(cast, item["id"])["Photo of the door"]["state"] == "here"


def test_a_photo_of_a_revoked_phone_is_marked(cast: Cast, visit: tuple[str, Phone]) -> None:
    visit_id, phone = visit
    phone.browser.post(f"/api/devices/{phone.device}/revoke")
    send_all(phone, PHOTO)
    shown = files(cast, visit_id)["Photo of the door"]
    assert (shown["state"], shown["aside"]) == ("here", True)
