"""What forms and programs say over HTTP. Their content is that of docs/form-definition.md and
types.ts.
"""

from marshmallow import Schema, fields


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
    actions = fields.List(fields.Dict())
    entities = fields.List(fields.Dict())
    date = fields.Integer()
