"""Health data sent from another village than hers: seven days, and nobody there learns its end.

Two women of 南坡村, of whom one withdrew; 王芳 of 柳林村 sends a visit about each.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp import clock
from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.attachments import service as attachments
from fieldapp.attachments.models import BlobChunk
from fieldapp.consent import service as consent
from fieldapp.db import db, write_transaction
from fieldapp.sync import feed, service
from fieldapp.sync.models import SubmissionVariant
from tests.api.test_attachments import content, send_all, states
from tests.cast import NANPO, OTHER_TOWN, Browser, Cast, Person
from tests.sync.stories import RECEIVED, TODAY, Village, logged
from tests.sync.test_foreign import about

LIST = "/api/review/quarantine"


@dataclass(frozen=True)
class Elsewhere:
    """The two visits. now(days=8) moves the clock to so long after they came."""

    app: Flask
    cast: Cast
    monkeypatch: pytest.MonkeyPatch
    agreed: dict[str, Any]
    silent: dict[str, Any]

    def now(self, **by: int) -> None:
        moment = RECEIVED + timedelta(**by)
        self.monkeypatch.setattr(clock, "now", lambda: moment)

    def expire(self, dry_run: bool = False) -> consent.Ended:
        with self.app.app_context():
            return consent.expire(dry_run)

    def length(self, visit: dict[str, Any]) -> int:
        with self.app.app_context():
            return len(logged(visit["id"]).body)

    def take_in(self) -> set[tuple[str, str | None]]:
        with self.app.app_context():
            village = Village(self.app, self.cast)
            told = village.take_in(self.cast.wang, self.agreed, self.silent)
        return {(one.st, one.why) for one in told}

    def nurse(self) -> Browser:
        """董慧, nurse of the town that 南坡村 is in."""
        with self.app.app_context(), write_transaction():
            grants = [Grant(OTHER_TOWN, "health")]
            users.add_user("dong", "董慧", "nurse", "gnod-2026!", grants, user_id="dong")
        return Person(self.app, "dong", "dong", "董慧", "nurse").log_in()


@pytest.fixture
def elsewhere(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    wang, sun = cast.wang, cast.sun
    with app.app_context():
        village = Village(app, cast)
        village.send(village.consent(wang, name="刘春燕", phone="13800000009"))
        own = str(village.only(wang, "client")["id"])
        village.send(village.consent(sun, village=NANPO))
        agreed = str(village.only(sun, "client")["id"])
        village.send(village.consent(sun, name="周小兰", phone="13800000008", village=NANPO))
        clients = {e for e, one in village.seen(sun).items() if one["type"] == "client"}
        (silent,) = clients - {agreed}
        start = {"visit_date": TODAY, "known": "1", "person_id": silent, "what_for": "withdraw"}
        no = village.visit(sun, "consent_record", area=NANPO, answers={"g_start": start})
        assert village.send(no).st == "stored"
        both = [about(village, client, own) for client in (agreed, silent)]
    story = Elsewhere(app, cast, monkeypatch, *both)
    story.now(seconds=0)
    assert story.take_in() == {("quarantined", "authz")}
    return story


def test_the_text_of_hers_who_doesn_t_agree_is_destroyed(elsewhere: Elsewhere) -> None:
    elsewhere.now(days=6, hours=23)
    assert elsewhere.expire() == consent.Ended(0, 0)
    elsewhere.now(days=7, seconds=1)
    assert elsewhere.expire(dry_run=True) == consent.Ended(0, 1)
    assert elsewhere.expire() == consent.Ended(0, 1)
    assert elsewhere.expire() == consent.Ended(0, 0)
    assert elsewhere.length(elsewhere.silent) == 0 < elsewhere.length(elsewhere.agreed)
    with elsewhere.app.app_context():
        assert service.readmit(elsewhere.silent["id"], overrule=True).why == "authz"
        service.rebuild()
        assert service.audit() == []


def test_who_sent_it_and_their_nurse_can_t_tell_which(elsewhere: Elsewhere) -> None:
    cast = elsewhere.cast
    ids = [elsewhere.agreed["id"], elsewhere.silent["id"]]
    rows = cast.chen.log_in().get(LIST).json
    assert sorted(row["id"] for row in rows) == sorted(ids)
    assert [row["days_left"] for row in rows] == [7, 7]
    elsewhere.now(days=6, hours=23)
    assert [row["days_left"] for row in cast.chen.log_in().get(LIST).json] == [0, 0]
    elsewhere.now(days=8)
    elsewhere.expire()
    with elsewhere.app.app_context():
        told = feed.verify(cast.wang.id, "", {"install": "x", "acked": ids, "n_max": 0})
    assert told["missing"] == told["durable"] == []
    assert list(told["states"].values()) == [{"st": "quarantined", "why": "authz"}] * 2
    assert elsewhere.take_in() == {("quarantined", "authz")}
    desk = cast.chen.log_in()
    assert desk.get(LIST).json == []
    assert desk.get("/api/review/summary").json["quarantined"] == 0
    assert {desk.get(f"{LIST}/{sid}").status_code for sid in ids} == {404}


def test_hers_who_agrees_waits_at_the_desk_of_her_village(elsewhere: Elsewhere) -> None:
    desk, sid = elsewhere.nurse(), elsewhere.agreed["id"]
    assert desk.get(LIST).json == []
    elsewhere.now(days=8)
    elsewhere.expire()
    desk = Person(elsewhere.app, "dong", "dong", "董慧", "nurse").log_in()
    (row,) = desk.get(LIST).json
    assert (row["id"], row["author"], row["why"]) == (sid, "王芳", "authz")
    assert row["days_left"] is None
    done = desk.post(f"{LIST}/{sid}/release", {"reason": "她搬到了南坡村"})
    assert done.status_code == 200, done.json
    assert [row["id"] for row in desk.get("/api/review/visits").json["items"]][:1] == [sid]
    away = elsewhere.cast.chen.log_in().get("/api/review/visits").json["items"]
    assert sid not in [row["id"] for row in away]
    elsewhere.now(days=9)
    assert elsewhere.expire() == consent.Ended(0, 0)
    with elsewhere.app.app_context():
        assert logged(sid).state == "stored"
        service.rebuild()
        assert service.audit() == []


def test_the_page_of_phones_doesn_t_tell_which(elsewhere: Elsewhere) -> None:
    """By a phone for each visit: 陈静 reads the same of both."""
    wang = elsewhere.cast.wang
    for visit in (elsewhere.agreed, elsewhere.silent):
        phone = wang.enrol()
        waits = {"install": phone.install, "acked": [], "n_max": 1, "waiting": {"health": 1}}
        phone.call("verify", waits)
        elsewhere.now(minutes=1)
        again = visit | {"id": clock.new_id(), "install": phone.install, "user": wang.id}
        assert phone.push([again])[0]["why"] == "authz"
        elsewhere.now(seconds=0)

    def told() -> list[dict[str, Any]]:
        rows = elsewhere.cast.chen.log_in().get("/api/review/phones").json
        return [{name: row[name] for name in row if name != "id"} for row in rows]

    first, second = told()
    assert first == second
    assert first["quarantined"] == 1
    elsewhere.now(days=8)
    elsewhere.expire()
    first, second = told()
    assert first == second
    assert (first["quarantined"], first["stored"]) == (0, 0)


def test_other_bytes_under_a_known_id_last_no_longer(elsewhere: Elsewhere) -> None:
    """Of her who agrees they stay, as an alarm; of her who doesn't they go."""
    elsewhere.now(days=1)
    with elsewhere.app.app_context():
        village = Village(elsewhere.app, elsewhere.cast)
        own = str(village.only(elsewhere.cast.wang, "client")["id"])
        kept = village.make(village.pregnancy(elsewhere.cast.wang, own))
        other, hers = kept | {"n": 8}, json.dumps(kept | {"n": 9})
        silent = json.loads(hers.replace(own, elsewhere.silent["answers"]["g_visit"]["person_id"]))
        told = village.take_in(elsewhere.cast.wang, kept, other, silent)
        assert [one.st for one in told] == ["stored", "variant", "variant"]
    elsewhere.now(days=8)
    elsewhere.expire()
    with elsewhere.app.app_context():
        left = [json.loads(service.vault().open(row.body, row.id)) for row in variants()]
        assert [each["n"] for each in left] == [8]


def test_photos_go_with_the_visit_and_tell_nothing(elsewhere: Elsewhere) -> None:
    """Two visits with a photo each: who sent them is told the same of both, and only hers who
    agrees is there."""
    wang = elsewhere.cast.wang
    phone, photos = wang.enrol(), (b"of her who agrees", b"of her who doesn't")
    hashes = [sha256(photo).hexdigest() for photo in photos]
    for visit, photo, sha in zip((elsewhere.agreed, elsewhere.silent), photos, hashes, strict=True):
        again = visit | {"id": clock.new_id(), "install": phone.install, "blobs": [sha]}
        assert phone.push([again])[0]["why"] == "authz"
        assert send_all(phone, photo)["st"] == "stored"
    before = states(phone, *hashes)
    elsewhere.now(days=8)
    elsewhere.expire()
    assert states(phone, *hashes) == before
    assert [content(elsewhere.app, wang.id, sha) for sha in hashes] == [photos[0], None]
    with elsewhere.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(BlobChunk)) == 1
        assert list(attachments.faults()) == []


def variants() -> list[Any]:
    return list(db.session.execute(sa.select(SubmissionVariant)).scalars())


def test_what_nobody_can_read_lasts_half_a_year(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        village = Village(app, cast)
        wang = cast.wang
        visit = village.make(village.dwelling(wang))
        unread = {**visit, "id": clock.new_id(), "answers": 3}
        unknown = {**visit, "id": clock.new_id(), "form": "of_no_program"}
        late = {**visit, "id": clock.new_id(), "fv": "1999-1"}
        told = village.take_in(wang, unread, unknown, late)
        assert [one.why for one in told] == ["parse", "unknown_form", "unknown_form"]
    for days, ended in ((179, 0), (181, 2)):
        moment = RECEIVED + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        with app.app_context():
            assert consent.expire(dry_run=True) == consent.Ended(0, ended)
            assert consent.expire() == consent.Ended(0, ended)
    with app.app_context():
        left = [len(logged(one["id"]).body) for one in (unread, unknown, late)]
        assert left[:2] == [0, 0]
        assert left[2] > 0, "a rental visit, whose form the administrator may yet publish"
        assert service.audit() == []
