"""With how many instances a repeat within a repeat begins."""

from typing import Any

import pytest

from fieldapp.forms.check import check, complete

from .forms import host, node, number, xform

BODY = '<group ref="/data/r"><repeat nodeset="/data/r">{inner}</repeat></group>'
INNER = '<group ref="/data/r/s"><repeat nodeset="/data/r/s"/></group>'


def repeat(data: str, name: str = "r") -> dict[str, Any]:
    inner = INNER if "<s" in data else ""
    return node(xform(data, body=BODY.format(inner=inner)), name)


@pytest.mark.parametrize(
    ("data", "inner"),
    [
        ('<r jr:template=""><s jr:template=""><x/></s></r><r><s><x/></s></r>', 0),
        ('<r jr:template=""><s><x/></s></r><r><s><x/></s></r>', 1),
        ("<r><s><x/></s></r>", 1),
    ],
)
def test_a_new_instance_begins_with_what_its_template_holds(data: str, inner: int) -> None:
    assert repeat(data, "s").get("inner", 0) == inner


ROOMS = "<r><x>厨房</x><y>3</y></r><r><x>卧室</x><y/></r>"


def test_what_stands_in_the_form_is_of_those_instances_alone() -> None:
    written = repeat(ROOMS)
    assert written["begin"] == [{"x": "厨房", "y": "3"}, {"x": "卧室", "y": ""}]
    assert "def" not in repeat(ROOMS, "x")
    assert repeat('<r jr:template=""><x>新</x></r><r><x>厨房</x></r>', "x")["def"] == "新"


def test_the_server_knows_what_stands_in_the_form() -> None:
    form = xform(ROOMS, body=BODY.format(inner=""))
    finished = complete(form, {"r": [{}, {}, {}]}, host())
    assert finished["r"] == [{"x": "厨房", "y": "3"}, {"x": "卧室"}, {}]
    assert check(form, finished, {}, "2026-11-02") == []
    made_up = {"r": [{"x": "阁楼"}]}
    assert [one.kind for one in check(form, made_up, {}, "2026-11-02")] == ["fixed"]


def test_an_action_for_new_instances_says_nothing_of_those_that_stand_in_the_form() -> None:
    action = '<setvalue event="odk-new-repeat" ref="/data/r/x" value="1+1"/>'
    form = xform("<r><x/><y/></r>", body=BODY.format(inner=action))
    assert form["actions"][0]["set"] == number(form, "x")
    for x in ("", "2"):
        assert check(form, {"r": [{"x": x}]}, {}, "2026-11-02") == []
    assert check(form, {"r": [{"x": "3"}]}, {}, "2026-11-02") != []
