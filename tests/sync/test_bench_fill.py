"""What `make bench-sync` fills its databases with is what real pushes leave behind, row by row."""

from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.service import principal_of
from fieldapp.areas.service import put_area
from fieldapp.db import db, write_transaction
from fieldapp.subjects.models import SubjectKey
from fieldapp.sync import models as m
from fieldapp.sync import service
from fieldapp.sync.wire import read
from tests.opened import opened
from tests.speed.clones import Clones, Village
from tests.speed.fill import fill
from tests.speed.story import LOGGED, TOWN, Story, settings_for, tell


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return tell(tmp_path_factory.mktemp("story"))


HERE = Village(number=0, clients=3)


def test_filling_leaves_what_pushes_leave(
    app: Flask, story: Story, db_url: str, tmp_path: Path
) -> None:
    """Three clients of a village: pushed, each visit by itself, and filled in. Every row agrees."""
    clones = Clones(story)
    with app.app_context():
        app.config["SETTINGS"] = settings_for(tmp_path, db_url)
        _move_in(HERE)
        _push(clones, HERE)
        pushed = _stored()
        with write_transaction() as tx:
            for table in (*LOGGED, m.FeedHead, m.AreaHead, m.Install, SubjectKey):
                tx.execute(sa.delete(table))
        db.engine.dispose()
        fill(db_url, story, [HERE])
        filled = _stored()
        assert service.audit() == []
    for table in pushed:
        assert filled[table] == pushed[table], table


def test_visits_can_follow_what_was_filled_in(
    app: Flask, story: Story, db_url: str, tmp_path: Path
) -> None:
    """Five more rounds are taken in without a conflict or a finding."""
    clones = Clones(story)
    with app.app_context():
        app.config["SETTINGS"] = settings_for(tmp_path, db_url)
        _move_in(HERE)
        db.session.remove()
        fill(db_url, story, [HERE])
        for body in islice(clones.further(HERE, 1), 5):
            assert _take_in(HERE, body).st == "stored"
        assert not db.session.scalars(sa.select(m.Issue.kind)).all()
        db.session.rollback()
        assert service.audit() == []


def _move_in(village: Village) -> None:
    with write_transaction():
        put_area(village.area, "柳林村", "Liulin", "village", TOWN)
        grants = [Grant(village.area, "health")]
        users.add_user("mei", "陈静", "nurse", "no-log-in-2026!", grants, user_id=village.nurse)


def _push(clones: Clones, village: Village) -> None:
    for client in range(village.clients):
        for body in clones.stored_bodies(village, client):
            assert _take_in(village, body).st == "stored"


def _take_in(village: Village, body: str) -> Any:
    principal = principal_of(village.nurse)
    assert principal
    sent = read(body)
    received = sent.at
    assert received
    item = service.Incoming(
        sent.id, sha256(body.encode()).hexdigest(), body, service.author_of(principal), received,
        install=village.install, n=sent.n, device_id=village.device, skew=0,
    )  # fmt: skip
    return service.take_in([item])[0]


def _stored() -> dict[str, list[Any]]:
    """All rows, sealed ones opened; what nobody can foresee left out."""
    db.session.rollback()
    found: dict[str, list[Any]] = {}
    for model in (*LOGGED, m.FeedHead, m.AreaHead, m.Install, m.Issue, m.Conflict):
        rows = [dict(row._mapping) for row in db.session.execute(sa.select(model.__table__))]
        for row in rows:
            row |= opened(model, row, service.vault())
            if model is m.FeedHead:
                del row["epoch"]
            if model is m.Install:
                del row["first_seen"], row["last_seen"]
        found[model.__tablename__] = sorted(rows, key=repr)
    db.session.rollback()
    return found
