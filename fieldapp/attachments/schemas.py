"""The messages by which attachments arrive (docs/sync.md)."""

import base64
import binascii
from typing import Any

from marshmallow import ValidationError, fields, validate

from fieldapp.sync.schemas import MAX_COUNT, AnswerSchema, Base64, MessageSchema

from .receipt import CHUNK

MAX_ASKED = 500
_sha = validate.Regexp(r"^[0-9a-f]{64}\Z")


class Bytes(fields.Field[bytes]):
    """Base64 of 1 to CHUNK bytes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        try:
            found = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
        except (ValueError, binascii.Error):
            found = b""
        if not 1 <= len(found) <= CHUNK:
            raise ValidationError(f"Base64 of 1 to {CHUNK} bytes.")
        return found


class BlobSchema(MessageSchema):
    """A chunk of an attachment."""

    sha = fields.String(required=True, validate=_sha)
    size = fields.Integer(strict=True, required=True, validate=validate.Range(1, MAX_COUNT))
    at = fields.Integer(strict=True, required=True, validate=validate.Range(0, MAX_COUNT))
    data = Bytes(required=True, metadata={"type": "string", "format": "byte"})
    sealed = Base64(
        metadata={
            "type": "string",
            "format": "byte",
            "description": "The key of `data`, sealed to us by a locked phone",
        }
    )


class BlobStateSchema(AnswerSchema):
    """How far it is: where to go on, or that it is safe."""

    sha = fields.String()
    st = fields.String()
    have = fields.Integer()
    why = fields.String(allow_none=True)


class BlobsSchema(MessageSchema):
    """A phone asks how far its attachments are."""

    shas = fields.List(
        fields.String(validate=_sha), required=True, validate=validate.Length(max=MAX_ASKED)
    )


class BlobsStateSchema(AnswerSchema):
    """By hash: `{st, have}`."""

    states = fields.Dict()
