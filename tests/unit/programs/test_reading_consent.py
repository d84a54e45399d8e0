"""What a program says of consent, and which forms need it whether or not they are declared."""
# ruff: noqa: E501 (a table of what is refused)

import shutil
from pathlib import Path
from typing import Any

import pytest

from fieldapp.consent.need import Need
from fieldapp.forms.kept import compiled
from fieldapp.programs.load import ProgramError, load_folders
from fieldapp.programs.service import PACKAGED, load_programs
from tests.unit.forms.forms import form

WHOM = "| | select_one_from_file client.csv | who | 谁 | Who | |"


def extra(*rows: str, entities: str = "", program: str = "antenatal") -> dict[str, Any]:
    """A form published later into a program."""
    head = "| survey |\n| | type | name | label::中文(zh) | label::English(en) | save_to |\n"
    text = head + "\n".join(rows) + entities
    return {**form(text), "id": "extra", "program": program, "scope": "health"}


def refused(tmp_path: Path, file: str, old: str, new: str) -> list[str]:
    """What the packaged programs are refused for after one change."""
    shutil.copytree(PACKAGED, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ProgramError) as error:
        load_folders(tmp_path, compiled)
    return error.value.problems


def test_health_keeps_consents_and_housing_none() -> None:
    programs = load_programs()
    keeping = programs.keeping("health")
    assert keeping
    assert [notice.version for notice in keeping.notices] == ["2025-1"]
    assert keeping.reminders is not None
    assert keeping.reminders.text["zh"] == "您预约的服务时间到了"
    told = keeping.as_json()
    assert set(told["notices"][0]["texts"]["zh"]) == {"full", "simple"}
    assert told["withdraw"] == {"g_start/known": "1", "g_start/what_for": "withdraw"}
    assert programs.keeping("housing") is None


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("antenatal/program.toml", 'scope = "preg"', 'scope = "pregnant"', "consent.preg_followup.scope: “pregnant”"),
        ("antenatal/program.toml", 'person = "g_visit/person_id"', 'person = "g_visit/whom"', "consent.preg_followup.person: “g_visit/whom”"),
        ("antenatal/program.toml", 'urgent = "g_ref/urgent"', 'urgent = "g_ref/danger"', "consent.preg_followup.urgent: “g_ref/danger”"),
        ("antenatal/program.toml", 'to_save = ["referral"]', 'to_save = ["referal"]', "consent.preg_followup.to_save: “referal”"),
        ("antenatal/program.toml", 'for_children = false', 'for_kids = false', "consent.preg_followup.for_kids: is no key"),
        ("consent/program.toml", 'born = "dob"', 'born = "birthday"', "consents.born: “birthday”"),
        ("consent/program.toml", 'read = "g_start/lang_ok"', 'read = "g_start/read"', "consents.read: “g_start/read”"),
        ("consent/program.toml", '"g_start/what_for" = "withdraw"', '"g_start/for" = "withdraw"', "consents.withdraw: “g_start/for”"),
        ("consent/program.toml", 'safeguarding = "safeguarding_note"', 'safeguarding = "note"', "consents.safeguarding: “note”"),
        ("consent/program.toml", 'effective = "2025-01-01"', 'effective = "soon"', "consents.notices[0].effective: “soon” is no date"),
        ("consent/program.toml", 'version = "2025-1"\neffective', 'version = "2025-2"\neffective', "there is no file notices/2025-2.zh.md"),
        ("consent/notices/2025-1.en.md", "## Who", "Who", "notices/2025-1.en.md begins with a heading"),
        ("consent/program.toml", 'zh = "该了解上次联系的结果了"', 'zh = "该了解怀孕的结果了"', "“孕” tells bystanders"),
        ("consent/program.toml", 'zh = "您预约的服务时间到了"', 'zh = "您预约的产检到了"', "consents.reminders.text: “产检” tells others"),
        ("consent/program.toml", 'phone = "phone"', 'phone = "mobile"', "consents.reminders.phone: “mobile”"),
        ("consent/program.toml", 'clinic = ["g_start/clinic"', 'clinic = ["g_start/hospital"', "consents.clinic: “g_start/hospital”"),
        ("antenatal/program.toml", 'told = ["g_ref/referred"]', 'told = ["g_ref/told"]', "share.preg_followup: “g_ref/told”"),
        ("antenatal/program.toml", 'scope = "share"', 'scope = "sharing"', "share.preg_followup.scope: “sharing”"),
        ("consent/program.toml", 'recipient = { label', 'given_to = { label', "share.preg_followup: no consent records its “recipient”"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_and_key(
    tmp_path: Path, file: str, old: str, new: str, problem: str
) -> None:
    assert any(problem in told for told in refused(tmp_path, file, old, new))


def test_a_form_that_named_no_clinic_yet_says_of_none_that_it_was_told() -> None:
    programs = load_programs()
    antenatal = programs.get("antenatal")
    assert antenatal
    form = antenatal.forms["preg_followup"]
    before = {**form, "nodes": [node for node in form["nodes"] if node["n"] != "share_to"]}
    assert programs.sharing(form)
    assert programs.sharing(before) is None


def test_the_form_reads_out_the_newest_notice(tmp_path: Path) -> None:
    newer = '[[consents.notices]]\nversion = "2026-1"\neffective = "2026-01-01"\n\n[types.client]'
    shutil.copytree(PACKAGED, tmp_path, dirs_exist_ok=True)
    for name in (tmp_path / "consent" / "notices").glob("2025-1*"):
        name.with_name(name.name.replace("2025-1", "2026-1")).write_text("## 新的\n正文", "utf-8")
    (again,) = refused(tmp_path / "programs", "consent/program.toml", "[types.client]", newer)[:1]
    assert "there is no file notices/2026-1" in again
    for name in (tmp_path / "consent" / "notices").glob("2026-1*"):
        shutil.copy(name, tmp_path / "programs" / "consent" / "notices")
    with pytest.raises(ProgramError, match="notice_ver must calculate '2026-1'"):
        load_folders(tmp_path / "programs", compiled)


def test_a_form_published_later_needs_the_same_consent() -> None:
    asked = extra(WHOM, "| | text | how | 近况 | How | |")
    assert load_programs().need(asked) == Need("preg", "who", for_children=False)
    assert not load_programs().asks_of_nobody(asked)
    assert load_programs().need({**asked, "program": "consent"}) == load_programs().need(asked)


def test_one_that_keeps_health_matters_of_nobody_is_noticed() -> None:
    assert load_programs().asks_of_nobody(extra("| | text | how | 近况 | How | |"))
    saves = "\n| entities |\n| | list_name | label |\n| | pregnancy | ${how} |"
    row = "| | text | how | 近况 | How | pregnancy#status |"
    elsewhere = extra(row, entities=saves, program="consent")
    assert load_programs().asks_of_nobody(elsewhere)
    rental = {**extra("| | text | how | 近况 | How | |"), "program": "rental", "scope": "housing"}
    assert not load_programs().asks_of_nobody(rental)


def test_what_carries_health_data() -> None:
    need = Need("preg", "g_visit/person_id", bare=frozenset({"role", "g_visit/result"}))
    bare = {"role": "worker", "g_visit": {"person_id": "p", "result": "absent"}, "meta": {"i": "x"}}
    assert not need.carries(bare)
    assert not need.carries({**bare, "g_ref": {"meta": {"entity": {}}}, "cats": [{}]})
    assert need.carries({**bare, "g_preg": {"status": "on"}})
    assert need.carries({**bare, "cats": [{"name": "x"}]})
    assert need.carries({**bare, "bp": "150/95"})
    assert need.carries({**bare, "g_visit": {**bare["g_visit"], "bp": "150/95"}})


def test_what_may_be_noted_without_consent_is_what_the_packaged_form_asks_at_the_door() -> None:
    programs = load_programs()
    for program, name in (("antenatal", "preg_followup"), ("contraception", "contra_followup")):
        packaged = programs.get(program)
        assert packaged
        need = packaged.consent[name]
        assert {"role", "g_visit/contact_result", "g_visit/still_ok"} < need.bare
        assert {path.partition("/")[0] for path in need.bare if "/" in path} == {"g_visit"}
