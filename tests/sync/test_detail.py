"""What was wrong with a visit that is kept aside may name a record: it is closed as that is."""

import re

import flask_migrate
import pytest
import sqlalchemy as sa

from fieldapp.db import db, write_transaction
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import SubjectKey
from fieldapp.subjects.sealing import read_head, wrapper_for
from fieldapp.sync import models as m
from fieldapp.sync import renew, service
from fieldapp.sync.aside import what_was_wrong
from fieldapp.sync.transactions import writing
from tests.conftest import SECRET
from tests.opened import all_text

from .stories import Village, logged
from .test_consent import registered, visit_of, word
from .test_erasure import erase


def told(sid: str) -> str:
    """What the desk is told was wrong."""
    found = what_was_wrong(logged(sid))
    db.session.rollback()
    return found


@pytest.fixture
def foreign(village: Village) -> tuple[str, str]:
    """Ids of a visit from another town to a dwelling of 王芳's, and of a record it names."""
    wang, sun = village.cast.wang, village.cast.sun
    village.send(village.dwelling(wang))
    home = str(village.only(wang, "dwelling")["id"])
    made = village.make(village.dwelling(wang, home, phone="13800000066"))
    made |= {"id": "10000000-0000-4000-8000-000000000001", "user": sun.id, "area": "379901002001"}
    assert village.take_in(sun, made)[0].why == "authz"
    (record,) = re.findall(r"[0-9a-f-]{36}", told(made["id"]))
    return made["id"], record


@pytest.fixture
def refused(village: Village) -> tuple[str, str]:
    """张小梅, who withdrew before a visit to her came, and the visit. Ids."""
    client = registered(village)
    made = visit_of(village, client)
    village.send(word(village, village.cast.wang, client, "withdraw"))
    assert village.take_in(village.cast.li, made)[0].why == "consent"
    assert told(made["id"]) == "declined"
    return client, made["id"]


def test_the_record_it_names_lies_under_the_keys_of_the_visit(foreign: tuple[str, str]) -> None:
    sid, record = foreign
    row = logged(sid)
    assert row.detail is not None
    assert record.encode() not in row.detail
    assert read_head(row.detail)[1:] == read_head(row.body)[1:]
    assert read_head(row.detail)[2], "under the key of nobody"
    assert f"{record} isn't" in all_text()


def test_without_the_key_of_her_it_opens_no_more(refused: tuple[str, str]) -> None:
    client, sid = refused
    assert read_head(logged(sid).detail or b"")[1:] == read_head(logged(sid).body)[1:]
    with writing() as connection:
        keys_of(connection).destroy(f"health/{client}")
    assert told(sid) == ""


def test_it_goes_with_her(refused: tuple[str, str]) -> None:
    client, sid = refused
    erase(client)
    assert (logged(sid).detail, logged(sid).body) == (None, b"")
    assert service.audit() == []


def test_tried_again_in_vain_it_is_closed_again(foreign: tuple[str, str]) -> None:
    sid, record = foreign
    before = logged(sid).detail
    assert service.readmit(sid).why == "authz"
    row = logged(sid)
    assert row.detail not in (None, before)
    assert read_head(row.detail or b"")[1:] == read_head(row.body)[1:]
    assert record in told(sid)
    assert service.readmit(sid, overrule=True).st == "stored"
    assert logged(sid).detail is None


def test_new_keys_of_the_server_open_it(village: Village) -> None:
    """What names nobody that is known lies under the server's own key."""
    wang = village.cast.wang
    lost = village.make(village.consent(wang)) | {"form": "never_published"}
    assert village.take_in(wang, lost)[0].why == "unknown_form"
    before, said = logged(lost["id"]).detail or b"", told(lost["id"])
    assert "never_published" in said
    renew.renew(wrapper_for(SECRET))
    assert read_head(logged(lost["id"]).detail or b"")[1] != read_head(before)[1]
    assert told(lost["id"]) == said


def test_one_that_was_altered_is_found(foreign: tuple[str, str]) -> None:
    sid, _ = foreign
    assert service.log_faults() == []
    with write_transaction() as tx:
        broken = (logged(sid).detail or b"")[:-1] + b"\0"
        tx.execute(sa.update(m.Submission).where(m.Submission.id == sid).values(detail=broken))
    assert len(service.log_faults()) == 1


def test_an_upgrade_closes_what_lay_open(
    foreign: tuple[str, str], refused: tuple[str, str]
) -> None:
    (sid, record), (client, hers) = foreign, refused
    said = told(sid)
    flask_migrate.stamp()
    flask_migrate.downgrade(revision="0014")
    assert dict(open_details()) == {sid: said, hers: "declined"}
    with write_transaction() as tx:  # of one whose key is gone there is nothing to seal it under
        gone = sa.update(SubjectKey).where(SubjectKey.subject == f"health/{client}")
        tx.execute(gone.values(wrapped=None, destroyed="2026-11-03T00:00:00.000Z"))
    flask_migrate.upgrade()
    row = logged(sid)
    assert read_head(row.detail or b"")[1:] == read_head(row.body)[1:]
    assert (told(sid), logged(hers).detail) == (said, None)
    assert record.encode() not in (row.detail or b"")


def open_details() -> list[tuple[str, str]]:
    query = sa.text("SELECT id, detail FROM submission WHERE detail <> ''")
    with db.engine.connect() as connection:
        return [(row.id, row.detail) for row in connection.execute(query)]
