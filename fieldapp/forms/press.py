"""Compiles somebody else's file in a process of its own, with a bound on memory and time.

A file may be made to hurt whoever reads it, and libraries read it before we do. Where the system
has no such bounds, there is a bound on the clock. The process gets none of the server's settings.
"""

import gc
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .bounds import screen
from .gate import refusals
from .problems import FormError, FormProblem
from .source import FormSource, placed, read_source

try:
    import resource
except ImportError:  # no such bounds here
    resource = None  # type: ignore[assignment]

MEMORY = 384 * 1024 * 1024
CPU_SECONDS = 4
# Time on the processor is what a file can waste; the clock only guards against a stuck machine.
CLOCK_SECONDS = 20.0 if resource else 4.5
MOST_TOLD = 300
PACKAGE = Path(__file__).parents[2]


class Pressed(NamedTuple):
    """A definition, and the XForm it was made of."""

    definition: dict[str, Any]
    xform: str


def pressed(source: FormSource, program: str, scope: str) -> Pressed:
    """As read_source, and what `gate` refuses as well, safely. Raises FormError."""
    found = screen(source.kind, source.content)
    if found:
        raise FormError(found)
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=pickle.dumps((source, program, scope)),
            capture_output=True,
            timeout=CLOCK_SECONDS,
            env={"PATH": os.defpath, "PYTHONPATH": str(PACKAGE), "PYTHONUTF8": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FormError([FormProblem("takes_too_long")]) from None
    return _answer(done.returncode, done.stdout)


def _answer(code: int, output: bytes) -> Pressed:
    if code != 0:  # ended by a bound, or by a crash in a library
        raise FormError([FormProblem("takes_too_long" if code < 0 else "takes_too_much")])
    answer = json.loads(output)
    if "problems" in answer:
        raise FormError(problem_of(each) for each in answer["problems"])
    return Pressed(**answer)


def problem_of(told: dict[str, Any]) -> FormProblem:
    """A problem that came as JSON, where pairs of words have become lists."""
    params = {k: tuple(v) if isinstance(v, list) else v for k, v in told.pop("params").items()}
    return FormProblem(params=params, **told)


def examine(source: FormSource, program: str, scope: str) -> Pressed:
    """A form that may be published, so far as it alone tells. Raises FormError."""
    definition, xform = read_source(source, program, scope)
    found = refusals(definition)
    if found:
        raise FormError(placed(source, found))
    return Pressed(definition, xform)


def main() -> None:
    """The process: reads a source, writes a definition or problems."""
    if resource:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # it ends soon, and its memory is bounded
    source, program, scope = pickle.loads(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(_result(source, program, scope), ensure_ascii=True))
    sys.stdout.flush()
    os._exit(0)  # tidying up would count too


def _result(source: FormSource, program: str, scope: str) -> dict[str, Any]:
    try:
        return examine(source, program, scope)._asdict()
    except FormError as error:
        return {"problems": [vars(problem) for problem in error.problems[:MOST_TOLD]]}
    except MemoryError:
        return {"problems": [vars(FormProblem("takes_too_much"))]}
    except Exception as error:  # whatever a library stumbles over in a file nobody vouches for
        detail = type(error).__name__
        return {"problems": [vars(FormProblem("unreadable", {"detail": detail}))]}


if __name__ == "__main__":
    main()
