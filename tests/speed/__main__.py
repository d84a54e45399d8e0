"""`make bench-sync`: measures, tells, and fails where a goal is missed."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from .clones import Clones, Village
from .district import prepare
from .fill import fill
from .phones import PUSH, Answer, Phone, ask, storm
from .server import Server, database, median, serving
from .story import STORED, Story, tell

CLIENTS = 100  # of a village
PUSHING = 8  # villages from which phones push
AT_ONCE = 4  # phones on the line
RECORDS = 15  # of a client
AREA = Village(100_000, 334)  # 5,010 records
PAGES = (512 << 10, 1 << 20)  # bytes of changes a phone asks for on a quick line


@dataclass
class Figures:
    """What was measured, and what of it misses its goal."""

    told: dict[str, str] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def tell(self, name: str, values: Sequence[float], form: str = ".0f") -> float:
        """A figure: the median, with the least and the most if there are several."""
        middle = median(values)
        text = format(middle, form)
        if len(values) > 1:
            text += f"({min(values):{form}}-{max(values):{form}})"
        self.told[name] = text
        print(f"  {name}={text}", flush=True)
        return middle

    def goal(self, name: str, is_met: bool) -> None:
        """Note a goal that is missed."""
        if not is_met:
            self.missed.append(name)


@dataclass
class Bench:
    """One database being measured."""

    kind: str
    options: argparse.Namespace
    story: Story
    clones: Clones
    figures: Figures
    phones: list[Phone] = field(default_factory=list)
    rate: float = 800.0
    preparing: float = 0.0

    @property
    def is_judged(self) -> bool:
        """The goals are PostgreSQL's."""
        return self.kind == "postgresql"

    def run(self) -> None:
        """Fill, push, fill more, push again; then pull."""
        self.phones = [Phone(Village(k, CLIENTS)) for k in range(PUSHING)]
        reader = Phone(AREA)
        with database(self.kind) as (url, postgres), tempfile.TemporaryDirectory() as home:
            prepare(url, Path(home), [*self.phones, reader])
            self._fill(url, [AREA])
            full, costs = 0, []
            for size in self.options.stored:
                wanted = size // (CLIENTS * STORED)
                self._fill(url, [Village(k, CLIENTS) for k in range(full, wanted)])
                full = wanted
                with serving(url, postgres) as server:
                    costs.append(self._push(server, size, is_first=not costs))
                    if size == self.options.stored[0]:
                        self._pull(server, reader)
            ratio = max(costs) / costs[0]
            self._tell("cost_ratio", [ratio], ".2f")
            self.figures.goal(f"{self.kind}_cost_ratio", ratio <= 1.3)

    def _fill(self, url: str, villages: Sequence[Village]) -> None:
        began = time.perf_counter()
        fill(url, self.story, villages, processes=2)
        visits = sum(v.clients for v in villages) * STORED
        print(f"  {self.kind}: filled in {visits} visits in {time.perf_counter() - began:.0f} s")

    def _tell(self, name: str, values: Sequence[float], form: str = ".0f") -> float:
        return self.figures.tell(f"{self.kind}_{name}", values, form)

    # ---- pushing

    def _push(self, server: Server, size: int, is_first: bool) -> float:
        """Milliseconds of processor time that a visit costs."""
        rates, times, python, cost = [], [], [], []
        self._storm(server, 2.0)  # what is read once has been read
        for _ in range(self.options.windows):
            before = server.used()
            began = time.perf_counter()
            answers = self._storm(server, self.options.seconds)
            took, after = time.perf_counter() - began - self.preparing, server.used()
            visits = len(answers) * PUSH
            self.rate = visits / took
            rates.append(self.rate)
            times += [answer.seconds * 1000 for answer in answers]
            python.append((after.python - before.python) / visits * 1000)
            cost.append(python[-1] + (after.database - before.database) / visits * 1000)
        if is_first:
            rate = self._tell("visits_per_s", rates)
            self._tell("push_p50_ms", [percentile(times, 50)])
            p99 = self._tell("push_p99_ms", [percentile(times, 99)])
            self._tell("python_ms", python, ".2f")
            self._tell("loop_ms", [fixed_loop() for _ in range(9)], ".1f")
            rss = self._tell("rss_mb", [server.memory() / 1e6])
            if self.is_judged:
                self.figures.goal("visits_per_s", rate >= 2000)
                self.figures.goal("push_p99_ms", p99 <= 250)
                self.figures.goal("rss_mb", rss <= 300)
        else:
            self._tell(f"visits_per_s_{size}", rates)
        return self._tell(f"cost_ms_{size}", cost, ".2f")

    def _storm(self, server: Server, seconds: float) -> list[Answer]:
        """Push for some seconds; every visit must be merged."""
        began = time.perf_counter()
        needed = int(self.rate * 1.5 * seconds / PUSH / len(self.phones)) + 4
        for phone in self.phones:
            phone.prepare(self.clones, needed)
        self.preparing = time.perf_counter() - began
        answers = storm(server.port, self.phones, AT_ONCE, seconds)
        for answer in answers:
            assert answer.status == 200, answer.body
            states = {(result["st"], result["why"]) for result in answer.message["results"]}
            assert states == {("stored", None)}, states
        return answers

    # ---- pulling

    def _pull(self, server: Server, phone: Phone) -> None:
        """A new phone gets a village of 5,000 records, and then asks again."""
        phone.log_in(server.port)
        rounds = [list(pull_all(server.port, phone)) for _ in range(5)]
        entities = [sum(len(page["ch"]) for a in r for page in a.message["feeds"].values())
                    for r in rounds]  # fmt: skip
        assert set(entities) == {AREA.clients * RECORDS}, entities
        requests = self._tell("pull_requests", [len(rounds[0])])
        packed = self._tell("pull_kb", [sum(a.packed for a in r) / 1000 for r in rounds])
        self._tell("pull_s", [sum(a.seconds for a in r) for r in rounds], ".2f")
        idle = [ask(server.port, idle_request(phone, rounds[-1][-1])) for _ in range(9)]
        assert not any(page["ch"] for a in idle for page in a.message["feeds"].values())
        size = self._tell("idle_b", [a.asked + a.packed for a in idle])
        self._tell("idle_line_b", [a.sent + a.came for a in idle])
        self._tell("idle_ms", [a.seconds * 1000 for a in idle], ".1f")
        if self.is_judged:
            self.figures.goal("pull_requests", requests <= 3)
            self.figures.goal("pull_kb", packed <= 400)
            self.figures.goal("idle_b", size <= 1000)


def fixed_loop() -> float:
    """Processor milliseconds of always the same work: what the machine gives for them just now."""
    began, seen = time.process_time(), {}
    for number in range(20_000):
        seen[number % 97] = f"{number}x"
    return (time.process_time() - began) * 1000


def pull_all(port: int, phone: Phone) -> Iterator[Answer]:
    """A first sync: pages until there are no more."""
    state: dict[str, Any] = {"grants_ver": phone.grants_ver, "catalogue": ""}
    cursors = {feed: {"epoch": "", "seq": 0, "view": ""} for feed in phone.feeds}
    for number in count():
        budget = PAGES[min(number, len(PAGES) - 1)]
        message = {**state, "feeds": cursors, "budget": budget}
        answer = ask(port, phone.request("pull", message))
        assert answer.status == 200, answer.body
        yield answer
        pages = answer.message["feeds"]
        cursors = cursors_of(pages)
        if not any(page["more"] for page in pages.values()):
            return


def idle_request(phone: Phone, last: Answer) -> Any:
    """What a phone asks that is up to date."""
    message = {"grants_ver": phone.grants_ver, "catalogue": last.message["catalogue"],
               "feeds": cursors_of(last.message["feeds"]), "budget": PAGES[0]}  # fmt: skip
    return phone.request("pull", message)


def cursors_of(pages: dict[str, Any]) -> dict[str, Any]:
    """Where a phone stands after these pages."""
    return {feed: {key: page[key] for key in ("epoch", "seq", "view")}
            for feed, page in pages.items()}  # fmt: skip


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent don't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def main() -> int:
    """Measure both databases; how many goals were missed."""
    parser = argparse.ArgumentParser(description="Measures sync.")
    parser.add_argument("--stored", default="10000,100000,1000000")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--databases", default="postgresql,sqlite")
    options = parser.parse_args()
    options.stored = [int(size) for size in options.stored.split(",")]
    figures = Figures()
    with tempfile.TemporaryDirectory() as home:
        story = tell(Path(home))
    for kind in options.databases.split(","):
        Bench(kind, options, story, Clones(story), figures).run()
    print(" ".join(f"{name}={value}" for name, value in figures.told.items()),
          f"missed={','.join(figures.missed) or 'none'}")  # fmt: skip
    return len(figures.missed)


if __name__ == "__main__":
    sys.exit(main())
