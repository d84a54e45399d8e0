"""What an administrator does with forms: try an upload, publish it, see what is in use.

Trying stores nothing. An administrator sees questions and counts, never an answer.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic
from typing import Any

from flask import current_app
from sqlalchemy import inspect, select

from fieldapp.accounts import users
from fieldapp.db import db
from fieldapp.devices import service as devices
from fieldapp.problems import abort_with
from fieldapp.programs.service import load_programs
from fieldapp.sync import census

from . import files, odk, service
from .diff import Comparison, Saved, compare
from .models import FormVersion
from .press import CLOCK_SECONDS, pressed
from .problems import FormError, FormProblem
from .source import FormSource, placed

ROWS_TO_TRY = 500
MEDIA_TO_TRY = 300 * 1024


@dataclass(frozen=True)
class Orphan:
    """Stored values of a property that the new version writes no more; label in zh and en."""

    list: str
    property: str
    label: tuple[str, str]
    values: int


@dataclass(frozen=True)
class Trial:
    """A form as it would be published. state: refused, new, next, same.

    against: the version in use that it was compared with. tables, media: what comes with it, as
    far as it is needed to try it. odk: what ODK Validate says: valid, late or absent; blank if it
    wasn't asked.
    """

    file: str
    state: str
    problems: list[FormProblem] = field(default_factory=list)
    warnings: list[FormProblem] = field(default_factory=list)
    definition: dict[str, Any] | None = None
    hash: str = ""
    against: str = ""
    comparison: Comparison = field(default_factory=Comparison)
    orphans: list[Orphan] = field(default_factory=list)
    tables: dict[str, Any] = field(default_factory=dict)
    media: dict[str, str] = field(default_factory=dict)
    odk: str = ""


def attempt(
    file: str, source: FormSource, program: str, odk_seconds: float = CLOCK_SECONDS
) -> Trial:
    """Compile a form in bounds, and compare it with the version in use.

    odk_seconds: how long that and ODK Validate may take together.
    """
    try:
        definition, odk_says = _read(source, program, odk_seconds)
        state = _state(definition)
    except FormError as error:
        return Trial(file, "refused", error.problems)
    current = service.current_version(definition["id"]) if _has_database() else None
    old = service.definition(current.form_id, current.version) if current else None
    comparison = compare(old, definition) if old else Comparison()
    return Trial(
        file,
        state,
        warnings=[*service.warnings(source, definition), *_late(odk_says)],
        definition=definition,
        hash=sha256(service.canonical(definition).encode()).hexdigest(),
        against=current.version if current else "",
        comparison=comparison,
        orphans=orphans(definition["scope"], comparison.orphans),
        tables=_tables(definition, source),
        media=_media(definition, source),
        odk=odk_says,
    )


def _read(source: FormSource, program: str, seconds: float) -> tuple[dict[str, Any], str]:
    """The definition, and what ODK Validate says in the time that is left. Raises FormError."""
    began, xforms = monotonic(), []

    def compiler(*given: Any) -> dict[str, Any]:
        definition, xform = pressed(*given)
        xforms.append(xform)
        return definition

    definition = service.read_form(source, program, compiler)
    if load_programs().asks_of_nobody(definition):
        raise FormError([FormProblem("consent_of_nobody", sheet="survey")])
    if more := load_programs().asked_beside_consent(definition):
        raise FormError(
            [FormProblem("consent_asks_more", {"questions": ", ".join(more)}, sheet="survey")]
        )
    if load_programs().asks_of_several(definition):
        raise FormError([FormProblem("consent_of_several", sheet="survey")])
    found = odk.verdict(xforms[0], max(1.0, seconds - (monotonic() - began)))
    if found.state == "invalid":
        raise FormError(placed(source, [odk.problem_of(found)]))
    return definition, found.state


def _late(odk_says: str) -> list[FormProblem]:
    return [FormProblem("odk_late")] if odk_says == "late" else []


def _tables(definition: Mapping[str, Any], source: FormSource) -> dict[str, Any]:
    """The beginning of each list that comes with the form, for trying it."""
    found = {}
    for name, file in definition.get("attached", {}).items():
        table = json.loads(files.served(file, source.files[file]).content)
        found[name] = {"columns": table["columns"], "rows": table["rows"][:ROWS_TO_TRY]}
    return found


def _media(definition: Mapping[str, Any], source: FormSource) -> dict[str, str]:
    """Pictures and sounds in base64 by hash, for trying the form; those that aren't too large."""
    found = {}
    for name, told in definition.get("files", {}).items():
        if not files.is_list(name) and told["size"] <= MEDIA_TO_TRY:
            found[told["sha"]] = base64.b64encode(source.files[name]).decode()
    return found


def _has_database() -> bool:
    """A form can be checked before there is one."""
    return inspect(db.engine).has_table(FormVersion.__tablename__)


def _state(definition: Mapping[str, Any]) -> str:
    """Raises FormError for a version that is published with other content, or an id of another
    program.
    """
    if not _has_database():
        return "new"
    form_id, version = definition["id"], definition["version"]
    stored = sha256(service.canonical(definition).encode()).hexdigest()
    known, current = service.form_version(form_id, version), service.current_version(form_id)
    if current and current.program != definition["program"]:
        params = {"form": form_id, "program": current.program}
        raise FormError([FormProblem("form_elsewhere", params, "", "form_id", "settings")])
    if known is None:
        return "next" if current else "new"
    if known.hash != stored:
        params = {"form": form_id, "version": version}
        raise FormError([FormProblem("version_taken", params, "", "version", "settings")])
    return "same"


def orphans(scope: str, saved: Iterable[Saved]) -> list[Orphan]:
    """How many stored values of each property nothing would write any more."""
    found = []
    for list_name, prop in saved:
        kind = load_programs().type(scope, list_name)
        if kind is None or prop not in kind.props:
            continue
        known = kind.props[prop]
        register = known.group or prop
        count = census.kept_values(scope, list_name, [register]).get(register, 0)
        label = (known.label["zh"], known.label["en"])
        found.append(Orphan(list_name, prop, label, count))
    return found


def publish(source: FormSource, program: str, tried: str, user_id: str) -> FormVersion:
    """Publish what was tried. Raises FormError; stops with `conflict_moved` if it isn't what was
    tried (`tried`: hash of its definition).
    """
    trial = attempt("", source, program)
    if trial.definition is None:
        raise FormError(trial.problems)
    if trial.hash != tried:
        abort_with("conflict_moved")
    row = service.publish_source(source, program, lambda *_: dict(trial.definition or {}), user_id)
    current_app.logger.warning("form %s %s published by %s", row.form_id, row.version, user_id)
    return row


# ---- what is in use


def in_use() -> list[dict[str, Any]]:
    """Every form with its versions, the newest first, as FormInUseSchema."""
    rows = list(db.session.scalars(select(FormVersion).order_by(FormVersion.published_at.desc())))
    visits = census.visits_by_version()
    phones = [device.id for device in devices.devices_of() if device.revoked is None]
    last = census.last_versions(phones)
    names = users.names_of({row.published_by for row in rows if row.published_by})
    forms: dict[str, list[FormVersion]] = {}
    for row in rows:
        forms.setdefault(row.form_id, []).append(row)
    return [
        {
            **_head(next((row for row in versions if row.current), versions[0])),
            **_phones(versions, last.get(form_id, {})),
            "versions": [_version(row, visits, names) for row in versions],
        }
        for form_id, versions in sorted(forms.items())
    ]


def _head(row: FormVersion) -> dict[str, Any]:
    definition = service.definition(row.form_id, row.version) or {}
    shown = {key: definition.get(key, []) for key in ("title", "langs")}
    return {"id": row.form_id, "program": row.program, "scope": row.scope, **shown}


def _phones(versions: list[FormVersion], last: Mapping[str, str]) -> dict[str, int]:
    current = next((row.version for row in versions if row.current), "")
    behind = sum(version != current for version in last.values())
    return {"phones": len(last), "phones_behind": behind}


def _version(
    row: FormVersion, visits: Mapping[tuple[str, str], int], names: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "version": row.version,
        "current": bool(row.current),
        "published_at": row.published_at,
        "published_by": names.get(row.published_by or "", ""),
        "visits": visits.get((row.form_id, row.version), 0),
        "file": file_name(row),
    }


def file_name(row: FormVersion) -> str:
    """What the author's file is called when it is downloaded."""
    return f"{row.form_id}-{row.version}{kind_of(row)}"


def kind_of(row: FormVersion) -> str:
    """The extension of the author's file."""
    if row.kind:
        return row.kind
    return ".xml" if row.source.lstrip().startswith("<") else ".md"


def origin_of(row: FormVersion) -> bytes:
    """The author's file, as it was."""
    return row.origin if row.origin is not None else row.source.encode()
