"""The process behind `make simulate`: a wish per line of JSON in, an answer per line out.

python -m tests.simulation.server sqlite|postgresql [mutant]
"""

import gc
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, TextIO

from tests.databases import MEMORY, postgres_url

from . import altered


def main() -> None:
    """Answer until the other side closes."""
    kind, *mutant = sys.argv[1:]
    if mutant:
        altered.plant(mutant[0])
    from .world import World

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints must not be taken for an answer
    folder = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fieldapp-simulate-", dir=folder) as home:
        url = f"sqlite:///{home}/fieldapp.sqlite" if kind == "sqlite" else postgres_url()
        world = World(Path(home), url)
        gc.freeze()
        gc.disable()  # `World.do_begin` collects, now and then
        _serve(world, answers)


def _serve(world: Any, answers: TextIO) -> None:
    for line in sys.stdin:
        try:
            answer = {"ok": world.answer(json.loads(line))}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer, separators=(",", ":")) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
