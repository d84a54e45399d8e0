"""The server with logins that are no superusers: one owns its tables, the other owns nothing.

What docs/operating.md says to grant is run here as it stands there.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy.exc import ProgrammingError

from fieldapp import create_app
from fieldapp.cli import main, prepare
from fieldapp.db import db
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import SubjectKey
from fieldapp.sync import erasure
from fieldapp.sync.transactions import writing
from tests.cast import install_cast
from tests.conftest import settings_for
from tests.databases import drop_database, postgres_url

from .furnish import furnish
from .tries import tries

MANUAL = Path(__file__).parents[2] / "docs/operating.md"
SOME = ("nobody", "wang", "zhao", "chen", "steward")


@dataclass
class Logins:
    """Addresses of one database as its owner and as whoever only serves it."""

    owner: str
    web: str
    superuser: str


def documented() -> list[str]:
    """The statements of the manual, one by one."""
    text = MANUAL.read_text("utf-8")
    (block,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    return [one.strip() for one in block.split(";") if one.strip()]


@pytest.fixture
def logins() -> Iterator[Logins]:
    """An empty database, with the roles of the manual under names of their own."""
    url = sa.make_url(postgres_url())
    name = uuid.uuid4().hex[:8]
    owner, web = f"owner_{name}", f"web_{name}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        has = connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = 'fieldapp_app'")
        there = has.scalar() is not None
        for statement in documented():
            if there and statement.startswith("CREATE ROLE fieldapp_app"):
                continue
            mine = re.sub(r"\bfieldapp_owner\b", owner, statement)
            mine = re.sub(r"\bfieldapp_web\b", web, mine)
            mine = re.sub(r"DATABASE fieldapp\b", f'DATABASE "{url.database}"', mine)
            connection.exec_driver_sql(mine)
    engine.dispose()
    addresses = (url.set(username=user).render_as_string(False) for user in (owner, web))
    yield Logins(*addresses, url.render_as_string(False))
    drop_database(str(url.render_as_string(False)))


@contextmanager
def serving(home: Path, url: str) -> Iterator[Flask]:
    """The app on this address, prepared as `fieldapp run` does it."""
    app = create_app(settings_for(home, url))
    result = FlaskCliRunner(app).invoke(main, ["migrate"])
    assert result.exit_code == 0, (result.output, result.exception)
    with app.app_context():
        prepare()
        db.session.remove()
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def is_super(app: Flask) -> tuple[bool, bool]:
    """Whether the login is a superuser, and whether it owns any table."""
    with app.app_context():
        query = """SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb,
            EXISTS (SELECT 1 FROM pg_tables WHERE tableowner = rolname)
            FROM pg_roles WHERE rolname = session_user"""
        found = db.session.execute(sa.text(query)).one()
        db.session.remove()
    return bool(found[0]), bool(found[1])


def leaks(app: Flask) -> list[tuple[str, str, str | None]]:
    place = furnish(app)
    made = list(tries(place, people=SOME))
    assert len(made) > 400
    return [(one.who, one.what, one.leak) for one in made if one.leak]


def test_its_owner_migrates_and_serves_and_the_second_wall_holds(
    logins: Logins, tmp_path: Path
) -> None:
    with serving(tmp_path, logins.owner) as app:
        assert is_super(app) == (False, True)
        with app.app_context():
            install_cast(app)
            db.session.remove()
        assert leaks(app) == []
        assert seen_by_nobody(app) == 0


def test_who_owns_nothing_serves_what_the_owner_made(logins: Logins, tmp_path: Path) -> None:
    with serving(tmp_path, logins.owner) as app, app.app_context():
        install_cast(app)
        db.session.remove()
    with serving(tmp_path, logins.web) as app:
        assert is_super(app) == (False, False)
        assert leaks(app) == []
        assert seen_by_nobody(app) == 0
        for forbidden in (
            "ALTER TABLE submission DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE subject_key NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY b_reader ON submission",
            "DROP TABLE audit",
            "UPDATE audit SET actor = 'x'",
            "DELETE FROM audit",
            "CREATE TABLE mine (x int)",
        ):
            with app.app_context():
                with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                    db.session.execute(sa.text(forbidden))
                db.session.remove()


def test_a_key_that_was_destroyed_by_who_owns_nothing_goes_when_its_owner_migrates(
    logins: Logins, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, logins.owner):
        pass
    with serving(tmp_path, logins.web) as app, app.app_context():
        with writing() as connection:
            keys_of(connection).ensure(["health/zhang"])
            query = sa.select(SubjectKey.wrapped).where(SubjectKey.subject == "health/zhang")
            wrapped = connection.scalar(query) or b""
        with writing() as connection:
            keys_of(connection).destroy("health/zhang")
        assert not erasure.scrub()
        assert "Outstanding" in caplog.text
        assert FlaskCliRunner(app).invoke(main, ["migrate"]).exit_code == 0
    assert len(wrapped) > 32
    assert wrapped in file_of_keys(logins.superuser), "there was nothing to overwrite"
    app = create_app(settings_for(tmp_path, logins.owner))
    assert "overwritten" in FlaskCliRunner(app).invoke(main, ["migrate"]).output
    assert wrapped not in file_of_keys(logins.superuser)
    with app.app_context():
        db.engine.dispose()


def file_of_keys(url: str) -> bytes:
    """The table of keys as it lies on disk."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        query = "SELECT pg_read_binary_file(pg_relation_filepath('subject_key'))"
        found = bytes(connection.exec_driver_sql(query).scalar_one())
    engine.dispose()
    return found


def seen_by_nobody(app: Flask) -> int:
    """Rows of records and keys that somebody sees who never said who they are."""
    tables = ("submission", "entity", "audit", "subject_key", "server_key", "file_key")
    with app.app_context():
        found = 0
        for table in tables:
            db.session.execute(sa.text("SET LOCAL app.mode = ''"))
            found += db.session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
        db.session.remove()
    return found


def test_the_server_s_own_work_looks_up_no_reader(logins: Logins, tmp_path: Path) -> None:
    """In what order conditions are asked hangs on their places: a mistake costs tenfold."""
    with serving(tmp_path, logins.owner) as app, app.app_context():
        for table in ("submission", "entity", "mention", "subject_key"):
            plan = db.session.execute(sa.text(f"EXPLAIN SELECT count(*) FROM {table}")).scalars()
            (asked, *_) = [line for line in plan if "Filter:" in line]
            assert asked.index("'system'") < asked.index(" OR "), asked
        db.session.remove()
