"""Every blueprint of the API in one auditable list, with the kind of caller each one admits."""

from collections.abc import Iterator
from threading import RLock
from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema, fields


class ProblemSchema(Schema):
    """The one shape of every answer that isn't a success (RFC 9457, `application/problem+json`)."""

    type = fields.String(metadata={"description": "Stable URN of the problem"})
    title = fields.String()
    status = fields.Integer()
    code = fields.String(metadata={"description": "Key of the catalogue of problems"})
    detail = fields.String(metadata={"description": "What to do, in the reader's language"})
    fields_ = fields.List(
        fields.Dict(),
        data_key="fields",
        metadata={"description": "For bad input: `[{path, message}]`"},
    )


class ProblemApi(Api):
    """flask-smorest with our error shape: `fieldapp.problems` answers, not its own handlers.

    The OpenAPI document is written when somebody first asks for it: that is most of what starting
    would cost, and a server that visits are sent to never needs it.
    """

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        self._undescribed: list[Blueprint] = []
        self._describing = RLock()
        super().__init__(app)

    def register_blueprint(self, blp: Blueprint) -> None:
        """Mount it; it is described later."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._undescribed.append(blp)

    @property
    def spec(self) -> Any:
        """The document, with everything that was mounted."""
        with self._describing:
            waiting, self._undescribed = self._undescribed, []
            for blp in waiting:
                blp.register_views_in_doc(
                    self, self._app, self._spec, name=blp.name, parameters=None
                )
                self._spec.tag({"name": blp.name, "description": blp.description})
        return self._spec

    @spec.setter
    def spec(self, made: Any) -> None:
        self._spec = made

    def _register_error_handlers(self) -> None:
        return None


def register_blueprints(app: Flask) -> None:
    """Mount the API under /api and the single-page app at /."""
    api = ProblemApi(app)
    for blueprint in _api_blueprints():
        api.register_blueprint(blueprint)
    from .apidocs import blueprint as readable
    from .web import blueprint as web

    app.register_blueprint(readable)
    app.register_blueprint(web)


def _api_blueprints() -> Iterator[Blueprint]:
    """Imported late: routes need the extensions of the app that is being made."""
    from .accounts import factor_routes as factors
    from .accounts import routes as accounts
    from .accounts import training_routes as trainings
    from .areas import routes as areas
    from .attachments import routes as attachments
    from .audit.routes import blueprint as access_log
    from .devices import routes as devices
    from .forms import routes as forms
    from .forms.desk_routes import blueprint as form_desk
    from .glass.routes import blueprint as emergency
    from .health import blueprint as health
    from .review.routes import blueprint as review
    from .rights.routes import blueprint as rights
    from .sync import routes as sync

    yield health  # anybody
    yield accounts.session  # anybody: log in, who am I
    yield factors.own  # logged in: own sessions, password and second factor
    yield trainings.users  # administrators (with `factors`: one blueprint, more routes)
    yield forms.catalogue  # logged in: programs and forms of the own role
    yield forms.forms  # logged in: forms of scopes one reads
    yield form_desk  # administrators: try, publish, keep forms
    yield areas.blueprint  # logged in; changes: administrators
    yield devices.blueprint  # logged in: own devices; administrators: all
    yield devices.enrolment  # logged in, roles that carry a phone
    yield sync.blueprint  # signed by a phone; pull, manifest, fetch: and logged in
    yield attachments.blueprint  # signed by a phone
    yield review  # reviewers and stewards: their scopes and areas
    yield rights  # stewards, and reviewers: people's requests of their scopes and areas
    yield emergency  # nurses: one record elsewhere; nurses and stewards: judge it, in their areas
    yield access_log  # stewards: of their scopes and areas; administrators: of no person
