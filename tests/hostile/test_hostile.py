"""A hostile file is refused for what it is, within 5 seconds and 500 MB, and hurts nobody."""

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import pytest

from fieldapp.forms.bounds import MAX_ROWS
from fieldapp.forms.press import pressed
from fieldapp.forms.problems import FormError
from tests.memory import peak

from .files import FILES, markdown

SECONDS = 5.0
MEGABYTES = 500


class Trial(NamedTuple):
    """What a file was refused for, and what that cost: seconds of processor, megabytes at most."""

    codes: set[str]
    seconds: float
    megabytes: int


def tried(name: str) -> Trial:
    """Tries to publish the file; in a process that has done nothing else."""
    source = FILES[name][0]()
    before = spent()
    try:
        pressed(source, "consent", "health")
    except FormError as error:
        codes = {problem.code for problem in error.problems}
    else:
        codes = set()
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return Trial(codes, spent() - before, max(peak(), children))


def spent() -> float:
    """Seconds of processor that this process and its children have used up to now."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@pytest.fixture(scope="module")
def bystander() -> Iterator[ProcessPoolExecutor]:
    """Serves each file by a new process with a small parent: a child inherits its parent's peak."""
    small = multiprocessing.get_context("forkserver")
    small.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(1, mp_context=small, max_tasks_per_child=1) as pool:
        yield pool


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_in_time(
    name: str, bystander: ProcessPoolExecutor, record_property: Callable[[str, object], None]
) -> None:
    trial = bystander.submit(tried, name).result()
    record_property("hostile", (name, trial.seconds, trial.megabytes))
    assert FILES[name][1] in trial.codes
    assert trial.seconds < SECONDS
    assert trial.megabytes < MEGABYTES


def test_the_longest_form_that_is_allowed_is_read_in_time() -> None:
    most = MAX_ROWS["survey"]
    first = "| | integer | q0 | Question | | | |\n"
    rows = (f"| | integer | q{i} | Question | | ${{q{i - 1}}} > 1 | |\n" for i in range(1, most))
    form = pressed(markdown(first + "".join(rows)), "consent", "health").definition
    assert len(form["nodes"]) > most
