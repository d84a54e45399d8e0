"""Orders of chance that a seed repeats, the same here and on every phone."""

import hashlib
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from .values import Value, to_number, to_text

_T = TypeVar("_T")
LARGEST = 2_147_483_647


def seed_of(value: Value) -> int:
    """A seed as JavaRosa reads it: a number cut to a whole one, blank 0, other text by its
    SHA-256.
    """
    number = to_number(value)
    if math.isnan(number):
        text = to_text(value)
        digest = hashlib.sha256(text.encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True) if text else 0
    return 2**63 - 1 if number >= 2.0**63 else int(max(-(2.0**63), number))


def shuffled(values: Sequence[_T], seed: int) -> list[_T]:
    """The order a seed gives: Park and Miller's generator, Fisher and Yates' shuffle."""
    state = abs(seed) % LARGEST * (1 if seed > 0 else -1)
    if state <= 0:
        state += LARGEST - 1
    found: list[_T] = []
    for i, value in enumerate(values):
        state = state * 16_807 % LARGEST
        j = math.floor((state - 1) / (LARGEST - 1) * (i + 1))
        found.append(value)
        found[i], found[j] = found[j], value
    return found


def numbers() -> Callable[[], float]:
    """Numbers that are the same for every host; none is drawn before one is asked for."""
    source: list[Random] = []

    def draw() -> float:
        if not source:
            source.append(Random(0))
        return source[0].random()

    return draw
