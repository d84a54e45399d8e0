"""The merge theory: the shared cases, and its laws on made-up histories."""

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.sync.merge import (
    KINDS,
    Dot,
    Write,
    canonical,
    checksum,
    merge,
    parse_dot,
    version,
)

CASES = json.loads((Path(__file__).parents[1] / "contract/merge.json").read_text())


def test_there_are_cases_of_every_kind() -> None:
    assert len(CASES["merge"]) >= 60
    assert {case["kind"] for case in CASES["merge"]} == set(KINDS)


@pytest.mark.parametrize("case", CASES["merge"], ids=lambda case: case["name"])
def test_registers_merge_as_agreed(case: dict[str, Any]) -> None:
    writes = [Write(parse_dot(dot), v, on, at) for dot, v, on, at in case["writes"]]
    for seed in range(4):  # whatever the order they come in
        random.Random(seed).shuffle(writes)
        register = merge(case["kind"], writes, {parse_dot(dot) for dot in case["superseded"]})
        assert [str(w.dot) for w in register.live] == case["live"]
        assert register.shown == case["shown"]
        assert register.conflict is case["conflict"]


@pytest.mark.parametrize("case", CASES["canonical"])
def test_values_compare_in_canonical_form(case: dict[str, Any]) -> None:
    assert canonical(case["v"]) == case["is"]


@pytest.mark.parametrize("case", CASES["version"])
def test_versions_hash_dots_and_areas(case: dict[str, Any]) -> None:
    assert sha256(case["text"].encode()).hexdigest()[:16] == case["ver"]
    assert version(case["entity"], map(parse_dot, case["dots"]), case["areas"]) == case["ver"]


@pytest.mark.parametrize("case", CASES["checksum"])
def test_checksums_are_the_xor_of_versions(case: dict[str, Any]) -> None:
    assert checksum(case["versions"]) == case["sum"]


@pytest.mark.parametrize("text", ["", "a", ":1", "a:", "a:-1", "a:x", "a:1234567", "a: 1"])
def test_what_is_no_dot_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a dot"):
        parse_dot(text)


dots = st.builds(Dot, st.sampled_from("abcde"), st.integers(0, 12))
values = st.one_of(
    st.none(),
    st.sampled_from(["", "1", "1.0", "10", "9", "x", "false", "true", "a b", "b c"]),
    st.dictionaries(st.sampled_from(["p", "q"]), st.text(max_size=3), max_size=2),
)
moments = st.sampled_from(["", "2026-11-01", "2026-11-02"])
# A dot names one write for ever, so a history maps dots to writes.
histories = st.dictionaries(dots, st.tuples(values, moments, moments), max_size=8).map(
    lambda found: [Write(dot, *rest) for dot, rest in found.items()]
)
kinds = st.sampled_from(KINDS)


@given(kinds, histories, st.sets(dots, max_size=5), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(
    kind: Any, writes: list[Write], gone: set[Dot], rng: random.Random
) -> None:
    expected = merge(kind, writes, gone)
    again = writes + writes[: len(writes) // 2]
    rng.shuffle(again)
    assert merge(kind, again, gone) == expected


@given(kinds, histories, st.sets(dots, max_size=5), st.data())
def test_merging_parts_is_merging_the_whole(
    kind: Any, writes: list[Write], gone: set[Dot], data: st.DataObject
) -> None:
    """What was merged can be forgotten: live writes and the dots replaced carry the state."""
    cut = data.draw(st.integers(0, len(writes)))
    first = merge(kind, writes[:cut], gone)
    assert merge(kind, [*writes[cut:], *first.live], gone) == merge(kind, writes, gone)


@given(kinds, histories, st.sets(dots, max_size=5))
def test_a_value_leaves_only_when_it_is_named(
    kind: Any, writes: list[Write], gone: set[Dot]
) -> None:
    live = {w.dot for w in merge(kind, writes, gone).live}
    assert live == {w.dot for w in writes} - gone


@given(histories)
def test_conflict_means_two_different_live_values(writes: list[Write]) -> None:
    found = {canonical(w.v) for w in writes}
    assert merge("one", writes, set()).conflict is (len(found) > 1)
