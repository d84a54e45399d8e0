"""Made-up histories: phones that know different things push in any order, twice, late or never.

Hypothesis writes the history; the oracle is the set of writes nobody named as replaced.
"""

import random
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync import service
from fieldapp.sync.merge import canonical

from .stories import Village, heads, open_conflicts, register, versions
from .test_merging_stories import dots_of
from .test_order import empty

PHONES = ("13800000011", "13800000022", "13800000033")


class History:
    """Workers change one dwelling's lessor phone, each over what they last saw."""

    def __init__(self, village: Village) -> None:
        self.village, self.waiting, self.pushed = village, [], 0
        village.send(village.dwelling(village.cast.wang))
        self.home = village.only(village.cast.wang, "dwelling")["id"]
        self.copies = {name: self.now() for name in ("wang", "li")}
        self.writes: dict[str, str] = dict.fromkeys(self.now(), "13800000001")
        self.gone: set[str] = set()

    def now(self) -> list[str]:
        return dots_of(self.home, "lessor_phone")

    def see(self, who: str) -> None:
        """A worker's phone pulls."""
        self.copies[who] = self.now()

    def ask(self, who: str, phone: str) -> None:
        """A worker asks for the number; the visit waits in the phone."""
        person = getattr(self.village.cast, who)
        made = self.village.make(self.village.dwelling(person, self.home, phone=phone))
        made["ops"] = [op for op in made["ops"] if op["r"] != "lessor_phone"]
        at = len(made["ops"])
        sup = self.copies[who]
        made["ops"].append({"e": self.home, "r": "lessor_phone", "v": phone, "sup": sup})
        self.copies[who] = [f"{made['id']}:{at}"]  # a phone sees its own work
        self.waiting.append((person, made, f"{made['id']}:{at}", phone, sup))

    def push(self, which: int, twice: bool) -> None:
        """One of the waiting visits arrives, perhaps out of order, perhaps twice."""
        if not self.waiting:
            return
        person, made, dot, phone, sup = self.waiting.pop(which % len(self.waiting))
        for _ in range(1 + twice):
            assert self.village.take_in(person, made)[0].st != "quarantined"
        self.writes[dot] = phone
        self.gone |= set(sup)
        self.pushed += 1

    def check(self) -> None:
        live = {dot for dot in self.writes if dot not in self.gone}
        assert set(self.now()) == live
        values = {canonical(self.writes[dot]) for dot in live}
        assert {canonical(v) for v in register(self.home, "lessor_phone")} == values
        contested = (self.home, "lessor_phone") in open_conflicts()
        assert contested is (len(values) > 1)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("see"), st.sampled_from(["wang", "li"])),
        st.tuples(st.just("ask"), st.sampled_from(["wang", "li"]), st.sampled_from(PHONES)),
        st.tuples(st.just("push"), st.integers(0, 5), st.booleans()),
    ),
    max_size=14,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=steps, seed=st.integers(0, 10**6))
def test_every_history_ends_as_its_set_of_writes(
    village: Village, story: list[tuple[Any, ...]], seed: int
) -> None:
    empty()
    history = History(village)
    for name, *arguments in story:
        getattr(history, name)(*arguments)
    while history.waiting:
        history.push(seed, twice=False)
    history.check()
    before, sums = versions(), {feed: head[1:] for feed, head in heads().items()}
    assert service.audit() == []
    service.rebuild(random.Random(seed).shuffle)
    assert versions() == before
    assert {feed: head[1:] for feed, head in heads().items()} == sums
    stored = db.session.scalar(sa.select(sa.func.count(m.Submission.id)))
    assert stored == history.pushed + 1
