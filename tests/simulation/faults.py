"""Crashes and passing troubles of the server, at a statement of one's choice.

Only what writes counts, and commits: those are the same on both databases, locks and looks aren't.
"""

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)(?!.*area_head)", re.IGNORECASE)
_LOG = re.compile(r"\s*INSERT INTO submission\b", re.IGNORECASE)


class KilledError(BaseException):
    """The process is gone: nothing of ours may catch this and go on."""


class Faults:
    """Counts the statements of a request, and ends it at the k-th."""

    def __init__(self, engine: Engine) -> None:
        self.statements = 0
        self._die: int | None = None
        self._stumble: int | None = None
        self._busy = 0
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._commit)

    def arm(self, die: int | None = None, stumble: int | None = None, busy: int = 0) -> None:
        """For the request that follows. die: killed there; stumble: the database says once that it
        is busy; busy: so often the log can't be written.
        """
        self.statements, self._die, self._stumble, self._busy = 0, die, stumble, busy

    def _statement(self, _c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        writes, is_log = _kind_of(statement)
        if not writes:
            return
        self._count()
        if self.statements == self._stumble:
            self._stumble = None
            raise _locked()
        if self._busy and is_log:
            self._busy -= 1
            raise _locked()

    def _commit(self, _connection: Any) -> None:
        self._count()

    def _count(self) -> None:
        self.statements += 1
        if self.statements == self._die:
            raise KilledError


@lru_cache(maxsize=1024)
def _kind_of(statement: str) -> tuple[bool, bool]:
    """Whether it writes, and into the log."""
    return bool(_WRITES.match(statement)), bool(_LOG.match(statement))


def _locked() -> OperationalError:
    return OperationalError("", {}, Exception("database is locked"))
