"""A backup is put back: what the desk did since for somebody who asked has to be done again."""

import os
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp.backup.service import backup
from fieldapp.cli import main
from fieldapp.db import db
from tests.cast import Browser, Cast
from tests.databases import client_programs
from tests.sync.stories import Village

from .test_rights import ask


@pytest.fixture
def zhang(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> str:
    """张小梅 agreed to everything; PostgreSQL's programs are on the PATH, as on a server."""
    monkeypatch.setenv("PATH", f"{client_programs()}{os.pathsep}{os.environ['PATH']}")
    with app.app_context():
        flask_migrate.stamp()
        village = Village(app, cast)
        assert village.send(village.consent(cast.wang)).st == "stored"
        client = str(village.only(cast.wang, "client")["id"])
        db.session.remove()
    return client


def backed_up(app: Flask, folder: Path) -> Path:
    with app.app_context():
        path, _ = backup(folder)
        db.session.remove()
        return path


def restored(app: Flask, path: Path) -> str:
    with app.app_context():
        db.engine.dispose()
    done = app.test_cli_runner().invoke(
        main, ["restore", str(path), "--replace"], obj=ScriptInfo(create_app=lambda: app)
    )
    assert done.exit_code == 0, done.output
    return done.output


def done(desk: Browser, kind: str, how: str) -> str:
    """A request that was settled; its address."""
    address = f"/api/rights/requests/{ask(desk, kind)['id']}"
    body = {"why": "identity"} if how == "refusal" else None
    assert desk.post(f"{address}/{how}", body).status_code == 200
    return address


def test_a_withdrawal_or_correction_that_is_lost_is_asked_again(
    app: Flask, cast: Cast, zhang: str, tmp_path: Path
) -> None:
    path = backed_up(app, tmp_path / "b")
    shen, chen = cast.steward.log_in(), cast.chen.log_in()
    lost = [done(shen, "withdraw", "withdrawal"), done(chen, "correct", "corrected")]
    kept = [done(shen, "access", "handed-over"), done(shen, "withdraw", "refusal")]
    before = [shen.get(address).json for address in kept]
    assert "Open again at the rights desk" in (told := restored(app, path))
    assert "2 requests" in told
    shen = cast.steward.log_in()
    for address in lost:
        row = shen.get(address).json
        assert (row["state"], row["closed"], row["closed_by"], row["outcome"]) == (
            "open", None, None, None,
        )  # fmt: skip
    assert [shen.get(address).json for address in kept] == before
    assert shen.post(f"{lost[0]}/withdrawal").json["outcome"] == "withdrawn"
    with app.app_context():
        village = Village(app, cast)
        consents = [one for one in village.seen(cast.wang).values() if one["type"] == "consent"]
        assert {one["given"][0]["status"] for one in consents} == {"declined"}
        db.session.remove()


def test_one_that_the_backup_holds_stays_done(
    app: Flask, cast: Cast, zhang: str, tmp_path: Path
) -> None:
    address = done(cast.steward.log_in(), "withdraw", "withdrawal")
    told = restored(app, backed_up(app, tmp_path / "b"))
    assert "Open again" not in told
    assert cast.steward.log_in().get(address).json["outcome"] == "withdrawn"
