"""HTTP of the catalogue and of published forms."""

from typing import Any

from flask import Response, make_response
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts.service import current_principal, login_required
from fieldapp.problems import abort_with

from . import service
from .schemas import CatalogueSchema, FormDefinitionSchema

catalogue = Blueprint(
    "catalogue", __name__, url_prefix="/api/catalogue", description="Programs and current forms"
)
forms = Blueprint("forms", __name__, url_prefix="/api/forms", description="Published forms")

FOREVER = "private, max-age=31536000, immutable"


@catalogue.route("")
class Catalogue(MethodView):
    """What the caller's role works with."""

    @login_required
    @catalogue.response(200, CatalogueSchema)
    def get(self) -> dict[str, Any]:
        """The programs the caller may see and the forms they may fill"""
        return service.catalogue(current_principal())


@forms.route("/<string:form_id>/<string:version>")
class Form(MethodView):
    """One version of a form."""

    @login_required
    @forms.alt_response(404, description="No such version, or of a scope that isn't the caller's")
    @forms.response(200, FormDefinitionSchema)
    def get(self, form_id: str, version: str) -> Response:
        """A compiled form; a version never changes, so it may be kept for ever"""
        row = service.form_version(form_id, version)
        if row is None or not service.may_read(current_principal(), row):
            abort_with("not_found")
        answer = make_response(row.definition)
        answer.content_type = "application/json"
        answer.headers["Cache-Control"] = FOREVER
        answer.set_etag(row.hash)
        return answer
