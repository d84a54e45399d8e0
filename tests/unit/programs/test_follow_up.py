"""The follow-up rules of the packaged programs, along the course of a pregnancy and a tenancy."""

from datetime import date, timedelta

import pytest

from fieldapp.followup.schedule import Subject, of_role, tasks
from tests.unit.programs.filling import computed, programs

EDD = date(2027, 2, 10)
LMP = EDD - timedelta(280)


def day(after_lmp: int) -> str:
    return (LMP + timedelta(after_lmp)).isoformat()


def subject(kind: str, props: dict[str, str], on: str, today: str, **dated: str) -> Subject:
    """An entity as it is on `today`, everything written on `on` but what `dated` names."""
    scope = "housing" if kind in ("tenancy", "dwelling") else "health"
    spec = programs().type(scope, kind)
    assert spec
    marks = {name: dated.get(name, on) for name in props}
    more = {name: computed(scope, kind, name, props, marks, today) for name in spec.computed}
    return Subject("e", kind, {**props, **more}, {n: {"on": d} for n, d in marks.items()})


def standing(role: str, entity: Subject, today: str) -> dict[str, str]:
    """State by rule of what stands and isn't for later."""
    found = tasks(of_role(programs().schedule(), role), [entity], today)
    return {task.rule: task.state for task in found if task.state != "later"}


PREGNANT = {"status": "on", "edd": EDD.isoformat(), "contact_pref": "visits"}


@pytest.mark.parametrize(
    ("weeks_days", "rule", "state"),
    [
        (60, "anc1", "open"), (84, "anc1", "due"), (91, "anc1", "overdue"),
        (112, "anc2", "open"), (126, "anc2", "due"), (147, "anc2", "overdue"),
        (147, "anc3", "open"), (154, "anc3", "due"), (175, "anc3", "overdue"),
        (196, "anc4", "open"), (224, "anc4", "due"), (259, "anc4", "overdue"),
        (259, "anc5", "open"), (266, "anc5", "due"), (287, "anc5", "overdue"),
        (196, "birth_plan", "open"), (210, "birth_plan", "due"), (246, "birth_plan", "overdue"),
    ],
)  # fmt: skip
def test_windows_of_antenatal_care(weeks_days: int, rule: str, state: str) -> None:
    today = day(weeks_days)

    found = standing("worker", subject("pregnancy", PREGNANT, day(50), today), today)

    assert found[rule] == state
    assert rule not in standing("nurse", subject("pregnancy", PREGNANT, day(50), today), today)


def test_a_missed_window_is_reminded_of_for_four_weeks_and_then_let_be() -> None:
    for after, stands in ((118, True), (119, False)):
        entity = subject("pregnancy", PREGNANT, day(50), day(after))
        assert ("anc1" in standing("worker", entity, day(after))) == stands


def test_zhang_who_wants_no_contact_is_on_nobodys_list() -> None:
    for role in ("worker", "nurse"):
        for after in range(50, 330, 7):
            entity = subject("pregnancy", {**PREGNANT, "contact_pref": "none"}, day(49), day(after))
            assert standing(role, entity, day(after)) == {}


def test_what_was_done_is_not_asked_again() -> None:
    props = {**PREGNANT, "anc_slots": "1 2 3", "handbook": "1", "birth_plan": "1"}

    assert standing("worker", subject("pregnancy", props, day(50), day(150)), day(150)) == {}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (286, {}),
        (287, {"post_dates": "due"}),
        (290, {"post_dates": "overdue", "born_yet": "due"}),
        (295, {"post_dates": "overdue", "born_yet": "overdue"}),
    ],
)
def test_chen_calls_when_the_date_has_passed(after: int, found: dict[str, str]) -> None:
    entity = subject("pregnancy", PREGNANT, day(250), day(after))

    assert standing("nurse", entity, day(after)) == found


BORN = {**PREGNANT, "status": "born", "delivery_date": "2027-02-08"}


@pytest.mark.parametrize(
    ("props", "today", "found"),
    [
        ({}, "2027-02-10", {}),
        ({}, "2027-02-11", {"postnatal_visit": "open"}),
        ({}, "2027-02-19", {"postnatal_visit": "overdue"}),
        ({"discharge_date": "2027-02-10"}, "2027-02-10", {"postnatal_visit": "open"}),
        ({"discharge_date": "2027-02-10"}, "2027-02-13", {"postnatal_visit": "due"}),
        ({"discharge_date": "2027-02-10"}, "2027-02-18", {"postnatal_visit": "overdue"}),
        ({"pnc_done": "1"}, "2027-02-19", {}),
        ({"pnc_reported": "1", "wants_nurse": "1"}, "2027-03-08", {"day28": "due"}),
        ({"pnc_reported": "1"}, "2027-03-22", {"day42": "due"}),
        ({"pnc_reported": "1", "d42_reported": "1"}, "2027-03-22", {}),
        ({"pnc_reported": "1"}, "2027-04-05", {}),
    ],
)
def test_after_the_birth(props: dict[str, str], today: str, found: dict[str, str]) -> None:
    entity = subject("pregnancy", {**BORN, **props}, "2027-02-09", today)

    assert standing("nurse", entity, today) == found


@pytest.mark.parametrize(
    ("colour", "today", "found"),
    [
        ("y", "2026-11-10", {}),
        ("r", "2026-11-02", {"risk_plan": "due"}),
        ("r", "2026-11-04", {"risk_plan": "overdue"}),
        ("o", "2026-11-02", {"risk_plan": "open"}),
        ("o", "2026-11-09", {"risk_plan": "overdue"}),
    ],
)
def test_a_plan_for_a_high_risk(colour: str, today: str, found: dict[str, str]) -> None:
    props = {**PREGNANT, "risk_colour": colour, "risk_date": "2026-11-01"}

    assert standing("nurse", subject("pregnancy", props, "2026-11-01", today), today) == found


def test_then_red_is_called_weekly_from_the_last_visit() -> None:
    props = {**PREGNANT, "risk_colour": "r", "risk_date": "2026-11-01"}
    entity = subject("pregnancy", props, "2026-11-01", "2026-11-10", status="2026-11-03")

    assert standing("nurse", entity, "2026-11-10") == {"risk_again": "due"}


def test_after_an_end_only_who_asked_is_called_and_by_the_nurse_alone() -> None:
    ended = {"status": "ended", "edd": EDD.isoformat(), "after_care": "nurse"}
    found = []
    for after in range(1, 400):
        today = (date(2026, 9, 1) + timedelta(after)).isoformat()
        entity = subject("pregnancy", ended, "2026-09-01", today)
        found += [rule for rule in standing("nurse", entity, today) if rule not in found]
        assert standing("worker", entity, today) == {}
        quiet = subject("pregnancy", {**ended, "after_care": "rest"}, "2026-09-01", today)
        assert standing("nurse", quiet, today) == {}

    assert found == [f"after_care_{n}" for n in (14, 30, 90, 180, 365)]


def test_a_monthly_contact_is_due_a_month_after_the_last_unless_a_date_was_agreed() -> None:
    monthly = {
        **PREGNANT,
        "contact_pref": "monthly",
        "anc_slots": "1 2 3",
        "birth_plan": "1",
        "handbook": "1",
    }
    agreed = {**monthly, "next_contact": "2026-10-20"}

    plain = subject("pregnancy", monthly, "2026-10-01", "2026-10-31")
    dated = subject("pregnancy", agreed, "2026-10-01", "2026-10-31")

    assert standing("worker", plain, "2026-10-31")["regular_contact"] == "due"
    assert "regular_contact" not in standing("worker", dated, "2026-10-31")
    assert standing("worker", dated, "2026-10-31")["agreed_contact"] == "due"


CONTRA = {"follow_ok": "1", "next_contact": "2026-11-02"}


def test_of_contraception_a_worker_knows_the_agreed_date_and_no_more() -> None:
    seen = subject("contraception", CONTRA, "2026-10-01", "2026-11-02")
    ended = subject(
        "contraception", {**CONTRA, "ended_on": "2026-10-20"}, "2026-10-01", "2026-11-02"
    )
    refused = subject("contraception", {**CONTRA, "follow_ok": "0"}, "2026-10-01", "2026-11-02")

    assert standing("worker", seen, "2026-11-02") == {"agreed_contact": "due"}
    assert standing("worker", ended, "2026-11-02") == {}
    assert standing("worker", refused, "2026-11-02") == {}


@pytest.mark.parametrize(
    ("props", "found"),
    [
        ({"method": "cuiud", "start_date": "2026-10-03"}, {"check": "due"}),
        (
            {"method": "cuiud", "start_date": "2016-11-10", "expiry": "2026-11-20"},
            {"expiry": "due"},
        ),
        (
            {"method": "inj", "start_date": "2026-08-01", "next_dose": "2026-11-05"},
            {"injection": "open"},
        ),
        ({"method": "condom", "start_date": "2026-08-01"}, {}),
    ],
)
def test_chen_offers_what_the_method_needs(props: dict[str, str], found: dict[str, str]) -> None:
    known = {"follow_ok": "1", "satisfied": "1", **props}
    entity = subject("contraception", known, "2026-10-10", "2026-11-02")

    assert standing("nurse", entity, "2026-11-02") == found


@pytest.mark.parametrize(
    ("seen", "found"),
    [("2026-10-10", {"injection": "open"}), ("2026-10-20", {"injection": "open"}),
     ("2026-11-01", {})],
)  # fmt: skip
def test_an_injection_is_not_asked_for_again_once_she_came(
    seen: str, found: dict[str, str]
) -> None:
    props = {"method": "inj", "next_dose": "2026-11-05", "follow_ok": "1", "satisfied": "1"}
    entity = subject("contraception", props, "2026-08-01", "2026-11-02", satisfied=seen)

    assert standing("nurse", entity, "2026-11-02") == found


@pytest.mark.parametrize(
    ("today", "state"), [("2026-11-01", "open"), ("2026-11-02", "due"), ("2026-11-16", "overdue")]
)
def test_a_referral_asks_for_its_outcome(today: str, state: str) -> None:
    open_one = subject("referral", {"urgent": "1", "made": "1"}, "2026-11-01", today)
    closed = subject("referral", {"urgent": "1", "outcome": "seen"}, "2026-11-01", today)

    assert standing("nurse", open_one, today) == {"referral_outcome": state}
    assert standing("nurse", closed, today) == {}


TENANT = {"start": "2026-10-25", "checked_on": "2026-10-25"}


@pytest.mark.parametrize(
    ("props", "today", "found"),
    [
        (TENANT, "2026-10-31", {"welcome": "open"}),
        (TENANT, "2026-11-01", {"welcome": "due"}),
        (TENANT, "2026-11-09", {"welcome": "overdue"}),
        ({**TENANT, "checked_on": "2026-10-28"}, "2026-11-09", {}),
        ({**TENANT, "end": "2026-11-01"}, "2026-11-09", {}),
        (TENANT, "2027-04-23", {"recheck": "due"}),
        (TENANT, "2027-05-24", {"recheck": "overdue"}),
    ],
)
def test_wang_looks_after_a_tenancy(
    props: dict[str, str], today: str, found: dict[str, str]
) -> None:
    entity = subject("tenancy", props, "2026-10-25", today)

    assert standing("worker", entity, today) == found
    assert standing("grid", entity, today) == found
    assert standing("assistant", entity, today) == {}


@pytest.mark.parametrize(
    ("hazards", "today", "found"),
    [
        ("gasleak", "2026-11-02", {"hazard": "due"}),
        ("gasleak ebike", "2026-11-10", {"hazard": "overdue"}),
        ("ebike", "2026-11-10", {"hazard": "open"}),
        ("ebike", "2026-11-15", {"hazard": "due"}),
        ("none", "2026-11-15", {}),
    ],
)
def test_zhao_sees_that_hazards_go(hazards: str, today: str, found: dict[str, str]) -> None:
    entity = subject("dwelling", {"hazards": hazards}, "2026-11-01", today)

    assert standing("area", entity, today) == found
