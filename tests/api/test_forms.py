"""Publishing forms, the catalogue each role gets, and reading a published form."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp import cli
from fieldapp.forms import service
from fieldapp.forms.odk import has_java
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource
from fieldapp.programs.service import PACKAGED
from tests.cast import Cast

Run = Callable[..., Result]
SURVEY = """| survey |
| | type | name | label::中文(zh) | label::English(en) | save_to |
| | date | visit_date | {zh} | Date | visit#visit_date |
| settings |
| | form_id | version | form_title |
| | night_visit | {version} | 夜访 / Night visit |
| entities |
| | list_name | label |
| | visit | ${{visit_date}} |
"""


def source(zh: str = "日期", version: str = "1") -> FormSource:
    """A small form of the consent program, in one wording or another."""
    return FormSource(".md", SURVEY.format(zh=zh, version=version).encode())


@pytest.fixture
def run(app: Flask) -> Run:
    """Runs a command on the test's database."""

    def invoke(*args: str) -> Result:
        return CliRunner().invoke(cli.main, args, obj=ScriptInfo(create_app=lambda: app))

    return invoke


# ---- publishing ----


def test_a_form_published_again_changes_nothing(app: Flask) -> None:
    with app.app_context():
        first = service.publish_source(source(), "consent")
        again = service.publish_source(source(), "consent")
        assert (again.published_at, again.hash) == (first.published_at, first.hash)
        assert [row.version for row in service.current_forms() if row.form_id == "night_visit"] == [
            "1"
        ]


def test_a_published_version_never_changes(app: Flask) -> None:
    with app.app_context():
        service.publish_source(source(), "consent")
        with pytest.raises(FormError, match="is published already with other content"):
            service.publish_source(source("时间"), "consent")
        kept = service.definition("night_visit", "1")
        assert kept is not None
        assert kept["nodes"][1]["l"][0] == "日期"


def test_a_new_version_becomes_current_and_the_old_one_stays_readable(app: Flask) -> None:
    with app.app_context():
        service.publish_source(source(), "consent")
        service.publish_source(source("时间", "2"), "consent")
        current = {row.form_id: row.version for row in service.current_forms()}
        assert current["night_visit"] == "2"
        old = service.definition("night_visit", "1")
        assert old is not None
        assert old["nodes"][1]["l"][0] == "日期"
        service.publish_source(source(), "consent")
        current = {row.form_id: row.version for row in service.current_forms()}
        assert current["night_visit"] == "2"


def test_a_form_that_was_never_published_is_nothing(app: Flask) -> None:
    with app.app_context():
        assert service.definition("night_visit", "1") is None


@pytest.mark.parametrize(
    ("zh", "program", "said"),
    [
        ("日期", "nobody", "there is no program “nobody”"),
        ("准生证", "consent", "what we never collect: birth order or birth permit"),
    ],
)
def test_what_may_not_be_published(app: Flask, zh: str, program: str, said: str) -> None:
    with app.app_context():
        with pytest.raises(FormError, match=said):
            service.publish_source(source(zh), program)
        assert service.definition("night_visit", "1") is None


@pytest.mark.parametrize(
    ("kind", "prop", "said"),
    [
        ("visit", "mood", "“visit” has no property “mood”"),
        ("mood", "visit_date", "has a type “mood”"),
    ],
)
def test_a_form_saves_only_what_a_program_gave_a_purpose_for(
    app: Flask, kind: str, prop: str, said: str
) -> None:
    text = SURVEY.format(zh="日期", version="1")
    text = text.replace("visit#visit_date", f"{kind}#{prop}").replace("| visit |", f"| {kind} |")
    with app.app_context(), pytest.raises(FormError, match=said):
        service.publish_source(FormSource(".md", text.encode()), "consent")


# ---- the catalogue ----


def test_a_worker_with_both_scopes_gets_all_four_programs(cast: Cast) -> None:
    catalogue = cast.wang.log_in().get("/api/catalogue").json
    assert [program["id"] for program in catalogue["programs"]] == [
        "antenatal",
        "consent",
        "contraception",
        "rental",
    ]
    assert {form["id"] for form in catalogue["forms"]} == {
        "consent_record",
        "contra_followup",
        "preg_followup",
        "rental_register",
        "safeguarding_note",
    }
    form = next(f for f in catalogue["forms"] if f["id"] == "preg_followup")
    assert (form["title"], form["langs"]) == (["孕产随访", "Pregnancy follow-up"], ["zh", "en"])


def test_housing_learns_nothing_of_health(cast: Cast) -> None:
    for person in (cast.zhao, cast.grid, cast.assistant):
        catalogue = person.log_in().get("/api/catalogue").json
        assert {program["scope"] for program in catalogue["programs"]} == {"housing"}
        assert {form["scope"] for form in catalogue["forms"]} == {"housing"}
        assert "孕" not in json.dumps(catalogue, ensure_ascii=False)


def test_the_nurse_gets_health_and_sees_what_a_worker_doesn_t(cast: Cast) -> None:
    def pregnancy(person: str) -> dict:
        catalogue = cast.people[person].log_in().get("/api/catalogue").json
        assert person != "chen" or {p["scope"] for p in catalogue["programs"]} == {"health"}
        return next(p for p in catalogue["programs"] if p["id"] == "antenatal")

    nurse, worker = pregnancy("chen"), pregnancy("wang")
    assert nurse["types"]["pregnancy"]["props"]["sbp"]["label"]["zh"] == "收缩压"
    told = worker["types"]["pregnancy"]["props"]["sbp"]
    assert told == {"label": {}, "kind": "latest", "group": "bp"}
    assert "colour" in nurse["lists"]
    assert "colour" not in worker["lists"]
    assert {r for rule in worker["schedule"] for r in rule["roles"]} >= {"worker"}
    assert all("worker" in rule["roles"] for rule in worker["schedule"])


def test_who_reads_nothing_has_an_empty_catalogue(cast: Cast) -> None:
    for person in (cast.admin, cast.town):
        catalogue = person.log_in().get("/api/catalogue").json
        assert (catalogue["programs"], catalogue["forms"]) == ([], [])


def test_the_hash_changes_with_what_it_stands_for(app: Flask, cast: Cast) -> None:
    wang, zhao = cast.wang.log_in(), cast.zhao.log_in()
    before = [b.get("/api/catalogue").json["hash"] for b in (wang, zhao)]
    assert before[0] == wang.get("/api/catalogue").json["hash"]
    with app.app_context():
        service.publish_source(source(), "consent")
    after = [b.get("/api/catalogue").json["hash"] for b in (wang, zhao)]
    assert after[0] != before[0]
    assert after[1] == before[1]


# ---- one form ----


def test_a_published_form_may_be_kept_for_ever(cast: Cast) -> None:
    answer = cast.wang.log_in().get("/api/forms/preg_followup/2026-1")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["ETag"]
    kept = json.loads((Path(__file__).parents[1] / "contract/forms/preg_followup.json").read_text())
    assert answer.json == kept


def test_a_form_of_another_scope_is_not_found_nor_is_one_that_isn_t(cast: Cast) -> None:
    zhao = cast.zhao.log_in()
    assert zhao.get("/api/forms/rental_register/2025-1").status_code == 200
    assert zhao.get("/api/forms/preg_followup/2026-1").status_code == 404
    assert zhao.get("/api/forms/rental_register/2000-1").status_code == 404


# ---- commands ----


def test_a_form_is_checked_and_published_from_the_command_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "night.md"
    file.write_bytes(source().content)
    named = (str(file), "--program", "consent", "--lang", "en")
    first = "This form has not been published before.\n"
    checked = run("forms", "check", *named)
    odk_says = "valid." if has_java() else "not asked, there is no Java here."
    assert (
        checked.output
        == f"{first}night_visit 1: 1 questions, ready to publish.\nODK Validate: {odk_says}\n"
    )
    assert run("forms", "publish", *named).output == f"{first}night_visit 1 is published.\n"
    same = run("forms", "diff", *named)
    assert (same.exit_code, same.output) == (0, "No difference from 1, which is in use.\n")
    file.write_bytes(source("时间", "2").content)
    changed = run("forms", "diff", str(file), "--program", "consent", "--lang", "zh")
    assert changed.exit_code == 2
    assert "visit_date：文字有改动 (日期 → 时间)" in changed.output
    file.write_bytes(source("准生证").content)
    for command in ("check", "publish"):
        refused = run("forms", command, str(file), "--program", "consent", "--lang", "en")
        assert refused.exit_code == 1
        assert "birth permit" in refused.output
        refused = run("forms", command, str(file), "--program", "consent", "--lang", "zh")
        assert "survey 表 第 2 行 label::中文(zh) 列 visit_date：“准生证”会收集" in refused.output


def test_the_packaged_forms_are_published_together(run: Run, app: Flask) -> None:
    done = run("forms", "publish-all")
    assert sorted(done.output.splitlines()) == [
        "consent_record 2026-2 is published.",
        "contra_followup 2026-1 is published.",
        "preg_followup 2026-1 is published.",
        "rental_register 2025-1 is published.",
        "safeguarding_note 2025-1 is published.",
    ]


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the one program that comes with the product; no form is in it yet."""
    folder = tmp_path / "consent"
    folder.mkdir()
    (folder / "program.toml").touch()
    monkeypatch.setattr(service, "PACKAGED", tmp_path)
    return folder


def test_an_upgrade_leaves_in_use_what_was_published_here(
    run: Run, app: Flask, packaged: Path
) -> None:
    def upgrade(version: str) -> str:
        (packaged / "night_visit.md").write_bytes(source(version=version).content)
        return run("forms", "publish-all").output.strip()

    def in_use() -> str:
        with app.app_context():
            form = service.current_version("night_visit")
            return form.version if form else ""

    assert upgrade("1") == "night_visit 1 is published."
    assert upgrade("2") == "night_visit 2 is published."
    with app.app_context():
        service.publish_source(source("我县日期", "2-county"), "consent")
    assert upgrade("3") == "night_visit 3 is published, not in use."
    assert in_use() == "2-county"
    with app.app_context():
        assert service.form_version("night_visit", "3") is not None
    refused = run("forms", "use", "night_visit", "4")
    assert refused.exit_code == 1
    assert "Published: 3, 2-county, 2, 1." in refused.output
    run("forms", "use", "night_visit", "3")
    assert in_use() == "3"
    assert upgrade("4") == "night_visit 4 is published."
    assert in_use() == "4"


def test_packaged_forms_that_changed_without_a_new_version_are_told_of(
    run: Run, app: Flask, packaged: Path
) -> None:
    form = (PACKAGED / "consent" / "consent_record.md").read_text()
    (packaged / "consent_record.md").write_text(form.replace("选择人员", "选人"))
    refused = run("forms", "publish-all", "--lang", "en")
    assert refused.exit_code == 1
    assert "Raise version" in refused.output


def test_the_contract_is_written_for_the_phone_s_tests(run: Run, tmp_path: Path) -> None:
    done = run("forms", "contract", "--into", str(tmp_path))
    assert done.exit_code == 0
    written = json.loads((tmp_path / "rental_register.json").read_text("utf-8"))
    assert written["id"] == "rental_register"
    assert (tmp_path / "programs.json").exists()
