"""What goes over HTTP at the rights desk."""

from marshmallow import Schema, fields, validate

from fieldapp.audit.schemas import ChainSchema

from .rules import KINDS, OUTCOMES, REASON, REFUSALS, STATES


def _text(**more: str) -> fields.String:
    return fields.String(required=True, metadata=more)


class FindSchema(Schema):
    """Whom to look for. In the body: a name is no part of an address."""

    scope = fields.String(required=True, validate=validate.OneOf(("health", "housing")))
    text = fields.String(required=True, validate=validate.Length(1, 60))


class FoundSchema(Schema):
    """Somebody found."""

    id = _text()
    title = _text()
    type_label = _text(description="What they are here: a client, a resident, a dwelling's lessor")
    scope = _text()
    area_name = _text()


class RequestsQuerySchema(Schema):
    """Which requests."""

    state = fields.String(load_default="open", validate=validate.OneOf((*STATES, "all")))


class AskSchema(Schema):
    """A request as it is written down."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    subject = fields.String(required=True, validate=validate.Length(1, 100))
    asked = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "Default today"}
    )


class RequestSchema(Schema):
    """A request, with what the reader may know and do."""

    id = _text()
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    subject = _text()
    title = _text(description="Blank once the person is erased")
    type_label = _text(description="As in FoundSchema; blank too")
    scope = _text()
    area_name = _text()
    asked = _text()
    due = _text(description="15 working days later")
    late = fields.Boolean(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    by = _text()
    closed = fields.String(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(OUTCOMES))
    erasure = fields.String(required=True, allow_none=True)
    acts = fields.List(fields.String(), required=True)


class RefuseSchema(Schema):
    """Why a request isn't done."""

    why = fields.String(required=True, validate=validate.OneOf(REFUSALS))


class CorrectSchema(Schema):
    """A value that is to stand."""

    entity = _text()
    prop = _text()
    value = fields.String(required=True, validate=validate.Length(0, 200))
    seen = fields.List(
        fields.String(), required=True, metadata={"description": "Dots that were shown"}
    )


class PreviewSchema(Schema):
    """What a deletion would reach."""

    title = _text(description="To be typed to confirm")
    records = fields.Integer(required=True)
    visits = fields.Integer(required=True, metadata={"description": "About nobody else: text goes"})
    shared = fields.Integer(
        required=True, metadata={"description": "Written anew without the person"}
    )
    phones = fields.Integer(required=True)
    seen = _text()


class EraseSchema(Schema):
    """The second step."""

    reason = fields.String(required=True, validate=validate.Length(*REASON))
    confirm = fields.String(required=True, validate=validate.Length(1, 200))
    seen = fields.String(required=True)


class StoreSchema(Schema):
    """What was cleared of one store."""

    store = _text()
    count = fields.Integer(required=True)


class ErasurePhoneSchema(Schema):
    """A phone that may hold something."""

    device = _text()
    name = _text()
    owner = _text()
    answered = fields.String(required=True, allow_none=True)
    last_seen = fields.String(required=True, allow_none=True)
    revoked = fields.Boolean(required=True)


class ErasureSchema(Schema):
    """A certificate: how far an erasure has come."""

    id = _text()
    subject = _text()
    scope = _text()
    area_name = _text()
    at = _text()
    cause = _text()
    reason = _text()
    whole = fields.Boolean(required=True)
    by = _text()
    stores = fields.List(fields.Nested(StoreSchema), required=True)
    phones = fields.List(fields.Nested(ErasurePhoneSchema), required=True)
    waiting = fields.Integer(required=True)


# ---- the report ---------------------------------------------------------------------------------


class PastSchema(Schema):
    """One value as it was written."""

    words = _text()
    dot = _text()
    by = _text()
    role = _text()
    form = _text()
    on = _text()
    at = _text()
    stands = fields.Boolean(required=True)


class HeldSchema(Schema):
    """One property: why it is kept, how long, and all its values."""

    prop = _text()
    register = _text()
    label = _text()
    purpose = _text()
    basis = _text()
    retention = _text()
    correctable = fields.Boolean(required=True)
    history = fields.List(fields.Nested(PastSchema), required=True)


class RecordSchema(Schema):
    """One record."""

    id = _text()
    title = _text()
    values = fields.List(fields.Nested(HeldSchema), required=True)


class GroupSchema(Schema):
    """The records of a type."""

    type = _text()
    label = _text()
    records = fields.List(fields.Nested(RecordSchema), required=True)


class VisitedSchema(Schema):
    """Who was there."""

    on = _text()
    at = _text()
    form = _text()
    by = _text()
    role = _text()


class SharedSchema(Schema):
    """A clinic that was told who somebody is."""

    on = _text()
    to = fields.String(
        required=True, metadata={"description": "Its name; blank: one that the server doesn't know"}
    )
    by = _text()
    role = _text()


class LookSchema(Schema):
    """Who looked, by day."""

    day = _text()
    name = _text()
    role = _text()
    acts = fields.List(fields.String(), required=True)
    kinds = fields.List(
        fields.String(), required=True, metadata={"description": "Kinds of data, in words"}
    )


class ReportPersonSchema(Schema):
    """Whose report it is."""

    id = _text()
    title = _text()
    type_label = _text()
    area_name = _text()
    scope = _text()


class ReportSchema(Schema):
    """Everything held about a person, as far as the reader may see it."""

    made = _text()
    by = _text()
    role = _text()
    full = fields.Boolean(required=True)
    left_out = fields.Integer(required=True)
    person = fields.Nested(ReportPersonSchema, required=True)
    groups = fields.List(fields.Nested(GroupSchema), required=True)
    visits = fields.List(fields.Nested(VisitedSchema), required=True)
    shared = fields.List(fields.Nested(SharedSchema), required=True)
    looks = fields.List(fields.Nested(LookSchema), required=True)
    chain = fields.Nested(ChainSchema, required=True)
