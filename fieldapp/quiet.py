"""No log holds what somebody answered: of an exception only its kind and its place are written.

What an exception says may quote a value (`invalid literal: '张小梅'`), and so may its cause.
"""

import logging
import traceback
from typing import Any

_record = logging.getLogRecordFactory()


def without_values(error: BaseException) -> str:
    """Kind and place of a failure; what it says may quote an answer, which no log may hold."""
    place = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{place}".rstrip()


def init_logs() -> None:
    """Make every record of every logger of this process so, whoever wrote it."""
    logging.setLogRecordFactory(_make)


def _make(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _record(*args, **kwargs)
    if record.exc_info and record.exc_info[1] is not None:
        record.msg = f"{record.getMessage()}: {without_values(record.exc_info[1])}"
        record.args, record.exc_info = (), None
    return record
