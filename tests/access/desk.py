"""Tries at the desk: every address with an id, every list, every body that names something."""

import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from werkzeug.test import TestResponse

from fieldapp.accounts import access
from tests.api.test_access import ADMITTED, BODIES
from tests.cast import LIULIN, Browser

from .answers import Try, leak, said_in, same
from .place import CORNERS, NO_FORMS, OWN, SCOPES, VILLAGES, Corner, Place, Route

# What is put in the place of a parameter, by its name; and with a second one after it.
KINDS: dict[str, tuple[str, ...]] = {
    "request_id": ("request",),
    "visit_id": ("visit", "aside", "photo"),
    "item": ("aside", "visit"),
    "issue_id": ("issue",),
    "entity": ("conflict",),
    "subject": ("person", "party"),
    "erasure_id": ("erasure",),
    "look_id": ("look",),
}
PERSONAL = {"device_id": "device", "user_id": "user", "name": "session"}
MOST = 2  # of each kind in each corner
MOST_KEPT = 12
NOBODYS = {"value": f"{uuid.UUID(int=0)}:0", "name": "x.jpg", "version": "1", "sha": "0" * 64}
FORMS = {"health": "preg_followup/2025-1", "housing": "rental_register/2025-1"}
LISTS = ("/api/review/visits", "/api/review/issues", "/api/review/conflicts")
AT_THE_STEWARDS = ("/api/access-log", "/api/rights", "/api/emergency")
PAGES = ("/api/openapi.json", "/api/docs", "/api/docs/style.css")
UNKNOWN_AREA = "379901009999"
# Whole bodies: one that is refused for its shape reaches nobody's record.
WISHES: dict[str, Any] = {
    "/api/review/visits/<visit_id>/decision": {
        "state": "approved",
        "seen": "received",
        "notes": [],
    },
    "/api/review/issues/<issue_id>": {"to": "assigned", "seen": "open", "owner": "me", "note": ""},
    "/api/review/visits/<visit_id>/issues": {"kind": "ask_check", "path": ""},
    "/api/review/conflicts/<entity>/<value>/settlement": {"v": "x", "seen": ["x:0"]},
    "/api/review/quarantine/<item>/release": {"reason": "because"},
    "/api/review/quarantine/<item>/repair": {"reason": "because", "answers": {}},
    "/api/rights/requests/<request_id>/refusal": {"why": "law"},
    "/api/rights/requests/<request_id>/correction": {
        "entity": "x",
        "prop": "phone",
        "value": "x",
        "seen": [],
    },
    "/api/rights/requests/<request_id>/erasure": {
        "reason": "by their wish",
        "confirm": "x",
        "seen": "x",
    },
    "/api/users/<user_id>": {"name": "x"},
    "/api/emergency/looks/<look_id>/opening": {"reason": "an emergency room"},
    "/api/emergency/looks/<look_id>/verdict": {"verdict": "justified", "note": "asked"},
}


def at_the_desk(place: Place, who: str, browser: Browser, alike: bool) -> Iterator[Try]:
    """All of them, as one person."""
    yield from _by_id(place, who, browser, alike)
    yield from _others(place, who, browser, alike)
    yield from _lists(place, who, browser)
    yield from _own(place, who, browser)
    yield from _kept(place, who, browser)
    yield from _bodies(place, who, browser, alike)
    yield from _logs(place, who, browser, alike)


# ---- by id --------------------------------------------------------------------------------------


def _by_id(place: Place, who: str, browser: Browser, alike: bool) -> Iterator[Try]:
    for route in ADMITTED:
        kinds = next((KINDS[name] for name in _names(route) if name in KINDS), ())
        rights = kinds == ("request",) or route[1].startswith(AT_THE_STEWARDS)
        unknown = _about_nothing(place, who, browser, route) if kinds else None
        for corner in place.foreign(who, rights):
            for one in _foreign(place, corner, kinds, place.admits(who, route)):
                if unknown is not None and not (
                    who == "admin" and one in place.ids[corner]["aside"]
                ):
                    url = _at(route[1], one)
                    answer = ask(browser, route, url)
                    said = leak(place, who, answer, one, rights=rights)
                    said = said or (same(answer, unknown) if alike else None)
                    yield Try(who, f"{route[0]} {url} of {corner}", said, route)


def _foreign(place: Place, corner: Corner, kinds: Sequence[str], admitted: bool) -> list[str]:
    found = [one for kind in kinds for one in place.ids[corner][kind][:MOST]]
    return found if admitted else found[:1]  # who isn't let in anywhere is told so at the door


def _about_nothing(place: Place, who: str, browser: Browser, route: Route) -> TestResponse:
    """What is said of an id that nobody has. Whoever is let in is told that there is none: else
    the tries of this route would reach nothing."""
    answer = ask(browser, route, _at(route[1], str(uuid.uuid4())))
    if place.admits(who, route):
        assert answer.status_code == 404, (who, route, answer.status_code, answer.data)
    return answer


def _names(route: Route) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", route[1])


def _at(path: str, one: str) -> str:
    """An address with the parts of `a/b` in the place of its parameters, in their order."""
    parts = one.split("/")

    def fill(found: re.Match[str]) -> str:
        if found[0].startswith("<path:"):
            return one
        return parts.pop(0) if parts else NOBODYS[found[1]]

    return re.sub(r"<(?:\w+:)?(\w+)>", fill, path)


def ask(
    browser: Browser, route: Route, url: str, query: Any = None, body: Any = None, **headers: str
) -> TestResponse:
    """One request, as our own pages make it."""
    method, path = route
    return browser.client.open(
        url,
        method=method,
        query_string=query,
        json=body or WISHES.get(path, BODIES.get(route)),
        headers={"X-FS-Proto": "1", **headers},
        buffered=True,
    )


def _others(place: Place, who: str, browser: Browser, alike: bool) -> Iterator[Try]:
    """What is another person's alone, a phone, an account, a session; and forms of a scope in which
    one has nothing to do."""
    for route in ADMITTED:
        for one, unknown in _pairs(place, who, route):
            answer, none = (ask(browser, route, _at(route[1], x)) for x in (one, unknown))
            said = leak(place, who, answer) or (same(answer, none) if alike else None)
            yield Try(who, f"{route[0]} {_at(route[1], one)}", said, route)


def _pairs(place: Place, who: str, route: Route) -> Iterator[tuple[str, str]]:
    """Something of another's and something of nobody's, as the address takes them."""
    names, none = _names(route), str(uuid.uuid4())
    if names == ["user_id", "name"]:
        mine = place.people["wang"]["user"]
        yield from ((f"{mine}/{one}", f"{mine}/{none}") for one in place.others("wang", "session"))
    elif names and names[0] in PERSONAL and who != "admin":
        most = MOST if place.admits(who, route) else 1
        yield from ((one, none) for one in place.others(who, PERSONAL[names[0]])[:most])
    elif names and names[0] == "form_id":
        scopes = SCOPES if who == "nobody" else NO_FORMS.get(who, ())
        known = place.admits(who, route) and who != "admin"
        every = scopes if known else SCOPES[:1] if who != "admin" else ()
        yield from ((FORMS[scope], "none/1") for scope in every)


# ---- lists, and what is one's own ---------------------------------------------------------------


def _lists(place: Place, who: str, browser: Browser) -> Iterator[Try]:
    for route in ADMITTED:
        method, path = route
        if method != "GET" or "<" in path or path in PAGES:
            continue
        rights = path.startswith(AT_THE_STEWARDS)
        answer = ask(browser, route, path)
        yield Try(who, f"GET {path}", leak(place, who, answer, rights=rights), route)
        if path not in LISTS:
            continue
        for village, scope in CORNERS:
            for state in ("all", "received"):
                query = {"scope": scope, "area": village, "state": state, "size": 100}
                answer = ask(browser, route, path, query)
                if answer.status_code == 422:
                    query = {"size": 100}
                    answer = ask(browser, route, path, query)
                yield Try(who, f"GET {path} {query}", leak(place, who, answer), route)


def _own(place: Place, who: str, browser: Browser) -> Iterator[Try]:
    """What one may open says nothing foreign either, and of one's own no more than one's role
    reads."""
    for route in ADMITTED:
        kinds = next((KINDS[name] for name in _names(route) if name in KINDS), ())
        if route[0] != "GET" or not kinds or not place.admits(who, route):
            continue
        rights = kinds == ("request",) or route[1].startswith(AT_THE_STEWARDS)
        foreign = place.foreign(who, rights)
        for corner in CORNERS:
            for one in place.ids[corner][kinds[0]] if corner not in foreign else ():
                yield _opened(place, who, browser, route, one, rights)
            if route[1].endswith("/files/<name>") and corner not in foreign:
                yield _opened(place, who, browser, route, place.ids[corner]["photo"][0], rights)


def _kept(place: Place, who: str, browser: Browser) -> Iterator[Try]:
    """What of the tries of colleagues was kept aside names foreign records, and shows no word of
    them."""
    route = ("GET", "/api/review/quarantine/<item>")
    if who == "admin" or not place.admits(who, route):
        return
    known = {one for kinds in place.ids.values() for one in kinds["aside"]}
    rows = [row["id"] for row in browser.get("/api/review/quarantine").json or ()]
    for one in [sid for sid in rows if sid not in known][:MOST_KEPT]:
        yield _opened(place, who, browser, route, one, False, *place.echoed)


def _opened(
    place: Place, who: str, browser: Browser, route: Route, one: str, rights: bool, *named: str
) -> Try:
    answer = ask(browser, route, _at(route[1], one), Range="bytes=0-200")
    opened = answer.status_code in (200, 206)
    said = leak(place, who, answer, one, *named, rights=rights)
    return Try(who, f"own {route[1]} {one}", said, route, opened)


# ---- what a body names --------------------------------------------------------------------------


def _bodies(place: Place, who: str, browser: Browser, alike: bool) -> Iterator[Try]:
    """Looking for a foreign person by name, asking in their name, correcting their record by way
    of one's own request, a photo by way of one's own visit."""
    find, wish = ("POST", "/api/rights/find"), ("POST", "/api/rights/requests")
    unknown = ask(browser, wish, wish[1], body={"kind": "access", "subject": str(uuid.uuid4())})
    for corner in place.foreign(who, rights=True):
        most = None if place.admits(who, wish) else 1  # refused at the door, whatever it is
        for word in sorted(place.words[corner])[:most]:
            for where in access.SCOPES[:most]:
                answer = ask(browser, find, find[1], body={"scope": where, "text": word})
                said = leak(place, who, answer, word, rights=True)
                yield Try(who, f"find {word} in {where}", said, find)
        for one in _one_of_each(place, corner)[:most]:
            answer = ask(browser, wish, wish[1], body={"kind": "access", "subject": one})
            said = leak(place, who, answer, one, rights=True)
            said = said or (same(answer, unknown) if alike else None)
            yield Try(who, f"request for {one} of {corner}", said, wish)
        yield from _by_way_of_own(place, who, browser, corner, alike)


def _one_of_each(place: Place, corner: Corner) -> list[str]:
    """A record of each type, and a party to one."""
    by_type = {place.types[one]: one for one in place.ids[corner]["entity"]}
    return [*place.ids[corner]["party"][:1], *by_type.values()]


def _by_way_of_own(
    place: Place, who: str, browser: Browser, corner: Corner, alike: bool
) -> Iterator[Try]:
    own = place.people[who]
    if "correct" not in own:
        return
    correct = ("POST", "/api/rights/requests/<request_id>/correction")
    url, none = _at(correct[1], own["correct"]), str(uuid.uuid4())
    for one in place.ids[corner]["entity"][:MOST]:
        body = {"prop": "phone", "value": "x", "seen": []}
        named, unknown = (ask(browser, correct, url, body={**body, "entity": x})
                          for x in (one, none))  # fmt: skip
        said = leak(place, who, named, one) or (same(named, unknown) if alike else None)
        yield Try(who, f"correct {one} of {corner} by one's own request", said, correct)
    photo = ("GET", "/api/review/visits/<visit_id>/files/<name>")
    mine = place.ids[LIULIN, "health" if who == "chen" else "housing"]["visit"][0]
    sha = place.ids[corner]["photo"][0].partition("/")[2]
    named, unknown = (ask(browser, photo, _at(photo[1], f"{mine}/{x}"))
                      for x in (sha, "0" * 64 + ".png"))  # fmt: skip
    said = leak(place, who, named, sha) or (same(named, unknown) if alike else None)
    yield Try(who, f"photo of {corner} by one's own visit", said, photo)
    repair = ("POST", "/api/review/quarantine/<item>/repair")
    kept = place.ids[LIULIN, "health" if who == "chen" else "housing"]["aside"][0]
    body = {"reason": "because", "answers": {}}
    named, unknown = (ask(browser, repair, _at(repair[1], kept), body={**body, "area": x})
                      for x in (corner[0], UNKNOWN_AREA))  # fmt: skip
    said = leak(place, who, named) or None
    if (
        said is None
        and alike
        and (corner[0], corner[1]) not in OWN[who]
        and _elsewhere(who, corner)
    ):
        said = same(named, unknown)
    yield Try(who, f"into {corner} what was kept aside", said, repair)


def _elsewhere(who: str, corner: Corner) -> bool:
    """Whether a village is foreign in every scope."""
    return not any((corner[0], scope) in OWN[who] for scope in SCOPES)


# ---- the access log -----------------------------------------------------------------------------


def _logs(place: Place, who: str, browser: Browser, alike: bool) -> Iterator[Try]:
    """The access log of every village in every scope: who has no part in it is told nothing, and
    nobody is told a person's name or id."""
    area = ("GET", "/api/access-log/areas/<area>/<scope>")
    chain = ("GET", "/api/access-log/chains/<area>")
    none = ask(browser, area, _at(area[1], f"{UNKNOWN_AREA}/housing"))
    unchained = ask(browser, chain, _at(chain[1], UNKNOWN_AREA))
    foreign = place.foreign(who, rights=True)
    for corner in CORNERS:
        answer = ask(browser, area, _at(area[1], "/".join(corner)))
        text = said_in(answer)
        ids = {
            part for kind in place.ids[corner].values() for one in kind for part in one.split("/")
        }
        secret = {*place.words[corner], *(one for one in ids if len(one) >= 32)}
        said = next((one for one in sorted(secret) if one in text), None)
        if corner in foreign and who != "admin":
            said = said or (same(answer, none) if alike else None)
        yield Try(who, f"log of {corner}", said, area)
    feet = [*VILLAGES, *(f"u.{one}" for one in place.others(who, "user")[:MOST])]
    for name in feet:
        answer = ask(browser, chain, _at(chain[1], name))
        said = leak(place, who, answer, rights=True)
        mine = who == "admin" or any((name, scope) not in foreign for scope in SCOPES)
        if said is None and alike and not (mine and name in VILLAGES):
            said = same(answer, unchained)
        yield Try(who, f"chain of {name}", said, chain)
