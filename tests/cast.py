"""The fixed cast of the field stories, all fictional: three villages and who works for them.

cast.wang, cast.li     workers in 柳林村 (li in 石桥村 too), both scopes
cast.chen              nurse of the town, health
cast.zhao              area lead of the town, housing
cast.sun               worker of 南坡村, in another town: whoever sees her data sees too much
cast.admin, cast.steward
desk = cast.zhao.log_in(); desk.get("/api/…")        # a browser with her session
phone = cast.wang.enrol(); phone.push([submission])   # a phone with a key of its own
"""

import base64
import gzip
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.training import Trained
from fieldapp.areas.service import put_area
from fieldapp.db import write_transaction

DISTRICT = "379901000000"
TOWN, OTHER_TOWN = "379901001000", "379901002000"
LIULIN, SHIQIAO = "379901001001", "379901001002"
NANPO = "379901002001"

AREAS = (
    (DISTRICT, "泉城区", "Quancheng", "district", None),
    (TOWN, "柳河镇", "Liuhe", "town", DISTRICT),
    (LIULIN, "柳林村", "Liulin", "village", TOWN),
    (SHIQIAO, "石桥村", "Shiqiao", "village", TOWN),
    (OTHER_TOWN, "南山镇", "Nanshan", "town", DISTRICT),
    (NANPO, "南坡村", "Nanpo", "village", OTHER_TOWN),
)
PEOPLE: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "wang": ("王芳", "worker", ((LIULIN, "health"), (LIULIN, "housing"))),
    "li": (
        "李娜",
        "worker",
        tuple((a, s) for a in (LIULIN, SHIQIAO) for s in ("health", "housing")),
    ),
    "chen": ("陈静", "nurse", ((TOWN, "health"),)),
    "zhao": ("赵强", "area", ((TOWN, "housing"),)),
    "sun": ("孙丽", "worker", ((NANPO, "health"), (NANPO, "housing"))),
    "head": ("钱勇", "head", ((LIULIN, "housing"),)),
    "assistant": ("周敏", "assistant", ((LIULIN, "housing"),)),
    "grid": ("吴刚", "grid", ((LIULIN, "housing"),)),
    "town": ("郑伟", "town", ((TOWN, "health"), (TOWN, "housing"))),
    "district": ("冯梅", "district", ((DISTRICT, "health"), (DISTRICT, "housing"))),
    "steward": ("沈洁", "steward", ((DISTRICT, "health"), (DISTRICT, "housing"))),
    "admin": ("管理员", "admin", ()),
}
PROTOCOL = {"X-FS-Proto": "1"}
WIRE = "application/vnd.fs-sync+json"


class Browser:
    """A browser of one person or nobody: a cookie, and the header our own pages send."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(path, query_string=query)

    def post(self, path: str, body: Any = None) -> TestResponse:
        return self.client.post(path, json=body, headers=PROTOCOL)

    def put(self, path: str, body: Any) -> TestResponse:
        return self.client.put(path, json=body, headers=PROTOCOL)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.client.patch(path, json=body, headers=PROTOCOL)

    def delete(self, path: str) -> TestResponse:
        return self.client.delete(path, headers=PROTOCOL)


class Phone:
    """A phone with a device key; it signs what it sends as docs/sync.md says."""

    def __init__(self, person: "Person", browser: Browser) -> None:
        self.person, self.browser = person, browser
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.install, self.n = str(uuid.uuid4()), 0
        self.device = ""

    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _b64url(numbers.x), "y": _b64url(numbers.y)}

    def enrol(self, name: str = "红米 9A") -> TestResponse:
        wish = {"nonce": "n-0", "install": self.install, "name": name, "key": self.jwk()}
        answer = self.browser.post("/api/sync/enrol", wish)
        if answer.status_code == 200:
            self.device = json.loads(answer.data)["device"]
        return answer

    def sign(self, path: str, body: bytes, method: str = "POST") -> str:
        text = f"{method}\n{path}\n{hashlib.sha256(body).hexdigest()}".encode()
        r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()

    def call(self, name: str, body: dict[str, Any], *, session: bool = True) -> TestResponse:
        """POST one sync message, gzipped and signed; `session=False`: after the session ended."""
        path = f"/api/sync/{name}"
        raw = gzip.compress(json.dumps({"nonce": "n-1", **body}, ensure_ascii=False).encode())
        headers = {
            **PROTOCOL,
            "Content-Type": WIRE,
            "Content-Encoding": "gzip",
            "X-FS-Device": self.device,
            "X-FS-Signature": self.sign(path, raw),
        }
        client = self.browser.client if session else self.person.app.test_client()
        return client.post(path, data=raw, headers=headers)

    def item(self, submission: dict[str, Any]) -> dict[str, Any]:
        """The wire item of a submission, its missing envelope fields filled in."""
        self.n += 1
        whole = {
            "id": str(uuid.uuid4()),
            "install": self.install,
            "n": self.n,
            "user": self.person.id,
            "fv": "1",
            "app": "0.1.0",
            "at": "2026-11-02T09:12:44+08:00",
            "clk": {"wall": 1793581964000, "mono": 12345},
            "area": LIULIN,
            "corrects": None,
            "on": "2026-11-02",
            "entities": [],
            "ops": [],
            "answers": {},
            "blobs": [],
        } | submission
        body = json.dumps(whole, ensure_ascii=False)
        sha = hashlib.sha256(body.encode()).hexdigest()
        return {"id": whole["id"], "n": whole["n"], "sha": sha, "body": body}

    def push(self, submissions: list[dict[str, Any]], **kwargs: Any) -> list[dict[str, Any]]:
        """Push submissions; the results `[{id, st, why}]`."""
        items = [self.item(submission) for submission in submissions]
        message = {
            "install": self.install,
            "device": self.device,
            "now": "2026-11-02T09:13:00+08:00",
            "subs": items,
        }
        answer = self.call("push", message, **kwargs)
        assert answer.status_code == 200, answer.data
        results: list[dict[str, Any]] = json.loads(answer.data)["results"]
        return results


@dataclass
class Person:
    """One member of the cast. The password is `<username reversed>-2026!`."""

    app: Flask
    id: str
    username: str
    name: str
    role: str

    @property
    def password(self) -> str:
        return password_of(self.username)

    def log_in(self) -> Browser:
        browser = Browser(self.app)
        answer = browser.post(
            "/api/session", {"username": self.username, "password": self.password}
        )
        assert answer.status_code == 200, answer.json
        return browser

    def enrol(self) -> Phone:
        """A new phone, enrolled."""
        phone = Phone(self, self.log_in())
        answer = phone.enrol()
        assert answer.status_code == 200, answer.data
        return phone


@dataclass
class Cast:
    """Everybody, by name: `cast.wang`."""

    app: Flask
    people: dict[str, Person] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Person:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def nobody(self) -> Browser:
        """A browser in which nobody is logged in."""
        return Browser(self.app)


def password_of(username: str) -> str:
    return f"{username[::-1]}-2026!"


def install_cast(app: Flask) -> None:
    """Write areas and people; ids are stable across runs. Run inside an app context."""
    with write_transaction():
        for area in AREAS:
            put_area(*area)
        for username, (name, role, granted) in PEOPLE.items():
            grants = [Grant(*grant) for grant in granted]
            users.add_user(
                username, name, role, password_of(username), grants, user_id=_id_of(username),
                trained=Trained("2026-03-12", _id_of("admin")) if role == "worker" else None,
            )  # fmt: skip


def meet_cast(app: Flask) -> Cast:
    """The cast of a database in which it was installed."""
    people = {
        username: Person(app, _id_of(username), username, name, role)
        for username, (name, role, _) in PEOPLE.items()
    }
    return Cast(app, people)


def _id_of(username: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"cast:{username}"))


def _b64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
