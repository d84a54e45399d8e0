"""Pushes that no phone of ours would send: real visits, spoilt in their structure, their text,
their envelope or on the line; and what schemathesis draws from the API's own description.

    python -m tests.endure.mutate --pushes 200000

No answer is a 5xx; a push whose envelope can be read is answered item by item; whatever isn't told
to be sent again is in the log, whole; and memory stays bounded.
"""

import argparse
import gzip
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings

from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync import service
from fieldapp.sync.schemas import MAX_ITEMS
from tests.cast import LIULIN, NANPO, PROTOCOL, WIRE
from tests.memory import forget_peak, peak

from .place import Place, prepared, renewed

DRAWN = 200  # one in so many pushes is drawn from the API's description
MANY = 5000  # places in a document after which it is spoilt enough
TOLD = 5000  # pushes between words on how far it is
CHECKED = 250  # pushes between looks into the log
MOST_MEMORY = 512  # MB
KINDS = ("sqlite", "postgresql")
KNOWN = {"stored", "conflict", "duplicate", "quarantined"}
STATES = KNOWN | {"variant", "later"}
Document = dict[str, Any]

TEXTS = (
    "", " ", "null", "NaN", "\x00", "\ud800", "\udfff\ud800", "a" * 5000, "😀" * 300, "__proto__",
    "constructor", "../../etc/passwd", "' OR 1=1 --", "%s%n", "\u202e", "2026-02-30", "9999-12-31",
    "0000-00-00", "-271821-04-20T00:00:00Z", "2026-11-02T25:61:61Z", LIULIN, NANPO, "x:1", ":",
    "0" * 36,
)  # fmt: skip
NASTY: tuple[Any, ...] = (
    *TEXTS, None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**200, 1e308, [], {}, [[]], [None],
    {"": ""}, {"a": {"b": {"c": "d"}}}, ["a", 1, None, {}], {"lat": "1", "lon": "x"},
)  # fmt: skip
FORMS = (
    "_review",
    "_settle",
    "_issue",
    "consent_record",
    "preg_followup",
    "rental_register",
    "x",
    "_",
)


# ---- spoiling -----------------------------------------------------------------------------------


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield from spots(value[key], (*path, key))


def put(document: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> None:
    """Change what holds the last step of a path."""
    for step in path[:-1]:
        document = document[step]
    change(document, path[-1])


def spoil(document: Document, chance: random.Random) -> Document:
    """One to four changes of its structure."""
    whole: Document = json.loads(json.dumps(document))
    for _ in range(chance.randint(1, 4)):
        places = list(spots(whole))
        if not places or len(places) > MANY:
            break
        chance.choice(CHANGES)(whole, chance.choice(places), chance)
    return whole


def _replace(whole: Document, path: tuple[Any, ...], chance: random.Random) -> None:
    value = json.loads(json.dumps(chance.choice(NASTY)))
    put(whole, path, lambda holder, key: holder.__setitem__(key, value))


def _remove(whole: Document, path: tuple[Any, ...], _chance: random.Random) -> None:
    put(whole, path, lambda holder, key: holder.__delitem__(key))


def _double(whole: Document, path: tuple[Any, ...], chance: random.Random) -> None:
    """A member under another name, or an element twice, or a great many times."""

    def change(holder: Any, key: Any) -> None:
        if isinstance(holder, list):
            holder.extend([holder[key]] * chance.choice((1, 1, 1, 300)))
        else:
            holder[f"{key}{chance.choice(('', '2', '[0]', '/x'))}"] = holder[key]

    put(whole, path, change)


def _swap(whole: Document, path: tuple[Any, ...], chance: random.Random) -> None:
    """The value of somewhere else."""
    other: Any = whole
    for step in chance.choice(list(spots(whole))):
        other = other[step]
    value = json.loads(json.dumps(other))
    if len(json.dumps(value)) < 20_000:
        put(whole, path, lambda holder, key: holder.__setitem__(key, value))


def _other_form(whole: Document, _path: tuple[Any, ...], chance: random.Random) -> None:
    whole["form"] = chance.choice(FORMS)


def _deepen(whole: Document, path: tuple[Any, ...], chance: random.Random) -> None:
    value: Any = "deep"
    for _ in range(chance.choice((3, 18, 25, 60))):
        value = [value] if chance.random() < 0.5 else {"a": value}
    put(whole, path, lambda holder, key: holder.__setitem__(key, value))


CHANGES = (
    _replace,
    _replace,
    _replace,
    _remove,
    _remove,
    _double,
    _swap,
    _swap,
    _other_form,
    _deepen,
)


def garble(text: str, chance: random.Random) -> str:
    """Spoil a text as a text."""
    at = chance.randrange(len(text) + 1)
    return chance.choice((
        lambda: text[:at],
        lambda: text[:at] + chance.choice('{}[]",:\\\x00\ud800é9') + text[at:],
        lambda: text[:at] + text[at + chance.randint(1, 40) :],
        lambda: text + text,
        lambda: text.replace('"', "'", 1),
        lambda: text.replace("{", '{"id":1,', 1),
        lambda: "[" * 5000 + text,
        lambda: text + " " * 1000,
    ))()  # fmt: skip


# ---- sending ------------------------------------------------------------------------------------


@dataclass
class Fuzz:
    """Spoilt pushes to one server, and what came of them."""

    place: Place
    chance: random.Random
    sent: int = 0
    told: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    due: dict[str, str] = field(default_factory=dict)
    earlier: list[Document] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.place.app.test_client()
        self.phone = self.place.phones[0]

    def push(self) -> None:
        """One push, spoilt somewhere."""
        items = [self.item() for _ in range(self.chance.choice((1, 1, 1, 2, 3)))]
        message: Document = {"nonce": "n", "install": self.phone.install, "now": "", "subs": items}
        if self.chance.random() < 0.15:
            message = spoil(message, self.chance)
        raw = json.dumps(message).encode()
        if self.chance.random() < 0.03:
            raw = garble(raw.decode(), self.chance).encode("utf-8", "surrogatepass")
        self.send(raw)

    def item(self) -> Document:
        """One item: whole, spoilt, or one that was sent before, with the same or other bytes."""
        chance = self.chance
        if self.earlier and chance.random() < 0.1:
            again = dict(chance.choice(self.earlier))
            return (
                again if chance.random() < 0.5 else self._as_item(again["body"] + " ", again["id"])
            )
        document = renewed(chance.choice(self.place.samples), chance)
        whole = json.loads(self.phone.item(document)["body"])
        sid = whole["id"]
        text = json.dumps(spoil(whole, chance), ensure_ascii=chance.random() < 0.5)
        if chance.random() < 0.15:
            text = garble(text, chance)
        item = self._as_item(text, sid)
        if chance.random() < 0.1:
            item = spoil(item, chance)
        usable = isinstance(item.get("body"), str) and isinstance(item.get("id"), str)
        if usable and (len(self.earlier) < 50 or chance.random() < 0.01):
            self.earlier = [*self.earlier[-49:], item]
        return item

    def _as_item(self, body: str, sid: str) -> Document:
        sha = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
        return {"id": sid, "n": self.chance.randint(0, 2**31 - 1), "sha": sha, "body": body}

    def send(self, raw: bytes) -> None:
        """Sign it, send it, hold the answer to what is promised."""
        self.sent += 1
        packed = gzip.compress(raw, 1)
        if self.chance.random() < 0.01:
            at = self.chance.randrange(len(packed))
            packed = packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :]
        headers = {
            **PROTOCOL,
            "Content-Type": WIRE,
            "Content-Encoding": "gzip",
            "X-FS-Device": self.phone.device,
            "X-FS-Signature": self.phone.sign("/api/sync/push", packed),
        }
        answer = self.client.post("/api/sync/push", data=packed, headers=headers)
        self.told[f"http_{answer.status_code}"] += 1
        if answer.status_code >= 500:
            self.found.append(f"{answer.status_code} for {raw[:2000]!r}")
        elif answer.status_code == 200:
            self._hold(json.loads(raw)["subs"], json.loads(answer.data)["results"])
        elif answer.status_code == 422 and is_sound(raw):
            self.found.append(f"refused whole: {answer.data[:300]!r} for {raw[:2000]!r}")
        if self.sent % CHECKED == 0:
            self.look()
        if self.sent % TOLD == 0:
            sys.stderr.write(f"{self.sent} pushes, {len(self.found)} faults\n")

    def _hold(self, items: list[Any], results: list[Document]) -> None:
        if len(items) != len(results):
            self.found.append(f"{len(items)} items, {len(results)} results")
        for item, result in zip(items, results, strict=False):
            named = item.get("id") if isinstance(item, dict) else None
            self.told[result["st"]] += 1
            if result["st"] not in STATES or (result["id"] and result["id"] != named):
                self.found.append(f"{named!r} was answered by {result}")
            if result["st"] in KNOWN | {"variant"}:
                self.due[result["id"]] = result["st"]

    def look(self) -> None:
        """What was told to be here is here."""
        with self.place.app.app_context():
            for st, model in (("variant", m.SubmissionVariant), (None, m.Submission)):
                ids = [sid for sid, told in self.due.items() if (told == "variant") == bool(st)]
                there = set(db.session.scalars(sa.select(model.id).where(model.id.in_(ids))))
                self.found += [
                    f"{sid} was {self.due[sid]} and isn't here" for sid in set(ids) - there
                ]
            db.session.remove()
        self.due = {}


def is_sound(raw: bytes) -> bool:
    """Whether the envelope can be read, whatever its items are."""
    try:
        message = json.loads(raw)
        subs = message["subs"]
        texts = (message["nonce"], message["install"], message.get("now", ""))
    except (ValueError, KeyError, TypeError):
        return False
    plain = all(isinstance(text, str) and text.isascii() and text.isprintable() for text in texts)
    known = all(isinstance(message.get(key, ""), str) for key in ("now", "device"))
    few = isinstance(subs, list) and len(subs) <= MAX_ITEMS
    return plain and known and few and message["nonce"] == "n" and len(message["install"]) == 36


def drawn(fuzz: Fuzz, count: int, seed: int) -> None:
    """Send what schemathesis draws for a push, in and out of what the description allows."""
    from hypothesis import seed as seeded
    from hypothesis import strategies as st
    from schemathesis.generation import GenerationMode

    from tests.fuzz.test_openapi import OPERATIONS, encoded

    operation = OPERATIONS["POST /api/sync/push"]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @seeded(seed)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=cases)
    def send(case: Any) -> None:
        fuzz.send(encoded(case.body))

    send()


def run(kind: str, pushes: int, seed: int) -> tuple[str, list[str]]:
    """The figures in one line, and what was wrong."""
    began = time.monotonic()
    forget_peak()
    with prepared(kind, phones=1) as place:
        fuzz = Fuzz(place, random.Random(seed))
        drawn(fuzz, pushes // DRAWN, seed)
        while fuzz.sent < pushes and len(fuzz.found) < 20:
            fuzz.push()
        fuzz.look()
        with place.app.app_context():
            fuzz.found += service.audit()
            db.session.remove()
    memory = peak()
    if memory >= MOST_MEMORY:
        fuzz.found.append(f"{memory} MB")
    counts = " ".join(f"{name}={count}" for name, count in sorted(fuzz.told.items()))
    line = (
        f"db={kind} pushes={fuzz.sent} {counts} memory_mb={memory} faults={len(fuzz.found)} "
        f"seed={seed} seconds={time.monotonic() - began:.0f}"
    )
    return line, fuzz.found


def main() -> None:
    """The command line; half on each database; fails if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pushes", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--db", choices=KINDS, help="One only; half the pushes.")
    wish = parser.parse_args()
    bad = False
    for kind in (wish.db,) if wish.db else KINDS:
        line, found = run(kind, (wish.pushes + 1) // 2, wish.seed)
        bad = bad or bool(found)
        for fault in found[:20]:
            sys.stderr.write(f"{fault}\n")
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    sys.exit(bad)


if __name__ == "__main__":
    main()
