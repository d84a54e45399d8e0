"""A hostile file is refused for what it is, within 5 seconds and 500 MB, and hurts nobody."""

import resource
import time
from collections.abc import Callable

import pytest

from fieldapp.forms.press import pressed
from fieldapp.forms.problems import FormError
from tests.memory import forget_peak, peak

from .files import FILES

SECONDS = 5.0
MEGABYTES = 500


def spent() -> float:
    """Seconds of processor that this process and its children have used up to now."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def most() -> int:
    """The most megabytes that this process has held of late, or any of its children ever."""
    return max(peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_in_time(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    make, code = FILES[name]
    source = make()
    forget_peak()
    before = spent()
    with pytest.raises(FormError) as error:
        pressed(source, "consent", "health")
    seconds = spent() - before  # of processor: others may use this machine too
    record_property("hostile", (name, seconds, most()))
    assert code in {problem.code for problem in error.value.problems}
    assert seconds < SECONDS
    assert most() < MEGABYTES
