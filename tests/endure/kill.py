"""Kill the server, or stop its database at once, again and again while phones send. What was
acknowledged is there, and nothing is there twice.

    python -m tests.endure.kill --db sqlite --kills 2000        SIGKILL of the server's process
    python -m tests.endure.kill --db postgresql --kills 200     immediate stop of PostgreSQL
"""

import argparse
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync import service
from tests.cast import Phone

from .place import KEPT, Item, Place, prepared

LONGEST = 3.0  # seconds of service before the end
LAST = 0.15  # seconds, up to which it goes on after so much was acknowledged
BATCH = 6


@dataclass
class Load:
    """Phones that send and keep sending what wasn't acknowledged."""

    place: Place
    seed: int
    acked: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    retried: Counter[str] = field(default_factory=Counter)
    unhappy: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """One thread per phone."""
        for number, phone in enumerate(self.place.phones):
            chance = random.Random(f"{self.seed}/{number}")
            thread = threading.Thread(target=self._run, args=(phone, chance), daemon=True)
            self.threads.append(thread)
            thread.start()

    def end(self) -> None:
        """What is under way is sent to its end first."""
        self.stop.set()
        for thread in self.threads:
            thread.join(60)

    def _run(self, phone: Phone, chance: random.Random) -> None:
        line = self.place.line(phone)
        waiting: list[Item] = []
        while not (self.stop.is_set() and not waiting):
            if not waiting:
                count = chance.randint(1, BATCH)
                waiting = [self.place.item(phone, chance) for _ in range(count)]
                self.sent |= {item["id"]: item["sha"] for item in waiting}
            results = line.push(waiting)
            if results is None:
                self.retried["lost"] += 1
                time.sleep(0.05)
                continue
            waiting = self._left(waiting, {r["id"]: r["st"] for r in results})
        line.close()

    def _left(self, items: list[Item], states: dict[str, str]) -> list[Item]:
        left = []
        for item in items:
            state = states.get(item["id"], "none")
            if state in KEPT:
                self.acked[item["id"]] = item["sha"]
                self.retried["duplicate"] += state == "duplicate"
            elif state == "later":
                left.append(item)
            else:
                self.unhappy.append(f"{item['id']}: {state}")
        return left


def missing(place: Place, acked: dict[str, str]) -> list[str]:
    """Of the acknowledged, those that aren't there as sent."""
    s, ids, lost = m.Submission, sorted(acked), []
    with place.app.app_context():
        for at in range(0, len(ids), 500):
            some = ids[at : at + 500]
            there = dict(db.session.execute(sa.select(s.id, s.sha).where(s.id.in_(some))).all())
            lost += [sid for sid in some if there.get(sid) != acked[sid]]
        db.session.remove()
        db.engine.dispose()
    return lost


def faults(place: Place, load: Load) -> list[str]:
    """What is wrong at the end: lost, doubled, never sent, or derived wrongly."""
    with place.app.app_context():
        rows = Counter(db.session.scalars(sa.select(m.Submission.id)))
        found = [f"{sid} is there {count} times" for sid, count in rows.items() if count > 1]
        strangers = rows.keys() - load.sent.keys() - {load.place.samples[0]["id"]}
        found += [f"{sid} was never sent" for sid in strangers]
        found += [f"{sid} was acknowledged and is lost" for sid in load.acked if sid not in rows]
        variants = db.session.scalar(sa.select(sa.func.count()).select_from(m.SubmissionVariant))
        found += [f"{variants} variants"] if variants else []
        db.session.remove()
        found += service.audit()
        before = _versions()
        service.rebuild()
        if _versions() != before:
            found.append("a rebuild derives something else")
        db.session.remove()
        db.engine.dispose()
    return found + load.unhappy


def _serve_a_while(load: Load, chance: random.Random) -> None:
    """Until some pushes, or none, were acknowledged; then to a moment that is as good as any."""
    wanted, until = len(load.acked) + chance.choice((0, 1, 4, 8)), time.monotonic() + LONGEST
    while len(load.acked) < wanted and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, LAST))


def _versions() -> dict[tuple[str, str], str | None]:
    t = m.FeedChange
    rows = db.session.execute(sa.select(t.feed, t.entity, t.ver).where(t.ver.is_not(None)))
    found = {(row.feed, row.entity): row.ver for row in rows}
    db.session.rollback()
    return found


def run(kind: str, kills: int, seed: int, say: bool = False) -> tuple[str, list[str]]:
    """The figures in one line, and what was wrong."""
    began, chance = time.monotonic(), random.Random(seed)
    with prepared(kind) as place:
        load = Load(place, seed)
        load.begin()
        lost: set[str] = set()
        checked = 0
        pid = place.mother.start() if place.cluster else 0
        for number in range(1, kills + 1):
            pid = pid or place.mother.start()
            _serve_a_while(load, chance)
            if place.cluster:
                place.cluster.stop_at_once()
                place.cluster.start()
            else:
                place.mother.kill(pid)
                pid = 0
            known = dict(list(load.acked.items())[checked:])
            checked += len(known)
            lost |= set(missing(place, known))
            if say and number % 100 == 0:
                sys.stderr.write(f"{number} kills, {checked} acknowledged, {len(lost)} lost\n")
        pid = pid or place.mother.start()
        load.end()
        found = [f"{sid} was lost at a kill" for sid in lost] + faults(place, load)
    line = (
        f"db={kind} kills={kills} acked={len(load.acked)} sent={len(load.sent)} lost={len(lost)} "
        f"cut={load.retried['lost']} sent_again={load.retried['duplicate']} faults={len(found)} "
        f"seed={seed} seconds={time.monotonic() - began:.0f}"
    )
    return line, found


def main() -> None:
    """The command line; fails if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", choices=["sqlite", "postgresql"], required=True)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    wish = parser.parse_args()
    line, found = run(wish.db, wish.kills, wish.seed, say=True)
    for fault in found[:50]:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{line}\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
