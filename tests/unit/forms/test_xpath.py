"""XPath to trees: how references are settled, and what is refused in which words."""

import pytest

from fieldapp.forms.names import Names, references, walk
from fieldapp.forms.xpath import XPathError, compile_xpath

# 0 data / 1 g / 2 q, 3 meta/@id …; 4 r* / 5 a, 6 rr* / 7 m
NAMES = Names()
for name, parent, repeats in (
    ("data", -1, False), ("g", 0, False), ("q", 1, False), ("@id", 1, False),
    ("r", 0, True), ("a", 4, False), ("rr", 4, True), ("m", 6, False),
):  # fmt: skip
    NAMES.add(name, parent, repeats)
Q, R, A, RR, M = 2, 4, 5, 6, 7


@pytest.mark.parametrize(
    ("source", "at", "tree"),
    [
        ("/data/g/q", Q, ["r", Q]),
        ("../q", Q, ["r", Q]),
        ("../../g/./q", Q, ["r", Q]),
        ("current()/../q", Q, ["r", Q]),
        ("current()", Q, ["cur"]),
        ("current()/.", Q, ["cur"]),
        (".", Q, ["."]),
        ("..", A, ["r", R]),
        ("../..", M, ["r", R]),
        ("../@id", Q, ["r", 3]),
        ("/data/r", A, ["r", R, 0]),
        ("/data/r", Q, ["r", R]),
        ("/data/r/a", A, ["r", A]),
        ("../../r/a", A, ["r", A, 0]),
        ("../../rr/m", M, ["r", M, 1]),
        ("/data/r/rr", M, ["r", RR, 1]),
        ("../m", M, ["r", M]),
        ("../../../r/rr/m", M, ["r", M, 0]),
        ("/data/r[1]/a", Q, ["path", ["r", 0], ["child", "r", ["n", 1]], ["child", "a"]]),
        ("/data/r/rr[1]/m", A, ["path", ["r", R], ["child", "rr", ["n", 1]], ["child", "m"]]),
        ("../a[. > 1]", M - 1, ["path", ["r", R], ["child", "a", ["op", ">", ["."], ["n", 1]]]]),
        ("+(1)", Q, ["f", "number", ["n", 1]]),
        ("(/data/g/q)", Q, ["r", Q]),
        ("(../q)[1]", Q, ["path", ["r", Q], ["filter", "*", ["n", 1]]]),
        ("self::node()", Q, ["."]),
        ("child::a", R, ["r", A]),
        ("1e3", Q, ["n", 1000]),
        ("concat('a', \"b'c\")", Q, ["f", "concat", ["s", "a"], ["s", "b'c"]]),
    ],
)  # fmt: skip
def test_a_reference_is_settled_when_it_is_compiled(source: str, at: int, tree: object) -> None:
    assert compile_xpath(source, NAMES, at) == tree


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 +", "not a valid expression"),
        ("", "not a valid expression"),
        ("'open", "not a valid expression"),
        ("foo(1)", "unknown function foo()"),
        ("jr:foo(1)", "unknown function foo()"),
        ("round()", "round() takes 1 to 2 arguments, not 0"),
        ("today(1)", "today() takes 0 arguments, not 1"),
        ("join()", "join() takes at least 1 arguments, not 0"),
        ("instance()", "instance() takes 1 arguments"),
        ("/data/zz", "there is no question “zz” in “data”"),
        ("/other/q", "an absolute path starts with /data"),
        ("/", "“/” alone"),
        ("../../../..", "goes above the form"),
        ("/data/r[a=1]/zz", "there is no question “zz” where this path leads"),
        ("$x", "“$x” is not supported"),
        ("text()", "“text()” is not supported in a path"),
        ("preceding::a", "the axis preceding:: is not supported"),
        ("/data/g/count(.)", "a function can't be a step"),
        ("//@id", "after // a name is expected"),
        ("instance('x')", "write instance('x')/root/item"),
        ("instance('x')[1]/item/a", "write instance('x')/root/item"),
        ("instance(../q)/root/item", "instance() needs its names in quotes"),
        ("instance('__last-saved')/data/q", "“last-saved” is not supported: the last visit"),
        ("pulldata('x', 'a', ../q, 'k')", "pulldata() needs its names in quotes"),
        ("pulldata('x', 'a', 'k')", "pulldata() takes 4 arguments, not 3"),
        ("instance('x')/root/item[pulldata('y','a','k',b) = 1]/c", "a value of the item being"),
        ("indexed-repeat(/data/r/a, /data/r)", "takes at least 3"),
        ("indexed-repeat(/data/r/a, /data/r, 1, /data/r/rr)", "then pairs of repeat and index"),
        ("indexed-repeat(/data/g/q, /data/r, 1)", "“q” is not in the repeat “r”"),
        ("indexed-repeat(/data/r/a, /data/g, 1)", "“a” is not in the repeat “g”"),
        ("indexed-repeat(1, /data/r, 1)", "a reference to a question or repeat is expected"),
        ("jr:choice-name(1, 2)", "a reference to a question or repeat is expected"),
    ],
)  # fmt: skip
def test_what_can_t_be_compiled_says_why(source: str, said: str) -> None:
    with pytest.raises(XPathError) as error:
        compile_xpath(source, NAMES, Q)
    assert said in str(error.value)


def test_a_lookup_by_the_question_itself_means_the_question_inside_the_lookup() -> None:
    found = ["op", "=", ["path", ["ctx"], ["child", "k"]], ["cur"]]
    tree = ["f", "string", ["path", ["inst", "x"], ["child", "item", found], ["child", "a"]]]
    assert compile_xpath("pulldata('x', 'a', 'k', .)", NAMES, Q) == tree
    inner = compile_xpath("pulldata('x', 'a', 'k', string(../q[. = 1]))", NAMES, Q)
    value = inner[2][2][2][3]
    own = ["path", ["r", 1], ["child", "q", ["op", "=", ["."], ["n", 1]]]]
    assert value == ["f", "string", own]


def test_an_entity_s_expression_names_properties_and_no_questions() -> None:
    assert compile_xpath("status/@on") == [
        "path",
        ["ctx"],
        ["child", "status"],
        ["attribute", "on"],
    ]
    assert compile_xpath("current()/edd") == ["path", ["cur"], ["child", "edd"]]
    assert compile_xpath("current()") == ["cur"]
    with pytest.raises(XPathError, match="questions can't be named here"):
        compile_xpath("/data/g/q")


@pytest.mark.parametrize(
    ("source", "at", "read"),
    [
        ("/data/g/q + ../../g/q", 3, {Q}),
        (". + 1", Q, set()),
        ("sum(/data/r/a)", Q, {A}),
        ("/data/r[a > 1]/rr/m", Q, {0, R, A, RR, M} - {RR}),
        ("instance('x')/root/item[k = current()/../q]/v", 3, {Q}),
        ("(/data/g/q | /data/r/a)[. = 1]", R, {Q, A}),
        ("../../following-sibling::r/a", M, {R, A}),
        ("../ancestor::*", A, {R, 0}),
        ("//m", Q, {0, M}),
        ("/data/g/@*", Q, {1, 3}),
    ],
)  # fmt: skip
def test_what_an_expression_reads_decides_the_order_of_calculation(
    source: str, at: int, read: set[int]
) -> None:
    assert references(compile_xpath(source, NAMES, at), NAMES, at) >= read - {R}


def test_walking_a_form_without_its_instances() -> None:
    assert walk(NAMES, 1, "child", "*") == [Q]
    assert walk(NAMES, 1, "attribute", "id") == [3]
    assert walk(NAMES, 0, "parent", "*") == []
    assert walk(NAMES, M, "parent", "*") == [RR]
    assert walk(NAMES, 0, "following-sibling", "*") == []
    assert walk(NAMES, R, "descendant", "m") == [M]
    assert NAMES.find("m") == M
    assert NAMES.find("nobody") is None
    assert NAMES.path(M) == "r/rr/m"
