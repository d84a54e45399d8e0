"""Everything wrong with an XLSForm at once, each with its sheet, row and column."""

from io import BytesIO

import pytest
from openpyxl import Workbook

from fieldapp.forms.problems import FormError, FormProblem
from fieldapp.forms.source import FormSource, compile_source

TITLES = "| | type | name | label::中文(zh) | label::English(en) | relevant | constraint |"
BROKEN = f"""
| survey |
{TITLES} calculation | required | choice_filter | hint::中文(zh) |
| | text | a | 甲 | A | ${{zz}} = 1 | | | | | |
| | text | a | 乙 | B | | . > 1 | | | | |
| | wibble | c | 丙 | C | | | | | | |
| | begin group | g | 组 | G | ${{a}} = | | | | | |
| | select_one nope | d | 丁 | D | | | | | | |
| | text | 9x | 戊 | E | | | | | | |
| | text | ok | 己 ${{nobody}} | F | ${{9x}} = 1 | foo(.) | | maybe( | | 庚 ${{who}} |
| | end group | | | | | | | | | |
| | calculate | e | | | | | | | | |
| | calculate | e2 | | | | | ${{e3}} + 1 | | | |
| | calculate | e3 | | | | | ${{e2}} + 1 | | | |
| | begin repeat | r | 重 | R | | | | | | |
| | select_one l | m | 选 | M | | | | | namex = ${{c}} + | |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) |
| | l | | x | X |
| | l | 1 | x | X |
| | l | 1 | x | X |
| settings |
| | form_id | form_title |
| | visit | V |
"""


def refused(source: FormSource) -> list[FormProblem]:
    """What a file is refused for."""
    with pytest.raises(FormError) as error:
        compile_source(source, "p", "health")
    return error.value.problems


def markdown(text: str) -> list[FormProblem]:
    """What a form in Markdown is refused for."""
    return refused(FormSource(".md", text.encode()))


def test_every_fault_of_a_form_is_found_in_one_go_and_in_its_cell() -> None:
    found = [(p.sheet, p.row, p.column, p.code) for p in markdown(BROKEN)]
    assert found == [
        ("survey", 2, "relevant", "pyxform_pyref_003"),
        ("survey", 3, "name", "pyxform_names_001"),
        ("survey", 4, "type", "pyxform_unknown_type"),
        ("survey", 5, "relevant", "xpath_invalid"),
        ("survey", 6, "type", "pyxform_no_list"),
        ("survey", 7, "name", "pyxform_names_008"),
        ("survey", 8, "label::中文(zh)", "pyxform_pyref_003"),
        ("survey", 8, "relevant", "pyxform_pyref_001"),
        ("survey", 8, "constraint", "xpath_function_unknown"),
        ("survey", 8, "required", "xpath_function_unknown"),
        ("survey", 8, "hint::中文(zh)", "pyxform_pyref_003"),
        ("survey", 10, "calculation", "pyxform_no_calculation"),
        ("survey", 11, "calculation", "cycle"),
        ("survey", 13, "", "pyxform_survey_002"),
        ("survey", 14, "choice_filter", "xpath_invalid"),
        ("choices", 2, "name", "pyxform_names_006"),
        ("choices", 4, "name", "pyxform_names_007"),
    ]


def test_an_expression_is_shown_as_its_author_wrote_it() -> None:
    (found,) = (p for p in markdown(BROKEN) if p.row == 5)
    assert found.text("zh") == (
        "survey 表 第 5 行 relevant 列 g：“${a} =”不是有效的表达式：没有写完。请改正这个表达式。"
    )


def test_two_questions_of_one_name_in_two_groups_are_told_apart() -> None:
    found = markdown("""
| survey |
| | type | name | label | constraint |
| | begin_group | one | 1 | |
| | text | who | A | |
| | end_group | | | |
| | begin_repeat | two | 2 | |
| | text | who | A | foo() |
| | end_repeat | | | |
| settings |
| | form_id | version |
| | visit | 1 |
""")
    assert [(p.row, p.column) for p in found] == [(6, "constraint")]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("begin_repeat | r | R | | | | | count(", "repeat_count"),
        ("calculate | c | | foo() | | | |", "calculation"),
        ("text | t | T | foo() | | | |", "calculation"),
        ("text | t | T | | foo() | | |", "readonly"),
        ("text | t | T | | | foo() | |", "default"),
        ("text | t | T | foo() | | | ${a} |", "calculation"),
        ("text | t | T | | | | ${nope} |", "trigger"),
    ],
)
def test_each_column_is_named(row: str, column: str) -> None:
    end = "\n| | end_repeat | | | | | | |" if "repeat" in row else ""
    found = markdown(f"""
| survey |
| | type | name | label | calculation | readonly | default | trigger | repeat_count |
| | text | a | A | | | | | |
| | {row} |{end}
| settings |
| | form_id | version |
| | visit | 1 |
""")
    assert all((p.sheet, p.row) == ("survey", 3) for p in found)
    assert column in {p.column for p in found}


def test_what_is_wrong_on_the_entities_sheet_is_placed_there() -> None:
    found = markdown("""
| survey |
| | type | name | label | save_to |
| | text | a | A | p#q |
| entities |
| | list_name | label | create_if |
| | p | concat(${a}, foo()) | bar() |
| settings |
| | form_id | version |
| | visit | 1 |
""")
    assert [(p.sheet, p.row, p.column) for p in found] == [
        ("entities", 2, "label"),
        ("entities", 2, "create_if"),
    ]


def placed(rows: str, head: str = "| | type | name | label |") -> list[tuple[int | None, str, str]]:
    """Row, column and code of what a form is refused for; its choices sheet only if given."""
    found = markdown(f"| survey |\n{head}\n{rows}\n| settings |\n| | form_id |\n| | visit |\n")
    return [(p.row, p.column, p.code) for p in found]


def test_all_questions_without_a_label_are_told_beside_everything_else() -> None:
    assert placed("""
| | text | q0 | |
| | text | q1 | A ${nope} |
| | integer | q2 | |
| | start | began | |
| | txet | q3 | |
""") == [
        (2, "label", "pyxform_no_label"),
        (3, "label", "pyxform_pyref_003"),
        (4, "label", "pyxform_no_label"),
        (6, "type", "pyxform_unknown_type"),
    ]


def test_a_source_of_choices_that_isn_t_there_is_told_where_it_is_named() -> None:
    assert placed("""
| | select_one ${nock} | q0 | A |
| | select_one yn | q1 | B |
| | select_one yn | q2 | C ${nope} |
| | select_multiple_from_file l.csv | q3 | D |
""") == [
        (2, "type", "pyxform_no_question"),
        (3, "type", "pyxform_no_choices_sheet"),
        (4, "label", "pyxform_pyref_003"),
    ]


def test_several_of_a_repeat_s_answers_can_t_be_chosen_in_one_question() -> None:
    assert placed("""
| | begin_repeat | p | P |
| | text | nick | N |
| | end_repeat | | |
| | select_multiple ${nick} | q | Q |
| | txet | q3 | D |
""") == [(5, "type", "word_refused"), (6, "type", "pyxform_unknown_type")]


def test_a_trigger_that_nobody_sees_is_told_in_its_cell() -> None:
    head = "| | type | name | label | calculation | trigger |"
    rows = "| | calculate | k | | 1 | |\n| | text | t | T | now() | ${k} |\n| | txet | u | U | | |"
    assert placed(rows, head) == [
        (3, "trigger", "pyxform_trigger_unseen"),
        (4, "type", "pyxform_unknown_type"),
    ]


def test_a_log_of_places_is_refused_once_where_it_is_asked_for() -> None:
    head = "| | type | name | label | parameters |"
    log = "location-priority=balanced location-min-interval=60 location-max-age=120"
    assert placed(f"| | text | a | A | |\n| | audit | audit | | {log} |", head) == [
        (3, "parameters", "word_refused")
    ]


def test_headings_in_capitals_and_cells_noted_before_bring_no_faults_of_their_own() -> None:
    rows = "| | text | a | Hi ${zz} | |\n| | calculate | k | | ${none} |\n| | txet | u | U | |\n"
    rows += "| | text | 9x | X | |\n| | text | b | | |"
    assert placed(rows, "| | Type | Name | Label | Calculation |") == [
        (2, "Label", "pyxform_pyref_003"),
        (3, "Calculation", "pyxform_pyref_003"),
        (4, "Type", "pyxform_unknown_type"),
        (5, "Name", "pyxform_names_008"),
        (6, "Label", "pyxform_no_label"),
    ]


def test_a_fault_in_the_second_language_leaves_the_first_alone() -> None:
    head = "| | type | name | label::中文(zh) | label::English(en) |"
    assert placed("| | text | a | 甲 | A ${zz} |\n| | txet | u | 乙 | B |", head) == [
        (2, "label::English(en)", "pyxform_pyref_003"),
        (3, "type", "pyxform_unknown_type"),
    ]


def test_what_the_converter_stumbles_over_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyxform import xls2xform
    from pyxform.errors import PyXFormError

    said = iter([PyXFormError("[row : 2] Question with no type"), KeyError("list")])

    def stumble(*_given: object) -> None:
        raise next(said)

    monkeypatch.setattr(xls2xform, "convert", stumble)
    assert [code for _, _, code in placed("| | text | a | A |")] == [
        "unreadable",
        "pyxform_no_type",
    ]


def test_an_excel_file_s_rows_are_those_the_author_sees() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "survey"
    for row in (["type", "name", "label"], [], [], ["text", "a", "A"], [], ["wibble", "b", "B"]):
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    found = refused(FormSource(".xlsx", out.getvalue()))
    assert ("survey", 6, "type") in [(p.sheet, p.row, p.column) for p in found]


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        (".md", "| survey |\n| | type |\n".encode("utf-16"), "not_utf8"),
        (".csv", b"survey,,,,\n,type,name,label\n,text,\xff,x\n", "not_utf8"),
        (".xml", b"\xff\xfe<", "not_utf8"),
        (".xlsx", b"PK not really", "unreadable"),
        (".md", b"no table at all", "unreadable"),
        (".md", b"| choices |\n| | list_name | name |\n| | a | b |\n", "pyxform_no_survey"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_form_is_refused_with_a_reason(
    kind: str, content: bytes, code: str
) -> None:
    assert [p.code for p in refused(FormSource(kind, content))] == [code]
