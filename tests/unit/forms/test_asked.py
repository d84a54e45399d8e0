"""Which properties of records expressions ask for."""

import pytest

from fieldapp.forms.asked import asked_of_item, asked_of_lists

PERSON = ["op", "=", ["path", ["ctx"], ["child", "person"]], ["r", 5]]
ITEMS = ["path", ["inst", "consent"], ["child", "item", PERSON]]


def test_an_expression_about_a_record_asks_for_the_properties_it_names() -> None:
    status = ["path", ["ctx"], ["child", "status"], ["attribute", "on"]]
    tree = ["f", "if", ["op", "=", status, ["s", "x"]], ["path", ["ctx"], ["child", "edd"]]]
    assert asked_of_item(tree) == {"status", "edd"}
    assert asked_of_item(["s", "always"]) == frozenset()


@pytest.mark.parametrize(
    "tree",
    [
        ["ctx"],
        ["f", "concat", ["."], ["s", "x"]],
        ["f", "string-length"],
        ["path", ["ctx"], ["child", "*"]],
        ["path", ["ctx"], ["child", "edd"], ["following-sibling", "status"]],
        ["path", ["ctx"], ["parent", "*"], ["child", "edd"]],
    ],
)
def test_what_may_ask_for_any_property_counts_as_asking_for_all(tree: list[object]) -> None:
    assert asked_of_item(tree) is None


def test_a_form_asks_for_what_its_expressions_name_anywhere() -> None:
    own = {"n": "dob", "calc": ["path", ITEMS, ["filter", None, ["n", 1]], ["child", "dob"]]}
    count = {"n": "n", "calc": ["f", "count", ITEMS]}
    choice = {"items": {"inst": "client", "value": "name", "label": "label"}}
    assert asked_of_lists({"nodes": [own, count, choice]}) >= {"person", "dob", "name"}
    assert "label" not in (asked_of_lists({"nodes": [own, count, choice]}) or ())
    named = {"calc": ["f", "jr:choice-name", ["r", 3], ["r", 3]]}
    assert "label" in (asked_of_lists({"nodes": [choice, named]}) or ())


@pytest.mark.parametrize(
    "tree",
    [
        ["f", "string-length", ITEMS],
        ["f", "count-non-empty", ITEMS],
        ["op", "=", ITEMS, ["s", ""]],
        ["f", "concat", ["path", ["inst", "client"]]],
        ["path", ["inst", "client"], ["child", "item", ["op", "=", ["."], ["s", "x"]]],
         ["child", "a"]],
        ["path", ["inst", "client"], ["descendant", "dob"]],
    ],
)  # fmt: skip
def test_a_record_as_a_whole_counts_as_all_its_properties(tree: list[object]) -> None:
    assert asked_of_lists({"nodes": [{"calc": tree}]}) is None
