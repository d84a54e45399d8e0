"""欧阳小梅 is a client, 何求勇 a resident beside somebody else, 诸葛秀英 lets his dwelling.

They were visited, corrected, returned, kept aside, backed up and exported. Then all three ask to be
erased.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from fieldapp.audit import service as audit
from fieldapp.backup.service import backup, restore, server_on
from fieldapp.db import db
from fieldapp.subjects.models import SubjectKey
from fieldapp.sync import models as m
from fieldapp.sync import service as sync
from tests.cast import LIULIN, Browser, Cast, Phone
from tests.sync.stories import Village, versions

from .opened import everything_that_opens
from .values import Captured

NAME, PHONE, BORN = "欧阳小梅", "13877665544", "1993-08-17"
FRIEND, FRIENDS_PHONE, PLACE = "欧阳建国", "13900112233", "柳河镇卫生院三楼东侧诊室"
HIM, HIS_NUMBER, HIS_BIRTHDAY = "何求勇", "E87651234", "1988-02-29"
HIS_HOME, HIS_WORK = "示例省甲乙县丙丁镇", "柳林汽车修理铺后院"
LESSOR, LESSORS_PHONE = "诸葛秀英", "13955667788"
NOTE = "欧阳小梅说电话已换成13877660000"
NUMBER_IN_NOTE = "13877660000"
OTHERS = ("刘春燕", "13800000009", "周小兰")
HERS = (NAME, PHONE, BORN, FRIEND, FRIENDS_PHONE, PLACE, NUMBER_IN_NOTE)
HIS = (HIM, HIS_NUMBER, HIS_BIRTHDAY, HIS_HOME, HIS_WORK)
THEIRS = (*HERS, *HIS, LESSOR, LESSORS_PHONE)
REASON = "本人当面提出删除"


@dataclass
class Story:
    """One district in which three people are erased."""

    app: Flask
    cast: Cast
    home: Path
    client: str = ""
    resident: str = ""
    dwelling: str = ""
    certificates: list[str] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    wrapped: list[bytes] = field(default_factory=list)
    captured: Captured = field(default_factory=lambda: Captured(THEIRS))

    @property
    def village(self) -> Village:
        return Village(self.app, self.cast)

    # ---- what happened ------------------------------------------------------------------------

    def fill(self) -> None:
        """Everything that is captured of them, in every way there is."""
        village, cast = self.village, self.cast
        self.phones = [person.enrol() for person in (cast.wang, cast.chen, cast.grid)]
        with self.app.app_context():
            village.send(village.consent(cast.wang, "刘春燕", "13800000009"))
            village.send(village.consent(cast.wang, NAME, PHONE, born=BORN))
            self.client = self._named(NAME)
            new = {"confirmed_by": "clinic", "care_place": PLACE, "alt_name": FRIEND,
                   "alt_phone": FRIENDS_PHONE}  # fmt: skip
            village.send(village.pregnancy(cast.wang, self.client, new=new))
            village.send(village.pregnancy(cast.chen, self.client, clinical=True))
            self._housing(village)
            self._variant(village)
            self._return()
            db.session.rollback()

    def _named(self, name: str) -> str:
        who = self.cast.wang
        found = [e for e, one in self.village.seen(who).items() if one.get("full_name") == [name]]
        assert len(found) == 1
        return found[0]

    def _housing(self, village: Village) -> None:
        him = village.resident(HIM, HIS_NUMBER) | {
            "r_dob": HIS_BIRTHDAY, "r_home": HIS_HOME, "r_work": HIS_WORK, "r_lead": "0",
        }  # fmt: skip
        two = [village.resident("周小兰", "E12345678"), him]
        lessor = {"lessor": LESSOR, "phone": LESSORS_PHONE}
        village.send(village.dwelling(self.cast.grid, residents=two, **lessor))
        self.resident = self._named(HIM)
        self.dwelling = str(village.only(self.cast.grid, "dwelling")["id"])

    def _variant(self, village: Village) -> None:
        """A visit comes twice, the second time altered; another can't be read."""
        wang = self.cast.wang
        visit = village.make(village.pregnancy(wang, self.client))
        village.take_in(wang, visit)
        village.take_in(wang, visit | {"app": f"0.2 {NAME}"})
        village.take_in(wang, visit | {"id": str(uuid.uuid4()), "form": "never_published"})

    def _return(self) -> None:
        """The nurse returns her first visit, and says why."""
        desk = self.cast.chen.log_in()
        rows = desk.get("/api/review/visits").json["items"]
        for row in rows:
            if row["subject"] == NAME:
                wish = {"state": "returned", "seen": "received",
                        "notes": [{"path": "", "text": NOTE}]}  # fmt: skip
                assert (
                    desk.post(f"/api/review/visits/{row['id']}/decision", wish).status_code == 200
                )
                return
        raise AssertionError("her visit isn't in the queue")

    def pulled(self) -> list[str]:
        """What every phone holds, as text: all of a first pull."""
        return [json.dumps(self._pull(phone, {}), ensure_ascii=False) for phone in self.phones]

    def _pull(self, phone: Phone, cursors: dict[str, Any]) -> Any:
        with self.app.app_context():
            from fieldapp.accounts.service import feeds_of, grants_ver, principal_of

            principal = principal_of(phone.person.id)
            assert principal is not None
            start = {"epoch": "", "seq": 0, "view": ""}
            feeds = {feed: cursors.get(feed, start) for feed in feeds_of(principal)}
            message = {"grants_ver": grants_ver(principal), "catalogue": "", "feeds": feeds,
                       "budget": 1024 * 1024}  # fmt: skip
            db.session.rollback()
        answer = phone.call("pull", message)
        assert answer.status_code == 200, answer.data
        return json.loads(answer.data)

    def back_up(self) -> Path:
        """A verified backup."""
        with self.app.app_context():
            return backup(self.home / "backups")[0]

    def export(self) -> None:
        """The log of access as it is given away."""
        folder = self.home / "exports"
        folder.mkdir(exist_ok=True)
        with self.app.app_context():
            rows = list(audit.rows_of(db.session.connection()))
            db.session.rollback()
        (folder / "access-log.json").write_text(json.dumps(rows, ensure_ascii=False))
        (folder / "certificates.json").write_text("\n".join(self.certificates))

    # ---- the end ------------------------------------------------------------------------------

    def erase(self) -> None:
        """All of them, at the rights desk."""
        with self.app.app_context():
            t = SubjectKey
            wanted = [f"health/{self.client}", f"housing/{self.resident}",
                      f"housing/{self.dwelling}/lessor"]  # fmt: skip
            query = sa.select(t.wrapped).where(t.subject.in_(wanted))
            self.wrapped = [bytes(w) for w in db.session.scalars(query) if w]
            db.session.rollback()
        assert len(self.wrapped) == 3
        desk = self.cast.steward.log_in()
        for scope, name in (("health", NAME), ("housing", HIM), ("housing", LESSOR)):
            self.certificates.append(self._erase_at(desk, scope, name))

    def _erase_at(self, desk: Browser, scope: str, name: str) -> str:
        found = desk.post("/api/rights/find", {"scope": scope, "text": name})
        assert found.status_code == 200, found.json
        (person,) = found.json
        asked = desk.post("/api/rights/requests", {"kind": "delete", "subject": person["id"]})
        assert asked.status_code == 200, asked.json
        address = f"/api/rights/requests/{asked.json['id']}/erasure"
        seen = desk.get(address)
        assert seen.status_code == 200, seen.json
        wish = {"reason": REASON, "confirm": name, "seen": seen.json["seen"]}
        done = desk.post(address, wish)
        assert done.status_code == 200, done.json
        return json.dumps(done.json, ensure_ascii=False)

    def answered(self) -> tuple[int, int]:
        """Phones that purged, of those that held something, after each has pulled twice."""
        for phone in self.phones:
            first = self._pull(phone, {})
            cursors = {
                feed: {key: page[key] for key in ("epoch", "seq", "view")}
                for feed, page in first["feeds"].items()
            }
            self._pull(phone, cursors)
        desk = self.cast.steward.log_in()
        told = desk.get("/api/rights/erasures").json
        phones = [phone for one in told for phone in one["phones"]]
        return sum(phone["answered"] is not None for phone in phones), len(phones)

    def faults(self) -> list[str]:
        """What is wrong with the log, what is derived of it, and the chains."""
        with self.app.app_context():
            found = [*sync.audit(), *audit.find_faults(db.session.connection())]
            db.session.rollback()
        return found

    def chains(self) -> int:
        """How many hash chains there are."""
        with self.app.app_context():
            count = len(audit.ends(db.session.connection()))
            db.session.rollback()
        return count

    def rebuild(self) -> bool:
        """Derive everything anew; whether it came out the same."""
        with self.app.app_context():
            before = versions()
            sync.rebuild()
            return versions() == before

    def restore(self, path: Path) -> None:
        """Put an older backup back."""
        with self.app.app_context():
            restore(path, replace_present=True)

    def restore_elsewhere(self, path: Path, url: str) -> list[str]:
        """Put an older backup back on a machine that knows nothing; what can be read there."""
        with self.app.app_context(), server_on(url):
            done = restore(path)
            connection = db.session.connection()
            found = [f"{where} on an empty machine" for where in self._read(connection)]
            db.session.rollback()
            found += [f"{fault} on an empty machine" for fault in sync.audit()]
            if len(done.again) != len(self.certificates):
                found.append(f"{len(done.again)} erased again on an empty machine")
        return found

    # ---- looking ------------------------------------------------------------------------------

    def readable(self) -> Iterator[str]:
        """Where a value can be read with all the keys the server has, whatever form it lies in."""
        with self.app.app_context():
            yield from self._read(db.session.connection())
            db.session.rollback()

    def _read(self, connection: sa.Connection) -> Iterator[str]:
        for place, plain in everything_that_opens(connection):
            for value, form in self.captured.in_bytes(plain):
                yield f"{value} ({form}) in {place}"

    def feeds_name(self) -> list[str]:
        """Values that phones are still given."""
        return [value for text in self.pulled() for value in self.captured.values if value in text]

    def refused(self) -> bool:
        """Whether a phone that was away sends in vain: what it has is kept under a lost key."""
        with self.app.app_context():
            visit = {"id": str(uuid.uuid4()), "form": "preg_followup", "fv": "2026-1",
                     "answers": {"g_visit": {"person_id": self.client, "note": NAME}}}  # fmt: skip
            (result,) = self.phones[0].push([visit | {"area": LIULIN}])
            db.session.rollback()
            sealed = db.session.scalar(
                sa.select(m.Submission.body).where(m.Submission.id == visit["id"])
            )
            return (result["st"], result["why"]) == ("quarantined", "erased") and bool(sealed)
