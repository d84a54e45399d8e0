"""How much memory something takes at most, whatever else the process held before."""

import re
import resource
from pathlib import Path

SELF = Path("/proc/self")


def forget_peak() -> None:
    """From here on `peak` tells of what comes; where the system can't forget, of everything."""
    try:
        (SELF / "clear_refs").write_text("5")
    except OSError:
        return


def peak() -> int:
    """Megabytes that this process held at most."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", (SELF / "status").read_text())
    except OSError:
        found = None
    kilobytes = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes // 1024
