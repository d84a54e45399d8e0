"""What processes cost, from Linux' own books."""

import os
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
PARENT, OF_ITSELF, OF_ENDED = 1, (11, 12), (13, 14)  # fields after the name


def parent_of(pid: int) -> int:
    """The process that began it."""
    return int(_fields(pid)[PARENT])


def worked(pid: int) -> float:
    """CPU seconds of a process and of all that it began, also of those that have ended."""
    own = [*OF_ITSELF, *OF_ENDED]
    ticks = sum(int(_fields(pid)[i]) for i in own)
    for child in (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()):
        fields = _fields(child)
        if fields and int(fields[PARENT]) == pid:
            ticks += sum(int(fields[i]) for i in OF_ITSELF)
    return ticks / TICK


def _fields(pid: int) -> list[str]:
    """Of /proc/…/stat; empty if it has ended."""
    try:
        return (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
