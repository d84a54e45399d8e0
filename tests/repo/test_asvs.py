"""The ASVS checklist names every requirement of levels 1 and 2, and evidence that is there.

What is cited has to exist by its name: a test in its file, words in theirs; what there is none of
is looked for. Nothing is cited as a mere file.
"""

import ast
import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ITEMS: dict[str, dict] = tomllib.loads((ROOT / "docs/asvs.toml").read_text("utf-8"))
# How many requirements of levels 1 and 2 each chapter of version 5.0 has.
CHAPTERS = {
    "V1": 27, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7, "V9": 7,
    "V10": 29, "V11": 14, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16, "V17": 7,
}  # fmt: skip
EVIDENCE = {
    "met": {"test", "config", "document"},
    "gap": {"document"},
    "not applicable": {"not applicable"},
}
NOT_RUN = re.compile(r"\b(skip|xfail|todo|fixme)\b")


def test_every_requirement_is_there() -> None:
    assert Counter(name.split(".")[0] for name in ITEMS) == CHAPTERS


@pytest.mark.parametrize("name", ITEMS)
def test_each_says_how_it_is_shown(name: str) -> None:
    item = ITEMS[name]
    assert item["what"]
    assert item["evidence"] in EVIDENCE[item["status"]]
    assert bool(item.get("why")) == (item["status"] != "met")
    assert item.get("cites") or item.get("absent"), "nothing can be checked"
    assert "absent" not in item or item["status"] == "not applicable"
    tests = [cited for cited in item.get("cites", []) if is_test(cited)]
    assert item["evidence"] != "test" or tests, "no test is cited"
    if item["status"] == "gap":
        assert f"docs/security.md › {name}" in item["cites"], "who reads about security is told"


CITED = sorted({cited for item in ITEMS.values() for cited in item.get("cites", [])})


@pytest.mark.parametrize("cited", CITED)
def test_what_is_cited_is_there(cited: str) -> None:
    if "::" in cited:
        assert is_in_python(cited), cited
        return
    file, _, words = cited.partition(" › ")
    assert words, "a file alone shows nothing"
    if is_test(cited):
        assert is_in_script((ROOT / file).read_text("utf-8"), words), cited
    else:
        assert plain(words) in plain((ROOT / file).read_text("utf-8")), cited


ABSENT = sorted({word for item in ITEMS.values() for word in item.get("absent", [])})


@pytest.mark.parametrize("word", ABSENT)
def test_what_there_is_none_of_is_nowhere(word: str) -> None:
    found = re.compile(rf"(?<![a-z]){re.escape(word)}", re.IGNORECASE)
    assert [path for path, text in product().items() if found.search(text)] == []
    assert [name for name in libraries() if found.search(name)] == []


def test_the_checks_above_would_notice() -> None:
    here = "tests/repo/test_asvs.py::"
    assert is_in_python(here + "test_every_requirement_is_there")
    assert not is_in_python(here + "test_every_requirement")
    assert not is_in_python(here + "TestNothing::test_every_requirement_is_there")
    assert is_in_script("it.each([\n['a'],\n])('gives %s no power', …)", "gives %s no power")
    assert not is_in_script("test('opens nothing at all', …)", "opens nothing")
    assert not is_in_script("test.skip('opens nothing', …)", "opens nothing")
    assert not is_in_script("// it used to be called 'opens nothing'", "opens nothing")
    assert "fieldapp/config.py" in product()
    assert "flask" in libraries()
    assert "vue" in libraries()
    assert "vitest" not in libraries()


def is_test(cited: str) -> bool:
    """Whether it cites a test."""
    return "::" in cited or bool(re.search(r"\.(test|spec)\.ts › ", cited))


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text("utf-8"))


def is_in_python(cited: str) -> bool:
    """`file::[Class::]test`, that exact one, and it is run."""
    file, *parts = cited.split("::")
    here: ast.AST = tree(file)
    for part in parts:
        kinds = (ast.ClassDef, ast.FunctionDef)
        named = [n for n in ast.iter_child_nodes(here) if isinstance(n, kinds) and n.name == part]
        if not named or any(NOT_RUN.search(ast.unparse(d)) for d in named[0].decorator_list):
            return False
        here = named[0]
    return True


def is_in_script(text: str, name: str) -> bool:
    """Whether a test of this name is in it: a quoted name where a call of test, it or one of their
    tables of cases begins, and not one that is left out."""
    quoted = "|".join(f"{quote}{re.escape(name)}{quote}" for quote in ("'", '"', "`"))
    for found in re.finditer(rf"([\w.]+|\]|\)|\))\(\s*(?:{quoted})\s*,", text):
        called = found[1]
        if called in ("]", ")") or re.fullmatch(r"(test|it|describe)(\.\w+)*", called):
            return not NOT_RUN.search(called)
    return False


def plain(text: str) -> str:
    """A text without the ends of its lines."""
    return " ".join(text.split())


@cache
def product() -> dict[str, str]:
    """Every module and screen of the product, without its tests and what is made of them."""
    paths = [
        *(ROOT / "fieldapp").rglob("*.py"),
        *(ROOT / "frontend/src").rglob("*.ts"),
        *(ROOT / "frontend/src").rglob("*.vue"),
    ]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in paths
        if not path.name.endswith((".test.ts", ".d.ts"))
    }


@cache
def libraries() -> frozenset[str]:
    """What is installed where it runs, by name, and what the app is built of."""
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text("utf-8"))
    node = {
        path.rpartition("node_modules/")[2]
        for path, p in lock["packages"].items()
        if not p.get("dev")
    }
    pinned = (ROOT / "requirements.lock").read_text("utf-8")
    python = re.findall(r"^([a-z0-9._-]+)==", pinned, re.MULTILINE)
    return frozenset(node | set(python))
