"""A backup is checked before phones forget anything, and covers nothing that it lacks."""

import gzip
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp import clock, create_app
from fieldapp.attachments import service as attachments
from fieldapp.attachments.models import BlobChunk
from fieldapp.backup import keyring, sidecar
from fieldapp.backup.errors import BackupError
from fieldapp.backup.service import KINDS, backup, restore, server_on
from fieldapp.cli import main
from fieldapp.db import db, write_transaction
from fieldapp.rights import keeping
from fieldapp.rights.acting import act_of
from fieldapp.subjects import ledger
from fieldapp.subjects.keyfile import KeyFile
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.models import SubjectKey
from fieldapp.subjects.rotation import rotate
from fieldapp.subjects.sealing import wrapper_for
from fieldapp.sync import durable, erasure, feed, service
from fieldapp.sync import models as m
from fieldapp.sync.transactions import writing
from tests.conftest import SECRET, settings_for
from tests.databases import client_programs, drop_database, postgres_url
from tests.opened import all_text

from .stories import RECEIVED, Village, logged, versions
from .test_erasure import everything_of
from .test_order import a_busy_morning


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs are on the PATH, as on a server."""
    monkeypatch.setenv("PATH", f"{client_programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def migrated(village: Village) -> Village:
    """The village in a database that knows its revision, as every server's does."""
    flask_migrate.stamp()
    return village


@contextmanager
def copy_of(path: Path) -> Iterator[Flask]:
    """A server on a copy put back elsewhere."""
    kind = KINDS[{".sqlite": "sqlite", ".dump": "postgresql"}[path.suffix]]
    keys = keyring.gather(path, None)
    with kind.scratch(path, None, db.engine) as url, server_on(url) as app:
        with write_transaction() as tx:
            keyring.put_in(tx.connection(), keys)
        yield app


def test_who_was_erased_does_not_come_back_with_an_older_backup(
    migrated: Village, tmp_path: Path
) -> None:
    village, wang = migrated, migrated.cast.wang
    village.send(village.consent(wang))
    client = str(village.only(wang, "client")["id"])
    village.send(village.consent(wang, name="刘春燕", phone="13800000009"))
    path, _ = backup(tmp_path / "backups")
    assert erasure.erase(everything_of(client), act_of("rights", "本人要求", "沈洁"))
    assert restore(path, replace_present=True).carried
    names = [one.get("full_name") for one in village.seen(wang).values() if one["type"] == "client"]
    assert names == [["刘春燕"]]
    assert "张小梅" not in all_text()
    assert service.audit() == []


def durable_of(village: Village, *sids: str) -> list[str]:
    asked = {"install": "p", "acked": list(sids), "n_max": 0}
    found: list[str] = feed.verify(village.cast.wang.id, "d", asked)["durable"]
    return found


def test_phones_may_forget_what_was_there_when_it_began_and_nothing_later(
    migrated: Village, tmp_path: Path
) -> None:
    first = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    assert durable_of(migrated, first) == []
    path, told = backup(tmp_path / "b")
    later = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    assert durable_of(migrated, first, later) == [first]
    assert (told.visits, told.sha256) == (1, sidecar.digest(path))
    assert path.stat().st_mode & 0o077 == 0
    beside = [ledger.NAME, path.name, f"{path.name}.json"]
    assert sorted(each.name for each in path.parent.iterdir()) == beside


def test_a_clock_set_back_covers_nothing_that_came_after(
    migrated: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: RECEIVED - timedelta(days=900))
    visit = migrated.dwelling(migrated.cast.wang)
    made = migrated.make(visit)
    sid = service.accept(made, visit.principal).id
    assert durable_of(migrated, sid) == []
    backup(tmp_path)
    assert durable_of(migrated, sid) == [sid]


PHOTO = bytes(range(256)) * 300
NAMED = sha256(PHOTO).hexdigest()


def send_photo(village: Village) -> None:
    """In two chunks, as a phone does."""
    sender = attachments.Sender(village.cast.wang.id, "d", False)
    for at in (0, 65_536):
        part = attachments.Chunk(NAMED, len(PHOTO), at, PHOTO[at : at + 65_536])
        attachments.take(sender, part)


def test_a_photo_is_in_it_whole_and_safe_only_then(migrated: Village, tmp_path: Path) -> None:
    wang = migrated.cast.wang.id
    send_photo(migrated)
    assert attachments.states(wang, [NAMED])[NAMED].st == "stored"
    path, told = backup(tmp_path)
    assert told.attachments == 1
    assert attachments.states(wang, [NAMED])[NAMED].st == "durable"
    with copy_of(path):
        assert attachments.content(wang, NAMED) == PHOTO


def test_a_photo_that_lacks_a_piece_is_no_backup(migrated: Village, tmp_path: Path) -> None:
    send_photo(migrated)
    with write_transaction() as tx:
        tx.execute(sa.delete(BlobChunk).where(BlobChunk.at > 0))
    refused("copy_broken", lambda: backup(tmp_path / "b"))
    assert attachments.states(migrated.cast.wang.id, [NAMED])[NAMED].st == "stored"


def test_the_mark_never_goes_back(village: Village) -> None:
    durable.cover("2026-11-02T02:00:00.000000Z")
    durable.cover("2026-11-02T01:00:00.000000Z")
    with db.engine.connect() as connection:
        assert durable.durable_before(connection) == "2026-11-02T02:00:00.000000Z"


def test_a_writer_who_is_slow_is_waited_for(migrated: Village, app: Flask) -> None:
    """Work dated before the fence is committed before the copy begins, or dated after it."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    began, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), write_transaction() as tx:
            durable.not_before(tx.connection())
            began.set()
            go_on.wait(20)
            tx.execute(sa.insert(m.SubmissionBlob).values(sid="slow", sha="x"))

    writer = threading.Thread(target=slow)
    writer.start()
    began.wait(20)
    threading.Timer(0.3, go_on.set).start()
    durable.fence()
    assert db.session.scalar(sa.select(m.SubmissionBlob.sid)) == "slow"
    writer.join()


def test_a_backup_under_load_holds_whole_visits(
    app: Flask, migrated: Village, tmp_path: Path
) -> None:
    """Others send all the time; every copy is consistent and holds what it covers."""
    stop, sent, problems = threading.Event(), [], []

    def worker() -> None:
        with app.app_context():
            try:
                while not stop.is_set():
                    sent.append(migrated.send(migrated.dwelling(migrated.cast.wang)).id)
            except Exception as error:
                problems.append(error)
            finally:
                db.session.remove()

    writers = [threading.Thread(target=worker) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            path, told = backup(tmp_path)
            now = len(sent)
            with copy_of(path):
                assert service.audit() == []
                held = set(db.session.scalars(sa.select(m.Submission.id)))
            assert set(durable_of(migrated, *sent[:now])) <= held
            assert told.visits == len(held)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert problems == []
    assert len(sent) > 3


def epochs() -> set[str]:
    return set(db.session.scalars(sa.select(m.FeedHead.epoch)))


# ---- restoring ----------------------------------------------------------------------------------


def test_yesterday_s_backup_is_put_back_and_feeds_begin_anew(
    migrated: Village, tmp_path: Path
) -> None:
    a_busy_morning(migrated)
    path, _ = backup(tmp_path)
    before, old = versions(), epochs()
    forgotten = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    done = restore(path, replace_present=True)
    assert versions() == before
    assert db.session.get(m.Submission, forgotten) is None
    assert service.audit() == []
    assert len(epochs()) == len(old)
    assert epochs().isdisjoint(old)
    assert done.carried
    assert done.aside is not None
    assert done.aside.exists()
    asked = {"install": "p", "acked": [forgotten], "n_max": 0}
    assert feed.verify(migrated.cast.wang.id, "d", asked)["missing"] == [forgotten]


def test_what_was_set_aside_can_be_put_back_too(migrated: Village, tmp_path: Path) -> None:
    path, _ = backup(tmp_path)
    kept = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    aside = restore(path, replace_present=True).aside
    assert aside
    restore(aside, replace_present=True)
    assert db.session.get(m.Submission, kept) is not None
    backup(tmp_path / "again")
    assert durable_of(migrated, kept) == [kept]


def test_what_was_set_aside_holds_no_key_and_its_file_of_keys_expires(
    migrated: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = backup(tmp_path / "b")
    migrated.send(migrated.consent(migrated.cast.wang))
    wrapped = [key for key in db.session.scalars(sa.select(SubjectKey.wrapped)) if key]
    db.session.rollback()
    aside = restore(path, replace_present=True).aside
    assert wrapped
    assert aside
    assert not [key for key in wrapped if key in aside.read_bytes()]
    keys = keyring.folder() / f"{aside.stem}.keys"
    backup(tmp_path / "b")
    assert keys.exists()
    days = timedelta(days=migrated.app.config["SETTINGS"].key_backup_days, hours=1)
    later = clock.now() + days
    monkeypatch.setattr(clock, "now", lambda: later)
    backup(tmp_path / "b")
    assert not keys.exists()


def test_who_was_shut_out_since_stays_out_and_who_came_since_may_send(
    app: Flask, migrated: Village, tmp_path: Path
) -> None:
    cast = migrated.cast
    stolen = cast.wang.enrol()
    path, _ = backup(tmp_path)
    cast.admin.log_in().post(f"/api/devices/{stolen.device}/revoke")
    new = cast.li.enrol()
    visit = migrated.dwelling(cast.li)
    made = migrated.make(visit)
    assert new.push([made])[0]["st"] == "stored"
    restore(path, replace_present=True)
    assert stolen.call("pull", {"grants_ver": "", "feeds": {}}).status_code == 403
    assert new.push([made])[0]["st"] == "stored"


def test_without_the_database_lost_the_backup_alone_is_enough(
    migrated: Village, tmp_path: Path
) -> None:
    sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    path, _ = backup(tmp_path)
    is_file = db.engine.dialect.name == "sqlite"
    url = f"sqlite:///{tmp_path / 'new' / 'fieldapp.sqlite'}" if is_file else postgres_url()
    with server_on(url):
        done = restore(path)
        assert (done.visits, done.carried, done.aside) == (1, False, None)
        assert db.session.get(m.Submission, sid) is not None
        flask_migrate.upgrade()
    if not is_file:
        drop_database(url)


# ---- who was erased since -----------------------------------------------------------------------


@contextmanager
def empty_machine(tmp_path: Path) -> Iterator[Flask]:
    """Another database that holds nothing, with whatever lies in the folder of the keys."""
    is_file = db.engine.dialect.name == "sqlite"
    url = f"sqlite:///{tmp_path / 'new' / 'fieldapp.sqlite'}" if is_file else postgres_url()
    try:
        with server_on(url) as app:
            yield app
    finally:
        if not is_file:
            drop_database(url)


def two_clients(village: Village) -> str:
    """张小梅, whose id it is, and 刘春燕."""
    wang = village.cast.wang
    village.send(village.consent(wang))
    client = str(village.only(wang, "client")["id"])
    village.send(village.consent(wang, name="刘春燕", phone="13800000009"))
    return client


def let_go(client: str) -> str:
    """Erase somebody as the rights desk does; the erasure's id."""
    done = erasure.erase(everything_of(client), act_of("rights", "本人要求", "沈洁"))
    erasure.settle()
    assert done
    return done


def test_on_an_empty_machine_the_ledger_erases_again(migrated: Village, tmp_path: Path) -> None:
    """Database lost, the copy of the keys from before her erasure still there: she stays erased."""
    village, wang = migrated, migrated.cast.wang
    client = two_clients(village)
    last = village.send(village.pregnancy(wang, client)).id
    late = village.make(village.pregnancy(wang, client))
    path, _ = backup(tmp_path / "backups")
    act = let_go(client)
    text = (tmp_path / "key-backups" / ledger.NAME).read_text()
    assert "张小梅" not in text + path.with_name(ledger.NAME).read_text()
    assert "本人要求" not in text
    with empty_machine(tmp_path):
        done = restore(path)
        assert [subject for _, _, subject in done.again] == [client]
        assert not done.carried
        names = [one.get("full_name") for one in village.seen(wang).values()]
        assert [name for name in names if name] == [["刘春燕"]]
        assert "张小梅" not in all_text()
        with writing() as connection:
            assert keys_of(connection).destroyed([f"health/{client}"])
        assert logged(last).why == "erased"
        t = m.FeedChange
        told = db.session.scalars(sa.select(t.ver).where(t.entity == client)).all()
        assert told
        assert set(told) == {None}
        assert db.session.scalar(sa.select(m.Erasure.subject).where(m.Erasure.id == act)) == client
        assert village.take_in(wang, late)[0].why == "erased"
        assert service.audit() == []


def test_a_value_that_was_out_of_time_goes_again(migrated: Village, tmp_path: Path) -> None:
    visit = migrated.dwelling(migrated.cast.grid)
    visit.answers["g_visit"] |= {"vsrc": "verify", "task_ref": "核查-2026-117"}
    migrated.send(visit)
    path, _ = backup(tmp_path / "b")
    assert keeping.run("2026-12-02").registers == 1
    with empty_machine(tmp_path):
        assert len(restore(path).again) == 1
        assert "核查-2026-117" not in all_text()
        assert migrated.only(migrated.cast.grid, "visit")["visit_date"]
        assert service.audit() == []


def test_a_lessor_goes_again_and_the_dwelling_stays(migrated: Village, tmp_path: Path) -> None:
    """Her key is gone by a later copy of the keys; the house has been sealed under it too."""
    village, grid = migrated, migrated.cast.grid
    village.send(village.dwelling(grid, lessor="刘春燕", residents=[village.resident("周小兰")]))
    home = str(village.only(grid, "dwelling")["id"])
    path, _ = backup(tmp_path / "b")
    let_go(f"{home}/lessor")
    before = village.seen(grid)
    backup(tmp_path / "b")
    for replace in (True, False):
        with nullcontext() if replace else empty_machine(tmp_path):
            assert [subject for *_, subject in restore(path, replace).again] == [f"{home}/lessor"]
            assert village.seen(grid) == before
            assert "柳林路1号" in all_text()
            assert "刘春燕" not in all_text()
            with writing() as connection:
                keys = keys_of(connection)
                assert keys.destroyed([f"housing/{home}", f"housing/{home}/lessor"]) == {
                    f"housing/{home}/lessor"
                }
            assert service.audit() == []


def test_who_lets_it_now_is_kept_when_a_backup_of_now_is_put_back(
    migrated: Village, tmp_path: Path
) -> None:
    """What was said after an erasure is not erased again by it."""
    village, grid = migrated, migrated.cast.grid
    village.send(village.dwelling(grid, lessor="刘春燕"))
    home = str(village.only(grid, "dwelling")["id"])
    let_go(f"{home}/lessor")
    moved_in = clock.now() + timedelta(days=30)
    new = village.dwelling(grid, home, lessor="何大勇", at=moved_in, received=moved_in)
    village.send(new)
    path, _ = backup(tmp_path / "b")
    assert restore(path, replace_present=True).again == ()
    assert village.only(grid, "dwelling")["lessor_name"] == ["何大勇"]
    assert "刘春燕" not in all_text()
    assert service.audit() == []


def test_an_erasure_that_the_ledger_missed_is_in_it_after_the_next_backup(
    migrated: Village, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The ledger can't be written for a day; her erasure goes on, and is written down later."""
    client = two_clients(migrated)
    file = tmp_path / "key-backups" / ledger.NAME
    file.mkdir(parents=True)
    act = let_go(client)
    assert "ledger of erasures" in caplog.text
    file.rmdir()
    with db.engine.connect() as connection:
        assert ledger.lacks(connection) == 1
    backup(tmp_path / "b")
    known = ledger.read([tmp_path / "b" / ledger.NAME])
    assert known
    assert list(known.erasures) == [act]
    assert known.until == known.checked
    with db.engine.connect() as connection:
        assert ledger.lacks(connection) == 0


def test_a_ledger_cut_in_a_line_goes_on_and_says_so(migrated: Village, tmp_path: Path) -> None:
    act = let_go(two_clients(migrated))
    file = tmp_path / "key-backups" / ledger.NAME
    file.write_bytes(file.read_bytes()[:-20])
    backup(tmp_path / "b")
    known = ledger.read([file])
    assert known
    assert (list(known.erasures), known.unreadable) == ([act], 1)


def test_where_nothing_knows_who_was_erased_nothing_is_put_back_unasked(
    migrated: Village, tmp_path: Path
) -> None:
    client = two_clients(migrated)
    path, _ = backup(tmp_path / "backups")
    let_go(client)
    kept = tmp_path / "saved.ledger"
    (tmp_path / "key-backups" / ledger.NAME).rename(kept)
    path.with_name(ledger.NAME).unlink()
    with empty_machine(tmp_path):
        refused("no_ledger", lambda: restore(path))
        refused("ledger_unread", lambda: restore(path, ledgers=[tmp_path / "none"]))
        done = restore(path, ledgers=None)
        assert (done.again, done.ledger) == ((), None)
        assert "张小梅" in all_text()
        done = restore(path, replace_present=True, ledgers=[kept])
        assert [subject for _, _, subject in done.again] == [client]
        assert "张小梅" not in all_text()


# ---- keys ---------------------------------------------------------------------------------------


def a_resident(village: Village, name: str) -> str:
    """The record of somebody who lives there."""
    seen = village.seen(village.cast.grid).items()
    return next(e for e, one in seen if one.get("full_name") == [name])


def test_the_copy_of_the_data_holds_no_key_of_anybody(migrated: Village, tmp_path: Path) -> None:
    migrated.send(migrated.dwelling(migrated.cast.wang))
    rows = db.session.execute(sa.select(SubjectKey.wrapped)).all()
    wrapped = [row.wrapped for row in rows]
    db.session.rollback()
    path, told = backup(tmp_path / "b")
    content = path.read_bytes()
    assert wrapped
    assert [key for key in wrapped if key in content or key.hex().encode() in content] == []
    keys = KeyFile.read(tmp_path / "key-backups" / told.keys)
    assert {row["wrapped"] for row in keys.subjects.values()} >= set(wrapped)
    assert (tmp_path / "key-backups" / told.keys).stat().st_mode & 0o077 == 0


def test_without_any_copy_of_the_keys_nothing_is_put_back(
    migrated: Village, tmp_path: Path
) -> None:
    migrated.send(migrated.dwelling(migrated.cast.wang))
    path, told = backup(tmp_path / "b")
    (tmp_path / "key-backups" / told.keys).unlink()
    with write_transaction() as tx:
        tx.execute(sa.delete(SubjectKey))
    before = mark()
    refused("no_keys", lambda: restore(path, replace_present=True))
    assert mark() == before


def test_whoever_was_erased_since_stays_so_in_an_old_copy(
    migrated: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """His key is in the file of that day; the present database and later files know better."""
    grid = migrated.cast.grid
    two = [migrated.resident("周小兰", "E12345678"), migrated.resident("何大勇", "E87654321")]
    visit = migrated.dwelling(grid, residents=two)
    migrated.send(visit)
    him = a_resident(migrated, "何大勇")
    path, told = backup(tmp_path / "b")
    with write_transaction() as tx:
        keys_of(tx.connection()).destroy(f"housing/{him}")
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    backup(tmp_path / "b")
    assert not (tmp_path / "key-backups" / told.keys).exists()
    restore(path, replace_present=True)
    assert "何大勇" not in all_text()
    assert "周小兰" in all_text()
    assert him not in migrated.seen(grid)
    assert service.log_faults() == []


def test_an_old_copy_opens_after_another_secret_took_over(
    app: Flask, migrated: Village, db_url: str, tmp_path: Path
) -> None:
    new = "another secret for tests only, as long as the first"
    sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    path, _ = backup(tmp_path / "b")
    with writing() as connection:
        rotate(connection, wrapper_for(SECRET), wrapper_for(new), {})
    db.session.remove()
    db.engine.dispose()
    with create_app(settings_for(tmp_path, db_url, secret=new)).app_context():
        backup(tmp_path / "b")
        restore(path, replace_present=True)
        assert db.session.get(m.Submission, sid) is not None
        assert service.audit() == []
        db.session.remove()
        db.engine.dispose()


# ---- refusals -----------------------------------------------------------------------------------


def refused(key: str, action: Callable[[], object]) -> BackupError:
    """The action is refused so; the reason reads well in both languages."""
    with pytest.raises(BackupError) as caught:
        action()
    assert caught.value.key == key, caught.value
    assert "{" not in caught.value.text("zh") + caught.value.text("en")
    return caught.value


def mark() -> str:
    with db.engine.connect() as connection:
        return durable.durable_before(connection)


def test_a_copy_that_lacks_a_visit_moves_no_mark(
    migrated: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a disk that lies would make it: the copy was fine but for one row."""
    sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    kind = KINDS[db.engine.dialect.name]
    whole = kind.scratch

    @contextmanager
    def spoilt(*args: Any) -> Iterator[str]:
        with whole(*args) as url:
            engine = sa.create_engine(url)
            with engine.begin() as connection:
                connection.execute(sa.delete(m.Submission).where(m.Submission.id == sid))
            engine.dispose()
            yield url

    monkeypatch.setattr(kind, "scratch", spoilt)
    refused("copy_short", lambda: backup(tmp_path / "b"))
    assert (mark(), list((tmp_path / "b").iterdir())) == ("", [])


def test_a_log_that_can_not_be_opened_is_no_backup(migrated: Village, tmp_path: Path) -> None:
    migrated.send(migrated.dwelling(migrated.cast.wang))
    with write_transaction() as tx:
        tx.execute(sa.update(m.Submission).values(body=b"\x01nonsense"))
    refused("copy_broken", lambda: backup(tmp_path / "b"))
    assert (mark(), list((tmp_path / "b").iterdir())) == ("", [])


def test_a_full_disk_is_told_and_leaves_nothing(
    migrated: Village, db_url: str, tmp_path: Path
) -> None:
    """The operator's own command, on a disk that takes no more than so much of one file."""
    migrated.send(migrated.dwelling(migrated.cast.wang))
    db.session.remove()
    most = 250_000 if db_url.startswith("sqlite") else 16_384
    command = "import sys; from fieldapp.cli import main; main(['backup', '--to', sys.argv[1]])"
    done = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path / "b")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment(db_url, tmp_path),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    assert done.returncode == 1
    assert "No room left" in done.stderr
    assert "Traceback" not in done.stderr
    assert (mark(), list((tmp_path / "b").iterdir())) == ("", [])


def environment(db_url: str, home: Path) -> dict[str, str]:
    return {
        "FIELDAPP_HOME": str(home),
        "FIELDAPP_DATABASE_URL": db_url,
        "FIELDAPP_SECRET": SECRET,
        "LANG": "en_GB.UTF-8",
    }


def test_a_folder_that_is_none_is_told(migrated: Village, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused("no_folder", lambda: backup(tmp_path / "file" / "b"))


@pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
class TestPostgresTools:
    """What an operator of PostgreSQL may lack."""

    def test_missing(
        self, migrated: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        refused("no_tools", lambda: backup(tmp_path))
        assert mark() == ""

    def test_older_than_the_server(
        self, migrated: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = tmp_path / "old"
        old.mkdir()
        said = "pg_dump: error: aborting because of server version mismatch"
        (old / "pg_dump").write_text(f"#!/bin/sh\necho '{said}' >&2; exit 1\n")
        (old / "pg_dump").chmod(0o755)
        monkeypatch.setenv("PATH", f"{old}{os.pathsep}{os.environ['PATH']}")
        refused("old_tools", lambda: backup(tmp_path / "b"))

    def test_no_right_to_make_a_scratch_database(self, migrated: Village, tmp_path: Path) -> None:
        sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
        url = as_plain_role(db.engine.url)
        given = postgres_url()
        with server_on(url):
            refused("no_scratch", lambda: backup(tmp_path))
            assert mark() == ""
            backup(tmp_path, given)
            assert durable_of(migrated, sid) == [sid]
            backup(tmp_path, given)
            refused("no_scratch", lambda: backup(tmp_path, url))
        drop_database(given)


def as_plain_role(url: sa.URL) -> str:
    """The URL of somebody who may use this database and no more."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        name = f"plain_{clock.new_id()[:8]}"
        for statement in (
            f"CREATE ROLE {name} LOGIN",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}",
            f"GRANT pg_read_all_data TO {name}",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    return url.set(username=name).render_as_string(hide_password=False)


def test_a_database_with_work_in_it_is_not_replaced_unasked(
    migrated: Village, tmp_path: Path
) -> None:
    sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    path, _ = backup(tmp_path)
    assert "(1 " in refused("not_empty", lambda: restore(path)).text("en")
    assert db.session.get(m.Submission, sid) is not None


def test_a_running_server_is_stopped_first(
    app: Flask, migrated: Village, db_url: str, tmp_path: Path
) -> None:
    path, _ = backup(tmp_path)
    other = sa.create_engine(db_url)
    with other.connect() as connection:
        connection.execute(sa.select(m.Submission.id)).all()
        connection.commit()
        refused("in_use", lambda: restore(path, replace_present=True))
    other.dispose()
    assert migrated.send(migrated.dwelling(migrated.cast.wang)).st == "stored"


SPOILT: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "one byte": ("damaged", lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]),
    "cut": ("damaged", lambda data: data[: len(data) // 2]),
    "nothing": ("not_a_backup", lambda _data: b""),
    "another file": ("not_a_backup", lambda _data: gzip.compress(b"x" * 5000)),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_damaged_file_changes_nothing(migrated: Village, tmp_path: Path, fault: str) -> None:
    sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    path, _ = backup(tmp_path)
    key, spoil = SPOILT[fault]
    path.write_bytes(spoil(path.read_bytes()))
    refused(key, lambda: restore(path, replace_present=True))
    assert db.session.get(m.Submission, sid) is not None


def test_a_cut_file_without_its_sidecar_changes_nothing(migrated: Village, tmp_path: Path) -> None:
    sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    path, _ = backup(tmp_path)
    sidecar.beside(path).unlink()
    path.write_bytes(path.read_bytes()[:-20000])
    refused("damaged", lambda: restore(path, replace_present=True))
    assert db.session.get(m.Submission, sid) is not None
    assert service.audit() == []


def test_a_backup_of_the_other_kind_of_database_is_told(migrated: Village, tmp_path: Path) -> None:
    path, _ = backup(tmp_path)
    is_file = db.engine.dialect.name == "sqlite"
    url = postgres_url() if is_file else f"sqlite:///{tmp_path / 'other.sqlite'}"
    with server_on(url):
        refused("wrong_kind", lambda: restore(path))
    if is_file:
        drop_database(url)


def test_a_backup_of_a_newer_version_is_told(migrated: Village, tmp_path: Path) -> None:
    sid = migrated.send(migrated.dwelling(migrated.cast.wang)).id
    with write_transaction() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    path, _ = backup(tmp_path)
    refused("newer", lambda: restore(path, replace_present=True))
    assert db.session.get(m.Submission, sid) is not None


def test_another_secret_is_told(migrated: Village, db_url: str, tmp_path: Path) -> None:
    migrated.send(migrated.dwelling(migrated.cast.wang))
    path, _ = backup(tmp_path)
    db.session.remove()
    db.engine.dispose()
    environ = environment(db_url, tmp_path) | {"FIELDAPP_SECRET": "another secret" * 4}
    done = subprocess.run(
        [Path(sys.executable).with_name("fieldapp"), "restore", path, "--replace"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environ,
    )
    assert done.returncode == 1
    assert "can't be opened with this FIELDAPP_SECRET" in done.stderr


def test_the_commands_say_what_they_did_and_what_to_do(
    app: Flask, migrated: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    migrated.send(migrated.dwelling(migrated.cast.wang))
    runner = app.test_cli_runner()

    def run(*args: str) -> tuple[int, str, str]:
        done = runner.invoke(main, list(args), obj=ScriptInfo(create_app=lambda: app))
        return done.exit_code, done.stdout, done.stderr

    code, path, told = run("backup", "--to", str(tmp_path / "b"))
    (keys,) = (tmp_path / "key-backups").glob("*.keys")
    kept = f"Its keys, without which it opens for nobody: {keys}\n"
    assert (code, told) == (0, f"Checked: 1 visits, 0 attachments.\n{kept}")
    code, _, told = run("restore", path.strip())
    assert code == 1
    assert "数据库里已有数据" in told
    code, said, _ = run("restore", path.strip(), "--replace")
    assert code == 0, _
    assert "Restored: 1 visits" in said
    assert "Erased again, as since this backup: 0." in said
    assert run("new-epoch")[1].endswith("feeds begin anew.\n")
