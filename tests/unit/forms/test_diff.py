"""What a new version of a form changes, told per question."""
# ruff: noqa: E501 (forms are tables)

from pathlib import Path
from typing import Any

import pytest

from fieldapp.forms.diff import Comparison, compare
from fieldapp.forms.diff_words import KINDS, lines
from fieldapp.forms.source import FormSource, compile_source

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


RICH = """
| survey |
| | type | name | label | parameters | appearance | default | calculation | trigger | required | choice_filter | save_to | media::image |
| | csv-external | person | | | | | | | | | | |
| | select_one yn | safe | Is ${who} safe? | | | | | | | | | |
| | text | who | Who | | | | | | | | person#called | |
| | range | pain | Pain | start=0 end=10 step=1 | | | | | | | | |
| | date | on | On | | | today() | | | ${safe} = '1' | | | |
| | text | phone | Phone | | | | concat(${who}, 'x') | ${who} | | | | |
| | select_one_from_file clinics.csv | clinic | Clinic | value=name, label=label | | | | | | | | |
| | note | call | Call now | | alert | | | | | | | door.png |
| | image | photo | Photo | max-pixels=800 | | | | | | | | |
| | file | paper | Paper | | | | | | | | | |
| | begin_repeat | kids | Children | | | | | | | | | |
| | integer | age | Age | | | | | | | | | |
| | end_repeat | | | | | | | | | | | |
| choices |
| | list_name | name | label | level | media::image |
| | yn | 1 | Yes | 1 | |
| | yn | 0 | No | 2 | |
| entities |
| | list_name | label | create_if |
| | person | ${who} | ${who} != '' |
| settings |
| | form_title | form_id | version | instance_name |
| | Night visit | visit | 1 | ${who} |
"""  # fmt: skip
CLINICS = "name,label,other\nc1,Clinic,x\n"


def rich(old: str = "", new: str = "", clinics: str = CLINICS) -> dict[str, Any]:
    """RICH with one text replaced, and its files."""
    assert old in RICH
    files = {"clinics.csv": clinics.encode(), "wards.csv": CLINICS.encode()}
    table = RICH.replace(old, new, 1) if old else RICH
    return compile_source(FormSource(".md", table.encode(), files=files), "p", "health")


SAME_ORDER = "| | yn | 1 | Yes | 1 | |\n| | yn | 0 | No | 2 | |\n"
OTHER_ORDER = "| | yn | 0 | No | 2 | |\n| | yn | 1 | Yes | 1 | |\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (SAME_ORDER, SAME_ORDER.replace("Yes", "-").replace("No", "Yes").replace("-", "No"), ("choices_changed", "safe", "", "1, 0")),
        ("| Yes | 1 |", "| Yes | 7 |", ("choices_changed", "safe", "", "1")),
        ("| Yes | 1 | |", "| Yes | 1 | yes.png |", ("choices_changed", "safe", "", "1")),
        (SAME_ORDER, OTHER_ORDER, ("choices_order", "safe", "", "0, 1")),
        ("value=name, label=label", "value=name, label=other", ("choices_source", "clinic", "1", "1")),
        ("clinics.csv", "wards.csv", ("choices_source", "clinic", "1", "1")),
        ("end=10", "end=5", ("range", "pain", "", "0, 5, 1")),
        ("${safe} = '1' |", "${safe} = '0' |", ("required_if", "on", "", "")),
        ("today()", "now()", ("default", "on", "1", "1")),
        ("'x') |", "'y') |", ("calculation", "phone", "1", "1")),
        ("'x') | ${who}", "'x') | ${safe}", ("trigger", "phone", "", "safe")),
        ("'x') | ${who}", "'x') | ", ("trigger", "phone", "", "–")),
        ("| alert |", "| |", ("appearance", "call", "", "–")),
        ("door.png", "gate.png", ("media", "call", "1", "1")),
        ("=800", "=80", ("parameters", "photo", "", "max-pixels=80")),
        ("| file | paper", "| video | paper", ("retyped", "paper", "application/*", "video/*")),
        ("| text | phone", "| acknowledge | phone", ("retyped", "phone", "string", "string trigger")),
        ("Is ${who} safe?", "Is ${phone} safe?", ("wording", "safe", "Is … safe?", "Is … safe?")),
        ("${who} | | | |", "${who} | | | person#phone |", ("saved", "phone", "", "phone")),
        ("Night visit", "Day visit", ("title", "", "", "Day visit")),
        ("| 1 | ${who} |", "| 1 | ${phone} |", ("instance_name", "", "", "")),
        ("!= '' |", "!= 'x' |", ("entity", "", "", "create_if")),
    ],
)  # fmt: skip
def test_whatever_alters_what_is_asked_or_stored_is_told(
    old: str, new: str, expected: tuple[str, str, str, str]
) -> None:
    assert told(compare(rich(), rich(old, new))) == [expected]


def test_another_content_of_a_file_is_told() -> None:
    (change,) = compare(rich(), rich(clinics=CLINICS + "c2,Ward,y\n")).changes
    assert (change.kind, change.name) == ("file", "clinics.csv")
    comparison = Comparison([change])
    assert "  clinics.csv: another content" in lines(comparison, "1", [], "en")
    assert "  clinics.csv：文件内容有改动" in lines(comparison, "1", [], "zh")


def test_questions_in_another_order_are_told() -> None:
    swapped = OLD.replace(ON + WHO, WHO + ON)
    assert told(compare(form(OLD), form(swapped))) == [("order", "", "", "")]


def test_what_no_kind_is_for_is_still_no_sameness() -> None:
    other = {**form(OLD), "date": 1, "version": "2"}
    comparison = compare(form(OLD), other)
    assert told(comparison) == [("other", "", "", "")]
    assert "  other changes" in lines(comparison, "1", [], "en")
    assert compare(form(OLD), {**form(OLD), "version": "2"}) == Comparison()


def test_every_kind_has_words_at_the_desk() -> None:
    for lang in ("zh", "en"):
        words = Path(f"frontend/src/i18n/forms.{lang}.ts").read_text("utf-8")
        assert [kind for kind in KINDS if f"    {kind}: '" not in words] == []


def test_a_question_in_another_group_has_moved() -> None:
    moved = OLD.replace(KIDS, "").replace(WHO, WHO + KIDS)
    assert told(compare(form(OLD), form(moved))) == [("moved", "kids", "g/kids", "kids")]


def test_what_is_no_longer_written_is_an_orphan() -> None:
    comparison = compare(form(OLD), form(OLD.replace(WHO, "").replace("${who}", "${on}")))
    assert told(comparison) == [("removed", "who", "", ""), ("entity", "", "", "label")]
    assert comparison.orphans == [("person", "called")]
    other = row("text", "full", "全名", "Full name", "", "", "", "", "person#called")
    renamed = compare(form(OLD), form(OLD.replace(WHO, other).replace("${who}", "${on}")))
    assert [c.kind for c in renamed.changes] == ["added", "removed", "entity"]
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
