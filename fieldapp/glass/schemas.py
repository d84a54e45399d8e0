"""What goes over HTTP of emergency looks."""

from marshmallow import Schema, fields, validate

from .rules import NOTE, REASON, VERDICTS


def _text(**more: str) -> fields.String:
    return fields.String(required=True, metadata=more)


class EmergencySearchSchema(Schema):
    """Whom to look for: a name, and the day of birth or a number. In the body, never an address."""

    name = fields.String(required=True, validate=validate.Length(1, 60))
    born = fields.Date(load_default=None, allow_none=True, format="%Y-%m-%d")
    phone = fields.String(load_default="", validate=validate.Length(max=30))


class EmergencyMatchSchema(Schema):
    """Somebody who is called exactly so. Nothing else is told before there is a reason."""

    look = _text(description="Opens the record, with a reason, within ten minutes; blank for own")
    area_name = _text()
    own = fields.Boolean(
        required=True, metadata={"description": "In the caller's areas: nothing is to be opened"}
    )


class EmergencyMatchesSchema(Schema):
    """Who was found, at most three; none is an answer of the same kind."""

    matches = fields.List(fields.Nested(EmergencyMatchSchema), required=True)


class EmergencyReasonSchema(Schema):
    """Why."""

    reason = fields.String(required=True, validate=validate.Length(*REASON))


class EmergencyVerdictSchema(Schema):
    """What is thought of it."""

    verdict = fields.String(required=True, validate=validate.OneOf(VERDICTS))
    note = fields.String(required=True, validate=validate.Length(*NOTE))


class EmergencyLookSchema(Schema):
    """A look: the caller's own, or one they judge."""

    id = _text()
    name = _text(description="Who looked")
    own = fields.Boolean(required=True)
    title = _text(description="Whose record; blank for one's own looks, and once that is erased")
    area_name = _text()
    reason = _text(description="Blank once the person is erased")
    opened = _text()
    until = _text()
    is_open = fields.Boolean(required=True)
    due = _text(description="24 hours after it was opened")
    late = fields.Boolean(required=True)
    hours_late = fields.Integer(required=True)
    verdict = fields.String(required=True, allow_none=True, validate=validate.OneOf(VERDICTS))
    note = _text()
    judged = fields.String(required=True, allow_none=True)
    judged_by = fields.String(required=True, allow_none=True)
    may_judge = fields.Boolean(required=True)


class LentValueSchema(Schema):
    """A value in words; several while colleagues disagree. on: the day it is about."""

    label = _text()
    words = fields.List(fields.String(), required=True)
    on = _text()


class LentRecordSchema(Schema):
    """One record."""

    title = _text()
    values = fields.List(fields.Nested(LentValueSchema), required=True)


class LentGroupSchema(Schema):
    """Records of one kind."""

    type = _text()
    label = _text()
    records = fields.List(fields.Nested(LentRecordSchema), required=True)


class LentSchema(Schema):
    """All that a nurse may see of somebody, until the look ends."""

    id = _text()
    title = _text()
    area_name = _text()
    until = _text()
    groups = fields.List(fields.Nested(LentGroupSchema), required=True)
