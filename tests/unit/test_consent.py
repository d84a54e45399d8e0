"""Where a consent stands, as the phone has it too: tests/contract/consent.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from fieldapp.consent.live import Standing, Version, said, standing

CONTRACT = Path(__file__).parents[1] / "contract" / "consent.json"
CASES = json.loads(CONTRACT.read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_standing(case: dict[str, Any]) -> None:
    versions = [Version(**each) for each in case.get("versions", CASES["versions"])]
    found = standing(case["consent"], case["born"], case["on"], versions, case["children"])
    assert found == Standing(case["state"], case["until"])


@pytest.mark.parametrize("case", CASES["said"], ids=lambda case: case["name"])
def test_what_was_said_last(case: dict[str, Any]) -> None:
    found = said(case["consent"], case["words"])
    assert found.get("status", "") == case["status"]
    assert found.get("ends_on") == case.get("ends_on", case["consent"].get("ends_on"))
