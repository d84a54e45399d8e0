"""HTTP of emergency looks. No name, no number and no reason is ever part of an address."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts import access
from fieldapp.accounts.limits import limiter, person_of_request
from fieldapp.accounts.service import current_principal, roles_allowed

from . import rules, service
from .record import record
from .schemas import (
    EmergencyLookSchema,
    EmergencyMatchesSchema,
    EmergencyReasonSchema,
    EmergencySearchSchema,
    EmergencyVerdictSchema,
    LentSchema,
)

blueprint = Blueprint(
    "emergency", __name__, url_prefix="/api/emergency", description="One record, in an emergency"
)
LOOKERS = [role for role in access.ROLES if access.looks_in_emergencies(role)]
JUDGES = [role for role in access.ROLES if access.judges_emergencies(role)]


@blueprint.route("/search")
class Search(MethodView):
    """Somebody outside of one's areas."""

    decorators = [limiter.limit(rules.SEARCHES, key_func=person_of_request)]

    @roles_allowed(*LOOKERS)
    @blueprint.arguments(EmergencySearchSchema)
    @blueprint.response(200, EmergencyMatchesSchema)
    def post(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Who bears exactly this name, and this day of birth or number; noted, found or not"""
        return {"matches": service.search(current_principal(), **wish)}


@blueprint.route("/looks")
class Looks(MethodView):
    """What was looked at."""

    @roles_allowed(*LOOKERS, *JUDGES)
    @blueprint.response(200, EmergencyLookSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """The caller's own looks and those they judge, what waits longest first"""
        return service.page(current_principal())


@blueprint.route("/looks/<look_id>/opening")
class Opening(MethodView):
    """The grant."""

    @roles_allowed(*LOOKERS)
    @blueprint.arguments(EmergencyReasonSchema)
    @blueprint.response(200, EmergencyLookSchema)
    def post(self, wish: dict[str, str], look_id: str) -> dict[str, Any]:
        """Open the record of whom was found, for an hour, and say why"""
        return service.begin(current_principal(), look_id, wish["reason"])


@blueprint.route("/looks/<look_id>/record")
class Record(MethodView):
    """What is lent."""

    @roles_allowed(*LOOKERS)
    @blueprint.response(200, LentSchema)
    def get(self, look_id: str) -> dict[str, Any]:
        """The record, while the caller's look is open; noted"""
        return record(current_principal(), look_id)


@blueprint.route("/looks/<look_id>/verdict")
class Verdict(MethodView):
    """The judgement."""

    @roles_allowed(*JUDGES)
    @blueprint.arguments(EmergencyVerdictSchema)
    @blueprint.response(200, EmergencyLookSchema)
    def post(self, wish: dict[str, str], look_id: str) -> dict[str, Any]:
        """Justified or not, by who is in charge of the area and did not look"""
        return service.judge(current_principal(), look_id, wish["verdict"], wish["note"])
