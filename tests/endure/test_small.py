"""A little of each proof; `make kill`, `make parallel` and `make fuzz-push` run the whole."""

import pytest

from . import kill, mutate, parallel

KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 8), ("postgresql", 3)])
def test_what_was_acknowledged_outlives_every_kill_and_is_there_once(kind: str, kills: int) -> None:
    line, found = kill.run(kind, kills, seed=20261126)
    assert found == [], line
    assert "lost=0" in line


@KINDS
def test_ten_identical_pushes_at_once_are_stored_once(kind: str) -> None:
    line, found = parallel.run(kind, 5, seed=20261126)
    assert found == [], line
    assert "stored=0" not in line


@KINDS
def test_spoilt_pushes_are_answered_item_by_item(kind: str) -> None:
    line, found = mutate.run(kind, 250, seed=20261126)
    assert found == [], line
    assert "quarantined=" in line
