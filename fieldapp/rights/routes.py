"""HTTP of the rights desk. No name and no number is ever part of an address."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts import access
from fieldapp.accounts.service import current_principal, roles_allowed

from . import service
from .report import report_for
from .schemas import (
    AskSchema,
    CorrectSchema,
    EraseSchema,
    ErasureSchema,
    FindSchema,
    FoundSchema,
    PreviewSchema,
    RefuseSchema,
    ReportSchema,
    RequestSchema,
    RequestsQuerySchema,
)

blueprint = Blueprint(
    "rights", __name__, url_prefix="/api/rights", description="The rights desk: people's own data"
)
DESK = [r for r in access.ROLES if any(access.works_rights(r, s) for s in access.SCOPES)]
REVIEWERS = [r for r in access.ROLES if any(access.may_review(r, s) for s in access.SCOPES)]
OFFICE = list(dict.fromkeys((*DESK, *REVIEWERS)))


@blueprint.route("/find")
class Find(MethodView):
    """People."""

    @roles_allowed(*OFFICE)
    @blueprint.arguments(FindSchema)
    @blueprint.response(200, FoundSchema(many=True))
    def post(self, wish: dict[str, Any]) -> list[dict[str, str]]:
        """People of the caller's areas by name or number"""
        return service.find(current_principal(), wish["scope"], wish["text"])


@blueprint.route("/requests")
class Requests(MethodView):
    """What people asked for."""

    @roles_allowed(*OFFICE)
    @blueprint.arguments(RequestsQuerySchema, location="query")
    @blueprint.response(200, RequestSchema(many=True))
    def get(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Requests of the caller's areas, the first due first; noted"""
        return service.page(current_principal(), query["state"])

    @roles_allowed(*OFFICE)
    @blueprint.arguments(AskSchema)
    @blueprint.response(200, RequestSchema)
    def post(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Write a request down; 15 working days from the day it was asked"""
        asked = wish["asked"].isoformat() if wish["asked"] else None
        return service.ask(current_principal(), wish["kind"], wish["subject"], asked)


@blueprint.route("/requests/<request_id>")
class Request(MethodView):
    """One request."""

    @roles_allowed(*OFFICE)
    @blueprint.response(200, RequestSchema)
    def get(self, request_id: str) -> dict[str, Any]:
        """One request, with what the caller may do about it; noted"""
        return service.opened(current_principal(), request_id)


@blueprint.route("/requests/<request_id>/report")
class Report(MethodView):
    """What is held."""

    @roles_allowed(*OFFICE)
    @blueprint.response(200, ReportSchema)
    def get(self, request_id: str) -> dict[str, Any]:
        """Everything held about the person, as far as the caller may see it; noted"""
        return report_for(current_principal(), request_id)


@blueprint.route("/requests/<request_id>/handed-over")
class HandedOver(MethodView):
    """The end of a request for access."""

    @roles_allowed(*DESK, *REVIEWERS)
    @blueprint.response(200, RequestSchema)
    def post(self, request_id: str) -> dict[str, Any]:
        """The report was given to the person"""
        return service.hand_over(current_principal(), request_id)


@blueprint.route("/requests/<request_id>/refusal")
class Refusal(MethodView):
    """A request that isn't done."""

    @roles_allowed(*DESK)
    @blueprint.arguments(RefuseSchema)
    @blueprint.response(200, RequestSchema)
    def post(self, wish: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Say why not"""
        return service.refuse(current_principal(), request_id, wish["why"])


@blueprint.route("/requests/<request_id>/correction")
class Correction(MethodView):
    """A value put right."""

    @roles_allowed(*REVIEWERS)
    @blueprint.arguments(CorrectSchema)
    @blueprint.response(200, RequestSchema)
    def post(self, wish: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Let another value stand; those before stay in the history"""
        return service.correct(current_principal(), request_id, **wish)


@blueprint.route("/requests/<request_id>/corrected")
class Corrected(MethodView):
    """The end of a request for correction."""

    @roles_allowed(*REVIEWERS)
    @blueprint.response(200, RequestSchema)
    def post(self, request_id: str) -> dict[str, Any]:
        """All that was asked is corrected"""
        return service.corrected(current_principal(), request_id)


@blueprint.route("/requests/<request_id>/withdrawal")
class Withdrawal(MethodView):
    """Consent taken back."""

    @roles_allowed(*OFFICE)
    @blueprint.response(200, RequestSchema)
    def post(self, request_id: str) -> dict[str, Any]:
        """Take back all consent, as the phone would: tasks stop at once"""
        return service.withdraw(current_principal(), request_id)


@blueprint.route("/requests/<request_id>/erasure")
class Erasure(MethodView):
    """A deletion, in two steps."""

    @roles_allowed(*DESK)
    @blueprint.response(200, PreviewSchema)
    def get(self, request_id: str) -> dict[str, Any]:
        """What would be erased; noted, and changes nothing"""
        return service.preview(current_principal(), request_id)

    @roles_allowed(*DESK)
    @blueprint.arguments(EraseSchema)
    @blueprint.response(200, ErasureSchema)
    def post(self, wish: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Erase what was previewed, for good"""
        return service.erase(current_principal(), request_id, **wish)


@blueprint.route("/erasures")
class Erasures(MethodView):
    """What was erased."""

    @roles_allowed(*DESK)
    @blueprint.response(200, ErasureSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """Every erasure of the caller's areas, the latest first"""
        return service.certificates(current_principal())


@blueprint.route("/erasures/<erasure_id>")
class Certificate(MethodView):
    """How far one has come."""

    @roles_allowed(*DESK)
    @blueprint.response(200, ErasureSchema)
    def get(self, erasure_id: str) -> dict[str, Any]:
        """What was cleared, and which phones have not answered yet"""
        return service.certificate(current_principal(), erasure_id)
