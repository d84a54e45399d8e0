"""Which attachments a visit's answers name, as the phone reads them too."""

import json
from pathlib import Path
from typing import Any

import pytest

from fieldapp.forms.blobs import blobs_of

BLOBS = json.loads((Path(__file__).parents[2] / "contract" / "blobs.json").read_text("utf-8"))


@pytest.mark.parametrize("case", BLOBS["cases"], ids=lambda case: case["name"])
def test_answers_name_their_attachments(case: dict[str, Any]) -> None:
    assert blobs_of(BLOBS["definition"], case["answers"]) == case["blobs"]
