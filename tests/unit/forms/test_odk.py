"""ODK Validate's word on every form we come with or take in our own tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldapp.forms import odk, service
from fieldapp.forms.compile import compile_xform
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource

from .forms import SETTINGS, XFORM

ROOT = Path(__file__).parents[3]
BROKEN = (
    '<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>x</h:title></h:head></h:html>'
)
needs_java = pytest.mark.skipif(
    not odk.has_java(), reason="ODK Validate needs Java, and there is none here"
)


def packaged() -> list[Path]:
    return sorted((ROOT / "fieldapp" / "programs").glob("*/*.md"))


def written_in_tests() -> Iterator[tuple[str, str]]:
    """Where it stands, and the XForm, of every table in our tests that we accept."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for part in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = part.value if isinstance(part, ast.Constant) else ""
            if not isinstance(text, str) or text.count("\n") < 3 or "| survey |" not in text:
                continue
            table = text.strip() + ("" if "| settings |" in text else SETTINGS) + "\n"
            try:
                xform = odk.xform_of(FormSource(".md", table.encode()))
                compile_xform(xform, "p", "health", {})
            except FormError:
                continue
            yield f"{path.name}:{getattr(part, 'lineno', 0)}", xform


@needs_java
def test_every_packaged_form_is_valid() -> None:
    xforms = [odk.xform_of(FormSource.of(path)) for path in packaged()]
    assert len(xforms) >= 4
    assert odk.verdicts(xforms) == [odk.Verdict("valid")] * len(xforms)


@needs_java
def test_every_form_our_tests_take_is_valid() -> None:
    forms = list(written_in_tests())
    assert len(forms) >= 15
    found = odk.verdicts([xform for _, xform in forms])
    wrong = {
        place: v.said for (place, _), v in zip(forms, found, strict=True) if v.state != "valid"
    }
    assert wrong == {}


@needs_java
def test_a_broken_form_is_told_without_the_places_of_this_machine(tmp_path: Path) -> None:
    good = odk.xform_of(FormSource.of(packaged()[0]))
    first, second = odk.verdicts([good, BROKEN])
    assert (first.state, second.state) == ("valid", "invalid")
    assert "form1.xml" in second.said
    assert "/tmp" not in second.said


def test_without_java_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odk.shutil, "which", lambda _name: None)
    assert odk.verdict(odk.xform_of(FormSource.of(packaged()[0]))) == odk.Verdict("absent")


@needs_java
def test_it_is_given_only_so_long() -> None:
    xform = odk.xform_of(FormSource.of(packaged()[0]))
    assert odk.verdicts([xform], timeout=0.01) == [odk.Verdict("late")]


@needs_java
def test_what_it_says_is_one_problem_at_the_question_it_names() -> None:
    xform = XFORM.format(
        data="<g><r/></g>", model='<bind nodeset="/data/g/r" calculate="fooo(1)"/>', body=""
    )
    problem = odk.problem_of(odk.verdict(xform))
    assert (problem.question, problem.path) == ("r", "g/r")
    for word in ("java", "javarosa", "form0.xml", "Exception"):
        assert word not in problem.message("zh")
    assert "cannot handle function 'fooo'" in problem.message("zh")


def test_a_form_that_updates_records_must_look_into_their_list(tmp_path: Path) -> None:
    """ODK Validate won't have it otherwise, and phones couldn't know what they update."""
    table = """
| survey |
| | type | name | label | save_to |
| | text | who | Who | full_name |
| entities |
| | list_name | label | entity_id | UPDATES |
| | client | ${who} | 'x' | true() |
"""
    whole = table.strip().replace("UPDATES", "update_if") + SETTINGS
    refused = FormSource(".md", whole.encode())
    with pytest.raises(FormError) as error:
        service.read_form(refused, "consent")
    assert [problem.code for problem in error.value.problems] == ["entity_unattached"]
