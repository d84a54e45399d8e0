"""The tries: each sends one request that reaches for something foreign, and looks at the answer.

for try_ in tries(place): try_.leak   # None, or in words what came through
EXEMPT                                # routes that are not tried, and why
"""

import json
from collections.abc import Collection, Iterator

from tests.api.test_access import ADMITTED

from .answers import Told, Try, steady
from .desk import PAGES, ask, at_the_desk
from .phone import from_a_phone, pull
from .place import CARRIERS, OWN, Place, Route
from .watch import changed, standing

# Every route of the server is tried, or stands here with a reason (test_access_tries.py).
EXEMPT: dict[Route, str] = {
    ("GET", "/"): "The built app, the same for everybody.",
    ("GET", "/<path:path>"): "Files of the built app, the same for everybody.",
    **{("GET", page): "A page about the API, the same for everybody." for page in PAGES},
    (
        "POST",
        "/api/session",
    ): "Names an account by what only its owner knows; a name nobody has and "
    "a wrong password are answered alike (tests/api/test_accounts.py).",
    ("DELETE", "/api/session"): "One's own session, named by its cookie.",
    ("DELETE", "/api/own/sessions"): "One's own, named by the cookie.",
    ("POST", "/api/own/password"): "One's own, named by the cookie.",
    ("POST", "/api/own/factor"): "One's own, named by the cookie.",
    ("POST", "/api/own/factor/confirmation"): "One's own, named by the cookie.",
    ("POST", "/api/own/factor/removal"): "One's own, named by the cookie.",
    ("POST", "/api/users"): "Opens an account; an administrator's, to whom no account is foreign.",
    ("PUT", "/api/areas"): "Names an area; an administrator's, to whom none is foreign.",
    ("PUT", "/api/areas/<code>/clinic"): "Names an area; an administrator's, as that of areas is.",
    ("POST", "/api/forms/check"): "Reads a file that was sent along, and nothing that is here.",
    (
        "POST",
        "/api/emergency/search",
    ): "Finds whoever is named exactly, anywhere: for whom, and "
    "how little is told, tests/api/test_glass.py says.",
    ("POST", "/api/forms/publish"): "An administrator's; a form holds no record.",
}
# These tell of the reader's own coming and going.
PASSING = ("/api/own/sessions", "/api/devices")


def tries(place: Place, alike: bool = True, people: Collection[str] = OWN) -> Iterator[Try]:
    """All of them. alike: whether an answer about a foreign id must be as about none at all."""
    for who in people:
        before = standing(place)
        browser = place.cast.nobody() if who == "nobody" else place.cast.people[who].log_in()
        yield from at_the_desk(place, who, browser, alike)
        if who in CARRIERS:
            yield from from_a_phone(place, who, alike)
        yield from changed(place, who, before)


def seen_by(place: Place, who: str) -> dict[str, Told]:
    """Everything a person is told anywhere, without moments: the same as long as nothing of theirs
    changes."""
    browser, found = place.cast.people[who].log_in(), {}
    for route in ADMITTED:
        method, path = route
        if method == "GET" and "<" not in path and path not in PASSING:
            found[path] = steady(ask(browser, route, path))
    if who in CARRIERS:
        phone = place.phone(who)
        first = json.loads(phone.call("pull", pull("", {})).data)
        feeds = {feed: {"epoch": "", "seq": 0, "view": ""} for feed in first["gained"]}
        found["pull"] = steady(phone.call("pull", pull(first["grants_ver"], feeds)))
    return found
