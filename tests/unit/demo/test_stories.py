"""The made-up district as a story: plausible, allowed by the forms, the same every time."""

import re
from collections import Counter
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from stdnum.cn import ric

from fieldapp.demo import care, housing
from fieldapp.demo.people import UNASSIGNED_COUNTY, id_number, make_person
from fieldapp.demo.phone import Phones
from fieldapp.demo.places import AREAS, LIULIN, VILLAGES, addresses
from fieldapp.demo.staff import ROUNDS, STAFF, nurse_of, worker_of
from fieldapp.demo.visits import Visit
from fieldapp.forms.check import check
from fieldapp.programs.service import load_programs

TODAY = date(2026, 11, 2)


def tell(seed: int = 1, share: float = 0.03) -> tuple[Phones, list[Visit]]:
    """A small district, told to its end."""
    random = Random(seed)
    ids = Random(seed)
    roles = {member.username: member.role for member in STAFF}
    phones = Phones(load_programs(), lambda: str(UUID(int=ids.getrandbits(128), version=4)), roles)
    homes = housing.dwellings(random, TODAY, int(housing.DWELLINGS * share))
    everybody = care.clients(random, TODAY, int(care.CLIENTS * share * 3))
    visits = []
    for chapter in (
        housing.register(random, homes),
        housing.go_back(random, homes, TODAY),
        care.consents(random, everybody),
        care.pregnancies(random, everybody, TODAY),
        care.contraception(random, everybody, TODAY),
        care.withdrawals(random, everybody, TODAY),
    ):
        for visit in chapter:
            phones.finish(visit)
            visits.append(visit)
    return phones, visits


@pytest.fixture(scope="module")
def story() -> tuple[Phones, list[Visit]]:
    return tell()


def test_nobody_answers_what_the_form_would_not_allow(story: tuple[Phones, list[Visit]]) -> None:
    phones, visits = story
    for visit in visits:
        definition = phones.forms[visit.form]
        found = check(definition, visit.made, None, visit.on.isoformat())
        assert found == [], (visit.form, visit.author, visit.on)


def test_every_visit_lies_in_the_past_and_in_the_authors_village(
    story: tuple[Phones, list[Visit]],
) -> None:
    for visit in story[1]:
        assert visit.on < TODAY
        assert visit.made.get("g_visit", visit.made.get("g_start"))["visit_date"] == str(visit.on)
        assert visit.author in (worker_of(visit.area), nurse_of(visit.area), "wu")


def test_there_is_something_of_everything(story: tuple[Phones, list[Visit]]) -> None:
    phones, visits = story
    types = Counter(record.type for record in phones.records.values())
    statuses = {r.props["status"] for r in phones.records.values() if r.type == "pregnancy"}

    # No child of the made-up district is in danger.
    assert {v.form for v in visits} == set(phones.forms) - {"safeguarding_note"}
    assert {"client", "consent", "pregnancy", "contraception"} < set(types)
    assert {"visit", "dwelling", "resident", "tenancy", "household"} < set(types)
    assert {"on", "born"} <= statuses
    assert types["resident"] > 2 * types["dwelling"]


def test_a_pregnancy_is_one_episode_however_many_visits(story: tuple[Phones, list[Visit]]) -> None:
    phones, _ = story
    episodes = Counter(r.props["person"] for r in phones.records.values() if r.type == "pregnancy")

    assert max(episodes.values()) == 1


def test_two_tellings_are_the_same(story: tuple[Phones, list[Visit]]) -> None:
    _, again = tell()

    assert [(v.form, v.author, v.at, v.made) for v in again] == [
        (v.form, v.author, v.at, v.made) for v in story[1]
    ]


def test_another_seed_is_another_district(story: tuple[Phones, list[Visit]]) -> None:
    assert [v.made for v in tell(seed=2)[1]][:20] != [v.made for v in story[1]][:20]


# ---- people and places --------------------------------------------------------------------------


def test_numbers_have_the_real_format_and_are_nobodys() -> None:
    random = Random(5)
    for sex in "12" * 200:
        person = make_person(random, TODAY, sex, 1, 80)
        number = id_number(random, person)

        assert re.fullmatch(r"[1-9]\d{16}[\dX]", number)
        assert ric.calc_check_digit(number) == number[17]
        assert number[6:14] == f"{person.dob:%Y%m%d}"
        assert (int(number[16]) % 2 == 1) == (sex == "1")
        assert number.startswith(UNASSIGNED_COUNTY)
        assert re.fullmatch(r"1[3-9]\d0000\d{4}", person.phone)


def test_ages_are_kept_to() -> None:
    random = Random(5)
    for _ in range(500):
        person = make_person(random, TODAY, "2", 20, 42)
        assert TODAY - timedelta(43 * 366) < person.dob < TODAY - timedelta(20 * 365)


def test_a_village_has_each_address_once() -> None:
    found = addresses(Random(5), LIULIN, 195)

    assert len({(a.address, a.unit_no) for a in found}) == 195
    assert all(a.address.startswith("柳林村") for a in found)


def test_the_area_codes_are_a_tree_of_the_unassigned_county() -> None:
    codes = {code for code, *_ in AREAS}

    for code, _zh, _en, level, parent, _share in AREAS:
        assert re.fullmatch(r"379901\d{6}", code)
        assert (parent is None) == (level == "district")
        assert parent is None or parent in codes
    assert len(VILLAGES) == 12


def test_every_village_has_a_worker_and_wang_and_li_share_one() -> None:
    assert {village for villages in ROUNDS.values() for village in villages} == set(VILLAGES)
    assert LIULIN in ROUNDS["wang"]
    assert LIULIN in ROUNDS["li"]


def test_nobody_holds_housing_and_is_a_nurse() -> None:
    for member in STAFF:
        assert member.role != "nurse" or member.scopes == ("health",)
