"""Looking at answers: did anything foreign come, anything hidden, anything but for an unknown id?

leak(place, who, answer, *asked)     a word, an id, a field that isn't for this person; None if none
same(answer, unknown)                whether they are the same, byte for byte, headers too
told(answer)                         what is compared: ids, hashes, moments and dates left out
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from fieldapp.programs.service import load_programs

from .place import NAMED, NEXT_DATE, Place, Route

_MOMENT = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASH = re.compile(rb"[0-9a-f]{64}")
UNSTEADY = {"Date", "Set-Cookie"}  # of a cookie only its name is compared

Told = tuple[int, bytes, dict[str, str]]


@dataclass(frozen=True)
class Try:
    """One request. leak: what came through of a foreign corner, None if nothing did; route: which
    one it was, blank for what is no request; opened: it asked for something of the person's own and
    was given it.
    """

    who: str
    what: str
    leak: str | None
    route: Route = ("", "")
    opened: bool = False


def leak(
    place: Place, who: str, answer: TestResponse, *asked: str, rights: bool = False
) -> str | None:
    """What is in an answer that isn't for this person, but for what they asked with themselves."""
    if answer.status_code >= 500:
        return f"status {answer.status_code}"
    text = f"{answer.headers}{said_in(answer)}"
    words, ids = place.secrets(who, rights)
    came = [word for word in words if word in text]
    came += ids.intersection(NAMED.findall(text))
    for secret in came:
        if not any(secret in one for one in asked):
            return f"{secret} came"
    return _hidden_field(place, who, answer, rights)


def said_in(answer: TestResponse) -> str:
    """An answer as it came and, since names in JSON come as escapes, as it reads."""
    text = answer.data.decode("utf-8", "replace")
    return text + json.dumps(answer.json, ensure_ascii=False) if answer.is_json else text


def same(answer: TestResponse, unknown: TestResponse) -> str | None:
    """How an answer differs from one about nothing; None if it doesn't, byte for byte."""
    return _difference(_plain(answer), _plain(unknown))


def alike(answer: TestResponse, unknown: TestResponse) -> str | None:
    """As `same`, of answers that name what was asked with, and the moment."""
    return _difference(told(answer), told(unknown))


def told(answer: TestResponse) -> Told:
    """An answer without moments, ids and hashes."""
    status, data, headers = _plain(answer)
    for shape, name in ((_ID, b"ID"), (_HASH, b"HASH"), (_MOMENT, b"NOW")):
        data = shape.sub(name, data)
    return status, data, headers


def steady(answer: TestResponse) -> Told:
    """An answer without moments."""
    status, data, headers = _plain(answer)
    return status, _MOMENT.sub(b"NOW", data), headers


def _plain(answer: TestResponse) -> Told:
    headers = {name: v for name, v in answer.headers.items() if name not in UNSTEADY}
    cookies = [v.partition("=")[0] for v in answer.headers.getlist("Set-Cookie")]
    return answer.status_code, answer.data, headers | {"cookies": ",".join(sorted(cookies))}


def _difference(answer: Told, unknown: Told) -> str | None:
    if answer == unknown:
        return None
    if answer[:2] == unknown[:2]:
        return f"headers {answer[2]}, for nothing {unknown[2]}"
    return f"{answer[0]} {answer[1][:200]!r}, for nothing {unknown[0]} {unknown[1][:200]!r}"


# ---- fields -------------------------------------------------------------------------------------


def _hidden_field(place: Place, who: str, answer: TestResponse, rights: bool) -> str | None:
    """A field that the matrix hides from the role, wherever an answer carries a record."""
    if who == "nobody" or "json" not in (answer.content_type or "") or answer.status_code != 200:
        return None
    reads, programs = place.reads(who, rights), load_programs()
    for scope, name, register in _fields(place, json.loads(answer.data)):
        kind = programs.type(scope, name)
        if kind is None or (rights and register == NEXT_DATE):
            continue
        props = [p for p in kind.props.values() if register in (p.name, p.group)]
        # Of a sealed number a report says that it is kept; `Place.hidden` has the number.
        if props and not any(p.data in reads or (rights and p.secret) for p in props):
            return f"{name}.{register} came to {place.role(who)}"
    return None


def _fields(place: Place, found: Any) -> Iterator[tuple[str, str, str]]:
    """Scope, type and field of what an answer says of records: a phone's changes, what a visit
    changed, conflicts, the values of a report.
    """
    if isinstance(found, list):
        for one in found:
            yield from _fields(place, one)
    if not isinstance(found, dict):
        return
    if found.get("k") == "up":
        for register, live in found["f"].items():
            for written in live:
                members = written[0] if isinstance(written[0], dict) else [register]
                yield from ((found["s"], found["t"], name) for name in members)
    if "register" in found and (kind := place.types.get(found.get("entity", ""))):
        yield (*kind, found["register"])
    if "values" in found and (kind := place.types.get(found.get("id", ""))):
        yield from ((*kind, value["prop"]) for value in found["values"])
    for value in found.values():
        yield from _fields(place, value)
