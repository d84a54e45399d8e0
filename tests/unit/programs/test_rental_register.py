"""F3, told as stories: a dwelling and its people at the door, again, moving, moving out."""

from typing import Any

import pytest

from tests.unit.programs.filling import LIULIN, Filling, computed

D1, D2, R1, T1 = "dw-1", "dw-2", "res-1", "ten-1"
PLACE = {
    "dw_known": "0",
    "area_code": LIULIN,
    "grid": "第1网格",
    "unit_no": "东屋",
    "address": "柳林村北巷3号",
}
LETTING = {"rooms_total": "4", "rooms_let": "2", "mode_let": "share", "occ_n": "1"}
SAFE = {"hazards": "none", "alarm": "1", "exting": "0", "fuel": "elec"}
CARD = {
    "r_consent": "1",
    "r_known": "0",
    "r_name": "马超",
    "r_sex": "1",
    "r_dob": "1990-01-01",
    "r_idtype": "01",
    "r_idno": "379901199001011237",
    "r_phone": "13800001111",
    "r_home": "河南省云岭县",
    "r_presence": "2",
    "r_arrive": "2026-10-25",
    "r_reason": "1",
    "r_lead": "1",
    "r_needs": "card",
}
DWELLING = {
    "name": D1,
    "label": "柳林村北巷3号 东屋",
    "rooms_total": "4",
    "rooms_let": "2",
    "let_mode": "share",
    "lessor_name": "胡兰",
    "lessor_phone": "13800002222",
    "fuel": "elec",
}
RESIDENT = {
    "name": R1,
    "label": "马超",
    "full_name": "马超",
    "phone": "13800001111",
    "home_place": "河南省云岭县",
    "dwelling": D1,
}
TENANCY = {
    "name": T1, "person": R1, "dwelling": D1, "end": "", "presence": "2", "start": "2026-10-25",
    "reason": "1", "is_lead": "1",
}  # fmt: skip
AGAIN = {"r_consent": "1", "r_known": "1", "r_person": R1, "r_needs": "none"}
KNOWN: dict[str, Any] = {
    "dwelling": [DWELLING, {"name": D2, "label": "柳林村南巷1号 1", "let_mode": "whole"}],
    "resident": [RESIDENT],
    "tenancy": [TENANCY],
}


def fill(
    place: dict[str, str], *cards: dict[str, str], role: str = "worker", **more: Any
) -> Filling:
    visit = {"visit_date": "2026-11-01", "vsrc": "self", "met": "met", "enter_ok": "1"}
    answers = {
        "g_visit": {**visit, **more.get("visit", {})},
        "g_dw": {
            "g_place": place,
            "g_let": LETTING if place["dw_known"] == "0" else {"occ_n": "1"},
            "g_safe": {**SAFE, **more.get("safe", {})},
        },
        "residents": [dict(card) for card in cards],
    }
    return Filling("rental_register", answers, role, **more.get("lists", {}))


def test_a_new_dwelling_and_its_tenant() -> None:
    visit = fill(PLACE, CARD)

    assert visit.violations() == []
    assert visit.entities == [
        ("visit", True),
        ("dwelling", True),
        ("tenancy", True),
        ("resident", True),
        ("household", True),
    ]
    dwelling, resident = visit.ids["dwelling"], visit.ids["resident"]
    assert visit.wrote["visit", "dwelling"] == dwelling
    assert visit.wrote["tenancy", "dwelling"] == dwelling
    assert visit.wrote["tenancy", "person"] == resident
    assert visit.wrote["resident", "dwelling"] == dwelling
    assert visit.wrote["resident", "full_name"] == "马超"
    assert visit.wrote["household", "members_n"] == "1"
    assert visit.wrote["household", "presence"] == "2"


def test_the_number_is_written_once_sealed_and_its_end_beside_it() -> None:
    visit = fill(PLACE, CARD)

    assert visit.wrote["resident", "id_no"] == "379901199001011237"
    assert visit.wrote["resident", "id_last4"] == "1237"
    carries_number = {(k, r) for k, _, r, v in visit.writes if "379901199001011237" in str(v)}
    assert carries_number == {("tenancy", "new_id_no"), ("resident", "id_no")}


@pytest.mark.parametrize(
    "number",
    ["379901199001011231", "37990119900101123", "379901199001011239", "37990119900101123x"],
)
def test_a_slip_in_the_number_is_noticed_at_the_door(number: str) -> None:
    assert ("r_idno", "constraint") in fill(PLACE, {**CARD, "r_idno": number}).problems()


def test_every_check_character_is_accepted() -> None:
    from fieldapp.demo.people import check_digit

    seen = set()
    for order in range(100, 140):
        body = f"37990119900101{order}"
        number = body + check_digit(body)
        seen.add(number[-1])
        assert fill(PLACE, {**CARD, "r_idno": number}).violations() == [], number
    assert seen == set("0123456789X")


def test_a_number_has_a_day_that_exists() -> None:
    from fieldapp.demo.people import check_digit

    body = "37990119900230123"
    card = {**CARD, "r_idno": body + check_digit(body)}

    assert fill(PLACE, card).problems() == {("r_idno", "constraint")}


@pytest.mark.parametrize(
    ("card", "doubted"), [({}, False), ({"r_dob": "1990-01-02"}, True), ({"r_sex": "2"}, True)]
)
def test_a_number_of_another_birthday_or_sex_is_pointed_out(
    card: dict[str, str], doubted: bool
) -> None:
    visit = fill(PLACE, {**CARD, **card})

    assert ("r_id_note" in visit.notes()) is doubted
    assert visit.violations() == []


def test_too_many_in_too_little_room_is_pointed_out() -> None:
    visit = {"visit_date": "2026-11-01", "vsrc": "self", "met": "absent"}

    def told(**letting: str) -> bool:
        dwelling = {"g_place": PLACE, "g_let": {**LETTING, **letting}}
        notes = Filling("rental_register", {"g_visit": visit, "g_dw": dwelling}).notes()
        return "crowd_note" in notes

    assert told(area_m2="15", occ_n="4")
    assert told(rooms_total="2", occ_n="5")
    assert not told(area_m2="16", occ_n="4")
    assert not told(rooms_total="", occ_n="5")


def test_a_passport_is_not_held_against_that_rule() -> None:
    assert fill(PLACE, {**CARD, "r_idtype": "03", "r_idno": "E12345678"}).violations() == []


def test_who_shows_nothing_is_registered_all_the_same() -> None:
    card = {k: v for k, v in CARD.items() if k != "r_idno"}

    visit = fill(PLACE, {**card, "r_idtype": "00"})

    assert visit.violations() == []
    assert ("resident", "id_no") not in visit.wrote


def test_of_who_declines_nothing_is_written() -> None:
    visit = fill(PLACE, {**CARD, "r_consent": "0"})

    assert visit.violations() == []
    assert {kind for kind, _ in visit.entities} == {"visit", "dwelling", "household"}
    assert not {"r_name", "r_idno", "r_phone", "r_home"} & visit.asked()


def test_three_people_are_three_residents() -> None:
    cards = [{**CARD, "r_name": name, "r_lead": "0"} for name in ("马超", "刘洋", "何军")]

    visit = fill(PLACE, *cards)

    people = {e: v for k, e, r, v in visit.writes if (k, r) == ("resident", "full_name")}
    tenants = [v for k, _, r, v in visit.writes if (k, r) == ("tenancy", "person")]
    assert list(people.values()) == ["马超", "刘洋", "何军"]
    assert tenants == list(people)


def test_a_known_dwelling_shows_what_is_stable_and_asks_what_changes() -> None:
    visit = fill({"dw_known": "1", "dw_id": D1}, lists=KNOWN)

    assert visit.violations() == []
    assert visit.ids["dwelling"] == D1
    assert ("dwelling", False) in visit.entities
    assert visit.wrote["dwelling", "rooms_total"] == "4"
    assert visit.wrote["dwelling", "lessor_name"] == "胡兰"
    assert ("dwelling", "area_m2") not in visit.wrote, "what nobody knew stays unknown"
    unasked = Filling(
        "rental_register",
        {
            "g_visit": {"visit_date": "2026-11-01", "met": "met"},
            "g_dw": {"g_place": {"dw_known": "1", "dw_id": D1}},
        },
        **KNOWN,
    )
    assert {("occ_n", "required"), ("vsrc", "required")} <= unasked.problems()


def test_registering_somebody_again_goes_on_with_the_open_tenancy() -> None:
    visit = fill({"dw_known": "1", "dw_id": D1}, AGAIN, lists=KNOWN)

    assert visit.violations() == []
    assert visit.ids["tenancy"] == T1
    assert ("tenancy", False) in visit.entities
    assert ("resident", False) in visit.entities
    assert visit.wrote["tenancy", "start"] == "2026-10-25"
    assert visit.wrote["tenancy", "checked_on"] == "2026-11-01"
    assert visit.wrote["tenancy", "resident_name"] == "马超"


def test_somebody_known_who_moves_to_another_dwelling_begins_another_tenancy() -> None:
    stay = {"r_presence": "2", "r_arrive": "2026-10-30", "r_reason": "1", "r_lead": "1"}

    visit = fill({"dw_known": "1", "dw_id": D2}, {**AGAIN, **stay}, lists=KNOWN)

    assert visit.violations() == []
    assert visit.ids["tenancy"] != T1
    assert ("tenancy", True) in visit.entities
    assert visit.wrote["resident", "dwelling"] == D2


def test_a_tenancy_that_ended_is_not_gone_on_with() -> None:
    lists = {**KNOWN, "tenancy": [{**TENANCY, "end": "2026-10-28"}]}
    stay = {"r_presence": "2", "r_arrive": "2026-10-30", "r_reason": "1", "r_lead": "1"}

    visit = fill({"dw_known": "1", "dw_id": D1}, {**AGAIN, **stay}, lists=lists)

    assert ("tenancy", True) in visit.entities


def test_who_moves_out_keeps_the_address_they_had() -> None:
    visit = fill({"dw_known": "1", "dw_id": D1}, {**AGAIN, "r_out": "2026-10-31"}, lists=KNOWN)

    assert visit.violations() == []
    assert visit.wrote["tenancy", "end"] == "2026-10-31"
    assert ("resident", "dwelling") not in visit.wrote


def test_a_lease_ends_after_it_began() -> None:
    assert ("r_lease_end", "constraint") in fill(
        PLACE, {**CARD, "r_lease_end": "2026-10-25"}
    ).problems()


@pytest.mark.parametrize(
    ("rooms", "problem"),
    [({"rooms_let": "5"}, True), ({"rooms_let": "5", "rooms_total": ""}, False)],
)
def test_more_rooms_let_than_there_are(rooms: dict[str, str], problem: bool) -> None:
    answers = {
        "g_visit": {"visit_date": "2026-11-01", "vsrc": "self", "met": "absent"},
        "g_dw": {"g_place": PLACE, "g_let": {**LETTING, **rooms}},
    }

    assert (
        ("rooms_let", "constraint") in Filling("rental_register", answers).problems()
    ) == problem


def test_outside_the_door_nobody_looks_for_hazards() -> None:
    visit = fill(PLACE, CARD, visit={"enter_ok": "0"}, safe={"hazards": "wire"})

    assert visit.violations() == []
    assert ("dwelling", "hazards") not in visit.wrote


def test_a_child_is_registered_with_who_agreed() -> None:
    child = {**CARD, "r_dob": "2015-05-01", "r_idtype": "00"}

    assert ("r_guard", "required") in fill(PLACE, child).problems()
    assert fill(PLACE, {**child, "r_guard": "马超"}).wrote["resident", "guardian"] == "马超"


@pytest.mark.parametrize("role", ["area", "assistant"])
def test_who_may_only_look_after_the_dwelling_is_asked_about_no_person(role: str) -> None:
    visit = fill(PLACE, CARD, role=role)

    assert visit.violations() == []
    assert {kind for kind, _ in visit.entities} == {"visit", "dwelling", "household"}


def test_nobody_met_and_no_dwelling_is_still_a_visit() -> None:
    answers = {"g_visit": {"visit_date": "2026-11-01", "vsrc": "self", "met": "resched"}}

    visit = Filling("rental_register", answers)

    assert visit.violations() == []
    assert visit.entities == [("visit", True)]
    assert ("visit", "dwelling") not in visit.wrote


@pytest.mark.parametrize(
    ("props", "due"),
    [
        ({"checked_on": "2026-10-01"}, "2027-03-30"),
        ({"checked_on": "2026-10-01", "lease_end": "2026-12-31"}, "2026-12-24"),
        ({"checked_on": "2026-10-01", "lease_end": "2026-10-05"}, "2027-03-30"),
        ({"checked_on": "2026-10-01", "lease_end": "2028-01-01"}, "2027-03-30"),
        ({"checked_on": "2026-10-01", "end": "2026-10-20"}, ""),
    ],
)
def test_when_a_tenancy_is_looked_at_again(props: dict[str, str], due: str) -> None:
    assert computed("housing", "tenancy", "recheck_on", props, {}) == due
