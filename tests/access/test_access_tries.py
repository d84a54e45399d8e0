"""A round of `make access` on each database, and the proof that the tries would notice."""

import pytest
import sqlalchemy as sa

from fieldapp.db import db

from . import run

SOME = ("nobody", "wang", "chen", "zhao", "head", "steward")  # `make access` tries them all


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_nothing_comes_through(name: str) -> None:
    outcome = run.play(name, SOME)
    assert outcome.tries > 900
    assert [(leak.who, leak.what, leak.leak) for leak in outcome.leaks] == []


def test_rows_stay_where_they_are_though_the_code_asks_for_all() -> None:
    outcome = run.play("postgresql, code unguarded", ("wang", "chen", "zhao"))
    assert outcome.tries > 500
    assert [(leak.who, leak.what, leak.leak) for leak in outcome.leaks] == []


def test_with_both_walls_down_the_tries_find_leaks() -> None:
    found = run.play("sqlite, code unguarded", ("zhao", "chen")).leaks
    assert {leak.who for leak in found} == {"zhao", "chen"}
    assert any("pull" in leak.what for leak in found)
    assert any("GET /api/review/visits" in leak.what for leak in found)


def test_before_anybody_is_known_no_row_is_seen() -> None:
    """As the app's role, with no setting at all."""
    with run.server("postgresql") as app:
        run.Place.furnish(app)
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
