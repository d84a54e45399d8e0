"""Fixtures of the bad-input tests: one server as in production, with work in it, for all of them.

`make fuzz EXAMPLES=200` runs them at length, as every role, and ends with a line that counts: a 5xx
or an answer outside the matrix fails it.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from fieldapp import create_app
from fieldapp.db import db
from tests.cast import meet_cast
from tests.conftest import settings_for
from tests.databases import drop_database, postgres_url
from tests.visits import TENANT, change_phone, new_client, rental_visit

from .caller import CALLERS, TALLY, Caller, Known

_begun = time.monotonic()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both databases for what was made up by hand; for what is drawn only where there is time."""
    if "server" in metafunc.fixturenames:
        both = "FUZZ_EXAMPLES" in os.environ or metafunc.module.__name__.endswith("malformed")
        kinds = ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("server", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest,
    prepared: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:
    """A server that answers 500 rather than raise."""
    home, template = tmp_path_factory.mktemp("fuzz"), prepared(request.param)
    if request.param == "sqlite":
        copy = shutil.copy(template.removeprefix("sqlite:///"), home / "fieldapp.sqlite")
        url = f"sqlite:///{copy}"
    else:
        url = postgres_url(template=template)
    app = create_app(settings_for(home, url, testing=False))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    if request.param == "postgresql":
        drop_database(url)


@pytest.fixture(scope="module")
def known(server: Flask) -> Known:
    """What a fuzzer that has seen the place would name: ids of people, visits and records."""
    cast = meet_cast(server)
    phone = cast.wang.enrol()
    zhang = new_client(server, cast.wang, "张小梅")
    changes = [change_phone(server, cast.li, zhang, f"1390000000{n}", []) for n in (1, 2)]
    dwelling = rental_visit(server, cast.wang, residents=[TENANT])
    phone.push([zhang, dwelling])
    cast.li.enrol().push(changes)
    return Known.of(cast, phone, zhang, dwelling)


@pytest.fixture(scope="module", params=CALLERS)
def caller(request: pytest.FixtureRequest, server: Flask, known: Known) -> Caller:
    """Somebody at the door, with a phone if the role carries one."""
    return Caller(meet_cast(server), request.param)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The one line `make fuzz` ends with."""
    if "FUZZ_EXAMPLES" in os.environ:
        failed = getattr(config, "fuzz_failures", 0)
        seconds = max(time.monotonic() - _begun, 0.001)
        told = {
            "requests": TALLY.requests,
            "roles": len(TALLY.roles),
            "operations": len(TALLY.operations),
            "errors_5xx": TALLY.errors_5xx,
            "leaks": TALLY.leaks,
            "failures": failed,
            "seconds": round(seconds),
            "per_second": round(TALLY.requests / seconds),
        }
        line = " ".join(f"{name}={value}" for name, value in told.items())
        print(line)  # noqa: T201 - it is the tool's answer


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the number of failures for the line above."""
    session.config.fuzz_failures = session.testsfailed  # type: ignore[attr-defined]  # ours
