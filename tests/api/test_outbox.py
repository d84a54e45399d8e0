"""A file saved by an app that knew no server's key yet: its worker's PIN or password opens it.

`old-outbox.json` was saved by the code of the first build that could; the rest is made after it.
"""

import base64
import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp.attachments import service as attachments
from fieldapp.cli import main
from fieldapp.db import db
from fieldapp.devices.sealing import SealingKeys
from fieldapp.devices.terms import sealing_keys
from fieldapp.outbox.opened import Attachment, Item, Outbox, OutboxError
from fieldapp.sync import models as m
from tests.cast import Cast, Phone
from tests.visits import new_client

OLD = Path(__file__).parents[1] / "contract" / "old-outbox.json"
PIN, PASSWORD = "246810", "lin-jian-shan-shui"
PHOTO = b"a photo, as bytes"
PHOTO_SHA = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def keys(app: Flask) -> SealingKeys:
    with app.app_context():
        return sealing_keys()


@pytest.mark.parametrize("secret", [PIN, PASSWORD, "２４６８１０"])
def test_the_first_app_s_file_opens_by_pin_or_password(keys: SealingKeys, secret: str) -> None:
    outbox = Outbox(OLD.read_text("utf-8"), keys)
    assert outbox.needs_secret
    outbox.unlock(secret)
    items = [one for one in outbox.items() if isinstance(one, Item)]
    assert [one.n for one in items] == [1, 2]
    assert [json.loads(one.body)["answers"]["g_person"]["n_name"] for one in items] == [
        "张小梅", "刘春燕"
    ]  # fmt: skip
    assert all(hashlib.sha256(one.body.encode()).hexdigest() == one.sha for one in items)
    assert list(outbox.attachments()) == [Attachment(PHOTO_SHA, PHOTO)]


def test_nothing_opens_it_otherwise(keys: SealingKeys) -> None:
    outbox = Outbox(OLD.read_text("utf-8"), keys)
    told = json.loads(OLD.read_text("utf-8"))
    assert list(outbox.items()) == [told["items"][1]["id"], told["items"][0]["id"]]
    with pytest.raises(OutboxError, match="wrong_secret"):
        outbox.unlock("246811")
    told["vault"]["id"] = "another"
    with pytest.raises(OutboxError, match="wrong_secret"):
        Outbox(json.dumps(told), keys).unlock(PIN)
    with pytest.raises(OutboxError, match="not_an_outbox"):
        Outbox(json.dumps(told | {"vault": None}), keys).unlock(PIN)


def test_what_was_exchanged_within_it_is_told_and_the_rest_opens(keys: SealingKeys) -> None:
    told = json.loads(OLD.read_text("utf-8"))
    first, second = told["items"]
    first["sealed"] = second["sealed"]
    outbox = Outbox(json.dumps(told), keys)
    outbox.unlock(PIN)
    found = list(outbox.items())
    assert isinstance(found[0], Item)
    assert found[1] == first["id"]


# ---- taken in -----------------------------------------------------------------------------------


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wrapped(key: bytes, vault: str, secret: str) -> dict[str, Any]:
    salt, iv = b"s" * 16, b"i" * 12
    plain = unicodedata.normalize("NFKC", secret).encode()
    stretched = AESGCM(PBKDF2HMAC(SHA256(), 32, salt, 1000).derive(plain))
    return {
        "salt": text_of(salt), "iterations": 1000, "iv": text_of(iv),
        "wrapped": text_of(stretched.encrypt(iv, key, f"vault‖{vault}".encode())),
    }  # fmt: skip


def saved(phone: Phone, folder: Path, *visits: dict[str, Any]) -> Path:
    """The visits in a file, as a phone of then saved it."""
    key = AESGCM.generate_key(256)

    def sealed(store: str, record: str, plain: bytes) -> str:
        iv = b"v" * 12
        bound = f"{store}‖{record}‖1".encode()
        return text_of(b"\x01" + iv + AESGCM(key).encrypt(iv, plain, bound))

    items = []
    for visit in visits:
        item = phone.item(visit)
        plain = json.dumps({"form": visit["form"], "body": item["body"]}).encode()
        names = {"install": phone.install, "n": phone.n, "id": item["id"], "sha": item["sha"]}
        items.append(names | {"sealed": sealed("outbox", item["id"], plain)})
    name = f"{PHOTO_SHA}.jpg"
    blobs = [{"name": name, "sealed": sealed("blobs", name, PHOTO)}]
    vault = {"id": "v", "pin": wrapped(key, "v", PIN), "password": wrapped(key, "v", PASSWORD)}
    told = {"format": "fs-outbox/1", "device": phone.device, "vault": vault, "items": items}
    path = folder / "outbox.json"
    path.write_text(json.dumps(told | {"blobs": blobs}))
    return path


def take_in(app: Flask, path: Path, *options: str, typed: str = "") -> tuple[int, str]:
    runner = app.test_cli_runner()
    wish = ["outbox", "import", str(path), *options]
    done = runner.invoke(main, wish, obj=ScriptInfo(create_app=lambda: app), input=typed)
    return done.exit_code, done.output


def test_wang_types_her_pin_and_her_visits_come_in_once(
    app: Flask, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    phone = cast.wang.enrol()
    visits = [new_client(app, cast.wang, "张小梅"), new_client(app, cast.wang, "刘春燕")]
    path = saved(phone, tmp_path, *visits)
    code, told = take_in(app, path, "--secret", "111111")
    assert (code, "PIN 或密码不对" in told) == (1, True)
    code, told = take_in(app, path, typed=f"{PIN}\n")
    assert (code, "visits: 2 stored\nattachments: 1 stored" in told) == (0, True), told
    assert PIN not in told
    code, told = take_in(app, path, "--secret", PASSWORD)
    assert (code, "visits: 2 duplicate" in told) == (0, True), told
    with app.app_context():
        rows = db.session.execute(sa.select(m.Submission.user_id, m.Submission.state)).all()
        assert {tuple(row) for row in rows} == {(cast.wang.id, "stored")}
        assert attachments.content(cast.wang.id, PHOTO_SHA) == PHOTO
        db.session.rollback()


@pytest.mark.parametrize("wrong", ["blobs", "items", "iterations"])
def test_a_file_that_was_spoilt_is_told(
    app: Flask, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    path = saved(cast.wang.enrol(), tmp_path, new_client(app, cast.wang, "张小梅"))
    told = json.loads(path.read_text())
    if wrong == "iterations":
        told["vault"]["pin"]["iterations"] = -1
    else:
        told[wrong] = ["post"]
    path.write_text(json.dumps(told))
    code, said = take_in(app, path, "--secret", PIN)
    assert (code, "outbox.json is no file saved from a phone's outbox" in said) == (1, True), said


def test_a_revoked_phone_s_file_is_kept_aside(app: Flask, cast: Cast, tmp_path: Path) -> None:
    phone = cast.wang.enrol()
    path = saved(phone, tmp_path, new_client(app, cast.wang, "张小梅"))
    cast.admin.log_in().post(f"/api/devices/{phone.device}/revoke")
    code, told = take_in(app, path, "--secret", PIN)
    assert (code, "kept aside: 1 revoked" in told) == (0, True), told
