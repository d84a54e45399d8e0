"""What forms and programs say over HTTP. Their content is that of docs/form-definition.md and
types.ts.
"""

from marshmallow import Schema, fields, validate


class FormRefSchema(Schema):
    """A form that may be filled now."""

    id = fields.String()
    version = fields.String()
    program = fields.String()
    scope = fields.String(metadata={"enum": ["health", "housing"]})
    title = fields.List(fields.String(), metadata={"description": "In the order of langs"})
    langs = fields.List(fields.String())


class CatalogueSchema(Schema):
    """What a role works with. `hash` changes when anything in it does."""

    hash = fields.String()
    programs = fields.List(fields.Dict(), metadata={"description": "`Program[]` of types.ts"})
    forms = fields.List(fields.Nested(FormRefSchema))


class FormFileSchema(Schema):
    """A picture, sound or list of a form, as it is sent."""

    sha = fields.String(metadata={"description": "SHA-256 of its bytes"})
    type = fields.String()
    size = fields.Integer()


class FormDefinitionSchema(Schema):
    """A compiled form; see docs/form-definition.md."""

    id = fields.String()
    version = fields.String()
    program = fields.String()
    scope = fields.String()
    title = fields.List(fields.String())
    langs = fields.List(fields.String())
    nodes = fields.List(fields.Dict())
    lists = fields.Dict(keys=fields.String(), values=fields.List(fields.Dict()))
    external = fields.List(fields.String())
    attached = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Lists that came with the form: list → file"},
    )
    files = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(FormFileSchema),
        metadata={"description": "By name, each at …/files/{sha}"},
    )
    actions = fields.List(fields.Dict())
    entities = fields.List(fields.Dict())
    date = fields.Integer()


# ---- for administrators


class FormProblemSchema(Schema):
    """What is wrong with a form, in the reader's language, and where it stands."""

    code = fields.String()
    sheet = fields.String(metadata={"description": "Blank if it concerns the whole file"})
    row = fields.Integer(allow_none=True, metadata={"description": "From 1, the headings' row"})
    column = fields.String(metadata={"description": "As the author spelled it"})
    question = fields.String()
    message = fields.String()
    remedy = fields.String()


class FormChangeSchema(Schema):
    """A question that differs from the version in use; see forms/diff.py."""

    kind = fields.String()
    path = fields.String()
    name = fields.String()
    label = fields.List(fields.String())
    was = fields.String()
    now = fields.String()


class OrphanSchema(Schema):
    """Stored values that the new version writes no more. They stay where they are."""

    list = fields.String()
    property = fields.String()
    label = fields.String()
    values = fields.Integer()


class TrialSchema(Schema):
    """A form as it would be published. Nothing was stored."""

    file = fields.String()
    state = fields.String(metadata={"enum": ["refused", "new", "next", "same"]})
    problems = fields.List(fields.Nested(FormProblemSchema))
    warnings = fields.List(fields.Nested(FormProblemSchema))
    definition = fields.Dict(
        allow_none=True, metadata={"description": "`FormDefinition` of types.ts, to be tried"}
    )
    hash = fields.String(metadata={"description": "Send it along to publish what was tried"})
    against = fields.String(metadata={"description": "Version in use; blank if there is none"})
    changes = fields.List(fields.Nested(FormChangeSchema))
    orphans = fields.List(fields.Nested(OrphanSchema))


class TrialsSchema(Schema):
    """Every form of an upload; `problems` are those of the upload itself."""

    problems = fields.List(fields.Nested(FormProblemSchema))
    trials = fields.List(fields.Nested(TrialSchema))


class UploadedFileSchema(Schema):
    """A file as its author has it."""

    name = fields.String(required=True, validate=validate.Length(1, 200))
    content = fields.String(required=True, metadata={"description": "base64"})


class UploadSchema(Schema):
    """Forms with the files that come with them, loose or in a zip."""

    program = fields.String(required=True, validate=validate.Length(1, 100))
    files = fields.List(
        fields.Nested(UploadedFileSchema), required=True, validate=validate.Length(1, 100)
    )


class PublishSchema(UploadSchema):
    """The same upload again, and which of its forms is to be published as it was tried."""

    file = fields.String(required=True)
    hash = fields.String(required=True)


class PublishedSchema(Schema):
    """What was published."""

    id = fields.String()
    version = fields.String()
    program = fields.String()


class FormVersionSchema(Schema):
    """A version of a form. `published_by` is blank for the command line."""

    version = fields.String()
    current = fields.Boolean()
    published_at = fields.String()
    published_by = fields.String()
    visits = fields.Integer()
    file = fields.String(metadata={"description": "What its source is called when downloaded"})


class FormInUseSchema(Schema):
    """A form with all its versions. `phones_behind`: of the `phones` that sent visits with it,
    those whose latest one was in an older version.
    """

    id = fields.String()
    program = fields.String()
    scope = fields.String()
    title = fields.List(fields.String())
    langs = fields.List(fields.String())
    phones = fields.Integer()
    phones_behind = fields.Integer()
    versions = fields.List(fields.Nested(FormVersionSchema))


class ProgramChoiceSchema(Schema):
    """A program a form may belong to."""

    id = fields.String()
    scope = fields.String()
    title = fields.String()


class FormsInUseSchema(Schema):
    """What an administrator of forms sees first."""

    programs = fields.List(fields.Nested(ProgramChoiceSchema))
    forms = fields.List(fields.Nested(FormInUseSchema))
