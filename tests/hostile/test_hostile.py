"""A hostile file is refused for what it is, within 5 seconds and 500 MB, and hurts nobody."""

import resource
import time
from collections.abc import Callable

import pytest

from fieldapp.forms.press import pressed
from fieldapp.forms.problems import FormError

from .files import FILES

SECONDS = 5.0
MEGABYTES = 500


def spent() -> float:
    """Seconds of processor that this process and its children have used up to now."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak() -> int:
    """The most megabytes that this process or any of its children has held."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whose) // 1024


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_in_time(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    make, code = FILES[name]
    source = make()
    before = spent()
    with pytest.raises(FormError) as error:
        pressed(source, "consent", "health")
    seconds = spent() - before  # of processor: others may use this machine too
    record_property("hostile", (name, seconds, peak()))
    assert code in {problem.code for problem in error.value.problems}
    assert seconds < SECONDS
    assert peak() < MEGABYTES
