"""The tables of docs/sync.md, written from the data that the tests of both languages run.

.venv/bin/python -m tests.sync_page    # writes them anew
"""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/sync.md"
CONTRACT = ROOT / "tests/contract"
PARTS = ("declared", "exchanged")
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(?:.*?\n)??(<!-- end -->)", re.DOTALL)


def rewritten(page: str) -> str:
    """The page with each table as the data has it."""
    states = json.loads((CONTRACT / "sync-states.json").read_text("utf-8"))
    tables = {name: _events(table) for name, table in states.items()}
    tables["wire"] = _history(json.loads((CONTRACT / "wire.json").read_text("utf-8")))
    return BLOCK.sub(lambda block: f"{block[1]}{tables[block[2]]}\n{block[3]}", page)


def _events(table: dict[str, Any]) -> str:
    """States across, events down; what stays as it was is a dot."""
    states = list(table["states"])
    words = [f"- `{name}`: {text}" for name, text in table["states"].items()]
    words += [f"- *{name}*: {text}" for name, text in table.get("outcomes", {}).items()]
    rows = [
        [event["event"], *(_cell(event["next"][state], state) for state in states), event["says"]]
        for event in table["events"]
    ]
    head = ["event", *(f"`{state}`" for state in states), ""]
    return "\n".join([*words, "", *_table([head, *rows])])


def _cell(after: str, before: str) -> str:
    return "·" if after == before else f"**{after}**"


def _history(pinned: dict[str, Any]) -> str:
    rows = [
        [one["version"], one["date"], one["change"], *(f"`{one[part][:12]}`" for part in PARTS)]
        for one in pinned["history"]
    ]
    return "\n".join(_table([["version", "since", "change", *PARTS], *rows]))


def _table(rows: list[list[str]]) -> list[str]:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *body]


def main() -> None:
    """Write the tables into the page."""
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
