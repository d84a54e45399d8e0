"""The health half of the demo: consent, pregnancies at every stage, contraception. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from .people import Person, make_person
from .places import LIULIN, SHARES, VILLAGES
from .staff import nurse_of, worker_of
from .visits import Visit, between, moment, pick

CLIENTS = 400
KNOWN_BY_NAME = (("张小梅", "2"), ("刘春燕", "2"))
METHODS = {
    "condom": 30, "cuiud": 16, "lngiud": 4, "iud": 3, "imp1": 5, "imp2": 4, "inj": 6, "coc": 12,
    "pop": 3, "lam": 3, "natural": 5, "fster": 3, "ext": 2, "ring": 1, "none": 3,
}  # fmt: skip
DEVICES = {"cuiud": 3650, "lngiud": 1825, "iud": 3650, "imp1": 1095, "imp2": 1825}
SLOTS = ((90, "1"), (140, "2"), (168, "3"), (252, "4"), (280, "5"))


@dataclass
class Pregnancy:
    """The course of one pregnancy. last: how it stands: on, born, ended, transfer or stop."""

    lmp: date
    begun: date
    last: str = "on"
    delivery: date | None = None

    @property
    def edd(self) -> date:
        """280 days after the last period."""
        return self.lmp + timedelta(280)


@dataclass
class Client:
    """Somebody who said yes to something; `id` is known once the consent was made."""

    person: Person
    village: str
    joined: date
    pregnancy: Pregnancy | None = None
    method: str = ""
    consent: Visit | None = None

    @property
    def id(self) -> str:
        """The id of the client's entity."""
        made = self.consent.made if self.consent else {}
        return str(made["meta"]["entity"]["@id"])


def clients(random: Random, today: date, count: int = CLIENTS) -> list[Client]:
    """Everybody who takes part, in the order they joined. The first two live in 柳林村."""
    found = []
    shares = [SHARES[village] for village in VILLAGES]
    for number in range(count):
        pregnant = random.random() < 0.58
        sex = "1" if not pregnant and random.random() < 0.12 else "2"
        person = make_person(random, today, sex, 20, 42)
        village = random.choices(VILLAGES, shares)[0]
        if number < len(KNOWN_BY_NAME):
            name, sex = KNOWN_BY_NAME[number]
            person, village, pregnant = Person(name, sex, person.dob, person.phone), LIULIN, True
        found.append(_client(random, today, person, village, pregnant))
    return sorted(found, key=lambda client: (client.joined, client.person.name))


def _client(random: Random, today: date, person: Person, village: str, pregnant: bool) -> Client:
    if not pregnant:
        joined = between(random, today - timedelta(320), today - timedelta(3))
        method = "mster" if person.sex == "1" else pick(random, **METHODS)
        return Client(person, village, joined, None, method)
    pregnancy = _pregnancy(random, today)
    method = pick(random, **METHODS) if pregnancy.last == "born" and random.random() < 0.4 else ""
    return Client(person, village, pregnancy.begun, pregnancy, method)


def _pregnancy(random: Random, today: date) -> Pregnancy:
    """One at a random stage, begun early or late in it."""
    last = pick(random, on=150, born=70, ended=7, transfer=6, stop=5)
    if last == "born":
        delivery = today - timedelta(random.randint(1, 150))
        lmp = delivery - timedelta(280 + random.randint(-14, 6))
    else:
        delivery, lmp = None, today - timedelta(random.randint(50, 284))
    latest = min(today - timedelta(2), (delivery or today) - timedelta(30))
    begun = min(lmp + timedelta(random.randint(38, 150)), latest)
    return Pregnancy(lmp, max(begun, lmp + timedelta(20)), last, delivery)


# ---- consent ------------------------------------------------------------------------


def consents(random: Random, everybody: list[Client]) -> Iterator[Visit]:
    """The consent form of every client, and now and then one of somebody who refused everything."""
    for client in everybody:
        client.consent = _consent(random, client)
        yield client.consent
        if random.random() < 0.05:
            yield _refusal(random, client)


def _consent(random: Random, client: Client) -> Visit:
    person = client.person
    preg = client.pregnancy is not None or random.random() < 0.2
    contra = bool(client.method) or random.random() < 0.3
    answers = {
        "g_start": {"visit_date": client.joined.isoformat(), "known": "0", "lang_ok": "1"},
        "g_consent": _choices(random, preg, contra),
        "g_person": {
            "n_name": person.name,
            "n_sex": person.sex,
            "n_dob": person.dob.isoformat(),
            **({"n_phone": person.phone} if random.random() < 0.92 else {}),
            "n_area": client.village,
        },
    }
    return _visit(
        "consent_record", worker_of(client.village), client, client.joined, answers, random
    )


def _refusal(random: Random, client: Client) -> Visit:
    answers = {
        "g_start": {"visit_date": client.joined.isoformat(), "known": "0", "lang_ok": "1"},
        "g_consent": _choices(random, preg=False, contra=False),
    }
    return _visit(
        "consent_record", worker_of(client.village), client, client.joined, answers, random
    )


def _choices(random: Random, preg: bool, contra: bool) -> dict[str, str]:
    return {
        "age14": "1",
        "c_preg": "1" if preg else "0",
        "c_contra": "1" if contra else "0",
        "c_share": pick(random, _1=80, _0=20),
        "c_msg": pick(random, _1=70, _0=30),
        "c_method": pick(random, sign=70, oral=20, paper=10),
        "c_copy": "1",
    }


def _visit(
    form: str, author: str, client: Client, day: date, answers: dict[str, Any], random: Random
) -> Visit:
    about = [client.id] if form != "consent_record" else []
    return Visit(form, author, client.village, moment(random, day), answers, about)


# ---- pregnancy ----------------------------------------------------------------------


def pregnancies(random: Random, everybody: list[Client], today: date) -> Iterator[Visit]:
    """Every visit about a pregnancy, client by client, in the order of their days."""
    for client in everybody:
        if client.pregnancy:
            days = _days(random, client.pregnancy, today)
            for number, (day, role) in enumerate(days):
                last = number == len(days) - 1
                yield _preg_visit(random, client, client.pregnancy, day, role, last)


def _days(random: Random, course: Pregnancy, today: date) -> list[tuple[date, str]]:
    """When somebody came, and who: the worker, every third time the nurse."""
    until = min(today - timedelta(1), course.delivery or course.edd + timedelta(5))
    days: list[tuple[date, str]] = []
    day = course.begun
    most = 99 if course.last in ("on", "born") else random.randint(2, 3)
    while (day < until or not days) and len(days) < most:
        days.append((day, "nurse" if len(days) % 3 == 1 else "worker"))
        day += timedelta(random.randint(26, 44))
    if course.delivery:
        postnatal = (
            (2, "worker"),
            (random.randint(4, 9), "nurse"),
            (random.randint(43, 54), "worker"),
        )
        for after, role in postnatal:
            if course.delivery + timedelta(after) < today and random.random() < 0.85:
                days.append((course.delivery + timedelta(after), role))
    return days


def _preg_visit(
    random: Random, client: Client, course: Pregnancy, day: date, role: str, last: bool
) -> Visit:
    days = (day - course.lmp).days
    status = _status(course, day, last)
    author = nurse_of(client.village) if role == "nurse" else worker_of(client.village)
    danger = random.random() < 0.03 and status in ("on", "born")
    answers = {
        "g_visit": _opening(random, client, day),
        "g_refout": {"ref_outcome": pick(random, seen=80, admitted=10, notgone=10)},
        "g_preg": {
            "g_new": {
                "confirmed_by": pick(random, handbook=40, clinic=40, selftest=20),
                "care_place": "柳河镇卫生院",
            },
            "g_book": _booking(random, course, day, days),
            "g_dating": _dating(course, client.joined.day),
            "g_ga": {"status": status},
            "g_anc": _anc(random, day, days, danger, client.person.dob.day),
            "g_born": _born(random, course, day, danger),
            "g_ended": {"after_care": pick(random, rest=40, nurse=40, none=20)},
            "g_talk": {
                "topics": pick(random, danger=30, nutri=30, supp=20, plan=20),
                "talk_nurse": pick(random, _0=88, _1=12),
            },
            "g_clin": _clinical(random, day, status),
            "g_next": _next(random, client, day),
        },
        "g_ref": {"called": "1", "referred": "1"},
    }
    return _visit("preg_followup", author, client, day, answers, random)


def _status(course: Pregnancy, day: date, last: bool) -> str:
    """A pregnancy that ended, moved or stopped does so at its last visit."""
    if course.delivery and day >= course.delivery:
        return "born"
    return course.last if last and course.last != "born" else "on"


def _opening(random: Random, client: Client, day: date) -> dict[str, str]:
    mode = pick(random, home=60, phone=20, clinic=12, point=8)
    return {
        "visit_date": day.isoformat(),
        "visit_mode": mode,
        "person_id": client.id,
        "contact_result": "met",
        "still_ok": "1",
        "private_ok": "1",
    }


def _booking(random: Random, course: Pregnancy, day: date, days: int) -> dict[str, str]:
    if days < 60 or random.random() < 0.15:
        return {"book_has": pick(random, _0=80, _9=20)}
    booked = max(course.lmp + timedelta(55), day - timedelta(random.randint(1, 30)))
    return {"book_has": "1", "book_date": booked.isoformat()}


def _dating(course: Pregnancy, salt: int) -> dict[str, str]:
    if salt % 4 == 0:
        return {"edd_source": "lmp", "lmp": course.lmp.isoformat()}
    source = "handbook" if salt % 4 < 3 else "us"
    return {"edd_source": source, "edd_in": course.edd.isoformat()}


def _anc(random: Random, day: date, days: int, danger: bool, salt: int) -> dict[str, str]:
    """`salt`: which check-ups she missed, the same at every visit."""
    slots = " ".join(code for end, code in SLOTS if days > end - 12 and (salt + int(code)) % 7)
    done = len(slots.split())
    return {
        **({"anc_slots": slots} if slots else {}),
        "anc_total": str(done + random.randint(0, 2)),
        "anc_next": (day + timedelta(random.randint(20, 45))).isoformat(),
        "anc_barrier": pick(random, none=80, far=6, time=8, care=4, money=2),
        "fetal_move": pick(random, _1=97, _9=3),
        "danger_p": pick(random, swell=40, head=30, bleed=15, fever=15) if danger else "none",
        "supplements": pick(random, _1=80, _0=20),
        "birth_plan": pick(random, _1=60, _0=40),
    }


def _born(random: Random, course: Pregnancy, day: date, danger: bool) -> dict[str, str]:
    if not course.delivery:
        return {}
    return {
        "delivery_date": course.delivery.isoformat(),
        "discharge_date": min(course.delivery + timedelta(3), day).isoformat(),
        "danger_m": "fever" if danger else "none",
        "baby_here": "1",
        "danger_n": "none",
        "bf": pick(random, _1=85, _0=15),
        "pnc_done": "0" if (day - course.delivery).days < 4 else pick(random, _1=60, _0=40),
        "d42_done": pick(random, _1=70, _0=30),
        "want_fp": pick(random, _0=60, _1=40),
    }


def _clinical(random: Random, day: date, status: str) -> dict[str, str]:
    colour = pick(random, g=72, y=18, o=6, r=2, p=2)
    epds = random.choice((0, 2, 3, 4, 5, 6, 7, 8, 11, 14))
    return {
        "sbp": str(random.randint(96, 136) if random.random() < 0.95 else 150),
        "dbp": str(random.randint(58, 86)),
        "temp": str(round(random.uniform(36.2, 37.2), 1)),
        "weight": str(round(random.uniform(48, 82), 1)),
        "fhr": str(random.randint(120, 158)),
        "urine_prot": pick(random, _0=95, _1=5),
        **({"risk_colour": colour, "risk_date": day.isoformat()} if status == "on" else {}),
        **({"epds": str(epds), "epds10": "0"} if random.random() < 0.5 else {}),
        "pnc_visit": "1",
        "pp_find": pick(random, _0=92, _1=8),
    }


def _next(random: Random, client: Client, day: date) -> dict[str, str]:
    preferences = ("visits", "visits", "visits", "monthly", "monthly", "quarterly", "none")
    preference = preferences[client.person.dob.day % len(preferences)]
    if preference == "none" or random.random() < 0.4:
        return {"contact_pref": preference}
    agreed = day + timedelta(random.randint(18, 45))
    return {"contact_pref": preference, "next_contact": agreed.isoformat()}


def withdrawals(random: Random, everybody: list[Client], today: date) -> Iterator[Visit]:
    """Now and then somebody withdraws; nobody asks why."""
    day, named = today - timedelta(1), {name for name, _sex in KNOWN_BY_NAME}
    for client in everybody:
        if client.person.name not in named and random.random() < 0.02:
            start = {"visit_date": day.isoformat(), "known": "1", "person_id": client.id}
            answers = {"g_start": {**start, "what_for": "withdraw"}}
            author = worker_of(client.village)
            at = moment(random, day)
            yield Visit("consent_record", author, client.village, at, answers, [client.id])


# ---- contraception ------------------------------------------------------------------


def contraception(random: Random, everybody: list[Client], today: date) -> Iterator[Visit]:
    """Every visit about contraception, client by client, in the order of their days."""
    for client in everybody:
        if not client.method:
            continue
        course = client.pregnancy
        day = course.delivery + timedelta(40) if course and course.delivery else client.joined
        since = day - timedelta(random.choice((0, 3, 20, 60, 200, 400, 900)))
        for number in range(random.choice((1, 2, 2, 3))):
            if day >= today:
                break
            role = "nurse" if number == 1 or random.random() < 0.3 else "worker"
            yield _contra_visit(random, client, day, since, role, number)
            day += timedelta(random.randint(30, 110))


def _contra_visit(
    random: Random, client: Client, day: date, since: date, role: str, number: int
) -> Visit:
    author = nurse_of(client.village) if role == "nurse" else worker_of(client.village)
    warned = random.random() < 0.02
    answers = {
        "g_visit": _opening(random, client, day),
        "g_refout": {"ref_outcome": "seen"},
        "g_c": {
            "g_method": _method(client.method, day, since, known=number > 0),
            "g_how": _how(random, day, warned, number),
            "g_offer": _offer(random, client, day),
            "g_clin": {
                "sbp2": str(random.randint(98, 138)),
                "mec_note": "0",
                "device_ok": pick(random, _1=95, _9=5),
                "sperm_ok": pick(random, _1=50, _0=50),
            },
        },
        "g_ref": {"called": "0", "referred": "1"},
    }
    return _visit("contra_followup", author, client, day, answers, random)


def _method(method: str, day: date, since: date, known: bool) -> dict[str, str]:
    """What is used; later the same, which the nurse is shown and the worker only asks."""
    if known:
        return {"why_today": "follow", "same_method": "1"}
    answers = {"why_today": "want", "method": method, "start_date": since.isoformat()}
    if method in DEVICES:
        answers["expiry"] = (since + timedelta(DEVICES[method])).isoformat()
    if method == "inj":
        answers["inj_next"] = (day + timedelta(84)).isoformat()
    if method == "none":
        del answers["start_date"]
    return answers


def _how(random: Random, day: date, warned: bool, number: int) -> dict[str, str]:
    plan = pick(random, keep=86, switch=4, stop=4, think=6) if number else "keep"
    return {
        "happy": pick(random, _1=82, _0=10, _9=8),
        "issues": pick(random, none=74, irreg=9, cramp=5, headm=4, forget=5, mood=3),
        "warning": pick(random, belly=60, site=40) if warned else "none",
        "plan": plan,
        "stop_why": pick(random, want=40, side=30, pref=30),
        **({"stopped_on": day.isoformat()} if plan == "stop" else {}),
        "want_method": "condom coc",
    }


def _offer(random: Random, client: Client, day: date) -> dict[str, str]:
    contact = "0" if client.person.dob.day % 9 == 0 else "1"
    return {
        "intention": pick(random, no=60, unsure=20, ok=10, nosay=10),
        "precon": "0",
        **({"supplies": "condom", "qty": "20"} if client.method == "condom" else {}),
        "appt_help": pick(random, _0=80, _1=20),
        "follow_ok": contact,
        "next_contact": (day + timedelta(random.randint(60, 300))).isoformat(),
    }
