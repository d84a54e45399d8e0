"""What a new version of a form changes, told per question."""

import pytest

from fieldapp.forms.diff import Comparison, compare
from fieldapp.forms.diff_words import lines

from .forms import form

HEAD = "| | type | name | label::zh | label::en | required | relevant | constraint "
HEAD += "| calculation | save_to |"


def row(*cells: str) -> str:
    """A row of the survey, blank cells added at the end."""
    return "| | " + " | ".join([*cells, *[""] * (9 - len(cells))]) + " |\n"


ON = row("date", "on", "日期", "Date", "yes", "", "", "", "person#seen")
WHO = row("text", "who", "姓名", "Name", "", "", "", "", "person#called")
KIDS = row("integer", "kids", "孩子", "Children", "", "", ". > 0", "", "person#kids")
OK = row("select_one yn", "ok", "好吗", "Well?", "", "${kids} > 1")
SUM = row("calculate", "sum", "", "", "", "", "", "${kids} + 1")
OLD = (
    f"| survey |\n{HEAD}\n{ON}{WHO}"
    + row("begin_group", "g", "组", "Group")
    + KIDS
    + OK
    + row("end_group")
    + SUM
    + """| choices |
| | list_name | name | label::zh | label::en |
| | yn | 1 | 是 | Yes |
| | yn | 0 | 否 | No |
| entities |
| | list_name | label |
| | person | ${who} |
"""
)


def changes(**replaced: str) -> list[tuple[str, str, str, str]]:
    """`(kind, path, was, now)` of a form with `old` texts replaced by new ones."""
    return told(compare(form(OLD), form(edited(**replaced))))


def edited(**replaced: str) -> str:
    """OLD with one text replaced."""
    assert replaced["old"] in OLD
    return OLD.replace(replaced["old"], replaced["new"])


def told(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Changes as tuples."""
    return [(c.kind, c.path, c.was, c.now) for c in comparison.changes]


def test_the_same_form_changes_nothing() -> None:
    assert compare(form(OLD), form(OLD)) == Comparison()


def test_questions_before_another_don_t_change_it() -> None:
    """Numbers of nodes shift; that is no change of an expression."""
    assert changes(old=ON, new=row("text", "new", "新", "New") + ON) == [("added", "new", "", "")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (WHO, WHO.replace("text", "integer"), ("retyped", "who", "string", "int")),
        (OK, OK.replace("one yn", "multiple yn"), ("retyped", "g/ok", "select", "select many")),
        (WHO, WHO.replace("Name |  |", "Name | yes |"), ("required", "who", "", "")),
        (ON, ON.replace("yes", ""), ("optional", "on", "", "")),
        (KIDS, KIDS.replace(". > 0", ". > 1"), ("constraint", "g/kids", "1", "1")),
        (KIDS, KIDS.replace(". > 0", ""), ("constraint", "g/kids", "1", "")),
        (OK, OK.replace("> 1", "> 2"), ("relevant", "g/ok", "1", "1")),
        ("${kids} + 1", "${kids} + 2", ("calculation", "sum", "1", "1")),
        ("| | yn | 0 | 否 | No |\n", "", ("choices_removed", "g/ok", "0", "")),
        ("| | yn | 0 |", "| | yn | 9 | 不 | ? |\n| | yn | 0 |", ("choices_added", "g/ok", "", "9")),
        (WHO, WHO.replace("person#called", ""), ("unsaved", "who", "called", "")),
        (WHO, WHO.replace("姓名", "名字"), ("wording", "who", "姓名", "名字")),
    ],
)  # fmt: skip
def test_each_kind_of_change(old: str, new: str, expected: tuple[str, str, str, str]) -> None:
    assert changes(old=old, new=new) == [expected]


def test_a_question_in_another_group_has_moved() -> None:
    moved = OLD.replace(KIDS, "").replace(WHO, WHO + KIDS)
    assert told(compare(form(OLD), form(moved))) == [("moved", "kids", "g/kids", "kids")]


def test_what_is_no_longer_written_is_an_orphan() -> None:
    comparison = compare(form(OLD), form(OLD.replace(WHO, "").replace("${who}", "${on}")))
    assert told(comparison) == [("removed", "who", "", "")]
    assert comparison.orphans == [("person", "called")]
    other = row("text", "full", "全名", "Full name", "", "", "", "", "person#called")
    renamed = compare(form(OLD), form(OLD.replace(WHO, other).replace("${who}", "${on}")))
    assert [c.kind for c in renamed.changes] == ["added", "removed"]
    assert renamed.orphans == []


def test_a_comparison_reads_in_both_languages() -> None:
    comparison = compare(form(OLD), form(edited(old=WHO, new=WHO.replace("text", "integer"))))
    assert list(lines(comparison, "1", [], "zh")) == [
        "与正在使用的版本 1 相比：",
        "  who：换了题型 (string → int)",
        "手机下次同步时取得新版本；已开始的草稿仍按原来的版本完成并提交。",
    ]
    assert list(lines(comparison, "1", [], "en"))[1] == "  who: another type (string → int)"
    assert list(lines(Comparison(), "1", [], "en")) == ["No difference from 1, which is in use."]
    assert list(lines(Comparison(), "", [], "zh")) == ["这份表单还没有发布过。"]
