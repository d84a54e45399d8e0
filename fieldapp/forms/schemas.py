"""What forms and programs say over HTTP. Their content is that of docs/form-definition.md and
types.ts.
"""

from marshmallow import Schema, fields, validate


class ConsentNeedSchema(Schema):
    """The consent a form needs."""

    scope = fields.String(metadata={"description": "Of the consent"})
    person = fields.String(metadata={"description": "Path of the question that says whose"})
    children = fields.Boolean(metadata={"description": "Whether anybody under 14 is served"})


class FormRefSchema(Schema):
    """A form that may be filled now."""

    id = fields.String()
    version = fields.String()
    program = fields.String()
    scope = fields.String(metadata={"enum": ["health", "housing"]})
    title = fields.List(fields.String(), metadata={"description": "In the order of langs"})
    langs = fields.List(fields.String())
    consent = fields.Nested(ConsentNeedSchema, metadata={"description": "Absent: none is needed"})


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

    code = fields.String(required=True)
    sheet = fields.String(
        metadata={"description": "Blank if it concerns the whole file"}, required=True
    )
    row = fields.Integer(
        allow_none=True, metadata={"description": "From 1, the headings' row"}, required=True
    )
    column = fields.String(metadata={"description": "As the author spelled it"}, required=True)
    question = fields.String(required=True)
    message = fields.String(required=True)
    remedy = fields.String(required=True)


class FormChangeSchema(Schema):
    """A question that differs from the version in use; see forms/diff.py."""

    kind = fields.String(required=True)
    path = fields.String(required=True)
    name = fields.String(required=True)
    label = fields.List(fields.String(), required=True)
    was = fields.String(required=True)
    now = fields.String(required=True)


class OrphanSchema(Schema):
    """Stored values that the new version writes no more. They stay where they are."""

    list = fields.String(required=True)
    property = fields.String(required=True)
    label = fields.String(required=True)
    values = fields.Integer(required=True)


class TrialSchema(Schema):
    """A form as it would be published. Nothing was stored."""

    file = fields.String(required=True)
    state = fields.String(metadata={"enum": ["refused", "new", "next", "same"]}, required=True)
    problems = fields.List(fields.Nested(FormProblemSchema), required=True)
    warnings = fields.List(fields.Nested(FormProblemSchema), required=True)
    definition = fields.Dict(
        allow_none=True,
        metadata={"description": "`FormDefinition` of types.ts, to be tried"},
        required=True,
    )
    hash = fields.String(
        metadata={"description": "Send it along to publish what was tried"}, required=True
    )
    against = fields.String(
        metadata={"description": "Version in use; blank if there is none"}, required=True
    )
    changes = fields.List(fields.Nested(FormChangeSchema), required=True)
    orphans = fields.List(fields.Nested(OrphanSchema), required=True)
    tables = fields.Dict(
        metadata={"description": "Lists that come with it: `{columns, rows}`"}, required=True
    )
    media = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Pictures and sounds in base64, by SHA-256"},
        required=True,
    )
    odk = fields.String(
        metadata={
            "enum": ["valid", "late", "absent", ""],
            "description": "What ODK Validate says; absent: there is no Java. Blank: not asked",
        },
        required=True,
    )


class TrialsSchema(Schema):
    """Every form of an upload; `problems` are those of the upload itself."""

    problems = fields.List(fields.Nested(FormProblemSchema), required=True)
    trials = fields.List(fields.Nested(TrialSchema), required=True)
    programs = fields.List(
        fields.Dict(),
        metadata={"description": "`Program[]` of types.ts, to try the forms with"},
        required=True,
    )


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

    id = fields.String(required=True)
    version = fields.String(required=True)
    program = fields.String(required=True)


class FormVersionSchema(Schema):
    """A version of a form. `published_by` is blank for the command line."""

    version = fields.String(required=True)
    current = fields.Boolean(required=True)
    published_at = fields.String(required=True)
    published_by = fields.String(required=True)
    visits = fields.Integer(required=True)
    file = fields.String(
        metadata={"description": "What its source is called when downloaded"}, required=True
    )


class FormInUseSchema(Schema):
    """A form with all its versions. `phones_behind`: of the `phones` that sent visits with it,
    those whose latest one was in an older version.
    """

    id = fields.String(required=True)
    program = fields.String(required=True)
    scope = fields.String(required=True)
    title = fields.List(fields.String(), required=True)
    langs = fields.List(fields.String(), required=True)
    phones = fields.Integer(required=True)
    phones_behind = fields.Integer(required=True)
    versions = fields.List(fields.Nested(FormVersionSchema), required=True)


class ProgramChoiceSchema(Schema):
    """A program a form may belong to."""

    id = fields.String(required=True)
    scope = fields.String(required=True)
    title = fields.String(required=True)


class FormsInUseSchema(Schema):
    """What an administrator of forms sees first."""

    programs = fields.List(fields.Nested(ProgramChoiceSchema), required=True)
    forms = fields.List(fields.Nested(FormInUseSchema), required=True)
