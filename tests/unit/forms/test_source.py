"""Forms as their authors bring them: Markdown, Excel, CSV, or an XForm."""

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source, to_xform

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
