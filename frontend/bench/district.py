"""Makes the server that `make phone` measures on: a small demo district, and 5,000 clients more.

Usage: python district.py, with FIELDAPP_HOME naming an empty folder. CLIENTS: how many, all of one
village, each with four consents.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from os import environ
from random import Random
from uuid import UUID

from fieldapp import clock, create_app
from fieldapp.accounts import users
from fieldapp.accounts.service import Principal, principal_of
from fieldapp.cli import prepare
from fieldapp.config import Settings
from fieldapp.demo import care
from fieldapp.demo.people import make_person
from fieldapp.demo.phone import Phones
from fieldapp.demo.places import LIULIN
from fieldapp.demo.service import ensure_demo
from fieldapp.demo.visits import CHINA
from fieldapp.programs.service import load_programs
from fieldapp.sync import service as sync

CLIENTS = int(environ.get("CLIENTS", "5000"))
SHARE = 0.05
WORKER = "wang"


def clients(random: Random, today: date) -> list[care.Client]:
    """Women of the village who agreed to something in the last months."""
    joined = [today - timedelta(random.randint(3, 300)) for _ in range(CLIENTS)]
    return [
        care.Client(make_person(random, today, "2", 20, 42), LIULIN, day) for day in sorted(joined)
    ]


def consents(random: Random, today: date, worker: Principal) -> Iterator[sync.Visit]:
    """Their consents, as the worker's phone would have sent them."""
    new_id = partial(_new_id, random)
    phones = Phones(load_programs(), new_id, {WORKER: "worker"})
    for visit in care.consents(random, clients(random, today)):
        sid = new_id()
        answers = phones.finish(visit, sid)
        yield sync.Visit(
            worker,
            visit.form,
            visit.version,
            answers,
            visit.at,
            visit.area,
            id=sid,
            install="bench",
            derivation=visit.derived,
        )


def _new_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def main() -> None:
    """Prepare the database, the demo and the clients."""
    with create_app(Settings.from_environment()).app_context():
        prepare()
        ensure_demo(SHARE)
        account = users.find(WORKER)
        worker = account and principal_of(account.id)
        assert worker
        today = clock.now().astimezone(CHINA).date()
        sync.record_many(consents(Random(CLIENTS), today, worker))


if __name__ == "__main__":
    main()
