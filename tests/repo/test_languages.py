"""What is said in English about people's data is said in Chinese too, part by part."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from fieldapp.programs.service import load_programs

DOCS = Path(__file__).parents[2] / "docs"


class Part(NamedTuple):
    """A section: how many rows of tables, items of lists and steps, and what code it names."""

    rows: int
    items: int
    steps: int
    bold: int
    code: frozenset[str]
    links: frozenset[str]


def parts(name: str) -> list[Part]:
    text = (DOCS / name).read_text("utf-8")
    return [part(one) for one in re.split(r"^## ", text, flags=re.MULTILINE)[1:]]


def part(text: str) -> Part:
    def lines(pattern: str) -> int:
        return len(re.findall(pattern, text, re.MULTILINE))

    links = {to for to in re.findall(r"\]\(([^)#]+)", text) if not to.startswith("privacy")}
    code = frozenset(re.findall(r"`([^`]+)`", text))
    return Part(
        lines(r"^\|"),
        lines(r"^- "),
        lines(r"^\d+\. "),
        lines(r"\*\*[^*]+\*\*"),
        code,
        frozenset(links),
    )


ENGLISH, CHINESE = parts("privacy.md"), parts("privacy.zh-CN.md")


def test_both_pages_have_the_same_parts() -> None:
    assert len(ENGLISH) == len(CHINESE) >= 10


@pytest.mark.parametrize("number", range(len(ENGLISH)))
def test_each_part_says_as_much(number: int) -> None:
    assert CHINESE[number] == ENGLISH[number]


def test_every_period_of_the_programs_is_told_and_no_other() -> None:
    stated = {prop.retention for kind in load_programs().types() for prop in kind.props.values()}
    for page in ("privacy.md", "privacy.zh-CN.md"):
        text = (DOCS / page).read_text("utf-8")
        told = set(re.findall(r"\| `((?:\w+\+)?\d+[dmy]|kept)` \|$", text, re.MULTILINE))
        assert told == stated, page


def test_articles_of_the_law_stand_in_the_same_order() -> None:
    def articles(name: str) -> list[list[str]]:
        text = (DOCS / name).read_text("utf-8").replace("–", "-")
        rows = re.findall(r"^\| ((?:PIPL|个保法|[^|]*\d)[^|]*) \|", text, re.MULTILINE)
        return [re.findall(r"\d+(?:-\d+)?", row) for row in rows]

    assert articles("privacy.md") == articles("privacy.zh-CN.md")
    assert len(articles("privacy.md")) >= 20
