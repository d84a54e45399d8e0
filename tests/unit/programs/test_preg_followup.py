"""F1, told as stories: the first visit, the course of a pregnancy, birth, an end, a danger sign."""

from typing import Any

import pytest

from tests.unit.programs.filling import LIULIN, ZHANG, Filling, computed

CLIENT = {"name": ZHANG, "label": "张小梅", "dob": "1998-03-05", "area_code": LIULIN}
YES = {"name": "c1", "person": ZHANG, "scope": "preg", "status": "given", "ends_on": "2027-11-01"}
PREGNANCY = {
    "name": "p1",
    "label": "预产期 2027-02-10",
    "person": ZHANG,
    "closed_on": "",
    "status": "on",
    "edd": "2027-02-10",
    "edd_source": "handbook",
    "edd_stated": "2027-02-10",
    "handbook": "1",
    "anc_slots": "1 2",
    "contact_pref": "visits",
}
VISIT = {
    "visit_date": "2026-11-01",
    "visit_mode": "home",
    "person_id": ZHANG,
    "contact_result": "met",
    "still_ok": "1",
    "private_ok": "1",
}
NEW = {
    "g_new": {"confirmed_by": "clinic"},
    "g_book": {"book_has": "1", "book_date": "2026-09-01"},
    "g_dating": {"edd_source": "handbook", "edd_in": "2027-02-10"},
}
ON = {
    "g_ga": {"status": "on"},
    "g_anc": {
        "anc_slots": "1 2 3",
        "anc_total": "4",
        "anc_barrier": "none",
        "fetal_move": "1",
        "danger_p": "none",
    },
    "g_talk": {"talk_nurse": "0"},
    "g_next": {"contact_pref": "visits", "next_contact": "2026-11-30"},
}


def fill(
    preg: dict[str, Any], visit: dict[str, str] | None = None, role: str = "worker", **more: Any
) -> Filling:
    lists = {"client": [CLIENT], "consent": [YES], **more.pop("lists", {})}
    answers = {"g_visit": {**VISIT, **(visit or {})}, "g_preg": preg, **more}
    return Filling("preg_followup", answers, role, **lists)


def test_the_first_visit_opens_a_pregnancy() -> None:
    visit = fill({**NEW, **ON})

    assert visit.violations() == []
    assert visit.entities == [("visit", True), ("pregnancy", True)]
    assert visit.wrote["pregnancy", "person"] == ZHANG
    assert visit.wrote["pregnancy", "dating"] == {
        "edd_source": "handbook",
        "edd_stated": "2027-02-10",
        "edd": "2027-02-10",
    }
    assert visit.wrote["pregnancy", "ga_days_last"] == "179"
    assert visit.wrote["pregnancy", "booking"] == {"handbook": "1", "book_date": "2026-09-01"}


def test_without_a_date_from_anybody_the_last_period_gives_it() -> None:
    dating = {"edd_source": "lmp", "lmp": "2026-05-06"}

    visit = fill({**NEW, **ON, "g_dating": dating})

    assert visit.wrote["pregnancy", "dating"] == {**dating, "edd": "2027-02-10"}


def test_a_later_visit_goes_on_with_the_same_pregnancy_and_asks_less() -> None:
    visit = fill(ON, lists={"pregnancy": [PREGNANCY]})

    assert visit.violations() == []
    assert visit.entities == [("visit", True), ("pregnancy", False)]
    assert visit.ids["pregnancy"] == "p1"
    assert not {"confirmed_by", "book_has", "edd_source", "lmp", "edd"} & visit.asked()
    assert ("pregnancy", "dating") not in visit.wrote, "half a group would contradict the whole"
    assert visit.wrote["pregnancy", "ga_days_last"] == "179"


def test_check_ups_known_before_are_shown_ticked() -> None:
    anc = {k: v for k, v in ON["g_anc"].items() if k != "anc_slots"}

    visit = fill({**ON, "g_anc": anc}, lists={"pregnancy": [PREGNANCY]})

    assert visit.wrote["pregnancy", "anc_slots"] == "1 2"


def test_chen_corrects_the_due_date_by_an_early_scan() -> None:
    dating = {"redate": "1", "edd_source": "us", "edd_in": "2027-02-17"}

    visit = fill({**ON, "g_dating": dating}, role="nurse", lists={"pregnancy": [PREGNANCY]})

    assert visit.violations() == []
    assert visit.wrote["pregnancy", "dating"] == {
        "edd_source": "us",
        "edd_stated": "2027-02-17",
        "edd": "2027-02-17",
    }
    assert visit.wrote["pregnancy", "ga_days_last"] == "172"


def test_a_handbook_opened_later_is_asked_for_until_there_is_one() -> None:
    without = {**PREGNANCY, "handbook": "0"}
    book = {"g_book": {"book_has": "1", "book_date": "2026-10-20"}}

    visit = fill({**ON, **book}, lists={"pregnancy": [without]})

    assert visit.wrote["pregnancy", "booking"] == {"handbook": "1", "book_date": "2026-10-20"}


@pytest.mark.parametrize(
    ("visit", "lists"),
    [
        ({"still_ok": "0"}, {}),
        ({"private_ok": "0"}, {}),
        ({}, {"consent": []}),
        ({}, {"consent": [{**YES, "status": "declined"}]}),
        ({}, {"consent": [{**YES, "scope": "contra"}]}),
        ({}, {"consent": [{**YES, "ends_on": "2026-10-31"}]}),
        ({}, {"client": [{**CLIENT, "dob": "2013-01-01"}]}),
        ({"contact_result": "absent"}, {}),
    ],
    ids=[
        "not today",
        "not alone",
        "never asked",
        "declined",
        "other scope",
        "expired",
        "a child",
        "absent",
    ],
)
def test_the_gate_stays_shut(visit: dict[str, str], lists: dict[str, Any]) -> None:
    filled = fill({**NEW, **ON}, visit, lists=lists)

    assert filled.entities == [("visit", True)]
    assert "status" not in filled.asked()


def test_danger_signs_raise_a_referral_wherever_they_are_seen() -> None:
    danger = {**ON["g_anc"], "danger_p": "bleed head"}

    visit = fill({**NEW, **ON, "g_anc": danger}, g_ref={"called": "1"})

    assert visit.violations() == []
    assert {"act_now_p", "act_now"} <= visit.notes()
    assert ("referral", True) in visit.entities
    assert visit.wrote["referral", "urgent"] == "1"
    assert visit.wrote["referral", "person"] == ZHANG
    assert visit.wrote["referral", "pregnancy"] == visit.ids["pregnancy"]
    assert visit.wrote["referral", "facility"] == "120"


SHARE = {**YES, "name": "c2", "scope": "share", "recipient": "柳河镇卫生院"}


@pytest.mark.parametrize(
    "share",
    [
        [],
        [{**SHARE, "status": "declined"}],
        [{**SHARE, "ends_on": "2026-10-31"}],
        [{**SHARE, "recipient": ""}],
        [{**SHARE, "scope": "msg"}],
        [{**SHARE, "person": "somebody else"}],
    ],
    ids=["never asked", "taken back", "ended", "to nobody named", "another scope", "another's"],
)
def test_without_her_yes_to_the_clinic_it_is_told_nothing_and_120_is_called(
    share: list[dict[str, str]],
) -> None:
    danger = {**ON, "g_anc": {**ON["g_anc"], "danger_p": "bleed"}}

    visit = fill({**NEW, **danger}, g_ref={"called": "1"}, lists={"consent": [YES, *share]})

    assert visit.violations() == []
    assert {"act_now_p", "act_now", "no_share", "clinic_call"} <= visit.notes()
    assert "referred" not in visit.asked()
    assert visit.wrote["referral", "made"] == "1"
    assert visit.wrote["referral", "facility"] == "120"


@pytest.mark.parametrize(
    ("called", "referred", "made", "facility"),
    [("0", "1", "1", "柳河镇卫生院"), ("1", "1", "1", "120、柳河镇卫生院"), ("1", "0", "1", "120")],
)
def test_with_her_yes_the_clinic_she_agreed_to_may_be_told(
    called: str, referred: str, made: str, facility: str
) -> None:
    danger = {**ON, "g_anc": {**ON["g_anc"], "danger_p": "bleed"}}
    answers = {"called": called, "referred": referred}

    visit = fill({**NEW, **danger}, g_ref=answers, lists={"consent": [YES, SHARE]})

    assert visit.violations() == []
    assert "act_now" in visit.notes()
    assert "no_share" not in visit.notes()
    assert visit.wrote["referral", "made"] == made
    assert visit.wrote["referral", "facility"] == facility


def test_who_wants_nobody_contacted_is_asked_why_once() -> None:
    danger = {**ON, "g_anc": {**ON["g_anc"], "danger_p": "bleed"}}
    answers = {"called": "0", "referred": "0"}

    visit = fill({**NEW, **danger}, g_ref=answers, lists={"consent": [YES, SHARE]})

    assert visit.problems() == {("ref_no", "required")}
    assert visit.wrote["referral", "made"] == "0"
    assert ("referral", "facility") not in visit.wrote


def test_none_goes_with_nothing_else() -> None:
    danger = {**ON["g_anc"], "danger_p": "none bleed"}

    assert ("danger_p", "constraint") in fill({**NEW, **ON, "g_anc": danger}).problems()


BORN = {
    "g_ga": {"status": "born"},
    "g_born": {
        "delivery_date": "2026-10-20",
        "discharge_date": "2026-10-23",
        "danger_m": "none",
        "baby_here": "1",
        "danger_n": "none",
        "pnc_done": "0",
    },
    "g_talk": {"talk_nurse": "1"},
    "g_next": {"contact_pref": "monthly"},
}
NEAR = {**PREGNANCY, "edd": "2026-10-25", "edd_stated": "2026-10-25"}


@pytest.mark.parametrize(("sign", "note"), [("danger_m", "act_now_m"), ("danger_n", "act_now_n")])
def test_what_to_do_stands_right_below_the_danger_sign(sign: str, note: str) -> None:
    born = {**BORN, "g_born": {**BORN["g_born"], sign: "fever"}}

    assert {"act_now_m", "act_now_n"} & fill(born, lists={"pregnancy": [NEAR]}).notes() == {note}
    assert not {"act_now_m", "act_now_n"} & fill(BORN, lists={"pregnancy": [NEAR]}).notes()


def test_after_the_birth_mother_and_baby_are_asked_about_and_no_check_up() -> None:
    visit = fill(BORN, lists={"pregnancy": [NEAR]})

    assert visit.violations() == []
    assert visit.wrote["pregnancy", "delivery"] == {
        "delivery_date": "2026-10-20",
        "discharge_date": "2026-10-23",
    }
    assert not {"anc_slots", "danger_p", "anc_barrier"} & visit.asked()
    assert "d42_done" not in visit.asked(), "too early to ask"


def test_the_delivery_date_is_asked_once() -> None:
    born = {k: v for k, v in BORN["g_born"].items() if not k.endswith("_date")}
    known = {**NEAR, "status": "born", "delivery_date": "2026-10-20"}

    visit = fill({**BORN, "g_born": born}, lists={"pregnancy": [known]})

    assert visit.answers["g_preg"]["g_born"]["delivery_date"] == "2026-10-20"


def test_of_an_end_one_neutral_code_is_kept_and_what_she_wishes() -> None:
    preg = {"g_ga": {"status": "ended"}, "g_ended": {"after_care": "nurse"}}

    visit = fill(preg, lists={"pregnancy": [PREGNANCY]})

    assert visit.violations() == []
    written = {register for kind, register in visit.wrote if kind == "pregnancy"}
    assert written == {"person", "status", "after_care", "ga_days_last"}


@pytest.mark.parametrize(
    ("status", "days", "problems"),
    [
        ({"status": "born"}, {"edd_source": "handbook", "edd_in": "2026-09-20"}, set()),
        ({"status": "born"}, {"edd_source": "lmp", "lmp": "2025-12-10"}, set()),
        (
            {"status": "on"},
            {"edd_source": "handbook", "edd_in": "2026-09-20"},
            {("status", "constraint")},
        ),
        ({"status": "on"}, {"edd_source": "handbook", "edd_in": "2026-10-15"}, set()),
    ],
)
def test_a_mother_may_join_after_the_birth_but_nobody_is_pregnant_for_ten_months(
    status: dict[str, str], days: dict[str, str], problems: set[tuple[str, str]]
) -> None:
    rest = BORN if status["status"] == "born" else ON
    born = {**BORN["g_born"], "delivery_date": "2026-09-18", "d42_done": "0"}
    born["discharge_date"] = "2026-09-21"

    visit = fill({**NEW, **rest, "g_born": born, "g_ga": status, "g_dating": days})

    assert visit.problems() == problems


@pytest.mark.parametrize(
    ("role", "answers"),
    [
        ("worker", {"g_anc": {**ON["g_anc"], "fetal_move": "0"}}),
        ("nurse", {"g_clin": {"sbp": "165", "dbp": "95"}}),
        ("nurse", {"g_clin": {"sbp": "150", "dbp": "112"}}),
        ("nurse", {"g_clin": {"epds": "9", "epds10": "2"}}),
    ],
)
def test_what_is_measured_or_felt_is_as_urgent_as_what_is_ticked(
    role: str, answers: dict[str, Any]
) -> None:
    visit = fill({**ON, **answers}, role=role, lists={"pregnancy": [PREGNANCY]})

    assert visit.problems() == {("called", "required")}
    assert visit.wrote["referral", "urgent"] == "1"
    assert "act_now" in visit.notes()


def test_doubtful_values_are_pointed_out_and_hold_nothing_up() -> None:
    book = {"book_has": "1", "book_date": "2026-02-01"}
    anc = {**ON["g_anc"], "anc_slots": "1 5", "anc_total": "2"}
    young = {**CLIENT, "dob": "2012-05-01"}

    plain = fill({**NEW, **ON})
    visit = fill({**NEW, **ON, "g_book": book, "g_anc": anc}, lists={"client": [young]})

    doubts = {"age_note", "book_note", "slots_note"}
    assert plain.notes() & doubts == set()
    assert visit.notes() & doubts == doubts
    assert visit.violations() == []


CLINICAL = {"sbp": "150", "dbp": "95", "risk_colour": "y", "risk_date": "2026-10-30"}


def test_clinical_values_are_the_nurses_and_the_worker_gets_a_level() -> None:
    worker = fill({**ON, "g_clin": CLINICAL}, lists={"pregnancy": [PREGNANCY]})
    nurse = fill({**ON, "g_clin": CLINICAL}, role="nurse", lists={"pregnancy": [PREGNANCY]})

    assert ("pregnancy", "bp") not in worker.wrote
    assert nurse.violations() == []
    assert nurse.wrote["pregnancy", "bp"] == {"sbp": "150", "dbp": "95"}
    assert nurse.wrote["pregnancy", "risk"] == {"risk_colour": "y", "risk_date": "2026-10-30"}
    assert nurse.wrote["pregnancy", "clin_level"] == "4"


@pytest.mark.parametrize(
    ("clinical", "level"),
    [
        ({}, None),
        ({"sbp": "120", "dbp": "80"}, "2"),
        ({"epds": "11", "epds10": "0"}, "3"),
        ({"epds": "11", "epds10": "1"}, "4"),
        ({"risk_colour": "p", "risk_date": "2026-10-30"}, "3"),
        ({"risk_colour": "r", "risk_date": "2026-10-30"}, "4"),
        ({"temp": "38.2"}, "4"),
    ],
)
def test_levels(clinical: dict[str, str], level: str | None) -> None:
    nurse = fill({**ON, "g_clin": clinical}, role="nurse", lists={"pregnancy": [PREGNANCY]})

    assert nurse.wrote.get(("pregnancy", "clin_level")) == level


def test_chen_writes_down_what_became_of_a_referral() -> None:
    referral = {"name": "r1", "person": ZHANG, "made": "1", "outcome": ""}
    lists = {"pregnancy": [PREGNANCY], "referral": [referral]}

    visit = fill(ON, role="nurse", g_refout={"ref_outcome": "seen"}, lists=lists)

    assert visit.ids["referral"] == "r1"
    assert ("referral", False) in visit.entities
    outcome = {"outcome": "seen", "outcome_on": "2026-11-01"}
    assert visit.wrote["referral", "outcome_set"] == outcome


# ---- what follows from the values ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("props", "closed"),
    [
        ({"status": "on"}, ""),
        ({"status": "stop"}, "2026-09-01"),
        ({"status": "born"}, ""),
        ({"status": "born", "delivery_date": "2026-10-01"}, ""),
        ({"status": "born", "delivery_date": "2026-09-07"}, "2026-11-02"),
        ({"status": "born", "delivery_date": "2026-09-08"}, ""),
        ({"status": "born", "delivery_date": "2026-10-01", "d42_reported": "1"}, "2026-09-01"),
    ],
)
def test_a_pregnancy_closes(props: dict[str, str], closed: str) -> None:
    on = dict.fromkeys(props, "2026-09-01")

    assert computed("health", "pregnancy", "closed_on", props, on) == closed


@pytest.mark.parametrize(
    ("props", "level"),
    [
        ({}, "2"),
        ({"danger_last": "bleed"}, "4"),
        ({"danger_last": "none", "barrier_last": "far"}, "3"),
        ({"danger_last": "none", "barrier_last": "none", "wants_nurse": "1"}, "3"),
        ({"contact_pref": "none", "barrier_last": "far"}, "1"),
        ({"contact_pref": "none", "clin_level": "4"}, "4"),
        ({"status": "born", "danger_last": "bleed"}, "2"),
        ({"status": "born", "discharge_date": "2026-10-27", "delivery_date": "2026-10-25"}, "4"),
        ({"status": "stop", "danger_last": "bleed"}, ""),
    ],
)
def test_care_level(props: dict[str, str], level: str) -> None:
    assert computed("health", "pregnancy", "care_level", {"status": "on", **props}, {}) == level
