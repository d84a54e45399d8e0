"""Telling a clinic who somebody is: only the one she agreed to; seen again, kept, and told."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from fieldapp.areas import service as areas
from fieldapp.audit import service as access_log
from fieldapp.audit.models import AuditRow
from fieldapp.db import db, write_transaction
from fieldapp.sync import feed, log, service
from tests.cast import LIULIN, NANPO, TOWN, Person

from .stories import TODAY, Village, logged, start

CLINIC, PHONE = "柳河镇卫生院", "0632-5550101"
SHARE = ("g_ref/referred", "share")


@pytest.fixture
def clinic(village: Village) -> str:
    """The clinic of the town, which serves its villages."""
    with write_transaction():
        areas.set_clinic(TOWN, CLINIC, PHONE)
    return CLINIC


def registered(village: Village, **agreed: str) -> str:
    """A client whom 王芳 registered; what she agreed to."""
    visit = village.consent(village.cast.wang)
    answers = json.loads(json.dumps(visit.answers))
    answers["g_consent"] |= agreed
    sent = village.visit(village.cast.wang, "consent_record", answers)
    assert village.send(sent).st == "stored"
    found: str = village.only(village.cast.wang, "client")["id"]
    return found


def says(village: Village, client: str, **agreed: str) -> None:
    """She is asked again, and says yes but to these."""
    yes = dict.fromkeys(("age14", "c_preg", "c_contra", "c_share", "c_msg", "c_copy"), "1")
    begun = {"visit_date": TODAY, "known": "1", "person_id": client, "what_for": "consent"}
    answers = {"g_start": begun | {"lang_ok": "1"}, "g_consent": yes | {"c_method": "sign"}}
    answers["g_consent"] |= agreed
    assert village.send(village.visit(village.cast.wang, "consent_record", answers)).st == "stored"


def in_danger(village: Village, client: str, person: Person | None = None) -> dict[str, Any]:
    """李娜's visit, at which the clinic was told if her phone let her say so."""
    visit = village.pregnancy(person or village.cast.li, client)
    answers = json.loads(json.dumps(visit.answers))
    answers["g_preg"]["g_anc"]["danger_p"] = "bleed"
    answers["g_ref"] = {"called": "0", "referred": "1", "ref_no": "本人不愿意"}
    made = village.visit(person or village.cast.li, "preg_followup", answers)
    return village.make(made)


def altered(made: dict[str, Any], to: str) -> dict[str, Any]:
    """The same from a phone that somebody meddled with: it says that a clinic was told."""
    told = json.loads(json.dumps(made))
    told["answers"]["g_ref"] |= {"share_to": to, "called": "0", "referred": "1"}
    return told


def findings(sid: str) -> set[tuple[str, str]]:
    """(path, kind) of what was found of the referral, and of her consent."""
    issues = log.issues_of([sid])[sid]
    found = {(issue.path, issue.kind) for issue in issues if issue.path.startswith("g_ref/")}
    db.session.rollback()
    return found


def told_of(client: str) -> list[dict[str, Any]]:
    """What the log keeps of telling a clinic of her, in order."""
    r = AuditRow
    query = sa.select(r).where(r.act == "share", r.subject == client).order_by(r.chain, r.seq)
    rows = [json.loads(row.what) | {"area": row.chain, "by": row.actor}
            for row in db.session.scalars(query)]  # fmt: skip
    db.session.rollback()
    return rows


class TestTheClinic:
    """Who is meant: of the area, or of the nearest above; the phone knows it without a network."""

    def test_the_consent_names_it(self, village: Village, clinic: str) -> None:
        registered(village)
        shared = [e for e in village.seen(village.cast.wang).values()
                  if e["type"] == "consent" and e["scope"] == ["share"]]  # fmt: skip
        assert [e["given"][0]["recipient"] for e in shared] == [clinic]

    def test_without_one_nobody_is_asked(self, village: Village) -> None:
        registered(village)
        scopes = [e["scope"] for e in village.seen(village.cast.wang).values()
                  if e["type"] == "consent"]  # fmt: skip
        assert sorted(scopes) == [["contra"], ["msg"], ["preg"]]

    def test_a_phone_learns_of_it_at_its_next_sync(self, village: Village) -> None:
        before = village.pull(village.cast.wang)["grants_ver"]
        with write_transaction():
            areas.set_clinic(TOWN, CLINIC, PHONE)
        message = {"grants_ver": before, "feeds": start([]), "budget": 10**6}
        answer = feed.pull(village.principal(village.cast.wang), message)
        mine = {area["code"]: (area["clinic"], area["clinic_phone"]) for area in answer["areas"]}
        assert mine[LIULIN] == mine[TOWN] == (CLINIC, PHONE)
        assert answer["grants_ver"] != before

    def test_the_nearest_above_serves(self, village: Village, clinic: str) -> None:
        with write_transaction():
            areas.set_clinic(LIULIN, "柳林卫生室", "0632-5550102")
            serving = {code: areas.clinic_of(area)[0] for code in (LIULIN, NANPO)
                       if (area := areas.get(code))}  # fmt: skip
        assert serving == {LIULIN: "柳林卫生室", NANPO: ""}


class TestTheGate:
    """It is told only with a live consent that names it; the server looks again."""

    def test_with_her_yes_it_is_told_and_nothing_is_found(
        self, village: Village, clinic: str
    ) -> None:
        client = registered(village)
        made = in_danger(village, client)
        assert made["answers"]["g_ref"]["ref_to"] == clinic
        assert village.take_in(village.cast.li, made)[0].st == "stored"
        assert findings(made["id"]) == set()
        assert told_of(client) == [
            {"sid": made["id"], "device": None, "to": clinic, "on": TODAY,
             "area": LIULIN, "by": village.cast.li.id}
        ]  # fmt: skip

    def test_after_she_took_it_back_her_phone_does_not_ask(
        self, village: Village, clinic: str
    ) -> None:
        client = registered(village)
        says(village, client, c_share="0")
        made = in_danger(village, client)
        assert "referred" not in made["answers"]["g_ref"]
        assert village.take_in(village.cast.li, made)[0].st == "stored"
        assert findings(made["id"]) == set()
        assert told_of(client) == []

    def test_a_phone_that_did_not_know_is_found_out(self, village: Village, clinic: str) -> None:
        client = registered(village)
        made = in_danger(village, client)
        says(village, client, c_share="0")
        assert village.take_in(village.cast.li, made)[0].st == "stored"
        assert SHARE in findings(made["id"])
        (issue,) = [i for i in log.issues_of([made["id"]])[made["id"]] if i.kind == "share"]
        assert issue.severity == "block"
        db.session.rollback()
        assert [line["to"] for line in told_of(client)] == [clinic], "it was told all the same"

    @pytest.mark.parametrize("to", [CLINIC, "张小梅家对门", ""])
    def test_a_phone_that_was_meddled_with_is_found_out(
        self, village: Village, clinic: str, to: str
    ) -> None:
        client = registered(village, c_share="0")
        made = altered(in_danger(village, client), to)
        assert village.take_in(village.cast.li, made)[0].st == "stored"
        assert SHARE in findings(made["id"])
        known = to if to == CLINIC else ""
        assert [line["to"] for line in told_of(client)] == [known], "nothing made up is in the log"

    def test_a_yes_to_one_clinic_is_none_to_another(self, village: Village, clinic: str) -> None:
        client = registered(village)
        with write_transaction():
            areas.set_clinic(NANPO, "南坡卫生院", "0632-5550103")
        made = altered(in_danger(village, client), "南坡卫生院")
        assert village.take_in(village.cast.li, made)[0].st == "stored"
        assert SHARE in findings(made["id"])
        assert [line["to"] for line in told_of(client)] == ["南坡卫生院"]

    def test_danger_without_any_consent_is_not_held_back_by_the_tick(
        self, village: Village, clinic: str
    ) -> None:
        client = registered(village)
        made = altered(in_danger(village, client), clinic)
        end = {"visit_date": TODAY, "known": "1", "person_id": client, "what_for": "withdraw"}
        village.send(village.visit(village.cast.wang, "consent_record", {"g_start": end}))
        (result,) = village.take_in(village.cast.li, made)
        assert (result.st, result.why) == ("stored", "emergency")
        assert {kind for _, kind in findings(made["id"])} >= {"share", "emergency"}
        says(village, client)
        assert logged(made["id"]).why is None
        db.session.rollback()
        assert len(told_of(client)) == 1, "the rest of the visit tells nobody again"

    def test_what_is_derived_again_finds_and_tells_nothing_new(
        self, village: Village, clinic: str
    ) -> None:
        client = registered(village)
        made = in_danger(village, client)
        says(village, client, c_share="0")
        village.take_in(village.cast.li, made)
        found, told = findings(made["id"]), told_of(client)
        service.rebuild(arrange=list.reverse)
        assert (findings(made["id"]), told_of(client)) == (found, told)
        assert service.audit() == []


class TestWhatSheIsTold:
    """Her report says which clinic was told, by whom and when; once for a day."""

    def test_her_report_names_it(self, village: Village, clinic: str) -> None:
        client = registered(village)
        made = in_danger(village, client)
        village.take_in(village.cast.li, made)
        again = village.make(
            service.Visit(**{**vars(village.pregnancy(village.cast.li, client)),
                             "answers": made["answers"]})
        )  # fmt: skip
        village.take_in(village.cast.li, again | {"corrects": made["id"]})
        assert len(told_of(client)) == 2
        shen = village.cast.steward.log_in()
        (found,) = shen.post("/api/rights/find", {"scope": "health", "text": "张小梅"}).json
        asked = {"kind": "access", "subject": found["id"]}
        request = shen.post("/api/rights/requests", asked).json
        for desk in (shen, village.cast.chen.log_in()):
            report = desk.get(f"/api/rights/requests/{request['id']}/report").json
            assert report["shared"] == [{"on": TODAY, "to": clinic, "by": "李娜", "role": "worker"}]
        assert access_log.recipients(client, "housing") == []
