"""Visits filled in on the phone, held against the server's reading of the same forms.

The phone plays tests/contract/sessions.json step by step; here its finished answers are checked.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldapp.forms.check import check, complete
from fieldapp.forms.evaluate import Host

CONTRACT = Path(__file__).parents[2] / "contract"
SESSIONS = json.loads((CONTRACT / "sessions.json").read_text())
FINISHED = [case for case in SESSIONS["cases"] if "answers" in case["expect"]]
VILLAGE = "379901001001"
MADE = re.compile(r"(uuid:)?00000000-0000-4000-8000-(\d{12})")


def definition(case: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CONTRACT / "forms" / f"{case['form']}.json").read_text())
    return loaded


def lists(case: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """The registry of the case, with what the phone itself answers."""
    host = case["host"]
    me = {"name": "me", "label": "me", "role": host["role"], "worker": "wang", "area": VILLAGE}
    own = {"session": [me], "area": [{"name": VILLAGE, "label": "柳树村"}]}
    return {**own, **SESSIONS["registries"][host["registry"]], **host.get("instances", {})}


def counting() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"00000000-0000-4000-8000-{number:012}"


def told(case: dict[str, Any]) -> dict[str, Any]:
    """What the worker answered, nested as answers are; a repeat begins with one instance."""
    repeats = {"rental_register": "residents", "language": "people", "words": "visitors"}
    begun = repeats.get(case["form"])
    answers: dict[str, Any] = {begun: [{}]} if begun else {}
    steps = [["set", path, value] for path, value in case.get("given", {}).items()]
    for what, path, *value in [*steps, *case["steps"]]:
        if what == "set":
            put(answers, path, value[0])
        elif what == "repeat":
            answers[path].append({})
        else:
            name, _, index = path.partition("[")
            del answers[name][int(index[:-1])]
    return answers


def put(answers: dict[str, Any], path: str, value: str) -> None:
    *above, name = path.split("/")
    at = answers
    for part in above:
        repeat, _, index = part.partition("[")
        at = at[repeat][int(index[:-1])] if index else at.setdefault(part, {})
    at[name] = value


def anonymous(answers: Any, seen: dict[str, int]) -> Any:
    """Answers in which made identifiers are numbered: only which are the same matters."""
    if isinstance(answers, dict):
        return {key: anonymous(answers[key], seen) for key in sorted(answers)}
    if isinstance(answers, list):
        return [anonymous(one, seen) for one in answers]
    made = MADE.fullmatch(answers)
    return f"made {seen.setdefault(made[2], len(seen))}" if made else answers


@pytest.mark.parametrize("case", FINISHED, ids=lambda case: case["name"])
def test_the_form_allows_what_the_phone_finished(case: dict[str, Any]) -> None:
    answers = case["expect"]["answers"]
    assert check(definition(case), answers, lists(case), case["host"]["today"]) == []


@pytest.mark.parametrize("case", FINISHED, ids=lambda case: case["name"])
def test_the_server_would_have_finished_the_same(case: dict[str, Any]) -> None:
    ids = counting()
    today = case["host"]["today"]
    host = Host(
        today=today,
        now=f"{today}T09:30:00.000+08:00",
        uuid=lambda: next(ids),
        instances=lists(case),
    )
    finished = complete(definition(case), told(case), host)
    assert anonymous(finished, {}) == anonymous(case["expect"]["answers"], {})


def test_every_form_is_played_to_its_end() -> None:
    forms = {path.stem for path in (CONTRACT / "forms").glob("*.json")} - {"programs"}
    assert {case["form"] for case in FINISHED} == forms
