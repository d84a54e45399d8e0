"""`make erase`: erase three people of a filled district and look for them everywhere.

    python -m tests.erase [--db sqlite|postgresql] [--phones file]

Looks into the database's files (of PostgreSQL the whole cluster with its write-ahead log, before
and after a checkpoint), a dump, logs, exports and a fresh backup as bytes, and into every sealed
column with all the keys the server has; then after a rebuild, and after an older backup was put
back, on an empty machine too. phones: figures of the real phones' part. Ends with one line of
figures over all of it, and with 1 if anything was found or is wrong.
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
from dataclasses import dataclass
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


@dataclass
class Figures:
    """What one database came to. wal_keys: destroyed keys that its write-ahead log still held right
    after the erasures, wrapped; after a checkpoint none may be left.
    """

    values: int = 0
    found: int = 0
    chains: int = 0
    faults: int = 0
    answered: int = 0
    held: int = 0
    wal_keys: int = 0


CHECKPOINT = ("VACUUM FULL", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT")
# As servers have it by default, and old parts of the log deleted instead of kept to be used again.
PRODUCTION = ("ALTER SYSTEM SET full_page_writes = on", "ALTER SYSTEM SET wal_recycle = off",
              "SELECT pg_reload_conf()")  # fmt: skip


def run(story: Story, *statements: str) -> None:
    """Let PostgreSQL do this, as its operator may."""
    with story.app.app_context():
        db.session.remove()
        if db.engine.dialect.name != "sqlite":
            outside = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            with outside as connection:
                for statement in statements:
                    connection.execute(sa.text(statement))


def files_of(story: Story) -> Path:
    """The folder of all the database writes: of PostgreSQL the whole cluster's."""
    with story.app.app_context():
        url = db.engine.url
    if url.get_backend_name() == "sqlite":
        return story.home / "db"
    return Path(parse_qs(urlsplit(url.render_as_string()).query)["host"][0]) / "data"


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


def play(kind: str) -> Figures:
    """The whole story on one kind of database; what was found is told as it is found."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="fieldapp-erase-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with district(kind, home) as story:
            wrong += [] if len(story.captured.in_bytes(story.captured.control())) else ["control"]
            run(story, *PRODUCTION)
            story.fill()
            readable = {value for value in story.captured.values
                        if any(value in place for place in story.readable())}  # fmt: skip
            wrong += [f"{v} was never captured" for v in {*story.captured.values} - readable]
            old = story.back_up()
            story.export()
            story.erase()
            found, wal_keys = at_once(story)
            found += _after(story, home)
            if not story.rebuild():
                wrong.append("a rebuild comes out otherwise")
            found += _after(story, home)
            wrong += [] if story.refused() else ["a late visit was let in"]
            answered, held = story.answered()
            wrong += [] if answered == held else [f"{held - answered} phones didn't answer"]
            wrong += story.faults()
            chains = story.chains()
            with empty_database(kind, home) as url:
                found += story.restore_elsewhere(old, url)
            story.restore(old)
            found += _after(story, home)
            wrong += story.faults()
    for line in (*found, *wrong):
        sys.stdout.write(f"  {kind}: {line}\n")
    values = len(story.captured.values)
    return Figures(values, len(found), chains, len(wrong), answered, held, wal_keys)


@contextlib.contextmanager
def empty_database(kind: str, home: Path) -> Iterator[str]:
    """Its address; SQLite's files lie where they are looked into."""
    url = f"sqlite:///{home / 'db' / 'elsewhere.sqlite'}" if kind == "sqlite" else postgres_url()
    try:
        yield url
    finally:
        if kind != "sqlite":
            drop_database(url)


def at_once(story: Story) -> tuple[list[str], int]:
    """Values in any file before anybody tidied up; destroyed keys that a log still holds."""
    folder = files_of(story)
    found = [f"{v} ({form}) in {path.name}" for path, v, form in story.captured.in_folder(folder)]
    return found, len(keys_left(story, folder / "pg_wal"))


def _after(story: Story, home: Path) -> list[str]:
    """Look once, with a backup of now, after what an operator can do at once."""
    story.export()
    with story.app.app_context():
        backup(home / "fresh")
    run(story, *CHECKPOINT)
    folder = files_of(story)
    return look(story, folder) + keys_left(story, folder)


def of_phones(file: Path) -> dict[str, int]:
    """The figures of the part with real phones; all wrong if it came to none."""
    try:
        told = dict(pair.split("=") for pair in file.read_text().split())
        return {key: int(value) for key, value in told.items()}
    except (OSError, ValueError):
        return {"phones": 0, "purged": 0, "late_visits": 1, "refused": 0, "readable": 1}


def main() -> None:
    """Play it on one or both databases, and sum it up."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--db", choices=("sqlite", "postgresql"))
    asked.add_argument("--phones", type=Path)
    told = asked.parse_args()
    kinds, began = [told.db] if told.db else ["sqlite", "postgresql"], time.monotonic()
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    os.environ["PATH"] = f"{client_programs()}{os.pathsep}{os.environ['PATH']}"
    sys.exit(sum_up([play(kind) for kind in kinds], told.phones, began))


def sum_up(parts: list[Figures], phones: Path | None, began: float) -> int:
    """Print one line over all parts; 0 if all is well."""
    real = of_phones(phones) if phones else dict.fromkeys(of_phones(Path()), 0)
    late = real["late_visits"] - real["refused"]
    found = sum(part.found for part in parts) + real["readable"]
    faults = sum(part.faults for part in parts) + late
    answered = sum(part.answered for part in parts) + real["purged"]
    held = sum(part.held for part in parts) + real["phones"]
    sys.stdout.write(
        f"values={sum(part.values for part in parts)} found={found} "
        f"chains={sum(part.chains for part in parts)} faults={faults} phones={answered}/{held} "
        f"wal_keys={sum(part.wal_keys for part in parts)} databases={len(parts)} "
        f"seconds={time.monotonic() - began:.0f}\n"
    )
    return int(bool(found or faults or answered != held))


if __name__ == "__main__":
    main()
