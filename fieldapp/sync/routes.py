"""HTTP of sync. Push and verify need the phone's signature alone; the others a session too."""

from base64 import b64encode
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response, current_app, request
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp import clock, wall
from fieldapp.accounts import sessions, users
from fieldapp.accounts.limits import (
    LOG_IN_PER_ACCOUNT,
    limiter,
    rescuer_of_request,
    was_refused,
)
from fieldapp.accounts.service import Principal, principal_of, signed_in
from fieldapp.devices.models import Device
from fieldapp.devices.sealing import UnsealError
from fieldapp.devices.service import verify_signature
from fieldapp.devices.terms import sealing_keys, terms
from fieldapp.problems import abort_with

from . import erased, feed, schemas, service
from .apply import Incoming
from .http import WIRE_TYPE, Message, most_plain, raw_body, read_message, wire_answer
from .plan import Author
from .wire import parse_moment

KEY_BYTES = 64

blueprint = Blueprint("sync", __name__, url_prefix="/api/sync", description="FS-SYNC/1 (phones)")


def _body(schema: type[Any]) -> dict[str, Any]:
    """For the readable API: the message of a request."""
    return {"content": {WIRE_TYPE: {"schema": schema}}, "required": True}


@blueprint.route("/push")
class Push(MethodView):
    """Finished work arrives."""

    @blueprint.doc(requestBody=_body(schemas.PushSchema))
    @blueprint.alt_response(413, description="Too large: send half of it")
    @blueprint.response(200, schemas.PushedSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """Take in submissions: nothing is refused, each has its own result"""
        device = _signing_device()
        message = read_message(schemas.PushSchema)
        message["subs"] = [_opened(sub) for sub in message["subs"]]
        results = iter(service.take_in(_items(message, device)))
        told = [_unfit(sub) if "unfit" in sub else asdict(next(results)) for sub in message["subs"]]
        return wire_answer(message, {"results": told})


@blueprint.route("/verify")
class Verify(MethodView):
    """What became of it."""

    @blueprint.doc(requestBody=_body(schemas.VerifySchema))
    @blueprint.response(200, schemas.VerifiedSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """Say what is missing, what is safe for good, and the state of each"""
        device = _signing_device()
        message = read_message(schemas.VerifySchema)
        told = feed.verify(device.user_id, device.id, message)
        return wire_answer(message, told | {"revoked": device.revoked is not None})


@blueprint.route("/pull")
class Pull(MethodView):
    """What changed."""

    @blueprint.doc(requestBody=_body(schemas.PullSchema))
    @blueprint.response(200, schemas.PulledSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """Changes of the caller's feeds since its cursors"""
        principal, device = _phone_and_holder()
        message = read_message(schemas.PullSchema)
        erased.note_answer(device.id, message["feeds"])
        return wire_answer(message, feed.pull(principal, message) | _new_terms(message["terms"]))


@blueprint.route("/manifest")
class Manifest(MethodView):
    """Ids and versions."""

    @blueprint.doc(requestBody=_body(schemas.ManifestSchema))
    @blueprint.alt_response(404, description="No feed of the caller's")
    @blueprint.response(200, schemas.ManifestPageSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """What is in a feed, to compare with"""
        principal, device = _phone_and_holder()
        message = read_message(schemas.ManifestSchema)
        if not message["after"]:
            feed.note_repair(device.install, device.user_id)
        page = feed.manifest(principal, message["feed"], message["after"])
        return wire_answer(message, page if page is not None else abort_with("not_found"))


@blueprint.route("/fetch")
class Fetch(MethodView):
    """Entities by id."""

    @blueprint.doc(requestBody=_body(schemas.FetchSchema))
    @blueprint.alt_response(404, description="No feed of the caller's")
    @blueprint.response(200, schemas.FetchedSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """Entities of a feed as they are now"""
        principal = _phone_holder()
        message = read_message(schemas.FetchSchema)
        found = feed.fetch(principal, message["feed"], message["ids"])
        return wire_answer(message, found if found is not None else abort_with("not_found"))


@blueprint.route("/rescue")
class Rescue(MethodView):
    """Keys that a phone sealed to us in case it loses its own.

    The password is asked again: whoever holds the phone could sign, and use a session that lasts.
    """

    decorators = [
        limiter.limit(LOG_IN_PER_ACCOUNT, key_func=rescuer_of_request, deduct_when=was_refused)
    ]

    @blueprint.doc(requestBody=_body(schemas.RescueSchema))
    @blueprint.response(200, schemas.RescuedSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """Open keys that the caller's own phone sealed for this person"""
        principal = _phone_holder()
        message = read_message(schemas.RescueSchema)
        user = users.authenticate(principal.username, message["password"])
        if user is None:
            abort_with("bad_credentials")
        opened = [_rescued(principal, key) for key in message["keys"]]
        return wire_answer(message, {"keys": opened})


def _rescued(principal: Principal, sealed: bytes) -> str | None:
    try:
        about = ("work", principal.user_id)
        return b64encode(sealing_keys().open(sealed, about, KEY_BYTES)).decode()
    except UnsealError:
        return None


def _new_terms(known: str | None) -> dict[str, Any]:
    """The terms for a phone that has others; an older app doesn't ask."""
    now = terms()
    return {"terms": now} if known is not None and known != now["id"] else {}


def _signing_device() -> Device:
    """The phone that signed this request. Stops with `bad_signature`."""
    raw_body()  # bounds come first
    return verify_signature(request)


def _phone_holder() -> Principal:
    """Who asks, logged in, on a phone of their own that isn't revoked."""
    return _phone_and_holder()[0]


def _phone_and_holder() -> tuple[Principal, Device]:
    """As `_phone_holder`, with the phone."""
    raw_body()
    device = verify_signature(request)
    if device.revoked:
        abort_with("device_revoked")
    principal = signed_in() or sessions.resume(device.id) or abort_with("login_required")
    wall.admit(principal.user_id, principal.role)
    if device.user_id != principal.user_id:
        abort_with("bad_signature")
    sessions.stay_with(device.id)
    return principal, device


def _items(message: Message, device: Device) -> list[Incoming]:
    """The items of a push, each in the name of the phone's owner."""
    now = clock.now()
    skew = _skew(message["now"], now)
    author, device_id = _author(device.user_id), device.id
    aside = "revoked" if device.revoked else None
    return [
        Incoming(
            id=item["id"],
            sha=item["sha"],
            body=item["body"],
            author=author,
            received=now,
            install=message["install"],
            n=item["n"],
            device_id=device_id,
            skew=skew,
            aside=aside,
        )
        for item in message["subs"]
        if "unfit" not in item
    ]


def _opened(item: dict[str, Any]) -> dict[str, Any]:
    """An item with its text. One that is sealed to a key we don't have, the phone still has."""
    if "unfit" in item or "body" in item:
        return item
    about, sealed = ("visit", item["id"], item["sha"]), item["sealed"]
    try:
        plain = sealing_keys().open(sealed, about, most_plain(len(sealed)))
    except UnsealError:
        current_app.logger.warning("submission %s is sealed to another key", item["id"])
        return {"id": item["id"], "unfit": "seal"}
    return item | {"body": plain.decode("utf-8", "replace")}


def _unfit(item: dict[str, Any]) -> dict[str, Any]:
    """The result of an item that can't be read: its sender still has it, and may send it again."""
    return {"id": item["id"], "st": "later", "why": item["unfit"]}


def _author(user_id: str) -> Author:
    """Whose phone it is, with what is theirs now: nothing if the account was closed."""
    principal = principal_of(user_id)
    if principal:
        return service.author_of(principal)
    user = users.get(user_id)
    return Author(user_id, user.name if user else "", user.role if user else "")


def _skew(told: str, now: datetime) -> int | None:
    """Milliseconds the phone's clock is behind ours; None if it tells no time."""
    moment = parse_moment(told)
    return round((now - moment).total_seconds() * 1000) if moment else None
