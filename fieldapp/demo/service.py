"""Fills an empty server with a made-up district: people, accounts, and visits through the one door.

ensure_demo()   once; later calls change nothing

Everything is told anew from one seed and today's date, so two servers started on one day hold the
same. What is on the desk at the end (a conflict, a return, something kept aside) is in `desk`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random
from uuid import UUID

from flask import current_app

from fieldapp import clock
from fieldapp.accounts import users
from fieldapp.accounts.service import Principal, principal_of
from fieldapp.areas import service as areas
from fieldapp.db import write_transaction
from fieldapp.forms import service as forms
from fieldapp.programs.service import load_programs
from fieldapp.sync import service as sync

from . import care, housing
from .desk import Desk, Told
from .phone import Phones
from .places import AREAS, CLINICS, DISTRICT
from .staff import ADMIN_ID, PASSWORD, STAFF, open_account
from .visits import Visit

SEED = 379901
# Opened last: its account says that everything before it is there.
LAST = "admin"


class DemoRefusedError(Exception):
    """The demo can't be put here; the message says why and what to do."""


@dataclass(frozen=True)
class Demo:
    """What the demo is: who may log in and with what. fresh: it was made by this call."""

    fresh: bool
    password: str = PASSWORD
    accounts: tuple[tuple[str, str, str], ...] = tuple((m.username, m.name, m.role) for m in STAFF)


def ensure_demo(share: float = 1.0, say: Callable[[str], object] = lambda _: None) -> Demo:
    """Put the demo in, unless it is there. Raises DemoRefusedError.

    share: how much of the district, 1 is all. say: is told each chapter as it begins.
    """
    if is_present():
        return Demo(fresh=False)
    _refuse_where_it_would_harm()
    say("publishing the forms")
    forms.publish_packaged()
    random, today = Random(SEED), date.fromisoformat(clock.today())
    people = _open_accounts(random)
    new_id = partial(_new_id, random)
    phones = Phones(load_programs(), new_id, {m.username: m.role for m in STAFF})
    story = _chapters(random, today, share)
    told = _tell(random, story, phones, people, say)
    say("reviewing")
    Desk(random, today, phones, people, told, new_id).prepare()
    with write_transaction():
        open_account(LAST, ADMIN_ID)
    return Demo(fresh=True)


def is_present() -> bool:
    """Whether the whole demo is there."""
    return areas.exists(DISTRICT) and users.find(LAST) is not None


def _refuse_where_it_would_harm() -> None:
    if current_app.config["SETTINGS"].production:
        raise DemoRefusedError("This is a production server (FIELDAPP_ENV); the demo stays out.")
    if users.everybody():
        raise DemoRefusedError(
            "The database holds other accounts, or a demo that was interrupted. "
            "Give an empty FIELDAPP_HOME or FIELDAPP_DATABASE_URL."
        )


def _new_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _open_accounts(random: Random) -> dict[str, Principal]:
    """The area tree and every account but the last; people by user name."""
    ids = {member.username: _new_id(random) for member in STAFF if member.username != LAST}
    with write_transaction():
        for code, name_zh, name_en, level, parent, _share in AREAS:
            areas.put_area(code, name_zh, name_en, level, parent)
        for code, clinic in CLINICS.items():
            areas.set_clinic(code, *clinic)
        for username, user_id in ids.items():
            open_account(username, user_id)
    found = {username: principal_of(user_id) for username, user_id in ids.items()}
    return {username: person for username, person in found.items() if person}


def _chapters(random: Random, today: date, share: float) -> Iterator[tuple[str, Iterator[Visit]]]:
    """The story, chapter by chapter; each needs what the ones before left."""
    homes = housing.dwellings(random, today, int(housing.DWELLINGS * share))
    everybody = care.clients(random, today, int(care.CLIENTS * share))
    yield "dwellings and who lives there", housing.register(random, homes)
    yield "second visits", housing.go_back(random, homes, today)
    yield "consents", care.consents(random, everybody)
    yield "pregnancies", care.pregnancies(random, everybody, today)
    yield "contraception", care.contraception(random, everybody, today)
    yield "withdrawals", care.withdrawals(random, everybody, today)


def _tell(
    random: Random,
    story: Iterable[tuple[str, Iterator[Visit]]],
    phones: Phones,
    people: dict[str, Principal],
    say: Callable[[str], object],
) -> list[Told]:
    """Send every chapter through the door; the visits as they were sent."""
    told: list[Told] = []
    for chapter, visits in story:
        say(chapter)
        sync.record_many(_sent(random, visits, phones, people, told))
    return told


def _sent(
    random: Random,
    visits: Iterable[Visit],
    phones: Phones,
    people: dict[str, Principal],
    told: list[Told],
) -> Iterator[sync.Visit]:
    """Visits finished on the phones and ready for the door."""
    for visit in visits:
        sid = _new_id(random)
        answers = phones.finish(visit, sid)
        sent = sync.Visit(
            people[visit.author],
            visit.form,
            visit.version,
            answers,
            visit.at,
            visit.area,
            id=sid,
            install="demo",
            derivation=visit.derived,
        )
        told.append(Told(visit, sent))
        yield sent
