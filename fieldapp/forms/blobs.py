"""Attachments by name: `<SHA-256 of the bytes>.<extension>` answers a photo, a signature, a sound.

Pure. The phone reads answers the same way in frontend/src/protocol/blobs.ts; both run
tests/contract/blobs.json.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .definition import Definition, shape_of

_NAME = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,8}")


def hash_of(name: str) -> str | None:
    """The hash in a name; None if it is no attachment's."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None


def blobs_of(definition: Definition, answers: Mapping[str, Any]) -> list[str]:
    """The hashes of every attachment the answers name, each once, as the form has them."""
    named = (name for path in shape_of(definition).files for name in _values(answers, path))
    return list(dict.fromkeys(sha for name in named if (sha := hash_of(name))))


def _values(value: Any, path: Sequence[str]) -> Iterator[str]:
    """Texts at a path, through every instance of the repeats on the way."""
    if isinstance(value, list):
        for instance in value:
            yield from _values(instance, path)
    elif not path:
        if isinstance(value, str):
            yield value
    elif isinstance(value, Mapping):
        yield from _values(value.get(path[0]), path[1:])
