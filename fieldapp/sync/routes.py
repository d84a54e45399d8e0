"""HTTP of sync. Push and verify need the phone's signature alone; the others a session too."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp import clock, wall
from fieldapp.accounts import sessions, users
from fieldapp.accounts.service import Principal, principal_of, signed_in
from fieldapp.devices.models import Device
from fieldapp.devices.service import verify_signature
from fieldapp.problems import abort_with

from . import erased, feed, schemas, service
from .apply import Incoming
from .http import WIRE_TYPE, Message, raw_body, read_message, wire_answer
from .plan import Author
from .wire import parse_moment

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
        return wire_answer(message, feed.verify(device.user_id, device.id, message))


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
        return wire_answer(message, feed.pull(principal, message))


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
            feed.note_repair(device.install)
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


def _unfit(item: dict[str, Any]) -> dict[str, Any]:
    """The result of an item whose envelope can't be read: its sender may send it again."""
    return {"id": item["id"], "st": "later", "why": "item"}


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
