"""How a problem of a form reads: its place, what it is and what to do, in both languages."""

from string import Formatter

import pytest

from fieldapp.forms.problems import FormError, FormProblem, RefusedError, language_of
from fieldapp.forms.refusals import REFUSALS


def placeholders(text: str) -> set[str]:
    """The parameters a text needs."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_is_complete_in_both_languages(code: str) -> None:
    refusal = REFUSALS[code]
    for zh, en in refusal:
        assert zh
        assert en
        assert not zh.isascii()
        assert en.replace("“", "").replace("”", "").isascii()
    (zh, en), (zh_remedy, en_remedy) = refusal
    if not code.startswith("pyxform"):  # in English pyxform speaks for itself
        assert placeholders(zh + zh_remedy) <= placeholders(en + en_remedy) | {"column"}
    assert zh_remedy.endswith("。")
    assert en_remedy.endswith(".")
    assert not en.endswith(".")


def test_a_problem_reads_with_its_cell_and_what_to_do() -> None:
    problem = FormProblem("range_incomplete", question="kg", column="parameters").at("survey", 7)
    assert problem.text("zh") == (
        "survey 表 第 7 行 parameters 列 kg：range 题需要 start、end 和 step。"
        "请在 parameters 列中设置。"
    )
    assert str(problem) == (
        "survey, row 7, column parameters kg: a range needs start, end and step. "
        "Set them under parameters."
    )
    assert FormError([problem, problem]).text("zh").count("\n") == 1


def test_a_word_may_differ_between_the_languages() -> None:
    problem = FormProblem("never_collect", {"text": "x", "why": ("胎次", "birth order")})
    assert problem.message("zh").endswith("胎次")
    assert problem.message("en").endswith("birth order")
    assert str(RefusedError("xpath_axis", axis="following")) == (
        "the axis following:: is not supported"
    )


def test_a_terminal_is_spoken_to_in_its_language() -> None:
    assert [language_of(lang) for lang in ("zh_CN.UTF-8", "", "C", "en_GB.UTF-8", "fr_FR")] == [
        "zh", "zh", "zh", "en", "zh",
    ]  # fmt: skip
