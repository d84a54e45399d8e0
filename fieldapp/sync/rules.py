"""Forms and programs, as the one door needs them: types to merge by, forms to derive by.

The only module of sync that knows how programs and forms are described.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from hashlib import sha256
from typing import Any, TypeAlias, cast

from fieldapp.accounts import access
from fieldapp.accounts.service import Principal
from fieldapp.areas import service as areas
from fieldapp.areas.service import Area
from fieldapp.consent.need import Keeping, Need, Sharing
from fieldapp.forms import service as forms
from fieldapp.forms.asked import asked_of_item, asked_of_lists
from fieldapp.forms.blobs import blobs_of
from fieldapp.forms.definition import shape_of
from fieldapp.forms.derive import derive, grown, rule_node
from fieldapp.forms.evaluate import Expr, Host, Instances, evaluate_entity
from fieldapp.forms.instance import FormInstance
from fieldapp.forms.judge import judge
from fieldapp.forms.names import references
from fieldapp.forms.values import to_boolean, to_text
from fieldapp.forms.witness import Found, World
from fieldapp.programs.service import EntityType, Programs, load_programs

from .entities import Entity, TypeView, marks
from .merge import Kind
from .quality import GATE, Filled, Finding
from .reconcile import Derivation

Definition = Mapping[str, Any]
NO_DAY = Host(today="")


@dataclass(frozen=True)
class PublishedForm:
    """One version of a form with its program; see plan.Answered."""

    definition: Definition
    programs: Programs
    scope: str
    roles: Collection[str]
    lists: Instances = field(default_factory=dict)

    @cached_property
    def looks(self) -> frozenset[str]:
        """The lists its expressions and choices look into."""
        return frozenset(_lists_in(self.definition))

    @cached_property
    def asked(self) -> frozenset[str] | None:
        """The properties it asks of their items; None: perhaps all."""
        return asked_of_lists(self.definition)

    def grown(self, answers: Mapping[str, Any]) -> FormInstance:
        """The tree of finished answers."""
        return grown(self.definition, answers)

    def derive(
        self, answers: Mapping[str, Any], sid: str, on: str, tree: FormInstance | None = None
    ) -> Derivation:
        """The writes the answers make."""
        derived = derive(self.definition, self.programs, answers, sid, tree)
        return Derivation.of(derived.as_json(), on)

    def blobs(self, answers: Mapping[str, Any]) -> list[str]:
        """The hashes of the attachments the answers name."""
        return blobs_of(self.definition, answers)

    def problems(self, filled: Filled, tree: FormInstance | None = None) -> Iterable[Finding]:
        """Where the form would not have allowed the answers.

        A correction may leave a secret blank: its author wasn't shown it again, it stays as sent.
        """
        me = {"name": "me", "label": filled.name, "role": filled.role, "worker": filled.name}
        world = World(
            today=filled.today,
            now=filled.now,
            lists={**self.lists, "session": [me]},
            known=filled.known,
            links=self.links,
            username=filled.username,
            deviceid=filled.device,
            correcting=filled.correcting,
            secrets=frozenset(self._secret_nodes()) if filled.correcting else frozenset(),
            strict_ids=True,
        )
        for found in judge(shape_of(self.definition), filled.answers, world, tree):
            kind = GATE if self._shuts_gate(found, filled.answers) else found.kind
            yield Finding(found.path, kind, found.known)

    @cached_property
    def need(self) -> Need | None:
        """The consent it needs; None: it asks nothing that needs any."""
        return self.programs.need(self.definition)

    @cached_property
    def sharing(self) -> Sharing | None:
        """Where it says that a clinic was told who somebody is; None: nowhere."""
        return self.programs.sharing(self.definition)

    @cached_property
    def links(self) -> dict[str, frozenset[str]]:
        """By list, the property by which its items are found from what they belong to."""
        types = self.programs.types(self.scope)
        return {kind.name: frozenset([kind.root]) for kind in types if kind.root}

    def _shuts_gate(self, found: Found, answers: Mapping[str, Any]) -> bool:
        """Whether the visit went through a gate that, by what the server knew, was shut."""
        program = self.programs.for_form(self.definition["id"])
        gate = program.gates.get(self.definition["id"]) if program else None
        if gate is None or (found.path, found.kind) != (gate.by, "calculation"):
            return False
        return found.value in ("", "0", "false") and _at(answers, gate.open) in ("1", "true")

    def masked(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The answers without those that only the server may know."""
        return {**_without(answers, self.definition["nodes"], 0, self._secret_nodes())}

    def secret_paths(self, answers: Mapping[str, Any]) -> list[str]:
        """Paths of the answers that `masked` leaves out."""
        return list(_paths(answers, self.definition["nodes"], 0, self._secret_nodes(), ""))

    def _secret_nodes(self) -> set[int]:
        secret = {
            node
            for block in self.definition["entities"]
            for node, prop in block["saves"]
            if _is_secret(self.programs.type(self.scope, block["list"]), prop)
        }
        return secret | self._secret_sources()

    def _secret_sources(self) -> set[int]:
        """Questions that a derive rule reads for a secret property."""
        shape = shape_of(self.definition)
        return {
            node
            for rule in self.programs.derive_rules(self.definition["id"])
            if (at := rule_node(shape, rule.as_json())) is not None
            for prop, tree in rule.set.items()
            if _is_secret(self.programs.type(self.scope, rule.list), prop)
            for node in references(tree, shape.names, at)
        }


class CurrentRules:
    """The programs and forms of this moment; each is looked up once."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self._types, self._needed = _worked_out(programs)
        self._forms: dict[tuple[str, str], PublishedForm | None] = {}
        self._villages: dict[str, dict[str, str] | None] = {}

    def type(self, scope: str, name: str) -> TypeView | None:
        """A type of a scope."""
        key = (scope, name)
        if key not in self._types:
            kind = self.programs.type(scope, name)
            self._types[key] = type_view(kind) if kind else None
        return self._types[key]

    def form(self, form_id: str, version: str) -> PublishedForm | None:
        """A published version of a form; None if unknown."""
        key = (form_id, version)
        if key not in self._forms:
            self._forms[key] = self._published(form_id, version)
        return self._forms[key]

    def audiences(self, role: str, scope: str) -> tuple[str, ...]:
        """As whom a role reads a scope."""
        return access.audiences(role, scope)

    def item(
        self, entity: Entity, audience: str, today: str, asked: frozenset[str] | None = None
    ) -> dict[str, str]:
        """An entity as an item of its list, as a phone of the audience has it. asked: properties
        that matter; the others may be missing.
        """
        kind, view = self.programs.type(entity.scope, entity.type), self._view_of(entity)
        if kind is None or view is None:
            return {"name": entity.id, "label": ""}
        if asked is None:
            dates = marks(entity, view, audience)
            title, props = describe(kind, entity.props(view, audience), dates, today)
            return {**props, "name": entity.id, "label": title}
        key = (kind.scope, kind.name, asked)
        needs = self._needed.get(key)
        if needs is None:
            needs = self._needed[key] = _needs(kind, asked)
        known = entity.props(view, audience, needs.props)
        if needs.computed or needs.title:
            dates = marks(entity, view, audience) if needs.dates else {}
            host = Host(today=today)
            for name in needs.computed:
                known[name] = to_text(evaluate_entity(kind.computed[name], host, known, dates))
            if needs.title:
                known["label"] = to_text(evaluate_entity(kind.title, host, known, dates))
        return {**{name: value for name, value in known.items() if value}, "name": entity.id}

    def _view_of(self, entity: Entity) -> TypeView | None:
        return self.type(entity.scope, entity.type)

    def keeping(self, scope: str) -> Keeping | None:
        """How a scope keeps consents; None if it keeps none."""
        return self.programs.keeping(scope)

    def villages(self, codes: Collection[str]) -> list[dict[str, str]]:
        """Areas as items of their list, as phones have it."""
        for code in sorted(set(codes) - self._villages.keys()):
            self._villages[code] = _village(areas.get(code))
        return [item for code in sorted(codes) if (item := self._villages[code])]

    def clinic(self, name: str) -> str:
        """The name if a clinic has it, else blank: nothing that a visit made up is ever told."""
        return name if areas.is_clinic(name) else ""

    def scope_of(self, form_id: str) -> str:
        """The scope of a form, whatever its version; blank if unknown."""
        program = self.programs.for_form(form_id)
        return program.scope if program else ""

    def _published(self, form_id: str, version: str) -> PublishedForm | None:
        definition = forms.definition(form_id, version)
        if not definition or not self.programs.get(definition["program"]):
            return None
        return _published(self.programs, definition)

    def catalogue_hash(self, principal: Principal) -> str:
        """The hash of what this person's phone should know of programs and forms."""
        return str(forms.catalogue(principal)["hash"])

    def view_hash(self, feed: str) -> str:
        """Changes whenever what a feed's audience may see does, so that phones begin again."""
        audience = feed.rpartition(".")[2]
        seen = [[t.scope, t.name, t.seen_by([audience]), t.area, t.root, t.visible.get(audience)]
                for t in self.programs.types()]  # fmt: skip
        return sha256(json.dumps(sorted(seen, key=str)).encode()).hexdigest()[:8]


_PUBLISHED: dict[int, PublishedForm] = {}
_PUBLISHED_KEPT = 64


def _published(programs: Programs, definition: Definition) -> PublishedForm:
    """A form with its program, put together once for each definition object."""
    kept = _PUBLISHED.get(id(definition))
    if kept is None or kept.definition is not definition or kept.programs is not programs:
        if len(_PUBLISHED) >= _PUBLISHED_KEPT:
            _PUBLISHED.clear()
        program, lists = programs.get(definition["program"]), forms.attached_lists(definition)
        roles = program.roles if program else ()
        kept = PublishedForm(definition, programs, definition["scope"], roles, lists)
        _PUBLISHED[id(definition)] = kept
    return kept


_Types: TypeAlias = dict[tuple[str, str], TypeView | None]
_Needed: TypeAlias = "dict[tuple[str, str, frozenset[str]], _Needs]"


@lru_cache(maxsize=4)
def _worked_out(_programs: Programs) -> tuple[_Types, _Needed]:
    """What is kept of programs for as long as they are the same."""
    return {}, {}


def _village(area: Area | None) -> dict[str, str] | None:
    """An area as phones have it in their list."""
    if area is None:
        return None
    clinic, phone = areas.clinic_of(area)
    return {
        "name": area.code,
        "label": area.name_zh,
        "parent": area.parent or "",
        "level": area.level,
        "clinic": clinic,
        "clinic_phone": phone,
    }


def current_rules() -> CurrentRules:
    """The rules of this moment."""
    return CurrentRules(load_programs())


def type_view(kind: EntityType) -> TypeView:
    """What merging and feeds need of a type."""
    props = kind.props.values()
    members: dict[str, tuple[str, ...]] = {}
    for prop in props:
        if prop.group:
            members[prop.group] = (*members.get(prop.group, ()), prop.name)
    audiences = {audience for prop in props for audience in prop.audience}
    return TypeView(
        scope=kind.scope,
        name=kind.name,
        area=kind.area,
        root=kind.root,
        kinds={prop.group or prop.name: cast(Kind, prop.kind) for prop in props},
        members=members,
        seen={audience: _seen(kind, audience) for audience in sorted(audiences)},
        visible={
            a: partial(_holds, tree, asked_of_item(tree), _asks_dates(tree))
            for a, tree in kind.visible.items()
        },
        secrets={prop.name: prop.secret for prop in props if prop.secret},
        subject=kind.subject,
        parties={name: party.registers for name, party in kind.parties.items()},
        writers=frozenset(kind.writers),
        reserved={p.group or p.name: frozenset(p.writers) for p in props if p.writers is not None},
    )


def _seen(kind: EntityType, audience: str) -> dict[str, frozenset[str] | None]:
    seen: dict[str, frozenset[str] | None] = {}
    for name in kind.seen_by([audience]):
        group = kind.props[name].group
        if group:
            seen[group] = (seen.get(group) or frozenset()) | {name}
        else:
            seen[name] = None
    return seen


def _holds(
    tree: Expr, asked: frozenset[str] | None, dated: bool, entity: Entity, view: TypeView
) -> bool:
    """A condition over all properties; it must not look at the clock, so there is none.

    asked: properties it asks for, None: perhaps all; dated: with their dates.
    """
    props = entity.props(view, only=asked)
    dates = marks(entity, view) if dated else {}
    return to_boolean(evaluate_entity(tree, NO_DAY, props, dates))


@dataclass(frozen=True)
class _Needs:
    """What must be worked out of a record to know some of its properties."""

    props: frozenset[str] | None
    computed: tuple[str, ...]
    title: bool
    dates: bool


def _needs(kind: EntityType, asked: frozenset[str]) -> _Needs:
    """Computed properties may rest on properties and on those computed before them."""
    wanted: set[str] | None = set(asked)
    computed: list[str] = []
    trees = [*kind.computed.items(), *([("label", kind.title)] if "label" in asked else [])]
    for name, tree in reversed(trees):
        if wanted is not None and name not in wanted:
            continue
        computed.append(name)
        reads = asked_of_item(tree)
        wanted = None if wanted is None or reads is None else wanted | reads
    props = None if wanted is None else frozenset(wanted)
    own = tuple(name for name in reversed(computed) if name != "label")
    dates = any(_asks_dates(tree) for name, tree in trees if name in computed)
    return _Needs(props, own, "label" in asked, dates)


def _asks_dates(tree: Expr) -> bool:
    """Whether an expression may look at when a property was written, or by whom."""
    return asked_of_item(tree) is None or "attribute" in json.dumps(tree)


def describe(
    kind: EntityType, props: Mapping[str, str], marks: Mapping[str, Mapping[str, str]], today: str
) -> tuple[str, dict[str, str]]:
    """An entity's title, and its properties with the computed ones, from what a reader sees."""
    host, known = Host(today=today), dict(props)
    for name, tree in kind.computed.items():
        known[name] = to_text(evaluate_entity(tree, host, known, marks))
    title = to_text(evaluate_entity(kind.title, host, known, marks))
    return title, {name: value for name, value in known.items() if value}


def _lists_in(part: Any) -> Iterator[str]:
    """The lists that expressions and choices of a definition name."""
    if isinstance(part, Mapping):
        if "inst" in part:
            yield str(part["inst"])
        for below in part.values():
            yield from _lists_in(below)
    elif isinstance(part, (list, tuple)):
        if len(part) == 2 and part[0] == "inst":
            yield str(part[1])
        for below in part:
            yield from _lists_in(below)


def _at(answers: Mapping[str, Any], path: str) -> Any:
    """What is answered at a path without repeats; None if nothing is."""
    value: Any = answers
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_secret(kind: EntityType | None, prop: str) -> bool:
    return bool(kind and prop in kind.props and kind.props[prop].secret)


def _without(value: Any, nodes: Any, node: int, secret: Collection[int]) -> Any:
    """Answers of a node without the secret leaves below it."""
    if isinstance(value, list):
        return [_without(one, nodes, node, secret) for one in value]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    below = {spec["n"]: i for i, spec in enumerate(nodes) if spec["p"] == node}
    for name, child in value.items():
        number = below.get(name)
        if number is not None and number not in secret:
            kept[name] = _without(child, nodes, number, secret)
    return kept


def _paths(value: Any, nodes: Any, node: int, secret: Collection[int], path: str) -> Iterator[str]:
    """Paths of the secret leaves below a node that were answered."""
    if isinstance(value, list):
        for position, one in enumerate(value):
            yield from _paths(one, nodes, node, secret, f"{path}[{position}]")
    elif node in secret:
        yield path
    elif isinstance(value, Mapping):
        below = {spec["n"]: i for i, spec in enumerate(nodes) if spec["p"] == node}
        for name, child in value.items():
            if name in below:
                further = f"{path}/{name}" if path else name
                yield from _paths(child, nodes, below[name], secret, further)
