"""Forms as their authors bring them: Markdown, Excel, CSV, or an XForm."""

import re
import time
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source, to_xform

from .forms import form, node, problems

SURVEY = [["type", "name", "label"], ["text", "who", "姓名"]]
SETTINGS = [["form_id", "version", "form_title"], ["visit", "1", "访视"]]


def workbook() -> bytes:
    """A form as Excel saves it."""
    book = Workbook()
    for title, rows in (("survey", SURVEY), ("settings", SETTINGS)):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_excel_form_and_its_xform_are_the_same_form(tmp_path: Path) -> None:
    path = tmp_path / "visit.XLSX"
    path.write_bytes(workbook())
    source = FormSource.of(path)
    assert source.kind == ".xlsx"
    excel = compile_source(source, "p", "health")
    xml = FormSource(".xml", to_xform(source).encode())
    assert compile_source(xml, "p", "health") == excel
    assert excel["nodes"][1]["l"] == ["姓名"]


def test_an_xform_is_refused_without_rows() -> None:
    with pytest.raises(FormError, match="can't be read"):
        compile_source(FormSource(".xml", b"<"), "p", "health")
    xml = to_xform(FormSource(".xlsx", workbook())).replace('type="string"', 'type="intent"')
    with pytest.raises(FormError) as error:
        compile_source(FormSource(".xml", xml.encode()), "p", "health")
    assert {(p.sheet, p.row) for p in error.value.problems} == {("", None)}


def test_a_form_without_an_id_is_called_like_its_file() -> None:
    table = b"| survey |\n| | type | name | label |\n| | text | a | A |\n"
    named = compile_source(FormSource(".md", table, "Visit (2)"), "p", "health")
    assert named["id"] == "Visit_2_"
    with pytest.raises(FormError, match="settings, column form_id: the form has no id"):
        compile_source(FormSource(".md", table), "p", "health")


def test_a_misspelt_column_is_not_passed_over_but_a_note_is() -> None:
    (found,) = problems("""
| survey |
| | type | name | label | relevent | to do |
| | text | a | A | 1 = 2 | ask Chen |
""")
    assert found.startswith("survey, row 1, column relevent: the column “relevent” would be passed")


def test_a_value_saved_to_no_entity_is_not_lost_in_silence() -> None:
    (found,) = problems("""
| survey |
| | type | name | label | save_to |
| | text | a | A | nick |
""")
    assert found.startswith("survey, row 2, column save_to a: save_to “nick” has no entity")


def test_external_choices_become_a_list_of_the_form() -> None:
    visit = form("""
| survey |
| | type | name | label | choice_filter |
| | text | a | A | |
| | select_one_external city | b | B | state = ${a} |
| external_choices |
| | list_name | name | label | state |
| | city | x | X & Y | t |
| | city | z | Z | u |
""")
    assert visit["lists"]["city"] == [
        {"v": "x", "l": ["X & Y"], "x": {"state": "t"}},
        {"v": "z", "l": ["Z"], "x": {"state": "u"}},
    ]
    asked = node(visit, "b")
    assert asked["c"] == "select1"
    assert asked["items"]["where"] == [
        "op", "=", ["path", ["ctx"], ["child", "state"]], ["r", 1],
    ]  # fmt: skip


def test_a_sheet_that_claims_a_million_rows_of_nothing_is_read_at_once() -> None:
    out = BytesIO()
    with ZipFile(BytesIO(workbook())) as given, ZipFile(out, "w") as claimed:
        for entry in given.infolist():
            text = given.read(entry)
            size = b'<dimension ref="A1:AMJ1048576"/>'
            claimed.writestr(entry, re.sub(rb'<dimension ref="[^"]*" ?/>', size, text))
    assert b"AMJ1048576" in ZipFile(out).read("xl/worksheets/sheet2.xml")
    started = time.monotonic()
    assert compile_source(FormSource(".xlsx", out.getvalue()), "p", "health")["id"] == "visit"
    assert time.monotonic() - started < 5


def test_external_choices_speak_every_language_of_the_form() -> None:
    visit = form("""
| survey |
| | type | name | label::中文 (zh) | label::English (en) | choice_filter |
| | text | street | 街道 | Street | |
| | select_one_external shop | shop | 商店 | Shop | street = ${street} |
| external_choices |
| | list_name | name | street | label::中文 (zh) | label::English (en) |
| | shop | s1 | w | 米店 & 面店 | Rice & flour |
| | shop | s2 | w | 药店 | |
""")
    assert visit["langs"] == ["zh", "en"]
    assert visit["lists"]["shop"] == [
        {"v": "s1", "l": ["米店 & 面店", "Rice & flour"], "x": {"street": "w"}},
        {"v": "s2", "l": ["药店", None], "x": {"street": "w"}},
    ]


def test_a_search_with_a_column_for_each_language_is_refused() -> None:
    (found,) = problems("""
| survey |
| | type | name | label::中文(zh) | label::English(en) | appearance |
| | select_one found | clinic | 诊所 | Clinic | search('clinics') |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) |
| | found | code | title_zh | title_en |
""")
    assert found.startswith("survey, row 2, column appearance clinic: search() shows one column")
    assert "title_zh, title_en" in found
