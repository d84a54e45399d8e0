"""HTTP of attachments, as phones send them: part of FS-SYNC/1, signed by the phone alone."""

from flask import Response, request
from flask.views import MethodView
from flask_limiter.util import get_remote_address
from flask_smorest import Blueprint

from fieldapp.accounts.limits import limiter
from fieldapp.devices.models import Device
from fieldapp.devices.service import verify_signature
from fieldapp.problems import abort_with
from fieldapp.sync.http import WIRE_TYPE, raw_body, read_message, wire_answer

from . import schemas, service

blueprint = Blueprint(
    "attachments", __name__, url_prefix="/api/sync", description="FS-SYNC/1: photos and files"
)
PER_PHONE = "600 per minute"


def phone_of_request() -> str:
    """The phone as it calls itself, at its address: nobody uses up another's."""
    return f"{get_remote_address()}/{request.headers.get('X-FS-Device', '')[:64]}"


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
        if chunk.at + len(chunk.data) > chunk.size:
            past_end = {"path": "at", "message": "The chunk ends after the attachment."}
            abort_with("invalid_fields", [past_end])
        state = service.take(sender, chunk)
        told = {"sha": chunk.sha, "st": state.st, "have": state.have, "why": state.why}
        return wire_answer(message, told)


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


def _signing_device() -> Device:
    """The phone that signed this request, revoked or not. Stops with `bad_signature`."""
    raw_body()  # bounds come first
    return verify_signature(request)
