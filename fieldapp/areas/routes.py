"""HTTP of the area tree."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts.service import current_principal, login_required, my_areas, roles_allowed
from fieldapp.db import write_transaction
from fieldapp.problems import LANGS, abort_with, language

from . import service
from .models import Area
from .schemas import AreaSchema, ClinicSchema

blueprint = Blueprint(
    "areas", __name__, url_prefix="/api/areas", description="Districts, towns, villages"
)


@blueprint.route("")
class Areas(MethodView):
    """The tree."""

    @login_required
    @blueprint.response(200, AreaSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """The areas granted to the caller and those above them; an administrator sees all"""
        principal = current_principal()
        return [_shown(area, LANGS[language()]) for area in my_areas(principal)]

    @roles_allowed("admin")
    @blueprint.arguments(AreaSchema)
    @blueprint.response(200, AreaSchema)
    def put(self, area: dict[str, Any]) -> dict[str, Any]:
        """Add an area, or rename it"""
        try:
            with write_transaction():
                return _shown(service.put_area(**area), LANGS[language()])
        except service.AreaError as error:
            abort_with("invalid_fields", [{"path": error.field, "message": str(error)}])


@blueprint.route("/<code>/clinic")
class Clinic(MethodView):
    """The clinic of an area."""

    @roles_allowed("admin")
    @blueprint.arguments(ClinicSchema)
    @blueprint.response(200, AreaSchema)
    def put(self, clinic: dict[str, str], code: str) -> dict[str, Any]:
        """Name it, or take it away; those of areas below that have none are served by it too"""
        if service.get(code) is None:
            abort_with("not_found")
        try:
            with write_transaction():
                area = service.set_clinic(code, clinic["name"].strip(), clinic["phone"].strip())
                return _shown(area, LANGS[language()])
        except service.AreaError:
            abort_with("clinic_unfit")


def _shown(area: Area, lang: str) -> dict[str, Any]:
    columns = ("code", "name_zh", "name_en", "level", "parent", "clinic", "clinic_phone")
    return {"name": area.name(lang), **{column: getattr(area, column) for column in columns}}
