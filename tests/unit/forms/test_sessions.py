"""The sessions of tests/contract/sessions.json on the server: `complete` finishes the answers as
the phone does, and `check` finds what the phone's session would have refused.
"""

import json
import re
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from fieldapp.forms.check import check, complete
from fieldapp.forms.evaluate import Host

CONTRACT = Path(__file__).parents[2] / "contract"
SESSIONS = json.loads((CONTRACT / "sessions.json").read_text("utf-8"))
MADE = re.compile(r"00000000-0000-4000-8000-[0-9a-f]{12}")
AREAS = [{"name": "379901001001", "label": "柳林村"}, {"name": "379901001002", "label": "石桥村"}]


def place(answers: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The object that holds a path's last name, made where it lacks."""
    *above, last = path.split("/")
    for part in above:
        name, _, index = part.partition("[")
        below = answers.setdefault(name, [] if index else {})
        if index:
            while len(below) <= int(index[:-1]):
                below.append({})
            below = below[int(index[:-1])]
        answers = below
    return answers, last


def given(case: dict[str, Any]) -> dict[str, Any]:
    """What was answered when all steps were taken; every repeat begins with one instance."""
    answers: dict[str, Any] = {}
    for path, value in case.get("given", {}).items():
        holder, name = place(answers, path)
        holder[name] = value
    for verb, path, *value in case["steps"]:
        holder, name = place(answers, path)
        if verb == "set":
            holder[name] = value[0]
        elif verb == "repeat":
            holder.setdefault(name, [{}]).append({})
        else:
            name, _, index = name.partition("[")
            holder.setdefault(name, [{}]).pop(int(index[:-1]))
    return answers


def lists(case: dict[str, Any]) -> dict[str, Any]:
    """The registry lists of a case."""
    host = case["host"]
    me = {
        "name": "me",
        "label": "me",
        "role": host["role"],
        "worker": "王芳",
        "area": AREAS[0]["name"],
    }
    kept = SESSIONS["registries"][host["registry"]]
    return {"session": [me], "area": AREAS, **kept, **host.get("instances", {})}


def definition(case: dict[str, Any]) -> dict[str, Any]:
    """The case's form."""
    loaded: dict[str, Any] = json.loads(
        (CONTRACT / "forms" / f"{case['form']}.json").read_text("utf-8")
    )
    return loaded


def unnumbered(answers: Any) -> Any:
    """Answers with the ids made during the session told apart by their order of appearance only."""
    seen: dict[str, str] = {}
    text = MADE.sub(
        lambda m: seen.setdefault(m[0], f"made{len(seen)}"), json.dumps(answers, sort_keys=True)
    )
    return json.loads(text)


def finished(case: dict[str, Any]) -> dict[str, Any]:
    """The answers as `complete` finishes them."""
    numbers = count(1)
    host = Host(
        today=case["host"]["today"],
        now=f"{case['host']['today']}T09:00:00.000+08:00",
        uuid=lambda: str(UUID(f"00000000-0000-4000-8000-{next(numbers):012x}")),
        instances=lists(case),
    )
    return complete(definition(case), given(case), host)


FINISHED = [case for case in SESSIONS["cases"] if "answers" in case["expect"]]


@pytest.mark.parametrize("case", FINISHED, ids=lambda case: case["name"])
def test_the_server_finishes_answers_as_the_phone_does(case: dict[str, Any]) -> None:
    assert unnumbered(finished(case)) == unnumbered(case["expect"]["answers"])


@pytest.mark.parametrize("case", FINISHED, ids=lambda case: case["name"])
def test_what_a_session_let_pass_the_server_finds_nothing_wrong_with(case: dict[str, Any]) -> None:
    answers = case["expect"]["answers"]
    assert check(definition(case), answers, lists(case), case["host"]["today"]) == []
    only_session = {"session": lists(case)["session"]}
    assert check(definition(case), answers, only_session, case["host"]["today"]) == []


REFUSED = [case for case in SESSIONS["cases"] if case["expect"].get("problems")]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_what_a_session_refuses_the_server_finds_too(case: dict[str, Any]) -> None:
    found = check(definition(case), finished(case), lists(case), case["host"]["today"])
    assert [f"{v.path} {v.kind}" for v in found] == case["expect"]["problems"]
