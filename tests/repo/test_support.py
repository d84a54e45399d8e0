"""The page of what is supported says what the compiler does."""

from pathlib import Path

import pytest

from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source
from fieldapp.forms.support import APPEARANCES, How
from fieldapp.forms.support_page import page
from fieldapp.forms.xlsform import QUESTION_TYPES

ROOT = Path(__file__).parents[2]
FORM = """
| survey |
| | type | name | label | calculation | appearance | trigger |
| | begin_repeat | around | Around | | | |
| | text | question | Question | | | |
| | end_repeat | | | | | |
| | {type} | {name} | Asked | {calculation} | {appearance} | {trigger} |
{after}
| choices |
| | list_name | name | label |
| | {kept} | a | A |
| external_choices |
| | list_name | name | label |
| | list | a | A |
| osm |
| | list_name | name | label |
| | list | a | A |
| settings |
| | form_id |
| | t |
"""
END = "| | text | within | Within | | | |\n| | end_{} | | | | | |"


def refused(kind: str, appearance: str = "") -> str:
    """Why a form with a question of that type is refused; blank if it isn't."""
    outside = ".csv" in kind or "-external" in kind
    text = FORM.format(
        type=kind,
        name="audit" if kind == "audit" else "asked",
        calculation="1" if kind == "calculate" else "",
        appearance=appearance,
        trigger="${question}" if kind == "background-geopoint" else "",
        kept="other" if outside else "list",
        after=END.format(kind[6:]) if kind.startswith("begin_") else "",
    )
    try:
        compile_source(FormSource(".md", text.encode()), "p", "health")
    except FormError as error:
        return str(error)
    return ""


def test_the_page_is_written_from_the_tables() -> None:
    kept = (ROOT / "docs/xlsform-support.md").read_text("utf-8")
    assert kept == page(), "run `fieldapp forms support > docs/xlsform-support.md`"


@pytest.mark.parametrize("kind", QUESTION_TYPES)
def test_a_question_of_every_type_fares_as_the_page_says(kind: str) -> None:
    entry, said = QUESTION_TYPES[kind], refused(kind)
    assert bool(said) is (entry.how is How.REFUSED), said
    if said:
        assert entry.note[1] in said


@pytest.mark.parametrize("word", APPEARANCES)
def test_every_appearance_fares_as_the_page_says(word: str) -> None:
    said = refused("text", word)
    assert bool(said) is (APPEARANCES[word].how is How.REFUSED), said
