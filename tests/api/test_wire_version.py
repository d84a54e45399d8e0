"""The wire changes only on purpose: phones in drawers speak every version there ever was.

tests/wire.py says how.
"""

import json
from itertools import pairwise

from flask import Flask

from tests import wire

PINNED = json.loads(wire.PINNED.read_text())
HISTORY = PINNED["history"]


def test_what_the_server_declares_is_the_newest_version(app: Flask) -> None:
    openapi = json.loads(app.test_client().get("/api/openapi.json").data)
    assert wire.declared(openapi) == PINNED["declared"]


def test_the_newest_entry_names_what_is_pinned() -> None:
    newest = HISTORY[-1]
    assert newest["declared"] == wire.digest(PINNED["declared"])
    assert newest["exchanged"] == wire.digest(PINNED["exchanged"])


def test_no_entry_of_the_history_was_rewritten() -> None:
    assert HISTORY[0]["before"] == wire.digest(None)
    for before, after in pairwise(HISTORY):
        assert after["before"] == wire.digest(before)
        assert _order(after["version"]) > _order(before["version"])


def _order(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
