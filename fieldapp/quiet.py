"""No log holds what somebody answered: of an exception only its kind and its place are written.

What an exception says may quote a value (`invalid literal: '张小梅'`), and so may its cause. Nor
does anybody begin a line of their own: what would is written as an escape. Times are in UTC.
"""

import logging
import re
import time
import traceback
from typing import Any

from flask.logging import default_handler

_record = logging.getLogRecordFactory()
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"


def without_values(error: BaseException) -> str:
    """Kind and place of a failure; what it says may quote an answer, which no log may hold."""
    place = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{place}".rstrip()


def init_logs() -> None:
    """Make every record of every logger of this process so, whoever wrote it."""
    logging.setLogRecordFactory(_make)
    lines = logging.Formatter(_LINE, "%Y-%m-%dT%H:%M:%S")
    lines.converter = time.gmtime
    default_handler.setFormatter(lines)


def _make(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _record(*args, **kwargs)
    try:
        said = record.getMessage()
    except (TypeError, ValueError):  # words that don't fit their values; the handler tells it
        return record
    said = _CONTROLS.sub(lambda sign: repr(sign[0])[1:-1], said)
    if record.exc_info and record.exc_info[1] is not None:
        said, record.exc_info = f"{said}: {without_values(record.exc_info[1])}", None
    record.msg, record.args = said, ()
    return record
