"""Order, repetition and batching change nothing; the log alone says what the register holds."""

import json
import random
from typing import Any

import pytest
import sqlalchemy as sa

from fieldapp.db import db
from fieldapp.subjects.models import EntitySubject
from fieldapp.sync import models as m
from fieldapp.sync import service
from tests.opened import opened

from .stories import Village, heads, open_conflicts, versions
from .test_merging_stories import desk, dots_of, two_phones


def a_busy_morning(village: Village) -> list[tuple[Any, dict[str, Any]]]:
    """Taken-in work of several people, with conflicts, a settlement, a return and a correction."""
    wang, li, chen, zhao = (getattr(village.cast, n) for n in ("wang", "li", "chen", "zhao"))
    home = two_phones(village)
    op = {"e": home, "r": "lessor_phone", "v": "13800000011", "sup": dots_of(home, "lessor_phone")}
    service.accept(desk(village, "_settle", ops=[op]), village.principal(zhao))
    village.send(village.dwelling(li, unit="2-1-101", residents=[village.resident()]))
    village.send(village.consent(wang))
    client = village.only(wang, "client")["id"]
    village.send(village.pregnancy(wang, client))
    village.send(village.pregnancy(chen, client, clinical=True))
    first = village.dwelling(wang, home, hazards="ebike")
    returned = village.send(first)
    answers = {"target": returned.id, "state": "returned", "notes": []}
    service.accept(desk(village, "_review", answers=answers), village.principal(zhao))
    village.send(village.dwelling(wang, home, hazards="wire", corrects=returned.id))
    rows = db.session.scalars(sa.select(m.Submission).order_by(m.Submission.received)).all()
    people = {person.id: person for person in (wang, li, chen, zhao)}
    taken = [(people[row.user_id], service.vault().open(row.body, row.id).decode()) for row in rows]
    db.session.rollback()
    return [(person, body) for person, body in taken]


@pytest.mark.parametrize("seed", range(3))
def test_a_rebuild_from_a_shuffled_log_is_equal(village: Village, seed: int) -> None:
    a_busy_morning(village)
    before, conflicts = versions(), open_conflicts()
    states, review = state_of_all(), reviews()
    assert len(before) > 15
    assert service.rebuild(random.Random(seed).shuffle) == len(review)
    assert versions() == before
    assert open_conflicts() == conflicts
    assert state_of_all() == states
    assert reviews() == review


def test_the_log_in_other_batches_gives_the_same(village: Village) -> None:
    """The same bytes, pushed to a server that has none of it, in chance orders and batches."""
    taken = a_busy_morning(village)
    before = versions()
    for seed in range(3):
        empty()
        rng = random.Random(seed)
        work = [item for item in taken for _ in range(rng.choice((1, 2)))]
        rng.shuffle(work)
        replay(village, work, rng)
        assert versions() == before, seed


def replay(village: Village, work: list[tuple[Any, str]], rng: random.Random) -> None:
    """Push everything by trusted authors; what needs its target or its entity comes last."""
    items = [
        service.incoming(json.loads(body), service.Author(person.id, person.name,
        person.role, trusted=True)) for person, body in work
    ]  # fmt: skip
    early = [item for item in items if '"form": "_' not in item.body]
    late = [item for item in items if '"form": "_' in item.body]
    for some in (early, late):
        while some:
            size = rng.randint(1, 4)
            for result in service.take_in(some[:size]):
                # Before its consent came a visit waits, and then goes in by itself.
                waits = result.st == "quarantined" and result.why == "consent"
                assert waits or result.st in ("stored", "conflict", "duplicate"), result
            some = some[size:]


def empty() -> None:
    """A server without work."""
    for model in (*m.DERIVED, m.Submission, m.Install):
        db.session.execute(sa.delete(model))
    db.session.commit()


def state_of_all() -> dict[str, Any]:
    """Every derived row that isn't a counter."""
    keys, found = service.vault(), dict[str, Any]()
    derived = (m.Entity, m.RegWrite, m.RegSup, m.Mention, m.EntityRoot, EntitySubject, m.Issue)
    for model in derived:
        rows = db.session.execute(sa.select(*model.__table__.columns)).mappings()
        told = [tuple(opened(model, dict(row), keys).values()) for row in rows]
        found[model.__tablename__] = sorted(told)
    db.session.rollback()
    return found


def reviews() -> dict[str, str]:
    rows = db.session.execute(sa.select(m.Submission.id, m.Submission.review)).all()
    db.session.rollback()
    return {row.id: row.review for row in rows}


def test_a_rebuild_gives_feeds_new_epochs_with_equal_sums(village: Village) -> None:
    a_busy_morning(village)
    sums = {feed: (total, count) for feed, (_, total, count) in heads().items() if count}
    epochs = dict(epochs_of_all())
    service.rebuild()
    again = {feed: (total, count) for feed, (_, total, count) in heads().items() if count}
    assert again == sums
    assert all(epochs_of_all()[feed] != epochs[feed] for feed in sums)


def epochs_of_all() -> dict[str, str]:
    rows = db.session.execute(sa.select(m.FeedHead.feed, m.FeedHead.epoch)).all()
    db.session.rollback()
    return {row.feed: row.epoch for row in rows}
