"""The story of one client, as a phone really sent it and the server really stored it.

    told = tell(home)

A nurse registers 张小梅 and follows her pregnancy up nine times, three weeks apart; each visit has
25 answered questions, makes a record of itself and brings the pregnancy up to date. Three visits
more on the last day: the last two, whose answers differ, can follow each other in turn without end.
`clones` makes thousands of clients of it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fieldapp import create_app
from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.service import Principal, principal_of
from fieldapp.areas.service import put_area
from fieldapp.config import Settings
from fieldapp.db import db, write_transaction
from fieldapp.forms import service as forms
from fieldapp.forms.check import complete
from fieldapp.forms.evaluate import Host
from fieldapp.registry import service as registry
from fieldapp.subjects.models import EntitySubject, SubmissionSubject
from fieldapp.sync import models as m
from fieldapp.sync import service
from fieldapp.sync.rules import current_rules
from fieldapp.sync.store import Store
from tests.opened import opened

SECRET = "a secret for measuring only, long enough for anybody"
VERSIONS = {"consent_record": "2026-2"}  # of the others 2026-1
DISTRICT = "379901000000"
TOWN, VILLAGE = "379901001000", "379901001001"
FIRST = date(2026, 5, 4)
EVERY = timedelta(days=21)
STORED = 10  # visits of a client that are stored beforehand: the consent and nine follow-ups
FURTHER = 3
INSTALL = "7d1c1c5e-0000-4000-8000-000000000001"
NAME, PHONE = "张小梅", "13800000002"
LISTS = ("client", "consent", "pregnancy", "contraception", "referral")
Row = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """submissions: all that was sent, in order. rows: what the stored ones left in each table, by
    table. nurse: the author's id.
    """

    submissions: list[dict[str, Any]]
    rows: dict[str, list[Row]]
    nurse: str


def settings_for(home: Path, url: str) -> Settings:
    """Settings under which the clones are stored: what is sealed must open on the server."""
    return Settings(home=home, database_url=url, secret=SECRET)


def tell(home: Path) -> Story:
    """The story, told to a server on an empty database in this folder."""
    app = create_app(settings_for(home, f"sqlite:///{home / 'story.sqlite'}"))
    with app.app_context():
        db.create_all()
        forms.publish_packaged()
        nurse = _people()
        first = _send(_consent(nurse))
        client = first["entities"][0]["e"]
        stored = [_send(_follow_up(nurse, client, number)) for number in range(1, STORED)]
        rows = _rows()
        turns = range(1, FURTHER + 1)
        further = [_send(_follow_up(nurse, client, STORED - 1, turn)) for turn in turns]
        db.session.remove()
        db.engine.dispose()
    return Story([first, *stored, *further], rows, nurse.user_id)


def _people() -> Principal:
    with write_transaction():
        put_area(DISTRICT, "泉城区", "Quancheng", "district", None)
        put_area(TOWN, "柳河镇", "Liuhe", "town", DISTRICT)
        put_area(VILLAGE, "柳林村", "Liulin", "village", TOWN)
        user = users.add_user(
            "chen", "陈静", "nurse", "no-log-in-2026!", [Grant(VILLAGE, "health")]
        )
        user_id = user.id
    found = principal_of(user_id)
    db.session.rollback()
    assert found
    return found


# ---- visits -------------------------------------------------------------------------------------


def _consent(nurse: Principal) -> service.Visit:
    agreed = dict.fromkeys(("age14", "c_preg", "c_contra", "c_msg"), "1")
    answers = {
        "g_start": {"visit_date": FIRST.isoformat(), "known": "0", "lang_ok": "1"},
        "g_consent": {**agreed, "c_method": "sign", "c_copy": "1"},
        "g_person": {"n_name": NAME, "n_sex": "2", "n_dob": "1995-05-05",
                     "n_phone": PHONE, "n_area": VILLAGE},
    }  # fmt: skip
    return _visit(nurse, "consent_record", answers, FIRST)


def _follow_up(nurse: Principal, client: str, number: int, turn: int = 0) -> service.Visit:
    """The follow-up of this number; turn: which of those that may follow each other."""
    day = FIRST + number * EVERY
    odd = (number + turn) % 2
    met = {"visit_date": day.isoformat(), "visit_mode": ("home", "phone")[odd],
           "person_id": client, "contact_result": "met", "still_ok": "1",
           "private_ok": "1"}  # fmt: skip
    anc = {"anc_slots": "1 2" if number > 4 else "1", "anc_total": str(number + odd),
           "anc_next": (day + timedelta(14 + odd)).isoformat(), "anc_barrier": "none",
           "danger_p": "none", "fetal_move": "1", "supplements": "1",
           "birth_plan": ("0", "9")[odd]}  # fmt: skip
    preg = {
        "g_new": {"confirmed_by": "clinic"},
        "g_book": {"book_has": ("0", "9")[odd]},
        "g_dating": {"edd_source": "us", "edd_in": "2026-12-20", "redate": "0"},
        "g_ga": {"status": "on"},
        "g_anc": anc,
        "g_talk": {"topics": "danger", "talk_nurse": "01"[odd]},
        "g_clin": {"sbp": str(110 + odd), "dbp": str(70 + odd), "temp": f"36.{5 + odd}",
                   "weight": str(60 + odd)},
        "g_next": {"contact_pref": ("monthly", "visits")[odd],
                   "next_contact": (day + timedelta(21 + odd)).isoformat()},
    }  # fmt: skip
    return _visit(nurse, "preg_followup", {"g_visit": met, "g_preg": preg}, day)


def _visit(nurse: Principal, form: str, answers: Mapping[str, Any], day: date) -> service.Visit:
    version = VERSIONS.get(form, "2026-1")
    definition = forms.definition(form, version)
    assert definition
    me = {"name": "me", "label": nurse.name, "role": nurse.role, "area": VILLAGE}
    lists = {name: registry.items(nurse, "health", name) for name in LISTS}
    host = Host(
        today=day.isoformat(),
        now=f"{day}T09:00:00+08:00",
        uuid=lambda: str(uuid.uuid4()),
        instances={**lists, "session": [me], "area": [{"name": VILLAGE, "label": "柳林村"}]},
    )
    at = datetime.combine(day, time(1, 12), UTC)
    finished = complete(definition, answers, host)
    return service.Visit(nurse, form, version, finished, at, VILLAGE, install=INSTALL)


def _send(visit: service.Visit) -> dict[str, Any]:
    """Make a visit as a phone in sync would, and take it in."""
    rules = current_rules()
    made = service.compose(visit, rules, Store(db.session.connection(), rules.type, ()))
    db.session.rollback()
    item = service.incoming(made, service.author_of(visit.principal), visit.at)
    result = service.take_in([item])[0]
    assert result.st == "stored", result
    return made


# ---- what is stored -----------------------------------------------------------------------------

LOGGED = (m.Submission, m.RegWrite, m.RegSup, m.Mention, m.Entity, m.EntityRoot, m.FeedChange,
          EntitySubject, SubmissionSubject)  # fmt: skip


def _rows() -> dict[str, list[Row]]:
    """Everything sync stored; what is sealed opened, since a clone is sealed anew."""
    db.session.rollback()
    found, keys = {}, service.vault()
    for model in (*LOGGED, m.Issue, m.Conflict, m.RegSecret, m.SubmissionBlob):
        rows = db.session.execute(sa.select(model.__table__))
        opened_rows = [opened(model, dict(row._mapping), keys) for row in rows]
        found[model.__tablename__] = [_as_text(row) for row in opened_rows]
    db.session.rollback()
    for name in ("issue", "conflict", "reg_secret", "submission_blob"):
        left = found.pop(name)
        assert not left, left
    return found


def _as_text(row: Row) -> Row:
    return {name: v.decode() if isinstance(v, bytes) else v for name, v in row.items()}
