"""An operator rebuilds and verifies."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp.cli import main
from fieldapp.db import write_transaction
from fieldapp.sync import models as m
from fieldapp.sync import service

from .stories import Village, versions
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


def test_the_commands_say_what_they_did(app: Flask, village: Village) -> None:
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
