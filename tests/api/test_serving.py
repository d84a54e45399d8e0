"""The server as an operator starts it: prepared by itself, serving, and stopping when told."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from fieldapp.config import MissingSetting, Settings

PROGRAM = [sys.executable, "-c", "from fieldapp.cli import main; main()"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own and nothing else set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIELDAPP_")}
    return {**kept, "FIELDAPP_HOME": str(tmp_path / "home"), "LANG": "en_US.UTF-8"}


@pytest.fixture
def address(environment: dict[str, str]) -> Iterator[str]:
    """A running server; it must end within ten seconds of being told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*PROGRAM, "run", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield wait_for(server, f"http://127.0.0.1:{port}")
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.communicate()


def wait_for(server: "subprocess.Popen[str]", address: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api/health", timeout=5).close()
            return address
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {address}; code {server.poll()}")


def call(url: str, method: str = "GET", body: object = None, cookie: str = "") -> tuple[dict, str]:
    """The JSON answer and the session cookie."""
    headers = {"X-FS-Proto": "1", "Content-Type": "application/json", "Cookie": cookie}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer), (answer.headers["Set-Cookie"] or "").split(";")[0]


def test_an_empty_folder_becomes_a_server_with_tables_and_forms(
    environment: dict[str, str], address: str
) -> None:
    table = Path(environment["FIELDAPP_HOME"]) / "areas.csv"
    table.write_text(
        "code,name_zh,name_en,level,parent\n379901000000,区,D,district,\n"
        "379901001000,镇,T,town,379901000000\n379901001001,村,V,village,379901001000\n"
    )
    worker = ["--role", "worker", "--grant", "379901001001:housing"]
    for args in (
        ["areas", "load", str(table)],
        ["users", "add", "wang", "--name", "王芳", *worker, "--password", "very secret 1", "--own"],
    ):
        subprocess.run([*PROGRAM, *args], env=environment, check=True, capture_output=True)
    body = {"username": "wang", "password": "very secret 1"}
    me, cookie = call(f"{address}/api/session", "POST", body)
    assert me["scopes"] == ["housing"]
    catalogue, _ = call(f"{address}/api/catalogue", cookie=cookie)
    assert [form["id"] for form in catalogue["forms"]] == ["rental_register"]


def test_a_message_whose_end_is_told_twice_is_refused(address: str) -> None:
    """What another server in front might take for two requests is none here."""
    host, port = address.removeprefix("http://").split(":")
    head = f"POST /api/session HTTP/1.1\r\nHost: {host}\r\nX-FS-Proto: 1\r\n"
    body = "0\r\n\r\nGET /api/health HTTP/1.1\r\nHost: x\r\n\r\n"
    for ends in (
        f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=20) as line:
            line.sendall(f"{head}{ends}\r\n{body}".encode())
            said = b"".join(iter(partial(line.recv, 65536), b""))
        assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), said[:80]
        assert said.count(b"HTTP/1.1 ") == 1, said


def test_production_refuses_to_start_without_its_secret(environment: dict[str, str]) -> None:
    result = subprocess.run(
        [*PROGRAM, "run"],
        env={**environment, "FIELDAPP_ENV": "production"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "FIELDAPP_SECRET" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_start_loads_nothing_that_it_does_not_need(environment: dict[str, str]) -> None:
    """pyxform alone would be most of a second, the dictionary of pinyin 56 MB."""
    program = (
        "import sys; from fieldapp import create_app; from fieldapp.cli import prepare\n"
        "with create_app().app_context(): prepare()\n"
        "print(sorted({'pyxform', 'pypinyin', 'zxcvbn'} & set(sys.modules)))"
    )
    started = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert started == ["['pyxform']", "[]"]


def test_a_packaged_form_changed_without_a_new_version_stops_the_start_in_one_line(
    environment: dict[str, str],
) -> None:
    """The database holds other questions under the number that the package has."""
    call_program = partial(
        subprocess.run, env=environment, capture_output=True, text=True, timeout=60
    )
    for command in ("migrate", "forms publish-all"):
        call_program([*PROGRAM, *command.split()], check=True)
    with sqlite3.connect(Path(environment["FIELDAPP_HOME"]) / "fieldapp.sqlite") as database:
        database.execute("UPDATE form_version SET source = 'x', hash = 'x'")
    result = call_program([*PROGRAM, "run", "--port", "0"])
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "is published already with other content. Raise version" in line


class TestSettings:
    """What the environment says."""

    @pytest.mark.parametrize("slip", ["prod", "Production", "production ", ""])
    def test_a_slip_in_the_word_production_doesn_t_start(self, tmp_path: Path, slip: str) -> None:
        with pytest.raises(MissingSetting, match="FIELDAPP_ENV"):
            Settings.from_environment({"FIELDAPP_ENV": slip, "FIELDAPP_HOME": str(tmp_path)})

    def test_a_short_secret_is_no_secret_in_production(self, tmp_path: Path) -> None:
        env = {"FIELDAPP_ENV": "production", "FIELDAPP_HOME": str(tmp_path)}
        with pytest.raises(MissingSetting):
            Settings.from_environment({**env, "FIELDAPP_SECRET": "short"})
        whole = {**env, "FIELDAPP_SECRET": "s" * 32, "FIELDAPP_PROXIES": "1"}
        settings = Settings.from_environment(whole)
        assert settings.production
        assert settings.rate_limits

    def test_production_wants_to_know_who_encrypts_the_line(self, tmp_path: Path) -> None:
        env = {"FIELDAPP_ENV": "production", "FIELDAPP_HOME": str(tmp_path)}
        env["FIELDAPP_SECRET"] = "s" * 32
        with pytest.raises(MissingSetting, match="FIELDAPP_PROXIES"):
            Settings.from_environment(env)
        assert Settings.from_environment({**env, "FIELDAPP_TLS": "ended-in-front"}).production

    def test_in_development_a_secret_is_made_once_and_kept_to_oneself(self, tmp_path: Path) -> None:
        env = {"FIELDAPP_HOME": str(tmp_path / "new")}
        first, second = Settings.from_environment(env), Settings.from_environment(env)
        assert first.secret == second.secret
        assert len(first.secret) >= 32
        kept = tmp_path / "new" / "development-secret"
        assert kept.stat().st_mode & 0o777 == 0o600

    def test_the_database_is_in_the_home_unless_another_is_named(self, tmp_path: Path) -> None:
        env = {"FIELDAPP_HOME": str(tmp_path), "FIELDAPP_PROXIES": "1", "FIELDAPP_RATE_LIMITS": "0"}
        settings = Settings.from_environment(env)
        assert settings.database_url == f"sqlite:///{tmp_path / 'fieldapp.sqlite'}"
        assert (settings.proxies, settings.rate_limits) == (1, False)
        other = Settings.from_environment(
            {**env, "FIELDAPP_DATABASE_URL": "postgresql+psycopg:///x"}
        )
        assert other.database_url == "postgresql+psycopg:///x"
