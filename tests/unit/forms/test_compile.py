"""From an XLSForm to the definition: what each row becomes, and what is refused how."""
# ruff: noqa: E501 (forms are tables)

import pytest

from fieldapp.forms.check import complete
from fieldapp.forms.compile import compile_xform
from fieldapp.forms.problems import FormError
from fieldapp.forms.xform import XFormError

from .forms import form, host, node, number, problems, xform, xform_problems

TWO_LANGUAGES = """
| survey |
| | type | name | label::中文(zh) | label::English(en) | hint::中文(zh) | hint::English(en) | guidance_hint::中文(zh) | guidance_hint::English(en) | constraint | constraint_message::中文(zh) | constraint_message::English(en) | required | required_message::中文(zh) | required_message::English(en) |
| | begin_group | g | 访视 | Visit | | | | | | | | | | |
| | date | visit_date | 日期 | Date | 哪天 | Which day | 说明 | Explain | . <= today() | 太晚 | Too late | yes | 必填 | Required |
| | text | name | 姓名 | | | | | | | | | | | |
| | note | hello | 您好 ${name}！ | Hello ${name}! | | | | | | | | | | |
| | end_group | | | | | | | | | | | | | |
"""
BILINGUAL = """
| settings |
| | form_id | version | form_title | default_language |
| | visit | 1 | 访视 / Visit | English(en) |
"""


def test_texts_are_in_the_order_of_the_languages_the_default_first() -> None:
    visit = form(TWO_LANGUAGES, BILINGUAL)
    assert visit["langs"] == ["en", "zh"]
    date = node(visit, "visit_date")
    assert (date["l"], date["h"], date["g"]) == (
        ["Date", "日期"],
        ["Which day", "哪天"],
        ["Explain", "说明"],
    )
    assert (date["msg"], date["rmsg"]) == (["Too late", "太晚"], ["Required", "必填"])
    assert (date["t"], date["c"], date["req"]) == ("date", "input", ["f", "true"])
    assert date["con"] == ["op", "<=", ["."], ["f", "today"]]


def test_a_text_that_a_language_lacks_is_null() -> None:
    assert node(form(TWO_LANGUAGES, BILINGUAL), "name")["l"] == [None, "姓名"]


def test_a_title_has_two_parts_for_two_languages_or_stands_for_both() -> None:
    assert form(TWO_LANGUAGES, BILINGUAL)["title"] == ["访视", "Visit"]
    assert form(TWO_LANGUAGES)["title"] == ["访视", "访视"]


def test_what_was_answered_may_stand_in_a_label_and_a_readonly_text_is_a_note() -> None:
    visit = form(TWO_LANGUAGES, BILINGUAL)
    hello = node(visit, "hello")
    assert hello["c"] == "note"
    assert "ro" not in hello
    assert hello["l"][1] == {"parts": ["您好 ", ["r", number(visit, "name")], "！"]}


def test_the_day_of_the_visit_is_known_by_its_name() -> None:
    visit = form(TWO_LANGUAGES, BILINGUAL)
    assert visit["date"] == number(visit, "visit_date")


QUESTIONS = """
| survey |
| | type | name | label | readonly | calculation | default | appearance | parameters | choice_filter | relevant | trigger |
| | start | started | | | | | | | | | |
| | end | ended | | | | | | | | | |
| | today | day | | | | | | | | | |
| | deviceid | device | | | | | | | | | |
| | username | who | | | | | | | | | |
| | begin_group | g | G | | | | field-list | | | ${day} != '' | |
| | integer | n | N | | | 3 | | | | | |
| | decimal | d | D | | | | | | | | |
| | time | t | T | | | | | | | | |
| | datetime | dt | DT | | | | | | | | |
| | geopoint | gp | GP | | | | | | | | |
| | geotrace | gt | GT | | | | | | | | |
| | geoshape | gs | GS | | | | | | | | |
| | image | photo | P | | | | | max-pixels=100 | | | |
| | barcode | code | C | | | | | | | | |
| | acknowledge | ok | OK | | | | | | | | |
| | range | pain | R | | | | | start=0 end=10 step=2 | | | |
| | rank yn | order | O | | | | | | | | |
| | select_one yn | one | One | | | | minimal | | level > 1 | | |
| | select_multiple yn | many | Many | | | | | | name != ${one} | | |
| | select_one yn or_other | any | Any | | | | | | | | |
| | select_one_from_file client.csv | person | Person | | | | | | | | |
| | text | fixed | F | yes | | | | | | | |
| | text | sum | S | yes | ${n} + 1 | | | | | | |
| | text | born | B | yes | | today() | | | | | |
| | text | label | L | | instance('client')/root/item[name=${person}]/label | | | | | | ${person} |
| | hidden | secret | | | | x | | | | | |
| | end_group | | | | | | | | | | |
| choices |
| | list_name | name | label | level |
| | yn | 1 | Yes | 2 |
| | yn | 0 | No | 1 |
"""


def test_every_type_of_question_has_its_control_and_data_type() -> None:
    visit = form(QUESTIONS)
    kinds = {n["n"]: (n.get("c"), n.get("t")) for n in visit["nodes"]}
    assert kinds | {
        "n": ("input", "int"), "d": ("input", "decimal"), "t": ("input", "time"), "dt": ("input", "dateTime"),
        "gp": ("input", "geopoint"), "gt": ("input", "geotrace"), "gs": ("input", "geoshape"), "photo": ("upload", "binary"),
        "code": ("input", "barcode"), "ok": ("trigger", "string"), "pain": ("range", "int"), "order": ("rank", "select"),
        "one": ("select1", "select"), "many": ("select", "select"), "person": ("select1", "select"),
        "fixed": ("note", "string"), "sum": ("input", "string"), "born": ("input", "string"),
        "any_other": ("input", "string"), "secret": (None, "string"),
    } == kinds  # fmt: skip
    assert node(visit, "pain")["range"] == [0, 10, 2]
    assert node(visit, "photo")["mime"] == "image/*"
    assert (node(visit, "g")["ap"], node(visit, "one")["ap"]) == ("field-list", "minimal")
    assert node(visit, "sum")["ro"] == ["f", "true"]


def test_how_a_control_works_is_kept_by_the_names_its_author_knows() -> None:
    visit = form("""
| survey |
| | type | name | label | parameters | body::accept |
| | image | photo | P | max-pixels=800 | |
| | audio | voice | V | quality=low | |
| | file | paper | F | | application/pdf |
| | text | story | S | rows=5 | |
| | geopoint | spot | G | capture-accuracy=5.5 warning-accuracy=50 allow-mock-accuracy=true | |
| | integer | n | N | | |
""")
    assert node(visit, "photo")["par"] == {"max-pixels": 800}
    assert node(visit, "voice")["par"] == {"quality": "low"}
    assert node(visit, "story")["par"] == {"rows": 5}
    accuracy = {"capture-accuracy": 5.5, "warning-accuracy": 50}
    assert node(visit, "spot")["par"] == {**accuracy, "allow-mock-accuracy": "true"}
    assert node(visit, "paper")["mime"] == "application/pdf"
    assert "par" not in node(visit, "n")


def test_a_table_has_a_head_that_asks_nothing_and_rows_that_are_questions() -> None:
    visit = form("""
| survey |
| | type | name | label | appearance | required |
| | begin_group | hand | At hand? | table-list | |
| | select_one yn | water | Water | | yes |
| | end_group | | | | |
| | select_one yn | head | | label | yes |
| | select_one yn | power | Power | list-nolabel | |
| choices |
| | list_name | name | label |
| | yn | 1 | Yes |
""")
    heads = [n for n in visit["nodes"] if n.get("ap") == "label"]
    assert [(n["c"], n["items"], "req" in n) for n in heads] == [
        ("select1", {"list": "yn"}, False)
    ] * 2
    assert node(visit, "water")["ap"] == node(visit, "power")["ap"] == "list-nolabel"
    assert "req" in node(visit, "water")


def test_or_other_speaks_chinese_where_the_form_does() -> None:
    both = """
| survey |
| | type | name | label::中文(zh) | label::English(en) |
| | select_one tool or_other | best | 最有用的 | Most useful |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) |
| | tool | lamp | 灯 | Lamp |
"""
    visit = form(both)
    assert visit["lists"]["tool"][1]["l"] == ["其他", "Other"]
    assert node(visit, "best_other")["l"] == ["请说明“其他”是什么", "Specify other."]
    plain = both.replace("::中文(zh)", "").replace(" label::English(en) |", "")
    one = form(plain.replace(" | Most useful", "").replace(" | Lamp", ""))
    assert one["lists"]["tool"][1]["l"] == ["其他"]
    english = form(both.replace("中文(zh)", "French(fr)"))
    assert english["lists"]["tool"][1]["l"] == ["Other", "Other"]
    own = form(both + "| | tool | other | 别的 | Another |\n")
    assert ["别的", "Another"] in [choice["l"] for choice in own["lists"]["tool"]]


def test_what_the_phone_fills_in_by_itself_is_a_preload() -> None:
    visit = form(QUESTIONS)
    preloads = {n["n"]: n["pre"] for n in visit["nodes"] if "pre" in n}
    assert preloads == {
        "started": "start",
        "ended": "end",
        "day": "today",
        "device": "deviceid",
        "who": "username",
        "instanceID": "uid",
    }


def test_defaults_are_kept_if_static_and_become_actions_if_not() -> None:
    visit = form(QUESTIONS)
    assert (node(visit, "n")["def"], node(visit, "secret")["def"]) == ("3", "x")
    load, change = visit["actions"]
    assert load == {"on": "load", "at": 0, "set": number(visit, "born"), "x": ["f", "today"]}
    assert (change["on"], change["at"]) == ("change", number(visit, "person"))
    assert change["set"] == number(visit, "label")
    assert "calc" not in node(visit, "label")


def test_choices_come_from_the_form_or_from_the_registry_with_their_filter() -> None:
    visit = form(QUESTIONS)
    level = ["op", ">", ["path", ["ctx"], ["child", "level"]], ["n", 1]]
    assert node(visit, "one")["items"] == {"list": "yn", "where": level}
    other = ["op", "!=", ["path", ["ctx"], ["child", "name"]], ["r", number(visit, "one")]]
    assert node(visit, "many")["items"] == {"list": "yn", "where": other}
    registry = {"inst": "client", "value": "name", "label": "label"}
    assert node(visit, "person")["items"] == registry
    assert visit["external"] == ["client"]
    assert visit["lists"]["yn"][0] == {"v": "1", "l": ["Yes"], "x": {"level": "2"}}


TRIGGERED = """
| survey |
| | type | name | label | calculation | trigger |
| | begin_repeat | kids | Children | | |
| | text | name | Name | | |
| | begin_group | school | School | | |
| | text | tag | Tag | concat(${name}, '!') | ${name} |
| | integer | class | Class | | |
| | end_group | | | | |
| | text | next | Next | ${class} + 1 | ${class} |
| | end_repeat | | | | |
"""


def test_a_trigger_in_another_group_of_the_same_repeat_is_read_from_where_it_stands() -> None:
    visit = form(TRIGGERED)
    asked = {name: number(visit, name) for name in ("name", "tag", "class", "next")}
    assert visit["actions"] == [
        {"on": "change", "at": asked["name"], "set": asked["tag"], "x": ["f", "concat", ["r", asked["name"]], ["s", "!"]]},
        {"on": "change", "at": asked["class"], "set": asked["next"], "x": ["op", "+", ["r", asked["class"]], ["n", 1]]},
    ]  # fmt: skip
    kids = [{"name": "小明", "school": {"class": "3"}}, {"name": "小红", "school": {"class": "5"}}]
    done = complete(visit, {"kids": kids}, host())["kids"]
    assert [(kid["school"]["tag"], kid["next"]) for kid in done] == [("小明!", "4"), ("小红!", "6")]


def test_a_trigger_in_a_repeat_that_its_question_isn_t_in_is_refused_for_that() -> None:
    row = "| | text | next | Next | ${class} + 1 | ${class} |\n"
    outside = TRIGGERED.replace(row, "").rstrip() + "\n" + row
    (found,) = problems(outside)
    assert found.startswith("survey, row 9, column trigger next: this question and “class”")


REPEATS = """
| survey |
| | type | name | label | calculation | repeat_count | default | relevant |
| | integer | n | N | | | | |
| | begin_repeat | people | People | | ${n} | | |
| | text | who | Who | | | once(uuid()) | |
| | calculate | all | | count(${people}) | | | |
| | calculate | nth | | position(..) | | | |
| | begin_repeat | stays | Stays | | | | ${who} != '' |
| | integer | days | Days | | | | |
| | end_repeat | | | | | | |
| | calculate | total | | sum(${days}) | | | |
| | end_repeat | | | | | | |
| | calculate | second | | indexed-repeat(${who}, ${people}, 2) | | | |
| | calculate | everybody | | sum(${total}) | | | |
"""


def test_repeats_know_their_number_and_references_their_repeat() -> None:
    visit = form(REPEATS)
    people, who = number(visit, "people"), number(visit, "who")
    assert node(visit, "people")["k"] == "repeat"
    assert node(visit, "people")["count"] == ["r", number(visit, "n")]
    assert node(visit, "people")["fix"] is True
    assert node(visit, "all")["calc"] == ["f", "count", ["r", people, 0]]
    assert node(visit, "nth")["calc"] == ["f", "position", ["r", people]]
    assert node(visit, "total")["calc"] == ["f", "sum", ["r", number(visit, "days")]]
    index = ["f", "number", ["n", 2]]
    path = ["path", ["r", 0], ["child", "people", index], ["child", "who"]]
    assert node(visit, "second")["calc"] == path
    assert node(visit, "stays")["rel"] == ["op", "!=", ["r", who], ["s", ""]]
    events = [(a["on"], a["at"], a["set"]) for a in visit["actions"]]
    assert sorted(events) == [("load", 0, who), ("repeat", people, who)]


ENTITIES = """
| survey |
| | type | name | label | save_to |
| | csv-external | client | | |
| | begin_group | g | G | |
| | text | who | Who | client#full_name |
| | end_group | | | |
| | begin_repeat | stays | Stays | |
| | integer | days | Days | stay#days |
| | end_repeat | | | |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | client | ${who} | coalesce('', uuid()) | ${who}!='' | ${who}='' |
| | stay | ${days} | | | |
"""


def test_entities_are_ordinary_nodes_without_odk_s_versions() -> None:
    visit = form(ENTITIES)
    client, stay = visit["entities"]
    assert (client["list"], stay["list"]) == ("client", "stay")
    assert client["in"] == number(visit, "g")
    assert stay["in"] == number(visit, "stays")
    assert client["saves"] == [[number(visit, "who"), "full_name"]]
    assert stay["saves"] == [[number(visit, "days"), "days"]]
    below = [n["n"] for n in visit["nodes"] if n["p"] == client["node"]]
    assert sorted(below) == ["@create", "@dataset", "@id", "@update", "label"]


def test_a_form_of_one_language_without_translations_still_has_a_language() -> None:
    visit = form("| survey |\n| | type | name | label |\n| | text | a | A |\n")
    assert visit["langs"] == ["default"]
    assert node(visit, "a")["l"] == ["A"]


# ---- refusals ----


def test_a_circle_of_calculations_is_refused_by_name() -> None:
    (found,) = problems("""
| survey |
| | type | name | label | calculation | relevant |
| | text | seen | Seen | | ${b} = '1' |
| | calculate | a | | ${seen} + 1 | |
| | calculate | b | | ${a} + 1 | |
""")
    assert "these depend on each other" in found
    assert {"seen", "a", "b"} <= set(found.replace("→", " ").replace(".", " ").split())


def test_everything_wrong_is_said_at_once_with_its_row_and_a_remedy() -> None:
    found = problems("""
| survey |
| | type | name | label | calculation | constraint | parameters |
| | phonenumber | phone | | | | |
| | text | a | A | | foo(.) | |
| | calculate | b | | 1 + | | |
| | calculate | c | | instance('nobody')/root/item/name | | |
| | audio | d | D | | | quality=low |
| | start-geopoint | e | | | | |
| choices |
| | list_name | name | label |
| | yn | 1 | Yes |
""")
    text = "\n".join(found)
    assert len(found) == 5
    assert "survey, row 2, column type phone: “phonenumber” is not supported: it identifies" in text
    assert "survey, row 3, column constraint a: unknown function foo()" in text
    assert "survey, row 4, column calculation b: “1 +” is not a valid expression" in text
    assert "the list “nobody” is not declared" in text
    assert "survey, row 7 e: “setgeopoint” is not supported: the place of a worker is taken" in text


def test_a_photo_has_no_default() -> None:
    (found,) = problems("""
| survey |
| | type | name | label | default |
| | image | plan | P | plan.png |
""")
    assert "survey, row 2, column default plan: photos, recordings and files have no" in found


def test_what_pyxform_refuses_keeps_its_row() -> None:
    (found,) = problems("""
| survey |
| | type | name | label | choice_filter |
| | select_one yn or_other | a | A | name = 1 |
| choices |
| | list_name | name | label |
| | yn | 1 | Yes |
""")
    assert found.startswith(
        "survey, row 2, column choice_filter a: Choice filter not supported with or_other."
    )


def test_a_form_without_a_version_is_known_by_its_content() -> None:
    settings = "\n| settings |\n| | form_id |\n| | visit |\n"
    table = "| survey |\n| | type | name | label |\n| | text | a | {} |\n"
    first, again, other = (form(table.format(label), settings) for label in ("A", "A", "B"))
    assert first["version"] == again["version"] != other["version"]
    assert len(first["version"]) == 10


@pytest.mark.parametrize(
    ("data", "model", "body", "said"),
    [
        ("<a/>", '<bind nodeset="/data/b"/>', "", "a bind names “/data/b”"),
        ("<a/>", '<bind nodeset="/other/a"/>', "", "a bind names “/other/a”"),
        ("<a/>", '<bind nodeset="/data/a" type="intent"/>', "", "data type “intent”"),
        ("<a/>", '<bind nodeset="/data/a" odk:length="3"/>', "", "“length” is not supported"),
        ("<a/>", '<bind nodeset="/data/a" jr:preload="property" jr:preloadParams="simserial"/>', "", "“simserial”"),
        ("<a/>", '<setvalue ref="/data/a" event="xforms-submit" value="1"/>', "", "the event “xforms-submit”"),
        ("<a/>", '<setvalue ref="/data/a" event="xforms-value-changed" value="1"/>', "", "the event"),
        ("<a/>", '<odk:setgeopoint ref="/data/a" event="odk-instance-first-load"/>', "", "“setgeopoint”"),
        ("<a/>", '<submission base64RsaPublicKey="x"/>', "", "“public_key” is not supported"),
        ("<a/>", "", '<secret ref="/data/a"/>', "“secret” is not supported"),
        ("<a/>", "", '<input ref="/data/zz"/>', "a control (input) names “/data/zz”"),
        ("<a/>", "", '<repeat nodeset="/data/zz"/>', "a repeat names “/data/zz”"),
        ("<a/>", "", '<group ref="/data/zz"/>', "a group names “/data/zz”"),
        ("<a/>", "", '<input ref="/data/a" query="instance(\'x\')"/>', "write instance('x')/root/item"),
        ("<a/>", "", '<input ref="/data/a" query="instance(\'x\')/root/item"/>', "the list “x” is not declared"),
        ("<a/>", "", '<select1 ref="/data/a" appearance="search(\'x\')"/>', "search() takes one choice"),
        ("<a/>", "", '<select1 ref="/data/a" appearance="search(\'x\', 1)"><item><label>n</label><value>n</value></item></select1>', "search() takes a list; how"),
        ("<a/>", "", '<select1 ref="/data/a" appearance="search(\'x\', \'like\', \'n\', 1)"><item><label>n</label><value>n</value></item></select1>', "search() doesn't know “like”"),
        ("<a/>", "", '<select1 ref="/data/a"/>', "there are no choices"),
        ("<a/>", "", '<input ref="/data/a"><setvalueX/></input>', "“setvalueX” is not supported"),
        ("<a/>", "", '<range ref="/data/a" start="1" end="x"/>', "a range needs start, end and step"),
        ("<a/>", "", '<select1 ref="/data/a"><itemset nodeset="/data/b"><value ref="."/></itemset></select1>', "column choice_filter a:"),
        ("<a/><b/>", "", '<select1 ref="/data/a"><itemset nodeset="/data/b"><value ref="."/></itemset></select1>', "its choices come from nowhere known here"),
        ("<a/>", '<bind nodeset="/data/a" entities:saveto="x"/>', "", "save_to “x” has no entity"),
        ("<a/>", "<instance id='l'><root><group><x/></group></root></instance>", "", "the list “l” is not flat"),
        ("<a/>", "<instance id='l'><root><item><name><x/></name></item></root></instance>", "", "the list “l” is not flat"),
    ],
)  # fmt: skip
def test_what_an_xform_is_refused_for(data: str, model: str, body: str, said: str) -> None:
    assert any(said in problem for problem in xform_problems(data, model, body))


def test_xml_that_is_no_form_is_refused_and_entities_are_never_read() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    for xml in ("<", "<x/>", bomb, "<h:html xmlns:h='http://www.w3.org/1999/xhtml'/>"):
        with pytest.raises(XFormError):
            compile_xform(xml, "p", "health")


def test_a_model_without_an_instance_is_no_form() -> None:
    xml = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
    <h:head><model/></h:head><h:body/></h:html>"""
    with pytest.raises(XFormError, match="primary instance"):
        compile_xform(xml, "p", "health")


# ---- XForms nobody made with pyxform ----


def test_an_xform_may_list_choices_at_the_question() -> None:
    found = xform(
        "<g><a/></g>",
        '<bind nodeset="/data/g/a" type="xsd:string" required="false()" relevant="true()"/>',
        '<group><label>Loose</label><select1 ref="/data/g/a"><label>A <output value="/data/g/a"/></label>'
        "<item><label>One</label><value>1</value></item><item><value>2</value></item>"
        "</select1></group>",
    )
    assert node(found, "a")["items"] == {"list": "g/a"}
    assert found["lists"]["g/a"] == [{"v": "1", "l": ["One"]}, {"v": "2", "l": ["2"]}]
    assert node(found, "a")["l"] == [{"parts": ["A ", ["r", 2]]}]
    assert "req" not in node(found, "a")
    assert "rel" not in node(found, "a")


def test_an_xform_may_name_the_columns_of_its_lists_as_it_likes() -> None:
    found = xform(
        "<a/>",
        "<instance id='l'><root><item><code>1</code><text>One</text><x>y</x></item></root></instance>",
        "<select1 ref=\"/data/a\"><itemset nodeset=\"instance('l')/root/item[x='y'][code=1]\">"
        '<value ref="code"/><label ref="text"/></itemset></select1>',
    )
    assert found["lists"]["l"] == [{"v": "1", "l": ["One"], "x": {"x": "y"}}]
    assert node(found, "a")["items"]["where"][:2] == ["op", "and"]


def test_setvalue_may_set_a_text_and_repeats_may_be_fixed() -> None:
    found = xform(
        "<orx:meta><orx:instanceID/></orx:meta><a/><r jr:template=''><b/></r><r><b/></r>",
        '<bind nodeset="/data/orx:meta/orx:instanceID" jr:preload="uid"/>'
        '<setvalue ref="/data/a" event="odk-instance-first-load">hello</setvalue>',
        '<repeat nodeset="/data/r" jr:noAddRemove="true()" appearance="compact">'
        '<label/><setvalue ref="/data/r/b" event="odk-new-repeat" value="1"/></repeat>'
        '<hint/><setvalue ref="/data/a" event="xforms-ready" value="2"/>',
    )
    assert [a["x"] for a in found["actions"]] == [["s", "hello"], ["n", 1], ["n", 2]]
    assert (node(found, "r")["fix"], node(found, "r")["ap"]) == (True, "compact")
    assert [n["n"] for n in found["nodes"]].count("b") == 1
    assert node(found, "instanceID")["pre"] == "uid"


def test_pictures_of_labels_are_kept_per_language() -> None:
    visit = form("""
| survey |
| | type | name | label::中文(zh) | label::English(en) | media::image::中文(zh) |
| | text | a | 甲 | A | a.png |
""")
    assert node(visit, "a")["media"] == {"image": ["a.png", ""]}


def test_messages_may_be_plain_text() -> None:
    found = xform(
        "<a/>", '<bind nodeset="/data/a" constraint=". &gt; 1" jr:constraintMsg="Too small"/>'
    )
    assert node(found, "a")["msg"] == ["Too small"]


def test_problems_read_as_sentences() -> None:
    error = FormError([])
    assert error.problems == []
    (found,) = xform_problems("<a/>", '<submission base64RsaPublicKey="x"/>')
    assert found == (
        "settings, column public_key: “public_key” is not supported: every visit is sealed on the "
        "phone anyway. Remove public_key."
    )


def test_a_log_is_kept_of_times_and_never_of_ways() -> None:
    table = "| survey |\n| | type | name | label | parameters |\n| | text | a | A | |\n| | audit | audit | | {} |\n"
    log = node(form(table.format("track-changes=true identify-user=true")), "audit")
    assert (log["t"], log["pre"]) == ("binary", "audit")
    ways = "location-priority=balanced location-min-interval=60 location-max-age=120"
    (found,) = problems(table.format(ways))
    assert "a log of where a worker goes is never kept" in found


def test_a_repeat_may_begin_with_instances_of_its_own() -> None:
    data = "<r jr:template=''><a>t</a></r><r><a>x</a></r><r><a/></r><b/>"
    body = (
        '<group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/a"/></repeat></group>'
    )
    begun = xform(data, body=body)
    assert node(begun, "r")["begin"] == [{"a": "x"}, {"a": ""}]
    assert node(begun, "a")["def"] == "t"
    like_any = xform("<r jr:template=''><a>t</a></r><r><a>t</a></r>", body=body)
    assert "begin" not in node(like_any, "r")
    assert xform_problems("<b>1</b><b>2</b>") == [
        "b: “b” is there twice and is no repeat. Keep one of them."
    ]
