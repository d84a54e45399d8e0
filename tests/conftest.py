"""Fixtures of the server's tests. Every story with a database runs on SQLite and PostgreSQL.

A database with the cast in it is made once per kind and process; each test gets a copy.
"""

import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from coverage import Coverage
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as properties

from fieldapp import create_app
from fieldapp.accounts import passwords
from fieldapp.config import Settings
from fieldapp.db import db
from fieldapp.forms.service import publish_packaged

from .cast import Cast, install_cast, meet_cast
from .databases import drop_database, postgres_url

SECRET = "a secret for tests only, long enough for anybody"

# A machine that others use too is slow at times, which is no property of what is tested.
properties.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
properties.load_profile("shared")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Coverage is counted while stories run on SQLite: it makes them half as slow again, and on
    PostgreSQL they run the same lines, as the fuzzers' thousands of requests do. What runs there
    alone counts as not covered.
    """
    counted = Coverage.current() if _is_on_postgresql(item) or _is_of_a_fuzzer(item) else None
    if counted is None:
        return (yield)
    counted.stop()
    try:
        return (yield)
    finally:
        counted.start()


def _is_on_postgresql(item: pytest.Item) -> bool:
    chosen = item.callspec.params if hasattr(item, "callspec") else {}
    return any(isinstance(value, str) and value == "postgresql" for value in chosen.values())


def _is_of_a_fuzzer(item: pytest.Item) -> bool:
    return item.path.parent.name == "fuzz"


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Weak hashing: a hundred log-ins at full strength would be most of the run."""
    patch = pytest.MonkeyPatch()
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(passwords, "_hasher", weak)
    patch.setattr(passwords, "_NOBODY", weak.hash("nobody"))
    yield
    patch.undo()


def settings_for(home: Path, url: str, **more: Any) -> Settings:
    """Settings of a test server."""
    values = {"testing": True, "rate_limits": False, "secret": SECRET} | more
    return Settings(home=home, database_url=url, **values)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """A database of this kind with tables, cast and forms, made at first use; copy, don't open."""
    home = tmp_path_factory.mktemp("prepared")
    made: dict[str, str] = {}

    def prepare(kind: str) -> str:
        if kind not in made:
            url = f"sqlite:///{home / 'cast.sqlite'}" if kind == "sqlite" else postgres_url()
            app = create_app(settings_for(home, url))
            with app.app_context():
                db.create_all()
                install_cast(app)
                publish_packaged()
                db.session.remove()
                db.engine.dispose()
            made[kind] = url
        return made[kind]

    return prepare


@pytest.fixture(params=["sqlite", "postgresql"])
def db_url(
    request: pytest.FixtureRequest, prepared: Callable[[str], str], tmp_path: Path
) -> Iterator[str]:
    """A database of its own with tables and cast, once per kind."""
    template = prepared(request.param)
    if request.param == "sqlite":
        copy = tmp_path / "fieldapp.sqlite"
        shutil.copy(template.removeprefix("sqlite:///"), copy)
        yield f"sqlite:///{copy}"
    else:
        url = postgres_url(template=template)
        yield url
        drop_database(url)


@pytest.fixture
def app(db_url: str, tmp_path: Path) -> Iterator[Flask]:
    """A server on that database."""
    app = create_app(settings_for(tmp_path, db_url))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody's browser, nobody logged in."""
    return app.test_client()


@pytest.fixture
def cast(app: Flask) -> Cast:
    """王芳 and the others; see tests/cast.py."""
    return meet_cast(app)
