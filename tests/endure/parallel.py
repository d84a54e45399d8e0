"""The same push ten times at once, again and again: one is stored, and nine are told it was.

python -m tests.endure.parallel --sets 1000
"""

import argparse
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync import service

from .place import Item, Line, Place, prepared

# What became of each item; None where nothing came back.
Answer = list[dict[str, Any]] | None

AT_ONCE = 10
NEW = frozenset({"stored", "conflict"})


def run(kind: str, sets: int, seed: int) -> tuple[str, list[str]]:
    """The figures in one line, and what was wrong."""
    began, chance = time.monotonic(), random.Random(seed)
    found: list[str] = []
    told: Counter[str] = Counter()
    with prepared(kind, phones=1) as place:
        for _ in range(2):  # two processes, as ours has
            place.mother.start()
        phone = place.phones[0]
        lines = [place.line(phone) for _ in range(AT_ONCE)]
        sent = set()
        for _ in range(sets):
            items = [place.item(phone, chance) for _ in range(chance.randint(1, 3))]
            sent |= {item["id"] for item in items}
            answers = _at_once(lines, items)
            found += _judge(items, answers, told)
        found += _stored(place, sent)
    line = (
        f"db={kind} sets={sets} at_once={AT_ONCE} items={len(sent)} stored={told['new']} "
        f"duplicate={told['duplicate']} later={told['later']} no_answer={told['none']} "
        f"faults={len(found)} seed={seed} seconds={time.monotonic() - began:.0f}"
    )
    return line, found


def _at_once(lines: Sequence[Line], items: list[Item]) -> list[Answer]:
    """The same bytes over every line at the same moment."""
    request, start = lines[0].signed(items), threading.Barrier(len(lines))
    answers: list[Answer] = [None] * len(lines)

    def send(number: int) -> None:
        start.wait()
        answers[number] = lines[number].send(request)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(len(lines))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _judge(items: list[Item], answers: list[Answer], told: Counter[str]) -> list[str]:
    """Each item is new exactly once and a duplicate otherwise; busy is allowed, but counted."""
    found = []
    told["none"] += answers.count(None)
    for item in items:
        states = [r["st"] for answer in answers if answer for r in answer if r["id"] == item["id"]]
        new = sum(state in NEW for state in states)
        told["new"] += new
        told["duplicate"] += states.count("duplicate")
        told["later"] += states.count("later")
        odd = set(states) - NEW - {"duplicate", "later"}
        if new != 1 or odd:
            found.append(f"{item['id']}: {Counter(states)}")
    return found


def _stored(place: Place, sent: set[str]) -> list[str]:
    with place.app.app_context():
        ids = Counter(db.session.scalars(sa.select(m.Submission.id)))
        found = [f"{sid} isn't there" for sid in sent if ids[sid] != 1]
        variants = db.session.scalar(sa.select(sa.func.count()).select_from(m.SubmissionVariant))
        found += [f"{variants} variants"] if variants else []
        db.session.remove()
        found += service.audit()
        db.session.remove()
        db.engine.dispose()
    return found


def main() -> None:
    """The command line; fails unless every set was stored once, on both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    wish = parser.parse_args()
    bad = False
    for kind in ("sqlite", "postgresql"):
        line, found = run(kind, wish.sets, wish.seed)
        bad = bad or bool(found)
        for fault in found[:50]:
            sys.stderr.write(f"{fault}\n")
        sys.stdout.write(f"{line}\n")
    sys.exit(bad)


if __name__ == "__main__":
    main()
