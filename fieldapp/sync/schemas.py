"""The messages of FS-SYNC/1 as the server takes and gives them (docs/sync.md).

Every text that reaches the database or the answer is held to a pattern here; only `body` is free,
and that is read by `wire`. Members we don't know are left alone: a newer app may send them.
"""

import base64
import re
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from fieldapp.accounts import access

MAX_ITEMS = 50
MAX_IDS = 2000
MAX_FETCH = 500
MAX_COUNT = 2**31 - 1
MAX_SEQ = 2**53

_nonce = validate.Regexp(r"^[\x20-\x7e]{1,100}\Z")
_ID = re.compile(r"[\w-]{1,64}")
_id = validate.Regexp(r"^[\w-]{1,64}\Z")
_name = validate.Regexp(r"^[\w.:-]{0,100}\Z")


class MessageSchema(Schema):
    """Part of every message, in and out."""

    class Meta:
        unknown = EXCLUDE

    nonce = fields.String(required=True, validate=_nonce)


class AnswerSchema(Schema):
    """Part of every answer."""

    nonce = fields.String()
    server_now = fields.String()


class Base64(fields.Field[bytes]):
    """Base64 of some bytes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError) as error:
            raise ValidationError("Base64.") from error


class ItemSchema(Schema):
    """One submission: its text, or that text sealed to us, and the hash of its UTF-8 bytes."""

    class Meta:
        unknown = EXCLUDE

    id = fields.String(required=True, validate=_id)
    n = fields.Integer(strict=True, load_default=0, validate=validate.Range(0, MAX_COUNT))
    sha = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}\Z"))
    body = fields.String()
    sealed = Base64(metadata={"type": "string", "format": "byte"})

    @validates_schema
    def _has_text(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "body" not in data and "sealed" not in data:
            raise ValidationError("body or sealed")


class EachItem(fields.List):
    """Items, each read by itself: one that can't be read is `{id, unfit}` and holds up no other."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return [self._one(item) for item in value]

    def _one(self, item: Any) -> dict[str, Any]:
        try:
            read: dict[str, Any] = self.inner.deserialize(item)
        except ValidationError:
            named = item.get("id") if isinstance(item, dict) else None
            known = isinstance(named, str) and _ID.fullmatch(named)
            return {"id": named if known else "", "unfit": "item"}
        return read


class PushSchema(MessageSchema):
    """Finished work of a phone."""

    install = fields.String(required=True, validate=_name)
    device = fields.String(load_default="", validate=_name)
    now = fields.String(load_default="", validate=validate.Length(max=100))
    subs = EachItem(
        fields.Nested(ItemSchema), required=True, validate=validate.Length(max=MAX_ITEMS)
    )


class ResultSchema(Schema):
    """What became of one item."""

    id = fields.String()
    st = fields.String()
    why = fields.String(allow_none=True)


class PushedSchema(AnswerSchema):
    """One result per item."""

    results = fields.List(fields.Nested(ResultSchema))


class VerifySchema(MessageSchema):
    """A phone asks what became of its work."""

    install = fields.String(required=True, validate=_name)
    acked = fields.List(
        fields.String(validate=_id), required=True, validate=validate.Length(max=MAX_IDS)
    )
    n_max = fields.Integer(strict=True, required=True, validate=validate.Range(0, MAX_COUNT))
    waiting = fields.Dict(
        keys=fields.String(validate=validate.OneOf(access.SCOPES)),
        values=fields.Integer(strict=True, validate=validate.Range(0, MAX_COUNT)),
        metadata={"description": "By scope, finished visits that aren't here; an open phone says"},
    )


class VerifiedSchema(AnswerSchema):
    """What is missing, what is safe for good, which counts never came."""

    missing = fields.List(fields.String())
    durable = fields.List(fields.String())
    gaps = fields.List(fields.List(fields.Integer()))
    states = fields.Dict()
    revoked = fields.Boolean(metadata={"description": "This phone shall keep nothing"})


class CursorSchema(Schema):
    """Where a phone stands in a feed."""

    class Meta:
        unknown = EXCLUDE

    epoch = fields.String(required=True, validate=_name)
    seq = fields.Integer(strict=True, required=True, validate=validate.Range(0, MAX_SEQ))
    view = fields.String(load_default="", validate=_name)


class PullSchema(MessageSchema):
    """A phone asks for what changed."""

    grants_ver = fields.String(required=True, validate=_name)
    catalogue = fields.String(load_default="", validate=_name)
    terms = fields.String(
        load_default=None, metadata={"description": "Id of the terms it has; blank: none"}
    )
    feeds = fields.Dict(
        keys=fields.String(validate=_name),
        values=fields.Nested(CursorSchema),
        required=True,
        validate=validate.Length(max=MAX_IDS),
    )
    budget = fields.Integer(strict=True, load_default=None, allow_none=True)


class PulledSchema(AnswerSchema):
    """Changes by feed; see docs/sync.md."""

    grants_ver = fields.String()
    gained = fields.List(fields.String())
    lost = fields.List(fields.String())
    areas = fields.List(fields.Dict(), metadata={"description": "Only if the grants changed"})
    catalogue = fields.String()
    sids = fields.List(fields.List(fields.String()))
    feeds = fields.Dict()
    terms = fields.Dict(metadata={"description": "Only if they are others than the phone has"})


class ManifestSchema(MessageSchema):
    """A phone repairs its copy of a feed."""

    feed = fields.String(required=True, validate=_name)
    after = fields.String(load_default="", validate=_name)


class ManifestPageSchema(AnswerSchema):
    """Ids and versions of what is in the feed."""

    epoch = fields.String()
    seq = fields.Integer()
    rows = fields.List(fields.List(fields.String()))
    more = fields.Boolean()


class FetchSchema(MessageSchema):
    """A phone asks for entities by id."""

    feed = fields.String(required=True, validate=_name)
    ids = fields.List(
        fields.String(validate=_name), required=True, validate=validate.Length(max=MAX_FETCH)
    )


class FetchedSchema(AnswerSchema):
    """Those entities as they are in the feed."""

    sids = fields.List(fields.List(fields.String()))
    ch = fields.List(fields.Dict())


class RescueSchema(MessageSchema):
    """A phone that has lost its own key asks for keys it sealed to us."""

    password = fields.String(required=True, validate=validate.Length(max=1000))
    keys = fields.List(
        Base64(metadata={"type": "string", "format": "byte"}),
        required=True,
        validate=validate.Length(max=MAX_ITEMS),
    )


class RescuedSchema(AnswerSchema):
    """The keys in their order, in base64; null: it can't be opened, or is somebody else's."""

    keys = fields.List(fields.String(allow_none=True))
