"""The cases both languages run: expressions, derived writes, and the compiled forms themselves."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from fieldapp.forms.arity import ARITY
from fieldapp.forms.commands import contract_files
from fieldapp.forms.definition import Shape
from fieldapp.forms.derive import derive
from fieldapp.forms.evaluate import SPECIAL, Host, evaluate_entity
from fieldapp.forms.functions import LIBRARY
from fieldapp.forms.instance import FormInstance
from fieldapp.forms.values import Value, to_boolean, to_number, to_text
from fieldapp.forms.xpath import compile_xpath

CONTRACT = Path(__file__).parents[2] / "contract"
EXPRESSIONS = json.loads((CONTRACT / "expressions.json").read_text("utf-8"))
DERIVE = json.loads((CONTRACT / "derive.json").read_text("utf-8"))
UUID = "123e4567-e89b-12d3-a456-426614174000"


def evaluated(case: dict[str, Any]) -> Value:
    """A case's tree in its context."""
    context = EXPRESSIONS["contexts"][case["in"]]
    host = Host(context["today"], context["now"], uuid=lambda: UUID, instances=context["instances"])
    if context["definition"] is None:
        return evaluate_entity(case["tree"], host, context["props"], context["marks"])
    form = FormInstance(Shape(context["definition"]), context["answers"], host)
    for path in context["hidden"]:
        form.at(path).relevant = False
    return form.value(case["tree"], form.at(case["at"]))


def case_id(case: dict[str, Any]) -> str:
    """What pytest calls a case."""
    return f"{case['name']} @{case.get('at', '')}"


@pytest.mark.parametrize("case", EXPRESSIONS["cases"], ids=case_id)
def test_an_expression_yields_what_both_languages_agreed_on(case: dict[str, Any]) -> None:
    value = evaluated(case)
    if "string" in case:
        assert to_text(value) == case["string"]
    if "boolean" in case:
        assert to_boolean(value) is case["boolean"]
    if case.get("number") == "NaN":
        assert math.isnan(to_number(value))
    elif "number" in case:
        assert to_number(value) == pytest.approx(case["number"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("case", EXPRESSIONS["cases"], ids=case_id)
def test_the_tree_of_a_case_is_what_its_xpath_compiles_to(case: dict[str, Any]) -> None:
    definition = EXPRESSIONS["contexts"][case["in"]]["definition"]
    if definition is None:
        assert compile_xpath(case["expr"]) == case["tree"]
        return
    form = FormInstance(
        Shape(definition), EXPRESSIONS["contexts"][case["in"]]["answers"], Host(today="")
    )
    at = form.at(case["at"]).node
    assert compile_xpath(case["expr"], form.shape.names, at) == case["tree"]


def test_there_are_enough_cases_and_each_has_its_own_name() -> None:
    names = [case_id(case) for case in EXPRESSIONS["cases"]]
    assert len(names) >= 200
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", DERIVE["cases"], ids=lambda case: case["name"])
def test_a_visit_writes_what_both_languages_agreed_on(case: dict[str, Any]) -> None:
    programs = DERIVE["programs"]
    definition = DERIVE["definitions"].get(case["form"])
    if definition is None:
        forms = CONTRACT / "forms"
        definition = json.loads((forms / f"{case['form']}.json").read_text("utf-8"))
        programs = json.loads((forms / "programs.json").read_text("utf-8"))
    result = derive(definition, programs, case["answers"], case["sid"]).as_json()
    assert result == {key: case[key] for key in ("on", "entities", "writes")}


@pytest.mark.parametrize("name", sorted(contract_files()))
def test_the_compiled_forms_in_the_contract_are_up_to_date(name: str) -> None:
    kept = (CONTRACT / "forms" / name).read_text("utf-8")
    assert kept == contract_files()[name], "run `fieldapp forms contract`"


def test_every_function_that_may_be_written_can_be_evaluated() -> None:
    compiled_away = {"current", "instance", "pulldata", "indexed-repeat", "jr:itext"}
    assert set(ARITY) - compiled_away == set(LIBRARY) | set(SPECIAL)
