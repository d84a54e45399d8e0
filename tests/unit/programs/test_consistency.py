"""The packaged programs as a whole: they convert, hold together, and keep to what may be asked."""

import re
from pathlib import Path

import pytest
from pyxform.xls2json_backends import md_to_dict
from pyxform.xls2xform import convert

import fieldapp.programs
from tests.unit.programs.filling import programs

FOLDER = Path(fieldapp.programs.__file__).parent
FORMS = sorted(FOLDER.glob("*/*.md"))
ZH, EN = "::中文(zh)", "::English(en)"


@pytest.fixture(params=FORMS, ids=lambda path: path.stem)
def form(request: pytest.FixtureRequest) -> Path:
    return request.param


def rows(form: Path) -> list[dict[str, str]]:
    return md_to_dict(form.read_text(encoding="utf-8"))["survey"]


def test_converts_without_a_warning(form: Path) -> None:
    warnings: list[str] = []

    convert(form, warnings=warnings)

    assert warnings == []


def test_every_question_speaks_both_languages(form: Path) -> None:
    for row in rows(form):
        kind = row["type"].split()[0]
        if kind in ("calculate", "csv-external") or kind.startswith("end_"):
            continue
        assert row.get("label" + ZH), row
        assert row.get("label" + EN), row
        assert ("hint" + ZH in row) == ("hint" + EN in row), row


def test_every_rule_says_what_to_do(form: Path) -> None:
    for row in rows(form):
        for rule, message in (
            ("required", "required_message"),
            ("constraint", "constraint_message"),
        ):
            if rule in row:
                assert row.get(message + ZH), (row["name"], message)
                assert row.get(message + EN), (row["name"], message)


def test_every_question_fits_a_screen(form: Path) -> None:
    """No group that is one screen has more than twenty questions, but for the resident card."""
    stack: list[list[str]] = []
    for row in rows(form):
        kind = row["type"]
        if kind.startswith("begin_"):
            stack.append([row.get("name", "")])
        elif kind.startswith("end_"):
            name, *questions = stack.pop()
            assert len(questions) <= 20 or name == "residents", name
        elif stack and kind.split()[0] not in ("calculate", "csv-external"):
            stack[-1].append(row["name"])


def test_what_a_form_saves_is_a_property_and_the_other_way_round() -> None:
    for scope in ("health", "housing"):
        saved: dict[str, set[str]] = {}
        for program in programs().all:
            if program.scope != scope:
                continue
            for definition in program.forms.values():
                for block in definition["entities"]:
                    names = {prop for _, prop in block["saves"]}
                    saved.setdefault(block["list"], set()).update(names)
            for rule in program.derive:
                saved.setdefault(rule.list, set()).update(rule.set)

        assert saved == {t.name: set(t.props) for t in programs().types(scope)}


def test_the_members_of_a_merge_group_share_kind_and_audience() -> None:
    for kind in programs().types():
        groups: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
        for prop in kind.props.values():
            if prop.group:
                groups.setdefault(prop.group, set()).add((prop.kind, prop.audience))
        assert all(len(found) == 1 for found in groups.values()), (kind.name, groups)
        assert not set(groups) & set(kind.props), kind.name


def test_housing_and_health_share_nothing() -> None:
    health = {
        name for t in programs().types("health") for p in t.props.values() for name in p.audience
    }
    housing = {
        name for t in programs().types("housing") for p in t.props.values() for name in p.audience
    }

    assert health == {"care", "clinic"}
    assert housing == {"building", "helper", "housing"}


def test_a_village_worker_sees_only_when_to_call_about_contraception() -> None:
    contraception = programs().type("health", "contraception")
    assert contraception

    assert set(contraception.seen_by(["care"])) == {
        "person",
        "next_contact",
        "follow_ok",
        "ended_on",
    }


CLINICAL = {
    "sbp",
    "dbp",
    "temp",
    "weight",
    "risk_colour",
    "risk_date",
    "epds",
    "epds10",
    "pnc_done",
    "after_care",
}


def test_a_village_worker_sees_no_clinical_value() -> None:
    pregnancy = programs().type("health", "pregnancy")
    assert pregnancy

    assert not CLINICAL & set(pregnancy.seen_by(["care"]))
    assert set(pregnancy.seen_by(["clinic"])) > CLINICAL


def test_the_number_of_a_document_is_seen_by_nobody() -> None:
    secret = [p for t in programs().types() for p in t.props.values() if "id_no" in p.name]

    assert {p.name for p in secret} == {"id_no", "new_id_no"}
    assert all(p.secret == "id_number" and p.audience == () for p in secret)


def test_health_has_no_document_number_at_all() -> None:
    assert not [n for t in programs().types("health") for n in t.props if n.startswith("id_")]


def test_titles_are_words_never_an_id() -> None:
    for kind in programs().types():
        assert "person" not in str(kind.title), kind.name
        assert "dwelling" not in str(kind.title), kind.name


def test_tasks_are_worded_so_that_a_neighbour_learns_nothing() -> None:
    telling = re.compile(
        "孕|产检|避孕|产后|环|宝宝|pregnan|contracep|baby|birth|antenatal", re.IGNORECASE
    )
    for rule in programs().schedule("health"):
        assert not telling.search("".join(rule.label.values())), rule.id


def test_each_rule_is_for_a_role_that_may_fill_its_form() -> None:
    for program in programs().all:
        for rule in program.schedule:
            filled = programs().for_form(rule.form)
            assert filled, rule.id
            assert set(rule.roles) <= set(filled.roles), rule.id
