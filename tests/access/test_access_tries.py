"""A round of `make access` on each database, and the proof that the tries would notice."""

from collections.abc import Collection
from functools import lru_cache

import pytest
import sqlalchemy as sa

from fieldapp.db import db

from . import run
from .tries import EXEMPT

# `make access` tries them all, everywhere.
SOME = {
    "sqlite": ("nobody", "wang", "zhao", "warden", "admin"),
    "postgresql": ("chen", "head", "steward"),
}


@lru_cache
def played(name: str, people: Collection[str] = ()) -> run.Outcome:
    return run.play(name, people or SOME[name])


@pytest.mark.parametrize("name", SOME)
def test_nothing_comes_through(name: str) -> None:
    outcome = played(name)
    assert outcome.tries > 1000
    assert [(leak.who, leak.what, leak.leak) for leak in outcome.leaks] == []


def test_every_route_is_tried_or_exempt_for_a_reason() -> None:
    """A new route fails here until somebody tries it with a foreign id, or says why not."""
    outcome = played("sqlite")
    tried = outcome.routes - {("", "")}
    assert outcome.rules - tried - EXEMPT.keys() == set(), "neither tried nor exempt"
    assert tried & EXEMPT.keys() == set(), "exempt, and tried all the same"
    assert (tried | EXEMPT.keys()) - outcome.rules == set(), "no route any more"
    assert all(len(why) > 20 for why in EXEMPT.values())


def test_what_is_one_s_own_is_opened() -> None:
    """The tries know ids and addresses as they are: what isn't foreign opens by them."""
    lead = {path for who, (_, path) in played("sqlite").opened if who == "zhao"}
    assert lead >= {
        "/api/review/visits/<visit_id>",
        "/api/review/visits/<visit_id>/files/<name>",
        "/api/review/conflicts/<entity>/<value>",
        "/api/review/quarantine/<item>",
        "/api/rights/requests/<request_id>",
        "/api/rights/requests/<request_id>/report",
        "/api/sync/fetch",
        "/api/sync/rescue",
    }
    steward = {path for who, (_, path) in played("sqlite").opened if who == "warden"}
    assert steward >= {
        "/api/rights/erasures/<erasure_id>",
        "/api/rights/requests/<request_id>/erasure",
        "/api/access-log/people/<path:subject>",
    }


def test_rows_stay_where_they_are_though_the_code_asks_for_all() -> None:
    outcome = run.play("postgresql, code unguarded", ("wang", "zhao"))
    assert outcome.tries > 500
    assert [(leak.who, leak.what, leak.leak) for leak in outcome.leaks] == []


def test_with_both_walls_down_the_tries_find_leaks() -> None:
    found = run.play("sqlite, code unguarded", ("zhao", "chen")).leaks
    assert {leak.who for leak in found} == {"zhao", "chen"}
    for what in ("pull of every feed", "GET /api/review/visits", "fetch", "own fetch"):
        assert any(what in leak.what for leak in found), what


def test_before_anybody_is_known_no_row_is_seen() -> None:
    """As the app's role, with no setting at all."""
    with run.server("postgresql") as app:
        run.furnish(app)
        with app.app_context():
            everything = count("submission")
            assert everything > 10
            for table in ("submission", "entity", "feed_change", "reg_write", "mention", "audit"):
                assert count(table) > 0
                assert count(table, "SET LOCAL ROLE fieldapp_app", "SET LOCAL app.mode = ''") == 0


def count(table: str, *before: str) -> int:
    """Rows of a table, after these statements in the same transaction."""
    db.session.rollback()
    for statement in before:
        db.session.execute(sa.text(statement))
    found: int = db.session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
    db.session.rollback()
    return found
