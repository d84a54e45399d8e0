"""The day that a visit counts as, whatever the phone's clock showed. Pure."""

from datetime import datetime, timedelta, timezone
from typing import Final

EASTERNMOST: Final = timezone(timedelta(hours=14))  # where a day begins first
LATEST: Final = timedelta(days=60)  # forms allow a visit of 30 days ago; it may wait as long


def not_ahead(on: str, received: datetime) -> str:
    """A visit's day, but none after that on which it came: a phone's clock makes nobody older."""
    came = received.astimezone(EASTERNMOST).date().isoformat()
    return min(on or came, came)


def counted(on: str, received: datetime) -> str:
    """A visit's day as it counts for how long something is kept: that on which it came, if the day
    lies too far before it, or after it.
    """
    day = received.date()
    earliest = (day - LATEST).isoformat()
    return not_ahead(on, received) if on >= earliest else day.isoformat()
