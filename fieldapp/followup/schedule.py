"""Which follow-up tasks stand on a day: a pure function of rules and of entities' shown values.

Nothing is stored: a task exists while its rule says so. The phone's half is
frontend/src/forms/schedule.ts; cases that both run are tests/contract/schedule.json.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, Protocol, TypeAlias

from fieldapp.forms.evaluate import Expr, Host, evaluate_entity
from fieldapp.forms.values import day_of, to_boolean, to_number

# One reminder when a task is overdue, a second 14 days later, two weeks to act on it, and no more:
# nobody is chased.
LET_GO_AFTER = timedelta(days=28)

State: TypeAlias = Literal["later", "open", "due", "overdue"]


class Rule(Protocol):
    """A `[[schedule]]` rule with its expressions compiled (docs/architecture.md, programs)."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def when(self) -> Expr: ...
    @property
    def done(self) -> Expr: ...
    @property
    def opens(self) -> Expr: ...
    @property
    def due(self) -> Expr: ...
    @property
    def overdue(self) -> Expr: ...


@dataclass(frozen=True)
class Subject:
    """An entity as the reader sees it.

    props: shown values, computed ones included; marks: `on` and `by` of each.
    """

    id: str
    type: str
    props: Mapping[str, str]
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Task:
    """Something to do about an entity. Days are YYYY-MM-DD; `overdue` is the last day in time.

    state: `later` before `opens`, `open` until `due`, `due` until `overdue`, then `overdue`;
    without an `overdue` day never that.
    """

    due: str
    id: str
    rule: str
    entity: str
    opens: str
    overdue: str
    state: State


def tasks(rules: Iterable[Rule], entities: Iterable[Subject], today: str) -> list[Task]:
    """The tasks that stand on `today` (YYYY-MM-DD), soonest due first; those of one day by id."""
    host = Host(today=today)
    by_type: dict[str, list[Rule]] = {}
    for rule in rules:
        by_type.setdefault(rule.type, []).append(rule)
    found = (
        task_of(rule, entity, host) for entity in entities for rule in by_type.get(entity.type, ())
    )
    return sorted(task for task in found if task)


def task_of(rule: Rule, entity: Subject, host: Host) -> Task | None:
    """The task a rule sets for an entity.

    None if it doesn't apply, is done, never opens, or has been overdue for `LET_GO_AFTER`.
    """
    if not _holds(rule.when, entity, host) or _holds(rule.done, entity, host):
        return None
    opens = _day(rule.opens, entity, host)
    if not opens:
        return None
    due = _day(rule.due, entity, host) or opens
    overdue = _day(rule.overdue, entity, host)
    if overdue and date.fromisoformat(host.today) > date.fromisoformat(overdue) + LET_GO_AFTER:
        return None
    return Task(
        due=due,
        id=f"{entity.id}:{rule.id}",
        rule=rule.id,
        entity=entity.id,
        opens=opens,
        overdue=overdue,
        state=state_of(host.today, opens, due, overdue),
    )


def state_of(today: str, opens: str, due: str, overdue: str) -> State:
    """Where a day stands among a task's days."""
    if today < opens:
        return "later"
    if overdue and today > overdue:
        return "overdue"
    return "open" if today < due else "due"


def of_role(rules: Sequence[Rule], role: str) -> list[Rule]:
    """The rules on a role's today list."""
    return [rule for rule in rules if role in getattr(rule, "roles", ())]


def _holds(tree: Expr, entity: Subject, host: Host) -> bool:
    return to_boolean(evaluate_entity(tree, host, entity.props, entity.marks))


def _day(tree: Expr, entity: Subject, host: Host) -> str:
    """A date expression as YYYY-MM-DD; blank where it can't be computed."""
    return str(day_of(to_number(evaluate_entity(tree, host, entity.props, entity.marks))) or "")
