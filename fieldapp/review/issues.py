"""Quality issues at the desk: the list to strike off, in the reader's words, and moving one on.

A reader gets the issues of the visits they oversee and no others. Nothing counts or ranks people.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.accounts.users import names_of
from fieldapp.db import db
from fieldapp.forms.check import MESSAGES, message
from fieldapp.forms.definition import Shape, shape_of
from fieldapp.forms.instance import FormInstance
from fieldapp.problems import abort_with
from fieldapp.sync import log, seen
from fieldapp.sync import models as m
from fieldapp.sync.plan import ISSUE_FORM
from fieldapp.sync.quality import BLOCK, SETTLED, STATES, may_move

from .door import submit
from .paging import last_within
from .reader import BETWEEN, Reader

S, T = m.Submission, m.Issue
OTHER_COPY = (
    "填写时手机上的资料与服务器上的不同",
    "When it was filled in, the phone's copy was another than the server's",
)
OF_REGISTERS = ("derivation_mismatch", "reserved")
_NO_QUESTION = ("这次走访没有这个问题", "this visit has no such question")
_POSITION = re.compile(r"\[(\d+)\]")
WORDS = {
    **MESSAGES,
    "gate": (
        "按服务器当时所知，没有有效的同意，却填写了同意之后的内容",
        "By what the server knew there was no valid consent, yet what needs it was filled in",
    ),
    "emergency": (
        "有危险信号但没有有效的同意：为救人只登记了转诊。请尽快告诉本人记了什么，由本人决定留不留",
        "A danger sign without valid consent: to save a life only the referral was taken in. Tell "
        "her soon what was noted; whether it stays is hers to decide",
    ),
    "share": (
        "按服务器当时所知，本人没有同意把情况告诉这家机构，却填写了已经告诉。请核实；如果确实告诉了，"
        "请当面告诉本人",
        "By what the server knew she had not agreed that this clinic be told, yet it is said that "
        "it was. Check this; if it was told, tell her so",
    ),
    "derivation_mismatch": (
        "手机算出的资料与答案不一致，已按答案登记",
        "The phone made something else of the answers; what follows from them was kept",
    ),
    "ask_check": ("请再核实", "Please check this again"),
    "ask_missing": ("好像有遗漏", "Something seems to be missing"),
    "ask_differs": ("与其他资料不一致", "It differs from what is known otherwise"),
    "ask_double": ("可能重复登记", "This may be registered twice"),
    "ask_date": ("日期不合情理", "The date is unlikely"),
    "reserved": (
        "不由填写人的角色填写，未采用",
        "Not for the author's role to fill in; left out",
    ),
}


def unsettled() -> sa.ColumnElement[bool]:
    """Issues that somebody has to do something about."""
    return T.state.not_in(SETTLED)


def of_visit(
    reader: Reader, submission: m.Submission, form: FormInstance | None, hidden: frozenset[int]
) -> list[dict[str, Any]]:
    """The issues of a visit in the shape of IssueSchema, in the form's own words where it has any.

    form: the visit's answers; hidden: questions whose answers are not for the reader.
    """
    rows = log.issues_of([submission.id])[submission.id]
    people = _people(rows)
    told = [_told(reader, row, submission, people) for row in rows]
    for row, issue in zip(rows, told, strict=True):
        own = row.kind in ("required", "constraint")
        if form and own and _node(form.shape, row.path) not in hidden:
            issue["message"] = message(form, row.path, row.kind)
    return told


def page(
    reader: Reader,
    state: str,
    page: int,
    size: int,
    scope: str | None = None,
    kind: str | None = None,
    severity: str | None = None,
) -> dict[str, Any]:
    """One page of issues in the shape of IssuesSchema: what is due first, first."""
    overseen = _listed(reader, T, S).where(*([S.scope == scope] if scope else []))
    where = [T.kind == kind] if kind else []
    where += [T.severity == severity] if severity else []
    query = overseen.where(*where, *_in_state(state))
    order = (sa.case((T.severity == BLOCK, 0), else_=1), T.due, T.sid, T.known, T.i, T.id)
    counts = _counts(overseen.where(*where))
    total = _total(counts, state)
    page = last_within(page, size, total)
    found = db.session.execute(query.order_by(*order).limit(size).offset((page - 1) * size)).all()
    people = _people([row[0] for row in found])
    reader.load(row[1].entity for row in found if row[1].entity)
    told = {
        "items": [_row(reader, issue, visit, people) for issue, visit in found],
        "total": total,
        "page": page,
        "size": size,
        "counts": counts,
        "kinds": _kinds(reader, overseen),
    }
    reader.note_page("issues")
    return told


def move(
    reader: Reader, issue_id: str, to: str, seen: str, owner: str, note: str
) -> dict[str, Any]:
    """Take an issue on; the issue as it is then. owner: `author` or `me`, of one that is assigned.

    Stops with `not_found`, `conflict_moved` or `forbidden`.
    """
    issue, visit = _find(reader, issue_id)
    if issue.state != seen:
        abort_with("conflict_moved")
    actor = reader.principal.user_id
    settles = "U" in access.issue_acts(reader.principal.role, visit.scope)
    if not (settles and may_move(issue.state, to, issue.fixer, visit.user_id, actor)):
        abort_with("forbidden")
    answers = {"target": issue.sid, "kind": issue.kind, "path": issue.path, "to": to, "note": note}
    if to == "assigned":
        answers["owner"] = actor if owner == "me" else visit.user_id
    submit(reader.principal, ISSUE_FORM, visit.area, [], answers)
    issue, visit = _find(reader, issue_id)
    return _row(reader, issue, visit, _people([issue]))


def may_open(principal: Principal, visit: m.Submission) -> bool:
    """Whether the person may open an issue about a visit."""
    acts = access.issue_acts(principal.role, visit.scope)
    return "C" in acts and visit.state in m.APPLIED and visit.rewritten is None


def open_one(reader: Reader, visit: m.Submission, kind: str, path: str) -> None:
    """Open an issue about a visit. kind: of NOTED; path: a question, or blank for all of it.

    Stops with `forbidden`, `conflict_moved` if there is one already, or `invalid_fields`.
    """
    if not may_open(reader.principal, visit):
        abort_with("forbidden")
    form = reader.form(visit.form, visit.fv)
    if path and (form is None or _node(shape_of(form.definition), path) is None):
        abort_with("invalid_fields", [{"path": "path", "message": _NO_QUESTION[reader.at]}])
    if any((row.kind, row.path) == (kind, path) for row in log.issues_of([visit.id])[visit.id]):
        abort_with("conflict_moved")
    answers = {"target": visit.id, "kind": kind, "path": path, "to": "open"}
    submit(reader.principal, ISSUE_FORM, visit.area, [], answers)


def blocking(sid: str) -> int:
    """How many issues stand in the way of approving a visit."""
    return sum(
        row.severity == BLOCK and row.state not in SETTLED for row in log.issues_of([sid])[sid]
    )


def _find(reader: Reader, issue_id: str) -> tuple[m.Issue, m.Submission]:
    row = db.session.execute(_listed(reader, T, S).where(T.id == issue_id)).first()
    if row is None:
        abort_with("not_found")
    return row[0], row[1]


# ---- filters and counts


def _listed(reader: Reader, *columns: Any) -> sa.Select[Any]:
    """Issues of visits that stand in the queue."""
    return seen.issues(reader.principal, *columns).where(S.state != "quarantined")


def _in_state(state: str) -> Sequence[sa.ColumnElement[bool]]:
    if state == "all":
        return ()
    return (unsettled(),) if state == "unsettled" else (T.state == state,)


def _counts(overseen: sa.Select[Any]) -> dict[str, int]:
    query = overseen.with_only_columns(T.state, sa.func.count())
    found = {row[0]: row[1] for row in db.session.execute(query.group_by(T.state))}
    return {state: found.get(state, 0) for state in STATES}


def _total(counts: Mapping[str, int], state: str) -> int:
    if state == "all":
        return sum(counts.values())
    if state == "unsettled":
        return sum(n for name, n in counts.items() if name not in SETTLED)
    return counts[state]


def _kinds(reader: Reader, overseen: sa.Select[Any]) -> list[dict[str, Any]]:
    """Rules with how many issues are not settled, the most frequent first."""
    query = overseen.with_only_columns(T.kind, sa.func.count()).where(unsettled())
    rows = db.session.execute(query.group_by(T.kind).order_by(sa.func.count().desc(), T.kind))
    return [{"kind": k, "name": words(reader, k), "count": n} for k, n in rows]


# ---- in words


def words(reader: Reader, kind: str, known: bool = False) -> str:
    """What a rule says when it is broken. known: by what the server knew of the registry."""
    told = (
        OTHER_COPY if known and kind in ("calculation", "count") else WORDS.get(kind, (kind, kind))
    )
    return told[0 if reader.lang == "zh" else 1]


def _row(
    reader: Reader, issue: m.Issue, visit: m.Submission, people: Mapping[str, str]
) -> dict[str, Any]:
    return {
        **_told(reader, issue, visit, people),
        "visit": visit.id,
        "title": reader.form_title(visit.form),
        "subject": reader.subject(reader.about(visit)),
        "scope": visit.scope,
        "area_name": reader.area_name(visit.area),
        "author": visit.author,
    }


def _told(
    reader: Reader, issue: m.Issue, visit: m.Submission, people: Mapping[str, str]
) -> dict[str, Any]:
    """An issue in the shape of IssueSchema."""
    actor = reader.principal.user_id
    settles = "U" in access.issue_acts(reader.principal.role, visit.scope)
    return {
        "id": issue.id,
        "kind": issue.kind,
        "severity": issue.severity,
        "known": bool(issue.known),
        "path": issue.path,
        "label": _label(reader, issue, visit),
        "message": _own_words(reader, issue, visit) or words(reader, issue.kind, bool(issue.known)),
        "state": issue.state,
        "opened": issue.opened,
        "due": issue.due,
        "late": issue.state not in SETTLED and issue.due < clock.today(),
        "owner": people.get(issue.owner or "", ""),
        "fixer": people.get(issue.fixer or "", ""),
        "moves": [
            to
            for to in STATES
            if settles and may_move(issue.state, to, issue.fixer, visit.user_id, actor)
        ],
    }


def _people(rows: Iterable[m.Issue]) -> dict[str, str]:
    return names_of({who for row in rows for who in (row.owner, row.fixer) if who})


def _label(reader: Reader, issue: m.Issue, visit: m.Submission) -> str:
    """What it is about: the question, its group and name if it has no label, or the property."""
    if issue.kind in OF_REGISTERS:
        return _register(reader, issue.path)
    form = reader.form(visit.form, visit.fv)
    shape = shape_of(form.definition) if form else None
    node = _node(shape, issue.path) if shape else None
    if shape is None or node is None or node == 0:
        return issue.path
    langs = shape.definition["langs"]
    at = langs.index(reader.lang) if reader.lang in langs else 0
    named = [text for i in shape.lineage[node][1:] if (text := _plain(shape.nodes[i].get("l"), at))]
    own = _plain(shape.nodes[node].get("l"), at)
    number = _POSITION.search(issue.path)
    place = f" ({int(number[1]) + 1})" if number else ""
    return (own or " · ".join([*named[-1:], shape.nodes[node]["n"]])) + place


def _own_words(reader: Reader, issue: m.Issue, visit: m.Submission) -> str:
    """The form's own message, as far as it holds nothing to be filled in."""
    form = reader.form(visit.form, visit.fv)
    shape = shape_of(form.definition) if form else None
    node = _node(shape, issue.path) if shape else None
    if shape is None or node is None:
        return ""
    langs = shape.definition["langs"]
    at = langs.index(reader.lang) if reader.lang in langs else 0
    own = {"required": "rmsg", "constraint": "msg"}.get(issue.kind, "")
    text = (shape.nodes[node].get(own) or [""])[at:][:1]
    return text[0] if text and isinstance(text[0], str) else ""


def _register(reader: Reader, path: str) -> str:
    entity_id, _, register = path.rpartition("/")
    entity = reader.entity(entity_id) if entity_id else None
    kind = reader.kind(entity) if entity else None
    label = reader.label(kind, register) if kind else ""
    return BETWEEN[reader.lang].join(filter(None, [kind.label[reader.lang] if kind else "", label]))


def _plain(label: Any, at: int) -> str:
    """A label in one language, without what would be filled in."""
    if not label:
        return ""
    text = label[at] if at < len(label) and label[at] is not None else label[0]
    if isinstance(text, dict):
        return "…".join(part for part in text["parts"] if isinstance(part, str))
    return text or ""


def _node(shape: Shape, path: str) -> int | None:
    """The number of the node a path names."""
    node = 0
    for name in _POSITION.sub("", path).split("/"):
        child = shape.names.child(node, name)
        if child is None:
            return None
        node = child
    return node
