"""`make erase`: erase two people of a filled district and look for them everywhere.

    python -m tests.erase [--db sqlite|postgresql]

Looks into the database's files, a dump, logs, exports and a fresh backup as bytes, and into every
sealed column with all the keys the server has; then after a rebuild, and after an older backup was
put back. Prints one line of figures a database; ends with 1 if anything was found or is wrong.
"""

import argparse
import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import flask_migrate
import sqlalchemy as sa
from argon2 import PasswordHasher

from fieldapp import create_app
from fieldapp.accounts import passwords
from fieldapp.backup.service import backup
from fieldapp.db import db
from fieldapp.forms.service import publish_packaged
from tests.cast import install_cast, meet_cast
from tests.conftest import settings_for
from tests.databases import client_programs, drop_database, postgres_url

from .story import Story


@contextlib.contextmanager
def district(kind: str, home: Path) -> Iterator[Story]:
    """A server of this kind with the cast, its logs in a file."""
    (home / "logs").mkdir()
    log = logging.FileHandler(home / "logs" / "server.log")
    logging.getLogger().addHandler(log)
    logging.getLogger().setLevel(logging.DEBUG)
    url = f"sqlite:///{home / 'db' / 'fieldapp.sqlite'}" if kind == "sqlite" else postgres_url()
    (home / "db").mkdir()
    app = create_app(settings_for(home, url))
    with app.app_context():
        flask_migrate.upgrade()
        install_cast(app)
        publish_packaged()
        db.session.remove()
    try:
        yield Story(app, meet_cast(app), home)
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        if kind != "sqlite":
            drop_database(url)
        logging.getLogger().removeHandler(log)


def settle(story: Story) -> Path:
    """Let the database write all it has to its files; the folder in which they lie."""
    with story.app.app_context():
        engine = db.engine
        db.session.remove()
        if engine.dialect.name == "sqlite":
            return story.home / "db"
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in ("VACUUM FULL", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
                connection.execute(sa.text(statement))
            number = connection.scalar(
                sa.text("SELECT oid FROM pg_database WHERE datname = current_database()")
            )
        host = parse_qs(urlsplit(engine.url.render_as_string()).query)["host"][0]
        return Path(host) / "data" / "base" / str(number)


def look(story: Story, folder: Path) -> list[str]:
    """Where anything of them can still be read: files as they lie, and all that opens."""
    found = [f"{v} ({form}) in {path.name}" for path, v, form in story.captured.in_folder(folder)]
    for path in sorted((story.home / "fresh").glob("*.dump")):  # packed: looked at as text
        text = subprocess.run(["pg_restore", "--file=-", path], capture_output=True, check=True)
        found += [f"{v} ({form}) in fresh dump" for v, form in story.captured.in_bytes(text.stdout)]
    for name in ("logs", "exports", "fresh"):
        for path, value, form in story.captured.in_folder(story.home / name):
            found.append(f"{value} ({form}) in {name}/{path.name}")
    found += story.readable()
    found += [f"{value} in a feed" for value in story.feeds_name()]
    return found


def keys_left(story: Story, folder: Path) -> list[str]:
    """Files of the database in which a destroyed key still lies."""
    return [
        f"a destroyed key in {path.name}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for key in story.wrapped
        if key in path.read_bytes()
    ]


def play(kind: str) -> bool:
    """The whole story on one kind of database; whether all is well."""
    began, wrong = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="fieldapp-erase-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with district(kind, home) as story:
            wrong += [] if len(story.captured.in_bytes(story.captured.control())) else ["control"]
            story.fill()
            readable = {value for value in story.captured.values
                        if any(value in place for place in story.readable())}  # fmt: skip
            wrong += [f"{v} was never captured" for v in {*story.captured.values} - readable]
            old = story.back_up()
            story.export()
            story.erase()
            found = _after(story, home)
            if not story.rebuild():
                wrong.append("a rebuild comes out otherwise")
            found += _after(story, home)
            wrong += [] if story.refused() else ["a late visit was let in"]
            answered, held = story.answered()
            wrong += [] if answered == held else [f"{held - answered} phones didn't answer"]
            wrong += story.faults()
            chains = story.chains()
            story.restore(old)
            found += _after(story, home)
            wrong += story.faults()
    seconds = time.monotonic() - began
    for line in (*found, *wrong):
        sys.stdout.write(f"  {line}\n")
    sys.stdout.write(
        f"db={kind} values={len(story.captured.values)} forms={len(story.captured._forms)} "
        f"found={len(found)} chains={chains} faults={len(wrong)} phones={answered}/{held} "
        f"seconds={seconds:.0f}\n"
    )
    return not found and not wrong


def _after(story: Story, home: Path) -> list[str]:
    """Look once, with a backup of now."""
    story.export()
    with story.app.app_context():
        backup(home / "fresh")
    folder = settle(story)
    return look(story, folder) + keys_left(story, folder)


def main() -> None:
    """Play it on one or both databases."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--db", choices=("sqlite", "postgresql"))
    kinds = [kind] if (kind := asked.parse_args().db) else ["sqlite", "postgresql"]
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    os.environ["PATH"] = f"{client_programs()}{os.pathsep}{os.environ['PATH']}"
    sys.exit(0 if sum(map(play, kinds)) == len(kinds) else 1)


if __name__ == "__main__":
    main()
