"""The ASVS checklist names every requirement of levels 1 and 2, and evidence that is there."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ITEMS: dict[str, dict] = tomllib.loads((ROOT / "docs/asvs.toml").read_text("utf-8"))
# How many requirements of levels 1 and 2 each chapter of version 5.0 has.
CHAPTERS = {
    "V1": 27, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7, "V9": 7,
    "V10": 29, "V11": 14, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16, "V17": 7,
}  # fmt: skip
MET = sorted(name for name, item in ITEMS.items() if item["status"] == "met")


def test_every_requirement_is_there() -> None:
    assert Counter(name.split(".")[0] for name in ITEMS) == CHAPTERS
    for name, item in ITEMS.items():
        assert item["status"] in ("met", "not applicable", "gap"), name
        assert item["what"], name
        assert bool(item.get("evidence")) == (item["status"] == "met"), name
        assert bool(item.get("reason")) == (item["status"] != "met"), name


@pytest.mark.parametrize("name", MET)
def test_what_is_cited_is_there(name: str) -> None:
    for cited in ITEMS[name]["evidence"]:
        file, *parts = cited.split("::")
        assert (ROOT / file).exists(), cited
        text = (ROOT / file).read_text("utf-8")
        for part in parts:
            assert re.search(rf"(def|class) {re.escape(part)}\b", text), cited
