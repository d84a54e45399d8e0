"""The one door: items become submissions, submissions become entities. One batch, one transaction.

Nothing is refused. What can't be read, isn't allowed or fails is kept aside alone.
Everything a batch decides is staged and written at its end; if that fails, nothing of it happened
and `service` tries again, at last item by item, so every crash point leaves all or nothing.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from fieldapp.audit import service as access_log
from fieldapp.audit.service import SHARED, Entry
from fieldapp.db import utc_text
from fieldapp.quiet import without_values
from fieldapp.subjects.models import SubmissionSubject
from fieldapp.subjects.sealing import subject_name

from . import models as m
from . import rows, whose
from .aside import detail_about, sealed_detail
from .bulk import chosen
from .consent import EXPIRED, held_to
from .entities import (
    CORE,
    REVIEW,
    REVIEW_TYPE,
    Entity,
    TypeView,
    absorb,
    conflicts,
    group_writes,
    mention,
    places,
    review_id,
    roots,
)
from .erased import LATE, forgotten, ids_in, late, named, sealed_for_nobody
from .erased import WHY as ERASED
from .installs import note_installs, said
from .issues import opened
from .items import Incoming, Outcome, Result, Rules
from .knowledge import filled, named_ids
from .merge import Dot, Write
from .plan import (
    BUILT_IN,
    ISSUE_FORM,
    REVIEW_FORM,
    SETTLE_FORM,
    AsideError,
    Author,
    Plan,
    Target,
    candidates,
    check_rights,
    plan_form,
    plan_issue,
    plan_review,
    plan_settle,
    refuse_record,
    superseded,
    with_correction,
    within_rights,
)
from .quality import ISSUE, ISSUE_TYPE
from .redaction import anew, as_it_stands, left_out
from .store import Effect, Row, Store
from .transactions import chunks
from .wire import Submitted, Touched, UnreadableError, wire_moment

log = logging.getLogger(__name__)

OWN_TYPES = {REVIEW: REVIEW_TYPE, ISSUE: ISSUE_TYPE}


class Batch:
    """Items of one transaction. consenting: people of whose consent something was said in it."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store, self._rules = store, rules
        self._known: dict[str, tuple[str, str, str | None, str]] = {}
        self._asked: set[str] = set()
        self._installs: dict[str, Row] = {}
        self._erased: set[str] = set()
        self._forgotten: dict[tuple[str, str], str] | None = None
        self.consenting: set[str] = set()
        self._done: list[Entry] = []

    def expect(self, ids: Sequence[str]) -> None:
        """Read at once what will be asked of these ids, of items that come one by one."""
        self._find_known(ids)
        self._store.load_sups(ids)

    def accept(self, items: Sequence[Incoming]) -> list[Result]:
        """Take in items in their order; nothing is written before `finish`."""
        read_items = [(item, item.sent) for item in items]
        self._prepare([sent for _, sent in read_items if isinstance(sent, Submitted)])
        self._find_known([item.id for item in items])
        self._erased = named(self._store.connection, (item.body for item in items))
        return [self._accept(item, sent) for item, sent in read_items]

    def finish(self, since: str) -> None:
        """Write everything accepted. since: the moment conflicts begin. Raises LocksGrewError."""
        note_installs(self._store.connection, list(self._installs.values()))
        self._store.flush(since)
        access_log.record(self._store.connection, *self._done)

    def replay(self, item: Incoming) -> Result:
        """Apply again a submission that was admitted before; its row is left as it is."""
        sent = item.sent
        if isinstance(sent, UnreadableError):
            return Result(item.id, "quarantined", sent.why)
        outcome = self._try(item, sent)
        self._store.stage(outcome.effect)
        return outcome.result

    def planned(self, item: Incoming) -> Plan | None:
        """What a submission of the log does; None if it can't be read or applied any more."""
        sent = item.sent
        if isinstance(sent, UnreadableError):
            return None
        try:
            plan = self._plan(item, sent)
            before = {touched.e: self._store.find(touched.e) for touched in plan.touched}
            views = {t.e: self._view(t, before[t.e], plan) for t in plan.touched}
        except AsideError:
            return None
        return within_rights(plan, item.author, views)

    def readmit(self, item: Incoming, area: str = "") -> tuple[Result, Row]:
        """Try again one that was kept aside; the result and what its row becomes.

        area: at whose desk it lies, if not where it was made.
        """
        sent = item.sent
        if isinstance(sent, UnreadableError):
            return Result(item.id, "quarantined", sent.why), {}
        outcome = self._try(item, sent)
        if outcome.plan is None:
            of = whose.living(self._store, self._store.subjects_of(item.id))
            return outcome.result, {
                "why": outcome.result.why,
                "detail": sealed_detail(self._store.keys, item.id, outcome.detail, of),
                "entity": outcome.about,
            }
        self._note_consenting(outcome)
        for subject in sorted(whose.touched(self._store, outcome.effect)):
            outcome.effect.add(SubmissionSubject, {"sid": item.id, "subject": subject})
        self._store.stage(outcome.effect)
        self._stage_blobs(item.id, outcome.plan.blobs)
        placed = self._placed(sent, outcome) | ({"area": area} if area else {})
        self._note("admit", item, placed, outcome.plan.shared)
        return outcome.result, placed | {
            "state": outcome.result.st,
            "why": outcome.result.why,
            "detail": None,
        } | ({} if outcome.text is None else {"rewritten": LATE, "text": outcome.text})

    # ---- keeping ------------------------------------------------------------------------------

    def _note_consenting(self, outcome: Outcome) -> None:
        """Whose consent, or age, may be another now: what waits for it is to be tried again."""
        if outcome.plan is None:
            return
        keeping = self._rules.keeping(outcome.plan.scope)
        if keeping and {t.t for t in outcome.plan.touched} & {keeping.type, keeping.people}:
            person = self._main(outcome.plan, outcome.effect)
            self.consenting |= {person} if person else set()

    def _prepare(self, sent: Sequence[Submitted]) -> None:
        """Read at once what the batch will need."""
        ids: set[str] = set()
        for submitted in sent:
            ids |= candidates(submitted)
        self._store.load(ids)
        self._store.load_sups([submitted.id for submitted in sent])
        self._store.keys.load(
            {subject_name(self._rules.scope_of(s.form), e) for s in sent for e in candidates(s)}
        )
        for form, some in groupby(sorted(sent, key=_form_key), key=_form_key):
            known = None if form[0] in BUILT_IN else self._rules.form(*form)
            if known:
                named = {entity for submitted in some for entity in named_ids(submitted.answers)}
                self._store.load_followers(named, known.looks)

    def _find_known(self, ids: Sequence[str]) -> None:
        s = m.Submission
        for some in chunks(sorted(set(ids) - self._asked)):
            known = (s.id, s.sha, s.state, s.why, s.user_id)
            for row in chosen(self._store.connection, known, s.id, some):
                self._known[row.id] = (row.sha, row.state, row.why, row.user_id)
        self._asked.update(ids)

    def _accept(self, item: Incoming, sent: Submitted | UnreadableError) -> Result:
        if sha256(_bytes(item.body)).hexdigest() != item.sha:
            return Result(item.id, "later", "sha")
        if item.id in self._known:
            return self._again(item)
        if self._names_erased(item):
            read = sent if isinstance(sent, Submitted) else None
            result = self._aside(item, read, ERASED, "")
        elif isinstance(sent, UnreadableError):
            result = self._aside(item, None, sent.why, str(sent))
        elif sent.id != item.id:
            result = self._aside(item, None, "parse", "the id within is another")
        elif item.aside:
            result = self._aside(item, sent, item.aside, "")
        elif sent.user != item.author.user_id:
            result = self._aside(item, sent, "authz", "signed by another person's device")
        else:
            result = self._apply(item, sent)
        state = "stored" if result.st == "conflict" else result.st
        self._known[item.id] = (item.sha, state, result.why, item.author.user_id)
        said(self._installs, item, sent if isinstance(sent, Submitted) else None)
        return result

    def _names_erased(self, item: Incoming) -> bool:
        return bool(self._erased) and not self._erased.isdisjoint(ids_in(item.body))

    def _again(self, item: Incoming) -> Result:
        """An id that is here: the same bytes, or others, which are kept too and alarm."""
        sha, state, why, author = self._known[item.id]
        if sha == item.sha:
            kept_aside = state == "quarantined" and why != EXPIRED
            return Result(item.id, "quarantined" if kept_aside else "duplicate", why)
        # What became of another person's visit is told to nobody who hasn't its bytes.
        if (author == item.author.user_id and why == ERASED) or self._names_erased(item):
            return Result(item.id, "quarantined", ERASED)
        row = {
            "id": item.id,
            "sha": item.sha,
            "device_id": item.device_id,
            "received": utc_text(item.received),
        }
        effect = Effect()
        effect.add(m.SubmissionVariant, row)
        of = self._store.subjects_of(item.id) | whose.claimed(self._store, self._rules, item.sent)
        effect.seal(row, "body", _bytes(item.body), item.id, whose.living(self._store, of))
        self._store.stage(effect)
        return Result(item.id, "variant")

    def _apply(self, item: Incoming, sent: Submitted) -> Result:
        outcome = self._try(item, sent)
        if outcome.plan is None:
            why = outcome.result.why or "apply"
            return self._aside(item, sent, why, outcome.detail, outcome.about)
        self._note_consenting(outcome)
        row = self._row(item, sent, outcome.result) | self._placed(sent, outcome)
        if outcome.text is not None:
            item, row["rewritten"] = replace(item, body=outcome.text), LATE
        self._keep(item, row, outcome.effect, whose.touched(self._store, outcome.effect))
        self._store.stage(outcome.effect)
        self._note("write", item, row, outcome.plan.shared)
        self._stage_blobs(item.id, outcome.plan.blobs)
        self._store.know_target(Target(sent.id, sent.user, outcome.plan.scope, sent.area))
        return outcome.result

    def _keep(self, item: Incoming, row: Row, effect: Effect, of: frozenset[str]) -> None:
        """Stage the log's row, its body sealed for those it is about."""
        effect.add(m.Submission, row)
        effect.seal(row, "body", _bytes(item.body), item.id, of)
        for subject in sorted(of):
            effect.add(SubmissionSubject, {"sid": item.id, "subject": subject})

    def _placed(self, sent: Submitted, outcome: Outcome) -> Row:
        """What only an applied submission has in its row."""
        if outcome.plan is None:
            return {}
        return {
            "scope": outcome.plan.scope,
            "fv": sent.fv,
            "area": sent.area,
            "on_date": outcome.plan.on,
            "entity": self._main(outcome.plan, outcome.effect),
            "review": "" if sent.form in BUILT_IN else "received",
        }

    def _try(self, item: Incoming, sent: Submitted) -> Outcome:
        """Work out what it does. A failure is the item's own."""
        try:
            plan = self._plan(item, sent)
            plan, text = self._without_late(item, sent, plan)
            if item.author.trusted:
                plan = left_out(plan, self._left_out(), utc_text(item.received))
            before = {touched.e: self._store.find(touched.e) for touched in plan.touched}
            views = {t.e: self._view(t, before[t.e], plan) for t in plan.touched}
            plan = within_rights(plan, item.author, views)
            effect = self._effect(item, sent, plan, before, views)
        except AsideError as error:
            result = Result(item.id, "quarantined", error.why)
            return Outcome(result, detail=str(error), about=error.about)
        except SQLAlchemyError:
            raise
        except Exception as error:  # whatever is wrong with it must not stop the others
            log.error("submission %s can't be applied: %s", item.id, without_values(error))
            return Outcome(Result(item.id, "quarantined", "apply"), detail=type(error).__name__)
        result = Result(item.id, self._standing(plan, effect), plan.why)
        return Outcome(result, effect, plan, text=text)

    def _without_late(self, item: Incoming, sent: Submitted, plan: Plan) -> tuple[Plan, str | None]:
        """Without what it says of a lessor, and the like, who was erased after it was made; with
        the text to keep then.
        """
        kinds = (self._rules.type(plan.scope, touched.t) for touched in plan.touched)
        if item.author.trusted or not any(kind and kind.parties for kind in kinds):
            return plan, None
        made = utc_text(min(sent.at or item.received, item.received))
        gone = late(self._store.connection, {touched.e for touched in plan.touched}, made)
        form = self._rules.form(sent.form, sent.fv)
        definition = form.definition if form else None
        return anew(item.body, plan, gone, definition) if gone else (plan, None)

    def _aside(
        self, item: Incoming, sent: Submitted | None, why: str, detail: str, whom: str | None = None
    ) -> Result:
        result = Result(item.id, "quarantined", why)
        row, effect = self._row(item, sent, result) | {"entity": whom}, Effect()
        if why == ERASED:
            row["body"] = sealed_for_nobody(_bytes(item.body))
            effect.add(m.Submission, row)
        else:
            of = whose.claimed(self._store, self._rules, sent)
            self._keep(item, row, effect, of)
            if detail:
                effect.seal(row, "detail", _bytes(detail), detail_about(item.id), of)
        self._store.stage(effect)
        self._stage_blobs(item.id, sent.blobs if sent and why != ERASED else ())
        self._note("aside", item, {"area": f"u.{item.author.user_id}", "scope": row["scope"]})
        return result

    def _note(self, act: str, item: Incoming, placed: Row, told: str | None = None) -> None:
        """For the access log: who wrote about whom. told: the clinic that was told who she is."""
        who = (item.author.user_id, item.author.role, placed["scope"], placed.get("entity") or "")
        what = {"sid": item.id, "device": item.device_id}
        self._done.append(Entry(placed["area"], act, *who, what))
        if told is not None:
            clinic = {"to": self._rules.clinic(told), "on": placed["on_date"]}
            self._done.append(Entry(placed["area"], SHARED, *who, what | clinic))

    def _row(self, item: Incoming, sent: Submitted | None, result: Result) -> Row:
        at = min(sent.at, item.received) if sent and sent.at else item.received
        return {
            "id": item.id,
            "sha": item.sha,
            "install": sent.install if sent else item.install,
            "n": sent.n if sent else item.n,
            "user_id": item.author.user_id,
            "author": item.author.name,
            "role": item.author.role,
            "device_id": item.device_id,
            "form": sent.form if sent else "",
            "fv": sent.fv if sent else "",
            "scope": self._rules.scope_of(sent.form) if sent else "",
            "area": sent.area if sent else "",
            "corrects": sent.corrects if sent else None,
            "entity": None,
            "on_date": sent.on if sent else "",
            "at": wire_moment(at),
            "received": utc_text(item.received),
            "skew": item.skew,
            "state": result.st,
            "why": result.why,
            "detail": None,
            "review": "",
            "rewritten": None,
        }

    def _left_out(self) -> dict[tuple[str, str], str]:
        """What no replay may bring back; read once."""
        if self._forgotten is None:
            self._forgotten = forgotten(self._store.connection)
        return self._forgotten

    def _stage_blobs(self, sid: str, blobs: Iterable[str]) -> None:
        for sha in blobs:
            self._stage_row(m.SubmissionBlob, {"sid": sid, "sha": sha})

    def _stage_row(self, model: type[Any], row: Row) -> None:
        effect = Effect()
        effect.add(model, row)
        self._store.stage(effect)

    # ---- applying -----------------------------------------------------------------------------

    def _plan(self, item: Incoming, sent: Submitted) -> Plan:
        author = item.author
        if item.rewritten is not None:
            return as_it_stands(sent, item.rewritten)
        told = sent.answers.get("target") if sent.form in BUILT_IN else sent.corrects
        target = self._store.target(told) if isinstance(told, str) else None
        applied = target if target and target.applied else None
        if sent.form == REVIEW_FORM:
            return plan_review(sent, applied, author, self._store.is_blocked)
        if sent.form == ISSUE_FORM:
            return plan_issue(sent, applied, author, self._store.issue)
        if sent.form == SETTLE_FORM:
            return plan_settle(sent, self._store.find, self._store.view_of, author)
        form = self._rules.form(sent.form, sent.fv)
        if form is None:
            raise AsideError("unknown_form", f"{sent.form} {sent.fv}")
        fill = partial(filled, item, sent, form, self._rules, self._store.near)
        plan = plan_form(sent, form, author, fill, item.derivation)
        plan = held_to(self._rules.keeping(form.scope), plan, item, sent, form, self._store)
        return with_correction(plan, sent, target, author)

    def _effect(
        self,
        item: Incoming,
        sent: Submitted,
        plan: Plan,
        before: dict[str, Entity | None],
        views: dict[str, TypeView],
    ) -> Effect:
        effect = Effect()
        at = wire_moment(min(sent.at or item.received, item.received))
        gone = superseded(plan.writes)
        for i, e, reg in self._store.sups_of(sent.id):
            gone.setdefault(e, {}).setdefault(reg, set()).add(Dot(sent.id, i))
        for touched in plan.touched:
            view = views[touched.e]
            old = before[touched.e] or Entity(touched.e, view.name, view.scope)
            writes = group_writes(
                (w.r, Write(Dot(sent.id, w.i), rows.kept(self._store, w, view), plan.on, at))
                for w in plan.writes
                if w.e == touched.e
            )
            entity = mention(old, sent.id, touched.new, sent.area)
            effect.entities[touched.e] = absorb(entity, view, writes, gone.get(touched.e, {}))
        self._judge(plan, item.author, before, views, effect)
        rows.add(self._store, effect, sent, plan, views)
        for row in opened(plan.noted or sent.id, item.received, plan.issues):
            effect.add(m.Issue, row)
        review = self._store.find(review_id(sent.id))
        if review is not None:  # the decision came before what it is about
            effect.entities.setdefault(review.id, review)
        return effect

    def _view(self, touched: Touched, here: Entity | None, plan: Plan) -> TypeView:
        if touched.e in plan.own:
            view: TypeView | None = OWN_TYPES[touched.t]
        else:
            view = self._rules.type(plan.scope, touched.t)
        if view is None:
            raise AsideError("apply", f"{plan.scope} has no type {touched.t}")
        if here is not None and (here.type, here.scope) != (view.name, view.scope):
            refuse_record(touched.e)
        return view

    def _judge(
        self,
        plan: Plan,
        author: Author,
        before: dict[str, Entity | None],
        views: dict[str, TypeView],
        effect: Effect,
    ) -> None:
        def find(entity_id: str) -> Entity | None:
            return effect.entities.get(entity_id) or self._store.find(entity_id)

        was = {
            e: places(old, self._store.view_of, self._store.find)
            for e, old in before.items()
            if old is not None and old.scope != CORE
        }
        now = {
            e: places(entity, self._store.view_of, find)
            for e, entity in effect.entities.items()
            if entity.scope != CORE
        }
        check_rights(plan, author, was, now, views)

    def _standing(self, plan: Plan, effect: Effect) -> str:
        """`conflict` if a register it wrote now holds different values."""
        written = {(w.e, w.r) for w in plan.writes}
        for e, entity in effect.entities.items():
            if any((e, r) in written for r in conflicts(entity, self._store.view_of(entity))):
                return "conflict"
        return "stored"

    def _main(self, plan: Plan, effect: Effect) -> str | None:
        """The entity it is about: the root of the first it touches, or that one."""
        for touched in plan.touched:
            entity = effect.entities[touched.e]
            if entity.scope != CORE:
                return min(roots(entity, self._store.view_of(entity)), default=touched.e)
        return None


def _form_key(sent: Submitted) -> tuple[str, str]:
    return sent.form, sent.fv


def _bytes(body: str) -> bytes:
    return body.encode("utf-8", "surrogatepass")
