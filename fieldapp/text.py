"""What may be in JSON that is to be kept: how deep it nests, and whether databases keep its texts.

Pure.
"""

from collections.abc import Iterator


def depth(value: object) -> int:
    """How deep objects and arrays nest; a scalar is 0."""
    level, here = 0, [value] if isinstance(value, (dict, list)) else []
    while here:
        level += 1
        here = [
            child
            for v in here
            for child in (v.values() if isinstance(v, dict) else v)
            if isinstance(child, (dict, list))
        ]
    return level


def texts(value: object) -> Iterator[str]:
    """Every string in a JSON value, keys included."""
    here = [value]
    while here:
        v = here.pop()
        if isinstance(v, str):
            yield v
        elif isinstance(v, dict):
            yield from v
            here.extend(v.values())
        elif isinstance(v, list):
            here.extend(v)


def storable(text: str) -> bool:
    """PostgreSQL keeps no NUL; UTF-8 has no lone surrogate."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
