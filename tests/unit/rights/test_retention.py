"""What is out of time, by the rules of the programs, for people whose lives go different ways."""

import pytest

from fieldapp.programs.service import load_programs
from fieldapp.rights import retention, rules, words
from fieldapp.rights.retention import Overdue, Person, Record, overdue

CLIENT = {"full_name": "contact+12m", "phone": "contact+12m"}
CONSENT = {"given": "end+3y", "person": "end+3y"}
PREGNANCY = {"status": "close+12m", "dating": "close+12m"}


def client(on: str) -> Record:
    return Record("zhang", "client", {"full_name": "张小梅"}, CLIENT, on)


def consent(ends: str) -> Record:
    return Record("yes", "consent", {"ends_on": ends}, CONSENT, "2026-01-01")


def pregnancy(closed: str, on: str) -> Record:
    return Record("preg", "pregnancy", {"closed_on": closed, "status": "born"}, PREGNANCY, on)


def gone(person: Person, day: str) -> set[str]:
    found = overdue(person, day)
    return set(found.records) if found else set()


@pytest.mark.parametrize(
    ("text", "day", "ends"),
    [
        ("close+12m", "2026-03-31", "2027-03-31"),
        ("end+6m", "2026-08-31", "2027-02-28"),
        ("contact+12m", "2028-02-29", "2029-02-28"),
        ("let+6m", "2026-11-02", "2027-05-02"),
        ("end+3y", "2026-11-02T09:00:00Z", "2029-11-02"),
        ("30d", "2026-01-15", "2026-02-14"),
        ("kept", "2026-01-15", None),
        ("12m", "", None),
    ],
)
def test_a_period_ends_on_its_day(text: str, day: str, ends: str | None) -> None:
    assert retention.rule(text).after(day) == ends


@pytest.mark.parametrize("text", ["", "12", "m", "forever", "close+m", "close+0m", "birth+12m"])
def test_what_says_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="period"):
        retention.rule(text)


def test_an_episode_goes_a_year_after_it_closed_and_she_stays_while_she_is_seen() -> None:
    held = [client("2027-05-01"), consent("2028-01-01"), pregnancy("2026-06-01", "2026-05-01")]
    person = Person("zhang", held, contact="2027-05-01")
    assert gone(person, "2027-05-31") == set()
    assert gone(person, "2027-06-01") == {"preg"}


def test_an_open_episode_is_never_out_of_time() -> None:
    person = Person("zhang", [client("2020-01-01"), pregnancy("", "2020-01-01")], "2020-01-01")
    assert gone(person, "2030-01-01") == set()


def test_she_goes_a_year_after_the_last_contact_and_the_proof_of_consent_stays_three() -> None:
    person = Person("zhang", [client("2026-05-01"), consent("2028-05-01")], "2026-05-01")
    assert gone(person, "2027-04-30") == set()
    first = overdue(person, "2027-05-01")
    assert first is not None
    assert (set(first.records), first.all_of_it) == ({"zhang"}, False)
    left = Person("zhang", [consent("2028-05-01")], "2026-05-01")
    assert gone(left, "2031-04-30") == set()
    last = overdue(left, "2031-05-01")
    assert last is not None
    assert last.all_of_it


def test_a_referral_goes_with_what_it_belongs_to() -> None:
    rules_of = {"urgent": "close+12m"}
    referral = Record("ref", "referral", {"urgent": "1"}, rules_of, "2025-01-01", root="preg")
    open_ = Person(
        "zhang", [client("2026-05-01"), pregnancy("", "2026-05-01"), referral], "2026-05-01"
    )
    assert gone(open_, "2026-10-01") == set()
    closed = Person(
        "zhang",
        [client("2026-05-01"), pregnancy("2025-09-01", "2026-05-01"), referral],
        "2026-05-01",
    )
    assert gone(closed, "2026-10-01") == {"preg", "ref"}


def test_a_tenant_goes_half_a_year_after_the_last_stay_ended() -> None:
    def stay(name: str, end: str) -> Record:
        props = {"start": "2025-01-01"} | ({"end": end} if end else {})
        return Record(name, "tenancy", props, {"start": "end+6m", "end": "end+6m"}, "2025-01-01")

    him = Record("he", "resident", {"full_name": "何大勇"}, {"full_name": "end+6m"}, "2025-01-01")
    still = Person("he", [him, stay("one", "2025-03-01"), stay("two", "")], "2026-01-01")
    assert gone(still, "2030-01-01") == {"one"}
    left = Person("he", [him, stay("one", "2025-03-01"), stay("two", "2026-02-28")], "2026-01-01")
    assert gone(left, "2026-08-27") == {"one"}
    assert gone(left, "2026-08-28") == {"he", "one", "two"}


@pytest.mark.parametrize(
    ("ends", "visited", "last"),
    [
        ([], "2026-11-02", "2026-11-02"),
        (["2026-12-20"], "2026-11-02", "2026-12-20"),
        (["2026-10-01", "2026-09-01"], "2026-11-02", "2026-11-02"),
        (["2026-12-20", ""], "2026-11-02", ""),
    ],
)
def test_a_dwelling_was_last_let_when_nobody_lives_there_any_more(
    ends: list[str], visited: str, last: str
) -> None:
    stays = [{"start": "2026-01-01"} | ({"end": end} if end else {}) for end in ends]
    assert retention.last_let(stays, visited) == last
    held = {"lessor_name": "let+6m"}
    lessor = Record("home", "dwelling", {"lessor_name": "刘春燕"}, held, visited)
    found = overdue(Person("home/lessor", [lessor], visited, last), "2027-05-02")
    assert (found is not None) == (last == "2026-11-02")


def test_one_value_of_a_record_may_go_before_the_rest() -> None:
    rules_of = {"visit_date": "12m", "task": "30d"}
    visit = Record("v", "visit", {"visit_date": "2026-01-01", "task": "T7"}, rules_of, "2026-01-01")
    found = overdue(Person("v", [visit]), "2026-02-01")
    assert found == Overdue("v", frozenset(), frozenset({("v", "task")}), all_of_it=False)
    assert gone(Person("v", [visit]), "2027-01-01") == {"v"}


def test_every_program_states_periods_and_purposes_that_can_be_told() -> None:
    for kind in load_programs().types():
        for prop in kind.props.values():
            zh, en = retention.in_words(prop.retention)
            assert zh, f"{kind.name}.{prop.name}"
            assert en, f"{kind.name}.{prop.name}"
            assert words.has_english(prop.purpose), prop.purpose


@pytest.mark.parametrize(
    ("asked", "due"),
    [("2026-11-02", "2026-11-23"), ("2026-11-06", "2026-11-27"), ("2026-11-07", "2026-11-27")],
)
def test_fifteen_working_days(asked: str, due: str) -> None:
    assert rules.due_on(asked) == due


def test_a_reason_that_names_her_is_noticed_however_it_is_spaced() -> None:
    assert rules.names_somebody("张 小梅 要求删除", ["张小梅", "1"])
    assert rules.names_somebody("电话138 0000 0002", ["13800000002"])
    assert not rules.names_somebody("本人当面提出，共1项", ["张小梅", "1"])
