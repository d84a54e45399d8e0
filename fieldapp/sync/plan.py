"""What one submission will do, decided before anything is done: its entities, writes and issues.

Forms of programs are derived from their answers; the two built-in forms, a review decision and a
settled conflict, are the desk's. Pure: what it must know of the store is given to it.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn, Protocol

from fieldapp.consent.need import Need, Sharing
from fieldapp.forms.definition import Definition

from .entities import CORE, REVIEW, Entity, TypeView, review_id
from .merge import ALIVE, Dot, Value
from .quality import (
    ISSUE,
    NOTED,
    STATES,
    Filled,
    Finding,
    Standing,
    issue_id,
    may_move,
)
from .reconcile import Applied, Derivation, reconcile
from .wire import Submitted, Touched

REVIEW_FORM: Final = "_review"
SETTLE_FORM: Final = "_settle"
ISSUE_FORM: Final = "_issue"
BUILT_IN: Final = (REVIEW_FORM, SETTLE_FORM, ISSUE_FORM)
DECISIONS: Final = ("approved", "returned", "rejected")
MAX_TOUCHED: Final = 500
_NOT_THEIRS: Final = "this isn't the author's to decide"  # also where there is nothing to decide on


class AsideError(Exception):
    """The submission is kept but not applied. why: a key of docs/sync.md's quarantine reasons;
    about: the entity whose coming right would let it in.
    """

    def __init__(self, why: str, detail: str, about: str | None = None) -> None:
        super().__init__(detail)
        self.why, self.about = why, about


class Answered(Protocol):
    """What a published form says of answers; see fieldapp.sync.rules."""

    @property
    def scope(self) -> str:
        """The scope of all it writes."""
        ...

    @property
    def roles(self) -> Collection[str]:
        """Who may fill it."""
        ...

    @property
    def looks(self) -> frozenset[str]:
        """The lists it looks into."""
        ...

    @property
    def asked(self) -> frozenset[str] | None:
        """The properties it asks of their items; None: perhaps all."""
        ...

    @property
    def need(self) -> Need | None:
        """The consent it needs; None: it asks nothing that needs any."""
        ...

    @property
    def sharing(self) -> Sharing | None:
        """Where it says that a clinic was told who somebody is; None: nowhere."""
        ...

    @property
    def definition(self) -> Definition:
        """What is asked."""
        ...

    def grown(self, answers: Mapping[str, Any]) -> Any:
        """The answers as a tree, for `derive` first and then `problems`, which changes it."""
        ...

    def derive(self, answers: Mapping[str, Any], sid: str, on: str, tree: Any = None) -> Derivation:
        """The writes the answers make."""
        ...

    def blobs(self, answers: Mapping[str, Any]) -> Sequence[str]:
        """The hashes of the attachments the answers name."""
        ...

    def problems(self, filled: Filled, tree: Any = None) -> Iterable[Finding]:
        """Where the form would not have allowed the answers."""
        ...


@dataclass(frozen=True)
class Target:
    """The submission that a decision or a correction is about. applied: it isn't kept aside, where
    nothing is decided about it.
    """

    id: str
    user_id: str
    scope: str
    area: str
    rewritten: bool = False
    applied: bool = True


@dataclass(frozen=True)
class Author:
    """Who sends, and what is theirs: villages granted per scope, scopes decided in, what they do
    about quality issues of a scope (`access.issue_acts`).

    trusted: a replay of what was admitted before, when rights may have been others. username: how
    they log in, blank if unknown.
    """

    user_id: str
    name: str
    role: str
    areas: Callable[[str], Collection[str]] = lambda _scope: ()
    reviews: Callable[[str], bool] = lambda _scope: False
    trusted: bool = False
    username: str = ""
    issues: Callable[[str], str] = lambda _scope: ""

    def fills(self, form: Answered) -> bool:
        """Whether the role fills the form."""
        return self.trusted or self.role in form.roles

    def works_in(self, scope: str, areas: Collection[str]) -> bool:
        """Whether any of these areas is theirs."""
        return self.trusted or not set(areas).isdisjoint(self.areas(scope))

    def decides(self, scope: str) -> bool:
        """Whether they review and settle in the scope."""
        return self.trusted or self.reviews(scope)

    def settles(self, scope: str, area: str, act: str) -> bool:
        """Whether they open (C) or move on (U) quality issues of visits there."""
        return self.trusted or (act in self.issues(scope) and self.works_in(scope, [area]))

    def writes(self, view: TypeView) -> bool:
        """Whether the role writes entities of the type."""
        return self.trusted or view.writers is None or self.role in view.writers

    def fills_in(self, register: str, view: TypeView) -> bool:
        """Whether the role writes a register of a type it writes.

        Trusted or not: what was left out when it came is left out of every replay.
        """
        return register not in view.reserved or self.role in view.reserved[register]


@dataclass(frozen=True)
class Plan:
    """What to do. scope, on: of the submission. decides: by a reviewer's right. blobs: hashes of
    the attachments it names. own: entities of the server itself (CORE) that it may touch. why: what
    was made an exception for, kept with the submission. noted: the submission `issues` are about,
    if not this one. shared: the clinic that was told who she is, as the visit names it; None: none.
    """

    scope: str
    on: str
    touched: tuple[Touched, ...] = ()
    writes: tuple[Applied, ...] = ()
    issues: tuple[Finding, ...] = ()
    decides: bool = False
    blobs: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    why: str | None = None
    noted: str | None = None
    shared: str | None = None


def plan_form(
    sent: Submitted,
    form: Answered,
    author: Author,
    fill: Callable[[], Filled],
    known: Derivation | None = None,
) -> Plan:
    """A visit: derived again from its answers, unless that was just done. Raises AsideError.

    fill: gives the visit as the form judges it.
    """
    if not author.fills(form):
        refuse(f"role {author.role} doesn't fill {sent.form}")
    if not author.works_in(form.scope, [sent.area]):
        refuse(f"area {sent.area} isn't the author's")
    tree = form.grown(sent.answers)
    derivation = known or form.derive(sent.answers, sent.id, sent.on, tree)
    if len(derivation.entities) > MAX_TOUCHED:
        raise AsideError("too_large", f"more than {MAX_TOUCHED} entities")
    writes, mismatches = reconcile(sent, derivation)
    issues = [
        Finding(f"{m.e}/{m.r}", "derivation_mismatch", params={"why": m.why}) for m in mismatches
    ]
    issues += form.problems(fill(), tree)
    blobs = form.blobs(sent.answers)
    if set(blobs) != set(sent.blobs):
        issues.append(Finding("", "derivation_mismatch", params={"why": "blobs"}))
    touched = _once_each(derivation.entities)
    named = tuple(dict.fromkeys((*blobs, *sent.blobs)))
    return Plan(form.scope, derivation.on, touched, writes, tuple(issues), blobs=named)


def with_correction(plan: Plan, sent: Submitted, target: Target | None, author: Author) -> Plan:
    """The plan of a correction: it also marks what it corrects. Raises AsideError."""
    if sent.corrects is None:
        return plan
    if target and not author.trusted:
        elsewhere = target.applied and target.scope != plan.scope
        if elsewhere or target.user_id != author.user_id:
            refuse_record(sent.corrects)
    mark = Touched(review_id(sent.corrects), REVIEW, False)
    values = (("target", sent.corrects), ("corrected", sent.id))
    after = len(sent.ops)
    writes = tuple(Applied(after + k, mark.e, r, v) for k, (r, v) in enumerate(values))
    return replace(
        plan, touched=(*plan.touched, mark), writes=plan.writes + writes, own=frozenset([mark.e])
    )


def plan_review(
    sent: Submitted, target: Target | None, author: Author, blocked: Callable[[str], bool]
) -> Plan:
    """A decision about one submission. blocked: whether issues stand in the way of approving it.
    Raises AsideError.
    """
    decision = sent.answers.get("state")
    notes = sent.answers.get("notes", [])
    accepted = sent.answers.get("accepted")
    if decision not in DECISIONS or not _are_notes(notes):
        raise AsideError("parse", "a decision has a state and notes of path and text")
    if accepted is not None and not (isinstance(accepted, str) and accepted.strip()):
        raise AsideError("parse", "a reason for accepting is a text")
    if target is None:
        refuse(_NOT_THEIRS)
    if not (author.decides(target.scope) and author.works_in(target.scope, [target.area])):
        refuse(_NOT_THEIRS)
    if not author.trusted and target.user_id == author.user_id:
        refuse(_NOT_THEIRS)
    if decision == "approved" and not accepted and not author.trusted and blocked(target.id):
        refuse("issues stand in the way")
    about = Touched(review_id(target.id), REVIEW, False)
    sup = {op.r: op.sup for op in sent.ops if op.e == about.e}
    values: dict[str, Value] = {
        "target": target.id,
        "state": str(decision),
        "notes": json.dumps(notes, ensure_ascii=False),
        "by": author.name,
        **({"accepted": accepted} if accepted else {}),
    }
    writes = [Applied(i, about.e, r, v, sup.get(r, ())) for i, (r, v) in enumerate(values.items())]
    return Plan(target.scope, sent.on, (about,), tuple(writes), own=frozenset([about.e]))


def plan_issue(
    sent: Submitted,
    target: Target | None,
    author: Author,
    now: Callable[[str], Standing | None],
) -> Plan:
    """A word about an issue: `{target, kind, path, to, owner?, note?}`. now: where an issue of this
    id stands, None if there is none. Raises AsideError.
    """
    told = {key: sent.answers.get(key, "") for key in ("kind", "path", "to", "owner", "note")}
    if not all(isinstance(value, str) for value in told.values()) or told["to"] not in STATES:
        raise AsideError("parse", "a word about an issue names it and where it goes")
    if target is None:
        refuse(_NOT_THEIRS)
    about = Touched(issue_id(target.id, told["kind"], told["path"]), ISSUE, False)
    here = now(about.e)
    if told["to"] == "open":
        return _plan_opening(sent, target, author, about, here)
    if not author.settles(target.scope, target.area, "U"):
        refuse(_NOT_THEIRS)
    if not author.trusted and not (
        here and may_move(here.state, told["to"], here.fixer, target.user_id, author.user_id)
    ):
        refuse(f"can't go to {told['to']}")
    values = {"target": target.id, "state": told["to"], "actor": author.user_id}
    if told["to"] == "assigned":
        values["owner"] = told["owner"] or target.user_id
    writes = tuple(Applied(i, about.e, r, v) for i, (r, v) in enumerate(values.items()))
    return Plan(target.scope, sent.on, (about,), writes, own=frozenset([about.e]))


def _plan_opening(
    sent: Submitted, target: Target, author: Author, about: Touched, here: Standing | None
) -> Plan:
    """An issue somebody opens about another's visit. Raises AsideError.

    Of a visit that was written anew when somebody was erased nothing stands that was found before.
    """
    if sent.answers.get("kind") not in NOTED or not author.settles(target.scope, target.area, "C"):
        refuse(_NOT_THEIRS)
    if not author.trusted and (here or target.rewritten):
        refuse("open already, or about what was erased in part")
    found = Finding(str(sent.answers.get("path", "")), str(sent.answers["kind"]))
    values = {"target": target.id, "state": "open", "actor": author.user_id}
    writes = tuple(Applied(i, about.e, r, v) for i, (r, v) in enumerate(values.items()))
    issues = () if target.rewritten else (found,)
    return Plan(
        target.scope, sent.on, (about,), writes, issues, own=frozenset([about.e]), noted=target.id
    )


def plan_settle(
    sent: Submitted,
    find: Callable[[str], Entity | None],
    view_of: Callable[[Entity], TypeView],
    author: Author,
) -> Plan:
    """Registers settled by a reviewer: ops as sent, on what is here. Raises AsideError."""
    ids = list(dict.fromkeys(op.e for op in sent.ops))
    entities = [entity for entity in map(find, ids) if entity is not None]
    scopes = {entity.scope for entity in entities}
    if len(entities) != len(ids) or len(scopes) != 1 or CORE in scopes:
        refuse(_NOT_THEIRS)
    scope = scopes.pop()
    away = any(each.areas and not author.works_in(scope, each.areas) for each in entities)
    if away or not author.decides(scope):
        refuse(_NOT_THEIRS)
    views = {entity.id: view_of(entity) for entity in entities}
    writes = tuple(Applied(i, op.e, op.r, op.v, op.sup) for i, op in enumerate(sent.ops))
    for write in writes:
        if not _fits(write.r, write.v, views[write.e]):
            raise AsideError("parse", f"{write.r} can't hold this")
    touched = tuple(Touched(entity.id, entity.type, False) for entity in entities)
    return Plan(scope, sent.on, touched, writes, decides=True)


def check_rights(
    plan: Plan,
    author: Author,
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]],
    views: Mapping[str, TypeView],
) -> None:
    """Every entity must be the author's to write. Raises AsideError.

    before: areas of the entities that were there; after: areas of all. An entity that was there is
    judged by where it was, so that it can be moved out of the author's areas, but not into them.
    """
    for touched in plan.touched:
        if touched.e in plan.own:
            continue
        if not plan.decides and not author.writes(views[touched.e]):
            refuse_record(touched.e)
        if not author.works_in(plan.scope, before.get(touched.e) or after[touched.e]):
            refuse_record(touched.e)


def within_rights(plan: Plan, author: Author, views: Mapping[str, TypeView]) -> Plan:
    """The plan less what its author's role doesn't fill in, which is told as issues; what the visit
    said otherwise is too good to be lost for it.
    """
    if plan.decides:
        return plan
    kept = tuple(w for w in plan.writes if author.fills_in(w.r, views[w.e]))
    left_out = [
        Finding(f"{w.e}/{w.r}", "reserved", params={"role": author.role})
        for w in plan.writes
        if w not in kept
    ]
    return replace(plan, writes=kept, issues=(*plan.issues, *left_out))


def refuse(detail: str) -> NoReturn:
    """Keep it aside for want of rights."""
    raise AsideError("authz", detail)


def refuse_record(entity: str, about: str | None = None) -> NoReturn:
    """Keep it aside for want of rights to a record: in the same words for one of another village,
    scope or type as for one that the role doesn't write, so that they tell nothing of it.

    about: whose health data the visit carries.
    """
    raise AsideError("authz", f"{entity} isn't the author's to write", about)


def superseded(writes: Iterable[Applied]) -> dict[str, dict[str, set[Dot]]]:
    """Dots replaced, by entity and register: a write replaces only within its own register."""
    gone: dict[str, dict[str, set[Dot]]] = {}
    for write in writes:
        if write.sup:
            gone.setdefault(write.e, {}).setdefault(write.r, set()).update(write.sup)
    return gone


def _once_each(entities: Iterable[Touched]) -> tuple[Touched, ...]:
    """Every entity once; it begins here if any mention says so."""
    found: dict[str, Touched] = {}
    for touched in entities:
        known = found.get(touched.e, touched)
        if known.t != touched.t:
            raise AsideError("apply", f"{touched.e} is a {known.t} and a {touched.t}")
        found[touched.e] = Touched(touched.e, touched.t, known.new or touched.new)
    return tuple(found.values())


def _are_notes(notes: Any) -> bool:
    return isinstance(notes, list) and all(
        isinstance(note, dict)
        and set(note) == {"path", "text"}
        and all(isinstance(text, str) for text in note.values())
        for note in notes
    )


def _fits(register: str, value: Value, view: TypeView) -> bool:
    if register == ALIVE:
        return value in ("true", "false")
    if register not in view.kinds or register in view.secrets:
        return False
    members = view.members.get(register)
    if members is None or value is None:
        return not isinstance(value, dict)
    return isinstance(value, dict) and set(value) <= set(members)


def candidates(sent: Submitted) -> set[str]:
    """Ids of entities a submission may touch or follow."""
    ids = {touched.e for touched in sent.entities} | {review_id(sent.id)}
    for op in sent.ops:
        ids.add(op.e)
        if isinstance(op.v, str) and len(op.v) == 36:
            ids.add(op.v)
    if sent.corrects:
        ids.add(review_id(sent.corrects))
    target = sent.answers.get("target")
    if sent.form in (REVIEW_FORM, ISSUE_FORM) and isinstance(target, str):
        ids.add(review_id(target))
        ids.add(issue_id(target, str(sent.answers.get("kind")), str(sent.answers.get("path"))))
    return ids
