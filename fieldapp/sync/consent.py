"""The gate of consent at the one door: what is taken in of a visit, by what the server knows.

A visit that carries health data of somebody without live consent is kept aside, sealed, for seven
days: a consent that arrives meanwhile lets it in by itself, else its text is destroyed. One that
says that there is danger is taken in for the referral alone (PIPL 13(4)), and marked; the rest of
it waits as any other does (`emergency`).
docs/decisions/0008-consent-that-gates.md
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from fieldapp.consent.live import LIVE, SAFEGUARDING, Standing, said, sooner, standing
from fieldapp.consent.need import Keeping, Need

from .days import not_ahead
from .entities import Entity, TypeView, absorb, group_writes
from .items import Incoming
from .merge import Value
from .plan import Answered, AsideError, Author, Plan, refuse_record
from .quality import EMERGENCY, SHARE, Finding
from .wire import Submitted

CONSENT: Final = "consent"
EXPIRED: Final = "expired"
WAITING: Final = (CONSENT, SAFEGUARDING)
"""Reasons of a quarantine that ends by itself."""
_WHOSE: Final = frozenset(("person", "scope"))


class Registry(Protocol):
    """The part of a store this module needs."""

    def near(self, ids: Collection[str], kind: str) -> list[Entity]:
        """These entities, and those of a type that follow them."""
        ...

    def view_of(self, entity: Entity) -> TypeView:
        """The view of an entity's type."""
        ...


def held_to(
    keeping: Keeping | None,
    plan: Plan,
    item: Incoming,
    sent: Submitted,
    form: Answered,
    registry: Registry,
) -> Plan:
    """The plan, held to what she agreed to. Raises AsideError."""
    if keeping is None:
        return plan
    plan = _gated(plan, item, sent, form, registry, keeping)
    return _sharing(plan, item, sent, form, registry, keeping)


def _gated(
    plan: Plan,
    item: Incoming,
    sent: Submitted,
    form: Answered,
    registry: Registry,
    keeping: Keeping,
) -> Plan:
    """The plan, or what of it may be done without consent. Raises AsideError.

    What was admitted before is done again as it was then.
    """
    need = form.need
    if need is None or not need.carries(sent.answers):
        return plan
    on = not_ahead(plan.on, item.received)
    if item.rest:
        found = consent_of(registry, keeping, need, need.of(sent.answers), plan.scope, on)
        if found.state != LIVE:
            raise AsideError(CONSENT, found.state)
        return _rest(plan, need)
    if item.admitted is not None:
        # The mark of that time stands: what was decided by what was known then isn't found again.
        return _to_save(plan, need, ()) if item.admitted == EMERGENCY else plan
    person = need.of(sent.answers)
    _refuse_elsewhere(registry, plan.scope, keeping, item.author, person)
    found = consent_of(registry, keeping, need, person, plan.scope, on)
    if found.state == LIVE:
        return plan
    if found.state == SAFEGUARDING:
        raise AsideError(SAFEGUARDING, "under 14", person)
    if need.is_urgent(sent.answers):
        return _to_save(plan, need, (Finding(need.urgent, EMERGENCY, known=True),))
    raise AsideError(CONSENT, found.state, person)


def _sharing(
    plan: Plan,
    item: Incoming,
    sent: Submitted,
    form: Answered,
    registry: Registry,
    keeping: Keeping,
) -> Plan:
    """The plan, saying which clinic was told who she is, and found if she hadn't agreed to that.

    It was told all the same: the visit is taken in, and she can learn of it. What was found when it
    came isn't found again.
    """
    sharing, need = form.sharing, form.need
    by = sharing.by(sent.answers) if sharing else ()
    if not (by and sharing and need) or item.author.trusted or item.rest:
        return plan
    to, scope = sharing.recipient(sent.answers), sharing.scope
    mine, born = _said_by(registry, keeping, scope, need.of(sent.answers), plan.scope)
    on = not_ahead(plan.on, item.received)
    live = standing(mine, born, on, keeping.notices, need.for_children).live
    agreed = live and to != "" and mine is not None and mine.get("recipient") == to
    issues = () if agreed else tuple(Finding(path, SHARE, known=True) for path in by)
    return replace(plan, issues=(*plan.issues, *issues), shared=to)


def consent_of(
    registry: Registry, keeping: Keeping, need: Need, person: str, scope: str, on: str
) -> Standing:
    """Where somebody's consent stands on a visit's day, by all the server knows now. scope: the
    visit's.
    """
    mine, born = _said_by(registry, keeping, need.scope, person, scope)
    return standing(mine, born, on, keeping.notices, need.for_children)


def _said_by(
    registry: Registry, keeping: Keeping, about: str, person: str, scope: str
) -> tuple[Mapping[str, str] | None, str]:
    """What somebody said last of a scope of consent (about), and the day they were born, in the
    visit's scope: somebody who is known in the other one alone is nobody here.
    """
    found = registry.near([person], keeping.type)
    near = {entity.id: entity for entity in found if entity.scope == scope}
    view_of = registry.view_of

    def is_hers(entity: Entity) -> bool:
        told = entity.props(view_of(entity), only=_WHOSE)
        return (told.get("person"), told.get("scope")) == (person, about)

    consents = (entity for entity in near.values() if entity.type == keeping.type)
    hers = next((in_time(each, view_of(each)) for each in consents if is_hers(each)), None)
    mine = said(hers.props(view_of(hers)), _words(hers)) if hers else None
    them = near.get(person)
    born = them.props(view_of(them), only=frozenset([keeping.born])) if them else {}
    return mine, born.get(keeping.born, "")


def in_time(consent: Entity, view: TypeView) -> Entity:
    """A consent none of whose words is dated after it came: a phone's clock makes none last longer,
    or later than another.
    """
    ahead = [
        (register, w._replace(on=came, v=sooner(w.v, w.on, came) if isinstance(w.v, dict) else w.v))
        for register, live in consent.state.items()
        for w in live
        if (came := not_ahead(w.on, datetime.fromisoformat(w.at))) < w.on
    ]
    return absorb(consent, view, group_writes(ahead), {})


def _words(consent: Entity) -> list[Value]:
    return [write.v for live in consent.state.values() for write in live]


def _refuse_elsewhere(
    registry: Registry, scope: str, keeping: Keeping, author: Author, person: str
) -> None:
    """Keep aside what is about somebody of another village, whatever they agreed to: whether they
    did is told there alone.
    """
    for them in registry.near([person], keeping.type):
        here = (them.id, them.scope) == (person, scope)
        if here and not author.works_in(scope, them.areas):
            refuse_record(person, about=person)


def _rest(plan: Plan, need: Need) -> Plan:
    """What `_to_save` left out. What was found stands already."""
    touched = tuple(t for t in plan.touched if t.t not in need.to_save)
    ids = {t.e for t in touched}
    writes = tuple(w for w in plan.writes if w.e in ids)
    return replace(plan, touched=touched, writes=writes, issues=())


def _to_save(plan: Plan, need: Need, marks: tuple[Finding, ...]) -> Plan:
    """Only what may be written to save a life, marked so that she is told of it afterwards."""
    touched = tuple(t for t in plan.touched if t.t in need.to_save)
    ids = {t.e for t in touched}
    writes = tuple(w for w in plan.writes if w.e in ids)
    issues = (*plan.issues, *marks)
    return replace(plan, touched=touched, writes=writes, issues=issues, why=EMERGENCY)
