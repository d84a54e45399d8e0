"""Phones that push and pull over HTTP, prepared beforehand so that measuring costs little.

A phone connects, sends one push of 50 visits, reads the answer to its end and hangs up, as phones
do that come into reach one after another.
"""

import base64
import gzip
import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .clones import Clones, Village

WIRE = "application/vnd.fs-sync+json"
PUSH = 50
BUDGET = 64 * 1024
# What Chromium on a phone sends along, so that bytes are counted with it.
BROWSER = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "zh-CN,zh;q=0.9",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/149.0.0.0 Mobile Safari/537.36",
}


@dataclass(frozen=True)
class Request:
    """One message, ready to be sent."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Answer:
    """What came back. asked, packed: bytes of the two messages; sent, came: headers and all."""

    status: int
    body: bytes
    seconds: float
    sent: int
    came: int
    asked: int
    packed: int
    cookie: str = ""

    @property
    def message(self) -> dict[str, Any]:
        """The members of the answer."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Phone:
    """A nurse's phone. cookie, feeds, grants_ver: once she has logged in."""

    village: Village
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    cookie: str = ""
    grants_ver: str = ""
    feeds: list[str] = field(default_factory=list)
    ready: deque[Request] = field(default_factory=deque)
    _visits: list[Iterator[str]] = field(default_factory=list)

    @property
    def username(self) -> str:
        """Of its nurse."""
        return f"nurse{self.village.number}"

    @property
    def password(self) -> str:
        """Of its nurse."""
        return f"long enough, no. {self.village.number}!"

    def log_in(self, port: int) -> None:
        """Begin a session and learn what is to be pulled."""
        wish = json.dumps({"username": self.username, "password": self.password}).encode()
        headers = {**BROWSER, "X-FS-Proto": "1", "Content-Type": "application/json"}
        answer = ask(port, Request("/api/session", wish, headers))
        assert answer.status == 200, answer.body
        self.cookie = answer.cookie
        first = {"grants_ver": "", "catalogue": "", "feeds": {}, "budget": BUDGET}
        told = ask(port, self.request("pull", first)).message
        self.grants_ver, self.feeds = told["grants_ver"], told["gained"]

    def jwk(self) -> dict[str, str]:
        """The public key."""
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _b64url(numbers.x), "y": _b64url(numbers.y)}

    def request(self, name: str, message: Mapping[str, Any]) -> Request:
        """A signed message."""
        path = f"/api/sync/{name}"
        text = json.dumps({"nonce": "n-1", **message}, ensure_ascii=False, separators=(",", ":"))
        body = gzip.compress(text.encode(), 6)
        signed = f"POST\n{path}\n{hashlib.sha256(body).hexdigest()}".encode()
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
        headers = {
            **BROWSER, "X-FS-Proto": "1", "Content-Type": WIRE, "Content-Encoding": "gzip",
            "X-FS-Device": self.village.device, "X-FS-Signature": signature,
        }  # fmt: skip
        return Request(path, body, headers | ({"Cookie": self.cookie} if self.cookie else {}))

    def push(self, bodies: Sequence[str]) -> Request:
        """A push of these submissions."""
        items = []
        for body in bodies:
            sent = json.loads(body)
            sha = hashlib.sha256(body.encode()).hexdigest()
            items.append({"id": sent["id"], "n": sent["n"], "sha": sha, "body": body})
        envelope = {"install": self.village.install, "device": self.village.device,
                    "now": "2026-11-09T09:30:00.000+08:00"}  # fmt: skip
        return self.request("push", {**envelope, "subs": items})

    def prepare(self, clones: Clones, pushes: int) -> None:
        """Have at least so many pushes ready: the next visit of every 50 clients, in turn."""
        clients = range(self.village.clients)
        if not self._visits:
            self._visits = [clones.further(self.village, client) for client in clients]
        while len(self.ready) < pushes:
            for first in range(0, self.village.clients - PUSH + 1, PUSH):
                some = self._visits[first : first + PUSH]
                self.ready.append(self.push([next(visits) for visits in some]))


def ask(port: int, request: Request, connection: HTTPConnection | None = None) -> Answer:
    """Send it and read the answer; on a connection of its own unless one is given."""
    own = connection or HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    own.request("POST", request.path, request.body, dict(request.headers))
    response = own.getresponse()
    packed = response.read()
    seconds = time.perf_counter() - began
    if connection is None:
        own.close()
    headers = sum(len(k) + len(v) + 4 for k, v in response.getheaders()) + 19
    asked = sum(len(k) + len(v) + 4 for k, v in request.headers.items()) + len(request.path) + 60
    zipped = response.getheader("Content-Encoding") == "gzip"
    body = gzip.decompress(packed) if zipped else packed
    sent, came = asked + len(request.body), headers + len(packed)
    cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
    counted = (sent, came, len(request.body), len(packed))
    return Answer(response.status, body, seconds, *counted, cookie)


def storm(port: int, phones: Sequence[Phone], at_once: int, seconds: float) -> list[Answer]:
    """Phones push what they have ready, so many at once, until the time is over."""
    answers: list[Answer] = []
    add = answers.append
    end = time.perf_counter() + seconds

    def take(mine: Sequence[Phone]) -> None:
        while time.perf_counter() < end and any(phone.ready for phone in mine):
            for phone in mine:
                if phone.ready and time.perf_counter() < end:
                    add(ask(port, phone.ready.popleft()))

    shares = [phones[k::at_once] for k in range(at_once)]
    threads = [threading.Thread(target=take, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _b64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
