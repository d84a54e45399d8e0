"""What is declined can be carried by nothing: no form, type or property, no column, no API schema.
And what bystanders may see says nothing of what it is about.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fieldapp.apidocs import document
from fieldapp.db import db
from fieldapp.forms.lint import forbidden, lint
from fieldapp.programs.discreet import telling
from fieldapp.programs.service import load_programs

FRONTEND = Path(__file__).parents[2] / "frontend"


def names_of_programs() -> Iterator[str]:
    for program in load_programs().all:
        yield from (program.id, *program.title.values())
        for kind in program.types.values():
            yield from (kind.name, *kind.label.values(), *kind.computed)
            for prop in kind.props.values():
                yield from (prop.name, *prop.label.values(), prop.purpose)
        for words in program.lists.values():
            yield from (text for texts in words.values() for text in texts)


def names_in(schema: Any) -> Iterator[str]:
    """Every key and every text of an enumeration."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            yield from names_in(value)
            if key == "enum":
                yield from (text for text in value if isinstance(text, str))
    elif isinstance(schema, list):
        for part in schema:
            yield from names_in(part)


def declined(names: Iterator[str]) -> dict[str, list[str]]:
    return {name: why for name in names if (why := forbidden(name))}


def test_no_form_type_or_property_carries_what_is_declined() -> None:
    assert [
        p for program in load_programs().all for f in program.forms.values() for p in lint(f)
    ] == []
    assert declined(names_of_programs()) == {}


def test_no_table_has_a_column_for_it(app: Flask) -> None:
    assert app
    tables = db.metadata.tables
    assert len(tables) > 15
    assert declined(f"{t}.{c.name}" for t, table in tables.items() for c in table.columns) == {}


def test_no_schema_of_the_api_has_a_field_for_it(app: Flask) -> None:
    with app.app_context():
        found = list(names_in(document()["components"]["schemas"]))
    assert len(found) > 500
    assert declined(iter(found)) == {}


class TestBystanders:
    """Whoever sees the phone over a shoulder learns nothing."""

    def test_tasks_are_neutral(self) -> None:
        rules = load_programs().schedule()
        assert len(rules) > 20
        assert [r.label for r in rules if telling(" ".join(r.label.values()))] == []

    @pytest.mark.parametrize(
        "text", ["该产检了", "避孕针到期", "怀孕随访", "Antenatal check is due"]
    )
    def test_what_would_tell_is_noticed(self, text: str) -> None:
        assert telling(text)

    def test_titles_are_neutral(self) -> None:
        page = (FRONTEND / "index.html").read_text("utf-8")
        manifest = (FRONTEND / "vite.config.ts").read_text("utf-8")
        (title,) = re.findall("<title>(.*)</title>", page)
        names = re.findall(r"\b(?:short_)?name: '(.*)'", manifest)
        assert len(names) == 2
        assert telling(" ".join([title, *names])) == []

    def test_the_phone_sends_no_notification_and_never_renames_its_window(self) -> None:
        sources = [p for p in FRONTEND.glob("src/**/*") if p.suffix in (".ts", ".vue")]
        assert len(sources) > 100
        # The cover, a clock, is called a clock; `telling` looks at its words too.
        renames = r"document\.title = (?!t\('app\.clock'\)|before\.)"
        told = re.compile(rf"showNotification|new Notification|{renames}")
        assert [p.name for p in sources if told.search(p.read_text("utf-8"))] == []
