"""A server under fault: its database, its processes, and phones that send to it over HTTP."""

import base64
import gzip
import hashlib
import http.client
import json
import random
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask_migrate
from argon2 import PasswordHasher
from flask import Flask

from fieldapp import create_app
from fieldapp.accounts import passwords
from fieldapp.db import db
from fieldapp.forms.service import publish_packaged
from tests.cast import PROTOCOL, WIRE, Phone, install_cast, meet_cast
from tests.conftest import settings_for
from tests.databases import Cluster
from tests.visits import TENANT, new_client, rental_visit

Item = dict[str, Any]
KEPT = frozenset({"stored", "conflict", "duplicate"})
GONE = (OSError, http.client.HTTPException, ValueError)  # an answer cut short is none


class Mother:
    """The process that makes server processes; see mother.py."""

    def __init__(self, url: str, home: Path) -> None:
        self._log = (home / "server.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.endure.mother", url, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.port = int(self._said("PORT"))

    def start(self) -> int:
        """One more server process; its id."""
        self._tell("start")
        return int(self._said("PID"))

    def kill(self, pid: int) -> None:
        """SIGKILL; returns once it is gone."""
        self._tell(f"kill {pid}")
        self._said("GONE")

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """All of them."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()
        self._log.close()

    def _said(self, word: str) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line.startswith(f"{word} "), f"the server did not start: {line!r}"
        return line.removeprefix(f"{word} ").strip()


@dataclass
class Place:
    """One server with its cast, forms and phones."""

    url: str
    home: Path
    app: Flask
    phones: list[Phone]
    samples: list[dict[str, Any]]
    cluster: Cluster | None
    mother: Mother

    def item(self, phone: Phone, chance: random.Random) -> Item:
        """A visit nobody made before."""
        return phone.item(renewed(chance.choice(self.samples), chance))

    def line(self, phone: Phone) -> "Line":
        """A connection of this phone."""
        return Line(self.mother.port, phone)


@contextmanager
def prepared(kind: str, phones: int = 3) -> Iterator[Place]:
    """A place on `sqlite` or `postgresql`; no server process runs yet."""
    home = Path(tempfile.mkdtemp(prefix="fieldapp-endure-"))
    home.chmod(0o755)
    cluster = None
    try:
        if kind == "postgresql":
            (home / "pg").mkdir()
            cluster = Cluster(home / "pg")
            cluster.start()
        url = cluster.url if cluster else f"sqlite:///{home / 'fieldapp.sqlite'}"
        app, enrolled, samples = _furnished(url, home, phones)
        _write_warm(home, enrolled[0], samples[0])
        mother = Mother(url, home)
        try:
            yield Place(url, home, app, enrolled, samples, cluster, mother)
        finally:
            mother.end()
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
    finally:
        if cluster:
            cluster.stop_at_once()
        shutil.rmtree(home, ignore_errors=True)


def _furnished(url: str, home: Path, phones: int) -> tuple[Flask, list[Phone], list[Any]]:
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    app = create_app(settings_for(home, url, testing=False))
    with app.app_context():
        db.create_all()
        flask_migrate.stamp()
        install_cast(app)
        publish_packaged()
        db.session.remove()
    cast = meet_cast(app)
    enrolled = [cast.wang.enrol() for _ in range(phones)]
    samples = [
        new_client(app, cast.wang, "张小梅"),
        rental_visit(app, cast.wang, residents=[TENANT]),
        rental_visit(app, cast.wang, residents=[]),
    ]
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return app, enrolled, samples


def _write_warm(home: Path, phone: Phone, sample: dict[str, Any]) -> None:
    """A push for mother.py: the same bytes twice, as phones do when an answer was lost."""
    raw, headers = Line(0, phone).signed([phone.item(sample)] * 2)
    body = base64.b64encode(raw).decode()
    (home / "warm.json").write_text(json.dumps({"headers": headers, "body": body}))


def renewed(sample: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same visit to somebody else: every id of its own is another."""
    text = json.dumps(sample, ensure_ascii=False)
    for old in {sample["id"], *(entity["e"] for entity in sample["entities"])}:
        text = text.replace(old, str(uuid.UUID(int=chance.getrandbits(128), version=4)))
    found: dict[str, Any] = json.loads(text)
    return found


class Line:
    """A phone's connection, opened again when it breaks."""

    def __init__(self, port: int, phone: Phone) -> None:
        self._port, self._phone = port, phone
        self._connection: http.client.HTTPConnection | None = None

    def push(self, items: list[Item]) -> list[dict[str, Any]] | None:
        """The results, or None if no proper answer came."""
        return self.send(self.signed(items))

    def signed(self, items: list[Item]) -> tuple[bytes, dict[str, str]]:
        """The request as it goes out."""
        message = {"nonce": uuid.uuid4().hex, "install": self._phone.install, "subs": items}
        raw = gzip.compress(json.dumps(message, ensure_ascii=False).encode(), 1)
        headers = {
            **PROTOCOL,
            "Content-Type": WIRE,
            "Content-Encoding": "gzip",
            "X-FS-Device": self._phone.device,
            "X-FS-Signature": self._phone.sign("/api/sync/push", raw),
        }
        return raw, headers

    def send(self, request: tuple[bytes, dict[str, str]]) -> list[dict[str, Any]] | None:
        """As `push`, of a request made before."""
        raw, headers = request
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._connection.request("POST", "/api/sync/push", raw, headers)
            answer = self._connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                return None
            results: list[dict[str, Any]] = json.loads(body)["results"]
            return results
        except GONE:
            self.close()
            return None

    def close(self) -> None:
        """Hang up."""
        if self._connection:
            self._connection.close()
        self._connection = None


def sha_of(item: Item) -> str:
    """The hash of an item's text."""
    return hashlib.sha256(item["body"].encode()).hexdigest()
