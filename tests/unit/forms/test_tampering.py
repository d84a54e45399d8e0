"""A small share of `make tamper`: honest fillings raise no alarm, no tampering goes unseen."""

import pytest

from tests.tampering import definitions, tamper

SEED = 20261102


@pytest.mark.parametrize("form_id", definitions())
def test_honest_fillings_raise_no_alarm_and_no_tampering_goes_unseen(form_id: str) -> None:
    tally = tamper(form_id, fillings=4, mutations=20, seed=SEED)
    assert tally.fillings, "nothing was tried"
    assert tally.missed == []
    assert tally.alarms == []
    assert tally.caught > tally.harmless
