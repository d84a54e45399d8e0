"""A phone's clock is off by years: how long something is kept goes by the day on which it came."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldapp import clock
from fieldapp.db import db
from fieldapp.rights import keeping
from fieldapp.sync.days import counted, not_ahead
from tests.opened import all_text

from . import stories
from .stories import RECEIVED, Village


def shows(monkeypatch: pytest.MonkeyPatch, day: str) -> datetime:
    """The phone's calendar shows this day; the moment on its clock."""
    monkeypatch.setattr(stories, "TODAY", day)
    return datetime.fromisoformat(f"{day}T01:12:44+00:00")


def night(monkeypatch: pytest.MonkeyPatch, day: str) -> keeping.Done:
    """The nightly run of a day."""
    moment = datetime.fromisoformat(f"{day}T18:05:00+00:00")
    monkeypatch.setattr(clock, "now", lambda: moment)
    return keeping.run(day)


@pytest.mark.parametrize(
    ("on", "day"),
    [
        ("2026-11-02", "2026-11-02"),
        ("2026-10-03", "2026-10-03"),  # as early as a form allows
        ("2026-09-03", "2026-09-03"),
        ("2026-09-02", "2026-11-02"),
        ("2025-01-05", "2026-11-02"),
        ("", "2026-11-02"),
        ("2026-11-03", "2026-11-03"),  # it is tomorrow already in the east
        ("2026-11-04", "2026-11-03"),
        ("2040-01-05", "2026-11-03"),
    ],
)
def test_the_day_a_visit_counts_as(on: str, day: str) -> None:
    assert counted(on, RECEIVED.replace(hour=12)) == day


def test_of_one_that_came_in_the_morning_tomorrow_is_too_late() -> None:
    morning = datetime(2026, 11, 2, 1, tzinfo=UTC)
    assert not_ahead("2026-11-03", morning) == "2026-11-02"


class TestBehind:
    def test_whom_she_registered_today_is_still_known_tomorrow(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """王芳's phone lost its battery, and shows a day nearly two years ago."""
        visit = village.consent(
            village.cast.wang, at=shows(monkeypatch, "2025-01-05"), received=RECEIVED
        )
        assert village.send(visit).st == "stored"
        assert night(monkeypatch, "2026-11-02").people == 0
        assert "张小梅" in all_text()
        assert night(monkeypatch, "2027-11-01").people == 0
        assert night(monkeypatch, "2027-11-02").people == 1
        assert "张小梅" not in all_text()

    def test_what_was_refused_today_is_kept_as_long_as_any_refusal(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        day = "2025-01-05"
        no = {"g_start": {"visit_date": day, "known": "0", "lang_ok": "1"},
              "g_consent": {"age14": "1", "c_preg": "0", "c_contra": "0", "c_msg": "0",
                            "c_method": "oral", "c_copy": "1"}}  # fmt: skip
        at = shows(monkeypatch, day)
        assert village.send(village.visit(village.cast.wang, "consent_record", no, at=at)).st
        assert night(monkeypatch, "2026-11-02").declined == 0
        assert night(monkeypatch, "2027-05-02").declined == 1


class TestAhead:
    @pytest.fixture
    def client(self, village: Village, monkeypatch: pytest.MonkeyPatch) -> str:
        """张小梅 agreed on 2 November 2026; the phone showed a day of 2040."""
        visit = village.consent(
            village.cast.wang, at=shows(monkeypatch, "2040-01-05"), received=RECEIVED
        )
        assert village.send(visit).st == "stored"
        return str(village.only(village.cast.wang, "client")["id"])

    def visited(
        self, village: Village, client: str, monkeypatch: pytest.MonkeyPatch, day: str
    ) -> str:
        at = shows(monkeypatch, day)
        later = at + timedelta(hours=3)
        return village.send(village.pregnancy(village.cast.wang, client, at=at, received=later)).st

    @pytest.mark.parametrize(
        ("day", "state"),
        [("2026-11-02", "stored"), ("2028-10-31", "stored"), ("2028-11-02", "quarantined"),
         ("2034-11-02", "quarantined")],
    )  # fmt: skip
    def test_her_consent_ends_two_years_after_it_came(
        self, village: Village, client: str, monkeypatch: pytest.MonkeyPatch, day: str, state: str
    ) -> None:
        assert self.visited(village, client, monkeypatch, day) == state

    def test_a_yes_that_came_later_is_the_later_one(
        self, village: Village, client: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = shows(monkeypatch, "2028-10-01")
        agreed = dict.fromkeys(("age14", "c_preg", "c_contra", "c_share", "c_msg", "c_copy"), "1")
        again = {"g_start": {"visit_date": "2028-10-01", "known": "1", "person_id": client,
                             "what_for": "consent", "lang_ok": "1"},
                 "g_consent": {**agreed, "c_method": "sign"}}  # fmt: skip
        visit = village.visit(village.cast.li, "consent_record", again, at=at, received=at)
        assert village.send(visit).st == "stored"
        assert self.visited(village, client, monkeypatch, "2029-06-01") == "stored"
        assert self.visited(village, client, monkeypatch, "2030-10-02") == "quarantined"

    def test_she_goes_in_time_and_the_proof_after_her(
        self, village: Village, client: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert night(monkeypatch, "2027-11-01").people == 0
        assert night(monkeypatch, "2027-11-02").people == 1
        assert "张小梅" not in all_text()
        assert {one["type"] for one in village.seen(village.cast.chen).values()} == {"consent"}
        assert night(monkeypatch, "2031-11-01").people == 1
        assert village.seen(village.cast.chen) == {}
        db.session.rollback()
