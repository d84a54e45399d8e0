"""Work about another's record tells nothing of it: not its consent, its fields, its end."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp import clock
from fieldapp.db import db
from fieldapp.sync import feed, service
from fieldapp.sync import models as m
from fieldapp.sync.apply import Result
from fieldapp.sync.aside import what_was_wrong
from tests.cast import LIULIN, NANPO, Cast

from .stories import TODAY, Village, logged
from .test_erasure import erase


@pytest.fixture
def hers(village: Village) -> str:
    """张小梅 of 南坡村, where 孙丽 works; she agreed to everything."""
    assert village.send(village.consent(village.cast.sun, village=NANPO)).st == "stored"
    return str(village.only(village.cast.sun, "client")["id"])


def about(village: Village, client: str, own: str) -> dict[str, Any]:
    """王芳's visit to a client of her own, said of another."""
    made = village.make(village.pregnancy(village.cast.wang, own))
    told: dict[str, Any] = json.loads(json.dumps(made).replace(own, client))
    return told | {"id": clock.new_id()}


def desk(village: Village, who: str, ops: list[Mapping[str, Any]]) -> dict[str, Any]:
    """A settlement, as a tampered phone may send one."""
    person = village.cast.people[who]
    return {
        "id": clock.new_id(), "install": "x", "n": 1, "user": person.id, "form": "_settle",
        "fv": "1", "app": "x", "at": f"{TODAY}T09:00:00+08:00", "clk": {}, "area": LIULIN,
        "corrects": None, "on": TODAY, "entities": [], "ops": ops, "answers": {}, "blobs": [],
    }  # fmt: skip


def test_nobody_learns_elsewhere_whether_she_agreed(village: Village, hers: str) -> None:
    wang, sun = village.cast.wang, village.cast.sun
    village.send(village.consent(wang, name="刘春燕", phone="13800000009"))
    own = str(village.only(wang, "client")["id"])
    first = about(village, hers, own)
    withdrawn = village.visit(
        sun, "consent_record", area=NANPO,
        answers={"g_start": {"visit_date": TODAY, "known": "1", "person_id": hers,
                             "what_for": "withdraw"}},
    )  # fmt: skip
    told = [village.take_in(wang, first)[0]]
    assert village.send(withdrawn).st == "stored"
    told.append(village.take_in(wang, about(village, hers, own))[0])
    assert {(one.st, one.why) for one in told} == {("quarantined", "authz")}
    states = feed.verify(
        wang.id, "", {"install": "x", "acked": [one.id for one in told], "n_max": 0}
    )
    assert {state["why"] for state in states["states"].values()} == {"authz"}


def test_nobody_learns_elsewhere_which_fields_she_has(village: Village, hers: str) -> None:
    chen = village.cast.chen
    for entity in (hers, clock.new_id()):
        for register in ("phone", "edd", "nothing"):
            sent = desk(village, "chen", [{"e": entity, "r": register, "v": {"a": "b"}, "sup": []}])
            assert village.take_in(chen, sent) == [Result(sent["id"], "quarantined", "authz")]


def test_what_kind_of_record_it_is_is_told_nowhere(village: Village, hers: str) -> None:
    """Neither to its author nor to who opens it at the desk."""
    wang, sun = village.cast.wang, village.cast.sun
    village.send(village.dwelling(sun, village=NANPO))
    flat = str(village.only(sun, "dwelling")["id"])
    village.send(village.consent(wang, name="刘春燕", phone="13800000009"))
    own = str(village.only(wang, "client")["id"])
    said = set()
    start = {"visit_date": TODAY, "known": "1", "person_id": own, "what_for": "data"}
    answers = {"g_start": start, "g_person": {"n_name": "刘春燕", "n_phone": "13800000001"}}
    for one in (hers, flat):
        made = village.visit(wang, "consent_record", answers)
        text = json.dumps(village.make(made)).replace(own, one)
        (result,) = village.take_in(wang, json.loads(text))
        assert (result.st, result.why) == ("quarantined", "authz")
        said.add(what_was_wrong(logged(result.id)).replace(one, "…"))
    assert said == {"… isn't the author's to write"}


def test_nobody_learns_elsewhere_that_she_was_erased(village: Village, hers: str) -> None:
    wang, sun = village.principal(village.cast.wang), village.principal(village.cast.sun)
    erase(hers)
    elsewhere = feed.fetch(wang, f"{wang_feed(village)}", [hers])
    assert elsewhere is not None
    assert elsewhere["ch"] == [{"k": "leave", "e": hers}]
    there = feed.fetch(sun, f"{NANPO}.care", [hers])
    assert there is not None
    assert there["ch"] == [{"k": "leave", "e": hers, "erase": True}]


def wang_feed(village: Village) -> str:
    return next(name for name in village.pull(village.cast.wang)["feeds"] if "care" in name)


def test_nor_by_the_id_of_the_visit_that_was(village: Village, hers: str) -> None:
    first = db.session.scalar(sa.select(m.Submission.id))
    assert first is not None
    db.session.rollback()
    erase(hers)
    wang = village.cast.wang
    sent = village.make(village.consent(wang, name="刘春燕", phone="13800000009"))
    assert village.take_in(wang, sent | {"id": first}) == [Result(first, "variant")]
    assert service.audit() == []


def test_nobody_corrects_what_was_kept_aside_of_another(village: Village) -> None:
    """Let in, it would be gone from the queue as corrected."""
    wang, li = village.cast.wang, village.cast.li
    aside = village.make(village.dwelling(wang), fv="of old")
    assert village.take_in(wang, aside)[0].st == "quarantined"
    for who, told in ((li, "quarantined"), (wang, "stored")):
        sent = village.make(village.dwelling(who), corrects=aside["id"])
        assert village.take_in(who, sent)[0].st == told
        assert (logged(aside["id"]).review == "corrected") == (who is wang)


def test_nobody_s_phone_mends_another_s(app: Flask, cast: Cast) -> None:
    """An app may say that it is another's install; its leads see no repair of that phone."""
    phone, thief = cast.sun.enrol(), cast.wang.enrol()
    phone.call("verify", {"install": phone.install, "acked": [], "n_max": 0})
    thief.install = phone.install
    thief.enrol()
    for one in (thief, phone):
        one.call("manifest", {"feed": f"{NANPO}.care", "after": ""})
    with app.app_context():
        assert db.session.scalar(sa.select(m.Install.repairs)) == 1
        db.session.remove()
