"""Nothing is refused at the door: each item has its own result, and a bad one stays alone."""

import json
import threading
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa

from fieldapp.accounts import users
from fieldapp.db import db, write_transaction
from fieldapp.sync import models as m
from fieldapp.sync import service
from fieldapp.sync.apply import Incoming
from fieldapp.sync.store import Store

from .stories import RECEIVED, Village, heads, logged, versions


def raw(village: Village, body: str, sid: str, **more: Any) -> Incoming:
    """An item with this text, by 王芳."""
    author = service.author_of(village.principal(village.cast.wang))
    sha = sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    return Incoming(sid, sha, body, author, RECEIVED, **more)


def poisons(village: Village) -> dict[str, tuple[str, str]]:
    """(id, body) by what is wrong with it."""
    wang = village.cast.wang
    good = village.make(village.dwelling(wang))

    def but(number: int, **changed: Any) -> tuple[str, str]:
        sid = f"00000000-0000-4000-8000-{number:012d}"
        return sid, json.dumps({**good, "id": sid} | changed, ensure_ascii=False)

    deep: dict[str, Any] = {}
    for _ in range(25):
        deep = {"deeper": deep}
    bottomless = "[" * 100_000
    sid, text = but(20)
    return {
        "not JSON": (sid, text[:-20]),
        "empty": (but(1)[0], ""),
        "not an object": (but(2)[0], "[]"),
        "another id within": (but(3)[0], json.dumps(good)),
        "ops are no list": but(4, ops={"e": 1}),
        "an op is nothing": but(21, ops=[None]),
        "an entity is a text": but(22, entities=["x"]),
        "a value is a number": but(5, ops=[{"e": "x", "r": "phone", "v": 5, "sup": []}]),
        "a dot is none": but(6, ops=[{"e": "x", "r": "phone", "v": "5", "sup": ["x"]}]),
        "n is negative": but(7, n=-1),
        "n is huge": but(8, n=10**30),
        "no answers": but(9, answers=None),
        "NUL in a text": but(10, answers={"g_visit": "\x00"}),
        "half a character": but(11, answers={"g_visit": "\ud800"}),
        "NaN": (but(12)[0], text.replace(sid, but(12)[0]).replace('"n": 0', '"n": NaN')),
        "too deep": but(13, answers=deep),
        "bottomless": (but(14)[0], bottomless),
        "too large": but(15, answers={"g_visit": "x" * 600_000}),
        "unknown form": but(16, form="census"),
        "unknown version": but(17, fv="1066"),
        "another village": but(18, area="379901002001"),
        "another's name": but(19, user="somebody"),
    }


KINDS = {
    "too deep": "too_deep", "bottomless": "too_deep", "too large": "too_large",
    "unknown form": "unknown_form", "unknown version": "unknown_form",
    "another village": "authz", "another's name": "authz",
}  # fmt: skip


def test_every_poison_is_kept_whole_and_told_apart(village: Village) -> None:
    found = poisons(village)
    for name, (sid, body) in found.items():
        result = service.take_in([raw(village, body, sid)])[0]
        assert (result.st, result.why) == ("quarantined", KINDS.get(name, "parse")), name
        row = logged(sid)
        kept = service.vault().open(row.body, sid).decode("utf-8", "surrogatepass")
        assert kept == body, name
    assert versions() == {}


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_poisoned_item_holds_up_nobody(village: Village, position: int) -> None:
    wang = village.cast.wang
    for name, (sid, body) in poisons(village).items():
        goods = [village.make(village.dwelling(wang, unit=f"{position}-{k}")) for k in range(2)]
        items = [village.incoming(wang, good) for good in goods]
        items.insert(position, raw(village, body, sid))
        results = service.take_in(items)
        assert [r.id for r in results] == [item.id for item in items]
        assert [r.st for r in results if r.id != sid] == ["stored", "stored"], name
        assert results[position].st == "quarantined", name


def test_a_text_that_came_damaged_is_asked_for_again(village: Village) -> None:
    item = village.incoming(village.cast.wang, village.make(village.dwelling(village.cast.wang)))
    damaged = raw(village, item.body[:-1], item.id)
    damaged = Incoming(item.id, item.sha, damaged.body, item.author, RECEIVED)
    assert service.take_in([damaged])[0].st == "later"
    assert service.take_in([item])[0].st == "stored"


def test_sending_twice_is_sending_once(village: Village) -> None:
    made = village.make(village.dwelling(village.cast.wang))
    first, second = village.take_in(village.cast.wang, made, made)
    assert (first.st, second.st) == ("stored", "duplicate")
    before = versions(), heads()
    assert village.take_in(village.cast.wang, made)[0].st == "duplicate"
    assert (versions(), heads()) == before


def test_one_that_was_kept_aside_stays_aside_when_sent_again(village: Village) -> None:
    made = village.make(village.dwelling(village.cast.wang), form="census")
    for _ in range(2):
        result = village.take_in(village.cast.wang, made)[0]
        assert (result.st, result.why) == ("quarantined", "unknown_form")


def test_other_bytes_under_the_same_id_are_kept_too(village: Village) -> None:
    made = village.make(village.dwelling(village.cast.wang))
    changed = made | {"at": "2026-11-02T09:00:00+08:00"}
    results = village.take_in(village.cast.wang, made, changed, changed)
    assert [r.st for r in results] == ["stored", "variant", "variant"]
    assert village.take_in(village.cast.wang, changed)[0].st == "variant"
    variant = db.session.scalars(sa.select(m.SubmissionVariant)).one()
    kept = service.vault().open(variant.body, made["id"])
    assert json.loads(kept)["at"] == changed["at"]


def test_ten_phones_send_the_same_at_once(village: Village) -> None:
    """A cloned phone, or a nervous network: exactly one is stored."""
    made = village.make(village.dwelling(village.cast.wang))
    items = [village.incoming(village.cast.wang, made) for _ in range(10)]
    results: list[str] = []
    together = threading.Barrier(10)

    def send(item: Incoming) -> None:
        with village.app.app_context():
            together.wait()
            results.append(service.take_in([item])[0].st)
            db.session.remove()

    threads = [threading.Thread(target=send, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["duplicate"] * 9 + ["stored"]
    assert heads()["379901001001.housing"][2] == 3


def test_a_worker_of_another_town_changes_nothing(village: Village) -> None:
    wang, sun = village.cast.wang, village.cast.sun
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    made = village.make(village.dwelling(wang, home, phone="13800000066"))
    made |= {"id": "10000000-0000-4000-8000-000000000001", "user": sun.id, "area": "379901002001"}
    before = versions()
    result = village.take_in(sun, made)[0]
    assert (result.st, result.why) == ("quarantined", "authz")
    assert versions() == before


def test_a_visit_is_not_smuggled_into_another_village(village: Village) -> None:
    """The submission says 王芳's village, the dwelling another one."""
    wang = village.cast.wang
    visit = village.dwelling(wang, village="379901002001", area="379901001001")
    result = village.send(visit)
    assert (result.st, result.why) == ("quarantined", "authz")


def test_an_id_of_something_else_is_not_taken_over(village: Village) -> None:
    wang = village.cast.wang
    village.send(village.consent(wang))
    client = village.only(wang, "client")["id"]
    visit = village.dwelling(wang)
    answers = json.loads(json.dumps(visit.answers))
    answers["g_dw"]["meta"]["entity"]["@id"] = client
    before = versions()
    result = village.send(service.Visit(**{**vars(visit), "answers": answers}))
    assert (result.st, result.why) == ("quarantined", "authz")
    assert versions() == before


def test_an_area_lead_fills_no_health_form(village: Village) -> None:
    zhao = village.cast.zhao
    result = village.send(village.consent(zhao))
    assert (result.st, result.why) == ("quarantined", "authz")


def test_unsent_work_of_a_closed_account_is_kept_aside(village: Village) -> None:
    made = village.make(village.dwelling(village.cast.wang))
    item = village.incoming(village.cast.wang, made)
    with write_transaction():
        user = users.get(village.cast.wang.id)
        assert user is not None
        users.set_active(user, False)
    nobody = service.Author(item.author.user_id, "王芳", "worker")
    former = Incoming(item.id, item.sha, item.body, nobody, RECEIVED)
    result = service.take_in([former])[0]
    assert (result.st, result.why) == ("quarantined", "authz")


def test_a_supervisor_admits_what_was_kept_aside(village: Village) -> None:
    wang = village.cast.wang
    item = raw(village, *reversed(plain(village)), aside="revoked")
    assert service.take_in([item])[0].why == "revoked"
    assert versions() == {}
    assert service.readmit(item.id).st == "stored"
    assert village.only(wang, "dwelling")["lessor_name"] == ["刘春燕"]
    assert logged(item.id).review == "received"
    assert service.take_in([item])[0].st == "duplicate"
    assert service.readmit(item.id).st == "stored"  # again: nothing happens
    assert heads()["379901001001.housing"][0] == 3


def test_without_rights_it_takes_a_decision_to_admit_it(village: Village) -> None:
    made = village.make(village.dwelling(village.cast.wang), area="379901002001")
    assert village.take_in(village.cast.wang, made)[0].why == "authz"
    assert service.readmit(made["id"]).why == "authz"
    assert service.readmit(made["id"], overrule=True).st == "stored"


def test_what_cannot_be_written_is_kept_aside_alone(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database rejects what one of three does: the other two are stored."""
    wang = village.cast.wang
    made = [village.make(village.dwelling(wang, unit=f"9-{k}")) for k in range(3)]
    bad = next(t["e"] for t in made[1]["entities"] if t["t"] == "dwelling")
    write = Store._write_entities

    def write_but(self: Store, rows: list[dict[str, Any]]) -> None:
        if bad in {row["id"] for row in rows}:
            raise sa.exc.DataError("INSERT", {}, Exception("value out of range"))
        write(self, rows)

    monkeypatch.setattr(Store, "_write_entities", write_but)
    results = village.take_in(wang, *made)
    assert [r.st for r in results] == ["stored", "quarantined", "stored"]
    assert results[1].why == "apply"
    assert heads()["379901001001.housing"][2] == 6


def test_a_passing_fault_loses_nothing(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that isn't given in time, then is."""
    made = village.make(village.dwelling(village.cast.wang))
    flush, tries = Store.flush, []

    def flush_late(self: Store, since: str) -> None:
        tries.append(since)
        if len(tries) < 3:
            raise sa.exc.OperationalError("UPDATE", {}, Exception("lock timeout"))
        flush(self, since)

    monkeypatch.setattr(Store, "flush", flush_late)
    monkeypatch.setattr(service, "PAUSE", 0)
    assert village.take_in(village.cast.wang, made)[0].st == "stored"
    assert len(tries) == 3


def test_a_lasting_fault_asks_to_send_again(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = village.make(village.dwelling(village.cast.wang))

    def fail(self: Store, since: str) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(Store, "flush", fail)
        patch.setattr(service, "PAUSE", 0)
        assert village.take_in(village.cast.wang, made)[0].st == "later"
    assert db.session.get(m.Submission, made["id"]) is None
    assert village.take_in(village.cast.wang, made)[0].st == "stored"


def plain(village: Village) -> tuple[str, str]:
    """(id, body) of a good visit."""
    made = village.make(village.dwelling(village.cast.wang))
    return made["id"], json.dumps(made)
