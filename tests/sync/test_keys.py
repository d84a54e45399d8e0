"""A key per subject: nothing lies open, a destroyed one opens nothing, a new secret takes over."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.cli import ScriptInfo
from hypothesis import given
from hypothesis import strategies as st

from fieldapp import create_app
from fieldapp.attachments import service as attachments
from fieldapp.cli import main
from fieldapp.db import db, write_transaction
from fieldapp.registry import service as registry
from fieldapp.subjects import sealing
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import EntitySubject, ServerKey, SubjectKey, SubmissionSubject
from fieldapp.subjects.sealing import ErasedError, SealBrokenError
from fieldapp.sync import adopt, service
from fieldapp.sync import models as m
from fieldapp.sync.aside import Decision
from fieldapp.sync.salvage import salvaged
from tests.conftest import SECRET, settings_for
from tests.opened import ABOUT, all_text, state_of

from .stories import Village, logged, versions
from .test_order import a_busy_morning

NEW = "another secret for tests only, as long as the first"
CAPTURED = ("孟巧云", "13800000077", "周小兰", "E12345678", "5678", "柳林路", "的电话不对")


def busy(village: Village) -> None:
    """Everybody's morning: visits of both scopes, a correction, a review with notes."""
    a_busy_morning(village)
    wang = village.cast.wang
    village.send(village.consent(wang, name="孟巧云", phone="13800000077"))
    village.send(village.pregnancy(wang, named(village, wang, "孟巧云")))
    home = village.dwelling(village.cast.grid, residents=[village.resident()])
    assert village.send(home).st == "stored"
    zhao = village.principal(village.cast.zhao)
    notes = [{"path": "g_dw", "text": "周小兰的电话不对"}]
    answers = {"target": home.id, "state": "returned", "notes": notes}
    service.accept(
        {
            "id": "6f8e1c52-5f6c-4d3b-9a34-1f6b0e0c1a11", "install": "desk", "n": 0,
            "user": zhao.user_id, "form": "_review", "fv": "1", "app": "desk",
            "at": "2026-11-02T10:00:00+08:00", "clk": {"wall": 0, "mono": 0}, "area": "",
            "corrects": None, "on": "2026-11-02", "entities": [], "ops": [], "blobs": [],
            "answers": answers,
        },
        zhao,
    )  # fmt: skip


def named(village: Village, person: Any, name: str) -> str:
    """The record of somebody."""
    return next(e for e, v in village.seen(person).items() if v.get("full_name") == [name])


def raw() -> bytes:
    """Every table as it lies there; of SQLite also the files, with what isn't written back yet."""
    db.session.rollback()
    found = bytearray()
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)):
            for value in row:
                found += value if isinstance(value, bytes) else str(value).encode()
                found += b"\n"
    db.session.rollback()
    if db.engine.dialect.name == "sqlite":
        path = Path(str(db.engine.url.database))
        for name in (path.name, f"{path.name}-wal"):
            if (file := path.with_name(name)).exists():
                found += file.read_bytes()
    return bytes(found)


def written_texts(village: Village) -> set[str]:
    """All that stands in any record and is long enough to be nobody else's by chance."""
    texts: set[str] = set()
    for entity in db.session.scalars(sa.select(m.Entity.id)).all():
        for live in state_of(entity).values():
            for write in live:
                texts |= set((write.v if isinstance(write.v, dict) else {"": write.v}).values())
    people = set(db.session.scalars(sa.select(m.Submission.author)).all())
    ids = set(db.session.scalars(sa.select(m.Submission.id)).all())
    return {t for t in texts if t and not t.isascii()} - people - ids


def test_nothing_captured_lies_open(village: Village) -> None:
    forms = raw()  # what their questions say is nobody's
    busy(village)
    known, there = all_text(), raw()
    assert all(word in known for word in CAPTURED), [w for w in CAPTURED if w not in known]
    values = {v for v in written_texts(village) if v.encode() not in forms} | set(CAPTURED)
    assert len(values) > 10
    values -= {"5678"}  # four digits stand in some hash by chance
    assert [value for value in values if value.encode() in there] == []
    assert [v for v in values if repr(v.encode("unicode_escape"))[2:-1].encode() in there] == []


def test_health_and_housing_share_no_key(village: Village) -> None:
    busy(village)
    kids: dict[str, set[bytes]] = {"health": set(), "housing": set()}
    for row in db.session.execute(sa.select(m.Submission)).scalars():
        _, mine, about_subjects = sealing.read_head(row.body)
        if about_subjects and row.scope:
            kids[row.scope] |= set(mine)
    assert all(kids.values())
    assert kids["health"].isdisjoint(kids["housing"])


def test_each_record_is_sealed_for_whom_it_is_about(village: Village) -> None:
    grid = village.cast.grid
    village.send(village.dwelling(grid, residents=[village.resident()]))
    seen = {one["type"]: e for e, one in village.seen(grid).items()}
    rows = db.session.execute(sa.select(EntitySubject.entity, EntitySubject.subject)).all()
    of = {row.entity: {one.subject for one in rows if one.entity == row.entity} for row in rows}
    home = f"housing/{seen['dwelling']}"
    assert of[seen["tenancy"]] == {f"housing/{seen['resident']}"}
    assert of[seen["household"]] == {home}
    assert of[seen["dwelling"]] == {home, f"{home}/lessor"}


# ---- destroyed ----------------------------------------------------------------------------------


def test_a_destroyed_key_opens_nothing_in_any_table(village: Village) -> None:
    busy(village)
    wang = village.cast.wang
    client = named(village, wang, "孟巧云")
    with write_transaction() as tx:
        keys_of(tx.connection()).destroy(f"health/{client}")
    known = all_text()
    assert "孟巧云" not in known
    assert "13800000077" not in known
    assert "周小兰" in known
    mine = sa.select(SubmissionSubject.sid).where(SubmissionSubject.subject == f"health/{client}")
    sids = db.session.scalars(mine).all()
    assert len(sids) >= 2
    for sid in sids:
        body = logged(sid).body
        with pytest.raises(ErasedError):
            service.vault().open(body, sid)
    assert service.log_faults() == []
    assert client not in village.seen(wang)


def test_one_of_several_keys_is_enough_to_close_a_body(village: Village) -> None:
    grid = village.cast.grid
    two = [village.resident("周小兰", "E12345678"), village.resident("何大勇", "E87654321")]
    visit = village.dwelling(grid, residents=two)
    village.send(visit)
    him = next(e for e, v in village.seen(grid).items() if v.get("full_name") == ["何大勇"])
    # Both residents, the dwelling and its lessor.
    assert len(sealing.read_head(logged(visit.id).body)[1]) == 4
    with write_transaction() as tx:
        keys_of(tx.connection()).destroy(f"housing/{him}")
    body = logged(visit.id).body
    with pytest.raises(ErasedError):
        service.vault().open(body, visit.id)
    seen = village.seen(grid)
    assert "周小兰" in [v["full_name"][0] for v in seen.values() if v["type"] == "resident"]


def test_what_others_said_survives_a_replay_without_the_text(village: Village) -> None:
    """As after an old copy was put back: the text is gone for all, the facts of the rest stand."""
    grid = village.cast.grid
    two = [village.resident("周小兰", "E12345678"), village.resident("何大勇", "E87654321")]
    village.send(village.dwelling(grid, residents=two))
    before = village.seen(grid)
    him = next(e for e, v in before.items() if v.get("full_name") == ["何大勇"])
    with write_transaction() as tx:
        keys_of(tx.connection()).destroy(f"housing/{him}")
    kept = village.seen(grid)
    row = db.session.execute(sa.select(m.Submission)).scalars().first()
    assert row is not None
    text = salvaged(db.session.connection(), row)
    db.session.rollback()
    assert "周小兰" in text
    assert "E12345678" in text
    assert "何大勇" not in text
    assert before.keys() - kept.keys() >= {him}


PHOTO = b"a photo of the stairs" * 40
SHA = sha256(PHOTO).hexdigest()


def send_photo(village: Village) -> None:
    sender = attachments.Sender(village.cast.grid.id, "d", False)
    attachments.take(sender, attachments.Chunk(SHA, len(PHOTO), 0, PHOTO))


@pytest.mark.parametrize("photo_first", [True, False])
def test_a_photo_is_closed_with_the_key_of_what_it_shows(
    village: Village, photo_first: bool
) -> None:
    """Whether it came before the visit that names it or after."""
    grid = village.cast.grid
    made = village.make(village.dwelling(grid)) | {"blobs": [SHA]}
    steps = [lambda: send_photo(village), lambda: village.take_in(grid, made)]
    for step in steps if photo_first else steps[::-1]:
        step()
    assert PHOTO[:21] not in raw()
    assert attachments.content(grid.id, SHA) == PHOTO
    db.session.rollback()
    home = next(t["e"] for t in made["entities"] if t["t"] == "dwelling")
    with write_transaction() as tx:
        keys_of(tx.connection()).destroy(f"housing/{home}")
    assert attachments.content(grid.id, SHA) is None
    assert list(attachments.faults()) == []


# ---- searching ----------------------------------------------------------------------------------


def test_search_opens_what_the_person_may_see_and_finds_a_whole_number(village: Village) -> None:
    busy(village)
    grid, wang = village.principal(village.cast.grid), village.principal(village.cast.wang)
    assert [v.title for v in registry.search(wang, "孟巧")] == ["孟巧云"]
    found = registry.search(grid, "e12345678")
    assert {v.title for v in found if v.type == "resident"} == {"周小兰"}
    assert registry.search(grid, "E12345") == []
    assert registry.search(grid, "孟巧云") == []
    health = {v.scope for v in registry.search(wang, "E12345678")}
    assert health <= {"housing"}


# ---- another secret -----------------------------------------------------------------------------


def command(app: Flask, *args: str, **env: str) -> tuple[int, str]:
    runner = app.test_cli_runner()
    done = runner.invoke(main, list(args), obj=ScriptInfo(create_app=lambda: app), env=env)
    return done.exit_code, done.output


@pytest.fixture
def with_new_secret(app: Flask, db_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The same database, served with the new secret."""
    other = create_app(settings_for(tmp_path, db_url, secret=NEW))
    yield other
    with other.app_context():
        db.session.remove()
        db.engine.dispose()


def test_another_secret_takes_over_and_the_old_one_opens_nothing(
    app: Flask, village: Village, with_new_secret: Flask
) -> None:
    busy(village)
    before = versions()
    text = all_text("audit_head", "server_key")  # ends signed again, the former key of phones kept
    sealed = bodies()
    assert command(app, "keys", "rotate")[0] == 1
    code, said = command(app, "keys", "rotate", FIELDAPP_NEW_SECRET=NEW)
    assert code == 0, said
    assert command(app, "keys", "rotate", FIELDAPP_NEW_SECRET=NEW)[0] == 0
    db.session.rollback()
    with pytest.raises(SealBrokenError):
        service.vault().mac("E12345678", "housing.id_number")
    for sid, body in sealed.items():
        with pytest.raises(SealBrokenError):
            service.vault().open(body, sid)
    db.session.rollback()
    assert command(app, "keys", "status")[0] == 1
    with with_new_secret.app_context():
        assert command(with_new_secret, "keys", "status")[0] == 0
        assert versions() == before
        assert sorted(all_text("audit_head", "server_key").splitlines()) == sorted(
            text.splitlines()
        )
        assert service.audit() == []
        assert bodies() == sealed


def test_a_server_left_with_the_old_secret_keeps_no_key(
    app: Flask, village: Village, with_new_secret: Flask
) -> None:
    """It was forgotten to stop: what it is sent waits on the phone."""
    busy(village)
    made = village.make(village.consent(village.cast.wang, name="孟巧云", phone="13800000009"))
    command(app, "keys", "rotate", FIELDAPP_NEW_SECRET=NEW)
    assert village.take_in(village.cast.wang, made)[0].st == "later"
    with with_new_secret.app_context():
        assert village.take_in(village.cast.wang, made)[0].st == "stored"
        assert service.audit() == []


def test_a_rotation_that_breaks_off_changes_nothing(
    app: Flask, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(village)
    before = raw_keys()
    wrap, calls = sealing.Wrapper.wrap, []

    def break_off(self: sealing.Wrapper, key: bytes, name: str) -> bytes:
        calls.append(name)
        if len(calls) > 3:
            raise RuntimeError("the power went")
        return wrap(self, key, name)

    monkeypatch.setattr(sealing.Wrapper, "wrap", break_off)
    assert command(app, "keys", "rotate", FIELDAPP_NEW_SECRET=NEW)[0] != 0
    assert raw_keys() == before


def upgraded(village: Village) -> None:
    """As 0009 leaves the server's keys in a database that was used before: made of its secret."""
    with write_transaction() as tx:
        tx.execute(sa.delete(ServerKey))
        for name in ("log", "mac"):
            key = sealing.derived(SECRET, f"fieldapp/{name}/1")
            wrapped = sealing.wrapper_for(SECRET).wrap(key, f"server/{name}")
            tx.execute(sa.insert(ServerKey).values(name=name, wrapped=wrapped))


def test_an_upgraded_database_gets_keys_that_nobody_can_make_of_its_first_secret(
    app: Flask, village: Village, with_new_secret: Flask
) -> None:
    upgraded(village)
    busy(village)
    wang = village.cast.wang
    aside = village.make(village.consent(wang)) | {"form": "never_published"}
    village.take_in(wang, aside)
    send_photo(village)
    first = sealing.derived(SECRET, "fieldapp/log/1")
    before, text = versions(), all_text()
    assert opens_with(first) > 2
    assert "2 of them are made of the secret" in command(app, "keys", "status")[1]
    code, said = command(app, "keys", "rotate", FIELDAPP_NEW_SECRET=NEW)
    assert (code, "fieldapp keys renew" in said) == (0, True)
    assert opens_with(first) > 2
    with with_new_secret.app_context():
        code, said = command(with_new_secret, "keys", "renew")
        assert code == 0, said
        assert opens_with(first) == 0
        assert "made of" not in command(with_new_secret, "keys", "status")[1]
        assert versions() == before
        assert service.audit() == []
        mac = service.vault().mac("E12345678", "housing.id_number")
        db.session.rollback()
        assert mac in all_text()
        assert [one for one in CAPTURED if one in text and one not in all_text()] == []
        assert village.take_in(wang, aside)[0].st == "quarantined"
        assert attachments.content(village.cast.grid.id, SHA) == PHOTO


def opens_with(key: bytes) -> int:
    """How many sealed texts in the database a key opens."""
    db.session.rollback()
    cipher, found = sealing.cipher(key), 0
    for table in db.metadata.sorted_tables:
        column, about = ABOUT.get(table.name, ("", None))
        for row in db.session.execute(sa.select(table)) if about else ():
            with suppress(SealBrokenError):
                head, _, _ = sealing.read_head(getattr(row, column))
                found += bool(sealing.unseal(cipher, head, getattr(row, column), about(row)))
    db.session.rollback()
    return found


def test_a_text_that_does_not_open_stops_the_renewal(app: Flask, village: Village) -> None:
    aside = village.make(village.consent(village.cast.wang)) | {"form": "never_published"}
    village.take_in(village.cast.wang, aside)
    keys = raw_keys()
    with write_transaction() as tx:
        t = m.Submission
        row = tx.scalar(sa.select(t.body).where(t.id == aside["id"]))
        spoilt = row[:-1] + bytes([row[-1] ^ 1])
        tx.execute(sa.update(t).where(t.id == aside["id"]).values(body=spoilt))
    code, said = command(app, "keys", "renew")
    assert (code, "fieldapp verify" in said) == (1, True)
    assert raw_keys() == keys


def bodies() -> dict[str, bytes]:
    db.session.rollback()
    query = sa.select(m.Submission.id, m.Submission.body)
    found = {row.id: row.body for row in db.session.execute(query)}
    db.session.rollback()
    return found


def raw_keys() -> list[Any]:
    db.session.rollback()
    rows = [*db.session.execute(sa.select(ServerKey.name, ServerKey.wrapped)),
            *db.session.execute(sa.select(SubjectKey.subject, SubjectKey.wrapped))]  # fmt: skip
    db.session.rollback()
    return sorted(tuple(row) for row in rows)


# ---- taken over ---------------------------------------------------------------------------------


def test_what_lay_under_one_key_is_sealed_under_those_of_its_subjects(village: Village) -> None:
    """As 0009 leaves it: everything under the log key, nobody has a key."""
    busy(village)
    before = versions()
    with write_transaction() as tx:
        keys = keys_of(tx.connection())
        for table in db.metadata.sorted_tables:
            column, about = ABOUT.get(table.name, ("", None))
            for row in tx.execute(sa.select(table)).all() if about else ():
                plain = keys.open(getattr(row, column), about(row))
                mine = [key == getattr(row, key.name) for key in table.primary_key]
                sealed = keys.seal(plain, about(row))
                tx.execute(sa.update(table).where(*mine).values({column: sealed}))
        for model in (SubjectKey, SubmissionSubject, EntitySubject):
            tx.execute(sa.delete(model))
    assert adopt.waiting() > 5
    adopt.adopt()
    assert adopt.waiting() == 0
    assert adopt.adopt() == 0
    assert (versions(), service.audit()) == (before, [])
    rows = db.session.execute(sa.select(m.Submission)).scalars().all()
    left = [row.form for row in rows if row.scope and not sealing.read_head(row.body)[2]]
    assert left == []
    client = named(village, village.cast.wang, "孟巧云")
    with write_transaction() as tx:
        keys_of(tx.connection()).destroy(f"health/{client}")
    assert "孟巧云" not in all_text()


def test_a_dwelling_from_before_lessors_had_keys_is_sealed_for_hers(village: Village) -> None:
    grid = village.cast.grid
    visit = village.dwelling(grid)
    village.send(visit)
    home = str(village.only(grid, "dwelling")["id"])
    with write_transaction() as tx:
        keys, house = keys_of(tx.connection()), f"housing/{home}"
        for table in db.metadata.sorted_tables:
            column, about = ABOUT.get(table.name, ("", None))
            for row in tx.execute(sa.select(table)).all() if about else ():
                if not sealing.read_head(getattr(row, column))[2]:
                    continue
                mine = [key == getattr(row, key.name) for key in table.primary_key]
                sealed = keys.seal(keys.open(getattr(row, column), about(row)), about(row), [house])
                tx.execute(sa.update(table).where(*mine).values({column: sealed}))
        for model in (SubjectKey, SubmissionSubject, EntitySubject):
            tx.execute(sa.delete(model).where(model.subject == f"{house}/lessor"))
    assert adopt.adopt() == 1
    assert adopt.adopt() == 0
    assert len(sealing.read_head(logged(visit.id).body)[1]) == 2
    with write_transaction() as tx:
        keys_of(tx.connection()).destroy(f"housing/{home}/lessor")
    assert "刘春燕" not in all_text()


def test_a_decision_about_something_kept_aside_lies_sealed(village: Village) -> None:
    wang = village.cast.wang
    made = village.make(village.consent(wang))
    made["area"] = "379901009009"
    assert village.take_in(wang, made)[0].why == "authz"
    chen = village.principal(village.cast.chen)
    decision = Decision(chen, "张小梅搬家了", lambda _scope: ["379901009009"])
    result = service.readmit(made["id"], decision=decision)
    assert result.st == "stored", result
    assert "张小梅搬家了".encode() not in raw()
    assert "张小梅搬家了" in all_text()
    assert sealing.read_head(logged(made["id"]).body)[2]


# ---- seals --------------------------------------------------------------------------------------

NAMES = st.sampled_from([f"health/{k}" for k in "abcdef"])


@pytest.fixture(scope="module")
def shelf() -> Iterator[Any]:
    """Keys in a database of nothing else."""
    engine = sa.create_engine("sqlite://")
    for model in (ServerKey, SubjectKey):
        model.__table__.create(engine)
    from fieldapp.subjects.keys import Keys

    with engine.connect() as connection:
        yield Keys(connection, sealing.wrapper_for(SECRET))
    engine.dispose()


@given(plain=st.binary(max_size=2000), about=st.text(max_size=40), of=st.sets(NAMES))
def test_what_is_sealed_opens_as_it_was(shelf: Any, plain: bytes, about: str, of: set[str]) -> None:
    sealed = shelf.seal(plain, about, of)
    assert shelf.open(sealed, about) == plain
    assert len(plain) < 12 or plain not in sealed


@given(of=st.sets(NAMES, min_size=1), other=st.sets(NAMES, min_size=1), at=st.integers(0))
def test_a_seal_opens_only_where_and_as_it_was_made(
    shelf: Any, of: set[str], other: set[str], at: int
) -> None:
    mine, theirs = shelf.seal(b"a text", "e1", of), shelf.seal(b"a text", "e2", other)
    spoilt = bytearray(mine)
    spoilt[at % len(mine)] ^= 1
    # Rows exchanged, a byte changed, and the keys of another row named over this one's text.
    head, body = sealing.read_head(theirs)[0], mine[len(sealing.read_head(mine)[0]) :]
    forged = [(mine, "e2"), (theirs, "e1"), (bytes(spoilt), "e1"), (head + body, "e1")]
    for sealed, about in forged if of != other else forged[:3]:
        with pytest.raises(SealBrokenError):
            shelf.open(sealed, about)


def test_a_wrapped_key_belongs_to_one_subject() -> None:
    wrapper = sealing.wrapper_for(SECRET)
    wrapped = wrapper.wrap(sealing.new_key(), "subject/health/a")
    with pytest.raises(SealBrokenError, match="altered"):
        wrapper.unwrap(wrapped, "subject/health/b")
    with pytest.raises(SealBrokenError, match="another secret"):
        sealing.wrapper_for(NEW).unwrap(wrapped, "subject/health/a")


def test_records_exchanged_in_the_database_do_not_open(village: Village) -> None:
    wang = village.cast.wang
    village.send(village.consent(wang))
    village.send(village.consent(wang, name="孟巧云", phone="13800000009"))
    clients = [e for e, v in village.seen(wang).items() if v["type"] == "client"]
    rows = db.session.execute(sa.select(m.Entity.id, m.Entity.state))
    states = {row.id: row.state for row in rows}
    with write_transaction() as tx:
        for mine, other in (clients, clients[::-1]):
            tx.execute(sa.update(m.Entity).where(m.Entity.id == mine).values(state=states[other]))
    with pytest.raises(SealBrokenError):
        state_of(clients[0])


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_raw_files_are_looked_at(village: Village) -> None:
    """The look at the files finds what lies open in them."""
    path = str(db.engine.url.database)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE area SET name_zh = '张小梅的村'")
    assert "张小梅".encode() in raw()
