"""What devices say and accept over HTTP."""

from marshmallow import EXCLUDE, Schema, fields, validate


class DeviceSchema(Schema):
    """A phone as its owner or an administrator sees it."""

    id = fields.String(required=True)
    user_id = fields.String(required=True)
    name = fields.String(required=True)
    install = fields.String(required=True)
    created = fields.String(required=True)
    last_seen = fields.String(required=True)
    revoked = fields.String(required=True, allow_none=True)


class KeySchema(Schema):
    """A public P-256 key as WebCrypto exports it; other members are ignored."""

    class Meta:
        unknown = EXCLUDE

    kty = fields.String(required=True, validate=validate.Equal("EC"))
    crv = fields.String(required=True, validate=validate.Equal("P-256"))
    x = fields.String(required=True)
    y = fields.String(required=True)


class EnrolSchema(Schema):
    """A phone asks to be admitted."""

    nonce = fields.String(required=True, validate=validate.Length(min=1, max=100))
    install = fields.UUID(required=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    key = fields.Nested(KeySchema, required=True)


class EnrolledSchema(Schema):
    """What the phone needs to begin."""

    nonce = fields.String()
    server_now = fields.String()
    device = fields.String()
    user = fields.Dict()
    grants_ver = fields.String()
    feeds = fields.List(fields.String())
    areas = fields.List(fields.Dict())
    catalogue = fields.String(metadata={"description": "Hash of the catalogue"})
    terms = fields.Dict(metadata={"description": "`{id, seal: {id, key}, lease_days}`"})
