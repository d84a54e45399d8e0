"""The tries: each sends one request that reaches for something foreign, and looks at the answer.

for try_ in tries(place): try_.leak   # None, or in words what came through
"""

import json
import re
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from fieldapp.accounts import access
from fieldapp.programs.service import load_programs
from tests.api.test_access import ADMITTED, BODIES
from tests.cast import Browser

from .place import CORNERS, OWN, VILLAGES, Place

KINDS = {
    "request_id": "request",
    "visit_id": "visit",
    "item": "visit",
    "issue_id": "issue",
    "entity": "conflict",
    "subject": "entity",
}
LISTS = ("/api/review/visits", "/api/review/issues", "/api/review/conflicts")
DECISIONS: dict[str, Any] = {
    "/api/review/visits/<visit_id>/decision": {
        "state": "approved",
        "seen": "received",
        "notes": [],
    },
    "/api/review/issues/<issue_id>": {"to": "assigned", "seen": "open", "owner": "me", "note": ""},
    "/api/review/visits/<visit_id>/issues": {"kind": "ask_check", "path": ""},
    "/api/review/conflicts/<entity>/<value>/settlement": {"v": "x", "seen": []},
    "/api/review/quarantine/<item>/release": {"reason": "because"},
    "/api/review/quarantine/<item>/repair": {"reason": "because", "answers": {}},
}
OF_LOGGING_IN = ("/api/own/sessions", "/api/devices")
_MOMENT = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")


@dataclass(frozen=True)
class Try:
    """One request. leak: what came through of a foreign corner, None if nothing did."""

    who: str
    what: str
    leak: str | None


def tries(place: Place, alike: bool = True, people: Collection[str] = OWN) -> Iterator[Try]:
    """All of them. alike: whether an answer about a foreign id must be as about none at all."""
    for who in people:
        browser = place.cast.nobody() if who == "nobody" else place.cast.people[who].log_in()
        yield from _by_id(place, who, browser, alike)
        yield from _lists(place, who, browser)
        yield from _rights(place, who, browser, alike)
        yield from _logs(place, who, browser)
        if who != "nobody" and access.carries(place.cast.people[who].role):
            yield from _phone(place, who)


# ---- at the desk


def _by_id(place: Place, who: str, browser: Browser, alike: bool) -> Iterator[Try]:
    for method, path in ADMITTED:
        names = re.findall(r"<(?:\w+:)?(\w+)>", path)
        kind = next((KINDS[name] for name in names if name in KINDS), None)
        if kind is None:
            continue
        unknown = _ask(browser, method, path, _at(path, str(uuid.uuid4()), kind))
        rights = kind == "request" or path.startswith("/api/access-log/")
        for corner in place.foreign(who, rights):
            for one in sorted(place.ids[corner][kind])[:3]:
                answer = _ask(browser, method, path, _at(path, one, kind))
                said = _leak(place, who, answer, one, rights=rights)
                if said is None and alike and not _same(answer, unknown) and who != "admin":
                    told, none = (answer.status_code, answer.data[:80]), unknown.data[:80]
                    said = f"{told}, for nothing {none!r}"
                yield Try(who, f"{method} {path} {corner} {one}", said)


def _at(path: str, one: str, kind: str) -> str:
    entity, _, value = one.partition("/")
    for name in ("visit_id", "item", "issue_id", "request_id", "subject", "entity"):
        path = path.replace(f"<{name}>", entity).replace(f"<path:{name}>", entity)
    return path.replace("<value>", value or f"{entity}:0").replace("<name>", "x.jpg")


def _ask(browser: Browser, method: str, path: str, url: str, query: Any = None) -> TestResponse:
    return browser.client.open(
        url,
        method=method,
        query_string=query,
        json=DECISIONS.get(path, BODIES.get((method, path))),
        headers={"X-FS-Proto": "1"},
        buffered=True,
    )


def _lists(place: Place, who: str, browser: Browser) -> Iterator[Try]:
    for method, path in ADMITTED:
        if method != "GET" or "<" in path or path in ("/api/openapi.json", "/api/docs"):
            continue
        answer = _ask(browser, method, path, path)
        rights = path.startswith("/api/rights/")
        yield Try(who, f"GET {path}", _leak(place, who, answer, rights=rights))
        if path not in LISTS:
            continue
        for village, scope in CORNERS:
            for state in ("all", "received"):
                query = {"scope": scope, "area": village, "state": state, "size": 100}
                answer = _ask(browser, method, path, path, query)
                if answer.status_code == 422:
                    query = {"size": 100}
                    answer = _ask(browser, method, path, path, query)
                yield Try(who, f"GET {path} {query}", _leak(place, who, answer))


def _rights(place: Place, who: str, browser: Browser, alike: bool) -> Iterator[Try]:
    """Looking for a foreign person by name, and asking in their name."""
    for village, scope in place.foreign(who, rights=True):
        for word in sorted(place.words[village, scope]):
            for where in access.SCOPES:
                told = browser.post("/api/rights/find", {"scope": where, "text": word})
                yield Try(
                    who, f"find {word} in {where}", _leak(place, who, told, word, rights=True)
                )
        path, none = "/api/rights/requests", str(uuid.uuid4())
        unknown = browser.post(path, {"kind": "access", "subject": none})
        for one in sorted(place.ids[village, scope]["entity"]):
            told = browser.post(path, {"kind": "access", "subject": one})
            said = _leak(place, who, told, one, rights=True)
            if said is None and alike and not _same(told, unknown):
                said = f"{told.status_code} {told.data[:80]!r}, not {unknown.data[:80]!r}"
            yield Try(who, f"request for {one} of {village} {scope}", said)


def _logs(place: Place, who: str, browser: Browser) -> Iterator[Try]:
    """The access log of every village in every scope: who has no part in it is told nothing, and
    nobody is told a person's name or id."""
    unknown = browser.get("/api/access-log/areas/379901009999/housing")
    for village, scope in CORNERS:
        told = browser.get(f"/api/access-log/areas/{village}/{scope}")
        secret = place.words[village, scope] | {
            one.partition("/")[0] for kind in place.ids[village, scope].values() for one in kind
        }
        said = next((one for one in sorted(secret) if one in told.get_data(as_text=True)), None)
        if said is None and who not in ("steward", "admin") and not _same(told, unknown):
            said = f"{told.status_code}, not {unknown.status_code}"
        yield Try(who, f"log of {village} {scope}", said)


# ---- from a phone


def _phone(place: Place, who: str) -> Iterator[Try]:
    phone, cursor = place.phone(who), {"epoch": "", "seq": 0, "view": ""}
    first = json.loads(phone.call("pull", _pull("", {})).data)
    audiences = [a for scope in access.SCOPES for a in access.audiences_in(scope)]
    every = {f"{village}.{a}": cursor for village in VILLAGES for a in audiences}
    answer = phone.call("pull", _pull(first["grants_ver"], every))
    yield Try(who, "pull of every feed", _leak(place, who, answer) or _fields(place, who, answer))
    held = sorted(json.loads(answer.data)["feeds"])
    unknown = phone.call("manifest", {"feed": "379901009999.housing", "after": ""})
    for feed in sorted(set(every) - set(held)):
        told = phone.call("manifest", {"feed": feed, "after": ""})
        yield Try(who, f"manifest {feed}", _alike(place, who, told, unknown))
    for corner in place.foreign(who):
        ids = sorted(place.ids[corner]["entity"])
        for feed in [*held, f"{corner[0]}.clinic", f"{corner[0]}.housing"]:
            told = phone.call("fetch", {"feed": feed, "ids": ids})
            none = phone.call("fetch", {"feed": feed, "ids": [str(uuid.uuid4()) for _ in ids]})
            yield Try(who, f"fetch {corner} from {feed}", _alike(place, who, told, none, *ids))
        sids = sorted(place.ids[corner]["visit"])
        verify = {"install": str(uuid.uuid4()), "n_max": 0}
        told = phone.call("verify", {**verify, "acked": sids})
        none = phone.call("verify", {**verify, "acked": [str(uuid.uuid4()) for _ in sids]})
        yield Try(who, f"verify {corner}", _alike(place, who, told, none, *sids))


def _pull(grants: str, feeds: dict[str, Any]) -> dict[str, Any]:
    return {"grants_ver": grants, "catalogue": "", "feeds": feeds, "budget": 10**6}


def _fields(place: Place, who: str, answer: TestResponse) -> str | None:
    """A field that the matrix hides from the role, and that came all the same."""
    role, programs = place.cast.people[who].role, load_programs()
    for page in json.loads(answer.data)["feeds"].values():
        for change in page["ch"]:
            kind = programs.type(change.get("s", ""), change.get("t", ""))
            for prop in kind.props.values() if kind else ():
                if (prop.group or prop.name) not in change.get("f", {}):
                    continue
                if "R" not in access.may(role, prop.data):
                    return f"{role} received {kind.name if kind else ''}.{prop.name}"
    return None


# ---- looking at answers


def _leak(
    place: Place, who: str, answer: TestResponse, *asked: str, rights: bool = False
) -> str | None:
    """A word or an id of a foreign corner in an answer, but for what was asked with."""
    text = answer.get_data(as_text=True)
    for corner in place.foreign(who, rights):
        if who == "admin":  # keeps ids of what was kept aside, and no word of it
            ids: set[str] = set()
        else:
            ids = {one for kind in place.ids[corner].values() for one in kind}
        for secret in place.words[corner] | {one.partition("/")[0] for one in ids}:
            if secret in text and not any(secret in one for one in asked):
                return f"{secret} of {corner}"
    return None if answer.status_code < 500 else f"status {answer.status_code}"


def _alike(
    place: Place, who: str, answer: TestResponse, unknown: TestResponse, *asked: str
) -> str | None:
    leak = _leak(place, who, answer, *asked)
    if leak is None and _shape(answer) != _shape(unknown):
        return f"{answer.data[:100]!r} is not as for nothing: {unknown.data[:100]!r}"
    return leak


def _same(answer: TestResponse, unknown: TestResponse) -> bool:
    return (answer.status_code, answer.data) == (unknown.status_code, unknown.data)


def _shape(answer: TestResponse) -> tuple[int, bytes]:
    """An answer without moments and ids."""
    plain = re.sub(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", b"ID", answer.data)
    return answer.status_code, _MOMENT.sub(b"NOW", plain)


def seen_by(place: Place, who: str) -> dict[str, tuple[int, bytes]]:
    """Everything a person is told anywhere, without moments: the same as long as nothing of theirs
    changes."""
    browser = place.cast.people[who].log_in()
    told = {}
    for method, path in ADMITTED:
        if (
            method == "GET"
            and "<" not in path
            and path not in ("/api/own/sessions", "/api/devices")
        ):
            answer = _ask(browser, method, path, path)
            told[path] = (answer.status_code, _MOMENT.sub(b"NOW", answer.data))
    if access.carries(place.cast.people[who].role):
        phone = place.phone(who)
        first = json.loads(phone.call("pull", _pull("", {})).data)
        feeds = {feed: {"epoch": "", "seq": 0, "view": ""} for feed in first["gained"]}
        answer = phone.call("pull", _pull(first["grants_ver"], feeds))
        told["pull"] = (answer.status_code, _MOMENT.sub(b"NOW", answer.data))
    return told
