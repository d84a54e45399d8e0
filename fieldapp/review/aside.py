"""What was kept aside: opened by who oversees its scope and area, let in or repaired by reviewers.

Nobody lets in their own work. What can't be read belongs to no scope, so nobody is shown what it
says; an administrator, who sees no content, may have it tried again with its author's own rights.
"""

import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from flask import current_app

from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, areas_of
from fieldapp.db import db
from fieldapp.forms import service as forms
from fieldapp.forms.definition import shape_of
from fieldapp.forms.judge import judge
from fieldapp.forms.witness import World
from fieldapp.problems import abort_with, language
from fieldapp.sync import log, seen
from fieldapp.sync import models as m
from fieldapp.sync import service as sync
from fieldapp.sync.aside import Decision, decisions, what_was_wrong
from fieldapp.sync.consent import WAITING
from fieldapp.sync.rules import current_rules

from . import numbering, queue, visits
from .reader import Reader

S = m.Submission
WHY = {
    "authz": (
        "写入的记录不在填写人和您的负责范围内",
        "it writes records outside its author's areas and yours",
    ),
    "unknown_form": ("表单或这个版本还没有发布", "its form, or this version, isn't published"),
    "parse": ("内容无法读取", "it can't be read"),
    "consent": ("还没有本人的有效同意", "there is no valid consent yet"),
    "safeguarding": ("本人未满14周岁", "the person is under 14"),
    "apply": ("内容与表单不符", "it doesn't fit its form"),
}
BROKEN = {
    "choice": ("不在可选范围内", "it is none of the choices"),
    "type": ("格式不对", "it isn't written as such an answer is"),
    "constraint": ("表单不允许这样填写", "the form doesn't allow it"),
    "required": ("不能为空", "it must be answered"),
    "characters": ("含有不能使用的字符", "it has characters that can't be used"),
}
STEP = re.compile(r"([^/\[\]]+)(?:\[([0-9]+)\])?")
# Answers of these kinds are written as a person types them, or chosen.
TYPED = frozenset({"string", "int", "decimal", "date", "select1", "select", "time", "dateTime"})


def whole(principal: Principal, sid: str) -> dict[str, Any]:
    """One item in the shape of KeptSchema. Stops with `not_found`."""
    reader, row = Reader(principal), _find(principal, sid)
    blind = access.may_administer(principal.role)
    told = {
        **queue.kept_row(reader, row, blind),
        "state": row.state,
        "n": row.n if numbering.open_to(principal, {row.install: row.user_id}) else None,
        "area": "" if blind else row.area,
        "fv": "" if blind else row.fv,
        "detail": "" if blind else what_was_wrong(row),
        "reading": [] if blind or row.why in WAITING else _reading(reader, row),
        "versions": [] if blind or not row.form else forms.versions_of(row.form),
        "areas": [{"code": a, "name": reader.area_name(a)} for a in _own(principal, row.scope)],
        "decisions": decisions(sid),
        "releasable": _may_release(principal, row),
        "repairable": _may_release(principal, row) and not blind,
    }
    if not blind:
        visits.note(principal, "open_aside", row)
    return told


def release(principal: Principal, sid: str, reason: str) -> dict[str, Any]:
    """Let it in as it is. Stops with `forbidden`, `conflict_moved` or `still_aside`."""
    row = _find(principal, sid)
    if not _may_release(principal, row):
        abort_with("forbidden")
    return _decide(principal, row, reason, None)


def repair(
    principal: Principal,
    sid: str,
    reason: str,
    answers: Mapping[str, str],
    area: str | None = None,
    fv: str | None = None,
) -> dict[str, Any]:
    """Let it in with answers, village or form version put right. Stops as `release` does.

    answers: by the path of a question that the reviewer sees answered.
    """
    row = _find(principal, sid)
    if not _may_release(principal, row) or access.may_administer(principal.role):
        abort_with("forbidden")
    document = log.document(db.session.connection(), sid)
    if not document:
        abort_with("still_aside", why=_in_words("parse"))
    changed = copy.deepcopy(document)
    seen = {each["path"]: each for each in _leaves(_reading(Reader(principal), row))}
    for path, value in answers.items():
        if path not in seen or not _is_mendable(seen[path]):
            abort_with("invalid_fields", [{"path": f"answers/{path}", "message": "not shown"}])
        if not put(changed.get("answers"), path, value):
            abort_with("invalid_fields", [{"path": f"answers/{path}", "message": "not there"}])
    if area is not None:
        _known(area, _own(principal, row.scope), "area")
        changed = _moved(changed, str(changed.get("area")), area)
    if fv is not None:
        _known(fv, forms.versions_of(row.form), "fv")
        changed["fv"] = fv
    _insist({path: seen[path]["label"] for path in answers}, changed)
    return _decide(principal, row, reason, changed)


def _is_mendable(answer: Mapping[str, Any]) -> bool:
    """Typed, or chosen from what can be told."""
    return (
        not answer["hidden"] and answer["type"] in TYPED and bool(answer.get("choices", ["typed"]))
    )


def _insist(labels: Mapping[str, str], document: Mapping[str, Any]) -> None:
    """Stop with `invalid_fields` where the form wouldn't have taken a changed answer (by path, with
    its question): the phone's own rules, decided on the answers as they are now.
    """
    form = current_rules().form(str(document["form"]), str(document["fv"]))
    if form is None or not labels:
        return
    world = World(today=str(document["on"]), now=str(document["at"]), lists=form.lists)
    found = judge(shape_of(form.definition), document["answers"], world)
    broken = [
        {"path": labels[one.path] or one.path, "message": BROKEN[one.kind][language()]}
        for one in found
        if one.path in labels and one.kind in BROKEN and not one.known
    ]
    if broken:
        abort_with("invalid_fields", broken)


def _reading(reader: Reader, row: m.Submission) -> list[dict[str, Any]]:
    """As its form reads; nothing if its answers are no answers of that form at all, or health data
    of somebody of a village that isn't the reader's, whose consent is nothing to them.
    """
    if row.entity and reader.entity(row.entity) is None:
        return []
    try:
        return visits.mendable(reader, row)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        current_app.logger.warning("%s can't be shown: %s", row.id, type(error).__name__)
        return []


def put(answers: Any, path: str, value: str) -> bool:
    """Set an answer that is there, e.g. `residents[0]/r_name`; whether it is."""
    steps = [step for name, at in STEP.findall(path) for step in (name, at) if step != ""]
    holder = answers
    for step in steps[:-1]:
        holder = _inside(holder, step)
    if not isinstance(holder, dict) or not steps or steps[-1] not in holder:
        return False
    holder[steps[-1]] = value
    return True


def _moved(value: Any, old: str, new: str) -> Any:
    """The same with another village wherever it was named."""
    if isinstance(value, dict):
        return {key: _moved(child, old, new) for key, child in value.items()}
    if isinstance(value, list):
        return [_moved(child, old, new) for child in value]
    return new if value == old else value


def _inside(holder: Any, step: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    if isinstance(holder, list) and step.isdecimal() and int(step) < len(holder):
        return holder[int(step)]
    return None


def _decide(
    principal: Principal, row: m.Submission, reason: str, document: dict[str, Any] | None
) -> dict[str, Any]:
    sid = row.id
    own: dict[str, Collection[str]] = {}
    if row.scope and access.may_review(principal.role, row.scope):
        own[row.scope] = areas_of(principal, row.scope)
    decision = Decision(principal, reason, lambda scope: own.get(scope, ()), document)
    was = row.state
    db.session.rollback()  # the door begins a transaction of its own
    if was != "quarantined":
        abort_with("conflict_moved")
    result = sync.readmit(sid, decision=decision)
    if result.st == "quarantined":
        abort_with("still_aside", why=_in_words(result.why))
    return whole(principal, sid)


def _in_words(why: str | None) -> str:
    return WHY.get(why or "", WHY["apply"])[language()]


def _find(principal: Principal, sid: str) -> m.Submission:
    row = db.session.scalar(seen.aside(principal, S).where(S.id == sid))
    return row if row is not None else abort_with("not_found")


def _may_release(principal: Principal, row: m.Submission) -> bool:
    """A reviewer of its scope and area; an administrator what belongs to no scope."""
    if row.state != "quarantined" or row.why == "erased" or row.user_id == principal.user_id:
        return False
    if row.why in WAITING:  # nobody's decision but hers
        return False
    if access.may_administer(principal.role):
        return row.scope == ""
    reviews = access.may_review(principal.role, row.scope)
    return reviews and row.area in areas_of(principal, row.scope)


def _own(principal: Principal, scope: str) -> list[str]:
    return areas_of(principal, scope) if scope else []


def _known(value: str, known: Iterable[str], name: str) -> None:
    if value not in known:
        abort_with("invalid_fields", [{"path": name, "message": "unknown"}])


def _leaves(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row["kind"] == "answer":
            yield row
        else:
            yield from _leaves(row["children"])
