"""What phones are told: only what their audience sees, all of it, and in order."""

import json
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.service import feeds_of, grants_ver
from fieldapp.db import db, write_transaction
from fieldapp.sync import feed, log, service, transactions
from fieldapp.sync import models as m
from fieldapp.sync.merge import checksum
from tests.cast import LIULIN, OTHER_TOWN, SHIQIAO
from tests.opened import state_of

from .stories import Village, cursors_of, heads, logged, start
from .test_merging_stories import desk

CARE, CLINIC, HOUSING = (f"{LIULIN}.{name}" for name in ("care", "clinic", "housing"))


def expecting(village: Village) -> str:
    """张小梅 has agreed and is followed up by 王芳; her id."""
    village.send(village.consent(village.cast.wang))
    client: str = village.only(village.cast.wang, "client")["id"]
    assert village.send(village.pregnancy(village.cast.wang, client)).st == "stored"
    return client


def test_housing_learns_nothing_of_health(village: Village) -> None:
    expecting(village)
    assert heads().keys() >= {CARE, CLINIC}
    assert not [feed for feed in heads() if feed.endswith(".housing")]
    assert village.seen(village.cast.zhao) == {}
    assert village.seen(village.cast.grid) == {}


def test_a_worker_does_not_get_what_the_nurse_measured(village: Village) -> None:
    client = expecting(village)
    before = heads()
    village.send(village.pregnancy(village.cast.chen, client, clinical=True))
    mine = village.only(village.cast.wang, "pregnancy")
    hers = village.only(village.cast.chen, "pregnancy")
    assert hers["bp"] == [{"sbp": "151", "dbp": "95"}]
    assert "bp" not in mine
    assert '"151"' not in json.dumps(village.pull(village.cast.wang))
    assert mine["clin_level"] == ["4"]
    assert heads()[CLINIC][0] > before[CLINIC][0]


def test_what_an_audience_does_not_see_moves_no_counter(village: Village) -> None:
    """The nurse corrects a measurement: the worker's phone has nothing to fetch."""
    client = expecting(village)
    chen = village.cast.chen
    first = village.send(village.pregnancy(chen, client, clinical=True))
    before = heads()
    visit = village.pregnancy(chen, client, clinical=True)
    changed = json.loads(json.dumps(visit.answers))
    changed["g_preg"]["g_clin"]["sbp"] = "161"
    made = village.make(service.Visit(**{**vars(visit), "answers": changed}))
    preg = village.only(chen, "pregnancy")["id"]
    kept = {t["e"] for t in made["entities"] if t["t"] == "pregnancy"}
    made["ops"] = [op for op in made["ops"] if op["e"] in kept and op["r"] == "bp"]
    assert village.take_in(chen, made)[0].st == "stored"
    assert first.st == "stored"
    assert village.seen(chen)[preg]["bp"][0] == {"sbp": "161", "dbp": "95"}
    assert heads()[CLINIC][0] > before[CLINIC][0]
    assert heads()[CARE] == before[CARE]


def test_an_ended_pregnancy_leaves_the_village(village: Village) -> None:
    client = expecting(village)
    wang, chen = village.cast.wang, village.cast.chen
    cursors = cursors_of(village.pull(wang))
    preg = village.only(wang, "pregnancy")["id"]
    assert village.send(village.pregnancy(wang, client, status="ended")).st == "stored"
    answer = village.pull(wang, cursors)
    assert {"k": "leave", "e": preg} in answer["feeds"][CARE]["ch"]
    assert "ended" not in json.dumps(answer, ensure_ascii=False)
    assert "after_care" in village.seen(chen)[preg]
    assert preg not in village.seen(wang)


def test_sum_and_count_are_of_what_was_sent(village: Village) -> None:
    client = expecting(village)
    village.send(village.pregnancy(village.cast.wang, client, status="ended"))
    village.send(village.dwelling(village.cast.wang, residents=[village.resident()]))
    for person in (village.cast.wang, village.cast.chen, village.cast.zhao):
        for page in village.pull(person)["feeds"].values():
            vers = [change["ver"] for change in page["ch"]]
            assert (checksum(vers), len(vers)) == (page["sum"], page["count"])


def test_pages_put_together_are_the_whole(village: Village) -> None:
    wang = village.cast.wang
    for number in range(12):
        village.send(village.dwelling(wang, unit=f"{number}-101", lessor="业主" * 30))
    village.send(village.consent(wang))
    whole = village.seen(wang)
    principal = village.principal(wang)
    cursors, found, pages = start(feeds_of(principal)), {}, 0
    while True:
        message = {"grants_ver": grants_ver(principal), "feeds": cursors, "budget": 4096}
        answer = feed.pull(principal, message)
        pages += 1
        assert all(len(json.dumps(p["ch"])) < 12_000 for p in answer["feeds"].values())
        found |= {c["e"]: c for p in answer["feeds"].values() for c in p["ch"]}
        cursors = cursors_of(answer)
        if not any(page["more"] for page in answer["feeds"].values()):
            break
    assert found.keys() == whole.keys()
    assert pages > 3


def test_an_idle_pull_brings_nothing(village: Village) -> None:
    expecting(village)
    first = village.pull(village.cast.wang)
    answer = village.pull(village.cast.wang, cursors_of(first))
    assert all(page["ch"] == [] and "reset" not in page for page in answer["feeds"].values())
    assert answer["sids"] == []
    assert len(json.dumps(answer)) < 1024


@pytest.mark.parametrize(
    "wrong", [{"epoch": "elsewhere"}, {"view": "older"}, {"seq": 10**6}], ids=str
)
def test_a_cursor_of_another_time_begins_again(village: Village, wrong: dict[str, Any]) -> None:
    expecting(village)
    cursors = cursors_of(village.pull(village.cast.wang))
    cursors[CARE] |= wrong
    answer = village.pull(village.cast.wang, cursors)
    assert answer["feeds"][CARE]["reset"] is True
    assert len(answer["feeds"][CARE]["ch"]) == answer["feeds"][CARE]["count"]
    assert "reset" not in answer["feeds"][HOUSING]


def test_changed_grants_are_told_before_anything_else(village: Village) -> None:
    wang = village.cast.wang
    expecting(village)
    before = village.pull(wang)
    with write_transaction():
        user = users.get(wang.id)
        assert user is not None
        users.set_grants(user, [Grant(LIULIN, "health"), Grant(SHIQIAO, "health")])
    principal = village.principal(wang)
    message = {"grants_ver": before["grants_ver"], "feeds": cursors_of(before), "budget": 0}
    answer = feed.pull(principal, message)
    assert answer["gained"] == [f"{SHIQIAO}.care"]
    assert answer["lost"] == [HOUSING]
    assert answer["feeds"] == {}
    assert {SHIQIAO, LIULIN} <= {area["code"] for area in answer["areas"]}
    message = {"grants_ver": answer["grants_ver"], "feeds": cursors_of(before), "budget": 0}
    assert HOUSING not in feed.pull(principal, message)["feeds"]


def test_nobody_pulls_a_feed_by_naming_it(village: Village) -> None:
    expecting(village)
    grid = village.principal(village.cast.grid)
    asked = start([CARE, CLINIC, f"u.{village.cast.wang.id}"])
    message = {"grants_ver": grants_ver(grid), "feeds": asked, "budget": 0}
    assert feed.pull(grid, message)["feeds"] == {}
    assert feed.manifest(grid, CARE, "") is None
    assert feed.fetch(grid, CARE, ["x"]) is None


def test_the_manifest_and_fetch_repair_a_copy(village: Village) -> None:
    expecting(village)
    principal = village.principal(village.cast.wang)
    page = feed.manifest(principal, CARE, "")
    assert page is not None
    vers = dict(page["rows"])
    assert (checksum(vers.values()), len(vers)) == heads()[CARE][1:]
    fetched = feed.fetch(principal, CARE, [*vers, "nobody"])
    assert fetched is not None
    assert {c["e"]: c["ver"] for c in fetched["ch"] if c["k"] == "up"} == vers
    assert {"k": "leave", "e": "nobody"} in fetched["ch"]
    assert feed.manifest(principal, CARE, max(vers)) == {**page, "rows": []}


# ---- places -------------------------------------------------------------------------------------


def move(village: Village, home: str, to: str) -> str:
    """李娜, who works in both villages, corrects where a dwelling is; the submission's id."""
    li = village.cast.li
    visit = village.dwelling(li, unit="7-7", village=to)
    made = village.make(visit)
    new = next(t["e"] for t in made["entities"] if t["t"] == "dwelling")
    text = json.dumps(made).replace(new, home)
    moved = json.loads(text)
    principal = village.principal(li)
    known = {v["r"]: v for v in moved["ops"] if v["e"] == home}
    sup = dots(home)
    for name, op in known.items():
        op["sup"] = sup.get(name, [])
    author = service.author_of(principal)
    result = service.take_in([service.incoming(moved, author)])[0]
    assert result.st == "stored", result
    return result.id


def dots(entity: str) -> dict[str, list[str]]:
    return {name: [str(w.dot) for w in live] for name, live in state_of(entity).items()}


def test_those_who_live_there_move_with_the_house(village: Village) -> None:
    wang, li = village.cast.wang, village.cast.li
    village.send(village.dwelling(wang, residents=[village.resident()]))
    home = village.only(wang, "dwelling")["id"]
    before = village.seen(wang)
    cursors = cursors_of(village.pull(wang))
    move(village, home, SHIQIAO)
    left = {c["e"] for c in village.pull(wang, cursors)["feeds"][HOUSING]["ch"]}
    assert left == before.keys()
    assert village.seen(wang) == {}
    assert before.keys() <= village.seen(li).keys()
    assert {tuple(v["areas"]) for v in village.seen(li).values()} == {(SHIQIAO,)}


def test_a_root_that_arrives_late_takes_its_own_along(village: Village) -> None:
    """The tenancy comes from 李娜's phone in 石桥村 before the dwelling in 柳林村 does."""
    li = village.cast.li
    whole = village.make(village.dwelling(li, residents=[village.resident()]))
    home = next(t["e"] for t in whole["entities"] if t["t"] == "dwelling")
    rest = json.loads(json.dumps(whole))
    rest |= {"id": "20000000-0000-4000-8000-000000000001", "area": SHIQIAO}
    del rest["answers"]["g_dw"]["meta"]
    rest["ops"] = [op for op in rest["ops"] if op["e"] != home]
    assert village.take_in(li, rest)[0].st == "stored"
    assert {tuple(v["areas"]) for v in village.seen(li).values()} == {(SHIQIAO,)}
    assert village.take_in(li, whole)[0].st == "stored"
    assert {tuple(v["areas"]) for v in village.seen(li).values()} == {(LIULIN,)}


def test_a_contested_place_is_seen_in_both_villages(village: Village) -> None:
    wang, li = village.cast.wang, village.cast.li
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    visit = village.dwelling(li, unit="7-7", village=SHIQIAO)
    made = village.make(visit)
    new = next(t["e"] for t in made["entities"] if t["t"] == "dwelling")
    contested = json.loads(json.dumps(made).replace(new, home))
    assert village.take_in(li, contested)[0].st == "conflict"
    assert village.seen(wang)[home]["areas"] == [LIULIN, SHIQIAO]
    assert heads()[f"{SHIQIAO}.housing"][2] >= 1


def test_a_deleted_record_leaves_and_its_return_is_a_conflict(village: Village) -> None:
    wang = village.cast.wang
    village.send(village.dwelling(wang))
    home = village.only(wang, "dwelling")["id"]
    zhao = village.principal(village.cast.zhao)
    dead = {"e": home, "r": "_alive", "v": "false", "sup": []}
    gone = desk(village, "_settle", ops=[dead])
    assert service.accept(gone, zhao).st == "stored"
    assert home not in village.seen(wang)
    back = desk(village, "_settle", ops=[dead | {"v": "true"}])
    assert service.accept(back, zhao).st == "conflict"
    assert home in village.seen(wang)


# ---- review -------------------------------------------------------------------------------------


def reviewed(village: Village, state: str) -> str:
    """A visit of 王芳's that 赵强 decided about; its id."""
    wang, zhao = village.cast.wang, village.cast.zhao
    sid = village.send(village.dwelling(wang, residents=[village.resident()])).id
    notes = [{"path": "g_dw/g_let/occ_n", "text": "请再数一遍"}]
    answers = {"target": sid, "state": state, "notes": notes}
    decision = desk(village, "_review", answers=answers)
    assert service.accept(decision, village.principal(zhao)).st == "stored"
    return sid


def post(village: Village, name: str) -> dict[str, dict[str, Any]]:
    """A person's own post: {entity: {register: shown value}}."""
    person = getattr(village.cast, name)
    page = village.pull(person)["feeds"].get(f"u.{person.id}", {"ch": []})
    return {c["e"]: {r: live[0][0] for r, live in c["f"].items()} for c in page["ch"]}


def test_returned_work_comes_back_to_its_author_alone(village: Village) -> None:
    sid = reviewed(village, "returned")
    (task,) = post(village, "wang").values()
    assert (task["target"], task["state"], task["by"]) == (sid, "returned", "赵强")
    assert json.loads(task["notes"])[0]["text"] == "请再数一遍"
    assert (task["form"], task["fv"], task["area"]) == ("rental_register", "2025-1", LIULIN)
    assert task["title"].startswith("柳林路1号")
    answers = json.loads(task["answers"])
    assert answers["g_dw"]["g_let"]["lessor"] == "刘春燕"
    assert "E12345678" not in task["answers"]
    assert post(village, "li") == {}
    assert logged(sid).review == "returned"


def test_a_correction_answers_it(village: Village) -> None:
    wang = village.cast.wang
    sid = reviewed(village, "returned")
    cursors = cursors_of(village.pull(wang))
    home = village.only(wang, "dwelling")["id"]
    result = village.send(village.dwelling(wang, home, lessor="刘春雁", corrects=sid))
    assert result.st == "stored"
    assert logged(sid).review == "corrected"
    assert logged(result.id).review == "received"
    assert post(village, "wang") == {}
    own = village.pull(wang, cursors)["feeds"][f"u.{wang.id}"]
    assert [change["k"] for change in own["ch"]] == ["leave"]
    assert village.only(wang, "dwelling")["lessor_name"] == ["刘春雁"]


def test_a_correction_takes_values_back(village: Village) -> None:
    wang = village.cast.wang
    sid = reviewed(village, "returned")
    home = village.only(wang, "dwelling")["id"]
    visit = village.dwelling(wang, home, corrects=sid)
    answers = json.loads(json.dumps(visit.answers))
    del answers["g_dw"]["g_let"]["lessor_phone"]
    made = village.make(service.Visit(**{**vars(visit), "answers": answers}))
    old = dots(home)["lessor_phone"]
    made["ops"].append({"e": home, "r": "lessor_phone", "v": None, "sup": old})
    assert village.take_in(wang, made)[0].st == "stored"
    assert village.only(wang, "dwelling")["lessor_phone"] == [None]
    issues = log.issues_of([made["id"]])[made["id"]]
    assert not [issue for issue in issues if issue.kind == "derivation_mismatch"]


def test_nobody_corrects_another_persons_work(village: Village) -> None:
    sid = reviewed(village, "returned")
    result = village.send(village.dwelling(village.cast.li, unit="3-3", corrects=sid))
    assert (result.st, result.why) == ("quarantined", "authz")
    assert logged(sid).review == "returned"


@pytest.mark.parametrize(("state", "told"), [("approved", 0), ("rejected", 1)])
def test_other_decisions(village: Village, state: str, told: int) -> None:
    sid = reviewed(village, state)
    assert logged(sid).review == state
    assert len(post(village, "wang")) == told
    assert all("answers" not in task for task in post(village, "wang").values())


@pytest.mark.parametrize("who", ["wang", "chen", "steward", "sun"])
def test_only_who_reviews_there_decides(village: Village, who: str) -> None:
    person = getattr(village.cast, who)
    sid = village.send(village.dwelling(village.cast.wang)).id
    answers = {"target": sid, "state": "approved", "notes": []}
    decision = desk(village, "_review", person, answers=answers)
    result = service.accept(decision, village.principal(person))
    assert (result.st, result.why) == ("quarantined", "authz")
    assert logged(sid).review == "received"


def test_nobody_decides_about_their_own_visit(village: Village) -> None:
    """The desk offers it to nobody; nor may a phone push it."""
    chen = village.cast.chen
    sid = village.send(village.consent(chen)).id
    answers = {"target": sid, "state": "approved", "notes": []}
    (result,) = village.take_in(chen, desk(village, "_review", chen, answers=answers))
    assert (result.st, result.why) == ("quarantined", "authz")
    assert logged(sid).review == "received"


@pytest.mark.parametrize("answers", [
    {}, {"state": "lost"}, {"state": "approved", "notes": "x"},
    {"state": "approved", "notes": [{"path": 1, "text": ""}]},
])  # fmt: skip
def test_a_decision_has_a_form(village: Village, answers: dict[str, Any]) -> None:
    sid = village.send(village.dwelling(village.cast.wang)).id
    decision = desk(village, "_review", answers={"target": sid, **answers})
    result = service.accept(decision, village.principal(village.cast.zhao))
    assert (result.st, result.why) == ("quarantined", "parse")


# ---- verify -------------------------------------------------------------------------------------


def test_verify_tells_what_became_of_work(village: Village) -> None:
    wang = village.cast.wang
    good = village.make(village.dwelling(wang), install="phone-1", n=1)
    bad = village.make(village.dwelling(wang), install="phone-1", n=4, form="census")
    village.take_in(wang, good, bad)
    with write_transaction() as tx:
        received = tx.scalar(sa.select(m.Submission.received).where(m.Submission.id == good["id"]))
        tx.add(m.DurableMark(id=1, before=str(received) + "~"))
    asked = {"install": "phone-1", "acked": [good["id"], bad["id"], "lost"], "n_max": 6}
    answer = feed.verify(wang.id, "device-1", asked)
    assert answer["missing"] == ["lost"]
    assert answer["durable"] == [good["id"], bad["id"]]
    assert answer["gaps"] == [[2, 3], [5, 6]]
    assert answer["states"] == {
        good["id"]: {"st": "stored", "why": None},
        bad["id"]: {"st": "quarantined", "why": "unknown_form"},
    }
    install = db.session.get(m.Install, "phone-1")
    assert install is not None
    assert install.n_max == 6


def test_verify_knows_nothing_of_other_peoples_work(village: Village) -> None:
    sid = village.send(village.dwelling(village.cast.wang)).id
    asked = {"install": "phone-2", "acked": [sid], "n_max": 0}
    answer = feed.verify(village.cast.li.id, "device-2", asked)
    assert answer["missing"] == [sid]
    assert answer["states"] == {}


# ---- many at once -------------------------------------------------------------------------------


def test_a_cursor_never_misses_what_writers_commit(village: Village) -> None:
    """Six phones write while one pulls: no change turns up behind a counter already seen."""
    wang = village.cast.wang
    works = [
        [village.incoming(wang, village.make(village.dwelling(wang, unit=f"{w}-{k}")))
         for k in range(6)] for w in range(6)
    ]  # fmt: skip
    principal = village.principal(wang)
    db.session.rollback()
    done = threading.Event()
    held: dict[str, str] = {}
    faults: list[str] = []

    def write(items: list[Any]) -> None:
        with village.app.app_context():
            states = [service.take_in([item])[0].st for item in items]
            faults.extend(state for state in states if state != "stored")
            db.session.remove()

    def follow() -> None:
        with village.app.app_context():
            cursors, last = start([HOUSING]), False
            while True:
                last = done.is_set()
                message = {"grants_ver": grants_ver(principal), "feeds": cursors, "budget": 4096}
                page = feed.pull(principal, message)["feeds"][HOUSING]
                held.update({c["e"]: c["ver"] for c in page["ch"]})
                if not page["more"] and checksum(held.values()) != page["sum"]:
                    faults.append(f"sum at {page['seq']}")
                cursors = {HOUSING: {key: page[key] for key in ("epoch", "seq", "view")}}
                if last and not page["more"]:
                    break
            db.session.remove()

    reader = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(items,)) for items in works]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert faults == []
    assert len(held) == heads()[HOUSING][2] == 36 * 3


@pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("mine", "hers"), [(([LIULIN], []), ([SHIQIAO, LIULIN], [])), (([], ["e"]), ([], ["d", "e"]))]
)
def test_writers_of_one_area_or_entity_take_turns(village: Village, mine: Any, hers: Any) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with village.app.app_context(), transactions.writing() as connection:
            waiting.set()
            transactions.lock(connection, *hers)
            order.append("second")

    other = threading.Thread(target=second)
    with transactions.writing() as connection:
        transactions.lock(connection, *mine)
        other.start()
        waiting.wait()
        other.join(0.3)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_a_lead_decides_nothing_of_another_town(village: Village) -> None:
    sid = village.send(village.dwelling(village.cast.wang)).id
    with write_transaction():
        user = users.get(village.cast.zhao.id)
        assert user is not None
        users.set_grants(user, [Grant(OTHER_TOWN, "housing")])
    answers = {"target": sid, "state": "approved", "notes": []}
    zhao = village.principal(village.cast.zhao)
    result = service.accept(desk(village, "_review", answers=answers), zhao)
    assert (result.st, result.why) == ("quarantined", "authz")
    op = {"e": village.only(village.cast.wang, "dwelling")["id"], "r": "grid", "v": "1", "sup": []}
    result = service.accept(desk(village, "_settle", ops=[op]), zhao)
    assert (result.st, result.why) == ("quarantined", "authz")
