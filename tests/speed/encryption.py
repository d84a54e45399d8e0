"""`make bench-encryption`: how much dearer sealing makes a push, by processor time.

Two villages of the same clients, in one database: one is sealed as always; in the other, here
alone, sealing is replaced by nothing (no key read, nothing packed or sealed, no row that says under
whose keys). Both push the same visits through the whole application, turn and turn about, so that
what else the machine does weighs on both. The figure is the median of the rounds.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
from flask import Flask

from fieldapp import create_app
from fieldapp.db import db
from fieldapp.server import settle_memory
from fieldapp.subjects.keys import Keys
from fieldapp.subjects.models import EntitySubject, SubmissionSubject
from fieldapp.sync.store import Effect, Store

from .clones import Clones, Village
from .district import prepare
from .fill import fill
from .phones import PUSH, Phone
from .server import database, family, median
from .story import Story, settings_for, tell

CLIENTS = 100
GOAL = 15.0  # percent
SEALED, PLAIN = 0, 1
BARE = b"\0"


@contextmanager
def unsealed() -> Iterator[None]:
    """Within it nothing is sealed, and what was stored within it opens."""
    add, write_links = Effect.add, Store._write_links

    def seal(_keys: Keys, plain: bytes, *_: Any, **__: Any) -> bytes:
        return BARE + plain

    def unseal(_keys: Keys, sealed: bytes, _about: str) -> bytes:
        assert sealed[:1] == BARE, "a village is sealed or it isn't"
        return sealed[1:]

    def add_others(effect: Effect, model: type[Any], row: dict[str, Any]) -> None:
        if model is not SubmissionSubject:
            add(effect, model, row)

    def write_others(store: Store, model: Any, *rest: Any) -> None:
        if model is not EntitySubject:
            write_links(store, model, *rest)

    def nothing(*_: Any) -> set[str]:
        return set()

    with ExitStack() as stack:
        swapped: dict[str, Callable[..., Any]] = {"seal": seal, "open": unseal}
        swapped |= dict.fromkeys(("load", "prepare", "ensure", "destroyed"), nothing)
        stack.enter_context(patch.multiple(Keys, **swapped))
        stack.enter_context(patch.object(Effect, "add", add_others))
        stack.enter_context(patch.object(Store, "_write_links", write_others))
        stack.enter_context(patch("tests.speed.clones.sealing.seal", _as_it_is))
        yield


def _as_it_is(_cipher: Any, _head: bytes, plain: bytes, _about: str) -> bytes:
    return BARE + plain


class Push:
    """Pushes of one village, through the application in this process."""

    def __init__(self, app: Flask, postgres: int | None, phone: Phone) -> None:
        self._client, self._postgres, self._phone = app.test_client(), postgres, phone

    def milliseconds(self, pushes: int) -> float:
        """What a visit costs this process and the database's."""
        before = self._used()
        for _ in range(pushes):
            request = self._phone.ready.popleft()
            answer = self._client.post(
                request.path, data=request.body, headers=dict(request.headers)
            )
            assert answer.status_code == 200, answer.data
        return (self._used() - before) * 1000 / (pushes * PUSH)

    def _used(self) -> float:
        own = time.process_time()
        processes = family(self._postgres) if self._postgres else []
        return own + sum(map(_seconds, processes))


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(kind: str, story: Story, rounds: int, pushes: int) -> list[tuple[float, float]]:
    """Milliseconds a visit, sealed and not, of each round."""
    clones = Clones(story)
    phones = [Phone(Village(number, CLIENTS)) for number in (SEALED, PLAIN)]
    with database(kind) as (url, postgres), tempfile.TemporaryDirectory() as home:
        prepare(url, Path(home), phones)
        fill(url, story, [phones[SEALED].village])
        with unsealed():
            fill(url, story, [phones[PLAIN].village])
        for phone in phones:
            phone.prepare(clones, (rounds + 1) * pushes)
        app = create_app(settings_for(Path(home), url))
        settle_memory()
        sealed, plain = (Push(app, postgres, phone) for phone in phones)
        found = [_round(sealed, plain, pushes, number) for number in range(rounds + 1)]
        with app.app_context():
            db.engine.dispose()
    return found[1:]  # in the first, what is read once was read


def _round(sealed: Push, plain: Push, pushes: int, number: int) -> tuple[float, float]:
    """Each in turn begins."""
    if number % 2:
        first = sealed.milliseconds(pushes)
        with unsealed():
            return first, plain.milliseconds(pushes)
    with unsealed():
        second = plain.milliseconds(pushes)
    return sealed.milliseconds(pushes), second


def main() -> int:
    """Measure, tell; 1 if sealing costs more than it may."""
    parser = argparse.ArgumentParser(description="What sealing costs.")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--pushes", type=int, default=2, help="in a round, of each")
    parser.add_argument("--database", default="postgresql")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        story = tell(Path(home))
    rounds = measure(options.database, story, options.rounds, options.pushes)
    costs = sorted((sealed / plain - 1) * 100 for sealed, plain in rounds)
    cost, quarter = median(costs), len(costs) // 4
    spread = f"{costs[quarter]:.1f}..{costs[-1 - quarter]:.1f}"
    sealed, plain = (median([times[which] for times in rounds]) for which in (SEALED, PLAIN))
    print(f"encryption_cost={cost:.1f}% quartiles={spread} rounds={len(rounds)}"
          f" sealed_ms={sealed:.2f} plain_ms={plain:.2f} goal={GOAL:.0f}%")  # fmt: skip
    return int(cost > GOAL)


if __name__ == "__main__":
    sys.exit(main())
