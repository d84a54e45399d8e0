"""HTTP of the catalogue and of published forms."""

import gzip
from typing import Any

from flask import Response, make_response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts.service import current_principal, login_required
from fieldapp.problems import abort_with

from . import service
from .files import TABLE
from .models import FormVersion
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
        row = _readable(form_id, version)
        answer = make_response(row.definition)
        answer.content_type = "application/json"
        answer.headers["Cache-Control"] = FOREVER
        answer.set_etag(row.hash)
        return answer


@forms.route("/<string:form_id>/<string:version>/files/<string:sha>")
class FormFile(MethodView):
    """A picture, sound or list that belongs to a form."""

    @login_required
    @forms.alt_response(404, description="No such file, or of a scope that isn't the caller's")
    @forms.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
    def get(self, form_id: str, version: str, sha: str) -> Response:
        """A file by the SHA-256 of its bytes, as the form's `files` names it; it never changes"""
        file = service.form_file(_readable(form_id, version), sha)
        if file is None:
            abort_with("not_found")
        answer = make_response(file.content)
        answer.content_type = file.type
        if file.type == TABLE and request.accept_encodings.quality("gzip") > 0:
            answer.set_data(gzip.compress(file.content))
            answer.headers["Content-Encoding"] = "gzip"
            answer.vary.add("Accept-Encoding")
        answer.headers["Cache-Control"] = FOREVER
        answer.set_etag(file.sha)
        return answer


def _readable(form_id: str, version: str) -> FormVersion:
    """A version that the caller may read; otherwise there is none."""
    row = service.form_version(form_id, version)
    if row is None or not service.may_read(current_principal(), row):
        abort_with("not_found")
    return row
