"""Who wrote, opened and received what: it is all there, and no row can be touched unseen."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fieldapp import clock
from fieldapp.audit import service as access_log
from fieldapp.audit.models import AuditHead, AuditRow
from fieldapp.db import db, utc_text
from fieldapp.sync import models as m
from tests.cast import LIULIN

from .stories import Village, start

FIELDS = ("at", "act", "actor", "role", "scope", "subject", "what", "prev", "hash")


def faults() -> list[str]:
    """What the check finds."""
    db.session.rollback()
    found = list(access_log.find_faults(db.session.connection()))
    db.session.rollback()
    return found


def acts(chain: str = LIULIN) -> list[tuple[str, str, str]]:
    """(act, actor, scope) of a chain's rows, in order."""
    r = AuditRow
    query = sa.select(r.act, r.actor, r.scope).where(r.chain == chain).order_by(r.seq)
    found = [tuple(row) for row in db.session.execute(query)]
    db.session.rollback()
    return found


@pytest.fixture
def client(village: Village) -> str:
    """张小梅's id: 王芳 registered her, her phone and the nurse's received her."""
    village.send(village.consent(village.cast.wang))
    found: str = village.only(village.cast.wang, "client")["id"]
    village.pull(village.cast.chen)
    return found


class TestWhatIsKept:
    """Writes in the same transaction, reads before the answer."""

    def test_a_visit_and_who_received_it(self, village: Village, client: str) -> None:
        wang, chen = village.cast.wang.id, village.cast.chen.id
        assert acts() == [
            ("write", wang, "health"),
            ("pull", wang, "health"),
            ("pull", chen, "health"),
        ]

    def test_a_pull_that_brings_nothing_is_no_read(self, village: Village, client: str) -> None:
        before = acts()
        village.pull(village.cast.zhao)
        assert acts() == before

    def test_the_nurse_opens_a_visit(self, village: Village, client: str) -> None:
        sid = db.session.scalar(sa.select(m.Submission.id))
        desk = village.cast.chen.log_in()
        assert desk.get(f"/api/review/visits/{sid}").status_code == 200
        assert acts()[-1] == ("open", village.cast.chen.id, "health")

    def test_a_conflict_that_is_opened(self, village: Village) -> None:
        village.send(village.dwelling(village.cast.wang))
        flat = village.only(village.cast.wang, "dwelling")["id"]
        apart = [
            village.make(village.dwelling(village.cast.wang, flat, lessor=name))
            for name in ("甲", "乙")
        ]
        village.take_in(village.cast.wang, *apart)
        desk = village.cast.zhao.log_in()
        (first, *_) = desk.get("/api/review/conflicts").json["items"]
        path = f"/api/review/conflicts/{first['entity']}/{first['value']}"
        assert desk.get(path).status_code == 200
        assert acts()[-1] == ("open", village.cast.zhao.id, "housing")

    def test_what_was_kept_aside_is_in_its_author_s_own_chain(self, village: Village) -> None:
        wang = village.cast.wang
        made = village.make(village.dwelling(wang), form="no_such_form")
        assert village.take_in(wang, made)[0].st == "quarantined"
        assert acts(f"u.{wang.id}") == [("aside", wang.id, "")]
        assert acts() == []

    def test_the_subject_is_told_who_looked(self, village: Village, client: str) -> None:
        village.pull(village.cast.li, start([]))
        looks = access_log.looked_at("health", [client], [f"{LIULIN}.care", f"{LIULIN}.clinic"])
        assert {(look.name, look.act) for look in looks} == {
            ("王芳", "write"),
            ("王芳", "pull"),
            ("陈静", "pull"),
        }

    def test_whoever_received_much_at_once_counts_as_having_received_all(
        self, village: Village, client: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(access_log, "MANY", 0)
        village.pull(village.cast.li)
        looks = access_log.looked_at("health", [client], [f"{LIULIN}.care"])
        assert ("李娜", "pull") in {(look.name, look.act) for look in looks}

    def test_no_value_is_in_it(self, village: Village, client: str) -> None:
        kept = json.dumps(list(access_log.rows_of(db.session.connection())), ensure_ascii=False)
        assert client in kept
        assert not [text for text in ("张小梅", "13800000002", "consent_record") if text in kept]


class TestTampering:
    """Any row, any field, any way."""

    @pytest.fixture(autouse=True)
    def some(self, village: Village, client: str) -> None:
        """Some rows, all in order."""
        assert faults() == []

    @pytest.mark.parametrize("field", FIELDS)
    def test_any_field_of_any_row(self, field: str) -> None:
        for chain, seq in every_row():
            changed = sa.update(AuditRow).where(*at(chain, seq)).values({field: "x"})
            assert faults_after(changed), (chain, seq)

    def test_a_row_that_is_gone(self) -> None:
        for chain, seq in every_row():
            assert faults_after(sa.delete(AuditRow).where(*at(chain, seq))), (chain, seq)

    def test_the_last_row_with_the_end_moved_back(self) -> None:
        prev = db.session.scalar(sa.select(AuditRow.prev).where(*at(LIULIN, 3)))
        found = faults_after(
            sa.delete(AuditRow).where(*at(LIULIN, 3)),
            sa.update(AuditHead).where(AuditHead.chain == LIULIN).values(seq=2, hash=prev),
        )
        assert found == [f"audit {LIULIN}: its end isn't signed by this server"]

    def test_an_old_end_put_back_is_found_by_an_exported_one(self, village: Village) -> None:
        old = next(e for e in access_log.ends(db.session.connection()) if e["chain"] == LIULIN)
        village.pull(village.cast.li)
        connection = db.session.connection()
        later = access_log.ends(connection)
        younger = sa.delete(AuditRow).where(AuditRow.chain == LIULIN, AuditRow.seq > old["seq"])
        connection.execute(younger)
        connection.execute(sa.update(AuditHead).where(AuditHead.chain == LIULIN).values(**old))
        assert list(access_log.find_faults(connection)) == [], "signed once"
        assert list(access_log.faults_since(later, connection))

    def test_a_chain_that_is_gone_as_a_whole(self) -> None:
        found = faults_after(
            sa.delete(AuditRow).where(AuditRow.chain == LIULIN),
            sa.delete(AuditHead).where(AuditHead.chain == LIULIN),
        )
        assert found == [f"audit {LIULIN}: the whole chain is gone"]


class TestAnotherSecret:
    """Ends are signed by a key that hangs on the secret."""

    def test_after_a_change_they_are_signed_again(
        self, village: Village, client: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        new, settings = "another secret, as long as it has to be", village.app.config["SETTINGS"]
        assert access_log.sign_again(new) == 2
        assert all("isn't signed by this server" in fault for fault in faults())
        monkeypatch.setitem(village.app.config, "SETTINGS", replace(settings, secret=new))
        assert faults() == []

    def test_not_if_a_row_was_altered(self, village: Village, client: str) -> None:
        db.session.execute(sa.update(AuditRow).values(actor="x"))
        db.session.commit()
        with pytest.raises(ValueError, match="altered"):
            access_log.sign_again("another secret, as long as it has to be")


class TestKeepingItShort:
    """Three years, then rows are cut off from the beginning."""

    def test_the_chain_goes_on_from_where_it_was_cut(self, village: Village, client: str) -> None:
        later = utc_text(clock.now() + timedelta(days=1))
        assert access_log.cut_off(later, dry_run=True) == 2
        assert len(acts()) == 3
        assert access_log.cut_off(later) == 2
        assert faults() == []
        assert len(acts()) == 1, "the newest stays"
        village.pull(village.cast.li)
        assert faults() == []

    def test_a_row_after_the_cut_is_still_guarded(self, village: Village, client: str) -> None:
        access_log.cut_off(utc_text(clock.now() + timedelta(days=1)))
        altered = sa.update(AuditRow).where(AuditRow.chain == LIULIN).values(actor="x")
        assert faults_after(altered)


def every_row() -> list[tuple[str, int]]:
    """Where each row is."""
    found = [tuple(row) for row in db.session.execute(sa.select(AuditRow.chain, AuditRow.seq))]
    assert len(found) == 4, "three of the village, and that its chain began"
    return found


def at(chain: str, seq: int) -> tuple[Any, ...]:
    """The condition for one row."""
    return AuditRow.chain == chain, AuditRow.seq == seq


def faults_after(*statements: Any) -> list[str]:
    """What is found once somebody with the database in hand did this; it is undone."""
    db.session.rollback()
    for statement in statements:
        db.session.execute(statement)
    found = list(access_log.find_faults(db.session.connection()))
    db.session.rollback()
    return found
