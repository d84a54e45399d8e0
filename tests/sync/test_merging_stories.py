"""Workers, nurses and leads write about the same people and homes; nothing is lost."""

from typing import Any

import sqlalchemy as sa

from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync import service

from .stories import Village, heads, logged, open_conflicts, register


def test_a_visit_makes_entities_where_they_belong(village: Village) -> None:
    wang = village.cast.wang
    result = village.send(village.dwelling(wang, residents=[village.resident()]))
    assert (result.st, result.why) == ("stored", None)
    seen = village.seen(wang)
    kinds = sorted(entity["type"] for entity in seen.values())
    assert kinds == ["dwelling", "household", "resident", "tenancy", "visit"]
    assert {tuple(entity["areas"]) for entity in seen.values()} == {("379901001001",)}
    assert logged(result.id).scope == "housing"


def test_two_workers_change_the_same_lessor_phone(village: Village) -> None:
    wang, li = village.cast.wang, village.cast.li
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    by_wang = village.make(village.dwelling(wang, home, phone="13800000011"))
    by_li = village.make(village.dwelling(li, home, phone="13800000022", lessor="刘春雁"))

    assert village.take_in(wang, by_wang)[0].st == "stored"
    assert village.take_in(li, by_li)[0].st == "conflict"

    assert open_conflicts() == {(home, "lessor_phone")}
    assert sorted(register(home, "lessor_phone")) == ["13800000011", "13800000022"]
    assert register(home, "lessor_name") == ["刘春雁"]


def test_asking_again_settles_it(village: Village) -> None:
    wang = village.cast.wang
    home = two_phones(village)
    assert village.send(village.dwelling(wang, home, phone="13800000022")).st == "stored"
    assert register(home, "lessor_phone") == ["13800000022"]
    assert open_conflicts() == set()


def test_the_lead_settles_it_at_the_desk(village: Village) -> None:
    home = two_phones(village)
    zhao = village.principal(village.cast.zhao)
    dots = dots_of(home, "lessor_phone")
    settled = desk(village, "_settle", ops=[
        {"e": home, "r": "lessor_phone", "v": "13800000011", "sup": dots},
    ])  # fmt: skip
    assert service.accept(settled, zhao).st == "stored"
    assert register(home, "lessor_phone") == ["13800000011"]
    assert open_conflicts() == set()
    assert logged(settled["id"]).scope == "housing"


def test_a_worker_settles_nothing_at_the_desk(village: Village) -> None:
    home = two_phones(village)
    wang = village.principal(village.cast.wang)
    op = {"e": home, "r": "lessor_phone", "v": "1", "sup": dots_of(home, "lessor_phone")}
    result = service.accept(desk(village, "_settle", village.cast.wang, ops=[op]), wang)
    assert (result.st, result.why) == ("quarantined", "authz")
    assert open_conflicts() == {(home, "lessor_phone")}


def test_a_settlement_that_saw_one_value_leaves_the_other(village: Village) -> None:
    home = two_phones(village)
    zhao = village.principal(village.cast.zhao)
    one = dots_of(home, "lessor_phone")[:1]
    op = {"e": home, "r": "lessor_phone", "v": "13800000033", "sup": one}
    assert service.accept(desk(village, "_settle", ops=[op]), zhao).st == "conflict"
    assert len(register(home, "lessor_phone")) == 2


def test_nobody_replaces_values_of_another_register(village: Village) -> None:
    """A dot named in the wrong register is no weapon against the value that bears it."""
    wang = village.cast.wang
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    target = dots_of(home, "address")
    made = village.make(village.dwelling(wang, home, phone="13800000099"))
    for op in made["ops"]:
        op["sup"] = [*op["sup"], *target]
    assert village.take_in(wang, made)[0].st == "stored"
    assert register(home, "address") == ["柳林路1号"]


def test_a_value_that_was_shown_and_left_alone_is_not_written_again(village: Village) -> None:
    wang = village.cast.wang
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    made = village.make(village.dwelling(wang, home))
    assert "lessor_phone" not in {op["r"] for op in made["ops"]}


def test_what_the_answers_do_not_say_is_not_applied(village: Village) -> None:
    wang = village.cast.wang
    made = village.make(village.dwelling(wang))
    home = next(t["e"] for t in made["entities"] if t["t"] == "dwelling")
    for op in made["ops"]:
        if op["r"] == "lessor_phone":
            op["v"] = "13999999999"
    made["ops"].append({"e": home, "r": "gas_alarm", "v": "1", "sup": []})
    assert village.take_in(wang, made)[0].st == "stored"
    assert register(home, "lessor_phone") == ["13800000001"]
    assert register(home, "gas_alarm") == []
    issues = db.session.execute(sa.select(m.Issue.path, m.Issue.kind, m.Issue.params)).all()
    assert {tuple(issue) for issue in issues} >= {
        (f"{home}/lessor_phone", "derivation_mismatch", '{"why": "value"}'),
        (f"{home}/gas_alarm", "derivation_mismatch", '{"why": "unexpected"}'),
    }


def test_an_answer_the_form_forbids_is_an_issue_not_a_refusal(village: Village) -> None:
    wang = village.cast.wang
    result = village.send(village.dwelling(wang, phone="12"))
    assert result.st == "stored"
    found = db.session.execute(
        sa.select(m.Issue.path, m.Issue.kind).where(m.Issue.sid == result.id)
    )
    assert ("g_dw/g_let/lessor_phone", "constraint") in {tuple(row) for row in found}


def test_id_numbers_stand_in_no_plain_column(village: Village) -> None:
    wang = village.cast.wang
    number = "E98765432"
    village.send(village.dwelling(wang, residents=[village.resident(number=number)]))
    home = village.only(wang, "dwelling")["id"]
    again = village.resident("周小兰", number)
    village.send(village.dwelling(wang, home, residents=[again]))
    assert "5432" not in everything_plain()
    sealed = db.session.execute(sa.select(m.RegSecret)).scalars().all()
    assert len(sealed) > 1
    assert len({one.mac for one in sealed}) == 1
    opened = {service.vault().open(s.sealed, f"{s.sid}:{s.i}").decode() for s in sealed}
    assert opened == {number}
    resident = next(v for v in village.seen(wang).values() if v["type"] == "resident")
    assert "id_no" not in resident
    assert resident["id_last4"] == ["5432"]


def test_a_counter_moves_only_for_what_the_feed_sees(village: Village) -> None:
    wang = village.cast.wang
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    before = heads()["379901001001.housing"]
    village.send(village.dwelling(wang, home, hazards="ebike"))
    after = heads()["379901001001.housing"]
    assert after[0] == before[0] + 2  # the new visit, and the dwelling itself
    assert after[2] == before[2] + 1


def two_phones(village: Village) -> str:
    """A dwelling whose lessor has two numbers; its id."""
    wang, li = village.cast.wang, village.cast.li
    village.send(village.dwelling(wang))
    home: str = village.only(wang, "dwelling")["id"]
    mine = village.make(village.dwelling(wang, home, phone="13800000011"))
    theirs = village.make(village.dwelling(li, home, phone="13800000022"))
    village.take_in(wang, mine)
    village.take_in(li, theirs)
    assert open_conflicts() == {(home, "lessor_phone")}
    return home


def dots_of(entity: str, reg: str) -> list[str]:
    """The dots of all writes of a register that nobody replaced."""
    w, sup = m.RegWrite, m.RegSup
    gone = {tuple(row) for row in db.session.execute(sa.select(sup.dot_sid, sup.dot_i))}
    rows = db.session.execute(sa.select(w.sid, w.i).where(w.entity == entity, w.reg == reg)).all()
    db.session.rollback()
    return sorted(f"{row.sid}:{row.i}" for row in rows if tuple(row) not in gone)


def desk(village: Village, form: str, person: Any = None, **members: Any) -> dict[str, Any]:
    """A submission of a built-in form, by the lead unless said otherwise."""
    from fieldapp import clock

    who = person or village.cast.zhao
    return {
        "id": clock.new_id(), "install": "desk", "n": 0, "user": who.id, "form": form, "fv": "1",
        "app": "desk", "at": "2026-11-02T03:00:00Z", "clk": {"wall": 0, "mono": 0},
        "area": "379901001001", "corrects": None, "on": "2026-11-02", "entities": [], "ops": [],
        "answers": {}, "blobs": [],
    } | members  # fmt: skip


def everything_plain() -> str:
    """All text in all tables of sync."""
    tables = [t for name, t in db.metadata.tables.items() if name in {x.__tablename__ for x in
              (*m.DERIVED, m.Submission, m.SubmissionVariant)}]  # fmt: skip
    texts = [str(tuple(row)) for t in tables for row in db.session.execute(sa.select(t))]
    db.session.rollback()
    return "\n".join(texts)
