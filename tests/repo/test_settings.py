"""An operator finds every setting in the manual, and none that isn't there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = re.compile(r'"(FIELDAPP_[A-Z_]+)"')
ROW = re.compile(r"^\| `(FIELDAPP_[A-Z_]+)` \|", re.MULTILINE)


def test_the_manual_lists_exactly_the_settings_there_are() -> None:
    read = set(NAME.findall((ROOT / "fieldapp/config.py").read_text("utf-8")))
    told = set(ROW.findall((ROOT / "docs/operating.md").read_text("utf-8")))
    assert told == read
