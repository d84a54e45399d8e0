"""The housing half of the demo: dwellings registered at the door, and gone back to later. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from .people import HOMES, Person, id_number, make_name, make_person, make_phone
from .places import LIULIN, SHARES, VILLAGES, Address, addresses
from .staff import worker_of
from .visits import Visit, between, moment, pick

DWELLINGS = 1500
HAZARDS = ("ebike", "wire", "bars", "exit", "gasleak", "heater", "nonroom", "crowd", "struct")
JOBS = ("示范电子厂", "柳河服装厂", "建筑工地", "快递站点", "菜市场", "学校食堂", "物业公司", "")


@dataclass
class Dwelling:
    """A dwelling of the story and who lives there; ids are known once it is registered."""

    place: Address
    registered: date
    rooms: int
    people: list[Person] = field(default_factory=list)
    first: Visit | None = None


def dwellings(random: Random, today: date, count: int = DWELLINGS) -> list[Dwelling]:
    """About `count` dwellings with their people, in the order they are registered."""
    found = []
    for village in VILLAGES:
        for place in addresses(random, village, max(1, count * SHARES[village] // 1000)):
            registered = between(random, today - timedelta(196), today - timedelta(2))
            found.append(_inhabited(random, Dwelling(place, registered, random.randint(1, 6))))
    return sorted(found, key=lambda d: (d.registered, d.place.area, d.place.address))


def _inhabited(random: Random, home: Dwelling) -> Dwelling:
    """Nobody, singles who share, or a family with or without children."""
    kind = pick(random, empty=9, shared=30, couple=23, family=38)
    day = home.registered
    if kind == "shared":
        sex = random.choice("12")
        home.people = [
            make_person(random, day, sex, 18, 45) for _ in range(random.randint(1, home.rooms + 1))
        ]
    elif kind != "empty":
        home.people = [make_person(random, day, sex, 22, 58) for sex in "12"]
    if kind == "family":
        home.people += [
            make_person(random, day, random.choice("12"), 1, 17)
            for _ in range(random.choice((1, 1, 2)))
        ]
        if random.random() < 0.25:
            home.people.append(make_person(random, day, random.choice("12"), 55, 80))
    return home


def register(random: Random, homes: list[Dwelling]) -> Iterator[Visit]:
    """The first visit of each dwelling."""
    for home in homes:
        author = "wu" if home.place.area == LIULIN and random.random() < 0.3 else ""
        answers = {
            "g_visit": _visit(random, home.registered, met="met"),
            "g_dw": {
                "g_place": _place(home.place),
                "g_let": _letting(random, home),
                "g_safe": _safety(random),
            },
            "residents": [_card(random, home, person, i) for i, person in enumerate(home.people)],
        }
        home.first = Visit(
            "rental_register", author or worker_of(home.place.area), home.place.area,
            moment(random, home.registered), answers,
        )  # fmt: skip
        yield home.first


def go_back(random: Random, homes: list[Dwelling], today: date) -> Iterator[Visit]:
    """A second visit of some: hazards looked at again, people moved out. The first must be made."""
    for home in homes:
        made = home.first.made if home.first else {}
        dangerous = made["g_dw"].get("g_safe", {}).get("hazards", "none") != "none"
        wait = random.randint(3, 20) if dangerous else random.randint(30, 160)
        day = home.registered + timedelta(wait)
        if day < today and random.random() < (0.93 if dangerous else 0.12):
            yield _again(random, home, made, day)


def _again(random: Random, home: Dwelling, made: Mapping[str, Any], day: date) -> Visit:
    entity = made["g_dw"]["meta"]["entity"]["@id"]
    cards = [card for card in made.get("residents", []) if "r_pid" in card]
    answers = {
        "g_visit": _visit(random, day, met="met"),
        "g_dw": {
            "g_place": {"dw_known": "1", "dw_id": entity},
            "g_let": {"occ_n": str(len(home.people))},
            "g_safe": _safety(random, fewer=True),
        },
        "residents": [_known_card(random, card, day) for card in cards],
    }
    about = [entity, *(card["r_pid"] for card in cards)]
    author = worker_of(home.place.area)
    return Visit("rental_register", author, home.place.area, moment(random, day), answers, about)


def _known_card(random: Random, card: Mapping[str, Any], day: date) -> dict[str, str]:
    """Somebody known is still there, or moved out lately."""
    again = {
        "r_consent": "1",
        "r_known": "1",
        "r_person": card["r_pid"],
        "r_needs": _needs(random),
    }
    if random.random() < 0.12:
        earliest = max(day - timedelta(20), date.fromisoformat(card["r_arrive"]))
        again["r_out"] = between(random, earliest, day).isoformat()
    return again


def _visit(random: Random, day: date, met: str) -> dict[str, str]:
    source = pick(random, self=70, landlord=18, resident=12)
    entered = pick(random, _1=85, _0=15)
    return {"visit_date": day.isoformat(), "vsrc": source, "met": met, "enter_ok": entered}


def _place(place: Address) -> dict[str, str]:
    return {
        "dw_known": "0",
        "area_code": place.area,
        "grid": place.grid,
        "unit_no": place.unit_no,
        "address": place.address,
        "structure": "rc" if place.community else "mix",
    }


def _letting(random: Random, home: Dwelling) -> dict[str, str]:
    adults = [p for p in home.people if p.dob.year < home.registered.year - 18]
    mode = (
        "whole"
        if len(home.people) > 1 and adults
        else pick(random, share=60, bed=10, free=10, dorm=20)
    )
    return {
        "rooms_total": str(home.rooms),
        "rooms_let": str(random.randint(1, home.rooms)),
        "area_m2": str(home.rooms * random.randint(16, 30)),
        "mode_let": mode,
        "lessor": make_name(random, random.choice("12")),
        "lessor_phone": make_phone(random),
        "filed": pick(random, _1=40, _0=35, _9=25),
        "occ_n": str(len(home.people)),
    }


def _safety(random: Random, fewer: bool = False) -> dict[str, str]:
    clean = random.random() < (0.93 if fewer else 0.76)
    hazards = "none" if clean else " ".join(random.sample(HAZARDS, random.choice((1, 1, 2))))
    return {
        "hazards": hazards,
        "alarm": pick(random, _1=45, _0=45, _9=10),
        "exting": pick(random, _1=40, _0=50, _9=10),
        "fuel": pick(random, pipe=35, bottle=30, elec=25, nocook=10),
        "gas_alarm": pick(random, _1=40, _0=50, _9=10),
        "safe_told": "1",
    }


def _card(random: Random, home: Dwelling, person: Person, place: int) -> dict[str, str]:
    """A resident card; one in thirty declines, and then nothing else is on it."""
    if random.random() < 1 / 30:
        return {"r_consent": "0"}
    child = person.dob > home.registered - timedelta(5113)
    arrived = between(random, max(person.dob, home.registered - timedelta(700)), home.registered)
    shown = not child and random.random() < 0.9
    lease = arrived + timedelta(365 * random.randint(1, 3))
    card = {
        "r_consent": "1",
        "r_known": "0",
        "r_name": person.name,
        "r_sex": person.sex,
        "r_dob": person.dob.isoformat(),
        "r_guard": home.people[0].name if child else "",
        "r_idtype": "01" if shown else ("02" if child else "00"),
        "r_idno": id_number(random, person) if shown or child else "",
        "r_phone": "" if child else person.phone,
        "r_home": random.choice(HOMES),
        "r_presence": pick(random, _2=85, _1=15),
        "r_arrive": arrived.isoformat(),
        "r_reason": "13" if child else pick(random, _1=62, _3=14, _9=16, _8=4, _14=4),
        "r_work": "" if child else random.choice(JOBS),
        "r_lease_end": lease.isoformat() if random.random() < 0.7 else "",
        "r_lead": "1" if place == 0 else "0",
        "r_needs": _needs(random),
    }
    return {key: value for key, value in card.items() if value}


def _needs(random: Random) -> str:
    if random.random() < 0.6:
        return "none"
    return " ".join(random.sample(("card", "school", "job", "vax", "hrec", "legal", "repair"), 1))
