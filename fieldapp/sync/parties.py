"""Parties to a record: people it says something of though it is not theirs, as a dwelling's lessor.

Each is a subject with a key and an id of their own: `<record>/<party>`. Pure.
"""

from collections.abc import Callable


def party_id(record: str, party: str) -> str:
    """What somebody is called who is known by a record alone."""
    return f"{record}/{party}"


def party_of(subject: str) -> tuple[str, str]:
    """The record, and what somebody is to it; blank: the subject is the record itself."""
    record, _, party = subject.partition("/")
    return record, party


def alive(name: str, is_gone: Callable[[str], bool]) -> str:
    """The name of a subject's key; of a party, whose predecessors were erased, the next one."""
    if not party_of(name.partition("/")[2])[1]:
        return name
    last, nth = name, 1
    while is_gone(last):
        nth += 1
        last = f"{name}/{nth}"
    return last
