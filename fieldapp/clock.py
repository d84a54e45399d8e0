"""The only source of time and randomness, so that tests can hold both still."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))
"""Where the programs are: the day that people write down is the day there."""


def now() -> datetime:
    """Current moment, aware, UTC."""
    return datetime.now(UTC)


def today() -> str:
    """The day it is in China, `YYYY-MM-DD`."""
    return now().astimezone(CHINA).date().isoformat()


def new_id() -> str:
    """A random UUIDv4 in canonical text."""
    return str(uuid.uuid4())
