"""An ID number given at the door is sealed: nobody reads it again, wherever they look."""

import json
import logging
import uuid
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from fieldapp.accounts.service import feeds_of, grants_ver, principal_of
from fieldapp.db import db
from fieldapp.forms.service import current_forms, definition
from fieldapp.programs.service import load_programs
from fieldapp.sync import service
from fieldapp.sync.quality import Filled
from fieldapp.sync.rules import PublishedForm
from tests.cast import NANPO, Browser, Cast, Phone
from tests.visits import TENANT, Submission, rental_visit

NUMBER, OTHER = TENANT["r_idno"], "110105194912310038"
LISTS = ("visits", "summary", "conflicts", "quarantine")


@pytest.fixture
def tenant(app: Flask, cast: Cast) -> Submission:
    """A visit at which 刘春燕's number was given."""
    return rental_visit(app, cast.wang, residents=[TENANT])


def again(visit: Submission, number: str, **changed: Any) -> Submission:
    """The same visit under another id, with another number."""
    text = json.dumps(visit, ensure_ascii=False).replace(NUMBER, number)
    return {**json.loads(text), "id": str(uuid.uuid4()), **changed}


def stored(app: Flask) -> Iterator[bytes]:
    """Everything the database holds; of SQLite the bytes of its files too."""
    with app.app_context():
        for table in db.metadata.sorted_tables:
            for row in db.session.execute(sa.select(table)):
                yield from (v if isinstance(v, bytes) else str(v).encode() for v in row)
        url = db.engine.url
        db.session.remove()
    if url.database and url.get_backend_name() == "sqlite":
        yield from (path.read_bytes() for path in Path(url.database).parent.glob("*.sqlite*"))


def told_to(phone: Phone) -> Iterator[bytes]:
    """What a new phone can ask for: its feeds by page, by list and by id, and its own work."""
    with phone.person.app.app_context():
        principal = principal_of(phone.person.id)
        assert principal
        feeds, grants = feeds_of(principal), grants_ver(principal)
    start = {feed: {"epoch": "", "seq": 0, "view": ""} for feed in feeds}
    wish = {"grants_ver": grants, "catalogue": "", "feeds": start, "budget": 10**6}
    page = phone.call("pull", wish)
    assert json.loads(page.data)["feeds"]
    yield page.data
    for feed in feeds:
        listed = phone.call("manifest", {"feed": feed, "after": ""}).data
        ids = [row[0] for row in json.loads(listed)["rows"]]
        yield listed
        yield phone.call("fetch", {"feed": feed, "ids": ids}).data
    yield phone.call("verify", {"install": phone.install, "acked": [], "n_max": 9}).data


def told_at(desk: Browser, *visits: Submission) -> Iterator[bytes]:
    """What a desk can open."""
    for name in LISTS:
        answer = desk.get(f"/api/review/{name}")
        assert answer.status_code in (200, 403), answer.json
        yield answer.data
    for visit in visits:
        yield desk.get(f"/api/review/visits/{visit['id']}").data
        for entity in visit["entities"]:
            for i in range(len(visit["ops"])):
                yield desk.get(f"/api/review/conflicts/{entity['e']}/{visit['id']}:{i}").data


def in_clear(texts: Iterator[bytes]) -> list[bytes]:
    """Texts in which a number can be read."""
    return [text for text in texts if NUMBER.encode() in text or OTHER.encode() in text]


class TestStory:
    """刘春燕's number, on every way it goes."""

    def test_it_is_in_no_part_of_the_database(
        self, app: Flask, cast: Cast, tenant: Submission, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        phone = cast.wang.enrol()
        sent = [
            tenant,
            again(tenant, OTHER),  # the two numbers conflict
            again(tenant, OTHER, area=NANPO),  # kept aside: not her village
            again(tenant, OTHER, fv="1066"),
            again(tenant, OTHER, entities=[{"e": f"e {NUMBER}", "t": "tenancy", "new": True}]),
            again(tenant, OTHER, on=NUMBER, at=NUMBER),
        ]
        results = phone.push(sent)
        assert [r["st"] for r in results] == [
            "stored",
            "conflict",
            *["quarantined"] * 3,
            "conflict",
        ]
        phone.push([again(tenant, OTHER, id=tenant["id"])])  # the same id, other bytes
        assert NUMBER in json.dumps(tenant)
        assert in_clear(stored(app)) == []
        assert in_clear(iter([caplog.text.encode()])) == []

    def test_no_phone_gets_it_back(self, app: Flask, cast: Cast, tenant: Submission) -> None:
        phone = cast.wang.enrol()
        phone.push([tenant, again(tenant, OTHER, area=NANPO)])
        for mine in (phone, cast.li.enrol()):
            texts = list(told_to(mine))
            assert any(b"002X" in text for text in texts), "the last four are known"
            assert in_clear(iter(texts)) == []

    def test_returned_work_comes_back_without_it(
        self, app: Flask, cast: Cast, tenant: Submission
    ) -> None:
        phone = cast.wang.enrol()
        phone.push([tenant])
        word = {"state": "returned", "seen": "received", "notes": [{"path": "", "text": "请核对"}]}
        desk = cast.zhao.log_in()
        assert desk.post(f"/api/review/visits/{tenant['id']}/decision", word).status_code == 200
        texts = list(told_to(phone))
        assert any("请核对".encode() in text for text in texts)
        assert any("刘春燕".encode() in text and b"answers" in text for text in texts)
        assert in_clear(iter(texts)) == []

    @pytest.mark.parametrize("who", ["zhao", "steward", "district", "chen", "admin"])
    def test_no_desk_shows_it(self, app: Flask, cast: Cast, tenant: Submission, who: str) -> None:
        aside = again(tenant, OTHER, area=NANPO)
        conflicting = again(tenant, OTHER)
        cast.wang.enrol().push([tenant, conflicting, aside])
        texts = told_at(cast.people[who].log_in(), tenant, conflicting, aside)
        assert in_clear(texts) == []

    def test_what_fails_tells_neither_log_nor_desk_what_was_in_it(
        self,
        app: Flask,
        cast: Cast,
        tenant: Submission,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def stumble(self: PublishedForm, answers: dict[str, Any], *_: object) -> None:
            raise ValueError(f"can't read {answers['residents'][0]['r_idno']}")

        monkeypatch.setattr(PublishedForm, "derive", stumble)
        (result,) = cast.wang.enrol().push([tenant])
        assert (result["st"], result["why"]) == ("quarantined", "apply")
        assert "ValueError" in caplog.text, "an operator sees what kind of failure, and where"
        assert "stumble" in caplog.text
        assert in_clear(iter([caplog.text.encode()])) == []
        assert in_clear(stored(app)) == []

    def test_a_statement_that_fails_is_logged_without_its_values(
        self, app: Flask, cast: Cast
    ) -> None:
        with app.app_context(), pytest.raises(sa.exc.DBAPIError) as failed:
            db.session.execute(sa.text("SELECT :number FROM nowhere"), {"number": NUMBER})
        assert NUMBER not in str(failed.value)


class TestMasking:
    """Which questions are secret."""

    @pytest.fixture
    def form(self, app: Flask) -> Iterator[PublishedForm]:
        with app.app_context():
            version = next(r.version for r in current_forms() if r.form_id == "rental_register")
            found = definition("rental_register", version)
            assert found
            yield PublishedForm(deepcopy(found), load_programs(), "housing", ())

    def test_one_saved_to_a_secret_property(self, form: PublishedForm, tenant: Submission) -> None:
        masked = form.masked(tenant["answers"])
        assert masked["residents"][0]["r_name"] == "刘春燕"
        assert NUMBER not in json.dumps(masked)
        assert form.secret_paths(tenant["answers"]) == ["residents[0]/r_idno"]

    def test_a_correction_may_leave_it_blank_and_nothing_else(
        self, form: PublishedForm, tenant: Submission
    ) -> None:
        blank = form.masked(tenant["answers"])
        del blank["residents"][0]["r_home"]

        def found(correcting: bool) -> set[tuple[str, str]]:
            now = f"{tenant['on']}T09:12:44.000+08:00"
            filled = Filled(blank, tenant["on"], now, "worker", "王芳", correcting=correcting)
            return {(finding.kind, finding.path) for finding in form.problems(filled)}

        home = ("required", "residents[0]/r_home")
        assert found(correcting=False) >= {("required", "residents[0]/r_idno"), home}
        assert found(correcting=True) == {home}, "what was made of the number stays as sent"

    def test_one_that_only_a_rule_of_its_repeat_reads(
        self, form: PublishedForm, tenant: Submission
    ) -> None:
        for block in form.definition["entities"]:
            block["saves"] = [[node, p] for node, p in block["saves"] if p != "new_id_no"]
        assert NUMBER not in json.dumps(form.masked(tenant["answers"]))

    @pytest.mark.parametrize("shape", [{}, [[]], "", None])
    def test_answers_of_another_shape_show_it_neither(
        self, form: PublishedForm, shape: object
    ) -> None:
        strange = {"residents": {"r_idno": NUMBER, "r_name": shape}, "r_idno": NUMBER}
        nested = {"residents": [{"r_idno": {"r_name": NUMBER}}, [{"r_idno": NUMBER}], shape]}
        assert NUMBER not in json.dumps([form.masked(strange), form.masked(nested)])


def test_the_operators_audit_says_nothing_of_it(app: Flask, cast: Cast, tenant: Submission) -> None:
    cast.wang.enrol().push([tenant, again(tenant, OTHER)])
    with app.app_context():
        db.session.execute(sa.text("DELETE FROM reg_write WHERE reg = 'id_no'"))
        db.session.commit()
        faults = service.audit()
    assert faults
    assert in_clear(line.encode() for line in faults) == []
