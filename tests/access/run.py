"""One round on one database, with PostgreSQL's own wall up or not."""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import sqlalchemy as sa
from flask import Flask

from fieldapp import create_app
from fieldapp.accounts import service as accounts
from fieldapp.db import db
from fieldapp.forms.service import publish_packaged
from fieldapp.registry import service as registry
from fieldapp.sync import feed, seen
from fieldapp.sync.models import FeedHead
from tests.cast import LIULIN, install_cast
from tests.conftest import settings_for
from tests.databases import drop_database, postgres_url
from tests.sync.stories import Village

from .answers import Try
from .furnish import furnish
from .moved import move, moved
from .place import OWN, Place, Route
from .tries import seen_by, tries

ROUNDS = ("sqlite", "postgresql", "postgresql, rows unguarded", "postgresql, code unguarded")


@dataclass
class Outcome:
    """How many tries there were, what came through, what was tried, what of their own was opened,
    and what there is to try.
    """

    tries: int
    leaks: list[Try]
    routes: frozenset[Route]
    opened: frozenset[tuple[str, Route]]
    rules: frozenset[Route]


def play(name: str, people: Collection[str] = OWN) -> Outcome:
    """A round by name, as these people."""
    bare = name.endswith("code unguarded")
    with server(name) as app:
        place = furnish(app)
        with _first_wall_down(app) if bare else nullcontext():
            made = list(tries(place, not bare, people))
        made += [] if bare else _unmoved(place)
        move(place)
        with _first_wall_down(app) if bare else nullcontext():
            made += moved(place, people)
        return Outcome(
            len(made),
            [one for one in made if one.leak],
            frozenset(one.route for one in made),
            frozenset((one.who, one.route) for one in made if one.opened),
            frozenset(
                (method, rule.rule)
                for rule in app.url_map.iter_rules()
                for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
            ),
        )


def _unmoved(place: Place) -> Iterator[Try]:
    """What housing sees is the same, byte by byte, whatever happens in health meanwhile."""
    housing = ("zhao", "head", "assistant", "grid", "steward", "warden")
    before = {who: seen_by(place, who) for who in housing}
    with place.app.app_context():
        village, cast = Village(place.app, place.cast), place.cast
        client = min(
            e.id
            for e in registry.of_type(village.principal(cast.chen), "health", "client")
            if LIULIN in e.areas
        )
        village.send(village.pregnancy(cast.chen, client, clinical=True))
        village.send(village.consent(cast.wang, name="又一人", phone="13900000001"))
        village.send(village.pregnancy(cast.wang, client))
        db.session.remove()
    for who in housing:
        for path, now in seen_by(place, who).items():
            moved = None if now == before[who][path] else f"is another: {now!r}"[:300]
            yield Try(who, f"{path} after health went on", moved)


@contextmanager
def _first_wall_down(app: Flask) -> Iterator[None]:
    """The code asks for everything, as if it had forgotten every condition."""
    with app.app_context():
        feeds = sorted(db.session.scalars(sa.select(FeedHead.feed)))
        db.session.remove()

    def every_feed(principal: accounts.Principal) -> list[str]:
        return feeds

    def anything(*_: object) -> sa.ColumnElement[bool]:
        return sa.true()

    with (
        patch.object(seen, "admitted", anything),
        patch.object(seen, "_is_there", anything),
        patch.object(seen, "_is_lent", anything),
        patch.object(seen, "_aside_for", anything),
        patch.object(seen, "visible_feeds", every_feed),
        patch.object(feed, "feeds_of", every_feed),
        patch.object(accounts, "feeds_of", every_feed),
    ):
        yield


@contextmanager
def server(name: str) -> Iterator[Flask]:
    with tempfile.TemporaryDirectory() as home:
        sqlite = name.startswith("sqlite")
        url = f"sqlite:///{home}/fieldapp.sqlite" if sqlite else postgres_url()
        settings = settings_for(Path(home), url, row_security=not name.endswith("rows unguarded"))
        app = create_app(settings)
        with app.app_context():
            db.create_all()
            install_cast(app)
            publish_packaged()
            db.session.remove()
        try:
            yield app
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
            if not sqlite:
                drop_database(url)
