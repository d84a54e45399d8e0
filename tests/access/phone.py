"""Tries from a phone: reading other feeds, sending work that names what isn't its owner's, and what
another phone left behind.
"""

import base64
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.test import TestResponse

from fieldapp.accounts import access
from fieldapp.devices.terms import sealing_keys
from fieldapp.outbox.opened import Outbox
from fieldapp.outbox.service import UnknownPhoneError, take_in
from tests.cast import LIULIN, Phone
from tests.sync.test_sealed import seal

from .answers import Try, alike, leak
from .place import FILLS, HOME, VILLAGES, Corner, Place, Route
from .pushes import ALLOWED, Case, cases

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNKNOWN_FEED = "379901009999.housing"


def from_a_phone(place: Place, who: str, same_as_none: bool) -> Iterator[Try]:
    """All of them, as one person."""
    phone = place.phone(who)
    held = yield from _feeds(place, who, phone)
    for corner in place.foreign(who):
        yield from _records(place, who, corner, held)
        yield from _blobs(place, who, corner)
    for corner in place.foreign(who):
        yield from _pushed(place, who, corner, same_as_none)
    yield from _another_phone(place, who)
    yield from _rescue(place, who)
    yield from _outbox(place, who)


def _route(name: str) -> Route:
    return "POST", f"/api/sync/{name}"


def _said(
    place: Place, who: str, answer: TestResponse, none: TestResponse, *asked: str
) -> str | None:
    return leak(place, who, answer, *asked) or alike(answer, none)


# ---- reading ------------------------------------------------------------------------------------


def _feeds(place: Place, who: str, phone: Phone) -> Any:
    """Every feed there is asked for at once; of those that aren't held not even what is in them."""
    cursor = {"epoch": "", "seq": 0, "view": ""}
    first = json.loads(phone.call("pull", pull("", {})).data)
    audiences = [a for scope in access.SCOPES for a in access.audiences_in(scope)]
    every = {f"{village}.{a}": cursor for village in VILLAGES for a in audiences}
    posts = {f"u.{one}": cursor for one in place.others(who, "user")}
    answer = phone.call("pull", pull(first["grants_ver"], every | posts))
    yield Try(who, "pull of every feed", leak(place, who, answer), _route("pull"))
    held = sorted(json.loads(answer.data)["feeds"])
    unknown = phone.call("manifest", {"feed": UNKNOWN_FEED, "after": ""})
    for feed in sorted((every | posts).keys() - set(held)):
        told = phone.call("manifest", {"feed": feed, "after": ""})
        yield Try(who, f"manifest {feed}", _said(place, who, told, unknown), _route("manifest"))
    for feed in held:
        rows = json.loads(phone.call("manifest", {"feed": feed, "after": ""}).data)["rows"]
        found = phone.call("fetch", {"feed": feed, "ids": [row[0] for row in rows]})
        opened = bool(json.loads(found.data)["ch"])
        yield Try(who, f"own fetch {feed}", leak(place, who, found), _route("fetch"), opened)
    return held


def pull(grants: str, feeds: dict[str, Any]) -> dict[str, Any]:
    """The message of a phone that has these cursors."""
    return {"grants_ver": grants, "catalogue": "", "feeds": feeds, "budget": 10**6}


def _records(place: Place, who: str, corner: Corner, held: Iterable[str]) -> Iterator[Try]:
    """A foreign corner's records by id, those that were erased too; its visits as one's own."""
    phone = place.phone(who)
    ids = [*place.ids[corner]["entity"], *place.ids[corner]["erased"]]
    for feed in [*held, f"{corner[0]}.clinic", f"{corner[0]}.housing"]:
        told = phone.call("fetch", {"feed": feed, "ids": ids})
        none = phone.call("fetch", {"feed": feed, "ids": _unknown(ids)})
        said = _said(place, who, told, none, *ids)
        yield Try(who, f"fetch {corner} from {feed}", said, _route("fetch"))
    sids = [*place.ids[corner]["visit"], *place.ids[corner]["aside"]]
    install = place.others(who, "install")[0]
    for one in (str(uuid.uuid4()), install):
        verify = {"install": one, "n_max": 0}
        told = phone.call("verify", {**verify, "acked": sids})
        none = phone.call(
            "verify", {**verify, "install": str(uuid.uuid4()), "acked": _unknown(sids)}
        )
        said = _said(place, who, told, none, *sids)
        yield Try(who, f"verify {corner} as {one}", said, _route("verify"))


def _unknown(ids: Iterable[str]) -> list[str]:
    return [str(uuid.uuid4()) for _ in ids]


def _blobs(place: Place, who: str, corner: Corner) -> Iterator[Try]:
    """A foreign photo by its hash: how far it is, going on with it, beginning it anew."""
    phone, nobodys = place.phone(who), uuid.uuid4().hex * 2
    sha = place.ids[corner]["photo"][0].partition("/")[2][:64]
    told, none = (phone.call("blobs", {"shas": [x]}) for x in (sha, nobodys))
    yield Try(who, f"blobs {corner}", _said(place, who, told, none, sha), _route("blobs"))
    for at in (512, 0, 4):
        chunk = {"size": 1024, "at": at, "data": base64.b64encode(b"data").decode()}
        told, none = (phone.call("blob", {**chunk, "sha": x}) for x in (sha, nobodys))
        said = _said(place, who, told, none, sha)
        yield Try(who, f"blob {corner} at {at}", said, _route("blob"))


# ---- sending ------------------------------------------------------------------------------------


def _pushed(place: Place, who: str, corner: Corner, same_as_none: bool) -> Iterator[Try]:
    """One push of everything that names something of the corner, and one of the same with ids that
    nobody has; then what became of it."""
    phone, home = place.phone(who), HOME.get(who, LIULIN)
    made = list(cases(place, who, corner, home))
    told, none = (_push(phone, [side(case) for case in made]) for side in (_foreign, _nobodys))
    asked = [text for case in made for text in _UUID.findall(json.dumps(case.foreign))]
    place.echoed.update(asked, *(one.split("/") for one in place.ids[corner]["photo"]))
    yield Try(who, f"push about {corner}", leak(place, who, told, *asked), _route("push"))
    results = list(zip(made, _results(told), _results(none), strict=True))
    for case, named, unknown in results:
        said = _verdict(case, named, unknown, who) if same_as_none else None
        yield Try(who, f"push: {case.name} of {corner}", said, _route("push"))
    sids = [one["id"] for one in _items(phone)[-2 * len(made) : -len(made)]]
    verify = {"install": phone.install, "n_max": 0, "acked": sids}
    after = phone.call("verify", verify)
    states = json.loads(after.data)["states"]
    said = leak(place, who, after, *asked, *sids)
    for case, named, _ in results:
        state = states.get(named["id"], {"st": named["st"], "why": named["why"]})
        if state["why"] != named["why"]:
            said = said or f"{case.name}: told {named}, and later {state}"
    yield Try(who, f"verify what was pushed about {corner}", said, _route("verify"))


def _foreign(case: Case) -> dict[str, Any]:
    return case.foreign


def _nobodys(case: Case) -> dict[str, Any]:
    return case.unknown


def _verdict(case: Case, named: Any, unknown: Any, who: str) -> str | None:
    """Told as of nothing; or, where that can't be, in the one way that the table has."""
    told, none = ((one["st"], one["why"]) for one in (named, unknown))
    if told == none:
        return None
    allowed = ALLOWED.get(case.kind)
    if allowed and allowed.filled and case.scope not in FILLS.get(who, ()):
        allowed = None
    if allowed is None or told != allowed.told:
        return f"{told}, for nothing {none}"
    return None


def _push(phone: Phone, submissions: list[dict[str, Any]]) -> TestResponse:
    items = [phone.item(one) for one in submissions]
    _items(phone).extend(items)
    message = {"install": phone.install, "device": phone.device, "subs": items}
    answer = phone.call("push", message)
    assert answer.status_code == 200, answer.data
    return answer


def _items(phone: Phone) -> list[dict[str, Any]]:
    """What it sent so far."""
    sent: list[dict[str, Any]] = phone.__dict__.setdefault("sent", [])
    return sent


def _results(answer: TestResponse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(answer.data)["results"]
    return found


# ---- another's phone ----------------------------------------------------------------------------


def _another_phone(place: Place, who: str) -> Iterator[Try]:
    """Under another phone's name, key and install."""
    phone, other = place.phone(who), next(p for x, p in place.phones.items() if x != who)
    own, message = phone.device, {"install": phone.install, "subs": []}
    answers = []
    for device in (other.device, str(uuid.uuid4())):
        phone.device = device
        answers.append([phone.call("push", message), phone.call("blobs", {"shas": []})])
    phone.device = own
    for named, none in zip(*answers, strict=True):
        yield Try(who, "signed as another's phone", _said(place, who, named, none), _route("push"))
    thief = Phone(phone.person, phone.person.log_in())
    fresh = Phone(phone.person, phone.person.log_in())
    thief.install, thief.key = other.install, other.key
    said = _said(place, who, thief.enrol(), fresh.enrol(), other.install)
    yield Try(who, "enrol with another's key", said, ("POST", "/api/sync/enrol"))
    thief.call("manifest", {"feed": UNKNOWN_FEED, "after": ""})  # watched: its owner's is untouched


def _rescue(place: Place, who: str) -> Iterator[Try]:
    """Keys that another's phone sealed."""
    phone, other = place.phone(who), place.others(who, "user")[0]
    theirs = seal(phone, ("work", other), b"k" * 64, packed=False)
    mine = seal(phone, ("work", phone.person.id), b"k" * 64, packed=False)
    sealed = base64.b64decode(mine)
    stranger = base64.b64encode(sealed[:-1] + bytes([sealed[-1] ^ 1])).decode()
    wish = {"password": phone.person.password}
    named, none = (phone.call("rescue", {**wish, "keys": [x]}) for x in (theirs, stranger))
    yield Try(who, "rescue another's key", _said(place, who, named, none), _route("rescue"))
    own = json.loads(phone.call("rescue", {**wish, "keys": [mine]}).data)["keys"][0]
    yield Try(who, "own rescue", None, _route("rescue"), own is not None)


def _outbox(place: Place, who: str) -> Iterator[Try]:
    """A file that says it is of another's phone, with a visit of one's own in it; and one of no
    phone at all. Only `fieldapp outbox import` reads such files."""
    phone, text = place.phone(who), json.dumps({})
    other = place.others(who, "device")[0]
    item = phone.item({"form": "rental_register", "fv": "2025-1", "answers": {}})
    about = ("visit", item["id"], item["sha"])
    post = seal(phone, about, item["body"].encode())
    one = {key: item[key] for key in ("id", "n", "sha")} | {"install": phone.install, "post": post}
    for device in (other, str(uuid.uuid4())):
        text = json.dumps({"format": "fs-outbox/1", "device": device, "items": [one]})
        with place.app.app_context():
            try:
                became = take_in(Outbox(text, sealing_keys())).why
            except UnknownPhoneError:
                became = None
        expected = {"authz": 1} if device == other else None
        said = None if became == expected else f"{device}: {became}"
        yield Try(who, "an outbox of another's phone", said)
