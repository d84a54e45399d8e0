"""People read the register and the log: theirs, and nothing beside it."""

from typing import Any

import pytest

from fieldapp.registry import service as registry
from fieldapp.sync import log
from tests.cast import LIULIN

from .stories import Village
from .test_feeds import expecting
from .test_merging_stories import two_phones

EVERYBODY = ("wang", "li", "chen", "zhao", "sun", "head", "assistant", "grid", "town", "district",
             "steward", "admin")  # fmt: skip


def named(village: Village, name: str) -> Any:
    return village.principal(getattr(village.cast, name))


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_sees_what_their_role_and_area_admit(village: Village, who: str) -> None:
    expecting(village)
    village.send(village.dwelling(village.cast.wang))
    housing = {"dwelling", "household", "visit"}
    health = {"client", "consent", "pregnancy", "visit"}
    expected = {
        "wang": housing | health, "li": housing | health, "chen": health, "zhao": housing,
        "assistant": housing, "grid": housing, "steward": housing, "head": {"dwelling"},
    }  # fmt: skip
    views = registry.entities(named(village, who))
    assert {view.type for view in views} == expected.get(who, set())
    assert {view.scope for view in views if view.type == "visit"} <= {"health", "housing"}
    for view in views:
        assert registry.entity(named(village, who), view.id) == view
    for other in ("sun", "admin"):
        assert registry.several(named(village, other), [view.id for view in views]) == {}


def test_a_record_shows_values_with_their_authors(village: Village) -> None:
    home = two_phones(village)
    view = registry.entity(named(village, "zhao"), home)
    assert view is not None
    assert view.title == "柳林路1号 1-2-201"
    assert view.props["lessor_phone"] in ("13800000011", "13800000022")
    assert view.conflicts == ["lessor_phone"]
    assert {(v.v, v.by) for v in view.live["lessor_phone"]} == {
        ("13800000011", "王芳"), ("13800000022", "李娜"),
    }  # fmt: skip
    assert view.areas == [LIULIN]


def test_history_tells_who_wrote_what_and_what_was_replaced(village: Village) -> None:
    home = two_phones(village)
    past = registry.history(named(village, "zhao"), home, "lessor_phone")
    assert past is not None
    told = {(p.value.v, p.value.by, p.value.form, p.replaced) for p in past}
    assert told == {
        ("13800000001", "王芳", "rental_register", True),
        ("13800000011", "王芳", "rental_register", False),
        ("13800000022", "李娜", "rental_register", False),
    }


def test_history_of_what_one_does_not_see_is_not_there(village: Village) -> None:
    client = expecting(village)
    village.send(village.pregnancy(village.cast.chen, client, clinical=True))
    preg = village.only(village.cast.chen, "pregnancy")["id"]
    seen = registry.history(named(village, "chen"), preg, "bp")
    assert seen is not None
    assert [p.value.v for p in seen] == [{"sbp": "151", "dbp": "95"}]
    assert registry.history(named(village, "wang"), preg, "bp") is None
    assert registry.history(named(village, "zhao"), preg, "status") is None


def test_conflicts_are_shown_to_those_who_see_the_record(village: Village) -> None:
    home = two_phones(village)
    for who in EVERYBODY:
        found = [(c.entity.id, c.reg) for c in registry.conflicts(named(village, who))]
        sees = who in ("wang", "li", "zhao", "assistant", "grid", "steward")
        assert found == ([(home, "lessor_phone")] if sees else [])


def test_search_finds_titles_first_and_only_what_is_seen(village: Village) -> None:
    expecting(village)
    village.send(village.dwelling(village.cast.wang, lessor="张小梅"))
    found = registry.search(named(village, "wang"), "张小梅")
    assert [view.type for view in found] == ["client", "dwelling"]
    assert [v.type for v in registry.search(named(village, "zhao"), "张小梅")] == ["dwelling"]
    assert [v.type for v in registry.search(named(village, "wang"), "小梅", "health")] == ["client"]
    assert registry.search(named(village, "wang"), "0002")[0].type == "client"
    for text in ("", " ", "%", "_", "不存在", '"', "\\"):
        assert registry.search(named(village, "wang"), text) == []


@pytest.mark.parametrize("who", EVERYBODY)
def test_visits_are_read_by_their_author_and_who_oversees_them(village: Village, who: str) -> None:
    rental = village.send(village.dwelling(village.cast.wang)).id
    health = village.send(village.consent(village.cast.wang)).id
    expected = {
        "wang": {rental, health}, "zhao": {rental}, "chen": {health}, "steward": {rental},
    }  # fmt: skip
    found = {logged.id for logged in log.submissions(named(village, who))}
    assert found == expected.get(who, set())
    for sid in (rental, health):
        assert (log.find(named(village, who), sid) is not None) is (sid in found)


def test_a_visit_tells_what_it_wrote_and_what_stood_there(village: Village) -> None:
    wang = village.cast.wang
    village.send(village.dwelling(wang, residents=[village.resident()]))
    home = village.only(wang, "dwelling")["id"]
    second = village.send(village.dwelling(wang, home, lessor="刘春雁"))
    written = {(w.entity, w.reg): w for w in log.writes_of(second.id)}
    assert written[home, "lessor_name"].v == "刘春雁"
    assert written[home, "lessor_name"].replaced == ("刘春燕",)
    assert home in log.entities_of(second.id)
    about = log.submissions_about(named(village, "zhao"), home)
    assert len(about) == 2
    answers = [log.answers(logged) for logged in about]
    assert "E12345678" not in str(answers)
    assert "周小兰" in str(answers)


def test_what_cannot_be_read_is_seen_by_who_oversees_its_author(village: Village) -> None:
    wang = village.cast.wang
    village.send(village.dwelling(wang))
    odd = village.make(village.dwelling(wang), form="census")
    health = village.make(village.consent(wang), fv="1066")
    assert [r.why for r in village.take_in(wang, odd, health)] == ["unknown_form"] * 2
    seen = {who: {one.id for one in log.submissions(named(village, who))} for who in EVERYBODY}
    assert odd["id"] in seen["zhao"]
    assert health["id"] not in seen["zhao"]
    assert health["id"] in seen["chen"]
    assert not any({odd["id"], health["id"]} & seen[who] for who in ("li", "sun", "admin"))
    logged = log.find(named(village, "zhao"), odd["id"])
    assert logged is not None
    assert log.answers(logged) == {}
