"""The register as the reviewer in front of the desk may see it: titles, labels and values in words.

One `Reader` per request. It shows nothing that the person's audiences don't include.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

import sqlalchemy as sa

from fieldapp import clock
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, visible_feeds
from fieldapp.areas import service as areas
from fieldapp.db import db
from fieldapp.problems import LANGS, language
from fieldapp.programs.service import EntityType, Prop
from fieldapp.sync import models as m
from fieldapp.sync.entities import Entity
from fieldapp.sync.merge import Value
from fieldapp.sync.rules import PublishedForm, current_rules, describe
from fieldapp.sync.store import Store

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BETWEEN = {"zh": "、", "en": ", "}
MEMBERS = {"zh": "；", "en": "; "}
COLON = {"zh": "：", "en": ": "}


class Reader:
    """What one reviewer may see, in the language of the request."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.at = language()
        self.lang = LANGS[self.at]
        self.rules = current_rules()
        self._store = Store(db.session.connection(), self.rules.type, ())
        self._area_names: dict[str, str] = {}

    @cached_property
    def feeds(self) -> list[str]:
        """The feeds the person may read."""
        return visible_feeds(self.principal)

    def audiences(self, scope: str) -> tuple[str, ...]:
        """As whom the person reads the scope."""
        return access.audiences(self.principal.role, scope)

    # ---- entities

    def load(self, ids: Iterable[str]) -> None:
        """Read these entities at once."""
        self._store.load(ids)

    def entity(self, entity_id: str) -> Entity | None:
        """An entity of a scope the person reads; the register's areas are not checked here."""
        entity = self._store.find(entity_id)
        return entity if entity and self.audiences(entity.scope) else None

    def reachable(self, entity_id: str) -> Entity | None:
        """An entity that is in one of the person's feeds."""
        feed = m.FeedChange
        there = sa.select(feed.entity).where(
            feed.entity == entity_id, feed.feed.in_(self.feeds), feed.ver.is_not(None)
        )
        return self.entity(entity_id) if db.session.scalar(there.limit(1)) else None

    def kind(self, entity: Entity) -> EntityType | None:
        """Its type, if a program still knows it."""
        return self.rules.programs.type(entity.scope, entity.type)

    def props(self, entity: Entity) -> dict[str, str]:
        """The shown values the person may see."""
        view = self._store.view_of(entity)
        shown: dict[str, str] = {}
        for audience in self.audiences(entity.scope):
            shown |= entity.props(view, audience)
        return shown

    def title(self, entity: Entity | None) -> str:
        """Its title, made from what the person may see."""
        kind = self.kind(entity) if entity else None
        if entity is None or kind is None:
            return ""
        marks = {name: {"on": live[0].on, "by": ""} for name, live in entity.state.items() if live}
        return describe(kind, self.props(entity), marks, clock.now().date().isoformat())[0]

    def subject(self, entity: Entity | None) -> str:
        """Whom or what it is about: its root's title if it follows one, else its own."""
        kind = self.kind(entity) if entity else None
        if entity is None or kind is None:
            return ""
        root = self.entity(self.props(entity).get(kind.root, "")) if kind.root else None
        return self.subject(root) if root else self.title(entity)

    # ---- registers

    def sees(self, scope: str, type_name: str, prop: str) -> bool:
        """Whether the person may see a property."""
        kind = self.rules.programs.type(scope, type_name)
        known = kind.props.get(prop) if kind else None
        return known is not None and bool(set(known.audience) & set(self.audiences(scope)))

    def members(self, kind: EntityType, register: str) -> list[Prop]:
        """The properties a register holds and the person may see: itself, or those of its group."""
        own = [p for p in kind.props.values() if (p.group or p.name) == register]
        return [p for p in own if self.sees(kind.scope, kind.name, p.name)]

    def label(self, kind: EntityType, register: str) -> str:
        """A register's label."""
        return MEMBERS[self.lang].join(p.label[self.lang] for p in self.members(kind, register))

    def words(self, kind: EntityType, register: str, value: Value) -> str:
        """A value in words: choices by their labels, records by their titles."""
        members = self.members(kind, register)
        if not isinstance(value, dict):
            return self.prop_words(members[0], kind.scope, value or "") if members else ""
        told = [
            f"{p.label[self.lang]}{COLON[self.lang]}{self.prop_words(p, kind.scope, value[p.name])}"
            for p in members
            if value.get(p.name)
        ]
        return MEMBERS[self.lang].join(told)

    def prop_words(self, prop: Prop, scope: str, value: str) -> str:
        """A property's value in words."""
        words = self.choices(prop, scope)
        codes = value.split()
        if words and codes and all(code in words for code in codes):
            return BETWEEN[self.lang].join(words[code] for code in codes)
        if UUID.fullmatch(value):
            return self.title(self.entity(value)) or value
        return self.area_name(value) if prop.name == "area_code" else value

    def choices(self, prop: Prop, scope: str) -> Mapping[str, str]:
        """The choice list of a property: code → label."""
        for program in self.rules.programs.all:
            if program.scope == scope and prop.list in program.lists:
                return {code: text[self.at] for code, text in program.lists[prop.list].items()}
        return {}

    # ---- forms and areas

    def form(self, form_id: str, version: str) -> PublishedForm | None:
        """A published form."""
        return self.rules.form(form_id, version)

    def form_title(self, form_id: str, version: str) -> str:
        """A form's title; blank for one that isn't published."""
        form = self.form(form_id, version)
        if form is None:
            return ""
        langs, title = form.definition["langs"], form.definition["title"]
        return str(title[langs.index(self.lang) if self.lang in langs else 0])

    def area_name(self, code: str) -> str:
        """An area's name; the code itself if unknown."""
        if code not in self._area_names:
            found = areas.get(code)
            self._area_names[code] = found.name(self.lang) if found else code
        return self._area_names[code]
