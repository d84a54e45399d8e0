"""An operator rebuilds, verifies and backs up."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp import clock
from fieldapp.cli import main
from fieldapp.db import db, write_transaction
from fieldapp.sync import backup, feed, service
from fieldapp.sync import models as m

from .stories import RECEIVED, Village, versions
from .test_order import a_busy_morning


def test_a_busy_morning_verifies(village: Village) -> None:
    a_busy_morning(village)
    assert service.audit() == []
    service.rebuild()
    assert service.audit() == []


SPOILED = {
    "isn't what came": lambda: sa.update(m.Submission).values(sha="0" * 64),
    "can't be opened": lambda: sa.update(m.Submission).values(body=b"\x01nonsense"),
    "isn't what its writes make it": lambda: sa.delete(m.RegSup),
    "has other conflicts": lambda: sa.delete(m.Conflict),
    "isn't in its feeds": lambda: sa.update(m.Entity).values(areas='["379901001002"]'),
    "doesn't add up": lambda: sa.update(m.FeedHead).values(count=99),
    "has a change above its head": lambda: sa.update(m.FeedHead).values(seq=0),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_what_was_spoiled_is_found(village: Village, fault: str) -> None:
    wang, li = village.cast.wang, village.cast.li
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    mine, hers = (village.make(village.dwelling(wang, home, phone=f"1380000001{k}")) for k in "12")
    hers["user"] = li.id
    village.take_in(wang, mine)
    assert village.take_in(li, hers)[0].st == "conflict"
    assert service.audit() == []
    with write_transaction() as tx:
        tx.execute(SPOILED[fault]())
    assert any(fault in problem for problem in service.audit())
    if "came" not in fault and "opened" not in fault:
        service.rebuild()
        assert service.audit() == []


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_backup_holds_the_work_and_lets_phones_forget_it(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = village.send(village.dwelling(village.cast.wang)).id
    asked = {"install": "p", "acked": [sid], "n_max": 0}

    def durable_after(wait: timedelta) -> list[str]:
        """Back up so long after the work arrived; what the phone may forget then."""
        monkeypatch.setattr(clock, "now", lambda: RECEIVED + wait)
        path = backup.backup(tmp_path / "backups")
        with closing(sqlite3.connect(path)) as copy:
            assert copy.execute("SELECT id FROM submission").fetchall() == [(sid,)]
        durable: list[str] = feed.verify(village.cast.wang.id, "d", asked)["durable"]
        return durable

    assert feed.verify(village.cast.wang.id, "d", asked)["durable"] == []
    assert durable_after(backup.MARGIN - timedelta(seconds=1)) == []
    assert durable_after(backup.MARGIN + timedelta(seconds=1)) == [sid]


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_copy_that_fails_moves_no_mark(village: Village, tmp_path: Path) -> None:
    village.send(village.dwelling(village.cast.wang))
    first = backup.backup(tmp_path)
    before = db.session.scalar(sa.select(m.DurableMark.before))
    with pytest.raises(backup.BackupError, match="already exists"):
        backup._copy_sqlite(first)
    assert db.session.scalar(sa.select(m.DurableMark.before)) == before


def test_the_mark_never_goes_back(village: Village) -> None:
    backup._move_mark("2026-11-02T02:00:00.000000Z")
    backup._move_mark("2026-11-02T01:00:00.000000Z")
    mark = db.session.scalar(sa.select(m.DurableMark.before))
    assert mark == "2026-11-02T02:00:00.000000Z"


@pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
def test_without_the_tools_it_says_so(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup.shutil, "which", lambda _name: None)
    with pytest.raises(backup.BackupError, match="pg_dump and pg_restore are not installed"):
        backup.backup(tmp_path)
    assert db.session.scalar(sa.select(m.DurableMark.before)) is None


def test_the_commands_say_what_they_did(app: Flask, village: Village, tmp_path: Path) -> None:
    village.send(village.dwelling(village.cast.wang))
    before = versions()
    runner = app.test_cli_runner()

    def run(*args: str) -> tuple[int, str]:
        done = runner.invoke(main, list(args), obj=ScriptInfo(create_app=lambda: app))
        return done.exit_code, done.output

    assert run("rebuild") == (0, "1 submissions applied.\n")
    assert versions() == before
    assert run("verify") == (0, "All is well.\n")
    with write_transaction() as tx:
        tx.execute(sa.update(m.FeedHead).values(count=99))
    code, said = run("verify")
    assert code == 1
    assert "doesn't add up" in said
    if db.engine.dialect.name == "sqlite":
        code, said = run("backup", "--to", str(tmp_path / "b"))
        assert code == 0
        assert Path(said.strip()).exists()
