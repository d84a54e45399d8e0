"""Who may write what: judged register by register, and nobody learns of the other scope."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from fieldapp.clock import new_id
from fieldapp.db import db
from fieldapp.programs.service import load_programs
from fieldapp.registry import service as registry
from fieldapp.sync import log, service
from fieldapp.sync import models as m
from tests.cast import NANPO, Person
from tests.opened import state_of

from .stories import Village, heads, logged, versions
from .test_feeds import desk

MEASURED = {
    "sbp": "171", "dbp": "112", "temp": "38.5", "weight": "62", "risk_colour": "r",
    "risk_date": "2026-11-01", "epds": "14", "epds10": "2", "pnc_visit": "1", "clin_level": "4",
}  # fmt: skip
CLINICAL = {"bp", "temp", "weight", "risk", "epds_set", "pnc_done", "clin_level"}
"""The registers that MEASURED is written to."""


def client_of(village: Village) -> str:
    """张小梅's id, once 王芳 has registered her."""
    village.send(village.consent(village.cast.wang))
    found: str = village.only(village.cast.wang, "client")["id"]
    return found


def measured(village: Village, author: Person, client: str) -> dict[str, Any]:
    """A follow-up whose answers hold what only a nurse fills in, and say `role` is nurse."""
    visit = village.pregnancy(author, client)
    answers = json.loads(json.dumps(visit.answers)) | {"role": "nurse"}
    answers["g_preg"]["g_clin"] = MEASURED
    return village.make(service.Visit(**{**vars(visit), "answers": answers}))


def registers_of(sid: str) -> dict[str, Any]:
    """What a submission wrote to the pregnancy: value by register."""
    rows = db.session.execute(sa.select(m.Entity.id, m.Entity.type)).all()
    kinds = {row.id: row.type for row in rows}
    found = {w.reg: w.v for w in log.writes_of(sid) if kinds[w.entity] == "pregnancy"}
    db.session.rollback()
    return found


def reserved(sid: str) -> set[str]:
    """Registers that were left out of a submission, by its issues."""
    issues = log.issues_of([sid])[sid]
    db.session.rollback()
    return {i.path.rpartition("/")[2] for i in issues if i.kind == "reserved"}


class TestRegisters:
    """Clinical findings are the nurse's, whatever the answers say of the role."""

    def test_what_a_worker_measures_is_left_out_and_her_visit_kept(self, village: Village) -> None:
        made = measured(village, village.cast.wang, client_of(village))
        (result,) = village.take_in(village.cast.wang, made)
        assert result.st == "stored"
        written = registers_of(made["id"])
        assert written["status"] == "on", "the rest of the visit holds"
        assert not written.keys() & CLINICAL
        assert reserved(made["id"]) == CLINICAL
        pregnancy = village.only(village.cast.chen, "pregnancy")
        assert not pregnancy.keys() & CLINICAL
        assert logged(made["id"]).review == "received"

    def test_what_a_nurse_measures_is_written(self, village: Village) -> None:
        made = measured(village, village.cast.chen, client_of(village))
        assert village.take_in(village.cast.chen, made)[0].st == "stored"
        written = registers_of(made["id"])
        assert written.keys() >= CLINICAL
        assert written["bp"] == {"sbp": "171", "dbp": "112"}
        assert reserved(made["id"]) == set()

    def test_a_worker_replaces_nothing_that_a_nurse_measured(self, village: Village) -> None:
        client = client_of(village)
        village.take_in(village.cast.chen, measured(village, village.cast.chen, client))
        before = village.only(village.cast.chen, "pregnancy")
        made = measured(village, village.cast.wang, client)
        for op in made["ops"]:
            op["sup"] = [
                str(write.dot)
                for write in self.live(before["id"], op["r"])
                if op["e"] == before["id"]
            ]
        assert village.take_in(village.cast.wang, made)[0].st in ("stored", "conflict")
        after = village.only(village.cast.chen, "pregnancy")
        assert {r: after[r] for r in CLINICAL} == {r: before[r] for r in CLINICAL}

    def live(self, entity: str, register: str) -> list[Any]:
        return list(state_of(entity).get(register, ()))

    def test_replaying_the_log_leaves_out_the_same(self, village: Village) -> None:
        made = measured(village, village.cast.wang, client_of(village))
        village.take_in(village.cast.wang, made)
        before = versions()
        service.rebuild()
        assert versions() == before
        assert reserved(made["id"]) == CLINICAL
        assert service.audit() == []

    def test_ops_of_its_own_a_phone_can_t_slip_in(self, village: Village) -> None:
        client = client_of(village)
        made = village.make(village.pregnancy(village.cast.wang, client))
        pregnancy = next(e["e"] for e in made["entities"] if e["t"] == "pregnancy")
        made["ops"].append({"e": pregnancy, "r": "bp", "v": {"sbp": "171"}, "sup": []})
        made["ops"].append({"e": client, "r": "full_name", "v": "别人", "sup": []})
        assert village.take_in(village.cast.wang, made)[0].st == "stored"
        assert "bp" not in registers_of(made["id"])
        assert village.only(village.cast.wang, "client")["full_name"] == ["张小梅"]

    def test_every_question_a_form_asks_nurses_alone_is_reserved_for_them(self) -> None:
        """Held against the forms, so that a new clinical question can't be forgotten."""
        checked = 0
        for program in load_programs().all:
            for form in program.forms.values():
                for block in form["entities"]:
                    for node, prop in block["saves"]:
                        if asked_of_nurses_alone(form["nodes"], node):
                            kind = load_programs().type(form["scope"], block["list"])
                            assert kind
                            assert kind.props[prop].writers == ("nurse",), (form["id"], prop)
                            checked += 1
        assert checked >= len(CLINICAL)


def asked_of_nurses_alone(nodes: list[dict[str, Any]], node: int) -> bool:
    """Whether a question or a group around it is relevant only to a nurse."""
    role = next((i for i, spec in enumerate(nodes) if spec["n"] == "role"), None)
    needle = json.dumps(["op", "=", ["r", role], ["s", "nurse"]])
    while node >= 0:
        if needle in json.dumps(nodes[node].get("rel", [])):
            return True
        node = nodes[node]["p"]
    return False


class TestVisits:
    """Whole submissions that are not the author's to send."""

    @pytest.mark.parametrize("form", ["_review", "_settle"])
    def test_a_worker_decides_nothing(self, village: Village, form: str) -> None:
        sid = village.send(village.dwelling(village.cast.li)).id
        home = village.only(village.cast.wang, "dwelling")["id"]
        before = versions(), heads()
        answers = {"target": sid, "state": "approved", "notes": []} if form == "_review" else {}
        ops = [{"e": home, "r": "grid", "v": "九网格", "sup": []}] if form == "_settle" else []
        wang = village.principal(village.cast.wang)
        result = service.accept(desk(village, form, answers=answers, ops=ops), wang)
        assert (result.st, result.why) == ("quarantined", "authz")
        assert (versions(), heads()) == before
        assert logged(sid).review == "received"

    @pytest.mark.parametrize("who", ["grid", "assistant", "zhao", "head", "steward"])
    def test_somebody_of_housing_sends_no_health_visit(self, village: Village, who: str) -> None:
        made = village.make(village.consent(village.cast.wang))
        person = village.cast.people[who]
        (result,) = village.take_in(person, {**made, "user": person.id})
        assert (result.st, result.why) == ("quarantined", "authz")
        assert versions() == {}

    def test_a_nurse_sends_no_housing_visit(self, village: Village) -> None:
        made = village.make(village.dwelling(village.cast.wang))
        chen = village.cast.chen
        (result,) = village.take_in(chen, {**made, "user": chen.id})
        assert (result.st, result.why) == ("quarantined", "authz")

    def test_a_record_of_another_village_is_not_written_from_here(self, village: Village) -> None:
        village.send(village.dwelling(village.cast.sun, village=NANPO))
        home = village.only(village.cast.sun, "dwelling")["id"]
        before = versions(), heads()
        made = village.make(village.dwelling(village.cast.sun, home))
        wang = village.cast.wang
        here = {**made, "user": wang.id, "area": "379901001001"}
        (result,) = village.take_in(wang, here)
        assert (result.st, result.why) == ("quarantined", "authz")
        assert (versions(), heads()) == before

    def test_a_record_is_not_taken_into_the_other_scope(self, village: Village) -> None:
        """A housing visit that names a client's id as its dwelling."""
        client = client_of(village)
        made = village.make(village.dwelling(village.cast.wang))
        home = next(e["e"] for e in made["entities"] if e["t"] == "dwelling")
        stolen = json.loads(json.dumps(made).replace(home, client))
        before = versions()
        (result,) = village.take_in(village.cast.wang, stolen)
        assert (result.st, result.why) == ("quarantined", "authz")
        assert versions() == before

    def test_what_a_foreign_record_is_can_t_be_told_from_what_became_of_it(
        self, village: Village
    ) -> None:
        """A dwelling's id that is a client, a tenant or a dwelling of another town: one answer, and
        one page at the desk."""
        wang, sun = village.cast.wang, village.cast.sun
        client = client_of(village)
        village.send(village.dwelling(wang, residents=[village.resident()]))
        village.send(village.dwelling(sun, village=NANPO))
        tenant = village.only(wang, "resident")["id"]
        told = {
            kind: became_of(village, one)
            for kind, one in {
                "scope": client,
                "type": tenant,
                "town": village.only(sun, "dwelling")["id"],
            }.items()
        }
        assert told["scope"][0] == ("quarantined", "authz")
        assert told["scope"] == told["type"] == told["town"]

    def test_whether_a_tenant_is_a_child_can_t_be_asked_from_health(self, village: Village) -> None:
        """The gate of consent looks for people of its own scope alone."""
        wang, client = village.cast.wang, client_of(village)
        child = village.resident() | {"r_dob": "2020-01-01"}
        village.send(village.dwelling(wang, residents=[child]))
        tenant = village.only(wang, "resident")["id"]
        made = json.dumps(village.make(village.pregnancy(wang, client)))
        for one in (tenant, new_id()):
            named = json.loads(made.replace(client, one)) | {"id": new_id()}
            assert village.take_in(wang, named)[0].why == "consent"


def became_of(village: Village, record: str) -> tuple[tuple[str, str | None], str]:
    """(state, why) of a new dwelling that takes a record's id, and its page at 赵强's desk."""
    wang = village.cast.wang
    made = village.make(village.dwelling(wang, unit="7-7"))
    home = next(e["e"] for e in made["entities"] if e["t"] == "dwelling")
    (result,) = village.take_in(wang, json.loads(json.dumps(made).replace(home, record)))
    page = village.cast.zhao.log_in().get(f"/api/review/quarantine/{made['id']}")
    assert page.status_code == 200
    text = page.get_data(as_text=True).replace(record, "record").replace(made["id"], "visit")
    db.session.rollback()
    return (result.st, result.why), text


HOUSING = ("zhao", "grid", "assistant", "steward")


def told(village: Village, who: str) -> dict[str, Any]:
    """All that somebody of housing can find out, less what no two runs share (epochs, times)."""
    person = village.cast.people[who]
    principal = village.principal(person)
    pull = village.pull(person)
    for page in pull["feeds"].values():
        page.pop("epoch")
    browser = person.log_in()
    asked = [
        "/api/review/summary", "/api/review/visits", "/api/review/conflicts",
        "/api/review/quarantine", "/api/catalogue", "/api/areas",
        *(f"/api/review/visits/{sid}" for sid in SECRET_IDS),
        *(f"/api/review/conflicts/{e}/{sid}:0" for e in SECRET_IDS for sid in SECRET_IDS),
        "/api/forms/preg_followup/2026-1", "/api/forms/preg_followup/0",
    ]  # fmt: skip
    answers = {path: browser.get(path) for path in asked}
    searches = {
        text: [view.title for view in registry.search(principal, text)]
        for text in ("张小梅", "138", "0002", "刘春燕", "2027", "client", "")
    }
    listed = {
        name: registry.items(principal, scope, name)
        for scope, names in (("housing", ("dwelling", "resident")), ("health", ("client",)))
        for name in names
    }
    db.session.rollback()
    return {
        "pull": pull,
        "answers": {path: (a.status_code, a.get_data(True)) for path, a in answers.items()},
        "searches": searches,
        "lists": listed,
        "several": sorted(registry.several(principal, SECRET_IDS)),
    }


SECRET_IDS: list[str] = []


@pytest.mark.parametrize("who", HOUSING)
def test_housing_can_t_tell_whether_health_records_exist(village: Village, who: str) -> None:
    """Not by counts, numbers, sums, search, suggestions, nor by how it is refused."""
    wang = village.cast.wang
    village.send(village.dwelling(wang, residents=[village.resident()]))
    consent = village.make(village.consent(wang))
    client = next(e["e"] for e in consent["entities"] if e["t"] == "client")
    SECRET_IDS[:] = [client, consent["id"]]
    before, to_the_nurse = told(village, who), told(village, "chen")
    assert "柳林路1号" in json.dumps(before, ensure_ascii=False, default=str) or who == "steward"

    assert village.take_in(wang, consent)[0].st == "stored"
    village.send(village.pregnancy(wang, client, status="on"))
    village.send(village.pregnancy(village.cast.chen, client, clinical=True))
    contradiction = json.loads(json.dumps(consent).replace("13800000002", "13800000022"))
    contradiction["id"] = "00000000-0000-4000-8000-0000000000ab"
    assert village.take_in(wang, contradiction)[0].st == "conflict"
    village.take_in(wang, {**consent, "id": "00000000-0000-4000-8000-0000000000aa", "fv": "1066"})
    assert told(village, who) == before
    assert told(village, "chen") != to_the_nurse, "there was something to learn"
