"""What accounts say and accept over HTTP."""

from marshmallow import Schema, fields, validate

from . import access, guessable

_text = validate.Length(min=1, max=100)
_password = validate.Length(min=1, max=guessable.LONGEST)  # the rest is told in words


class GrantSchema(Schema):
    """One area in one scope."""

    area = fields.String(required=True, validate=validate.Regexp(r"^\d{12}$"))
    scope = fields.String(required=True, validate=validate.OneOf(access.SCOPES))


class LogInSchema(Schema):
    """Credentials."""

    username = fields.String(required=True, validate=_text)
    password = fields.String(required=True, validate=validate.Length(min=1, max=guessable.LONGEST))
    code = fields.String(
        load_default="",
        validate=validate.Length(max=64),
        metadata={"description": "Of the authenticator app, or a recovery code"},
    )


class MeSchema(Schema):
    """The person who is logged in, as every screen knows them."""

    id = fields.String(required=True, attribute="user_id")
    username = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    lang = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    areas = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        required=True,
        metadata={"description": "Village codes by scope"},
    )
    reviews = fields.List(
        fields.String(), required=True, metadata={"description": "Scopes in which they decide"}
    )
    oversees = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Scopes whose review they read"},
    )
    rights = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Scopes in which they deal with people's own requests"},
    )
    erases = fields.List(
        fields.String(), required=True, metadata={"description": "Scopes in which they may erase"}
    )
    administers = fields.Boolean(required=True)
    must_change_password = fields.Boolean(
        required=True,
        attribute="first",
        metadata={
            "description": "Their password was given to them: nothing opens before their own"
        },
    )
    second_factor = fields.String(
        required=True,
        attribute="factor",
        validate=validate.OneOf(("on", "off", "required", "none")),
        metadata={"description": "required: nothing opens before it is set up"},
    )
    reads_log = fields.Boolean(required=True, metadata={"description": "Reads the access log"})
    looks = fields.Boolean(
        required=True,
        metadata={"description": "May look at one record outside of their areas, in an emergency"},
    )
    judges = fields.Boolean(required=True, metadata={"description": "Judges such looks of others"})


class SessionSchema(Schema):
    """A log-in that lasts."""

    id = fields.String(required=True)
    device = fields.String(
        required=True, allow_none=True, metadata={"description": "Name of the phone, if it is one"}
    )
    agent = fields.String(required=True, metadata={"description": "The browser's own words"})
    created = fields.String(required=True)
    seen = fields.String(required=True)
    expires = fields.String(required=True)
    current = fields.Boolean(required=True)


class NewPasswordSchema(Schema):
    """One's own new password."""

    old = fields.String(required=True, validate=validate.Length(min=1, max=guessable.LONGEST))
    new = fields.String(required=True, validate=_password)


class FactorSchema(Schema):
    """How one's second factor stands."""

    on = fields.Boolean(required=True)
    required = fields.Boolean(required=True)
    recovery = fields.Integer(required=True, metadata={"description": "Recovery codes left"})


class AskFactorSchema(Schema):
    """To begin: who sits here knows the password."""

    password = fields.String(required=True, validate=_password)


class FactorSecretSchema(Schema):
    """What goes into an authenticator app. Told once."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)
    qr = fields.List(
        fields.String(), required=True, metadata={"description": "Rows of 0 and 1, the same"}
    )


class FactorCodeSchema(Schema):
    """A code of the app."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=64))


class DropFactorSchema(FactorCodeSchema):
    """To turn it off."""

    password = fields.String(required=True, validate=_password)


class RecoverySchema(Schema):
    """Codes for when the phone is lost. Told once."""

    recovery = fields.List(fields.String(), required=True)


class TrainedOnSchema(Schema):
    """On which day somebody was trained to keep health and housing apart."""

    trained_on = fields.Date(
        required=True, format="%Y-%m-%d", metadata={"description": "Of this day or before"}
    )


class TrainingSchema(Schema):
    """A training for both scopes, by ids of administrators."""

    trained_on = fields.String(
        required=True, metadata={"description": "Blank: held both before this was asked"}
    )
    asked_by = fields.String(required=True)
    approved_by = fields.String(required=True)
    approved = fields.String(
        required=True, allow_none=True, metadata={"description": "When; null while it waits"}
    )


class UserSchema(Schema):
    """An account as an administrator sees it."""

    id = fields.String(required=True)
    username = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    lang = fields.String(required=True)
    active = fields.Boolean(required=True, attribute="is_open")
    second_factor = fields.Boolean(required=True, attribute="has_factor")
    created = fields.String(required=True)
    grants = fields.List(fields.Nested(GrantSchema), required=True)
    needs_training = fields.Boolean(
        required=True, metadata={"description": "Both scopes only once a training is approved"}
    )
    training = fields.Nested(TrainingSchema, required=True, allow_none=True)


class NewUserSchema(Schema):
    """A new account."""

    username = fields.String(required=True, validate=validate.Regexp(r"^[A-Za-z0-9._-]{2,40}$"))
    name = fields.String(required=True, validate=_text)
    role = fields.String(required=True, validate=validate.OneOf(access.ROLES))
    password = fields.String(required=True, validate=_password, load_only=True)
    lang = fields.String(load_default="zh", validate=validate.OneOf(("zh", "en")))
    grants = fields.List(fields.Nested(GrantSchema), load_default=list)


class UpdateUserSchema(Schema):
    """What an administrator may change; the role of a person stays: open another account."""

    name = fields.String(validate=_text)
    lang = fields.String(validate=validate.OneOf(("zh", "en")))
    password = fields.String(validate=_password, load_only=True)
    active = fields.Boolean()
    grants = fields.List(fields.Nested(GrantSchema))
