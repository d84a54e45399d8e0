"""Visits of one's own that name something foreign, each beside the same with an id nobody has."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.cast import LIULIN

from .furnish import PHOTOS
from .place import Corner, Place

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNKNOWN_AREA = "379901009999"
Submission = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """scope: of the form, which says whether its author's role fills it. kind: of ALLOWED."""

    name: str
    kind: str
    scope: str
    foreign: Submission
    unknown: Submission


@dataclass(frozen=True)
class Allowed:
    """How a foreign id is told where it can't be told as an unknown one is, and why it can't.
    filled: only in a form that its author's role fills; else all is told alike.
    """

    told: tuple[str, str | None]
    why: str
    filled: bool = False


ALLOWED = {
    "record": Allowed(
        ("quarantined", "authz"),
        "A record that is here is another's or one's own, and to another's nothing is written. One "
        "that isn't here may be on its way (begun by a phone without signal), so work about "
        "it is taken in. What is told is the same of every foreign record.",
        filled=True,
    ),
    "erased": Allowed(
        ("quarantined", "erased"),
        "Nothing may bring back somebody who was erased, whoever still has their id; the text of "
        "such a visit is sealed under a key that nobody has.",
    ),
    "corrected": Allowed(
        ("quarantined", "authz"),
        "A correction may come before what it corrects, so one of an unknown visit is taken in.",
        filled=True,
    ),
    "id": Allowed(
        ("variant", None),
        "Two visits with one id can't both be applied; both are kept, and the phone says so.",
    ),
}


def cases(place: Place, who: str, corner: Corner, home: str) -> Iterator[Case]:
    """Everything a visit can name. home: the village in which its author works."""
    yield from _records(place, corner, home)
    yield from _places(place, corner, home)
    yield from _visits(place, corner, home)
    yield from _decisions(place, corner, home)
    yield from _people(place, who, corner, home)


def _records(place: Place, corner: Corner, home: str) -> Iterator[Case]:
    ids = place.ids[corner]
    wanted = [("record", one) for one in [ids["key"][0], *ids["refused"]]]
    for kind, one in [*wanted, ("erased", ids["erased"][0])]:
        for scope in ("health", "housing"):  # taken for what it is, and for what it isn't
            named, unknown = (_about(place, scope, home, x) for x in (one, _new()))
            yield Case(f"{kind} {one} as {scope}", kind, scope, named, unknown)


def _places(place: Place, corner: Corner, home: str) -> Iterator[Case]:
    """In a foreign village, or about a new record there."""
    village, scope = corner
    if village == home:  # which of its scopes is theirs is for the other cases to say
        return
    named, unknown = (_about(place, scope, area, _new()) for area in (village, UNKNOWN_AREA))
    yield Case("a visit there", "area", scope, named, unknown)
    named, unknown = (
        _fresh(place, scope, area) | {"area": home} for area in (village, UNKNOWN_AREA)
    )
    yield Case("a new record there", "area", scope, named, unknown)


def _visits(place: Place, corner: Corner, home: str) -> Iterator[Case]:
    scope, visit = corner[1], place.ids[corner]["visit"][0]
    for one in (visit, place.ids[corner]["aside"][0]):
        named, unknown = (_fresh(place, scope, home) | {"corrects": x} for x in (one, _new()))
        yield Case(f"corrects {one}", "corrected", scope, named, unknown)
        named, unknown = (_fresh(place, scope, home) | {"id": x} for x in (one, _new()))
        yield Case(f"under the id {one}", "id", scope, named, unknown)
    named, unknown = (_replacing(place, scope, home, x) for x in (visit, _new()))
    yield Case(f"replaces values of {visit}", "dots", scope, named, unknown)
    sha, form = place.ids[corner]["photo"][0].partition("/")[2], PHOTOS[scope][0]
    named, unknown = (_photo(form, home, x) for x in (sha, uuid.uuid4().hex * 2 + ".png"))
    yield Case(f"names the photo {sha}", "photo", scope, named, unknown)


def _decisions(place: Place, corner: Corner, home: str) -> Iterator[Case]:
    """What a reviewer says of a visit or a record, said from a phone."""
    ids, scope = place.ids[corner], corner[1]
    about: list[tuple[str, str, dict[str, Any]]] = [
        ("_review", "target", {"state": "approved", "notes": []}),
        ("_review", "target", {"state": "returned", "notes": [{"path": "", "text": "x"}]}),
        ("_issue", "target", {"kind": "ask_check", "path": "", "to": "open"}),
        ("_issue", "target", {"kind": "constraint", "path": "", "to": "closed"}),
    ]
    for form, key, answers in about:
        named, unknown = (
            _built_in(form, home, answers={**answers, key: x}) for x in (ids["visit"][0], _new())
        )
        yield Case(f"{form} {answers}", form, scope, named, unknown)
    for one in (ids["key"][0], ids["conflict"][0].partition("/")[0]):
        for register in ("area_code", "phone", "nothing", "_alive"):
            named, unknown = (
                _built_in("_settle", home, ops=[{"e": x, "r": register, "v": "x", "sup": []}])
                for x in (one, _new())
            )
            yield Case(f"_settle {register} of {one}", "_settle", scope, named, unknown)


def _people(place: Place, who: str, corner: Corner, home: str) -> Iterator[Case]:
    """In another's name, from another's install."""
    scope = corner[1]
    for key, kind in (("user", "user"), ("install", "install")):
        one = place.others(who, kind)[0]
        named, unknown = (_fresh(place, scope, home) | {key: x} for x in (one, _new()))
        yield Case(f"{key} {one}", key, scope, named, unknown)


# ---- made ---------------------------------------------------------------------------------------


def _about(place: Place, scope: str, area: str, one: str) -> Submission:
    """A visit to a known record, whose id is now another one."""
    text, known = place.made[scope]
    return _again(text, {known: one}) | {"area": area}


def _fresh(place: Place, scope: str, area: str) -> Submission:
    """A visit that begins a record in a village."""
    return _again(place.made[f"new {scope}"][0].replace(LIULIN, area), {})


def _again(text: str, ids: dict[str, str]) -> Submission:
    """The same with ids of its own, and these instead of others; whose it is, its phone says."""
    ids = dict(ids)
    text = _UUID.sub(lambda found: ids.setdefault(found[0], _new()), text)
    made: Submission = json.loads(text)
    return {k: v for k, v in made.items() if k not in ("id", "install", "n", "user")}


def _replacing(place: Place, scope: str, home: str, sid: str) -> Submission:
    made = _fresh(place, scope, home)
    ops = [{**op, "sup": [f"{sid}:{i}" for i in range(9)]} for op in made["ops"]]
    return made | {"ops": ops}


def _photo(form: str, home: str, name: str) -> Submission:
    named = {"answers": {"photo": name}, "blobs": [name[:64]]}
    return {"form": form, "fv": "1", "area": home, **named}


def _built_in(form: str, home: str, **said: Any) -> Submission:
    return {"form": form, "fv": "1", "area": home, **said}


def _new() -> str:
    return str(uuid.uuid4())
