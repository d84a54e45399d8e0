"""What `make mutants` plants must find its place: noticed here at once, not after all histories."""

import json

import pytest

from .test_walls import ROOT

PROJECT = ROOT.parent
MUTANTS = json.loads((PROJECT / "tests/simulation/mutants.json").read_text("utf-8"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant["name"])
def test_a_fault_can_be_planted(mutant: dict[str, list[list[str]]]) -> None:
    for file, stands, _ in mutant["changes"]:
        assert stands in (PROJECT / file).read_text("utf-8")
