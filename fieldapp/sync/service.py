"""What sync offers: the one door for submissions, and keeping the derived tables true to the log.

accept(item, author)        one submission of the desk; its own transaction
take_in(items)              a push; results in the order of the items
record_many(visits)         visits as a phone would make them; demo data and tests
rebuild() audit() readmit() new_epoch()   what an operator or a supervisor may need

These begin transactions of their own: commit or give up yours first. Reading is in `feed` (phones)
and `log` (people).
"""

import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import IntegrityError, OperationalError

from fieldapp import clock
from fieldapp.accounts.service import Principal
from fieldapp.db import db, utc_text
from fieldapp.quiet import without_values
from fieldapp.subjects.keys import Keys, keys_of

from . import models as m
from .again import author_of, from_log, item_of, trusted, with_areas
from .apply import Batch, Incoming, Result
from .aside import Decision, seal_again
from .aside import note as note_decision
from .audit import audit as find_faults
from .audit import log_faults as find_log_faults
from .bulk import among
from .consent import CONSENT, EXPIRED
from .durable import not_before
from .emergency import complete
from .entities import Entity
from .erased import WHY as ERASED
from .erased import bury_again
from .merge import Dot, Value
from .plan import BUILT_IN, SETTLE_FORM, AsideError, Author, candidates
from .reconcile import Derivation, compose_ops
from .rules import CurrentRules, current_rules
from .store import LocksGrewError, Store
from .transactions import chunks, is_postgres, lock, lock_everything, reading, surveying, writing
from .wire import Submitted

TRIES = 5
PAUSE = 0.05  # seconds before trying again, growing
BATCH = 200  # submissions per transaction where many come at once
APP = "desk"
AREA_CODE = re.compile(r"[0-9]{12}")


def vault() -> Keys:
    """The keys, in the transaction of this moment."""
    return keys_of(db.session.connection())


# ---- the door -----------------------------------------------------------------------------------


def accept(submission: dict[str, Any], principal: Principal) -> Result:
    """One submission (docs/sync.md) written by a person at the desk."""
    return take_in([incoming(submission, author_of(principal))])[0]


def incoming(
    submission: dict[str, Any], author: Author, received: datetime | None = None
) -> Incoming:
    """A submission made on the server, as an item at the door."""
    body = json.dumps(submission, ensure_ascii=False)
    sha = sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    return Incoming(submission["id"], sha, body, author, received or clock.now())


def take_in(items: Sequence[Incoming]) -> list[Result]:
    """Take in items in one transaction: all of them, each with its own result.

    If that can't be written, item by item; what still fails of its own is kept aside, and what
    fails for passing reasons is `later`.
    """
    if not items:
        return []
    try:
        results, consenting = _insist(lambda extra: _transact(items, extra))
    except Exception as error:
        if len(items) > 1:
            return [result for item in items for result in take_in([item])]
        return [_last_resort(items[0], error)]
    try:
        readmit_waiting(consenting)
    except OperationalError as error:  # it is tried again before anything expires
        current_app.logger.warning("what waits must wait longer: %s", without_values(error))
    return results


def _last_resort(item: Incoming, error: Exception) -> Result:
    if isinstance(error, OperationalError | LocksGrewError):
        return Result(item.id, "later", "busy")
    current_app.logger.error("submission %s can't be written: %s", item.id, without_values(error))
    try:
        return _transact([replace(item, aside="apply")], set())[0][0]
    except Exception as worse:
        told = without_values(worse)
        current_app.logger.error("submission %s can't even be kept aside: %s", item.id, told)
        return Result(item.id, "later", "busy")


Taken: TypeAlias = "tuple[list[Result], set[str]]"
"""Results, and the people of whose consent something was said."""


def _insist(attempt: Callable[[set[str]], Taken]) -> Taken:
    """Try again after a lost race, with the areas that turned out to be needed."""
    extra: set[str] = set()
    for number in range(1, TRIES):
        try:
            return attempt(extra)
        except LocksGrewError as grown:
            extra |= grown.areas
        except (OperationalError, IntegrityError):
            time.sleep(PAUSE * number)
    return attempt(extra)


def _transact(items: Sequence[Incoming], extra: set[str]) -> Taken:
    rules = current_rules()
    with writing() as connection:
        items = _dated(connection, items)
        store = Store(connection, rules.type, _locked(connection, items, extra))
        batch = Batch(store, rules)
        results = batch.accept(items)
        batch.finish(_moment(items))
    return results, batch.consenting


def readmit_waiting(people: Collection[str]) -> list[str]:
    """Let in what waits for a consent of these people and no longer has to, the rest of what was
    taken in to save a life too; which.
    """
    if not people:
        return []
    s = m.Submission
    query = sa.select(s.id).where(s.state == "quarantined", s.why == CONSENT)
    # Whoever brings the consent, the visit may be anybody's.
    with surveying("consent") as connection:
        ids = [
            sid
            for some in chunks(sorted(people))
            for sid in connection.scalars(
                query.where(s.entity.in_(some)).order_by(s.received, s.id)
            )
        ]
    return [sid for sid in ids if readmit(sid).st != "quarantined"] + complete(people)


def _dated(connection: sa.Connection, items: Sequence[Incoming]) -> Sequence[Incoming]:
    floor = not_before(connection)
    return [replace(x, received=floor) if x.received < floor else x for x in items]


def _moment(items: Sequence[Incoming]) -> str:
    return utc_text(items[0].received if items else clock.now())


def _locked(connection: sa.Connection, items: Sequence[Incoming], extra: set[str]) -> set[str]:
    """Lock what the items may touch, as far as can be told before; which areas.

    A lock leaves its area's name behind, so nothing of the answers is taken for one; where a record
    moves to is found out on the way (LocksGrewError).
    """
    if not is_postgres(connection):
        return set()
    sent = [s for item in items if isinstance(s := item.sent, Submitted)]
    entities = {e for submitted in sent for e in candidates(submitted)}
    areas = {submitted.area for submitted in sent if AREA_CODE.fullmatch(submitted.area)} | extra
    for some in chunks(sorted(entities)):
        query = sa.select(m.Entity.areas).where(among(connection, m.Entity.id, some)).distinct()
        areas.update(*map(json.loads, connection.scalars(query)))
    lock(connection, areas, entities)
    return areas


# ---- visits made here ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """A finished form, to be submitted as a phone that shows everything would.

    answers: finished (`fieldapp.forms.check.complete` finishes them). received: defaults to `at`.
    derivation: what the answers yield, where the caller knows. shown_all: its author was shown
    values of later days too, and it replaces them.
    """

    principal: Principal
    form: str
    fv: str
    answers: dict[str, Any]
    at: datetime
    area: str
    received: datetime | None = None
    corrects: str | None = None
    id: str = field(default_factory=clock.new_id)
    install: str = APP
    n: int = 0
    derivation: Derivation | None = None
    shown_all: bool = False


def record(visit: Visit) -> Result:
    """Submit one visit."""
    return record_many([visit])[0]


def record_many(visits: Iterable[Visit]) -> list[Result]:
    """Submit visits in their order, each made over what the ones before left. Large transactions.

    For data made on the server while nobody else writes; a failure ends it with the exception.
    """
    results: list[Result] = []
    authors: dict[Principal, Author] = {}
    for some in chunks(visits, BATCH):
        rules = current_rules()
        with writing() as connection:
            floor = not_before(connection)
            lock_everything(connection)
            store = Store(connection, rules.type, locked=None)
            batch = Batch(store, rules)
            batch.expect([visit.id for visit in some])
            for visit in some:
                author = authors.setdefault(visit.principal, author_of(visit.principal))
                submission, derivation = _compose(visit, rules, store)
                received = max(visit.received or visit.at, floor)
                item = incoming(submission, author, received)
                results += batch.accept([replace(item, derivation=derivation)])
            batch.finish(_moment([item]))
    return results


def compose(visit: Visit, rules: CurrentRules, store: Store) -> dict[str, Any]:
    """The submission of a visit: derived ops that change something, naming all live dots."""
    return _compose(visit, rules, store)[0]


def _compose(visit: Visit, rules: CurrentRules, store: Store) -> tuple[dict[str, Any], Derivation]:
    form = rules.form(visit.form, visit.fv)
    if form is None:
        raise AsideError("unknown_form", f"{visit.form} {visit.fv}")
    on = visit.at.date().isoformat()
    derivation = visit.derivation or form.derive(visit.answers, visit.id, on)
    store.load(touched.e for touched in derivation.entities)
    shown: dict[tuple[str, str], Value] = {}
    live: dict[tuple[str, str], list[Dot]] = {}
    until = None if visit.shown_all else derivation.on
    for e, r, _ in derivation.writes:
        entity = store.find(e)
        if entity is not None:
            _copy_register(entity, r, until, store, shown, live)
    ops = compose_ops(derivation, shown, live)
    return {
        "id": visit.id,
        "install": visit.install,
        "n": visit.n,
        "user": visit.principal.user_id,
        "form": visit.form,
        "fv": visit.fv,
        "app": APP,
        "at": visit.at.isoformat(),
        "clk": {"wall": int(visit.at.timestamp() * 1000), "mono": 0},
        "area": visit.area,
        "corrects": visit.corrects,
        "on": derivation.on,
        "entities": [{"e": t.e, "t": t.t, "new": t.new} for t in derivation.entities],
        "ops": [{"e": o.e, "r": o.r, "v": o.v, "sup": [str(dot) for dot in o.sup]} for o in ops],
        "answers": visit.answers,
        "blobs": list(form.blobs(visit.answers)),
    }, derivation


def _copy_register(
    entity: Entity,
    r: str,
    until: str | None,
    store: Store,
    shown: dict[tuple[str, str], Value],
    live: dict[tuple[str, str], list[Dot]],
) -> None:
    view = store.view_of(entity)
    register = entity.register(r, view)
    if r in view.secrets:
        return
    if not register.conflict:
        shown[entity.id, r] = register.shown
    last = until if view.kind(r) == "latest" else None
    live[entity.id, r] = [w.dot for w in register.live if last is None or w.on <= last]


# ---- keeping ------------------------------------------------------------------------------------


def rebuild(arrange: Callable[[list[str]], None] | None = None) -> int:
    """Drop what is derived and replay the log; how many submissions it holds applied.

    The result doesn't depend on the order, which `arrange` may change in place; feeds get new
    epochs, so that phones compare everything. Runs in one transaction: readers see old or new.
    """
    with writing() as connection:
        return derive_again(connection, arrange)


def derive_again(
    connection: sa.Connection, arrange: Callable[[list[str]], None] | None = None
) -> int:
    """`rebuild` as part of a transaction that begins with it."""
    lock_everything(connection)
    ids = _forget_derived(connection)
    if arrange:
        arrange(ids)
    for some in chunks(_settled_last(connection, ids), BATCH):
        _replay(connection, some)
    bury_again(connection)
    return len(ids)


def _forget_derived(connection: sa.Connection) -> list[str]:
    """Empty every derived table; the ids to replay, by receipt."""
    s = m.Submission
    t = m.Issue
    connection.execute(sa.update(t).values(state="open", owner=None, fixer=None))
    for model in m.DERIVED:
        # What was found by what the server knew then, no replay finds again.
        kept = [t.known == 0] if model is t else []
        connection.execute(sa.delete(model).where(*kept))
    builtin = s.form.in_(BUILT_IN)
    connection.execute(sa.update(s).values(review=sa.case((builtin, ""), else_="received")))
    query = sa.select(s.id).where(s.state.in_(m.APPLIED)).order_by(s.received, s.id)
    return list(connection.scalars(query))


def _settled_last(connection: sa.Connection, ids: list[str]) -> list[str]:
    """A settlement was made of entities that were here; it doesn't say what they are."""
    s = m.Submission
    settling = set(connection.scalars(sa.select(s.id).where(s.form == SETTLE_FORM)))
    return sorted(ids, key=settling.__contains__)


def _replay(connection: sa.Connection, ids: Sequence[str]) -> None:
    rules = current_rules()
    batch = Batch(Store(connection, rules.type, locked=None), rules)
    for row, item in from_log(connection, ids):
        result = batch.replay(item)
        if result.st == "quarantined":
            current_app.logger.error("%s can't be applied again: %s", row.id, result.why)
    batch.finish(row.received)


def readmit(sid: str, overrule: bool = False, decision: Decision | None = None) -> Result:
    """Try again to apply a submission that was kept aside, e.g. once its form is published.

    overrule: whatever the author's rights. decision: somebody's, with their areas beside the
    author's; noted if it goes in. The caller checks who may.
    """
    s = m.Submission
    rules = current_rules()
    with writing() as connection:
        lock_everything(connection)
        row = connection.execute(sa.select(s).where(s.id == sid)).first()
        if row is None or row.state != "quarantined":
            return Result(sid, row.state if row else "later")
        if row.why in (ERASED, EXPIRED) or not row.body:
            return Result(sid, row.state, row.why)
        author = trusted(row) if overrule else with_areas(row, decision)
        if author is None:
            return Result(sid, "quarantined", row.why)
        store = Store(connection, rules.type, locked=None)
        batch = Batch(store, rules)
        text = decision.text if decision else None
        area = "" if text else row.area
        result, changed = batch.readmit(item_of(row, author, text), area)
        went_in, anew = result.st != "quarantined", changed.pop("text", None)
        if changed and (went_in or text is None):
            connection.execute(sa.update(s).where(s.id == sid).values(**changed))
        if went_in:
            seal_again(connection, sid, store.subjects_of(sid), anew)
        if decision and went_in:
            note_decision(connection, sid, decision, store.subjects_of(sid))
        batch.finish(row.received)
    readmit_waiting(batch.consenting)
    return result


def audit() -> list[str]:
    """What is wrong with the log or with what is derived from it, in words."""
    with reading() as connection:
        return list(find_faults(connection, current_rules()))


def log_faults() -> list[str]:
    """What is wrong with the log alone: texts that can't be opened, or aren't what came."""
    with reading() as connection:
        return list(find_log_faults(connection))


def new_epoch() -> int:
    """After a restore: phones compare everything they hold, and look what was forgotten; how many
    feeds there are."""
    with writing() as connection:
        lock_everything(connection)
        feeds = list(connection.scalars(sa.select(m.FeedHead.feed)))
        rows = [{"at": feed, "new": clock.new_id()[:8]} for feed in feeds]
        if rows:
            head = sa.update(m.FeedHead).where(m.FeedHead.feed == sa.bindparam("at"))
            connection.execute(head.values(epoch=sa.bindparam("new")), rows)
    return len(feeds)
