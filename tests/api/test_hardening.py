"""What the server promises about each answer, request and log line, whoever asks.

docs/asvs.toml cites these for requirements that no field story tells.
"""

import hashlib
import json
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, Type
from flask import Flask
from flask.logging import default_handler
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient

from fieldapp import clock, create_app, web
from fieldapp.accounts import passwords, schemas, sessions
from fieldapp.cli import main
from fieldapp.config import Settings
from fieldapp.db import db
from tests.cast import PROTOCOL, Browser, Cast
from tests.conftest import settings_for
from tests.visits import new_client

from .test_access import ADMITTED, SIGNED

GETS = sorted(path for method, path in ADMITTED if method == "GET" and "<" not in path)
# What the database has no part in is asked of one kind.
sqlite = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
OWN = "  Ｍixed ÄÖ 梧桐 铁锅 " + "river tractor marmalade " * 3 + " "


@pytest.fixture
def production(app: Flask, tmp_path: Path) -> Any:
    """A server behind one proxy, as it is in production, with a build of two files."""
    build = tmp_path / "app"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<!doctype html><title>入户随访</title>")
    (build / "assets" / "a-1.js").write_text("// app")
    (build / "assets" / "a-1.css").write_text("p{}")
    patch = pytest.MonkeyPatch()
    patch.setattr(web, "APP", build)
    patch.setenv("FLASK_DEBUG", "1")
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    made = create_app(settings_for(tmp_path, url, production=True, proxies=1, testing=False))
    yield made
    patch.undo()
    with made.app_context():
        db.engine.dispose()


def through_proxy(app: Flask, path: str, method: str = "GET", proto: str = "https") -> Any:
    headers = {**PROTOCOL, "X-Forwarded-Proto": proto, "X-Forwarded-For": "10.0.0.1"}
    return app.test_client().open(path, method=method, headers=headers, buffered=True)


PATHS = [
    "/",
    "/review",
    "/assets/a-1.js",
    "/assets/gone.js",
    "/api/health",
    "/api/session",
    "/api/no",
]


@sqlite
class TestAnswers:
    @pytest.mark.parametrize("path", PATHS)
    def test_in_production_each_is_guarded(self, production: Flask, path: str) -> None:
        headers = through_proxy(production, path).headers
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = dict(one.split(" ", 1) for one in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'", "objects too"
        assert policy["base-uri"] == "'none'"
        sources = {
            source for key, value in policy.items() if "-src" in key for source in value.split()
        }
        assert sources <= {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:", "data:"}, "no host"

    @pytest.mark.parametrize(
        "path", [*PATHS, "/api/docs", "/api/docs/style.css", "/assets/a-1.css"]
    )
    def test_each_names_its_type_and_texts_their_characters(
        self, production: Flask, path: str
    ) -> None:
        kind = through_proxy(production, path).content_type
        assert kind
        assert not kind.startswith("text/") or "charset=utf-8" in kind

    @pytest.mark.parametrize("path", ["/api/health", "/api/session", "/api/sync/push", "/"])
    def test_no_other_origin_is_allowed(self, client: FlaskClient, path: str) -> None:
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        for method in ("GET", "OPTIONS", "POST"):
            answer = client.open(path, method=method, headers=asked, buffered=True)
            assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]

    def test_over_a_plain_line_nothing_is_served_and_nobody_sent_on(
        self, production: Flask
    ) -> None:
        for path in ("/", "/api/session", "/assets/a-1.js"):
            answer = through_proxy(production, path, proto="http")
            assert (answer.status_code, answer.json["code"]) == (403, "plain_http")
            assert "Location" not in answer.headers

    def test_no_folder_is_listed_and_no_trace_is_sent_back(self, production: Flask) -> None:
        for path in ("/assets/", "/assets", "/.git/config", "/.git/", "/static/", "/api/"):
            answer = through_proxy(production, path)
            assert "a-1" not in answer.text, path
            assert answer.status_code == 404 or answer.text.startswith("<!doctype html><title>入户")
        for path in ("/", "/api/health"):
            assert through_proxy(production, path, "TRACE").status_code == 405

    def test_nothing_is_debugged_in_production(
        self, production: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not even where somebody left FLASK_DEBUG in the environment."""
        assert not production.debug

        def fail() -> None:
            raise RuntimeError("what it was about")

        monkeypatch.setitem(production.view_functions, "health.Health", fail)
        answer = through_proxy(production, "/api/health")
        assert (answer.status_code, answer.json["code"]) == (500, "server_error")
        assert "what it was about" not in answer.text
        assert "Traceback" not in answer.text


class TestRequests:
    def test_nothing_is_changed_without_the_header_that_a_foreign_page_can_not_send(
        self, cast: Cast
    ) -> None:
        desk = cast.admin.log_in()
        writing = [(m, p) for m, p in ADMITTED if m != "GET"] + [("POST", p) for p in SIGNED]
        for method, path in writing:
            address = re.sub(r"<[^>]*>", "x", path)
            for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
                answer = desk.client.open(address, method=method, data="{}", content_type=kind)
                assert (answer.status_code, answer.json["code"]) == (403, "forged_origin"), path

    def test_reading_changes_no_record(self, app: Flask, cast: Cast) -> None:
        """What is asked for by GET, by anybody: only sessions and the access log take note."""
        cast.wang.enrol().push([new_client(app, cast.wang, "张小梅")])
        desks = [cast.people[who].log_in() for who in ("admin", "steward", "chen", "zhao", "wang")]
        before = everything(app)
        for desk in desks:
            for path in GETS:
                assert desk.client.get(path, buffered=True).status_code < 500
        assert everything(app) == before

    def test_nobody_gets_a_session_unasked(self, cast: Cast) -> None:
        for path in ["/", *GETS]:
            assert "Set-Cookie" not in cast.nobody().client.get(path, buffered=True).headers, path

    def test_a_mark_of_a_pattern_finds_nobody(self, app: Flask, cast: Cast) -> None:
        cast.wang.enrol().push([new_client(app, cast.wang, "张小梅")])
        desk = cast.steward.log_in()

        def found(text: str) -> int:
            return len(desk.post("/api/rights/find", {"scope": "health", "text": text}).json)

        assert found("张小梅") == 1
        assert [found(text) for text in ("张.梅", ".*", "%%", "__", "张%")] == [0] * 5

    def test_each_gives_its_connection_back(self, app: Flask, cast: Cast) -> None:
        desk = cast.chen.log_in()
        for path in [*GETS, "/api/review/visits/none", "/api/forms/none/1"]:
            desk.client.get(path, buffered=True)
        with app.app_context():
            assert db.engine.pool.checkedout() == 0


def everything(app: Flask) -> dict[str, list[Any]]:
    """All rows of all tables but those that take note of who came."""
    noting = {"login_session", "device", "audit", "audit_head"}
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET app.mode = 'system'"))
        tables = [t for t in db.metadata.sorted_tables if t.name not in noting]
        return {t.name: sorted(map(repr, connection.execute(sa.select(t)))) for t in tables}


class TestPasswords:
    def change(self, desk: Browser, old: str, new: str) -> int:
        return desk.post("/api/own/password", {"old": old, "new": new}).status_code

    def log_in(self, cast: Cast, password: str) -> int:
        wish = {"username": "li", "password": password}
        return cast.nobody().post("/api/session", wish).status_code

    @sqlite
    def test_one_of_any_signs_is_taken_as_it_is(self, cast: Cast) -> None:
        """Over 72 bytes, blanks at both ends; not cut, trimmed, folded or lowered."""
        assert len(OWN) >= 90
        assert self.change(cast.li.log_in(), cast.li.password, OWN) == 204
        assert self.log_in(cast, OWN) == 200
        near = [OWN.strip(), OWN[:-1], OWN[:72], OWN.lower(), OWN.replace("Ｍ", "M"), OWN + " "]
        assert [self.log_in(cast, one) for one in near] == [401] * 6

    @sqlite
    def test_it_asks_for_no_kinds_of_signs(self, cast: Cast) -> None:
        desk, old = cast.li.log_in(), cast.li.password
        for new in ("walk river green", "密码本里没有的七弯八拐", "CORRECT HORSE BATTERY"):
            assert self.change(desk, old, new) == 204
            old = new

    @sqlite
    def test_it_holds_until_somebody_changes_it(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = clock.now() + timedelta(days=3 * 365)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert self.log_in(cast, cast.li.password) == 200

    def test_it_is_kept_by_argon2id(self) -> None:
        usual = PasswordHasher()
        assert usual.type is Type.ID
        assert usual.memory_cost >= 19 * 1024
        assert usual.time_cost >= 2
        source = Path(passwords.__file__).read_text("utf-8")
        assert "_hasher = PasswordHasher()\n" in source

    def test_no_hint_and_no_secret_question_is_kept(self) -> None:
        for schema in (schemas.NewUserSchema, schemas.UpdateUserSchema, schemas.MeSchema):
            names = " ".join(schema().fields)
            assert not re.search("hint|question|answer|birth|mother", names)


class TestTokens:
    @sqlite
    def test_each_is_new_random_and_looked_up(self, app: Flask, cast: Cast) -> None:
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert serializer
        held = [serializer.loads(cookie(cast.li.log_in()))["_user_id"] for _ in range(2)]
        assert len(set(held)) == 2
        assert all(re.fullmatch(r"[\w-]{43}", one) for one in held), "256 bits"
        with app.app_context():
            stored = set(db.session.scalars(sa.select(sessions.LoginSession.token_sha)))
            db.session.remove()
        assert {hashlib.sha256(one.encode()).hexdigest() for one in held} <= stored
        assert not set(held) & stored
        forged = cast.nobody()
        forged.client.set_cookie("fieldapp", str(serializer.dumps({"_user_id": "A" * 43})))
        assert forged.get("/api/session").status_code == 401, "signed, and known to nobody"


def cookie(desk: Browser) -> str:
    held = desk.client.get_cookie("fieldapp")
    assert held
    return str(held.value)


class TestLogs:
    def test_nobody_begins_a_line_of_their_own(self, caplog: pytest.LogCaptureFixture) -> None:
        create_app(settings_for(Path("/dev/null"), "sqlite://"))
        forged = "/api/x\n2026-11-02T09:00:00Z ERROR all is well\r\x1b[2K\u2028end"
        logging.getLogger("anybody's").error("unexpected error on %s", forged)
        (record,) = caplog.records
        line = record.getMessage()
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)
        assert line.startswith("unexpected error on /api/x\\n2026-11-02")

    def test_each_line_says_when_in_utc(self) -> None:
        create_app(settings_for(Path("/dev/null"), "sqlite://"))
        record = logging.makeLogRecord(
            {"created": 0.5, "msecs": 500, "msg": "x", "levelname": "INFO"}
        )
        assert default_handler.format(record) == "1970-01-01T00:00:00.500Z INFO x"

    @sqlite
    def test_the_access_log_is_lines_of_json_in_utc(self, app: Flask, cast: Cast) -> None:
        cast.chen.log_in().get("/api/review/visits")
        lines = app.test_cli_runner().invoke(main, ["audit", "export"]).output.splitlines()
        rows = [json.loads(line) for line in lines]
        assert {"login"} <= {row["act"] for row in rows}
        assert all(re.fullmatch(r"[\d-]{10}T[\d:.]{15}Z", row["at"]) for row in rows)

    def test_settings_show_no_secret(self, tmp_path: Path) -> None:
        url = "postgresql+psycopg://fieldapp:the-password@db/fieldapp"
        shown = repr(Settings(tmp_path, url, "the secret of the server, which is long"))
        assert "the secret" not in shown
        assert "the-password" not in shown
