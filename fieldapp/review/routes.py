"""HTTP of the review desk."""

from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts import access
from fieldapp.accounts.service import current_principal, roles_allowed
from fieldapp.attachments.sniff import UNKNOWN

from . import aside, conflicts, decisions, files, issues, phones, queue, visits
from .reader import Reader
from .schemas import (
    ConflictSchema,
    ConflictsSchema,
    DecisionSchema,
    IssueRowSchema,
    IssuesQuerySchema,
    IssuesSchema,
    KeptSchema,
    MoveSchema,
    OpenIssueSchema,
    PageQuerySchema,
    PhoneSchema,
    QuarantinedSchema,
    QueueQuerySchema,
    QueueSchema,
    ReleaseSchema,
    RepairSchema,
    SettledSchema,
    SettlementSchema,
    SummarySchema,
    VisitSchema,
)

blueprint = Blueprint(
    "review", __name__, url_prefix="/api/review", description="The review desk: decide and settle"
)
OVERSEERS = [r for r in access.ROLES if any(access.may_oversee(r, s) for s in access.SCOPES)]
SETTLERS = [r for r in access.ROLES if any("U" in access.issue_acts(r, s) for s in access.SCOPES)]
OPENERS = [r for r in access.ROLES if any("C" in access.issue_acts(r, s) for s in access.SCOPES)]
REVIEWERS = [r for r in access.ROLES if any(access.may_review(r, s) for s in access.SCOPES)]


@blueprint.route("/summary")
class Summary(MethodView):
    """How much waits."""

    @roles_allowed(*OVERSEERS)
    @blueprint.response(200, SummarySchema)
    def get(self) -> dict[str, Any]:
        """Count what waits for the caller"""
        return queue.summary(current_principal())


@blueprint.route("/visits")
class Visits(MethodView):
    """The queue."""

    @roles_allowed(*OVERSEERS)
    @blueprint.arguments(QueueQuerySchema, location="query")
    @blueprint.response(200, QueueSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Visits of the caller's areas, the most urgent first; noted"""
        return queue.page(current_principal(), **query)


@blueprint.route("/visits/<visit_id>")
class Visit(MethodView):
    """One visit."""

    @roles_allowed(*OVERSEERS)
    @blueprint.response(200, VisitSchema)
    def get(self, visit_id: str) -> dict[str, Any]:
        """The visit as its form reads, beside what it changed"""
        return visits.whole(current_principal(), visit_id)


@blueprint.route("/visits/<visit_id>/files/<name>")
class VisitFile(MethodView):
    """A photo, sound or file of a visit."""

    @roles_allowed(*OVERSEERS)
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type=UNKNOWN)
    def get(self, visit_id: str, name: str) -> Response:
        """An attachment that the caller sees among the answers"""
        data, mime = visits.file(current_principal(), visit_id, name)
        return files.answer(data, mime, name)


@blueprint.route("/visits/<visit_id>/decision")
class Decision(MethodView):
    """A reviewer's word on a visit."""

    @roles_allowed(*REVIEWERS)
    @blueprint.arguments(DecisionSchema)
    @blueprint.response(200, VisitSchema)
    def post(self, decision: dict[str, Any], visit_id: str) -> dict[str, Any]:
        """Approve, return with notes, or reject"""
        principal = current_principal()
        decisions.decide(principal, visit_id, **decision)
        return visits.whole(principal, visit_id)


@blueprint.route("/visits/<visit_id>/issues")
class VisitIssues(MethodView):
    """Issues people open."""

    @roles_allowed(*OPENERS)
    @blueprint.arguments(OpenIssueSchema)
    @blueprint.response(200, VisitSchema)
    def post(self, wish: dict[str, Any], visit_id: str) -> dict[str, Any]:
        """Open a quality issue about a visit, for a reason of the list"""
        principal = current_principal()
        visits.open_issue(principal, visit_id, **wish)
        return visits.whole(principal, visit_id)


@blueprint.route("/issues")
class Issues(MethodView):
    """Quality issues."""

    @roles_allowed(*OVERSEERS)
    @blueprint.arguments(IssuesQuerySchema, location="query")
    @blueprint.response(200, IssuesSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Issues of the caller's areas, what blocks first, then what is due first; noted"""
        return issues.page(Reader(current_principal()), **query)


@blueprint.route("/issues/<issue_id>")
class Issue(MethodView):
    """One quality issue."""

    @roles_allowed(*SETTLERS)
    @blueprint.arguments(MoveSchema)
    @blueprint.response(200, IssueRowSchema)
    def post(self, move: dict[str, Any], issue_id: str) -> dict[str, Any]:
        """Assign, fix, verify, close or reopen; nobody verifies what they fixed"""
        return issues.move(Reader(current_principal()), issue_id, **move)


@blueprint.route("/conflicts")
class Conflicts(MethodView):
    """Registers in which different values stand."""

    @roles_allowed(*OVERSEERS)
    @blueprint.arguments(PageQuerySchema, location="query")
    @blueprint.response(200, ConflictsSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Conflicts of the caller's areas, the oldest first; noted"""
        return conflicts.page(current_principal(), **query)


@blueprint.route("/conflicts/<entity>/<value>")
class Conflict(MethodView):
    """One conflict."""

    @roles_allowed(*OVERSEERS)
    @blueprint.response(200, ConflictSchema)
    def get(self, entity: str, value: str) -> dict[str, Any]:
        """Every standing value with its author, and the history of the register"""
        return conflicts.whole(current_principal(), entity, value)


@blueprint.route("/conflicts/<entity>/<value>/settlement")
class Settlement(MethodView):
    """The end of a conflict."""

    @roles_allowed(*REVIEWERS)
    @blueprint.arguments(SettlementSchema)
    @blueprint.response(200, SettledSchema)
    def post(self, settlement: dict[str, Any], entity: str, value: str) -> dict[str, str]:
        """Choose one of the values or enter another"""
        return {"id": decisions.settle(current_principal(), entity, value, **settlement)}


@blueprint.route("/quarantine")
class Quarantine(MethodView):
    """Submissions kept aside."""

    @roles_allowed(*OVERSEERS, "admin")
    @blueprint.response(200, QuarantinedSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """Who sent what could not be applied, when, and why; the latest first; noted"""
        return queue.quarantined(current_principal())


@blueprint.route("/phones")
class Phones(MethodView):
    """Phones and how their work arrives."""

    @roles_allowed(*OVERSEERS, "admin")
    @blueprint.response(200, PhoneSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """Per phone: waiting, stored, safe, kept aside; silence, gaps, repairs, old forms"""
        return phones.page(current_principal())


@blueprint.route("/quarantine/<item>")
class Kept(MethodView):
    """One submission kept aside."""

    @roles_allowed(*OVERSEERS, "admin")
    @blueprint.response(200, KeptSchema)
    def get(self, item: str) -> dict[str, Any]:
        """What it says as far as the caller may see it, and what was decided about it"""
        return aside.whole(current_principal(), item)


@blueprint.route("/quarantine/<item>/release")
class Release(MethodView):
    """The end of a quarantine."""

    @roles_allowed(*REVIEWERS, "admin")
    @blueprint.arguments(ReleaseSchema)
    @blueprint.response(200, KeptSchema)
    def post(self, wish: dict[str, Any], item: str) -> dict[str, Any]:
        """Let it in as it is, with the caller's areas beside its author's; the reason is kept"""
        return aside.release(current_principal(), item, wish["reason"])


@blueprint.route("/quarantine/<item>/repair")
class Repair(MethodView):
    """The end of a quarantine, put right."""

    @roles_allowed(*REVIEWERS)
    @blueprint.arguments(RepairSchema)
    @blueprint.response(200, KeptSchema)
    def post(self, wish: dict[str, Any], item: str) -> dict[str, Any]:
        """Let it in with answers, village or version put right; what came is kept as it is"""
        return aside.repair(current_principal(), item, **wish)
