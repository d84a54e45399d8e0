"""The never-collect list, phrase by phrase; the phone warns of it too."""

import json
from pathlib import Path

import pytest

from fieldapp.forms.lint import IN_CHINESE, forbidden, is_of_health, lint_program_words

CASES = json.loads((Path(__file__).parents[2] / "contract" / "never.json").read_text("utf-8"))


def test_the_table_is_long_enough() -> None:
    assert len({text for text, _ in CASES["refused"]}) >= 100
    assert len(set(CASES["innocent"])) >= 100
    assert {why for _, why in CASES["refused"]} == set(IN_CHINESE)


@pytest.mark.parametrize(("text", "why"), CASES["refused"])
def test_it_is_refused_and_says_why_in_both_languages(text: str, why: str) -> None:
    assert why in forbidden(text)
    assert any(why in said and IN_CHINESE[why] in said for said in lint_program_words(text))


@pytest.mark.parametrize("text", CASES["innocent"])
def test_its_innocent_neighbour_passes(text: str) -> None:
    assert forbidden(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "是否怀孕",
        "孕妇",
        "产后访视",
        "住户产检",
        "上环",
        "是否查环",
        "妇科病",
        "精神病史",
        "HIV/AIDS",
        "AIDS",
    ],
)
def test_a_housing_form_may_not_ask(text: str) -> None:
    assert is_of_health(text)


@pytest.mark.parametrize(
    "text",
    [
        *("检查环境卫生", "以上环节", "开放环境", "取环保袋", "安全生产前检查", "房产后续处理"),
        *("资产前置", "妇科医院旁", "精神病院旁", "hearing aids", "first aids", "walking aids"),
    ],
)
def test_a_housing_form_may_ask_what_only_sounds_so(text: str) -> None:
    assert not is_of_health(text)
