"""The registry as an author's audience could see it just now, as far as answers lead into it.

Holds what one submission's answers name, and what follows that; more isn't needed to decide rules
that look for a record by its id or by what it belongs to, and nothing else is decided by it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .days import EASTERNMOST
from .entities import Entity, TypeView, is_alive, is_visible
from .items import Incoming, Rules
from .plan import Answered, Author
from .quality import Filled
from .wire import Submitted

AREA = "area"
MOST_NAMED = 200
Items = Sequence[Mapping[str, str]]


def named_ids(answers: Mapping[str, Any]) -> list[str]:
    """Ids that answers name; the first of them, if there are very many."""
    found: dict[str, None] = {}
    here: list[Any] = [answers]
    while here:
        level = here.pop()
        for v in level.values() if isinstance(level, dict) else level:
            if isinstance(v, str):
                if len(v) == 36 and v.count("-") == 4:
                    found[v] = None
            elif isinstance(v, (dict, list)):
                here.append(v)
    return list(found)[:MOST_NAMED]


def filled(
    item: Incoming,
    sent: Submitted,
    form: Answered,
    rules: Rules,
    near: Callable[[Collection[str], str], Collection[Entity]],
) -> Filled:
    """A visit as its form judges it. near: entities of these ids, and those of a type that follow
    them.
    """
    author, now = item.author, finished(sent, item.received)
    day = now[:10]
    named = named_ids(sent.answers)

    def around(kind: str) -> Collection[Entity]:
        return near(named, kind)

    return Filled(
        answers=sent.answers,
        today=day,
        now=now,
        role=author.role,
        name=author.name,
        username=author.username,
        device=item.device_id or "",
        correcting=sent.corrects is not None,
        known=_known(around, rules, author, form, day),
    )


def finished(sent: Submitted, received: datetime) -> str:
    """When a visit was finished, as the phone's clock on the wall showed it; not after receipt.

    Of a phone that can't say, the latest it can be anywhere.
    """
    if sent.at is None:
        return received.astimezone(EASTERNMOST).isoformat(timespec="milliseconds")
    wrote = datetime.fromisoformat(sent.wrote)
    zone = wrote.tzinfo or UTC
    return min(sent.at, received).astimezone(zone).isoformat(timespec="milliseconds")


def _known(
    near: Callable[[str], Collection[Entity]],
    rules: Rules,
    author: Author,
    form: Answered,
    today: str,
) -> Callable[[str], Items | None]:
    """Gives lists by name; None where the server can't know."""
    scope, asked_of_items = form.scope, form.asked
    audiences = rules.audiences(author.role, scope)
    asked: dict[str, Items | None] = {}

    def is_seen(entity: Entity, view: TypeView, audience: str) -> bool:
        here = not set(entity.areas).isdisjoint(author.areas(scope))
        return here and is_alive(entity) and is_visible(entity, view, audience)

    def items(name: str) -> Items | None:
        if name not in asked:
            asked[name] = look_up(name)
        return asked[name]

    def look_up(name: str) -> Items | None:
        if author.trusted:
            return None
        if name == AREA:
            return rules.villages(author.areas(scope))
        view = rules.type(scope, name)
        if view is None:
            return None
        return [
            rules.item(entity, audience, today, asked_of_items)
            for entity in near(name)
            if (entity.type, entity.scope) == (name, scope)
            for audience in audiences
            if is_seen(entity, view, audience)
        ]

    return items
