"""The demo put into a server: once, safely, and with something on every desk."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fieldapp import clock, create_app
from fieldapp.accounts import users
from fieldapp.config import Settings
from fieldapp.db import db, write_transaction
from fieldapp.demo.service import DemoRefusedError, ensure_demo
from fieldapp.demo.staff import PASSWORD
from fieldapp.sync import models as m

SHARE = 0.05
TODAY = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


def empty_server(home: Path, **more: Any) -> Flask:
    """A server with tables and nothing in them."""
    url = f"sqlite:///{home / 'fieldapp.sqlite'}"
    settings = Settings(home=home, database_url=url, secret="s" * 40, **more)
    app = create_app(settings)
    with app.app_context():
        db.create_all()
    return app


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demo, a small share of it, put in on one day."""
    app = empty_server(tmp_path_factory.mktemp("demo"), testing=True)
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(clock, "now", lambda: TODAY)
        assert ensure_demo(SHARE).fresh
        yield app
        db.session.remove()
        db.engine.dispose()


def submissions(**state: str) -> list[m.Submission]:
    return db.session.query(m.Submission).filter_by(**state).all()


def test_putting_it_in_again_changes_nothing(demo: Flask) -> None:
    before = len(submissions())

    assert not ensure_demo(SHARE).fresh
    assert len(submissions()) == before > 100


def test_every_account_logs_in_with_the_password_that_is_told(demo: Flask) -> None:
    for username, name, role in ensure_demo().accounts:
        user = users.authenticate(username, PASSWORD)
        assert user, username
        assert (user.name, user.role) == (name, role)


def test_visits_were_stored_as_a_phone_would_have_sent_them(demo: Flask) -> None:
    assert {s.state for s in submissions()} == {"stored", "conflict", "quarantined"}
    issues = db.session.query(m.Issue).all()

    assert {issue.kind for issue in issues} == {"constraint"}
    assert len(issues) == 2, "the two slips; nothing else differs from what the form allows"


def test_four_records_wait_for_somebody_to_decide(demo: Flask) -> None:
    found = {row.reg for row in db.session.query(m.Conflict)}

    assert found == {"phone", "dob", "lessor_phone", "rooms_total"}


def test_some_work_is_back_with_its_authors_and_one_was_corrected(demo: Flask) -> None:
    assert len(submissions(review="returned")) == 4
    assert len(submissions(review="corrected")) == 1
    assert len(submissions(review="approved")) > len(submissions(review="received")) > 0


def test_what_could_not_be_taken_in_is_kept_aside(demo: Flask) -> None:
    assert {s.why for s in submissions(state="quarantined")} == {"unknown_form", "authz"}


def test_a_database_with_other_people_in_it_is_left_alone(tmp_path: Path) -> None:
    app = empty_server(tmp_path, testing=True)
    with app.app_context():
        with write_transaction():
            users.add_user("luo", "罗兰", "admin", "long enough a password")
        with pytest.raises(DemoRefusedError, match="other accounts"):
            ensure_demo()
        assert submissions() == []
        db.engine.dispose()


def test_production_stays_without(tmp_path: Path) -> None:
    app = empty_server(tmp_path, production=True)
    with app.app_context():
        with pytest.raises(DemoRefusedError, match="production"):
            ensure_demo()
        db.engine.dispose()
