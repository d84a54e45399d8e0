"""The migrations make the tables of the models, on both databases, in one unbroken line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect

from fieldapp import create_app
from fieldapp.db import db
from tests.conftest import settings_for
from tests.databases import drop_database, postgres_url


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


def test_revisions_are_numbered_in_one_line() -> None:
    script = ScriptDirectory(str(Path(__file__).parents[2] / "fieldapp" / "migrations"))
    revisions = [step.revision for step in script.walk_revisions()][::-1]
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    assert len(script.get_heads()) == 1
