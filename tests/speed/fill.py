"""Puts clones into a database by the thousand, with COPY or executemany."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from multiprocessing import get_context
from typing import Any, Protocol

import psycopg

from .clones import Clones, Village, heads
from .story import Story

Rows = dict[str, list[Sequence[Any]]]
TOGETHER = 50  # clients whose rows are written at once
MOMENT = "2026-11-09T01:12:00.000000Z"


class Sink(Protocol):
    """Where rows go."""

    def write(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows."""
        ...


def fill(url: str, story: Story, villages: Sequence[Village], processes: int = 1) -> None:
    """Store the clients of these villages, as if their phones had sent everything."""
    if url.startswith("sqlite"):
        with _sqlite(url) as sink:
            columns = COLUMNS | Clones(story).columns
            for rows in _made(story, villages, processes):
                rows.pop("area_head", None)
                _put(sink, columns, rows)
        return
    shares = [villages[k::processes] for k in range(processes)]
    workers = [
        get_context("fork").Process(target=_fill_postgres, args=(url, story, share))
        for share in shares[1:]
    ]
    for worker in workers:
        worker.start()
    _fill_postgres(url, story, shares[0])
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0


def _made(story: Story, villages: Sequence[Village], processes: int) -> Iterator[Rows]:
    """Rows made by processes of their own, for a database that one must write."""
    if processes == 1:
        clones = Clones(story)
        yield from chain.from_iterable(_batches(clones, village) for village in villages)
        return
    with get_context("fork").Pool(processes, _begin, (story,)) as pool:
        for found in pool.imap(_all_batches, villages):
            yield from found


_clones: list[Clones] = []


def _begin(story: Story) -> None:
    _clones[:] = [Clones(story)]


def _all_batches(village: Village) -> list[Rows]:
    return list(_batches(_clones[0], village))


def _batches(clones: Clones, village: Village) -> Iterator[Rows]:
    """The rows of a village, some clients at a time; what is counted over all comes last."""
    changes: list[Sequence[Any]] = []
    found: Rows = defaultdict(list)
    for client in range(village.clients):
        for table, rows in clones.rows(village, client, client * clones.steps).items():
            found[table] += rows
        if (client + 1) % TOGETHER == 0:
            changes += found["feed_change"]
            yield found
            found = defaultdict(list)
    changes += found["feed_change"]
    found["area_head"] = [[village.area]]  # locks are PostgreSQL's alone
    total = village.clients * clones.steps
    found["feed_head"] = [list(head.values()) for head in heads(changes, total)]
    visits = village.clients * clones.stored
    found["install"] = [[village.install, village.nurse, village.device, visits, MOMENT, MOMENT]]
    yield found


COLUMNS = {
    "area_head": ["area"],
    "feed_head": ["feed", "epoch", "seq", "sum", "count"],
    "subject_key": ["subject", "kid", "wrapped", "made", "destroyed"],
    "install": ["id", "user_id", "device_id", "n_max", "first_seen", "last_seen"],
}


def _put(sink: Sink, columns: Mapping[str, Sequence[str]], rows: Rows) -> None:
    for table, values in rows.items():
        if values:
            sink.write(table, columns[table], values)


# ---- the databases ------------------------------------------------------------------------------


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def write(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        places = ", ".join("?" for _ in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        self._connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


@contextmanager
def _sqlite(url: str) -> Iterator[Sink]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-1000000")
    yield _Sqlite(connection)
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()


class _Postgres:
    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def write(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        names = ", ".join(f'"{column}"' for column in columns)
        with self._cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:  # type: ignore[arg-type]
            for row in rows:
                copy.write_row(row)


def _fill_postgres(url: str, story: Story, villages: Sequence[Village]) -> None:
    clones = Clones(story)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("SET synchronous_commit = off")
        sink = _Postgres(connection.cursor())
        for village in villages:
            for rows in _batches(clones, village):
                _put(sink, COLUMNS | clones.columns, rows)
            connection.commit()
