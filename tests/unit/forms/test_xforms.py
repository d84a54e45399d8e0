"""What only hand-written XForms say, and pyxform never does."""

import pytest

from fieldapp.forms.check import check

from .forms import node, xform, xform_problems

TODAY = "2026-11-02"


def test_a_rule_of_another_program_is_none_of_ours() -> None:
    data = xform(
        "<q/>",
        """<bind nodeset="/data/q" xmlns:oc="http://openclinica.org/xforms"
             constraint="string-length(.) > 10" oc:constraint="true()" oc:relevant="false()"/>""",
    )
    assert node(data, "q")["con"][:2] == ["op", ">"]
    assert "rel" not in node(data, "q")


@pytest.mark.parametrize(
    ("given", "control", "stands"),
    [
        ("b  c\n a", "select", "b c a"),
        ("cherry  pie", "select1", "cherry  pie"),
    ],
)
def test_a_default_of_several_choices_is_written_as_its_control_does(
    given: str, control: str, stands: str
) -> None:
    codes = ("a", "b", "c", "cherry  pie")
    items = "".join(f"<item><label>x</label><value>{code}</value></item>" for code in codes)
    data = xform(f"<q>{given}</q>", body=f'<{control} ref="/data/q">{items}</{control}>')
    assert node(data, "q")["def"] == stands


def test_a_default_of_a_day_is_a_day() -> None:
    data = xform("<q>2025-12-21T23:30:05</q>", '<bind nodeset="/data/q" type="date"/>')
    assert node(data, "q")["def"] == "2025-12-21"


@pytest.mark.parametrize(
    ("action", "tree"),
    [
        ('value=""', ["s", ""]),
        ('value="1"', ["n", 1]),
        ("", ["s", "text"]),
    ],
)
def test_the_value_of_an_action_counts_before_its_text(action: str, tree: list[object]) -> None:
    event = 'event="odk-instance-first-load" ref="/data/q"'
    data = xform("<q/>", f"<setvalue {event} {action}>text</setvalue>")
    assert data["actions"][0]["x"] == tree


def test_what_the_phone_fills_in_may_be_written_over_where_it_is_asked() -> None:
    bind = '<bind nodeset="/data/q" jr:preload="uid" {}/>'
    asked = '<input ref="/data/q"><label>q</label></input>'
    for more, body, wrong in [("", asked, 0), ('readonly="true()"', asked, 1), ("", "", 1)]:
        form = xform("<q/>", bind.format(more), body)
        assert len(check(form, {"q": "Lily"}, {}, TODAY)) == wrong


def parts(filters: str) -> tuple[str, str, str]:
    """A form with a question of a filtered list of a, b, c."""
    items = "".join(f"<item><name>{n}</name><label>{n}</label></item>" for n in "abc")
    itemset = f"""<itemset nodeset="instance('l')/root/item{filters}"><value ref="name"/>
      <label ref="label"/></itemset>"""
    return (
        "<q/>",
        f'<instance id="l"><root>{items}</root></instance>',
        f'<select1 ref="/data/q"><label>q</label>{itemset}</select1>',
    )


def test_a_number_in_a_filter_is_a_place_in_the_list() -> None:
    form = xform(*parts("[2]"))
    assert check(form, {"q": "b"}, {}, TODAY) == []
    assert [one.kind for one in check(form, {"q": "a"}, {}, TODAY)] == ["choice"]


@pytest.mark.parametrize(
    ("filters", "refused"),
    [
        ("[name != 'a'][1]", True),
        ("[2][name != 'a']", True),
        ("[name != 'a'][position() = 1]", True),
        ("[name != 'a'][name != 'b']", False),
    ],
)
def test_a_place_among_those_a_filter_left_is_refused(filters: str, refused: bool) -> None:
    assert any("place" in problem for problem in xform_problems(*parts(filters))) == refused
