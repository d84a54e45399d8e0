"""The follow-up tasks of the shared cases, which the phone runs too."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fieldapp.followup.schedule import Subject, of_role, state_of, tasks
from fieldapp.forms.xpath import compile_xpath

CONTRACT = json.loads(
    (Path(__file__).parents[2] / "contract" / "schedule.json").read_text(encoding="utf-8")
)
RULES = [SimpleNamespace(**rule) for rule in CONTRACT["rules"]]


@pytest.mark.parametrize("case", CONTRACT["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = tasks(RULES, [Subject(**entity) for entity in case["entities"]], case["today"])

    assert [vars(task) for task in found] == case["tasks"]


def test_the_published_rules_are_the_written_ones() -> None:
    for source, rule in zip(CONTRACT["sources"], CONTRACT["rules"], strict=True):
        for key in ("when", "done", "opens", "due", "overdue"):
            assert compile_xpath(source[key]) == rule[key], (source["id"], key)


def test_the_order_of_arrival_changes_nothing() -> None:
    case = CONTRACT["cases"][-1]
    subjects = [Subject(**entity) for entity in case["entities"]]

    assert tasks(RULES[::-1], subjects[::-1], case["today"]) == tasks(
        RULES, subjects, case["today"]
    )


def test_a_nurse_is_given_her_own_rules_only() -> None:
    assert [rule.id for rule in of_role(RULES, "nurse")] == ["agreed_contact"]
    assert [rule.id for rule in of_role(RULES, "area")] == ["hazard"]


@pytest.mark.parametrize(
    ("today", "state"),
    [
        ("2026-10-01", "later"),
        ("2026-10-02", "open"),
        ("2026-10-05", "due"),
        ("2026-10-20", "overdue"),
    ],
)
def test_states(today: str, state: str) -> None:
    assert state_of(today, "2026-10-02", "2026-10-05", "2026-10-19") == state
