"""Static defaults: how they are kept, and which are refused."""

import pytest

from .forms import form, node, problems

DEFAULTS = """
| survey |
| | type | name | label | default | parameters | choice_filter |
| | {} |
| choices |
| | list_name | name | label |
| | yn | 1 | Yes |
| | yn | 0 | No |
"""


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ("date | q | Q | 2026-01-02 00:00:00 | |", "2026-01-02"),
        ("datetime | q | Q | 2026-01-02 08:30:00 | |", "2026-01-02T08:30:00"),
        ("integer | q | Q | 5.0 | |", "5"),
        ("time | q | Q | 08:30:00 | |", "08:30:00"),
        ("decimal | q | Q | 61.5 | |", "61.5"),
        ("text | q | Q | 8:30 | |", "8:30"),
        ("range | q | Q | 4 | start=0 end=10 step=2 |", "4"),
        ("select_multiple yn | q | Q | 1  0 | |", "1 0"),
        ("select_one yn | q | Q | 2 | | name > 1", "2"),
    ],
)
def test_a_default_is_kept_as_its_question_would_store_it(row: str, kept: str) -> None:
    assert node(form(DEFAULTS.format(row)), "q")["def"] == kept


@pytest.mark.parametrize(
    "row",
    [
        "date | q | Q | 2026/1/2 | |",
        "date | q | Q | 2026-01-02 08:30:00 | |",
        "time | q | Q | 8:30 | |",
        "integer | q | Q | five | |",
        "integer | q | Q | 5.5 | |",
        "range | q | Q | 11 | start=0 end=10 step=1 |",
        "select_one yn | q | Q | 2 | |",
        "select_multiple yn | q | Q | 1 2 | |",
    ],
)
def test_a_default_that_no_answer_could_be_is_refused_in_its_cell(row: str) -> None:
    (found,) = problems(DEFAULTS.format(row))
    assert found.startswith("survey, row 2, column default q: the default “")
