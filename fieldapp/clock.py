"""The only source of time and randomness, so that tests can hold both still."""

import uuid
from datetime import UTC, datetime


def now() -> datetime:
    """Current moment, aware, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random UUIDv4 in canonical text."""
    return str(uuid.uuid4())
