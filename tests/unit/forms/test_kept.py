"""Compiled forms are kept by what they were made of, and what is kept is never trusted further."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from fieldapp import create_app
from fieldapp.config import Settings
from fieldapp.forms import kept
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source

FORM = """
| survey |
| | type | name | label |
| | text | street | Street |
| settings |
| | form_title | form_id | version |
| | Doors | doors | 1 |
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The home of a server that is running."""
    settings = Settings(tmp_path, f"sqlite:///{tmp_path / 'x.sqlite'}", "s" * 40, testing=True)
    app: Flask = create_app(settings)
    with app.app_context():
        yield tmp_path


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A note of everything that was really compiled."""
    done: list[str] = []

    def noted(source: FormSource, program: str, scope: str) -> dict:
        done.append(source.content.decode())
        return compile_source(source, program, scope)

    monkeypatch.setattr(kept, "compile_source", noted)
    return done


def source(text: str = FORM) -> FormSource:
    return FormSource(".md", text.encode())


def test_the_same_form_is_compiled_once(home: Path, compilations: list[str]) -> None:
    first, second = (kept.compiled(source(), "rental", "housing") for _ in range(2))
    assert first == second == compile_source(source(), "rental", "housing")
    assert len(compilations) == 1


@pytest.mark.parametrize(
    "other",
    [
        (source(FORM.replace("Street", "Road")), "rental", "housing"),
        (source(), "consent", "housing"),
        (source(), "rental", "health"),
    ],
)
def test_another_source_program_or_scope_is_another_form(
    home: Path, compilations: list[str], other: tuple[FormSource, str, str]
) -> None:
    kept.compiled(source(), "rental", "housing")
    assert kept.compiled(*other) == compile_source(*other)
    assert len(compilations) == 2


def test_another_compiler_compiles_again(
    home: Path, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.compiled(source(), "rental", "housing")
    monkeypatch.setattr(kept, "compiler_key", lambda: "newer")
    kept.compiled(source(), "rental", "housing")
    assert len(compilations) == 2


@pytest.mark.parametrize("damage", ["", '{"id": "do', "\udcff"])
def test_a_damaged_file_is_as_good_as_none(
    home: Path, compilations: list[str], damage: str
) -> None:
    first = kept.compiled(source(), "rental", "housing")
    (file,) = (home / kept.FOLDER).iterdir()
    file.write_text(damage, errors="surrogateescape")
    assert kept.compiled(source(), "rental", "housing") == first
    assert kept.compiled(source(), "rental", "housing") == first
    assert len(compilations) == 2


def test_a_home_in_which_nothing_can_be_kept_still_serves(home: Path) -> None:
    (home / kept.FOLDER).write_text("a file, where a folder should be")
    assert kept.compiled(source(), "rental", "housing")["id"] == "doors"


def test_a_form_with_a_mistake_is_refused_every_time(home: Path) -> None:
    wrong = source(FORM.replace("| text |", "| telepathy |"))
    for _ in range(2):
        with pytest.raises(FormError):
            kept.compiled(wrong, "rental", "housing")


def test_old_files_make_room(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT", 2)
    for number in range(4):
        kept.compiled(source(FORM.replace("Street", f"Street {number}")), "rental", "housing")
    assert len(list((home / kept.FOLDER).iterdir())) == 2
