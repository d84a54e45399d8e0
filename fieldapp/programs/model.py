"""What a program is: types of entities with their properties, derive rules, follow-up schedule. No
I/O.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fieldapp.accounts import access
from fieldapp.consent.need import Keeping, Need, Sharing, choosing, inferred, questions
from fieldapp.forms.xpath import Expr

Words = Mapping[str, str]
"""Text in `zh` and `en`."""


AUDIENCES = {scope: access.audiences_in(scope) for scope in access.SCOPES}
"""As whom a scope may be read."""


@dataclass(frozen=True)
class Prop:
    """A property of a type. data: its group in the access matrix; audience: who sees it; purpose,
    basis, retention: why it may be kept, and how long. writers: the roles that fill it in, if not
    all that write the type.
    """

    name: str
    label: Words
    data: str
    audience: tuple[str, ...]
    purpose: str
    basis: str
    retention: str
    kind: str = "one"
    list: str | None = None
    group: str | None = None
    secret: str | None = None
    writers: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Party:
    """Somebody whom a part of a record is about though the record is not theirs: the lessor of a
    dwelling. title: the property with their name. registers: what is said of them.
    """

    name: str
    label: Words
    title: str
    registers: frozenset[str]


@dataclass(frozen=True)
class EntityType:
    """A type of entity of a scope. `area` (own) or `root` (of another entity) says where it is.

    visible: a condition per audience; writers: roles that may write it. subject: whose key seals
    it: its own (True), that of whom a property names, or nobody's (False). parties: who else has a
    key of their own in it.
    """

    name: str
    scope: str
    program: str
    label: Words
    title: Expr
    writers: tuple[str, ...]
    subject: str | bool
    area: str | None = None
    root: str | None = None
    search: tuple[str, ...] = ()
    visible: Mapping[str, Expr] = field(default_factory=dict)
    props: Mapping[str, Prop] = field(default_factory=dict)
    computed: Mapping[str, Expr] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)

    def seen_by(self, audiences: Iterable[str]) -> list[str]:
        """Names of the properties that one of these audiences may see."""
        wanted = set(audiences)
        return [name for name, prop in self.props.items() if wanted & set(prop.audience)]


@dataclass(frozen=True)
class DeriveRule:
    """Entities that a form writes beside its entities sheet; see docs/architecture.md."""

    form: str
    list: str
    when: Expr
    set: Mapping[str, Expr]
    each: str | None = None
    id: tuple[str, ...] | None = None
    entity: Expr | None = None
    new: Expr | None = None

    def as_json(self) -> dict[str, Any]:
        """As `DeriveRule` in types.ts."""
        rule: dict[str, Any] = {"form": self.form, "list": self.list, "when": self.when}
        for key in ("each", "entity", "new"):
            if getattr(self, key) is not None:
                rule[key] = getattr(self, key)
        if self.id is not None:
            rule["id"] = list(self.id)
        return {**rule, "set": dict(self.set)}


@dataclass(frozen=True)
class ScheduleRule:
    """A follow-up task that stands while its conditions hold."""

    id: str
    type: str
    roles: tuple[str, ...]
    when: Expr
    done: Expr
    opens: Expr
    due: Expr
    overdue: Expr
    form: str
    label: Words

    def as_json(self) -> dict[str, Any]:
        """As `ScheduleRule` in types.ts."""
        return {**vars(self), "roles": list(self.roles), "label": dict(self.label)}


@dataclass(frozen=True)
class Gate:
    """What must hold before a form goes on: the question at `open` says it does, by looking up
    what the calculation at `by` gives (paths).
    """

    open: str
    by: str


@dataclass(frozen=True)
class Program:
    """One program of one scope. forms: definitions of its packaged forms by id; lists: code → [zh,
    en]; consent: what its forms need; keeping: how the whole scope keeps consents, if this program
    says so; sharing: where its forms say that a clinic was told who somebody is.
    """

    id: str
    scope: str
    title: Words
    roles: tuple[str, ...]
    forms: Mapping[str, Mapping[str, Any]]
    types: Mapping[str, EntityType]
    derive: tuple[DeriveRule, ...]
    schedule: tuple[ScheduleRule, ...]
    lists: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    consent: Mapping[str, Need] = field(default_factory=dict)
    keeping: Keeping | None = None
    sharing: Mapping[str, Sharing] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Everything that deriving writes needs, whoever reads it."""
        return {
            "id": self.id,
            "scope": self.scope,
            "types": {name: type_json(kind, None) for name, kind in self.types.items()},
            "derive": [rule.as_json() for rule in self.derive],
        }


def type_json(kind: EntityType, audiences: Iterable[str] | None) -> dict[str, Any]:
    """A type as a phone of these audiences gets it (None: everything).

    Of a property nobody there may see only kind and group are told, since deriving writes needs
    them.
    """
    seen = set(kind.props) if audiences is None else set(kind.seen_by(audiences))
    shown: dict[str, Any] = {"label": dict(kind.label), "scope": kind.scope}
    for key in ("area", "root"):
        if getattr(kind, key):
            shown[key] = getattr(kind, key)
    return {
        **shown,
        "title": kind.title,
        "search": [name for name in kind.search if name in seen],
        "props": {name: prop_json(prop, name in seen) for name, prop in kind.props.items()},
        "computed": dict(kind.computed),
    }


def prop_json(prop: Prop, seen: bool) -> dict[str, Any]:
    """A property as `PropDef` in types.ts."""
    told: dict[str, Any] = {"label": dict(prop.label) if seen else {}, "kind": prop.kind}
    if prop.list and seen:
        told["list"] = prop.list
    if prop.group:
        told["group"] = prop.group
    return told


class Programs:
    """All programs. Iterating gives each as JSON, as `fieldapp.forms.derive` takes them."""

    def __init__(self, programs: Iterable[Program]) -> None:
        self.all = tuple(programs)
        self._json = [program.as_json() for program in self.all]
        self._types = {(t.scope, t.name): t for p in self.all for t in p.types.values()}
        self._forms = {form: program for program in self.all for form in program.forms}

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self._json)

    def get(self, program: str) -> Program | None:
        """A program by id."""
        return next((p for p in self.all if p.id == program), None)

    def type(self, scope: str, name: str) -> EntityType | None:
        """A type of a scope."""
        return self._types.get((scope, name))

    def types(self, scope: str | None = None) -> list[EntityType]:
        """Every type, of one scope if given."""
        return [t for t in self._types.values() if scope in (None, t.scope)]

    def for_form(self, form: str) -> Program | None:
        """The program a packaged form belongs to."""
        return self._forms.get(form)

    def keeping(self, scope: str) -> Keeping | None:
        """How a scope keeps consents; None if it keeps none."""
        return next((p.keeping for p in self.all if p.scope == scope and p.keeping), None)

    def need(self, definition: Mapping[str, Any]) -> Need | None:
        """The consent that a form needs, whichever version and whether or not it is packaged.

        One published into the program that takes consent, and saving to no other, needs what the
        first program of the scope needs.
        """
        keeping, own = self.keeping(definition["scope"]), self.get(definition["program"])
        if keeping is None or own is None or _takes_consent(own, definition):
            return None
        guard = self._guard(definition) or next(
            (it for it in self.all if it.scope == definition["scope"] and it.consent), None
        )
        if guard is None:
            return None
        if definition["id"] in guard.consent:
            return guard.consent[definition["id"]]
        return inferred(definition, keeping.people, next(iter(guard.consent.values())))

    def sharing(self, definition: Mapping[str, Any]) -> Sharing | None:
        """Where a form says that a clinic was told; None of a version that named none yet."""
        program = self.get(definition["program"])
        found = program.sharing.get(definition["id"]) if program else None
        name = found.to.rpartition("/")[2] if found else ""
        return found if any(node["n"] == name for node in definition["nodes"]) else None

    def asks_of_nobody(self, definition: Mapping[str, Any]) -> bool:
        """Whether a form would keep what needs consent, without saying whose."""
        return self._guard(definition) is not None and self.need(definition) is None

    def asked_beside_consent(self, definition: Mapping[str, Any]) -> list[str]:
        """Names of the questions that a version of a form that takes consent has beyond the form as
        it came with its program: nothing could hold their answers to a consent.
        """
        own = self.get(definition["program"])
        if own is None or not _takes_consent(own, definition):
            return []
        more = questions(definition) - questions(own.forms[definition["id"]])
        return sorted(name for name, *_ in more)

    def asks_of_several(self, definition: Mapping[str, Any]) -> bool:
        """Whether a form that needs consent chooses more than one person: each would need theirs,
        and only the first is asked about. A declared form may choose as many as the packaged one.
        """
        guard, keeping = self._guard(definition), self.keeping(definition["scope"])
        if guard is None or keeping is None:
            return False
        packaged = guard.forms.get(definition["id"])
        most = choosing(packaged, keeping.people) if packaged else 1
        return choosing(definition, keeping.people) > max(1, most)

    def _guard(self, definition: Mapping[str, Any]) -> Program | None:
        """The program whose consent a form needs: its own, or that of a type it saves to. Of the
        form that takes consent there is none.
        """
        own, scope = self.get(definition["program"]), definition["scope"]
        if own is None or _takes_consent(own, definition):
            return None
        kinds = [self.type(scope, block["list"]) for block in definition["entities"]]
        owners = [own, *(self.get(kind.program) for kind in kinds if kind)]
        return next((program for program in owners if program and program.consent), None)

    def derive_rules(self, form: str) -> list[DeriveRule]:
        """The rules of one form, in the order in which they are applied."""
        return [rule for program in self.all for rule in program.derive if rule.form == form]

    def schedule(self, scope: str | None = None) -> list[ScheduleRule]:
        """Every follow-up rule, of one scope if given."""
        return [rule for p in self.all if scope in (None, p.scope) for rule in p.schedule]


def _takes_consent(own: Program, definition: Mapping[str, Any]) -> bool:
    """Whether it came with the program that takes consent."""
    return own.keeping is not None and definition["id"] in own.forms
