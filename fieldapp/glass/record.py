"""One person's record on the screen of who looks in an emergency: read as the reader, in words.

What is in it is what `registry.lent` gives: what a nurse sees of anybody, of this person alone. It
is sent once and kept by nobody.
"""

from typing import Any

from fieldapp.accounts.service import Principal
from fieldapp.problems import abort_with
from fieldapp.programs.service import EntityType, Prop
from fieldapp.registry import service as registry
from fieldapp.registry.service import EntityView
from fieldapp.review.reader import Reader
from fieldapp.sync.entities import narrowed
from fieldapp.sync.merge import Value

from . import service

Row = dict[str, Any]


def record(principal: Principal, look_id: str) -> Row:
    """The record of whom an open look is about, as LentSchema; noted. Stops with `not_found`."""
    look = service.open_look(principal, look_id)
    views = registry.lent(principal, look.scope, look.subject)
    person = next((view for view in views if view.id == look.subject), None)
    if person is None:
        abort_with("not_found")
    reader = Reader(principal)
    reader.know(views)
    told = {
        "id": look.id,
        "title": person.title,
        "area_name": " / ".join(map(reader.area_name, person.areas)),
        "until": look.until,
        "groups": _groups(reader, views),
    }
    service.note_read(principal, look, [view.id for view in views])
    return told


def _groups(reader: Reader, views: list[EntityView]) -> list[Row]:
    """The person first, then the kinds that say most. What was agreed to is no matter of an hour's
    emergency and left out.
    """
    programs = reader.rules.programs
    keeping = programs.keeping(service.rules.SCOPE)
    left_out = keeping.type if keeping else ""
    kinds = [kind for kind in programs.types(service.rules.SCOPE) if kind.name != left_out]
    kinds.sort(key=lambda kind: kind.subject is not True)
    groups = [group for kind in kinds if (group := _group(reader, kind, views))]
    most = {group["type"]: max(len(one["values"]) for one in group["records"]) for group in groups}
    return groups[:1] + sorted(groups[1:], key=lambda group: -most[group["type"]])


def _group(reader: Reader, kind: EntityType, views: list[EntityView]) -> Row | None:
    mine = sorted((v for v in views if v.type == kind.name), key=_last, reverse=True)
    records = [row for view in mine if (row := _one(reader, kind, view))]
    label = kind.label[reader.lang]
    return {"type": kind.name, "label": label, "records": records} if records else None


def _last(view: EntityView) -> tuple[str, str]:
    return max((value.on for live in view.live.values() for value in live), default=""), view.id


def _one(reader: Reader, kind: EntityType, view: EntityView) -> Row | None:
    values = [row for prop in kind.props.values() if (row := _value(reader, kind, view, prop))]
    return {"title": view.title, "values": values} if values else None


def _value(reader: Reader, kind: EntityType, view: EntityView, prop: Prop) -> Row | None:
    """A property in words; all that stands of it while it is in conflict."""
    register = prop.group or prop.name
    live = view.live.get(register, ())
    texts = [_of(prop, value.v) for value in live] if register in view.conflicts else []
    texts = list(dict.fromkeys(texts)) or [view.props.get(prop.name, "")]
    told = [reader.prop_words(prop, kind.scope, text) for text in texts if text]
    if not told or prop.name in (kind.subject, kind.root):
        return None
    on = max((value.on for value in live), default="")
    return {"label": prop.label[reader.lang], "words": told, "on": on}


def _of(prop: Prop, value: Value) -> str:
    if prop.group:
        inner = narrowed(value, frozenset([prop.name]))
        return inner.get(prop.name) or "" if isinstance(inner, dict) else ""
    return value if isinstance(value, str) else ""
