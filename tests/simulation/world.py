"""One server as a history finds it: requests, people and their rights, backups, the desk."""

import base64
import gc
import io
import random
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

from fieldapp import clock, create_app
from fieldapp.accounts import passwords, sessions, users
from fieldapp.accounts.access import Grant
from fieldapp.areas import service as areas
from fieldapp.attachments import service as attachments
from fieldapp.backup import carried
from fieldapp.config import Settings
from fieldapp.db import db, write_transaction
from fieldapp.devices import service as devices
from fieldapp.forms.service import publish
from fieldapp.sync import durable, feed, service
from fieldapp.sync.reconcile import Derivation
from fieldapp.sync.rules import CurrentRules, current_rules
from fieldapp.sync.transactions import writing
from tests.cast import install_cast, meet_cast

from . import desk, facts
from .effort import parent_of, worked
from .faults import Faults, KilledError
from .tables import Rows, Tables

FORMS = Path(__file__).parent / "forms"
PROGRAMS = {"client": "consent", "preg": "antenatal", "home": "rental", "tenant": "rental"}
POISON = "POISON"
COLLECT_EVERY = 20  # histories
SECRET = "a secret for tests only, long enough for anybody"
INSTALLED = datetime(2026, 11, 1, 8, tzinfo=UTC)


class Clock:
    """The server's time and ids, both told by the history."""

    def __init__(self) -> None:
        self.ms, self._random = round(INSTALLED.timestamp() * 1000), random.Random(0)
        clock.now = self.now
        clock.new_id = self.new_id

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.ms / 1000, UTC)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def seed(self, seed: int) -> None:
        self._random.seed(seed)


class World:
    """Every method named `do_…` is a wish of the history; its answer is JSON."""

    def __init__(self, home: Path, url: str) -> None:
        self.clock = Clock()
        _make_quick()
        _fail_on_poison()
        settings = Settings(home=home, database_url=url, secret=SECRET, rate_limits=False)
        self.app = create_app(settings)
        self.app.logger.disabled = True
        with self.app.app_context():
            _install(self.app)
            self.engine = db.engine
        self.begun = 0
        self.people = meet_cast(self.app).people
        self.tables = Tables(self.engine)
        self.faults = Faults(self.engine)
        self.start: Rows = self.tables.keep()
        self.backup: Rows = self.start
        self.tables.begin(self.start)

    def answer(self, wish: Mapping[str, Any]) -> Any:
        """What comes of one wish."""
        self.clock.ms = wish["now"]
        arguments = {k: v for k, v in wish.items() if k not in ("do", "now")}
        with self.app.app_context():
            try:
                return getattr(self, f"do_{wish['do']}")(**arguments)
            finally:
                self.faults.arm()
                db.session.remove()

    # ---- histories ------------------------------------------------------------------------------

    def do_begin(self, seed: int) -> None:
        """A history begins: everything as it was after the phones were enrolled."""
        self.tables.begin(self.start)
        self.backup = self.start
        self.clock.seed(seed)
        self.begun += 1
        if self.begun % COLLECT_EVERY == 0:
            gc.collect()

    def do_start_here(self) -> None:
        """What stands now is how histories begin."""
        self.start = self.tables.keep()

    # ---- requests -------------------------------------------------------------------------------

    def do_http(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: str = "",
        die: int | None = None,
        stumble: int | None = None,
        busy: int = 0,
    ) -> dict[str, Any]:
        """One request, straight into the application."""
        db.session.remove()
        environ = _environ(method, path, headers, base64.b64decode(body))
        said: dict[str, Any] = {}

        def start_response(status: str, told: list[tuple[str, str]], _info: Any = None) -> Any:
            said.update(status=int(status[:3]), headers=told)
            return lambda _data: None

        self.faults.arm(die, stumble, busy)
        try:
            chunks = self.app.wsgi_app(environ, start_response)
            raw = b"".join(chunks)
        except KilledError:
            return {"died": True, "statements": self.faults.statements}
        said["body"] = base64.b64encode(raw).decode()
        return said | {"statements": self.faults.statements}

    # ---- people ---------------------------------------------------------------------------------

    def do_grants(self, user: str, grants: list[tuple[str, str]]) -> None:
        """The areas of a person, from now on."""
        with write_transaction():
            person = users.find(user)
            assert person is not None
            users.set_grants(person, [Grant(*grant) for grant in grants])

    def do_log_out(self, user: str) -> None:
        """Every session of a person ends."""
        with write_transaction():
            person = users.find(user)
            assert person is not None
            sessions.end_all(person.id)

    def do_revoke(self, device: str) -> None:
        """A phone is reported lost."""
        with write_transaction():
            row = devices.get(device)
            if row is not None:
                devices.revoke(row)

    # ---- backups --------------------------------------------------------------------------------

    def do_backup(self) -> None:
        """A verified copy of everything; phones may forget what is in it."""
        floor = durable.fence()
        db.session.remove()
        self.backup = self.tables.keep()
        durable.cover(floor)

    def do_restore(self, epoch: bool) -> None:
        """The server comes back from its last backup. epoch: the operator said so to the phones."""
        keep = carried.remember(self.engine)
        assert keep is not None
        self.tables.put_back(self.backup)
        with writing() as connection:
            carried.put_in(connection, keep)
        if epoch:
            service.new_epoch()

    # ---- the desk -------------------------------------------------------------------------------

    def do_desk(self, what: str, user: str, pick: int) -> dict[str, Any] | None:
        """Somebody at the desk does something, to the `pick`-th of what there is."""
        return desk.act(what, self.people[user].id, pick)

    # ---- looking --------------------------------------------------------------------------------

    def do_cpu(self) -> float:
        """Seconds of work so far, of PostgreSQL's processes too."""
        if self.engine.dialect.name != "postgresql":
            return time.process_time()
        with self.engine.connect() as connection:
            pid = connection.scalar(sa.select(sa.func.pg_backend_pid()))
        return time.process_time() + worked(parent_of(pid))

    def do_facts(self) -> dict[str, Any]:
        """What is in the log and what was derived from it."""
        return facts.gather()

    def do_heads(self) -> dict[str, list[Any]]:
        """Where each feed stands."""
        return facts.heads()

    def do_audit(self) -> list[str]:
        """What the server itself finds wrong."""
        return [*service.audit(), *attachments.faults()]

    def do_rebuild(self, seed: int) -> dict[str, Any]:
        """Everything derived again, in another order; what came of it."""
        service.rebuild(random.Random(seed).shuffle)
        return facts.derived()

    def do_replay(self, seed: int) -> dict[str, Any]:
        """Every submission of the log arrives again, in any order and batches."""
        chance = random.Random(seed)
        items = desk.everything_again()
        chance.shuffle(items)
        states = []
        while items:
            size = chance.randint(1, 5)
            states += [result.st for result in service.take_in(items[:size])]
            items = items[size:]
        return facts.derived() | {"states": states}


def _install(app: Flask) -> None:
    db.create_all()
    install_cast(app)
    for name, program in PROGRAMS.items():
        publish(FORMS / f"sim_{name}.md", program)
    db.session.remove()


def _make_quick() -> None:
    """Weak passwords and no pauses; what no history changes is looked up once; small pages, so that
    short histories have many.
    """
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    service.PAUSE = 0
    shared = lru_cache(current_rules)
    service.current_rules = feed.current_rules = shared
    areas.leaf_codes = lru_cache(areas.leaf_codes)
    for name in ("catalogue_hash", "view_hash"):
        setattr(CurrentRules, name, lru_cache(getattr(CurrentRules, name)))
    feed.PAGE, feed.MANIFEST_PAGE, feed.BUDGET = 3, 3, (300, 600, 1024 * 1024)


def _fail_on_poison() -> None:
    """A form that can't bear one name: the server's own fault, which must stay one item's."""
    derive = Derivation.of.__func__  # type: ignore[attr-defined]

    def of(cls: type[Derivation], derived: Mapping[str, Any], on: str) -> Derivation:
        if any(write["v"] == POISON or POISON in str(write["v"]) for write in derived["writes"]):
            raise RuntimeError
        made: Derivation = derive(cls, derived, on)
        return made

    Derivation.of = classmethod(of)  # type: ignore[assignment,method-assign]


def _environ(method: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ
