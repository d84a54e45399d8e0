"""HTTP of the access log. No name is ever part of an address."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts import access
from fieldapp.accounts.service import current_principal, roles_allowed

from . import desk
from .schemas import ChainSchema, LogPageSchema, LogPlaceSchema, LogSchema, PersonLogSchema

blueprint = Blueprint(
    "access_log", __name__, url_prefix="/api/access-log", description="Who read and wrote what"
)
READERS = [r for r in access.ROLES if access.may_read_access_log(r)]
KEEPERS = [r for r in READERS if access.may_administer(r)]
DESK = [r for r in READERS if any(access.works_rights(r, s) for s in access.SCOPES)]


@blueprint.route("")
class Logs(MethodView):
    """Which logs there are."""

    @roles_allowed(*READERS)
    @blueprint.response(200, LogPlaceSchema(many=True))
    def get(self) -> list[dict[str, str]]:
        """Villages and scopes whose log the caller may read"""
        return desk.logs(current_principal())


@blueprint.route("/areas/<area>/<scope>")
class AreaLog(MethodView):
    """The log of a village."""

    @roles_allowed(*READERS)
    @blueprint.arguments(LogPageSchema, location="query")
    @blueprint.response(200, LogSchema)
    def get(self, query: dict[str, Any], area: str, scope: str) -> dict[str, Any]:
        """Who read and wrote what kind of data of a village, in one scope; noted"""
        return desk.page(current_principal(), area, scope, **query)


@blueprint.route("/chains/<area>")
class AreaChain(MethodView):
    """Whether it is whole."""

    @roles_allowed(*READERS)
    @blueprint.response(200, ChainSchema)
    def get(self, area: str) -> dict[str, Any]:
        """Check every row of a village's log"""
        return desk.state(current_principal(), area)


@blueprint.route("/people/<path:subject>")  # a lessor is `<dwelling>/lessor`
class PersonLog(MethodView):
    """The log of a person."""

    @roles_allowed(*DESK)
    @blueprint.response(200, PersonLogSchema)
    def get(self, subject: str) -> dict[str, Any]:
        """Who wrote, opened or received what of somebody; noted"""
        return desk.person(current_principal(), subject)


@blueprint.route("/server")
class ServerLog(MethodView):
    """What belongs to no village."""

    @roles_allowed(*KEEPERS)
    @blueprint.arguments(LogPageSchema, location="query")
    @blueprint.response(200, LogSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Log-ins and changes of accounts; noted"""
        return desk.server(query["page"], current_principal(), query["until"])


@blueprint.route("/server/chain")
class ServerChain(MethodView):
    """Whether that is whole."""

    @roles_allowed(*KEEPERS)
    @blueprint.response(200, ChainSchema)
    def get(self) -> dict[str, Any]:
        """Check every row of it"""
        return desk.state(current_principal(), None)
