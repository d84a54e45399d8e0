"""What the form would not have allowed, and answers finished as a phone would."""
# ruff: noqa: E501 (forms are tables)

from typing import Any

import pytest

from fieldapp.forms.check import check, complete
from fieldapp.forms.definition import CycleError, Shape
from fieldapp.forms.evaluate import Host, Scope, evaluate
from fieldapp.forms.instance import FormInstance, stored_text
from fieldapp.forms.values import Item

from .forms import form, host, node

VISIT = form("""
| survey |
| | type | name | label::中文(zh) | label::English(en) | required | required_message::中文(zh) | required_message::English(en) | relevant | constraint | constraint_message::中文(zh) | constraint_message::English(en) | choice_filter |
| | date | visit_date | 日期 | Date | yes | 请填日期 | Give the date | | . <= today() | 不能晚于今天 | Not later than today | |
| | select_one yn | met | 见到了？ | Met? | yes | | | | | | | |
| | begin_group | g | 谈话 | Talk | | | | ${met}='1' | | | | |
| | integer | age | 年龄 | Age | yes | | | | . < 120 | 请${name}核对 | Check, ${name} | |
| | text | name | 姓名 | Name | | | | | | | | |
| | decimal | weight | 体重 | Weight | | | | | | | | |
| | time | at | 几点 | At | | | | | | | | |
| | datetime | moment | 何时 | When | | | | | | | | |
| | geopoint | place | 地点 | Place | | | | | | | | |
| | geotrace | walk | 路线 | Walk | | | | | | | | |
| | geoshape | field | 地块 | Field | | | | | | | | |
| | select_multiple sign | signs | 情况 | Signs | | | | | not(selected(., 'none') and count-selected(.) > 1) | | | level <= ${age} |
| | select_one_from_file client.csv | person | 人 | Person | | | | | instance('client')/root/item[name=current()]/status = 'given' | | | status='given' |
| | text | extra | 其他 | Extra | yes | | | instance('client')/root/item[name=${person}]/extra = '1' | | | | |
| | end_group | | | | | | | | | | | |
| | begin_repeat | people | 人员 | People | | | | | | | | |
| | text | who | 姓名 | Who | yes | | | | string-length(.) > 1 | | | |
| | end_repeat | | | | | | | | | | | |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) | level |
| | yn | 1 | 是 | Yes | |
| | yn | 0 | 否 | No | |
| | sign | none | 没有 | None | 0 |
| | sign | fever | 发热 | Fever | 10 |
| | sign | late | 晚期 | Late | 90 |
""")  # fmt: skip
META = {"instanceID": "uuid:00000000-0000-4000-8000-000000000001"}
CLIENTS = {"client": [{"name": "c1", "label": "张小梅", "status": "given", "extra": "1"}, {"name": "c2", "label": "刘春燕", "status": "refused"}]}  # fmt: skip
GOOD = {"visit_date": "2026-11-02", "met": "1", "g": {"age": "28"}}


def found(
    answers: dict[str, Any], instances: Any = None, lang: int = 0
) -> list[tuple[str, str, str]]:
    """The violations as tuples."""
    whole = {"meta": META, **answers}
    violations = check(VISIT, whole, instances, "2026-11-02", lang)
    return [(v.path, v.kind, v.message) for v in violations]


def test_a_good_visit_has_nothing_wrong() -> None:
    assert found(GOOD) == []


def test_a_question_that_had_to_be_answered() -> None:
    assert found({"met": "0"}) == [("visit_date", "required", "请填日期")]
    assert found({"met": "0"}, lang=1) == [("visit_date", "required", "Give the date")]
    assert found({"visit_date": "2026-11-02"}) == [("met", "required", "此题必填")]


def test_a_visit_of_tomorrow() -> None:
    late = GOOD | {"visit_date": "2026-11-03"}
    assert found(late) == [("visit_date", "constraint", "不能晚于今天")]


def test_a_message_names_what_was_answered() -> None:
    old = GOOD | {"g": {"age": "150", "name": "张小梅"}}
    ((path, kind, message),) = found(old)
    assert (path, kind, message.replace(" ", "")) == ("g/age", "constraint", "请张小梅核对")


def test_an_answer_to_a_question_that_did_not_apply() -> None:
    absent = {"visit_date": "2026-11-02", "met": "0", "g": {"age": "28"}}
    assert found(absent) == [("g/age", "relevance", "此题不应作答")]


def test_an_answer_to_no_question_or_of_the_wrong_shape() -> None:
    strange = GOOD | {"zz": "1", "people": "x", "visit_date": {"a": "1"}}
    paths = [(path, kind) for path, kind, _ in found(strange)]
    assert paths[:3] == [("visit_date", "shape"), ("zz", "unknown"), ("people", "shape")]
    inside = GOOD | {"people": [{"who": "王芳", "zz": "1"}, {"who": "李娜"}]}
    assert found(inside) == [("people[0]/zz", "unknown", "表单中没有此题")]


def test_repeats_are_judged_one_by_one() -> None:
    people = GOOD | {"people": [{"who": "王芳"}, {}, {"who": "李"}]}
    assert [(path, kind) for path, kind, _ in found(people)] == [
        ("people[1]/who", "required"),
        ("people[2]/who", "constraint"),
    ]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("age", "7", "7.5"),
        ("weight", "61.5", "61,5"),
        ("at", "14:30:00.000+08:00", "25:00"),
        ("moment", "2026-11-02T09:00:00.000+08:00", "2026-11-02"),
        ("place", "34.8 117.3 0 5", "34.8"),
        ("walk", "1 2 0 0;3 4 0 0", "1 2 0 0;x"),
        ("field", "1 2 0 0;3 4 0 0;1 2 0 0;", "1"),
    ],
)
def test_an_answer_has_the_form_of_its_type(name: str, good: str, bad: str) -> None:
    assert found(GOOD | {"g": {"age": "28"} | {name: good}}) == []
    assert found(GOOD | {"g": {"age": "28"} | {name: bad}}) == [
        (f"g/{name}", "type", "答案格式不对")
    ]


def test_a_date_has_to_be_in_the_calendar() -> None:
    assert found(GOOD | {"visit_date": "2026-02-30"}) == [("visit_date", "type", "答案格式不对")]


def test_a_choice_has_to_be_offered_and_none_excludes_others() -> None:
    assert found(GOOD | {"met": "9", "g": {}}) == [("met", "choice", "选项不在列表中")]
    assert found(GOOD | {"g": {"age": "28", "signs": "fever"}}) == []
    late = GOOD | {"g": {"age": "28", "signs": "late"}}
    assert found(late) == [("g/signs", "choice", "选项不在列表中")]
    both = GOOD | {"g": {"age": "28", "signs": "none fever"}}
    assert found(both) == [("g/signs", "constraint", "答案不在允许范围")]


def test_what_only_the_registry_knows_is_judged_when_it_is_given() -> None:
    refused = GOOD | {"g": {"age": "28", "person": "c2"}}
    assert found(refused) == []
    assert [(p, k) for p, k, _ in found(refused, CLIENTS)] == [
        ("g/person", "choice"),
        ("g/person", "constraint"),
    ]
    asked = GOOD | {"g": {"age": "28", "person": "c1"}}
    assert [(p, k) for p, k, _ in found(asked, CLIENTS)] == [("g/extra", "required")]
    answered = GOOD | {"g": {"age": "28", "person": "c1", "extra": "x"}}
    assert found(answered) == []
    assert found(answered, CLIENTS) == []


# ---- finishing ----

FILLED = form("""
| survey |
| | type | name | label | calculation | default | relevant | repeat_count | choice_filter | trigger |
| | start | started | | | | | | | |
| | end | ended | | | | | | | |
| | today | day | | | | | | | |
| | deviceid | device | | | | | | | |
| | username | who | | | | | | | |
| | date | visit_date | Date | | today() | | | | |
| | date | next | Next | ${visit_date} + 7 | | | | | |
| | datetime | moment | Moment | decimal-date-time(${visit_date}) + 0.5 | | | | | |
| | integer | half | Half | 7 div 2 | | | | | |
| | calculate | nothing | | number('x') | | | | | |
| | select_one size | size | Size | | s | | | | |
| | select_one size | other | Other | | | | | name != ${size} | |
| | select_one_from_file client.csv | person | Person | | | | | | |
| | text | phone | Phone | instance('client')/root/item[name=${person}]/phone | | | | | ${person} |
| | integer | n | N | | 2 | | | | |
| | begin_repeat | people | People | | | ${n} > 0 | ${n} | | |
| | text | id | Id | | once(uuid()) | | | | |
| | calculate | nth | | position(..) | | | | | |
| | end_repeat | | | | | | | | |
| | text | last | Last | | | ${size} = 'l' | | | |
| choices |
| | list_name | name | label |
| | size | s | small |
| | size | l | large |
""")  # fmt: skip
LISTS = {"client": [{"name": "c1", "label": "张小梅", "phone": "13800138000"}]}


def test_a_new_form_is_finished_with_what_fills_itself_in() -> None:
    done = complete(FILLED, {}, host())
    assert done == {
        "started": "2026-11-02T09:12:44.000+08:00",
        "ended": "2026-11-02T09:12:44.000+08:00",
        "day": "2026-11-02",
        "device": "phone-1",
        "who": "wang",
        "visit_date": "2026-11-02",
        "next": "2026-11-09",
        "moment": "2026-11-02T12:00:00.000+08:00",
        "half": "3",
        "size": "s",
        "n": "2",
        "people": [{"id": "id2", "nth": "1"}, {"id": "id3", "nth": "2"}],
        "meta": {"instanceID": "uuid:id1"},
    }


def test_what_was_answered_stays_and_decides_the_rest() -> None:
    given = {"visit_date": "2026-10-30", "size": "l", "other": "l", "last": "x", "n": "1", "people": [{"id": "own"}, {"id": "too many"}]}  # fmt: skip
    done = complete(FILLED, given, host())
    assert (done["visit_date"], done["next"]) == ("2026-10-30", "2026-11-06")
    assert done["people"] == [{"id": "own", "nth": "1"}]
    assert (done["size"], done["last"]) == ("l", "x")
    assert "other" not in done  # no longer offered
    assert "last" not in complete(FILLED, {"last": "x"}, host())


def test_a_chosen_client_brings_the_phone_number_along_unless_it_was_given() -> None:
    known = host(instances=LISTS)
    assert complete(FILLED, {"person": "c1"}, known)["phone"] == "13800138000"
    given = {"person": "c1", "phone": "13900139000"}
    assert complete(FILLED, given, known)["phone"] == "13900139000"
    assert "phone" not in complete(FILLED, {}, known)


def test_no_people_if_their_number_is_nothing() -> None:
    assert "people" not in complete(FILLED, {"n": "0"}, host())
    assert "people" not in complete(FILLED, {"n": "x"}, host())


# ---- the tree of answers ----


def test_an_instance_is_found_by_its_path_and_says_it() -> None:
    shape = Shape(VISIT)
    people = FormInstance(shape, GOOD | {"people": [{"who": "王芳"}, {"who": "李娜"}]}, host())
    li = people.at("people[1]/who")
    assert (li.value, people.path(li), people.path(people.root)) == ("李娜", "people[1]/who", "")
    assert people.at("people/who").value == "王芳"
    with pytest.raises(LookupError):
        people.at("people[2]")
    assert shape.path(li.node) == "people/who"


def test_the_order_of_calculation_names_a_circle() -> None:
    circle = {"nodes": [{"n": "data", "p": -1, "k": "group"}, {"n": "a", "p": 0, "k": "leaf", "calc": ["r", 2]}, {"n": "b", "p": 0, "k": "leaf", "calc": ["r", 1]}]}  # fmt: skip
    with pytest.raises(CycleError) as error:
        _ = Shape(circle).order
    assert set(error.value.nodes) == {1, 2}


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (20759.9, "date", "2026-11-02"),
        (1e9, "date", ""),
        ("2026-11-02T09:00:00.000+08:00", "date", "2026-11-02"),
        (20759.5, "dateTime", "2026-11-02T12:00:00.000"),
        (1e9, "dateTime", ""),
        (3.9, "int", "3"),
        (1e16, "int", "10000000000000000"),
        (float("nan"), "decimal", ""),
        (True, "string", "true"),
        (2.50, "decimal", "2.5"),
    ],
)
def test_a_value_is_kept_as_its_type_writes_it(value: Any, kind: str, text: str) -> None:
    assert stored_text(value, kind) == text


def test_labels_in_the_second_language_and_of_nothing() -> None:
    english = FormInstance(Shape(VISIT), GOOD, host(), lang=1)
    assert english.text(node(VISIT, "met")["l"], english.root) == "Met?"
    assert english.text([None, None], english.root) == ""
    met = VISIT["nodes"].index(node(VISIT, "met"))
    assert english.choice_label(met, "1", english.scope(english.root)) == "Yes"
    age = VISIT["nodes"].index(node(VISIT, "age"))
    assert english.choice_label(age, "1", english.scope(english.root)) == ""
    person = VISIT["nodes"].index(node(VISIT, "person"))
    assert english.choice_label(person, "zz", english.scope(english.root)) == ""


def test_expressions_outside_a_form_have_no_questions_no_ids_and_no_nonsense() -> None:
    nowhere = Scope(Host(today="2026-11-02"), Item("data"))
    with pytest.raises(ValueError, match="outside a form"):
        evaluate(["r", 1], nowhere)
    with pytest.raises(LookupError, match="identifiers"):
        evaluate(["f", "uuid"], nowhere)
    with pytest.raises(ValueError, match="not an expression"):
        evaluate(["what"], nowhere)
    assert evaluate(["path", ["s", "text"], ["child", "a"]], nowhere) == []
    assert evaluate(["f", "now"], nowhere) == ""
    assert evaluate(["f", "uuid", ["s", "x"]], Scope(host(), Item("data"))) == ""
