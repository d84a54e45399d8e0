"""The migrations make the tables of the models, on both databases, in one unbroken line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Integer, LargeBinary, MetaData, Table, inspect
from sqlalchemy.exc import IntegrityError

from fieldapp import create_app
from fieldapp.db import db
from fieldapp.sync.merge import Dot, Write
from fieldapp.sync.quality import issue_id
from tests.conftest import settings_for
from tests.databases import drop_database, postgres_url
from tests.opened import state_of


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A server on a database without tables, inside its app context."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}" if sqlite else postgres_url()
    app = create_app(settings_for(tmp_path, url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if not sqlite:
        drop_database(url)


def differences() -> list[Any]:
    """What Alembic would change so that the database equals the models."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, db.metadata)


def test_the_head_equals_the_models(empty: Flask) -> None:
    assert differences(), "an empty database differs, or the comparison sees nothing"
    flask_migrate.upgrade()
    assert differences() == []


def test_upgrading_twice_changes_nothing(empty: Flask) -> None:
    flask_migrate.upgrade()
    flask_migrate.upgrade()
    assert differences() == []


def test_every_step_can_be_taken_back(empty: Flask) -> None:
    flask_migrate.upgrade()
    flask_migrate.downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]


def test_records_survive_the_lighter_registers_both_ways(empty: Flask) -> None:
    """One visit named in a state, as 0001 stored it and as 0002 does."""
    flask_migrate.upgrade(revision="0001")
    old = {"edd": [["2027-03-01", "s1", 4, "2026-11-02", "2026-11-02T01:00:00.000Z"]]}
    fill("entity", id="e1", state=json.dumps(old), home='[1, "s1", ""]', areas="[]")
    fill("submission", id="s1", on_date="2026-11-02", at="2026-11-02T01:00:00.000Z")
    fill("reg_write", sid="s1", i=4, entity="e1", value='"2027-03-01"')
    fill("mention", sid="s1", entity="e1")
    before = {table: content(table) for table in ("entity", "submission", "reg_write")}
    flask_migrate.upgrade()
    assert state_of("e1") == {
        "edd": (Write(Dot("s1", 4), "2027-03-01", "2026-11-02", "2026-11-02T01:00:00.000Z"),)
    }
    assert b"2027-03-01" not in content("entity")[0]["state"]
    flask_migrate.downgrade(revision="0001")
    after = {table: content(table) for table in before}
    assert json.loads(after["entity"][0].pop("state")) == old
    before["entity"][0].pop("state")
    stamped = {"on_date": "2026-11-02", "at": "2026-11-02T01:00:00.000Z"}
    assert after == {**before, "reg_write": [before["reg_write"][0] | stamped]}


def test_issues_that_stood_before_are_open_and_due(empty: Flask) -> None:
    flask_migrate.upgrade(revision="0003")
    fill("submission", id="s1", received="2026-11-02T01:00:00.000Z")
    fill("issue", sid="s1", i=0, kind="constraint", path="g/age", detail="小于120")
    fill("issue", sid="s1", i=1, kind="reserved", path="e1/sbp", detail="worker")
    flask_migrate.upgrade()
    found = {row["kind"]: row for row in content("issue")}
    assert found["constraint"]["id"] == issue_id("s1", "constraint", "g/age")
    told = {kind: (row["severity"], row["due"], row["state"]) for kind, row in found.items()}
    assert told == {
        "constraint": ("block", "2026-11-05", "open"),
        "reserved": ("warn", "2026-11-16", "open"),
    }
    flask_migrate.downgrade(revision="0003")
    assert [(row["i"], row["path"]) for row in content("issue")] == [(0, "g/age"), (1, "e1/sbp")]


def test_workers_with_both_scopes_keep_them_and_nobody_gains_any(empty: Flask) -> None:
    flask_migrate.upgrade(revision="0015")
    fill("area", code="379901001001", parent=None)
    both = "health housing"
    given = {
        "wang": ("worker", both),
        "li": ("worker", "housing"),
        "chen": ("nurse", both),
        "shen": ("steward", both),
    }
    for name, (role, scopes) in given.items():
        fill("user_account", id=name, username=name, role=role, first_until=None)
        for scope in scopes.split():
            fill("user_grant", user_id=name, area="379901001001", scope=scope)
    flask_migrate.upgrade()
    held = {(row["user_id"], row["role"], row["scope"]) for row in content("user_grant")}
    assert held == {
        (name, role, scope)
        for name, (role, scopes) in given.items()
        for scope in scopes.split()
        if (role, scope) != ("nurse", "housing")
    }
    (trained,) = content("training")
    assert (trained["user_id"], trained["trained_on"], bool(trained["approved"])) == (
        "wang",
        "",
        True,
    )
    with pytest.raises(IntegrityError):
        fill("user_grant", user_id="chen", area="379901001001", scope="housing", role="nurse")
    flask_migrate.downgrade(revision="0015")
    assert len(content("user_grant")) == len(held)


def fill(table: str, **values: Any) -> None:
    """Add a row to a table as it is now; what isn't given is blank or 0."""
    with db.engine.begin() as connection:
        there = Table(table, MetaData(), autoload_with=connection)
        blank = {
            c.name: 0 if isinstance(c.type, Integer) else b"" if isinstance(c.type, LargeBinary)
            else "" for c in there.columns
        }  # fmt: skip
        connection.execute(there.insert(), blank | values)


def content(table: str) -> list[dict[str, Any]]:
    """The rows of a table as it is now."""
    with db.engine.connect() as connection:
        there = Table(table, MetaData(), autoload_with=connection)
        return [dict(row._mapping) for row in connection.execute(there.select())]


def test_revisions_are_numbered_in_one_line() -> None:
    script = ScriptDirectory(str(Path(__file__).parents[2] / "fieldapp" / "migrations"))
    revisions = [step.revision for step in script.walk_revisions()][::-1]
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    assert len(script.get_heads()) == 1
