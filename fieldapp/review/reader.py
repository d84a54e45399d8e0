"""The register as the reviewer in front of the desk may see it: titles, labels and values in words.

One `Reader` per request. It shows nothing that the person's audiences don't include, and remembers
of whom it told: what a page shows and what the access log says of it can't differ.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.areas import service as areas
from fieldapp.audit import service as access_log
from fieldapp.audit.service import Shown
from fieldapp.db import db
from fieldapp.forms.blobs import hash_of
from fieldapp.forms.service import titles as published_titles
from fieldapp.problems import LANGS, language
from fieldapp.programs.service import EntityType, Prop
from fieldapp.registry import service as registry
from fieldapp.registry.service import EntityView
from fieldapp.sync import models as m
from fieldapp.sync.durable import durable_before
from fieldapp.sync.merge import Value
from fieldapp.sync.rules import PublishedForm, current_rules

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BETWEEN = {"zh": "、", "en": ", "}
MEMBERS = {"zh": "；", "en": "; "}
DESK = {"zh": "审核台", "en": "Review desk"}
FILE = {"zh": "照片或附件", "en": "photo or file"}
COLON = {"zh": "：", "en": ": "}


class Reader:
    """What one reviewer may see, in the language of the request."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.at = language()
        self.lang = LANGS[self.at]
        self.rules = current_rules()
        self._entities: dict[str, EntityView | None] = {}
        self._area_names: dict[str, str] = {}
        self._told: set[Shown] = set()

    def note_page(self, name: str) -> None:
        """Keep in the access log of whom the page that was made tells. Call it last."""
        access_log.note_page(self.principal, name, self._told)

    @cached_property
    def durable_before(self) -> str:
        """What was received before is in a verified backup."""
        return durable_before(db.session.connection())

    def audiences(self, scope: str) -> tuple[str, ...]:
        """As whom the person reads the scope."""
        return access.audiences(self.principal.role, scope)

    # ---- entities

    def load(self, ids: Iterable[str]) -> None:
        """Read these entities at once, and those they follow."""
        wanted = {entity_id for entity_id in ids if entity_id not in self._entities}
        if not wanted:
            return
        found = registry.several(self.principal, wanted)
        self._entities |= {entity_id: found.get(entity_id) for entity_id in wanted}
        self.load(filter(None, (self._root_id(view) for view in found.values())))

    def know(self, views: Iterable[EntityView]) -> None:
        """Take these, which are lent for a while and in no feed, as they were read."""
        self._entities |= {view.id: view for view in views}

    def entity(self, entity_id: str) -> EntityView | None:
        """An entity of the person's feeds; None if it isn't there for them."""
        self.load([entity_id])
        return self._entities[entity_id]

    def about(self, visit: m.Submission) -> EntityView | None:
        """What a visit that the person is told of is about, if that is there for them."""
        if not visit.entity:
            return None
        self._told.add(Shown(visit.area, visit.scope, visit.entity))
        return self.entity(visit.entity)

    def kind(self, entity: EntityView) -> EntityType | None:
        """Its type, if a program still knows it."""
        return self.rules.programs.type(entity.scope, entity.type)

    def subject(self, entity: EntityView | None) -> str:
        """Whom or what it is about: its root's title if it follows one, else its own."""
        if entity is None:
            return ""
        root = self.entity(self._root_id(entity)) if self._root_id(entity) else None
        named = self._name(entity)
        return self.subject(root) if root else named

    def _name(self, entity: EntityView) -> str:
        self._told |= {Shown(area, entity.scope, entity.id) for area in entity.areas[:1]}
        return entity.title

    def _root_id(self, entity: EntityView) -> str:
        kind = self.kind(entity)
        return entity.props.get(kind.root, "") if kind and kind.root else ""

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

    def label(self, kind: EntityType, register: str, *values: Value) -> str:
        """A register's label; of a group, those of the members that the values speak of."""
        told = {name for value in values if isinstance(value, dict) for name in value}
        members = [p for p in self.members(kind, register) if not told or p.name in told]
        return BETWEEN[self.lang].join(p.label[self.lang] for p in members)

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
        if hash_of(value):
            return FILE[self.lang]
        if UUID.fullmatch(value):
            other = self.entity(value)
            return self._name(other) if other else value
        return self.area_name(value) if prop.name == "area_code" else value

    def choices(self, prop: Prop, scope: str) -> Mapping[str, str]:
        """The choice list of a property: code → label."""
        for program in self.rules.programs.all:
            words = program.lists.get(prop.list or "") if program.scope == scope else None
            if words:
                return {code: text[self.at] for code, text in words.items()}
        return {}

    # ---- forms and areas

    def form(self, form_id: str, version: str) -> PublishedForm | None:
        """A published form."""
        return self.rules.form(form_id, version)

    def form_title(self, form_id: str) -> str:
        """A form's title; of the desk's own, and of one no longer known, its name."""
        if form_id not in self._titles:
            return DESK[self.lang] if form_id.startswith("_") else form_id
        langs, title = self._titles[form_id]
        return title[langs.index(self.lang) if self.lang in langs else 0]

    @cached_property
    def _titles(self) -> dict[str, tuple[list[str], list[str]]]:
        forms = {
            form_id: form for p in self.rules.programs.all for form_id, form in p.forms.items()
        }
        packaged = {form_id: (form["langs"], form["title"]) for form_id, form in forms.items()}
        return packaged | published_titles()

    def area_name(self, code: str) -> str:
        """An area's name; the code itself if unknown."""
        if code not in self._area_names:
            found = areas.get(code)
            self._area_names[code] = found.name(self.lang) if found else code
        return self._area_names[code]
