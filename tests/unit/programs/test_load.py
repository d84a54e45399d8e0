"""Loading program folders: what a program must say before it loads, and what a phone is told of it."""
# ruff: noqa: E501 (programs are tables)

from pathlib import Path

import pytest

from fieldapp.forms.xpath import compile_xpath
from fieldapp.programs.load import ProgramError, load_folders
from fieldapp.programs.service import load_programs, public_json

FORM = """
| survey |
| | type | name | label::中文(zh) | label::English(en) | save_to |
| | date | visit_date | 日期 | Date | |
| | select_one mood | mood | 心情 | Mood | |
| | begin_repeat | cats | 猫 | Cats | |
| | text | cat | 猫名 | Cat | |
| | begin_repeat | toys | 玩具 | Toys | |
| | text | toy | 玩具 | Toy | |
| | end_repeat | | | | |
| | end_repeat | | | | |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) |
| | mood | 1 | 好 | Good |
| | mood | 0 | | Bad |
| settings |
| | form_id | version | form_title |
| | cats | 1 | 猫 |
"""
PROGRAM = """
id = "cats"
scope = "housing"
title = { zh = "猫", en = "Cats" }
roles = ["worker"]
forms = ["cats.md"]

[types.home]
subject = true
label = { zh = "住处", en = "Home" }
area = "area_code"
title = "area_code"
search = ["owner"]
writers = ["grid"]
visible = { housing = "owner!=''" }
[types.home.props]
area_code = { label = { zh = "村", en = "Village" }, data = "dwelling", purpose = "p", basis = "b", retention = "r" }
owner = { label = { zh = "主人", en = "Owner" }, data = "dwelling", purpose = "p", basis = "b", retention = "r" }
[types.home.parties.owner]
label = { zh = "主人", en = "Owner" }
title = "owner"
data = "dwelling"

[types.cat]
subject = "home"
label = { zh = "猫", en = "Cat" }
root = "home"
title = "name"
[types.cat.props]
home = { label = { zh = "住处", en = "Home" }, data = "dwelling", purpose = "p", basis = "b", retention = "r" }
name = { label = { zh = "名", en = "Name" }, data = "dwelling", purpose = "p", basis = "b", retention = "r" }
mood = { label = { zh = "心情", en = "Mood" }, list = "mood", kind = "latest", group = "state", data = "needs", purpose = "p", basis = "b", retention = "r" }
toys = { label = { zh = "玩具", en = "Toys" }, kind = "latest", group = "state", data = "needs", purpose = "p", basis = "b", retention = "r" }
chip = { label = { zh = "芯片", en = "Chip" }, secret = "id_number", data = "id_number", audience = [], purpose = "p", basis = "b", retention = "r" }
[types.cat.computed]
happy = "if(mood='1','yes','no')"
shown = "concat(name, happy)"

[[derive]]
form = "cats"
list = "cat"
each = "/data/cats"
when = "cat!='' and /data/mood='1' and count(toys) >= 0"
id = ["name"]
[derive.set]
name = "cat"
mood = "/data/mood"
toys = "join(' ', toys/toy) "

[[schedule]]
id = "feed"
type = "cat"
roles = ["worker"]
when = "mood='1'"
done = "false()"
opens = "date(mood/@on)"
due = "date(decimal-date-time(mood/@on) + 1)"
overdue = "date(decimal-date-time(mood/@on) + 2)"
form = "cats"
label = { zh = "该喂了", en = "Feed it" }
"""


def folder(tmp_path: Path, program: str = PROGRAM, form: str = FORM, name: str = "cats") -> Path:
    """A folder with one program."""
    home = tmp_path / name
    home.mkdir()
    (home / "program.toml").write_text(program, "utf-8")
    (home / "cats.md").write_text(form, "utf-8")
    return tmp_path


def refused(tmp_path: Path, old: str, new: str) -> list[str]:
    """What the program is refused for after one change."""
    assert old in PROGRAM
    with pytest.raises(ProgramError) as error:
        load_folders(folder(tmp_path, PROGRAM.replace(old, new, 1)))
    return error.value.problems


def test_a_program_that_says_everything_loads(tmp_path: Path) -> None:
    programs = load_folders(folder(tmp_path))
    (cats,) = programs.all
    assert (cats.id, cats.scope, cats.roles) == ("cats", "housing", ("worker",))
    assert programs.get("cats") is cats
    assert programs.get("dogs") is None
    assert programs.for_form("cats") is cats
    assert programs.for_form("dogs") is None
    home, cat = programs.types("housing")
    assert programs.type("housing", "cat") is cat
    assert programs.type("health", "cat") is None
    assert (home.area, home.root, home.writers) == ("area_code", None, ("grid",))
    assert (cat.area, cat.root, cat.writers) == (None, "home", ("worker",))
    assert cat.seen_by(["housing"]) == ["home", "name", "mood", "toys"]
    assert cat.seen_by(["care"]) == []
    assert cat.props["chip"].secret == "id_number"
    assert home.parties["owner"].registers == {"area_code", "owner"}
    assert home.visible == {"housing": compile_xpath("owner != ''")}
    assert cats.lists == {"mood": {"1": ["好", "Good"], "0": ["Bad", "Bad"]}}
    assert [rule.id for rule in programs.schedule("housing")] == ["feed"]
    assert programs.schedule("health") == []


def test_derive_rules_name_questions_so_that_they_hold_for_other_versions(tmp_path: Path) -> None:
    (rule,) = load_folders(folder(tmp_path)).derive_rules("cats")
    assert (rule.each, rule.id, rule.entity, rule.new) == ("cats", ("name",), None, None)
    assert rule.set["name"] == ["path", ["cur"], ["child", "cat"]]
    assert rule.set["mood"] == ["path", ["r", 0], ["child", "mood"]]
    toys = ["path", ["cur"], ["child", "toys"], ["child", "toy"]]
    assert rule.set["toys"] == ["f", "join", ["s", " "], toys]
    assert rule.as_json()["each"] == "cats"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (', retention = "r" }\nowner', " }\nowner", "types.home.props.area_code.retention: is missing"),
        (', purpose = "p", basis = "b", retention = "r" }\nowner', " }\nowner", "types.home.props.area_code.purpose: is missing"),
        ('retention = "r" }\nowner', 'retention = "r", colour = "red" }\nowner', "types.home.props.area_code.colour: is no key I know"),
        ('data = "dwelling", purpose', 'purpose', "types.home.props.area_code.data: is missing"),
        ('data = "dwelling", purpose', 'data = "client", purpose', "types.home.props.area_code.data: “client” is none of dwelling"),
        ('data = "dwelling", purpose', 'data = "lessor", audience = ["building"], purpose', "types.home.props.area_code.audience: “building” is none of helper, housing"),
        ('writers = ["grid"]', 'writers = ["head"]', "types.home.props.area_code.writers: the access matrix doesn't let head write “dwelling”"),
        ('kind = "latest"', 'kind = "newest"', "types.cat.props.mood.kind: “newest” is none of"),
        ('list = "mood"', 'list = "moods"', "types.cat.props.mood.list: “moods” is none of mood"),
        ('secret = "id_number"', 'secret = "face"', "types.cat.props.chip.secret: “face” is none of id_number"),
        ("audience = []", 'audience = ["housing"]', "types.cat.props.chip: a secret has no audience"),
        ('group = "state", data = "needs"', 'group = "state", audience = []', "types.cat.props.toys.group: kind or audience differs from mood's"),
        ('group = "state"', 'group = "name"', "types.cat.props.mood.group: a property has that name"),
        ("owner = { label", "fetal_sex = { label", "what we never collect: sex of a fetus"),
        ('"Owner"', '"Marital status"', "what we never collect: marital status"),
        ('title = { zh = "猫", en = "Cats" }', 'title = { zh = "猫" }', "title: needs zh and en"),
        ('scope = "housing"', 'scope = "work"', "scope: “work” is none of health, housing"),
        ('id = "cats"\nscope', 'dog = 1\nid = "cats"\nscope', "dog: is no key I know"),
        ('id = "cats"\nscope', "scope", "id: is missing"),
        ('area = "area_code"', 'area = "village"', "types.home.area: “village” is no property of home"),
        ('area = "area_code"', "", "types.home: needs either area or root"),
        ('subject = "home"', "", "types.cat.subject: is missing"),
        ('subject = "home"', 'subject = "owner"', "types.cat.subject: “owner” is none of"),
        ('search = ["owner"]', 'search = ["dog"]', "types.home.search: “dog” is none of"),
        ('title = "owner"', 'title = "name"', "types.home.parties.owner.title: “name” is none of"),
        ('title = "owner"\ndata = "dwelling"', 'title = "chip"\ndata = "id_number"', "types.home.parties.owner.title: “chip” is none of"),
        ('title = "owner"\ndata', 'titel = "owner"\ndata', "types.home.parties.owner.titel: is no key I know"),
        ('title = "name"', 'title = "nam e"', "types.cat.title: “nam e” is not a valid expression"),
        ('title = "name"', 'title = "dog"', "types.cat.title: “dog” is no property of this type"),
        ('title = "name"', 'title = "name/@at"', "types.cat.title: of a property there is only @on and @by, not “at”"),
        ('title = "name"', "title = \"instance('x')/root/item/a\"", "types.cat.title: instance('x') can't be looked into"),
        ("visible = { housing", "visible = { care", "types.home.visible.care: “care” is none of building, helper, housing"),
        ('happy = "if(', 'later = "shown"\nhappy = "if(', "types.cat.computed.later: “shown” is no property"),
        ('happy = "if(', 'mood = "1"\nhappy = "if(', "types.cat.computed.mood: is a property already"),
        ('form = "cats"\nlist', 'form = "dogs"\nlist', "derive[0].form: “dogs” is no form of this scope"),
        ('list = "cat"', 'list = "dog"', "derive[0].list: “dog” is none of"),
        ('each = "/data/cats"', 'each = "/data/mood"', "derive[0].each: “/data/mood” is no repeat"),
        ('each = "/data/cats"', 'each = "/data/dogs"', "derive[0].each: there is no question “dogs”"),
        ('id = ["name"]', 'id = ["dog"]', "derive[0].id: “dog” is none of"),
        ('id = ["name"]', "id = [\"name\"]\nentity = \"'x'\"", "derive[0]: give id or entity, not both"),
        ('name = "cat"', 'name = "uuid()"', "derive[0].set.name: uuid() isn't the same later"),
        ('name = "cat"', 'dog = "cat"\nname = "cat"', "derive[0].set: “dog” is none of"),
        ('name = "cat"', 'name = "dog"', "derive[0].set.name: there is no question “dog”"),
        ('type = "cat"', 'type = "dog"', "schedule[0].type: “dog” is none of"),
        ("when = \"mood='1'\"", "when = \"dog='1'\"", "schedule[0].when: “dog” is no property"),
        ('form = "cats"\nlabel', 'form = "dogs"\nlabel', "schedule[0].form: “dogs” is none of cats"),
        ('due = "date', 'dew = "date', "schedule[0].due: is missing"),
        ('forms = ["cats.md"]', 'forms = ["dogs.md"]', "forms: there is no file dogs.md"),
        ('id = "cats"\nscope', 'id = "cats\nscope', "file: "),
    ],
)  # fmt: skip
def test_what_a_program_is_refused_for_names_file_and_key(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    found = refused(tmp_path, old, new)
    assert any(
        f"cats/program.toml: {said}" in p or (said.startswith("what") and said in p) for p in found
    ), found


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    found = refused(tmp_path, ', purpose = "p", basis = "b", retention = "r" }\nowner', " }\nowner")
    assert [p.split(": ")[1].rpartition(".")[2] for p in found] == ["basis", "purpose", "retention"]


def test_a_form_that_doesn_t_compile_is_told_of_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as error:
        load_folders(folder(tmp_path, form=FORM.replace("| text | cat |", "| phonenumber | cat |")))
    assert any(
        p.startswith("cats/cats.md: survey, row 5, column type cat: ") for p in error.value.problems
    )


def test_a_type_belongs_to_one_program_of_its_scope(tmp_path: Path) -> None:
    folder(tmp_path)
    with pytest.raises(
        ProgramError, match=r"other/program.toml: types.cat: cats defines it already"
    ):
        load_folders(folder(tmp_path, PROGRAM.replace('id = "cats"', 'id = "other"'), name="other"))


def test_a_rule_may_make_an_entity_by_expression_and_say_that_it_begins(tmp_path: Path) -> None:
    changed = PROGRAM.replace('each = "/data/cats"\n', "").replace('id = ["name"]', "entity = \"concat('c', /data/cats[1]/cat)\"\nnew = \"/data/mood='1'\"")  # fmt: skip
    changed = changed.replace('when = "cat', 'when = "/data/visit_date').replace(
        "count(toys)", "count(/data/cats/toys)"
    )
    changed = changed.replace('name = "cat"', 'name = "/data/cats/cat"').replace(
        "toys/toy", "/data/cats[cat=/data/mood]/toys/toy"
    )
    (rule,) = load_folders(folder(tmp_path, changed)).derive_rules("cats")
    assert rule.each is None
    first = ["path", ["r", 0], ["child", "cats", ["n", 1]], ["child", "cat"]]
    assert rule.entity == ["f", "concat", ["s", "c"], first]
    by_mood = [
        "op",
        "=",
        ["path", ["ctx"], ["child", "cat"]],
        ["path", ["r", 0], ["child", "mood"]],
    ]
    toys = ["path", ["r", 0], ["child", "cats", by_mood], ["child", "toys"], ["child", "toy"]]
    assert rule.set["toys"] == ["f", "join", ["s", " "], toys]
    told = rule.as_json()
    assert "id" not in told
    assert {"entity", "new"} <= set(told)


def test_a_count_of_all_instances_from_within_one_starts_at_the_root(tmp_path: Path) -> None:
    changed = PROGRAM.replace("count(toys)", "count(/data/cats) + count(.)")
    (rule,) = load_folders(folder(tmp_path, changed)).derive_rules("cats")
    assert ["f", "count", ["path", ["r", 0], ["child", "cats"]]] in rule.when[3][2]


# ---- what a phone is told ----


def test_a_phone_hears_only_of_programs_it_has_an_audience_in(tmp_path: Path) -> None:
    programs = load_folders(folder(tmp_path))
    assert public_json(programs, ["care"]) == []
    (told,) = public_json(programs, ["housing"], "worker")
    assert told["types"]["cat"]["props"]["chip"] == {"label": {}, "kind": "one"}
    assert told["types"]["cat"]["props"]["mood"]["list"] == "mood"
    assert told["types"]["home"]["search"] == ["owner"]
    assert "visible" not in told["types"]["home"]
    assert list(told["lists"]) == ["mood"]
    assert public_json(programs, ["housing"], "nurse")[0]["schedule"] == []
    assert len(public_json(programs.all, ["housing"])[0]["schedule"]) == 1


def test_the_packaged_programs_load_once() -> None:
    assert load_programs() is load_programs()
    assert [p.id for p in load_programs().all] == [
        "antenatal",
        "consent",
        "contraception",
        "rental",
    ]
