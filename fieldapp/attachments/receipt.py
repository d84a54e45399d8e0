"""What to do with a chunk, decided from what is here. Pure; docs/sync.md tells the protocol.

An attachment grows only at its end: a chunk that begins elsewhere changes nothing and is told how
far we are, which makes every repetition harmless.
"""

from dataclasses import dataclass
from typing import Final, Literal

CHUNK: Final = 64 * 1024  # most bytes in one chunk
MAX_PENDING: Final = 200  # attachments of one phone that are not whole, or that no visit names

Verdict = Literal["append", "tell", "restart", "too_large", "full"]


@dataclass(frozen=True, slots=True)
class Known:
    """An attachment as it stands here."""

    size: int
    have: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """What a phone has sent that is not whole, or that no visit names: how many, how many bytes."""

    count: int
    size: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Most bytes of one attachment, and of one phone's pending ones together."""

    one: int
    pending: int


def judge(known: Known | None, size: int, at: int, pending: Pending, limits: Limits) -> Verdict:
    """What to do with a chunk of an attachment of `size` bytes that begins at `at`.

    append it; tell how far we are; restart, since another size was told before; or refuse it as
    too_large, or because the phone has too much pending (full).
    """
    if known and known.whole:
        return "tell"
    if size > limits.one:
        return "too_large"
    if known is None:
        if pending.count >= MAX_PENDING or pending.size + size > limits.pending:
            return "full"
        return "append" if at == 0 else "tell"
    if known.size != size:
        return "restart"
    return "append" if at == known.have else "tell"
