"""Publishing forms, and what of them somebody may see."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, scopes_of
from fieldapp.db import db, utc_text, write_transaction
from fieldapp.programs.service import PACKAGED, load_programs, public_json

from . import files
from .attached import ListNode
from .definition import shape_of
from .gate import refusals
from .kept import compiled
from .lint import lint_health
from .models import FormFile, FormVersion
from .problems import FormError, FormProblem
from .source import FormSource, placed

TEXT_KINDS = (".md", ".csv", ".xml")
OF_THE_PHONE = frozenset({"area", "session"})  # lists the phone answers by itself
Compiler = Callable[[FormSource, str, str], dict[str, Any]]


def canonical(value: Any) -> str:
    """JSON in the one spelling that is hashed and served."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_form(source: FormSource, program: str, compiler: Compiler = compiled) -> dict[str, Any]:
    """The definition of a form of a program, ready to be published. Raises FormError.

    compiler: `pressed` for a file that nobody vouches for.
    """
    home = load_programs().get(program)
    if home is None:
        names = ", ".join(p.id for p in load_programs().all)
        params = {"program": program, "programs": names}
        raise FormError([FormProblem("program_unknown", params)])
    definition = compiler(source, program, home.scope)
    problems = [*refusals(definition), *_unknown_saves(definition), *_unknown_files(definition)]
    if load_programs().keeping(home.scope) is None:
        problems += lint_health(definition)
    if problems:
        raise FormError(placed(source, problems))
    return definition


def warnings(source: FormSource, definition: Mapping[str, Any]) -> list[FormProblem]:
    """What the author of a form that can be published should look at again."""
    return files.warnings(definition, source.files)


def _unknown_files(definition: Mapping[str, Any]) -> list[FormProblem]:
    """Files that weren't given, and lists that are neither given nor of the registry."""
    types = {kind.name for kind in load_programs().types(definition["scope"])}
    return files.missing(definition, types | OF_THE_PHONE)


def _unknown_saves(definition: Mapping[str, Any]) -> list[FormProblem]:
    """What a form would save that no program of its scope has said why it keeps."""
    found, shape = [], shape_of(definition)
    for block in definition["entities"]:
        kind = load_programs().type(definition["scope"], block["list"])
        if kind is None:
            params = {"scope": definition["scope"], "list": block["list"]}
            found.append(FormProblem("type_unknown", params, "", "list_name", "entities"))
            continue
        updates = shape.names.child(block["node"], "@update") is not None
        if updates and block["list"] not in definition["external"]:
            params = {"list": block["list"]}
            found.append(FormProblem("entity_unattached", params, "", "update_if", "entities"))
        for node, prop in block["saves"]:
            if prop not in kind.props:
                params = {"list": block["list"], "property": prop}
                question, path = definition["nodes"][node]["n"], shape.path(node)
                place = {"question": question, "path": path, "column": "save_to"}
                found.append(FormProblem("property_unknown", params, **place))
    return found


def publish(path: Path | str, program: str, packaged: bool = False) -> FormVersion:
    """Publish a file; see publish_source. Raises OSError too."""
    return publish_source(FormSource.of(Path(path)), program, packaged=packaged)


def _file_row(form: FormVersion, file: files.Served) -> FormFile:
    return FormFile(
        form_id=form.form_id,
        version=form.version,
        name=file.name,
        sha=file.sha,
        type=file.type,
        given=file.given,
        content=file.content,
    )


def _given(form_id: str, version: str) -> dict[str, str]:
    """Hashes of a version's files as their author gave them."""
    query = select(FormFile.name, FormFile.given).where(
        FormFile.form_id == form_id, FormFile.version == version
    )
    return {row.name: row.given for row in db.session.execute(query)}


def publish_source(
    source: FormSource,
    program: str,
    compiler: Compiler = compiled,
    user_id: str | None = None,
    packaged: bool = False,
) -> FormVersion:
    """Publish a form as the current version of its id. The same again changes nothing.

    packaged: it comes with the product; where the current version was published here, that stays.
    Raises FormError, also if that version is published already with other content.
    """
    definition = read_form(source, program, compiler)
    attached = [files.served(n, source.files[n]) for n in definition.get("files", {})]
    is_text = source.kind in TEXT_KINDS
    stored = canonical(definition)
    row = FormVersion(
        form_id=definition["id"],
        version=definition["version"],
        program=program,
        scope=definition["scope"],
        definition=stored,
        hash=sha256(stored.encode()).hexdigest(),
        source=source.content.decode() if is_text else sha256(source.content).hexdigest(),
        published_at=utc_text(clock.now()),
        current=1,
        published_by=user_id,
        packaged=int(packaged),
        kind=source.kind,
        origin=None if is_text else source.content,
    )
    with write_transaction() as session:
        known = session.get(FormVersion, (row.form_id, row.version))
        if known is None:
            in_use = current_version(row.form_id)
            if packaged and in_use and not in_use.packaged:
                row.current = 0
            else:
                _retire(row.form_id)
            session.add(row)
            session.flush()
            session.add_all(_file_row(row, file) for file in attached)
            return row
        same_files = {f.name: f.given for f in attached} == _given(row.form_id, row.version)
        if row.hash != known.hash and not (row.source == known.source and same_files):
            params = {"form": row.form_id, "version": row.version}
            raise FormError([FormProblem("version_taken", params, "", "version", "settings")])
        return known


def _retire(form_id: str) -> None:
    whole = update(FormVersion).where(FormVersion.form_id == form_id)
    db.session.execute(whole.values(current=0))


def use(form_id: str, version: str) -> FormVersion | None:
    """Let a published version be the one that is filled from now on; None if there is none."""
    with write_transaction() as session:
        row = session.get(FormVersion, (form_id, version))
        if row is not None:
            _retire(form_id)
            row.current = 1
        return row


def publish_packaged() -> list[FormVersion]:
    """Publish the forms of every packaged program. Raises FormError."""
    return [
        publish(path, folder.name, packaged=True)
        for folder in sorted(path.parent for path in PACKAGED.glob("*/program.toml"))
        for path in sorted(folder.glob("*.md"))
    ]


def definition(form_id: str, version: str) -> dict[str, Any] | None:
    """A published definition; None if there is none. Shared: don't change it."""
    row = form_version(form_id, version)
    return _parsed(row.definition) if row else None


@lru_cache(maxsize=64)
def _parsed(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def form_version(form_id: str, version: str) -> FormVersion | None:
    """A published version as stored."""
    return db.session.get(FormVersion, (form_id, version))


def form_file(form: FormVersion, sha: str) -> FormFile | None:
    """A file of a published version by the hash of its bytes."""
    query = select(FormFile).where(
        FormFile.form_id == form.form_id, FormFile.version == form.version, FormFile.sha == sha
    )
    return db.session.scalars(query.limit(1)).first()


def attached_lists(definition: Mapping[str, Any]) -> dict[str, ListNode]:
    """The lists that come with a published form, as expressions look into them."""
    files = definition.get("files", {})
    return {
        name: _list_of(definition["id"], definition["version"], files[file]["sha"])
        for name, file in definition.get("attached", {}).items()
    }


@lru_cache(maxsize=16)
def _list_of(form_id: str, version: str, sha: str) -> ListNode:
    query = select(FormFile.content).where(
        FormFile.form_id == form_id, FormFile.version == version, FormFile.sha == sha
    )
    return ListNode(json.loads(db.session.scalars(query.limit(1)).one()))


def current_version(form_id: str) -> FormVersion | None:
    """The version of a form that is to be filled now."""
    query = select(FormVersion).where(FormVersion.form_id == form_id, FormVersion.current == 1)
    return db.session.scalars(query).first()


def versions_of(form_id: str) -> list[str]:
    """Its published versions, the latest first."""
    query = select(FormVersion.version).where(FormVersion.form_id == form_id)
    return list(db.session.scalars(query.order_by(FormVersion.published_at.desc())))


def current_forms() -> list[FormVersion]:
    """The version of each form that is to be filled now, by id."""
    query = select(FormVersion).where(FormVersion.current == 1).order_by(FormVersion.form_id)
    return list(db.session.scalars(query))


def titles() -> dict[str, tuple[list[str], list[str]]]:
    """Languages and title of each form that is to be filled now, by id."""
    definitions = (_parsed(row.definition) for row in current_forms())
    return {form["id"]: (form["langs"], form["title"]) for form in definitions}


def catalogue(principal: Principal) -> dict[str, Any]:
    """The programs and current forms of somebody's role, as `Catalogue` in types.ts."""
    scopes = scopes_of(principal)
    audiences = [a for scope in scopes for a in access.audiences(principal.role, scope)]
    programs = public_json(load_programs(), audiences, principal.role)
    forms = [_form_ref(row) for row in current_forms() if _fills(principal, row, scopes)]
    content = {"programs": programs, "forms": forms}
    return {"hash": sha256(canonical(content).encode()).hexdigest()[:16], **content}


def may_read(principal: Principal, form: FormVersion) -> bool:
    """Whether a form's questions are this person's business: it is of a scope they read, or they
    keep the forms.
    """
    return form.scope in scopes_of(principal) or access.may_administer(principal.role)


def _fills(principal: Principal, row: FormVersion, scopes: list[str]) -> bool:
    program = load_programs().get(row.program)
    return (
        program is not None and row.scope in scopes and access.may_submit(principal.role, program)
    )


def _form_ref(row: FormVersion) -> dict[str, Any]:
    parsed = _parsed(row.definition)
    need = load_programs().need(parsed)
    return {
        "id": row.form_id,
        "version": row.version,
        "program": row.program,
        "scope": row.scope,
        "title": parsed["title"],
        "langs": parsed["langs"],
        **({"consent": need.as_json()} if need else {}),
    }
