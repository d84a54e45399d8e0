"""What goes over HTTP of the access log."""

from marshmallow import Schema, fields, validate


def _text(**more: str) -> fields.String:
    return fields.String(required=True, metadata=more)


class LogPageSchema(Schema):
    """Which page. until: as the first page gave it, so that reading on repeats nothing."""

    page = fields.Integer(load_default=1, validate=validate.Range(min=1, max=100_000))
    until = fields.String(load_default="", validate=validate.Length(max=40))


class LogPlaceSchema(Schema):
    """A village and scope whose log the caller may read."""

    area = _text()
    area_name = _text()
    scope = _text()


class LogLineSchema(Schema):
    """Who did what, when. No line names a person or a record."""

    at = _text()
    name = _text(description="A colleague; blank for the server itself")
    role = _text()
    act = _text()
    wrote = fields.Boolean(required=True, metadata={"description": "Changed something"})
    kinds = fields.List(
        fields.String(), required=True, metadata={"description": "Kinds of data, in words"}
    )
    n = fields.Integer(required=True, metadata={"description": "Of how many records"})
    about = _text(description="Whose account, or which clinic was told")
    changed = fields.List(
        fields.String(), required=True, metadata={"description": "What of the account changed"}
    )


class LogSchema(Schema):
    """One page, the latest first."""

    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)
    until = _text()
    lines = fields.List(fields.Nested(LogLineSchema), required=True)


class ChainFaultSchema(Schema):
    """Where a chain is broken."""

    area_name = _text(description="Blank: the server's own")
    why = _text()
    row = fields.Integer(required=True)


class ChainSchema(Schema):
    """Whether the log is as it was written."""

    whole = fields.Boolean(required=True)
    faults = fields.List(fields.Nested(ChainFaultSchema), required=True)


class PersonLogSchema(Schema):
    """Who wrote, opened or received what of somebody, the latest first."""

    title = _text()
    scope = _text()
    area_name = _text()
    total = fields.Integer(required=True)
    lines = fields.List(fields.Nested(LogLineSchema), required=True)
    chain = fields.Nested(ChainSchema, required=True)
