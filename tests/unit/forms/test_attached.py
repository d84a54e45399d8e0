"""Looking into attached lists: as in any list, only faster."""

import json
import time
from typing import Any

import pytest

from fieldapp.forms.attached import ListNode, RecordList, key_of
from fieldapp.forms.check import check
from fieldapp.forms.definition import shape_of
from fieldapp.forms.evaluate import Host, Scope, evaluate
from fieldapp.forms.source import FormSource, compile_source
from fieldapp.forms.tables import Table
from fieldapp.forms.values import make_item, to_text
from fieldapp.forms.xpath import compile_xpath
from tests.unit.forms.forms import form
from tests.unit.forms.test_files import FILES, FORM

ROWS = [("a", "甲", "1", None), ("b", "乙", "2", "x"), ("c", "丙", "1", "x"), ("01", "丁", "", "y")]
TABLE = Table(("name", "label", "kind", "more"), tuple(ROWS), (2, 3, 4, 5))
ITEMS = [
    {column: cell for column, cell in zip(TABLE.columns, row, strict=True) if cell is not None}
    for row in ROWS
]
SHAPE = form("| survey |\n| | type | name | label |\n| | text | k | K |")


def value(source: str, instance: Any) -> str:
    """An expression about the list `l`, its context an item with kind 1."""
    tree = compile_xpath(source, shape_of(SHAPE).names, 1)
    host = Host(today="2026-11-02", instances={"l": instance})
    return to_text(evaluate(tree, Scope(host, make_item({"k": "1"}))))


@pytest.mark.parametrize(
    "condition",
    [
        "name='b'",
        "'1'=kind",
        "kind='1' and more='x'",
        "more='x' and label!='乙'",
        "kind=1",
        "name=1",
        "name='01'",
        "kind=''",
        "more=''",
        "not(more)",
        "kind='1' or more='y'",
        "nosuch='1'",
        "kind='1' and position()=3",
        "kind=string(2)",
        "kind=normalize-space(kind)",
        "name=instance('l')/root/item[label='丙']/name",
        "name=instance('l')/root/item[kind='1']/name",
        "kind='1'][2",
        "kind='1'][last()",
        "position()=2",
        "contains(label, '甲')",
    ],
)
@pytest.mark.parametrize("ask", ["concat(X/name)", "count(X)", "string(X/label)", "string(X)"])
def test_an_attached_list_answers_like_any_other(condition: str, ask: str) -> None:
    source = ask.replace("X", f"instance('l')/root/item[{condition}]")
    table = ListNode(json.loads(TABLE.served))
    assert value(source, table) == value(source, RecordList(ITEMS)) == value(source, ITEMS)


def test_a_property_of_a_record_is_one_node_however_it_is_reached() -> None:
    both = "count(instance('l')/root/item/name | instance('l')/root/item[kind='1']/name)"
    assert value(both, RecordList(ITEMS)) == value(both, ITEMS) == "4"


def test_an_equality_is_looked_up_where_it_holds_for_every_row() -> None:
    names = ["path", ["ctx"], ["child", "name"]]
    assert key_of(["op", "=", names, ["s", "a"]]) == ("name", ["s", "a"])
    assert key_of(["op", "=", names, ["f", "string"]]) is None
    assert key_of(["op", "or", ["op", "=", names, ["s", "a"]], ["f", "true"]]) is None


def test_a_hundred_look_ups_in_fifty_thousand_rows_take_no_second() -> None:
    rows = [[str(i), f"站{i}", str(i % 7)] for i in range(50_000)]
    table = ListNode({"columns": ["name", "label", "kind"], "rows": rows})
    began = time.process_time()
    for i in range(100):
        found = value(f"string(instance('l')/root/item[name='{i * 499}']/label)", table)
        assert found == f"站{i * 499}"
    assert time.process_time() - began < 1


def test_the_server_holds_answers_to_the_attached_list() -> None:
    compiled = compile_source(FormSource(".md", FORM.encode(), files=FILES), "p", "health")
    lists = {
        "places": ListNode({"columns": ["code", "title", "kind"], "rows": [["a", "甲站", "iud"]]}),
        "prices": ListNode({"columns": ["code", "price"], "rows": [["a", "3"]]}),
        "client": [],
    }
    answers = {"method": "iud", "place": "a", "price": "3", "known": "0"}

    def found(**changes: str) -> list[tuple[str, str]]:
        return [
            (v.path, v.kind)
            for v in check(compiled, {**answers, **changes}, lists, "2026-11-02")
            if not v.path.startswith("meta")
        ]

    assert found() == []
    assert ("place", "choice") in found(place="zzz", price="")
    assert ("place", "choice") in found(method="pill"), "the filter looks at the list's columns"
    assert found(price="4") == [("price", "calculation")]
