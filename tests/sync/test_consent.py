"""Consent gates: what may be kept of a visit, by what the server knows of the person's consent."""

import json
import threading
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fieldapp import clock
from fieldapp.attachments import service as attachments
from fieldapp.consent import service as consent
from fieldapp.db import db
from fieldapp.forms import service as forms
from fieldapp.forms.source import FormSource
from fieldapp.sync import feed, log, service
from fieldapp.sync import models as m
from fieldapp.sync.apply import Result
from fieldapp.sync.aside import what_was_wrong
from tests.cast import LIULIN, Person

from .stories import AT, RECEIVED, TODAY, Village, logged

TOMORROW = "2026-11-03"
LATER = "2026-11-04"


def registered(village: Village, born: str = "1995-05-05", **agreed: str) -> str:
    """A client whom 王芳 registered; what she agreed to."""
    visit = village.consent(village.cast.wang)
    answers = json.loads(json.dumps(visit.answers))
    answers["g_person"]["n_dob"] = born
    answers["g_consent"] |= agreed
    sent = village.send(service.Visit(**{**vars(visit), "answers": answers}))
    assert sent.st == "stored"
    found: str = village.only(village.cast.chen, "client")["id"]
    return found


def word(
    village: Village, person: Person, client: str, what: str, on: str = TODAY
) -> service.Visit:
    """What a known client says: `consent` to everything, or `withdraw`."""
    agreed = dict.fromkeys(("age14", "c_preg", "c_contra", "c_share", "c_msg", "c_copy"), "1")
    answers: dict[str, Any] = {
        "g_start": {"visit_date": on, "known": "1", "person_id": client, "what_for": what}
    }
    if what == "consent":
        answers["g_start"]["lang_ok"] = "1"
        answers["g_consent"] = {**agreed, "c_method": "sign"}
    return village.visit(person, "consent_record", answers)


def visit_of(village: Village, client: str, **changed: Any) -> dict[str, Any]:
    """李娜's visit, made while her phone knew of a consent."""
    return village.make(village.pregnancy(village.cast.li, client, **changed))


def in_danger(village: Village, client: str) -> dict[str, Any]:
    visit = village.pregnancy(village.cast.li, client)
    answers = json.loads(json.dumps(visit.answers))
    answers["g_preg"]["g_anc"]["danger_p"] = "bleed"
    answers["g_ref"] = {"urgent": "1", "called": "1", "ref_person": client}
    made = village.visit(village.cast.li, "preg_followup", answers)
    return village.make(made)


def body_of(sid: str) -> bytes:
    found = db.session.scalar(sa.select(m.Submission.body).where(m.Submission.id == sid))
    db.session.rollback()
    assert found is not None
    return found


def answers_of(sid: str) -> dict[str, Any]:
    body = body_of(sid)
    found: dict[str, Any] = json.loads(service.vault().open(body, sid))["answers"]
    db.session.rollback()
    return found


def kinds_of(village: Village) -> set[str]:
    return {entity["type"] for entity in village.seen(village.cast.chen).values()}


def dated(visit: service.Visit, day: str) -> service.Visit:
    moment = AT.replace(day=int(day[-2:]))
    return service.Visit(**{**vars(visit), "at": moment})


def later(monkeypatch: pytest.MonkeyPatch, **by: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: RECEIVED + timedelta(**by))


PRESSURE = """| survey |
| | type | name | label::中文(zh) | label::English(en) | save_to |
{begin}
| | date | visit_date | 日期 | Date | visit#visit_date |
| | select_one_from_file client.csv | who | 服务对象 | Client | visit#person |
| | text | bp | 血压 | Blood pressure | |
{end}
| settings |
| | form_id | version | form_title |
| | pressure | 2025-1 | 量血压 / Blood pressure |
| entities |
| | list_name | label |
| | visit | ${{visit_date}} |
"""


class TestTheGate:
    """Health data without live consent are kept aside; what asks nothing is stored."""

    def test_a_visit_that_comes_after_she_withdrew_is_kept_aside(self, village: Village) -> None:
        client = registered(village)
        made = visit_of(village, client)
        assert village.send(word(village, village.cast.wang, client, "withdraw")).st == "stored"
        assert village.take_in(village.cast.li, made) == [
            Result(made["id"], "quarantined", "consent")
        ]
        assert "pregnancy" not in kinds_of(village)
        assert what_was_wrong(logged(made["id"])) == "declined"
        db.session.rollback()
        assert made["answers"]["g_preg"]["g_dating"]["edd_in"].encode() not in body_of(made["id"])

    def test_a_no_from_the_beginning_is_a_no(self, village: Village) -> None:
        client = registered(village, c_preg="0")
        made = village.make(village.pregnancy(village.cast.li, client))
        answers = json.loads(json.dumps(made["answers"]))
        answers["g_visit"]["gate"] = "1"
        answers["g_preg"] = {"person_ref": client, "g_ga": {"status": "on"}}
        (result,) = village.take_in(village.cast.li, made | {"answers": answers})
        assert (result.st, result.why) == ("quarantined", "consent")

    def test_a_visit_where_nothing_was_asked_needs_no_consent(self, village: Village) -> None:
        client = registered(village, c_preg="0")
        visit = {"visit_date": TODAY, "visit_mode": "home", "person_id": client}
        for result in ({"contact_result": "absent"}, {"contact_result": "met", "still_ok": "0"}):
            made = village.visit(village.cast.li, "preg_followup", {"g_visit": visit | result})
            assert village.send(made).st == "stored"

    def test_somebody_unknown_has_agreed_to_nothing(self, village: Village) -> None:
        client = registered(village)
        made = visit_of(village, client)
        nobody = clock.new_id()
        text = json.dumps(made).replace(client, nobody)
        (result,) = village.take_in(village.cast.li, json.loads(text))
        assert (result.st, result.why) == ("quarantined", "consent")

    def test_contraception_has_a_consent_of_its_own(self, village: Village) -> None:
        client = registered(village, c_contra="0")
        assert village.take_in(village.cast.li, visit_of(village, client))[0].st == "stored"
        made = visit_of(village, client) | {"form": "contra_followup"}
        made["answers"] = {
            "g_visit": {"visit_date": TODAY, "person_id": client},
            "g_c": {"method": "condom"},
        }
        (result,) = village.take_in(
            village.cast.li, made | {"id": clock.new_id(), "ops": [], "entities": []}
        )
        assert (result.st, result.why) == ("quarantined", "consent")

    @pytest.mark.parametrize("program", ["antenatal", "consent"])
    @pytest.mark.parametrize("grouped", [False, True])
    def test_a_form_published_later_is_no_way_round_it(
        self, village: Village, program: str, grouped: bool
    ) -> None:
        """However its questions are grouped, whichever program it was published into."""
        client, wang = registered(village), village.cast.wang
        group = {"begin": "| | begin_group | g | 量 | Take | |", "end": "| | end_group | | | | |"}
        text = PRESSURE.format(**group if grouped else dict.fromkeys(group, ""))
        forms.publish_source(FormSource(".md", text.encode()), program)
        asked = {"visit_date": TODAY, "who": client, "bp": "150/95"}
        visit = village.visit(wang, "pressure", {"g": asked} if grouped else asked)
        before, after = village.make(visit), village.make(visit, id=clock.new_id())
        assert village.take_in(wang, before)[0].st == "stored"
        assert village.send(word(village, wang, client, "withdraw")).st == "stored"
        assert village.take_in(wang, after) == [Result(after["id"], "quarantined", "consent")]

    @pytest.mark.parametrize("last", ["no", "yes"])
    @pytest.mark.parametrize("ahead", [False, True])
    def test_of_words_that_know_nothing_of_each_other_the_no_counts(
        self, village: Village, last: str, ahead: bool
    ) -> None:
        """She withdraws to 王芳 while 李娜 renews her consent; or 李娜's clock is a day ahead."""
        client, wang, li = registered(village), village.cast.wang, village.cast.li
        late = visit_of(village, client)
        day = TODAY if ahead else TOMORROW
        yes = village.make(dated(word(village, li, client, "consent", TOMORROW), TOMORROW))
        both = [(li, yes)]
        if ahead:
            village.take_in(li, yes)
            both = []
        no = village.make(dated(word(village, wang, client, "withdraw", day), day))
        both.insert(len(both) if last == "no" else 0, (wang, no))
        for person, sent in both:
            assert village.take_in(person, sent)[0].st == "stored"
        assert village.take_in(li, late) == [Result(late["id"], "quarantined", "consent")]
        again = village.make(
            dated(word(village, wang, client, "consent", "2026-11-04"), "2026-11-04")
        )
        assert village.take_in(wang, again)[0].st == "stored"
        assert logged(late["id"]).state == "stored"

    def test_nor_is_a_clock_that_is_years_ahead(self, village: Village) -> None:
        """By the day that its phone gives she is 14."""
        client = registered(village)
        made = visit_of(village, client)
        made["answers"]["g_visit"]["visit_date"] = "2028-06-01"
        born = word(village, village.cast.wang, client, "data")
        person = {"n_name": "张小梅", "n_sex": "2", "n_dob": "2014-05-05", "n_area": LIULIN}
        start = born.answers["g_start"]
        answers = {"g_start": start, "g_person": person}
        young = village.visit(village.cast.wang, "consent_record", answers)
        assert village.send(young).st == "stored"
        sent = made | {"on": "2028-06-01"}
        assert village.take_in(village.cast.li, sent) == [
            Result(made["id"], "quarantined", "safeguarding")
        ]

    def test_nor_is_a_version_that_nobody_knows(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It waits for its form to be published; without her consent no longer than anything."""
        client, li = registered(village), village.cast.li
        agreed = visit_of(village, client) | {"fv": "1066"}
        assert village.take_in(li, agreed)[0].why == "unknown_form"
        later(monkeypatch, days=8)
        assert consent.expire() == consent.Ended(0, 0)
        assert village.send(word(village, village.cast.wang, client, "withdraw")).st == "stored"
        assert consent.expire() == consent.Ended(0, 1)
        assert body_of(agreed["id"]) == b""

    def test_consent_in_the_same_push_before_it_counts(self, village: Village) -> None:
        client = registered(village)
        made = visit_of(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        again = village.make(word(village, village.cast.li, client, "consent", TOMORROW))
        first, second = village.take_in(village.cast.li, again, made)
        assert (first.st, second.st) == ("stored", "stored")

    def test_consent_that_comes_later_lets_it_in_by_itself(self, village: Village) -> None:
        client = registered(village)
        made = visit_of(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        again = village.make(word(village, village.cast.li, client, "consent", TOMORROW))
        first, second = village.take_in(village.cast.li, made, again)
        assert (first.st, second.st) == ("quarantined", "stored")
        assert logged(made["id"]).state == "stored"
        assert "pregnancy" in kinds_of(village)
        assert service.audit() == []

    def test_nobody_can_overrule_her(self, village: Village) -> None:
        client = registered(village)
        made = visit_of(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        village.take_in(village.cast.li, made)
        assert service.readmit(made["id"], overrule=True).why == "consent"

    def test_what_was_kept_with_consent_stays_when_all_is_derived_again(
        self, village: Village
    ) -> None:
        client = registered(village)
        made = visit_of(village, client)
        village.take_in(village.cast.li, made)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        before = village.seen(village.cast.chen)
        service.rebuild(arrange=list.reverse)
        assert village.seen(village.cast.chen) == before
        assert service.audit() == []


class TestChildren:
    """Nobody under 14 is served: a child needs protection."""

    def test_a_visit_to_a_child_is_sealed_with_or_without_danger(self, village: Village) -> None:
        client = registered(village)
        made, urgent = visit_of(village, client), in_danger(village, client)
        born = word(village, village.cast.wang, client, "data")
        answers = json.loads(json.dumps(born.answers))
        answers["g_person"] = {"n_name": "张小梅", "n_sex": "2", "n_dob": "2013-01-01"}
        village.send(village.visit(village.cast.wang, "consent_record", answers))
        for one in (made, urgent):
            (result,) = village.take_in(village.cast.li, one)
            assert (result.st, result.why) == ("quarantined", "safeguarding")
        assert "referral" not in kinds_of(village)


class TestDanger:
    """To save a life the referral is taken in without consent, and marked."""

    def test_only_the_referral_is_taken_in(self, village: Village) -> None:
        client = registered(village)
        made = in_danger(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        assert village.take_in(village.cast.li, made) == [Result(made["id"], "stored", "emergency")]
        kinds = {entity["type"] for entity in village.seen(village.cast.chen).values()}
        assert "referral" in kinds
        assert "pregnancy" not in kinds
        issues = {issue.kind: issue for issue in log.issues_of([made["id"]])[made["id"]]}
        assert issues["emergency"].severity == "block"
        db.session.rollback()
        before = village.seen(village.cast.chen)
        service.rebuild()
        assert village.seen(village.cast.chen) == before
        assert service.audit() == []

    def emergency(self, village: Village) -> tuple[str, dict[str, Any]]:
        """Her id, and a visit in danger that came after she had withdrawn."""
        client = registered(village)
        made = in_danger(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        village.take_in(village.cast.li, made)
        return client, made

    def test_a_consent_that_comes_later_completes_it(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, made = self.emergency(village)
        before = village.seen(village.cast.chen)
        village.send(word(village, village.cast.wang, client, "consent", TOMORROW))
        seen = village.seen(village.cast.chen)
        new = {one["type"] for e, one in seen.items() if e not in before}
        assert new == {"pregnancy", "visit"}
        assert logged(made["id"]).why is None
        # She was in danger all the same: the nurse is still to tell her.
        issues = {issue.kind: issue for issue in log.issues_of([made["id"]])[made["id"]]}
        assert issues["emergency"].severity == "block"
        db.session.rollback()
        assert village.take_in(village.cast.li, made)[0].st == "duplicate"
        service.rebuild(arrange=list.reverse)
        assert village.seen(village.cast.chen) == seen
        assert service.audit() == []
        later(monkeypatch, days=8)
        assert consent.expire() == consent.Ended(0, 0)

    def test_another_woman_s_consent_completes_nothing(self, village: Village) -> None:
        _, made = self.emergency(village)
        village.send(village.consent(village.cast.wang, name="刘春燕", phone="13800000009"))
        assert logged(made["id"]).why == "emergency"
        assert "pregnancy" not in kinds_of(village)

    def test_without_one_only_the_referral_is_left_after_seven_days(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, made = self.emergency(village)
        assert answers_of(made["id"])["g_preg"]
        seen = village.seen(village.cast.chen)
        later(monkeypatch, days=6, hours=23)
        assert consent.expire() == consent.Ended(0, 0)
        later(monkeypatch, days=7, seconds=1)
        assert consent.expire(dry_run=True) == consent.Ended(0, 1)
        assert consent.expire() == consent.Ended(0, 1)
        assert consent.expire() == consent.Ended(0, 0)
        left = answers_of(made["id"])
        assert "g_preg" not in left
        assert left["g_ref"]["ref_to"] == "120"
        assert village.seen(village.cast.chen) == seen
        assert village.take_in(village.cast.li, made)[0].st == "duplicate"
        village.send(word(village, village.cast.wang, client, "consent", TOMORROW))
        assert "pregnancy" not in kinds_of(village)
        service.rebuild()
        assert "referral" in kinds_of(village)
        assert service.audit() == []

    def test_one_whose_consent_was_overlooked_is_completed_at_the_end(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, made = self.emergency(village)
        monkeypatch.setattr(service, "readmit_waiting", lambda _people: [])
        village.send(word(village, village.cast.wang, client, "consent", TOMORROW))
        assert logged(made["id"]).why == "emergency"
        later(monkeypatch, days=8)
        assert consent.expire() == consent.Ended(1, 0)
        assert "pregnancy" in kinds_of(village)
        assert service.audit() == []


class TestTheEnd:
    """Seven days for her to agree; then its text is destroyed."""

    def waiting(self, village: Village) -> dict[str, Any]:
        client = registered(village)
        made = visit_of(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        village.take_in(village.cast.li, made)
        return made

    def test_it_waits_seven_days_and_is_destroyed(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = self.waiting(village)
        later(monkeypatch, days=6, hours=23)
        assert consent.expire() == consent.Ended(0, 0)
        later(monkeypatch, days=7, seconds=1)
        assert consent.expire(dry_run=True) == consent.Ended(0, 1)
        assert body_of(made["id"])
        assert consent.expire() == consent.Ended(0, 1)
        row = logged(made["id"])
        assert (row.why, row.entity, row.detail) == ("expired", None, None)
        assert body_of(made["id"]) == b""
        assert consent.expire() == consent.Ended(0, 0)
        assert service.audit() == []

    def test_sent_again_it_is_known_and_the_phone_may_forget_it(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = self.waiting(village)
        later(monkeypatch, days=8)
        consent.expire()
        assert village.take_in(village.cast.li, made)[0].st == "duplicate"
        message = {"install": made["install"], "acked": [made["id"]], "n_max": 0}
        told = feed.verify(village.cast.li.id, "", message)
        assert told["durable"] == [made["id"]]
        assert body_of(made["id"]) == b""
        assert service.readmit(made["id"], overrule=True).why == "expired"
        service.rebuild()
        assert service.audit() == []

    def test_a_consent_that_was_overlooked_saves_it(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = registered(village)
        made = visit_of(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        village.take_in(village.cast.li, made)
        monkeypatch.setattr(service, "readmit_waiting", lambda _people: [])
        village.send(word(village, village.cast.wang, client, "consent", TOMORROW))
        later(monkeypatch, days=8)
        assert consent.expire() == consent.Ended(1, 0)
        assert logged(made["id"]).state == "stored"

    @pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
    def test_a_consent_that_comes_meanwhile_lets_in_the_whole_or_nothing(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = registered(village)
        made = visit_of(village, client)
        village.send(word(village, village.cast.wang, client, "withdraw"))
        village.take_in(village.cast.li, made)
        again = village.make(word(village, village.cast.li, client, "consent", TOMORROW))

        def agree() -> None:
            with village.app.app_context():
                village.take_in(village.cast.li, again)
                db.session.remove()

        phone, empty = threading.Thread(target=agree), attachments.empty

        def slow(connection: sa.Connection, sids: Collection[str]) -> None:
            if sids:
                phone.start()
                phone.join(1)
            empty(connection, sids)

        monkeypatch.setattr(attachments, "empty", slow)
        later(monkeypatch, days=8)
        assert consent.expire() == consent.Ended(0, 1)
        phone.join()
        assert (logged(made["id"]).state, body_of(made["id"])) == ("quarantined", b"")
        service.rebuild()
        assert service.audit() == []
