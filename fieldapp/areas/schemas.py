"""What areas say and accept over HTTP."""

from marshmallow import Schema, fields, validate

from .service import LEVELS

_code = validate.Regexp(r"^[0-9]{12}$")


class AreaSchema(Schema):
    """One area of the tree."""

    code = fields.String(required=True, validate=_code)
    name = fields.String(
        required=True, dump_only=True, metadata={"description": "In the reader's language"}
    )
    name_zh = fields.String(required=True, validate=validate.Length(min=1, max=100))
    name_en = fields.String(required=True, validate=validate.Length(min=1, max=100))
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    parent = fields.String(required=True, allow_none=True, validate=_code)
    clinic = fields.String(
        required=True, dump_only=True, metadata={"description": "Of its own; blank: none"}
    )
    clinic_phone = fields.String(required=True, dump_only=True)


class ClinicSchema(Schema):
    """The clinic that an area's clients may be referred to; both blank: none."""

    name = fields.String(required=True, validate=validate.Length(max=60))
    phone = fields.String(required=True, validate=validate.Length(max=20))
