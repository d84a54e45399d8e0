"""The server as people start it, on a database of its own, and what its processes use."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import psutil
import psycopg

from tests.databases import running

from .story import SECRET

# As PostgreSQL comes: what is committed is on disk. Only where it listens is ours.
POSTGRES = {"listen_addresses": "", "timezone": "UTC", "log_min_messages": "fatal"}
WORKERS = 2


@dataclass
class Used:
    """Processor seconds since a server began."""

    python: float
    database: float


@dataclass
class Server:
    """A running server. url: of its database; port: where it listens."""

    url: str
    port: int
    process: "subprocess.Popen[bytes]"
    postgres: int | None = None
    peak: int = 0
    _gone: dict[int, float] = field(default_factory=dict)

    def used(self) -> Used:
        """What its processes have used so far."""
        database = self._seconds(self.postgres) if self.postgres else 0.0
        return Used(self._seconds(self.process.pid), database)

    def _seconds(self, root: int) -> float:
        total = 0.0
        for process in family(root):
            times = process.cpu_times()
            total += times.user + times.system
        return total

    def memory(self) -> int:
        """Bytes of memory that its processes take: what they share is counted once."""
        return sum(process.memory_full_info().pss for process in family(self.process.pid))


def family(root: int) -> list[psutil.Process]:
    """A process and all it started."""
    first = psutil.Process(root)
    return [first, *first.children(recursive=True)]


@contextmanager
def database(kind: str) -> Iterator[tuple[str, int | None]]:
    """An empty database on disk: its address, and the id of PostgreSQL's first process."""
    with tempfile.TemporaryDirectory(prefix="fieldapp-bench-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        if kind == "sqlite":
            yield f"sqlite:///{home / 'bench.sqlite'}", None
            return
        home.chmod(0o755)
        with running(home, POSTGRES) as pid:
            with psycopg.connect(host=name, user="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE bench")
            yield f"postgresql+psycopg://postgres@/bench?host={name}", pid


@contextmanager
def serving(url: str, postgres: int | None) -> Iterator[Server]:
    """`fieldapp run` on this database, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="fieldapp-bench-") as home:
        environment = {
            **os.environ, "FIELDAPP_HOME": home, "FIELDAPP_DATABASE_URL": url,
            "FIELDAPP_SECRET": SECRET,
        }  # fmt: skip
        command = [Path(sys.executable).with_name("fieldapp"), "run", "--port", str(port)]
        command += ["--workers", str(WORKERS)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait(process, port)
            yield Server(url, port, process, postgres)
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def median(values: Sequence[float]) -> float:
    """The middle one, the greater of two."""
    return sorted(values)[len(values) // 2]
