"""The page about sync shows the tables that the tests run, no others."""

import json

from tests.sync_page import BLOCK, CONTRACT, PAGE, rewritten


def test_the_tables_of_the_page_are_those_of_the_tests() -> None:
    page = PAGE.read_text("utf-8")
    tables = json.loads((CONTRACT / "sync-states.json").read_text("utf-8"))
    assert {block[2] for block in BLOCK.finditer(page)} == {*tables, "wire"}
    assert page == rewritten(page), "write them anew: .venv/bin/python -m tests.sync_page"
