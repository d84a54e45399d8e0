"""One visit for the reviewer: as its form reads, what it changed, its issues and decisions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.audit import service as access_log
from fieldapp.db import db
from fieldapp.forms.definition import shape_of
from fieldapp.forms.derive import rule_node
from fieldapp.forms.evaluate import Host, Instances
from fieldapp.forms.instance import FormInstance
from fieldapp.problems import abort_with
from fieldapp.registry.service import EntityView
from fieldapp.subjects.keys import keys_of
from fieldapp.sync import log, seen
from fieldapp.sync import models as m
from fieldapp.sync.entities import narrowed, review_id
from fieldapp.sync.merge import Dot, canonical
from fieldapp.sync.written import Written

from . import files, history, issues, queue
from .reader import UUID, Reader
from .reading import hidden_nodes, read_visit

S, W = m.Submission, m.RegWrite


def whole(principal: Principal, visit_id: str) -> dict[str, Any]:
    """The visit in the shape of VisitSchema. Stops with `not_found`."""
    reader = Reader(principal)
    found = queue.find(reader, visit_id)
    if found is None:
        abort_with("not_found")
    submission = found[0]
    form, hidden = _filled(reader, submission)
    reading = read_visit(form, hidden) if form else []
    files.mark(reading, submission.user_id)
    told = {
        **queue.row_of(reader, *found),
        "reading": reading,
        "changes": list(_changes(reader, submission)),
        "findings": issues.of_visit(reader, submission, form, hidden),
        "decisions": _decisions(reader, submission.id),
        "corrected_by": _corrected_by(reader, submission.id),
        "decidable": is_decidable(principal, submission),
        "notable": issues.may_open(principal, submission),
    }
    note(principal, "open", submission)
    return told


def open_issue(principal: Principal, visit_id: str, kind: str, path: str) -> None:
    """Open an issue about a visit. Stops with `not_found` and as `issues.open_one`."""
    reader = Reader(principal)
    found = queue.find(reader, visit_id)
    if found is None:
        abort_with("not_found")
    issues.open_one(reader, found[0], kind, path)


def note(principal: Principal, act: str, submission: m.Submission) -> None:
    """Keep that the person read a submission."""
    area = submission.area if submission.state != "quarantined" else f"u.{submission.user_id}"
    about = (submission.scope, submission.entity)
    access_log.note(principal, act, area, *about, sid=submission.id)


def mendable(reader: Reader, submission: m.Submission) -> list[dict[str, Any]]:
    """A submission the person was admitted to, as its form reads, with the choices there are; empty
    if the form is unknown.
    """
    form, hidden = _filled(reader, submission)
    rows = read_visit(form, hidden, mending=True) if form else []
    files.mark(rows, submission.user_id)
    return rows


def is_decidable(principal: Principal, submission: m.Submission) -> bool:
    """A reviewer of the scope decides, on others' work, until it was corrected."""
    own = submission.user_id == principal.user_id
    reviews = access.may_review(principal.role, submission.scope)
    return reviews and not own and submission.review != "corrected"


def file(principal: Principal, visit_id: str, name: str) -> tuple[bytes, str]:
    """An attachment the person reads in that visit, and its MIME type. Stops with `not_found`."""
    reader = Reader(principal)
    found = queue.find(reader, visit_id)
    if found is None:
        abort_with("not_found")
    submission = found[0]
    form, hidden = _filled(reader, submission)
    reading = read_visit(form, hidden) if form else []
    content = files.content(reading, submission.user_id, name)
    if content is None:
        abort_with("not_found")
    note(principal, "open_file", submission)
    return content


# ---- as the form reads


def _filled(reader: Reader, submission: m.Submission) -> tuple[FormInstance | None, frozenset[int]]:
    """The visit as a filled form, and the questions whose answers aren't for the reader."""
    form = reader.form(submission.form, submission.fv)
    logged = log.find(reader.principal, submission.id)
    if form is None or logged is None:
        return None, frozenset()
    answers = log.answers(logged)
    shape = shape_of(form.definition)
    rules = [
        (rule.list, prop, tree, at)
        for rule in form.programs.derive_rules(submission.form)
        if (at := rule_node(shape, rule.as_json())) is not None
        for prop, tree in rule.set.items()
    ]

    def is_hidden(type_name: str, prop: str) -> bool:
        """Another audience's; staging properties (no audience) only repeat what others hold."""
        kind = form.programs.type(form.scope, type_name)
        known = kind.props.get(prop) if kind else None
        if known is None:
            return False
        return bool(known.audience) and not reader.sees(form.scope, type_name, prop)

    hidden = hidden_nodes(form.definition, is_hidden, rules)
    host = _host(reader, submission, answers, form.lists)
    langs = form.definition["langs"]
    lang = langs.index(reader.lang) if reader.lang in langs else 0
    return FormInstance(shape, answers, host, lang), hidden


def _host(
    reader: Reader, submission: m.Submission, answers: Mapping[str, Any], lists: Instances
) -> Host:
    """Chosen records as items of their lists, so that answers read as titles."""
    items: dict[str, list[dict[str, str]]] = {"area": []}
    texts = set(_texts(answers))
    ids = {text for text in texts if UUID.fullmatch(text)}
    reader.load(ids)
    for entity in filter(None, map(reader.entity, sorted(ids))):
        item = {**entity.props, "name": entity.id, "label": entity.title}
        items.setdefault(entity.type, []).append(item)
    for code in texts:
        if len(code) == 12 and code.isdigit():
            items["area"].append({"name": code, "label": reader.area_name(code)})
    return Host(today=submission.on_date, now=submission.at, instances={**items, **lists})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)


# ---- what it changed


def _changes(reader: Reader, submission: m.Submission) -> Iterator[dict[str, Any]]:
    """Its writes that the person may see, in the order of its ops."""
    begun, replaced = _begun(reader, submission.id), history.replaced_by(reader, submission.id)
    writes = log.writes_of(submission.id)
    reader.load({write.entity for write in writes})
    for write in writes:
        entity = reader.entity(write.entity)
        kind = reader.kind(entity) if entity else None
        if entity is None or kind is None or not reader.members(kind, write.reg):
            continue
        after = narrowed(write.v, history.member_names(reader, kind, write.reg))
        before, dot = replaced.get(write.i, []), str(Dot(submission.id, write.i))
        yield {
            "entity": entity.id,
            "type_label": kind.label[reader.lang],
            "subject": entity.title,
            "new": entity.id in begun,
            "register": write.reg,
            "label": reader.label(kind, write.reg, after, *(old["v"] for old in before)),
            "before": before,
            "after": reader.words(kind, write.reg, after),
            "cleared": write.v is None,
            "dot": dot,
            "same": any(canonical(old["v"]) == canonical(after) for old in before),
            "conflict": write.reg in entity.conflicts and dot in _live_dots(entity, write.reg),
        }


def _live_dots(entity: EntityView, register: str) -> list[str]:
    return [value.dot for value in entity.live.get(register, ())]


def _begun(reader: Reader, sid: str) -> set[str]:
    t = m.Mention
    query = seen.visits(reader.principal, t.entity).join(t, t.sid == S.id)
    return set(db.session.scalars(query.where(S.id == sid, t.new == 1)))


# ---- what was said about it


def _decisions(reader: Reader, sid: str) -> list[dict[str, Any]]:
    """Every decision taken, the first first."""
    registers = ["state", "notes", "accepted"]
    query = seen.written(reader.principal, S.author, S.at)
    query = query.where(m.Mention.entity == review_id(sid), W.reg.in_(registers))
    found: dict[str, dict[str, Any]] = {}
    rows = db.session.execute(query.order_by(S.at, W.sid)).all()
    values = Written(keys_of(db.session.connection()), rows)
    for row in rows:
        decided = found.setdefault(
            row.sid, {"by": row.author, "at": row.at, "notes": [], "accepted": ""}
        )
        value = str(values.value(row) or "")
        decided[row.reg] = json.loads(value or "[]") if row.reg == "notes" else value
    return [decided for decided in found.values() if "state" in decided]


def _corrected_by(reader: Reader, sid: str) -> str | None:
    applied = seen.visits(reader.principal, S.id)
    applied = applied.where(S.corrects == sid, S.state.in_(m.APPLIED))
    return db.session.scalar(applied.order_by(S.received.desc()).limit(1))
