"""The never-collect list, phrase by phrase; the phone warns of it too."""

import json
from pathlib import Path

import pytest

from fieldapp.forms.lint import IN_CHINESE, forbidden, lint_program_words

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
