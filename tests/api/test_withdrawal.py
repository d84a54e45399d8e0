"""张小梅 takes back her consent at the desk: whatever is under way ends, at any hour."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask

from fieldapp import clock
from fieldapp.db import db
from fieldapp.followup import schedule
from fieldapp.registry import service as registry
from fieldapp.rights import keeping
from fieldapp.sync import service as sync
from fieldapp.sync.rules import current_rules
from tests.cast import Cast
from tests.opened import all_text
from tests.sync.stories import TODAY, Village

from .test_rights import ask

EARLY = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)  # half past seven on the 2nd in China


@pytest.fixture
def zhang(app: Flask, cast: Cast, village: Village) -> str:
    """She agreed to everything, and 王芳 began an episode."""
    with app.app_context():
        assert village.send(village.consent(cast.wang)).st == "stored"
        client = str(village.only(cast.wang, "client")["id"])
        village.send(village.pregnancy(cast.wang, client))
        db.session.remove()
    return client


Tasks = Callable[[], list[str]]


@pytest.fixture
def tasks(app: Flask, cast: Cast, village: Village) -> Tasks:
    """What 王芳's list holds of pregnancies a month later."""

    def found() -> list[str]:
        with app.app_context():
            principal = village.principal(cast.wang)
            rules = current_rules().programs.schedule("health")
            subjects = [
                schedule.Subject(e.id, e.type, e.props)
                for e in registry.of_type(principal, "health", "pregnancy")
            ]
            told = [task.rule for task in schedule.tasks(rules, subjects, "2026-12-01")]
            db.session.remove()
            return told

    return found


def withdraw(cast: Cast) -> None:
    shen = cast.steward.log_in()
    request = ask(shen, "withdraw")
    done = shen.post(f"/api/rights/requests/{request['id']}/withdrawal")
    assert (done.status_code, done.json["outcome"]) == (200, "withdrawn")


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_before_eight_in_the_morning_it_ends_what_was_visited_that_day(
    cast: Cast, zhang: str, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tasks()
    at(monkeypatch, EARLY)
    withdraw(cast)
    assert tasks() == []


def test_it_ends_what_a_phone_whose_clock_is_ahead_wrote(
    cast: Cast, zhang: str, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2026, 10, 20, 4, tzinfo=UTC))
    withdraw(cast)
    assert tasks() == []


def test_it_ends_every_episode_that_two_phones_began(
    app: Flask, cast: Cast, village: Village, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        village.send(village.consent(cast.wang))
        client = str(village.only(cast.wang, "client")["id"])
        both = [(who, village.make(village.pregnancy(who, client))) for who in (cast.wang, cast.li)]
        for who, made in both:
            assert village.take_in(who, made)[0].st == "stored"
        db.session.remove()
    at(monkeypatch, datetime(2026, 11, 3, 3, 30, tzinfo=UTC))
    withdraw(cast)
    assert tasks() == []
    with app.app_context():
        seen = village.seen(cast.wang).values()
        assert [one["status"] for one in seen if one["type"] == "pregnancy"] == [["stop"]] * 2
        assert [len(one["given"]) for one in seen if one["type"] == "consent"] == [1] * 4
        assert sync.audit() == []
        at(monkeypatch, datetime(2031, 11, 2, 20, tzinfo=UTC))
        keeping.run("2031-11-02")
        assert "张小梅" not in all_text()
        db.session.remove()


def test_what_was_asked_before_eight_is_closed_on_the_same_day(
    cast: Cast, zhang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, EARLY)
    shen = cast.steward.log_in()
    request = ask(shen, "delete")
    assert (request["asked"], request["due"]) == (TODAY, "2026-11-23")
    done = shen.post(f"/api/rights/requests/{request['id']}/refusal", {"why": "identity"}).json
    assert done["closed"] == TODAY


def test_a_request_is_late_when_its_last_day_is_over_in_china(
    cast: Cast, zhang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, EARLY)
    shen = cast.steward.log_in()
    address = f"/api/rights/requests/{ask(shen, 'access')['id']}"
    for hour, late in ((15, False), (16, True)):
        at(monkeypatch, datetime(2026, 11, 23, hour, tzinfo=UTC))
        shen = cast.steward.log_in()
        assert shen.get(address).json["late"] is late
