"""The command line: first accounts, areas, forms, the API's document."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp import cli
from fieldapp.accounts import users
from tests.cast import LIULIN, SHIQIAO, TOWN, Cast

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Runs a command on the test's database."""

    def invoke(*args: str) -> Result:
        return CliRunner().invoke(cli.main, args, obj=ScriptInfo(create_app=lambda: app))

    return invoke


def test_the_first_administrator_is_made_here(run: Run, cast: Cast) -> None:
    made = run(
        "users", "add", "boss", "--name", "何洁", "--role", "admin", "--password", "very secret 1"
    )
    assert made.exit_code == 0, made.output
    answer = cast.nobody().post("/api/session", {"username": "boss", "password": "very secret 1"})
    assert answer.json["administers"]


def test_a_worker_gets_areas_and_other_areas(run: Run, app: Flask) -> None:
    run("users", "add", "hao", "--name", "郝静", "--role", "worker", "--password", "very secret 1",
        "--grant", f"{LIULIN}:health", "--grant", f"{LIULIN}:housing",
        "--trained", "2026-03-12", "--approved-by", "admin")  # fmt: skip
    listed = next(row for row in run("users", "list").output.splitlines() if row.startswith("hao"))
    assert listed == f"hao\tworker\t郝静\t{LIULIN}:health {LIULIN}:housing"
    assert run("users", "grant", "hao", f"{SHIQIAO}:health").exit_code == 0
    with app.app_context():
        assert [grant.area for grant in users.find("hao").grants] == [SHIQIAO]


def test_both_scopes_are_given_after_the_training(run: Run) -> None:
    run("users", "add", "hao", "--name", "郝静", "--role", "worker", "--password", "very secret 1")
    both = (f"{LIULIN}:health", f"{LIULIN}:housing")
    refused = run("users", "grant", "hao", *both)
    assert (refused.exit_code, "training" in refused.output) == (1, True)
    kept = run("users", "trained", "hao", "--on", "2026-03-12", "--approved-by", "admin")
    assert kept.exit_code == 0, kept.output
    assert run("users", "grant", "hao", *both).exit_code == 0


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["add", "x1", "--name", "某", "--role", "mayor", "--password", "very secret 1"], "mayor"),
        (["add", "x1", "--name", "某", "--role", "admin", "--password", "short"], "password"),
        (
            ["add", "wang", "--name", "某", "--role", "admin", "--password", "very secret 1"],
            "taken",
        ),
        (["password", "nobody", "--password", "very secret 1"], "there is no nobody"),
        (["grant", "wang", "379901001001:police"], "health"),
        (["grant", "chen", f"{LIULIN}:housing"], "no part in housing"),
        (["grant", "zhao", f"{LIULIN}:health"], "no part in health"),
        (["trained", "chen", "--on", "2026-03-12", "--approved-by", "admin"], "no such training"),
        (["trained", "wang", "--on", "2026-03-12", "--approved-by", "li"], "administrator"),
        (["trained", "wang", "--on", "2999-03-12", "--approved-by", "admin"], "yet to come"),
        (["grant", "wang", "999999999999:health"], "no area"),
    ],
)
def test_what_can_not_be_is_said_in_one_line(run: Run, args: list[str], told: str) -> None:
    result = run("users", *args)
    assert result.exit_code != 0
    assert told in result.output
    assert "Traceback" not in result.output


def test_a_forgotten_password_is_replaced_and_the_old_session_ends(run: Run, cast: Cast) -> None:
    desk = cast.wang.log_in()
    assert run("users", "password", "wang", "--password", "a new one 2026").exit_code == 0
    assert desk.get("/api/session").status_code == 401
    new = cast.nobody().post("/api/session", {"username": "wang", "password": "a new one 2026"})
    assert new.status_code == 200


def test_an_account_is_closed(run: Run, cast: Cast) -> None:
    assert run("users", "close", "wang").exit_code == 0
    assert "王芳 (closed)" in run("users", "list").output
    old = cast.nobody().post("/api/session", {"username": "wang", "password": cast.wang.password})
    assert old.status_code == 401


def test_areas_come_from_a_table_in_any_order(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "areas.csv"
    table.write_text(
        "code,name_zh,name_en,level,parent\n"
        "379903001001,东村,Dong,village,379903001000\n"
        "379903001000,东镇,Dongzhen,town,379903000000\n"
        "379903000000,东区,Dongqu,district,\n",
        encoding="utf-8-sig",
    )
    assert run("areas", "load", str(table)).output == "3 areas.\n"
    assert "379903001001\tvillage\t东村\tDong" in run("areas", "list").output


def test_the_clinic_of_a_town_is_named_and_taken_away(run: Run, cast: Cast) -> None:
    said = run("areas", "clinic", TOWN, "柳河镇卫生院", "0632-5550101").output
    assert said == "柳河镇\t柳河镇卫生院\t0632-5550101\n"
    assert f"{TOWN}\ttown\t柳河镇\tLiuhe\t柳河镇卫生院" in run("areas", "list").output
    assert run("areas", "clinic", TOWN).output == "柳河镇\n"
    assert "柳河镇卫生院" not in run("areas", "list").output
    for wrong in (("379909000000", "卫生院", "0632-5550101"), (TOWN, "卫生院"), (TOWN, "<b>", "1")):
        assert run("areas", "clinic", *wrong).exit_code == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("code,name_zh,name_en,level,parent\n1,东,E,village,\n", "12 digits"),
        ("code,name_zh,name_en,level,parent\n379903000000,东,E,hamlet,\n", "hamlet"),
        ("code,name_zh\n379903000000,东\n", "level"),
        ("code,name_zh,name_en,level,parent\n379903000000,东,E,district,379909000000\n", "no area"),
        (
            "code,name_zh,name_en,level,parent\n３７９９０３００００００,东,E,district,\n",
            "12 digits",
        ),
    ],
)
def test_a_wrong_table_changes_nothing_and_says_why(
    run: Run, tmp_path: Path, text: str, told: str
) -> None:
    table = tmp_path / "areas.csv"
    table.write_text(text)
    before = run("areas", "list").output
    result = run("areas", "load", str(table))
    assert result.exit_code == 1
    assert told in result.output
    assert run("areas", "list").output == before


def test_a_table_that_is_not_utf_8_is_told(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "areas.csv"
    rows = "code,name_zh,name_en,level,parent\n379903000000,东区,Dongqu,district,\n"
    table.write_text(rows, encoding="gbk")
    result = run("areas", "load", str(table))
    assert isinstance(result.exception, SystemExit)
    assert "areas.csv isn't UTF-8; save it as “CSV UTF-8”" in result.output


@pytest.mark.parametrize(
    "text", ["", "[", "{}", "[]", "[1]", '[{"chain": ""}]', "[" * 100_000, "\udcff"]
)
def test_ends_that_are_none_are_told(run: Run, cast: Cast, tmp_path: Path, text: str) -> None:
    cast.wang.log_in()
    kept = tmp_path / "ends.json"
    kept.write_text(text, encoding="utf-8", errors="surrogateescape")
    result = run("audit", "verify", "--heads", str(kept))
    assert isinstance(result.exception, SystemExit)
    assert "ends.json is no file that `fieldapp audit heads` wrote" in result.output
    assert "faults=" not in result.output


def test_ends_that_were_kept_are_looked_at(run: Run, cast: Cast, tmp_path: Path) -> None:
    cast.wang.log_in()
    kept = tmp_path / "ends.json"
    assert run("audit", "heads", str(kept)).exit_code == 0
    assert "faults=0" in run("audit", "verify", "--heads", str(kept)).output
    ends = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps([end | {"seq": end["seq"] + 9} for end in ends]))
    assert run("audit", "verify", "--heads", str(kept)).exit_code == 1


def test_more_days_than_there_were_are_told(run: Run) -> None:
    result = run("attachments", "drop-unnamed", "--days", "1000000")
    assert isinstance(result.exception, SystemExit)
    assert "Invalid value for '--days': 1000000 is not in the range" in result.output


def test_the_document_of_the_api_is_printed_whole(run: Run, cast: Cast) -> None:
    printed = json.loads(run("openapi").output)
    assert printed == cast.nobody().get("/api/openapi.json").json


def test_every_command_explains_itself(run: Run) -> None:
    def visit(command, *path: str) -> None:
        result = run(*path, "--help")
        assert result.exit_code == 0, path
        for name, sub in getattr(command, "commands", {}).items():
            assert sub.help, (*path, name)
            visit(sub, *path, name)

    visit(cli.main)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("host", "warned"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True),
     ("192.168.1.5", True), ("::", True), ("office-pc", True)],
)  # fmt: skip
def test_whoever_serves_others_in_the_clear_is_warned(
    run: Run, monkeypatch: pytest.MonkeyPatch, host: str, warned: bool
) -> None:
    served: list[str] = []
    monkeypatch.setattr(cli, "serve", lambda _make, host, _port, _workers: served.append(host))
    monkeypatch.setattr(cli, "prepare", lambda: None)
    result = run("run", "--host", host)
    assert served == [host]
    assert ("WARNING" in result.stderr, "警告" in result.stderr) == (warned, warned)
