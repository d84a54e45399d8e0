"""HTTP of attachments, as phones send them: part of FS-SYNC/1, signed by the phone alone."""

from dataclasses import replace
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts.limits import limiter, phone_of_request
from fieldapp.devices.models import Device
from fieldapp.devices.sealing import UnsealError, decrypt_part
from fieldapp.devices.service import verify_signature
from fieldapp.devices.terms import sealing_keys
from fieldapp.problems import abort_with
from fieldapp.sync.http import WIRE_TYPE, raw_body, read_message, wire_answer

from . import schemas, service

blueprint = Blueprint(
    "attachments", __name__, url_prefix="/api/sync", description="FS-SYNC/1: photos and files"
)
KEY_BYTES = 32
PER_PHONE = "600 per minute"


@blueprint.route("/blob")
class BlobRoute(MethodView):
    """A chunk arrives."""

    decorators = [limiter.limit(PER_PHONE, key_func=phone_of_request)]

    @blueprint.doc(requestBody={"content": {WIRE_TYPE: {"schema": schemas.BlobSchema}}})
    @blueprint.response(200, schemas.BlobStateSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """Take in a chunk of an attachment and say how far it is"""
        device = _signing_device()
        sender = service.Sender(device.user_id, device.id, device.revoked is not None)
        message = read_message(schemas.BlobSchema)
        chunk = service.Chunk(*(message[key] for key in ("sha", "size", "at", "data")))
        if "sealed" in message:
            try:
                chunk = _opened(chunk, message["sealed"])
            except UnsealError:
                return wire_answer(message, _told(chunk, service.State("refused", 0, "seal")))
        if chunk.at + len(chunk.data) > chunk.size:
            past_end = {"path": "at", "message": "The chunk ends after the attachment."}
            abort_with("invalid_fields", [past_end])
        return wire_answer(message, _told(chunk, service.take(sender, chunk)))


@blueprint.route("/blobs")
class BlobsRoute(MethodView):
    """How far they are."""

    decorators = [limiter.limit(PER_PHONE, key_func=phone_of_request)]

    @blueprint.doc(requestBody={"content": {WIRE_TYPE: {"schema": schemas.BlobsSchema}}})
    @blueprint.response(200, schemas.BlobsStateSchema, content_type=WIRE_TYPE)
    def post(self) -> Response:
        """Say of each attachment how much is here, and whether it is safe for good"""
        user_id = _signing_device().user_id
        message = read_message(schemas.BlobsSchema)
        found = service.states(user_id, dict.fromkeys(message["shas"]))
        told = {sha: {"st": state.st, "have": state.have} for sha, state in found.items()}
        return wire_answer(message, {"states": told})


def _told(chunk: service.Chunk, state: service.State) -> dict[str, Any]:
    return {"sha": chunk.sha, "st": state.st, "have": state.have, "why": state.why}


def _opened(chunk: service.Chunk, sealed: bytes) -> service.Chunk:
    """The chunk of a locked phone, which can't open what it sends. Raises UnsealError."""
    key = sealing_keys().open(sealed, ("blob", chunk.sha), KEY_BYTES)
    if len(key) != KEY_BYTES:
        raise UnsealError("no key")
    return replace(chunk, data=decrypt_part(key, chunk.data, chunk.at))


def _signing_device() -> Device:
    """The phone that signed this request, revoked or not. Stops with `bad_signature`."""
    raw_body()  # bounds come first
    return verify_signature(request)
