"""F2, told as stories: a method begun, the same at the next visit, another, stopped."""

from typing import Any

import pytest

from tests.unit.programs.filling import LIULIN, ZHANG, Filling, computed

CLIENT = {"name": ZHANG, "label": "刘春燕", "dob": "1994-03-05", "area_code": LIULIN}
YES = {"name": "c1", "person": ZHANG, "scope": "contra", "status": "given", "ends_on": ""}
# As a worker's phone knows it, and as a nurse's.
CARE = {
    "name": "k1",
    "person": ZHANG,
    "next_contact": "2026-11-01",
    "follow_ok": "1",
    "closed_on": "",
}
CLINIC = {
    **CARE,
    "method": "cuiud",
    "start_date": "2026-08-01",
    "expiry": "2036-08-01",
    "also_condom": "0",
}
VISIT = {
    "visit_date": "2026-11-01",
    "visit_mode": "clinic",
    "person_id": ZHANG,
    "contact_result": "met",
    "still_ok": "1",
    "private_ok": "1",
}
IUD = {"why_today": "want", "method": "cuiud", "start_date": "2026-10-30", "expiry": "2036-10-30"}
HOW = {"happy": "1", "issues": "none", "warning": "none", "plan": "keep"}
OFFER = {"appt_help": "0", "follow_ok": "1", "next_contact": "2026-11-30"}


def fill(
    method: dict[str, str], how: dict[str, str] | None = None, role: str = "worker", **lists: Any
) -> Filling:
    care = {"g_method": method, "g_how": {**HOW, **(how or {})}, "g_offer": OFFER}
    known = {"client": [CLIENT], "consent": [YES], **lists}
    return Filling("contra_followup", {"g_visit": VISIT, "g_c": care}, role, **known)


def test_a_first_visit_opens_an_episode() -> None:
    visit = fill(IUD)

    assert visit.violations() == []
    assert visit.entities == [("visit", True), ("contraception", True)]
    assert visit.wrote["contraception", "method_set"] == {
        "method": "cuiud",
        "start_date": "2026-10-30",
        "expiry": "2036-10-30",
    }
    assert "same_method" not in visit.asked()


def test_a_worker_who_cannot_see_the_method_is_told_it_is_the_same() -> None:
    visit = fill({"why_today": "follow", "same_method": "1"}, contraception=[CARE])

    assert visit.violations() == []
    assert visit.entities == [("visit", True), ("contraception", False)]
    assert visit.ids["contraception"] == "k1"
    assert ("contraception", "method_set") not in visit.wrote
    assert visit.wrote["contraception", "satisfied"] == "1"


def test_a_nurse_is_shown_what_is_used() -> None:
    visit = fill({"why_today": "follow"}, role="nurse", contraception=[CLINIC])

    assert visit.violations() == []
    assert visit.answers["g_c"]["g_method"]["method"] == "cuiud"
    assert visit.answers["g_c"]["g_method"]["start_date"] == "2026-08-01"
    assert ("contraception", False) in visit.entities


@pytest.mark.parametrize(
    ("role", "known", "method"),
    [
        ("nurse", CLINIC, {"why_today": "switch", "method": "coc", "start_date": "2026-11-01"}),
        ("worker", CARE, {"why_today": "switch", "same_method": "0", "method": "coc"}),
    ],
)
def test_another_method_ends_one_episode_and_begins_another(
    role: str, known: dict[str, str], method: dict[str, str]
) -> None:
    visit = fill(method, role=role, contraception=[known])

    assert visit.violations() == []
    ended = [(e, v) for k, e, r, v in visit.writes if r == "ended_on"]
    begun = [e for k, e, r, v in visit.writes if r == "method_set"]
    assert ended == [("k1", "2026-11-01")]
    assert begun != ["k1"]
    assert visit.entities == [("visit", True), ("contraception", True), ("contraception", False)]


def test_another_method_does_not_inherit_the_dates_of_the_last() -> None:
    visit = fill({"why_today": "switch", "method": "imp1"}, role="nurse", contraception=[CLINIC])

    assert visit.violations() == []
    assert visit.wrote["contraception", "method_set"] == {"method": "imp1"}


def test_dates_too_far_apart_are_pointed_out() -> None:
    far = fill({**IUD, "method": "imp1", "start_date": "2026-10-30", "expiry": "2036-10-30"})
    dose = fill({"why_today": "want", "method": "inj", "inj_next": "2027-04-01"})

    assert "dates_note" in far.notes()
    assert "dates_note" in dose.notes()
    assert "dates_note" not in fill(IUD).notes()
    assert far.violations() == dose.violations() == []


def test_stopping_is_her_own_decision_and_ends_the_episode() -> None:
    how = {"plan": "stop", "stop_why": "want", "stopped_on": "2026-10-31"}

    visit = fill({"why_today": "stop"}, how, role="nurse", contraception=[CLINIC])

    assert visit.violations() == []
    assert visit.wrote["contraception", "ended_on"] == "2026-10-31"
    assert (
        computed("health", "contraception", "closed_on", {"ended_on": "2026-10-31"}, {})
        == "2026-10-31"
    )


def test_a_start_nobody_remembers_holds_nothing_up() -> None:
    method = {"why_today": "want", "method": "imp1", "expiry": "2028-10-30"}

    visit = fill(method, {"plan": "stop", "stopped_on": "2026-10-31"})

    assert visit.violations() == []


def test_a_card_that_expires_before_the_start_is_looked_at_again() -> None:
    assert ("expiry", "constraint") in fill({**IUD, "expiry": "2026-10-29"}).problems()


def test_a_warning_sign_raises_a_referral_that_stays_with_the_nurse() -> None:
    answers = {
        "g_visit": VISIT,
        "g_c": {"g_method": IUD, "g_how": {**HOW, "warning": "belly"}, "g_offer": OFFER},
        "g_ref": {"called": "1"},
    }

    visit = Filling("contra_followup", answers, client=[CLIENT], consent=[YES])

    assert visit.violations() == []
    assert {"act_now", "no_share", "appt_self"} <= visit.notes()
    assert not {"referred", "appt_help"} & visit.asked(), "no clinic is told without her yes"
    assert visit.wrote["referral", "person"] == ZHANG
    assert visit.wrote["referral", "facility"] == "120"
    assert ("referral", "pregnancy") not in visit.wrote


def test_with_her_yes_the_clinic_is_told_and_a_visit_booked() -> None:
    share = {**YES, "name": "c2", "scope": "share", "recipient": "柳河镇卫生院"}
    share["ends_on"] = "2027-11-01"
    offer = {**OFFER, "appt_help": "1"}
    care = {"g_method": IUD, "g_how": {**HOW, "warning": "belly"}, "g_offer": offer}
    answers = {"g_visit": VISIT, "g_c": care, "g_ref": {"called": "0", "referred": "1"}}

    visit = Filling("contra_followup", answers, client=[CLIENT], consent=[YES, share])

    assert visit.violations() == []
    assert not {"no_share", "appt_self"} & visit.notes()
    assert visit.wrote["contraception", "appt_wanted"] == "1"
    assert visit.wrote["referral", "facility"] == "柳河镇卫生院"


def test_consent_to_pregnancy_care_opens_nothing_here() -> None:
    visit = fill(IUD, consent=[{**YES, "scope": "preg"}])

    assert visit.entities == [("visit", True)]


def test_no_contact_means_no_date() -> None:
    care = {"g_method": IUD, "g_how": HOW, "g_offer": {"appt_help": "0", "follow_ok": "0"}}

    visit = Filling(
        "contra_followup", {"g_visit": VISIT, "g_c": care}, client=[CLIENT], consent=[YES]
    )

    assert visit.violations() == []
    assert ("contraception", "next_contact") not in visit.wrote


@pytest.mark.parametrize(
    ("method", "seen", "due"),
    [
        ("cuiud", "2026-01-01", "2026-01-31"),
        ("cuiud", "2026-02-05", "2026-04-01"),
        ("cuiud", "2026-04-10", "2026-06-30"),
        ("cuiud", "2026-07-10", "2027-01-01"),
        ("cuiud", "2027-01-05", "2028-01-01"),
        ("imp2", "2026-02-05", "2027-01-01"),
        ("coc", "2026-01-01", "2026-04-01"),
        ("fster", "2026-01-01", "2026-01-08"),
        ("fster", "2026-01-08", ""),
        ("mster", "2026-01-08", "2026-04-01"),
        ("condom", "2026-01-01", ""),
    ],
)
def test_when_the_next_check_is_offered(method: str, seen: str, due: str) -> None:
    props = {"method": method, "start_date": "2026-01-01", "satisfied": "1", "follow_ok": "1"}

    assert computed("health", "contraception", "check_on", props, {"satisfied": seen}) == due
