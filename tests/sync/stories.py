"""What the stories of sync are told with: finished visits of the packaged forms, and a field phone.

village = Village(app, cast)
visit = village.dwelling(cast.wang, phone="13800000001")     # answers finished by the form
village.make(visit)                                          # the submission of a phone in sync
village.send(visit)                                          # taken in; its result
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from flask import Flask

from fieldapp.accounts.service import (
    Principal,
    areas_of,
    feeds_of,
    grants_ver,
    principal_of,
)
from fieldapp.db import db
from fieldapp.forms import service as forms
from fieldapp.forms.check import complete
from fieldapp.forms.evaluate import Host
from fieldapp.registry import service as registry
from fieldapp.sync import feed, service
from fieldapp.sync import models as m
from fieldapp.sync.apply import Incoming, Result
from fieldapp.sync.rules import current_rules
from fieldapp.sync.store import Store
from tests.cast import LIULIN, Cast, Person
from tests.opened import state_of

TODAY = "2026-11-02"
AT = datetime(2026, 11, 2, 1, 12, 44, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
VERSIONS = {"consent_record": "2026-2", "preg_followup": "2026-1", "contra_followup": "2026-1"}
LISTS = {
    "health": ("client", "consent", "pregnancy", "contraception", "referral"),
    "housing": ("dwelling", "resident", "tenancy", "household"),
}


@dataclass(frozen=True)
class Village:
    """Everybody's work in one running server."""

    app: Flask
    cast: Cast
    drafts: dict[str, Any] = field(default_factory=dict)

    # ---- people

    def principal(self, person: Person) -> Principal:
        found = principal_of(person.id)
        assert found is not None
        return found

    # ---- visits

    def visit(
        self, person: Person, form: str, answers: Mapping[str, Any], **more: Any
    ) -> service.Visit:
        """A visit whose answers the form finished, over what the person sees now."""
        principal = self.principal(person)
        version = VERSIONS.get(form, "2025-1")
        definition = forms.definition(form, version)
        assert definition is not None
        scope, area = definition["scope"], more.get("area", LIULIN)
        me = {"name": "me", "label": person.name, "role": person.role, "area": area}
        lists = {name: registry.items(principal, scope, name) for name in LISTS[scope]}
        villages = current_rules().villages({area, *areas_of(principal, scope)})
        host = Host(
            today=TODAY,
            now=f"{TODAY}T09:00:00+08:00",
            uuid=lambda: str(uuid.uuid4()),
            instances={**lists, "session": [me], "area": villages},
        )
        finished = complete(definition, answers, host)
        values = {"at": AT, "area": LIULIN, "received": RECEIVED} | more
        return service.Visit(principal, form, version, finished, **values)

    def dwelling(
        self,
        person: Person,
        known: str = "",
        *,
        lessor: str = "刘春燕",
        phone: str = "13800000001",
        unit: str = "1-2-201",
        village: str = LIULIN,
        residents: list[dict[str, str]] | None = None,
        hazards: str = "none",
        **more: Any,
    ) -> service.Visit:
        """A rental visit to a new dwelling, or to the known one."""
        place = {"dw_known": "1", "dw_id": known} if known else {
            "dw_known": "0", "area_code": village, "grid": "二网格", "unit_no": unit,
            "address": "柳林路1号",
        }  # fmt: skip
        letting = {"rooms_total": "3", "rooms_let": "2", "mode_let": "whole", "lessor": lessor}
        letting |= {"lessor_phone": phone, "occ_n": "1"}
        safe = {"hazards": hazards, "alarm": "1", "exting": "1", "fuel": "elec"}
        answers = {
            "g_visit": {"visit_date": TODAY, "vsrc": "self", "met": "met", "enter_ok": "1"},
            "g_dw": {"g_place": place, "g_let": letting, "g_safe": safe},
            "residents": residents or [],
        }
        return self.visit(
            person, "rental_register", answers, area=more.pop("area", village), **more
        )

    def resident(self, name: str = "周小兰", number: str = "E12345678") -> dict[str, str]:
        """A new resident, as the repeat of the rental form holds one."""
        return {
            "r_consent": "1", "r_known": "0", "r_name": name, "r_sex": "2", "r_dob": "1990-01-01",
            "r_idtype": "03", "r_idno": number, "r_home": "枣庄市", "r_presence": "2",
            "r_arrive": "2026-10-01", "r_reason": "1", "r_lead": "1", "r_needs": "none",
        }  # fmt: skip

    def consent(
        self,
        person: Person,
        name: str = "张小梅",
        phone: str = "13800000002",
        village: str = LIULIN,
        born: str = "1995-05-05",
        **more: Any,
    ) -> service.Visit:
        """A new client who agrees to everything."""
        agreed = dict.fromkeys(("age14", "c_preg", "c_contra", "c_share", "c_msg"), "1")
        answers = {
            "g_start": {"visit_date": TODAY, "known": "0", "lang_ok": "1"},
            "g_consent": {**agreed, "c_method": "sign", "c_copy": "1"},
            "g_person": {"n_name": name, "n_sex": "2", "n_dob": born, "n_phone": phone,
                         "n_area": village},
        }  # fmt: skip
        return self.visit(person, "consent_record", answers, area=more.pop("area", village), **more)

    def pregnancy(
        self,
        person: Person,
        client: str,
        status: str = "on",
        clinical: bool = False,
        new: dict[str, str] | None = None,
        **more: Any,
    ) -> service.Visit:
        """A follow-up of a client, with her consent; `clinical`: what only a nurse fills in. new:
        what is asked when an episode begins.
        """
        met = {"visit_date": TODAY, "visit_mode": "home", "person_id": client}
        met |= {"contact_result": "met", "still_ok": "1", "private_ok": "1"}
        preg: dict[str, Any] = {
            "g_new": new or {"confirmed_by": "clinic"},
            "g_book": {"book_has": "0"},
            "g_dating": {"edd_source": "us", "edd_in": "2027-03-01"},
            "g_ga": {"status": status},
            "g_anc": {"anc_slots": "1", "anc_barrier": "none", "danger_p": "none"},
            "g_ended": {"after_care": "rest"},
            "g_talk": {"topics": "danger", "talk_nurse": "0"},
        }
        if clinical:
            preg["g_clin"] = {"sbp": "151", "dbp": "95", "weight": "62"}
        answers = {"g_visit": met, "g_preg": preg}
        return self.visit(person, "preg_followup", answers, **more)

    # ---- submissions

    def make(self, visit: service.Visit, **changed: Any) -> dict[str, Any]:
        """The submission a phone in sync would make of a visit; some members changed."""
        rules = current_rules()
        store = Store(db.session.connection(), rules.type, ())
        made = service.compose(visit, rules, store)
        db.session.rollback()
        return made | changed

    def take_in(self, person: Person, *submissions: dict[str, Any]) -> list[Result]:
        """A push of these, as one transaction."""
        author = service.author_of(self.principal(person))
        return service.take_in([service.incoming(s, author, RECEIVED) for s in submissions])

    def incoming(self, person: Person, submission: dict[str, Any]) -> Incoming:
        """One item at the door."""
        author = service.author_of(self.principal(person))
        return service.incoming(submission, author, RECEIVED)

    def send(self, visit: service.Visit, **changed: Any) -> Result:
        """A visit, made and taken in."""
        made = self.make(visit, **changed)
        author = service.author_of(visit.principal)
        return service.take_in([service.incoming(made, author, visit.received)])[0]

    # ---- looking

    def pull(self, person: Person, cursors: dict[str, Any] | None = None) -> dict[str, Any]:
        """Everything a phone of this person gets, all pages put together, from these cursors on."""
        principal = self.principal(person)
        cursors = cursors if cursors is not None else start(feeds_of(principal))
        message = {"grants_ver": grants_ver(principal), "feeds": cursors, "budget": 10**6}
        return feed.pull(principal, message)

    def seen(self, person: Person) -> dict[str, dict[str, Any]]:
        """What a new phone of this person holds: {id: {type, register: [values]}}."""
        return {
            change["e"]: {"type": change["t"], "areas": change["a"]}
            | {name: [value[0] for value in live] for name, live in change["f"].items()}
            for page in self.pull(person)["feeds"].values()
            for change in page["ch"]
            if change["k"] == "up"
        }

    def only(self, person: Person, kind: str) -> dict[str, Any]:
        """The one entity of this type that the person sees, with its `id`."""
        found = [{"id": e, **v} for e, v in self.seen(person).items() if v["type"] == kind]
        assert len(found) == 1, found
        return found[0]


def start(feeds: list[str]) -> dict[str, dict[str, Any]]:
    """Cursors of a new phone."""
    return {feed: {"epoch": "", "seq": 0, "view": ""} for feed in feeds}


def cursors_of(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Where a phone stands after this answer."""
    return {
        feed: {key: page[key] for key in ("epoch", "seq", "view")}
        for feed, page in answer["feeds"].items()
    }


def versions() -> dict[tuple[str, str], str]:
    """`ver` of every entity in every feed."""
    db.session.rollback()
    rows = db.session.execute(
        sa.select(m.FeedChange.feed, m.FeedChange.entity, m.FeedChange.ver).where(
            m.FeedChange.ver.is_not(None)
        )
    )
    found = {(row.feed, row.entity): row.ver for row in rows}
    db.session.rollback()
    return found


def heads() -> dict[str, tuple[int, str, int]]:
    """(seq, sum, count) of every feed."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(m.FeedHead)).all()
    found = {row.feed: (row.seq, row.sum, row.count) for row in rows}
    db.session.rollback()
    return found


def logged(sid: str) -> m.Submission:
    """The row of a submission."""
    row = db.session.get(m.Submission, sid)
    assert row is not None
    db.session.rollback()
    return row


def register(entity_id: str, name: str) -> list[Any]:
    """The live values of a register, the shown one first."""
    return [w.v for w in state_of(entity_id).get(name, ())]


def open_conflicts() -> set[tuple[str, str]]:
    """(entity, register) of every conflict."""
    rows = db.session.execute(sa.select(m.Conflict.entity, m.Conflict.reg)).all()
    db.session.rollback()
    return {(row.entity, row.reg) for row in rows}
