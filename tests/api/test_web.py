"""The app's own files, their cache rules and the security headers."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from werkzeug.test import TestResponse

from fieldapp import create_app, web
from tests.conftest import settings_for


class WholeAnswers(FlaskClient):
    """Reads answers to their end, so that no served file stays open."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, buffered=True, **kwargs)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A server with a build of three files."""
    build = tmp_path / "app"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<!doctype html><title>入户随访</title>")
    (build / "sw.js").write_text("// worker")
    (build / "assets" / "index-1a2b3c.js").write_text("// app")
    monkeypatch.setattr(web, "APP", build)
    app = create_app(settings_for(tmp_path, "sqlite://"))
    app.test_client_class = WholeAnswers
    return app.test_client()


@pytest.mark.parametrize("path", ["/", "/review", "/review/visits/42", "/today", "/index.html"])
def test_every_screen_s_address_opens_the_app_and_is_asked_for_anew(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert "入户随访" in answer.text


def test_the_service_worker_is_never_stale_and_rules_the_whole_site(client: FlaskClient) -> None:
    answer = client.get("/sw.js")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Service-Worker-Allowed"] == "/"


def test_hashed_assets_are_kept_for_ever(client: FlaskClient) -> None:
    answer = client.get("/assets/index-1a2b3c.js")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/assets/index-gone.js", "/robots.txt", "/../config.py"])
def test_a_missing_file_is_not_answered_with_the_app(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert "immutable" not in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/unknown", "/api/review/unknown/x"])
def test_an_unknown_api_address_is_a_problem_not_a_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/unknown", "/assets/index-1a2b3c.js"])
def test_every_answer_is_guarded(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy.replace("'wasm-unsafe-eval'", "")
    assert "require-trusted-types-for 'script'; trusted-types vue default;" in policy
    assert "frame-ancestors 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in headers, "development has no TLS"


def test_answers_of_the_api_are_stored_nowhere(client: FlaskClient) -> None:
    assert client.get("/api/health").headers["Cache-Control"] == "no-store"


def test_problems_speak_the_reader_s_language(client: FlaskClient) -> None:
    assert client.get("/api/unknown").json["title"] == "没有找到"
    english = client.get("/api/unknown", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert english.json["title"] == "Not found"


class TestReadableDocs:
    """/api/docs works with nothing but the server."""

    def test_it_names_every_operation_of_the_document(self, client: FlaskClient) -> None:
        page = client.get("/api/docs").text
        for path, item in client.get("/api/openapi.json").json["paths"].items():
            assert f"<code>{path}</code>" in page
            for method in set(item) & {"get", "post", "put", "patch", "delete"}:
                assert item[method]["summary"], (method, path)
                line = f"{method.upper()}</b> <code>{path}</code> {escape(item[method]['summary'])}"
                assert line in page

    def test_it_asks_nothing_of_other_hosts(self, client: FlaskClient) -> None:
        page = client.get("/api/docs").text
        assert "//" not in page.replace("<!doctype html>", "")
        assert "<script" not in page
        assert client.get("/api/docs/style.css").content_type.startswith("text/css")
