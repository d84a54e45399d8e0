"""Somebody is erased: nothing of her stays, comes back, or is taken in again; the rest stands."""

import json
from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fieldapp.attachments import service as attachments
from fieldapp.db import db
from fieldapp.subjects.sealing import SealBrokenError
from fieldapp.sync import erased, erasure, service
from fieldapp.sync import models as m
from fieldapp.sync import person as people
from fieldapp.sync.erasure import Act
from fieldapp.sync.quality import Finding
from fieldapp.sync.reach import Reach, reach
from fieldapp.sync.rules import CurrentRules
from fieldapp.sync.store import Store
from tests.cast import LIULIN
from tests.opened import all_text

from .stories import Village, cursors_of, heads, logged, versions


def everything_of(subject: str) -> Any:
    """Finds all that is about somebody."""

    def find(connection: Connection, rules: CurrentRules) -> Reach | None:
        store = Store(connection, rules.type, ())
        person = people.subject(store, subject)
        if person and (theirs := people.registers(store, person)):
            return reach(connection, person, (), theirs)
        return reach(connection, person, people.records(store, person)) if person else None

    return find


def nobodys_phones(_feeds: Collection[str]) -> set[str]:
    return set()


def erase(subject: str, phones: Any = nobodys_phones) -> str:
    act = Act("rights", phones, attachments.forget, "本人要求", "沈洁 · steward")
    done = erasure.erase(everything_of(subject), act)
    assert done is not None
    return done


def told(village: Village, person: Any, cursors: Any) -> dict[str, str]:
    """What a phone at these cursors is told of entities: `up`, `leave` or `erase`."""
    answer = village.pull(person, cursors)
    changes = [c for page in answer["feeds"].values() for c in page["ch"]]
    return {c["e"]: "erase" if c.get("erase") else c["k"] for c in changes}


@pytest.fixture
def zhang(village: Village) -> str:
    """张小梅, who agreed to everything and was visited by both worker and nurse."""
    wang, chen = village.cast.wang, village.cast.chen
    assert village.send(village.consent(wang)).st == "stored"
    client = str(village.only(wang, "client")["id"])
    assert village.send(village.pregnancy(wang, client)).st == "stored"
    assert village.send(village.pregnancy(chen, client, clinical=True)).st == "stored"
    return client


def test_nothing_of_her_stays_and_the_others_do(village: Village, zhang: str) -> None:
    wang = village.cast.wang
    assert village.send(village.consent(wang, name="刘春燕", phone="13800000009")).st == "stored"
    erase(zhang)
    seen = village.seen(wang)
    assert [one["full_name"] for one in seen.values() if one["type"] == "client"] == [["刘春燕"]]
    assert "张小梅" not in all_text()
    assert "13800000002" not in all_text()
    assert service.audit() == []
    voided = [row for row in db.session.scalars(sa.select(m.Submission)) if row.why == "erased"]
    assert len(voided) == 3
    assert all(row.body == b"" for row in voided)


def test_what_was_found_says_nothing_of_her_and_goes_with_her(village: Village) -> None:
    """Findings lie unsealed: they name rules and places of a form, never what was answered."""
    wang = village.cast.wang
    visit = village.consent(wang)
    made = village.make(visit)
    made["answers"]["g_person"] |= {"n_sex": "张小梅", "other_name": "张小梅"}
    made["ops"] = [op | {"v": "13899999999"} if op["r"] == "phone" else op for op in made["ops"]]
    author = service.author_of(visit.principal)
    item = service.incoming(made, author, visit.received)
    assert service.take_in([item])[0].st == "stored"
    rows = db.session.execute(sa.select(m.Issue.__table__)).all()
    assert {row.kind for row in rows} >= {"choice", "unknown", "derivation_mismatch"}
    for answer in ("张小梅", "13800000002", "13899999999", "1995-05-05"):
        assert answer not in repr(rows)
    erase(str(village.only(wang, "client")["id"]))
    assert db.session.execute(sa.select(m.Issue.__table__)).all() == []
    service.rebuild()
    assert db.session.execute(sa.select(m.Issue.__table__)).all() == []


def test_a_finding_can_not_carry_an_answer() -> None:
    for words in ({"why": "张小梅"}, {"why": "138 0000 0002"}, {"why": "13800000002"}):
        with pytest.raises(ValueError, match="params"):
            Finding("g_person/n_name", "choice", params=words)


def test_a_rebuild_gives_the_same_and_brings_nobody_back(village: Village, zhang: str) -> None:
    village.send(village.consent(village.cast.wang, name="刘春燕", phone="13800000009"))
    erase(zhang)
    before, sums = versions(), {f: (s, n) for f, (_, s, n) in heads().items()}
    service.rebuild()
    assert versions() == before
    assert {f: (s, n) for f, (_, s, n) in heads().items()} == sums
    assert service.audit() == []
    # Only tombstones, the grave of her key and, for three years, the access log know the id, which
    # means nothing any more.
    known = all_text("audit").replace(f"'{zhang}'", "").replace(f"'health/{zhang}'", "")
    assert zhang not in known
    assert told(village, village.cast.wang, None)[zhang] == "erase"


def test_phones_are_told_to_purge(village: Village, zhang: str) -> None:
    wang, chen = village.cast.wang, village.cast.chen
    held = [(who, cursors_of(village.pull(who)), set(village.seen(who))) for who in (wang, chen)]
    erase(zhang)
    for who, cursors, ids in held:
        now = told(village, who, cursors)
        assert set(now.values()) == {"erase"}
        assert set(now) >= ids
    assert village.seen(chen) == {}


def test_work_about_her_is_refused_into_a_seal_nobody_opens(village: Village, zhang: str) -> None:
    wang = village.cast.wang
    visit = village.make(village.pregnancy(wang, zhang))
    first = village.make(village.consent(wang))
    again = db.session.scalar(sa.select(m.Submission).where(m.Submission.form == "consent_record"))
    assert again is not None
    old = service.vault().open(again.body, again.id).decode()
    erase(zhang)
    (result,) = village.take_in(wang, visit)
    assert (result.st, result.why) == ("quarantined", "erased")
    row = logged(visit["id"])
    with pytest.raises(SealBrokenError):
        service.vault().open(row.body, row.id)
    assert service.readmit(visit["id"], overrule=True).why == "erased"
    # The very first visit again, as it was and altered.
    document = json.loads(old)
    for text in (document, document | {"app": "0.2.0"}):
        (result,) = village.take_in(wang, text)
        assert (result.st, result.why) == ("quarantined", "erased")
    assert db.session.scalars(sa.select(m.SubmissionVariant)).all() == []
    # Somebody of her name who comes anew is somebody new.
    assert village.take_in(wang, first)[0].st == "stored"
    assert service.audit() == []


def test_an_id_written_in_escapes_is_known_all_the_same(village: Village, zhang: str) -> None:
    visit = village.make(village.pregnancy(village.cast.wang, zhang))
    erase(zhang)
    hidden = json.dumps(visit).replace(zhang, f"\\u00{ord(zhang[0]):02x}{zhang[1:]}")
    author = service.author_of(village.principal(village.cast.wang))
    item = service.incoming(visit, author)
    told_ = replace(item, body=hidden, sha=sha256(hidden.encode()).hexdigest())
    assert service.take_in([told_])[0].why == "erased"


def test_a_shared_visit_is_written_anew_without_him(village: Village) -> None:
    grid = village.cast.grid
    two = [village.resident("周小兰", "E12345678"), village.resident("何大勇", "E87654321")]
    visit = village.dwelling(grid, residents=two)
    assert village.send(visit).st == "stored"
    before = village.seen(grid)
    (him,) = [
        e
        for e, one in before.items()
        if one["type"] == "resident" and one["full_name"] == ["何大勇"]
    ]
    erase(him)
    assert "何大勇" not in all_text()
    row = logged(visit.id)
    text = service.vault().open(row.body, row.id).decode()
    assert "何大勇" not in text
    assert "E87654321" not in text
    assert "周小兰" in text
    seen = village.seen(grid)
    gone = before.keys() - seen.keys()
    assert {before[e]["type"] for e in gone} == {"resident", "tenancy"}
    assert {e: one for e, one in before.items() if e not in gone} == seen
    stood = versions()
    service.rebuild()
    assert versions() == stood
    assert service.audit() == []


def test_a_certificate_waits_for_each_phone(village: Village, zhang: str) -> None:
    wang = village.cast.wang
    held = cursors_of(village.pull(wang))
    done = erase(zhang, lambda _feeds: {"phone-of-wang", "phone-of-chen"})
    assert dict(erased.phones_of(done)) == {"phone-of-wang": None, "phone-of-chen": None}
    erased.note_answer("phone-of-wang", held)
    assert dict(erased.phones_of(done))["phone-of-wang"] is None
    erased.note_answer("phone-of-wang", {})
    assert dict(erased.phones_of(done))["phone-of-wang"] is None, "it has pulled nothing"
    erased.note_answer("phone-of-wang", cursors_of(village.pull(wang, held)))
    answered = dict(erased.phones_of(done))
    assert answered["phone-of-wang"] is not None
    assert answered["phone-of-chen"] is None


def test_what_reviewers_said_goes_with_the_visit(village: Village, zhang: str) -> None:
    chen = village.principal(village.cast.chen)
    sid = db.session.scalars(
        sa.select(m.Submission.id).where(m.Submission.user_id == village.cast.wang.id)
    ).first()
    service.accept(
        {
            "id": "6f8e1c52-5f6c-4d3b-9a34-1f6b0e0c1a11", "install": "desk", "n": 0,
            "user": chen.user_id, "form": "_review", "fv": "1", "app": "desk",
            "at": "2026-11-02T10:00:00+08:00", "clk": {"wall": 0, "mono": 0}, "area": LIULIN,
            "corrects": None, "on": "2026-11-02", "entities": [], "ops": [], "blobs": [],
            "answers": {"target": sid, "state": "returned",
                        "notes": [{"path": "g_person/n_name", "text": "张小梅的电话不对"}]},
        },
        chen,
    )  # fmt: skip
    assert "张小梅的电话不对" in all_text()
    erase(zhang)
    assert "张小梅" not in all_text()
    stood = versions()
    service.rebuild()
    assert versions() == stood
    assert service.audit() == []
