"""A short look at both databases: everything once, but no files. `make erase` looks everywhere."""

from pathlib import Path

from flask import Flask

from tests.cast import Cast

from .story import OTHERS, Story
from .values import Captured, forms


def test_every_form_is_found_wherever_it_stands() -> None:
    for value in ("欧阳小梅", "13877665544", "E87651234"):
        for name, form in forms(value).items():
            for shift in range(4):
                data = b"x" * shift + form + b"yz"
                assert (value, name) in Captured([value]).in_bytes(data)
        assert Captured([value]).in_bytes("欧阳小妹 13877665545 E87651235".encode()) == []


def test_two_people_are_erased_and_nobody_else(app: Flask, cast: Cast, tmp_path: Path) -> None:
    story = Story(app, cast, tmp_path)
    story.fill()
    before = list(story.readable())
    for value in story.captured.values:
        assert any(value in place for place in before), f"{value} was never captured"
    story.erase()
    assert list(story.readable()) == []
    assert story.feeds_name() == []
    assert any(OTHERS[0] in text for text in story.pulled())
    assert story.faults() == []
    assert story.rebuild()
    assert story.refused()
    assert list(story.readable()) == []
    answered, held = story.answered()
    assert answered == held > 0
    assert story.faults() == []
