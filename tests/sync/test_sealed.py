"""王芳's work arrives sealed: from a phone that nobody has opened, or whose own keys are gone."""

import base64
import gzip
import json
import os
import random
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp.cli import main
from fieldapp.db import db
from fieldapp.devices.keys import public_key
from fieldapp.devices.sealing import BETWEEN, SealingKeys, UnsealError, decrypt_part
from fieldapp.sync.log import document
from tests.api.test_sync_wire import rental
from tests.cast import Cast, Phone

from .stories import logged

PHOTO = random.Random(3).randbytes(70_001)
SHA = sha256(PHOTO).hexdigest()


def terms_of(phone: Phone) -> dict[str, Any]:
    """What a phone without terms is told with a pull."""
    answer = phone.call("pull", {"grants_ver": "", "feeds": {}, "terms": ""})
    terms: dict[str, Any] = json.loads(answer.data)["terms"]
    return terms


def seal(phone: Phone, about: tuple[str, ...], plain: bytes, packed: bool = True) -> str:
    """As the phone seals, by another hand than the server's."""
    told = terms_of(phone)["seal"]
    theirs, own = public_key(told["key"]), ec.generate_private_key(ec.SECP256R1())
    points = [
        key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        for key in (own.public_key(), theirs)
    ]
    info = b"fieldapp/to-server"
    key = HKDF(SHA256(), 32, b"".join(points), info).derive(own.exchange(ec.ECDH(), theirs))
    form, iv = (b"\x02" if packed else b"\x01"), os.urandom(12)
    text = gzip.compress(plain) if packed else plain
    cipher = AESGCM(key).encrypt(iv, text, form + BETWEEN.join(about).encode())
    sealed = form + bytes.fromhex(told["id"]) + points[0] + iv + cipher
    return base64.b64encode(sealed).decode()


def sealed_item(phone: Phone, made: dict[str, Any], packed: bool = True) -> dict[str, Any]:
    item = phone.item(made)
    sealed = seal(phone, ("visit", item["id"], item["sha"]), item["body"].encode(), packed)
    return {"id": item["id"], "n": item["n"], "sha": item["sha"], "sealed": sealed}


def push(phone: Phone, *items: dict[str, Any]) -> list[dict[str, Any]]:
    message = {"install": phone.install, "device": phone.device, "subs": list(items)}
    answer = phone.call("push", message, session=False)
    assert answer.status_code == 200, answer.data
    results: list[dict[str, Any]] = json.loads(answer.data)["results"]
    return results


@pytest.mark.parametrize("packed", [True, False])
def test_a_sealed_visit_is_the_same_visit(app: Flask, cast: Cast, packed: bool) -> None:
    phone = cast.wang.enrol()
    made = rental(app, cast, phone)
    item = sealed_item(phone, made, packed)
    assert push(phone, item)[0]["st"] == "stored"
    phone.n -= 1
    plain = phone.item(made)
    assert push(phone, plain)[0]["st"] == "duplicate", "opened later, the phone sends it again"
    assert push(phone, item)[0]["st"] == "duplicate"
    with app.app_context():
        assert logged(made["id"]).sha == plain["sha"]
        kept = document(db.session.connection(), made["id"])
        assert kept == json.loads(plain["body"])


def test_what_was_meant_for_another_place_or_altered_stays_on_the_phone(
    app: Flask, cast: Cast
) -> None:
    phone = cast.wang.enrol()
    one = sealed_item(phone, rental(app, cast, phone))
    other = sealed_item(phone, rental(app, cast, phone, unit="2-2"))
    raw = bytearray(base64.b64decode(one["sealed"]))
    raw[-1] ^= 1
    altered = one | {"sealed": base64.b64encode(raw).decode()}
    foreign = one | {"sealed": other["sealed"]}
    stranger = one | {"sealed": base64.b64encode(b"\x01" + bytes(200)).decode()}
    for bad in (altered, foreign, stranger, one | {"sealed": ""}):
        result, good = push(phone, bad, other)
        assert (result["st"], result["why"]) == ("later", "seal")
        assert good["st"] in ("stored", "duplicate"), "and holds up no other"
    assert push(phone, one)[0]["st"] == "stored"


def test_an_item_with_neither_text_nor_seal_is_no_item(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    item = sealed_item(phone, rental(app, cast, phone))
    for bad in ({"sealed": 5}, {"sealed": "~"}, {}):
        bare = {key: item[key] for key in ("id", "n", "sha")} | bad
        assert push(phone, bare)[0] == {"id": item["id"], "st": "later", "why": "item"}


def test_a_bomb_is_not_unpacked(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    body = " " * 60_000_000
    sid, sha = "00000000-0000-4000-8000-000000000001", sha256(body.encode()).hexdigest()
    sealed = seal(phone, ("visit", sid, sha), body.encode())
    result = push(phone, {"id": sid, "n": 1, "sha": sha, "sealed": sealed})[0]
    assert (result["st"], result["why"]) == ("later", "seal")


def test_a_lost_phone_that_nobody_opens_still_delivers_and_is_told(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    item = sealed_item(phone, rental(app, cast, phone))
    asked = {"install": phone.install, "acked": [], "n_max": 1}
    told = json.loads(phone.call("verify", asked, session=False).data)
    assert told["revoked"] is False
    assert phone.browser.post(f"/api/devices/{phone.device}/revoke").status_code == 200
    assert push(phone, item)[0] == {"id": item["id"], "st": "quarantined", "why": "revoked"}
    told = json.loads(phone.call("verify", asked, session=False).data)
    assert told["revoked"] is True


def test_a_photo_arrives_sealed_and_goes_on_in_the_clear(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    key = os.urandom(32)
    turned = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor().update(PHOTO)
    sealed = seal(phone, ("blob", SHA), key, packed=False)
    at = 0
    for size in (20_001, 16, 30_000):
        told = send(phone, at, turned[at : at + size], sealed=sealed)
        at += size
        assert (told["st"], told["have"]) == ("partial", at)
    assert send(phone, at, PHOTO[at:])["st"] == "stored"
    refused = send(phone, 0, turned[:100], sealed=sealed[:-8] + "AAAAAAA=")
    assert (refused["st"], refused["why"]) == ("refused", "seal")


def send(phone: Phone, at: int, data: bytes, **more: str) -> dict[str, Any]:
    told = {"sha": SHA, "size": len(PHOTO), "at": at, "data": base64.b64encode(data).decode()}
    answer: dict[str, Any] = json.loads(phone.call("blob", told | more, session=False).data)
    return answer


def test_only_its_owner_gets_a_key_back(cast: Cast) -> None:
    phone, hers = cast.wang.enrol(), cast.li.enrol()
    key = os.urandom(32)
    sealed = seal(phone, ("work", cast.wang.id), key, packed=False)
    wish = {"keys": [sealed, "AAAA"], "password": cast.wang.password}
    answer = json.loads(phone.call("rescue", wish).data)
    assert answer["keys"] == [base64.b64encode(key).decode(), None]
    own = wish | {"password": cast.li.password}
    assert json.loads(hers.call("rescue", own).data)["keys"] == [None, None]
    assert phone.call("rescue", wish | {"password": "739415"}).status_code == 401
    phone.browser.post(f"/api/devices/{phone.device}/revoke")
    phone.browser = cast.wang.log_in()
    assert phone.call("rescue", wish).status_code == 403


def test_terms_are_told_when_they_are_others(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    told = terms_of(phone)
    assert told["lease_days"] == 14
    asked = {"grants_ver": "", "feeds": {}}
    known = json.loads(phone.call("pull", asked | {"terms": told["id"]}).data)
    old_app = json.loads(phone.call("pull", asked).data)
    assert "terms" not in known
    assert "terms" not in old_app
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], seal_generation=2, lease_days=7)
    turned = json.loads(phone.call("pull", asked | {"terms": told["id"]}).data)["terms"]
    assert turned["seal"]["id"] != told["seal"]["id"]
    assert turned["lease_days"] == 7


def test_what_was_sealed_to_an_earlier_key_still_opens(app: Flask, cast: Cast) -> None:
    phone = cast.wang.enrol()
    item = sealed_item(phone, rental(app, cast, phone))
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], seal_generation=3)
    assert push(phone, item)[0]["st"] == "stored"


def test_a_lost_phone_s_last_work_opens_two_secrets_later(app: Flask, cast: Cast) -> None:
    """Nobody can have it sealed again."""
    phone = cast.wang.enrol()
    item = sealed_item(phone, rental(app, cast, phone))
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(settings, secret="a secret that nobody wrapped the keys under")
    assert push(phone, item)[0]["st"] == "later"
    app.config["SETTINGS"] = settings
    for secret in ("the second secret, for tests only", "the third secret, for tests only"):
        rotated = app.test_cli_runner().invoke(
            main,
            ["keys", "rotate"],
            obj=ScriptInfo(create_app=lambda: app),
            env={"FIELDAPP_NEW_SECRET": secret},
        )
        assert rotated.exit_code == 0, rotated.output
        app.config["SETTINGS"] = replace(settings, secret=secret)
    current = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(settings, secret="the second secret, for tests only")
    assert push(phone, item)[0]["st"] == "later", "a server left with an old secret"
    app.config["SETTINGS"] = current
    assert push(phone, item)[0]["st"] == "stored"


def test_another_secret_opens_nothing() -> None:
    ours, theirs = SealingKeys("a" * 32, 1), SealingKeys("b" * 32, 1)
    assert ours.public()["id"] == SealingKeys("a" * 32, 1).public()["id"]
    assert ours.public()["id"] != theirs.public()["id"]
    with pytest.raises(UnsealError):
        theirs.open(bytes([1]) + bytes.fromhex(ours.public()["id"]) + bytes(100), ("x",), 10)


def test_a_part_is_deciphered_wherever_it_begins() -> None:
    key = os.urandom(32)
    turned = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor().update(PHOTO)
    for at in (0, 1, 15, 16, 17, 65_536):
        assert decrypt_part(key, turned[at : at + 33], at) == PHOTO[at : at + 33]
