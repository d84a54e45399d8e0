"""What no form may ask: the never-collect lint, in names and words of both languages."""
# ruff: noqa: E501 (lists of words)

import pytest

from fieldapp.forms.lint import forbidden, lint, lint_program_words

from .forms import form, node, number


@pytest.mark.parametrize(
    "text",
    [
        "胎儿性别", "fetal_sex", "Sex of the baby", "newborn_sex", "新生儿性别", "第几孩次", "birth_order", "准生证编号", "生育证",
        "是否二胎", "违法生育", "社会抚养费", "罚款金额", "两非线索", "举报人", "立案日期", "流产原因", "终止妊娠的方式", "abortion",
        "Reason for the loss", "type_of_termination", "月经周期", "menstrual_cycle", "承诺书已签", "pledge_signed", "违约", "性伴侣",
        "sexual_history", "人脸", "fingerprint", "face_photo", "身份证照片", "id_photo", "宗教信仰", "religion", "政治面貌",
        "political_status", "婚姻状况", "marital_status", "离异", "Divorced",
    ],
)  # fmt: skip
def test_what_is_never_collected_is_recognised(text: str) -> None:
    assert forbidden(text)
    assert lint_program_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "性别", "Sex", "n_sex", "您希望我们怎样做？(不追问原因)", "What would help? Never ask why", "末次月经第一天(只问一次)", "安全(只看不罚)",
        "租赁合同已备案？", "经量多、经期长", "性欲改变", "Sex drive", "No is fine", "Sudden face or hand swelling", "妊娠已结束，需安静照护",
        "停用原因(可不答)", "Stop reason", "身份证", "居民身份证", "证件号码", "宝宝", "Baby: any of these", "intention", "备孕",
    ],
)  # fmt: skip
def test_ordinary_words_pass(text: str) -> None:
    assert forbidden(text) == []


def test_a_form_is_refused_for_names_words_choices_and_what_it_saves() -> None:
    visit = form("""
| survey |
| | type | name | label::中文(zh) | label::English(en) | hint::English(en) | save_to |
| | text | fetal_sex | 甲 | A | | |
| | text | b | 准生证 | B | | |
| | text | c | 丙 | C ${b} marital status | | |
| | select_one how | d | 丁 | D | their fingerprint | client#religion |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) |
| | how | 1 | 罚款 | One |
| | how | abortion | 二 | Two |
| entities |
| | list_name | label |
| | client | ${b} |
""")
    found = [(problem.question, problem.message().split("”")[0][1:]) for problem in lint(visit)]
    assert found == [
        ("fetal_sex", "fetal_sex"),
        ("b", "准生证"),
        ("c", "C   marital status"),
        ("d", "their fingerprint"),
        ("how", "罚款"),
        ("how", "abortion"),
        ("d", "religion"),
    ]
    assert number(visit, "b") == visit["nodes"].index(node(visit, "b"))


def test_what_a_form_is_called_by_is_read_too() -> None:
    plain = "| survey |\n| | type | name | label::中文(zh) |\n| | text | a | 甲 |"
    named = {**form(plain), "id": "fetal_sex_visit"}
    (problem,) = lint(named)
    assert (problem.sheet, problem.column) == ("settings", "form_id")
