"""HTTP of an administrator's work with forms: what is in use, trying, publishing, the sources."""

import base64
import binascii
from dataclasses import asdict
from typing import Any

from flask import Response, make_response
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp.accounts.limits import limiter
from fieldapp.accounts.service import current_principal, roles_allowed, signed_in
from fieldapp.problems import LANGS, abort_with, language
from fieldapp.programs.service import AUDIENCES, load_programs, public_json

from . import desk, service
from .bundle import unpack
from .problems import FormError, FormProblem
from .schemas import FormsInUseSchema, PublishedSchema, PublishSchema, TrialsSchema, UploadSchema

PLAIN = ("file", "state", "definition", "hash", "against", "tables", "media", "odk")
PER_PERSON = "60 per hour"

blueprint = Blueprint("form-desk", __name__, url_prefix="/api/forms", description="Keeping forms")


def person_of_request() -> str:
    """Whose request it is, so that one person's trials don't use up another's."""
    principal = signed_in()
    return f"forms:{principal.user_id if principal else ''}"


@blueprint.route("")
class Forms(MethodView):
    """The forms there are."""

    @roles_allowed("admin")
    @blueprint.response(200, FormsInUseSchema)
    def get(self) -> dict[str, Any]:
        """Every form with its versions, who published them, and how far phones have followed"""
        lang = LANGS[language()]
        programs = [
            {"id": p.id, "scope": p.scope, "title": p.title[lang]} for p in load_programs().all
        ]
        return {"programs": programs, "forms": desk.in_use()}


@blueprint.route("/check")
class Check(MethodView):
    """Trying forms."""

    decorators = [limiter.limit(PER_PERSON, key_func=person_of_request)]

    @roles_allowed("admin")
    @blueprint.arguments(UploadSchema)
    @blueprint.response(200, TrialsSchema)
    def post(self, upload: dict[str, Any]) -> dict[str, Any]:
        """What is wrong with the uploaded forms, or what they would change; stores nothing"""
        lang = LANGS[language()]
        try:
            forms = unpack(_contents(upload["files"]))
        except FormError as error:
            told = [_told(p, lang) for p in error.problems]
            return {"problems": told, "trials": [], "programs": []}
        tried = (desk.attempt(name, source, upload["program"]) for name, source in forms)
        trials = [_trial(each, lang) for each in tried]
        return {"problems": [], "trials": trials, "programs": _programs(upload["program"])}


@blueprint.route("/publish")
class Publish(MethodView):
    """Publishing a form."""

    decorators = [limiter.limit(PER_PERSON, key_func=person_of_request)]

    @roles_allowed("admin")
    @blueprint.arguments(PublishSchema)
    @blueprint.response(200, PublishedSchema)
    def post(self, upload: dict[str, Any]) -> dict[str, Any]:
        """Publish a form exactly as it was tried; phones take it at their next sync"""
        try:
            sources = dict(unpack(_contents(upload["files"])))
            if upload["file"] not in sources:
                abort_with("conflict_moved")
            source, author = sources[upload["file"]], current_principal().user_id
            row = desk.publish(source, upload["program"], upload["hash"], author)
        except FormError as error:
            lang = LANGS[language()]
            found = [{"path": p.place(lang), "message": p.text(lang)} for p in error.problems]
            abort_with("form_refused", found)
        return {"id": row.form_id, "version": row.version, "program": row.program}


@blueprint.route("/<string:form_id>/<string:version>/source")
class Source(MethodView):
    """The author's file of a version."""

    @roles_allowed("admin")
    @blueprint.alt_response(404, description="No such version")
    @blueprint.response(
        200, {"type": "string", "format": "binary"}, content_type="application/octet-stream"
    )
    def get(self, form_id: str, version: str) -> Response:
        """The file as it was uploaded"""
        row = service.form_version(form_id, version)
        if row is None:
            abort_with("not_found")
        answer = make_response(desk.origin_of(row))
        answer.content_type = "application/octet-stream"
        answer.headers.set("Content-Disposition", "attachment", filename=desk.file_name(row))
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _contents(files: list[dict[str, str]]) -> list[tuple[str, bytes]]:
    try:
        return [(each["name"], base64.b64decode(each["content"], validate=True)) for each in files]
    except (binascii.Error, ValueError):
        abort_with("invalid_fields", [{"path": "files/content", "message": "base64"}])


def _programs(program: str) -> list[dict[str, Any]]:
    """What a phone knows of the programs of a form's scope; no record is in it."""
    home = load_programs().get(program)
    return public_json(load_programs(), AUDIENCES[home.scope]) if home else []


def _told(problem: FormProblem, lang: str) -> dict[str, Any]:
    keys = ("code", "sheet", "row", "column", "question")
    said = {"message": problem.message(lang), "remedy": problem.remedy(lang)}
    return {**{key: getattr(problem, key) for key in keys}, **said}


def _trial(trial: desk.Trial, lang: str) -> dict[str, Any]:
    return {
        **{key: getattr(trial, key) for key in PLAIN},
        "problems": [_told(problem, lang) for problem in trial.problems],
        "warnings": [_told(problem, lang) for problem in trial.warnings],
        "changes": [asdict(change) for change in trial.comparison.changes],
        "orphans": [
            {**asdict(orphan), "label": orphan.label[LANGS.index(lang)]} for orphan in trial.orphans
        ],
    }
