"""Loads program folders: reads `program.toml`, checks every key, compiles forms and expressions.

A program doesn't load unless each property says who may see it, why it is kept, on what basis and
for how long. All that is wrong is reported at once, by file and key.
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fieldapp.accounts import access
from fieldapp.forms.definition import Shape
from fieldapp.forms.lint import lint_program_words
from fieldapp.forms.names import Names
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source
from fieldapp.forms.xpath import Expr, XPathError, compile_xpath

from .discreet import telling
from .model import (
    AUDIENCES,
    DeriveRule,
    EntityType,
    Gate,
    Party,
    Program,
    Programs,
    Prop,
    ScheduleRule,
)
from .reading_consent import CONSENT_KEYS, keeping_of, needs_of, sharing_of
from .rules import entity_expr_problems, impure, rule_expr

Compiler = Callable[[FormSource, str, str], dict[str, Any]]
"""Source, program and scope to a form definition; raises FormError."""

KINDS = ("one", "latest", "union", "min", "max", "notes")
SECRETS = ("id_number",)
KEYS = {
    "program": (
        {"id", "scope", "title", "roles", "forms"},
        {"types", "derive", "schedule", "gates", "consent", "consents", "share"},
    ),
    **CONSENT_KEYS,
    "gate": ({"open", "by"}, set()),
    "type": (
        {"label", "title", "props", "subject"},
        {"area", "root", "search", "visible", "computed", "writers", "parties"},
    ),
    "party": ({"label", "title", "data"}, set()),
    "prop": (
        {"label", "data", "purpose", "basis", "retention"},
        {"audience", "kind", "list", "group", "secret", "writers"},
    ),
    "derive": ({"form", "list", "when", "set"}, {"each", "id", "entity", "new"}),
    "schedule": (
        {"id", "type", "roles", "when", "done", "opens", "due", "overdue", "form", "label"},
        set(),
    ),
}
EXPRESSIONS_OF_TASK = ("when", "done", "opens", "due", "overdue")


class ProgramError(ValueError):
    """Programs that can't be loaded, with every reason (`<folder>/program.toml: <key>: <what>`)."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def load_folders(folder: Path, compiler: Compiler = compile_source) -> Programs:
    """Every program below `folder`. Raises ProgramError."""
    readers = [Reader(path, compiler) for path in sorted(folder.glob("*/program.toml"))]
    for reader in readers:
        reader.read_head()
    known = {scope: Known(readers, scope) for scope in AUDIENCES}
    programs = [reader.program(known[reader.scope]) for reader in readers if reader.scope in known]
    problems = [problem for reader in readers for problem in reader.problems]
    problems += _repeated(programs)
    if problems:
        raise ProgramError(problems)
    return Programs(programs)


def _repeated(programs: list[Program]) -> list[str]:
    seen: dict[tuple[str, str], str] = {}
    found = []
    for program in programs:
        for name in program.types:
            other = seen.setdefault((program.scope, name), program.id)
            if other != program.id:
                found.append(f"{program.id}/program.toml: types.{name}: {other} defines it already")
    return found


class Known:
    """What the programs of a scope may name: types, choice lists, forms."""

    def __init__(self, readers: "list[Reader]", scope: str) -> None:
        mine = [reader for reader in readers if reader.scope == scope]
        self.types: dict[str, Mapping[str, Any]] = {}
        self.forms: dict[str, Mapping[str, Any]] = {}
        for reader in mine:
            self.types.update(reader.table("types"))
            self.forms.update(reader.forms)
        self.lists = {
            name: (choices, form["langs"])
            for form in self.forms.values()
            for name, choices in form["lists"].items()
        }
        consents = [reader.table("consents") for reader in mine]
        self.consents: Mapping[str, Any] = next(filter(None, consents), {})


class Reader:
    """Reads one folder; `problems` collects what is wrong with it."""

    def __init__(self, path: Path, compiler: Compiler) -> None:
        self.path, self.folder, self.compile = path, path.parent.name, compiler
        self.problems: list[str] = []
        self.forms: dict[str, Mapping[str, Any]] = {}
        self.raw: dict[str, Any] = {}
        self.scope = ""

    def refuse(self, key: str, message: str) -> None:
        """Note what is wrong with a key."""
        self.problems.append(f"{self.folder}/program.toml: {key}: {message}")

    def table(self, key: str) -> dict[str, Any]:
        """A table of the file; empty if absent or something else."""
        value = self.raw.get(key, {})
        return value if isinstance(value, dict) else {}

    def read_head(self) -> None:
        """The file and its forms."""
        try:
            self.raw = tomllib.loads(self.path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            self.refuse("file", str(error))
            return
        self.keys("program", self.raw, "")
        self.scope = str(self.raw.get("scope", ""))
        if self.scope not in AUDIENCES:
            self.refuse("scope", f"“{self.scope}” is none of {', '.join(AUDIENCES)}")
        for name in self.raw.get("forms", []):
            self._read_form(str(name))

    def _read_form(self, name: str) -> None:
        try:
            source = FormSource.of(self.path.parent / name)
            form = self.compile(source, str(self.raw.get("id")), self.scope)
        except OSError:
            self.refuse("forms", f"there is no file {name}")
        except FormError as error:
            self.problems += [f"{self.folder}/{name}: {problem}" for problem in error.problems]
        else:
            self.forms[form["id"]] = form

    # ---- checks

    def keys(self, what: str, table: Mapping[str, Any], key: str) -> bool:
        """Whether all required keys are there; unknown ones are refused."""
        required, optional = KEYS[what]
        within = f"{key}." if key else ""
        for name in sorted(set(table) - required - optional):
            self.refuse(f"{within}{name}", "is no key I know; remove or correct it")
        missing = sorted(name for name in required if table.get(name) in (None, ""))
        for name in missing:
            self.refuse(f"{within}{name}", "is missing")
        return not missing

    def words(self, table: Any, key: str) -> dict[str, str]:
        """A text in both languages."""
        if not isinstance(table, dict) or set(table) != {"zh", "en"}:
            self.refuse(key, "needs zh and en")
            return {"zh": "", "en": ""}
        found = {lang: str(text) for lang, text in table.items()}
        for text in found.values():
            for problem in lint_program_words(text):
                self.refuse(key, problem)
        return found

    def one_of(self, value: Any, allowed: Any, key: str) -> str:
        """A value out of a fixed set."""
        if value not in allowed:
            self.refuse(key, f"“{value}” is none of {', '.join(sorted(allowed))}")
        return str(value)

    def expr(self, source: Any, key: str, compiler: Callable[[str], Expr]) -> Expr:
        """A compiled expression; a harmless one after a problem."""
        try:
            return compiler(str(source))
        except XPathError as error:
            self.refuse(key, str(error))
            return ["f", "false"]

    # ---- the program

    def program(self, known: Known) -> Program:
        """The program, once everything it may name is known."""
        roles = tuple(str(role) for role in self.raw.get("roles", []))
        types = {
            name: self.type(name, table, roles, known)
            for name, table in self.table("types").items()
        }
        lists = {p.list for t in types.values() for p in t.props.values() if p.list in known.lists}
        return Program(
            id=str(self.raw.get("id", self.folder)),
            scope=self.scope,
            title=self.words(self.raw.get("title"), "title"),
            roles=roles,
            forms=self.forms,
            types=types,
            derive=tuple(
                self.derive(rule, f"derive[{number}]", known)
                for number, rule in enumerate(self.raw.get("derive", []))
            ),
            schedule=tuple(
                self.task(rule, f"schedule[{number}]", known)
                for number, rule in enumerate(self.raw.get("schedule", []))
            ),
            gates=self.gates(),
            consent=needs_of(self, known),
            keeping=keeping_of(self),
            sharing=sharing_of(self, known),
            lists={name: choice_words(*known.lists[name]) for name in sorted(filter(None, lists))},
        )

    def gates(self) -> dict[str, Gate]:
        """What must hold before a form goes on, by form."""
        found = {}
        for form, table in self.table("gates").items():
            key = f"gates.{form}"
            if not self.keys("gate", table, key):
                continue
            for name in ("open", "by"):
                self.one_of(table[name], self.paths(form), f"{key}.{name}")
            found[form] = Gate(table["open"], table["by"])
        return found

    def paths(self, form: str) -> set[str]:
        """The paths of a form of the program; none if it isn't there."""
        if form not in self.forms:
            return set()
        shape = Shape(self.forms[form])
        return {shape.path(number) for number in range(len(shape.nodes))}

    def type(
        self, name: str, table: Mapping[str, Any], roles: tuple[str, ...], known: Known
    ) -> EntityType:
        """One type of entity."""
        key = f"types.{name}"
        self.keys("type", table, key)
        if ("area" in table) == ("root" in table):
            self.refuse(key, "needs either area or root")
        writers = tuple(table.get("writers", roles))
        props = {
            prop: self.prop(prop, spec, f"{key}.props.{prop}", known, writers)
            for prop, spec in table.get("props", {}).items()
        }
        self._check_groups(props, key)
        for place in ("area", "root"):
            if place in table and table[place] not in props:
                self.refuse(f"{key}.{place}", f"“{table[place]}” is no property of {name}")
        for prop in table.get("search", []):
            self.one_of(prop, set(props), f"{key}.search")
        computed = table.get("computed", {})
        subject = table.get("subject", True)
        if not isinstance(subject, bool):
            self.one_of(subject, set(props), f"{key}.subject")
        return EntityType(
            name=name,
            scope=self.scope,
            program=str(self.raw.get("id", "")),
            label=self.words(table.get("label"), f"{key}.label"),
            title=self.of_entity(table.get("title", "''"), f"{key}.title", {*props, *computed}),
            writers=writers,
            subject=subject,
            area=table.get("area"),
            root=table.get("root"),
            search=tuple(table.get("search", [])),
            visible=self._visible(table.get("visible", {}), key, set(props)),
            props=props,
            computed=self._computed(computed, key, set(props)),
            parties=self._parties(table.get("parties", {}), key, props),
        )

    def _parties(
        self, tables: Mapping[str, Any], key: str, props: Mapping[str, Prop]
    ) -> dict[str, Party]:
        """Whoever else some of the properties are about: those of one row of the matrix."""
        found = {}
        for name, table in tables.items():
            place = f"{key}.parties.{name}"
            self.keys("party", table, place)
            theirs = [prop for prop in props.values() if prop.data == table.get("data")]
            registers = frozenset(prop.group or prop.name for prop in theirs)
            self.one_of(table.get("title"), {prop.name for prop in theirs}, f"{place}.title")
            shared = [p.name for p in props.values() if p not in theirs and p.group in registers]
            if shared or any(prop.secret for prop in theirs):
                self.refuse(f"{place}.data", "its properties must be nobody else's, and no secret")
            label = self.words(table.get("label"), f"{place}.label")
            found[name] = Party(name, label, str(table.get("title")), registers)
        return found

    def _visible(self, table: Mapping[str, Any], key: str, props: set[str]) -> dict[str, Expr]:
        found = {}
        for audience, source in table.items():
            place = f"{key}.visible.{audience}"
            self.one_of(audience, AUDIENCES[self.scope], place)
            found[audience] = self.of_entity(source, place, props)
        return found

    def _computed(self, table: Mapping[str, Any], key: str, props: set[str]) -> dict[str, Expr]:
        """Each may use the properties and those computed before it."""
        found: dict[str, Expr] = {}
        for name, source in table.items():
            if name in props:
                self.refuse(f"{key}.computed.{name}", "is a property already")
            found[name] = self.of_entity(source, f"{key}.computed.{name}", {*props, *found})
        return found

    def of_entity(self, source: Any, key: str, props: set[str]) -> Expr:
        """An expression about an entity, which may name only what it has."""
        tree = self.expr(source, key, compile_xpath)
        for problem in entity_expr_problems(tree, props):
            self.refuse(key, problem)
        return tree

    def prop(
        self,
        name: str,
        table: Mapping[str, Any],
        key: str,
        known: Known,
        writers: tuple[str, ...],
    ) -> Prop:
        """One property of a type that these roles write."""
        self.keys("prop", table, key)
        data, audience = self._read_by(table, key)
        if table.get("list") is not None:
            self.one_of(table["list"], known.lists, f"{key}.list")
        if table.get("secret") is not None:
            self.one_of(table["secret"], SECRETS, f"{key}.secret")
            if audience:
                self.refuse(key, "a secret has no audience")
        for role in table.get("writers", ()):
            self.one_of(role, writers, f"{key}.writers")
        for role in sorted(set(table.get("writers", writers)) - set(access.writers(data))):
            self.refuse(f"{key}.writers", f"the access matrix doesn't let {role} write “{data}”")
        for problem in lint_program_words(name):
            self.refuse(key, problem)
        return Prop(
            name=name,
            label=self.words(table.get("label"), f"{key}.label"),
            data=data,
            audience=audience,
            purpose=str(table.get("purpose", "")),
            basis=str(table.get("basis", "")),
            retention=str(table.get("retention", "")),
            kind=self.one_of(table.get("kind", "one"), KINDS, f"{key}.kind"),
            list=table.get("list"),
            group=table.get("group"),
            secret=table.get("secret"),
            writers=tuple(table["writers"]) if "writers" in table else None,
        )

    def _read_by(self, table: Mapping[str, Any], key: str) -> tuple[str, tuple[str, ...]]:
        """Its group in the access matrix, and who sees it: all whom the matrix lets, or fewer."""
        data = self.one_of(table.get("data"), access.data_groups(self.scope), f"{key}.data")
        allowed = access.readers(self.scope, data)
        audience = tuple(table.get("audience", allowed))
        for one in audience:
            self.one_of(one, allowed, f"{key}.audience")
        return data, audience

    def _check_groups(self, props: Mapping[str, Prop], key: str) -> None:
        """Members of a merge group are one register: one kind, audience and set of writers, a name
        of its own.
        """
        first: dict[str, Prop] = {}
        for prop in props.values():
            if prop.group is None:
                continue
            other = first.setdefault(prop.group, prop)
            if (other.kind, set(other.audience)) != (prop.kind, set(prop.audience)):
                place = f"{key}.props.{prop.name}.group"
                self.refuse(place, f"kind or audience differs from {other.name}'s")
            if other.writers != prop.writers:
                place = f"{key}.props.{prop.name}.writers"
                self.refuse(place, f"differ from those of {other.name}, of the same group")
            if prop.group in props:
                self.refuse(f"{key}.props.{prop.name}.group", "a property has that name")

    # ---- rules

    def derive(self, table: Mapping[str, Any], key: str, known: Known) -> DeriveRule:
        """A derive rule; compiled against the packaged form, its expressions hold by name."""
        self.keys("derive", table, key)
        form = known.forms.get(str(table.get("form")))
        if form is None:
            self.refuse(f"{key}.form", f"“{table.get('form')}” is no form of this scope")
        self.one_of(table.get("list"), known.types, f"{key}.list")
        props = known.types.get(str(table.get("list")), {}).get("props", {})
        for name in table.get("set", {}):
            self.one_of(name, props, f"{key}.set")
        for name in table.get("id", []):
            self.one_of(name, table.get("set", {}), f"{key}.id")
        if "id" in table and "entity" in table:
            self.refuse(key, "give id or entity, not both")
        names = Shape(form).names if form else Names(["data"], [-1], [False], [[]])
        each = self._each(table.get("each"), key, names)

        def compiled(name: str, source: Any) -> Expr:
            place = f"{key}.{name}"
            tree = self.expr(source, place, lambda text: rule_expr(text, names, each or 0))
            for function in impure(tree):
                self.refuse(place, f"{function}() isn't the same later; take it from the answers")
            return tree

        return DeriveRule(
            form=str(table.get("form")),
            list=str(table.get("list")),
            when=compiled("when", table.get("when", "false()")),
            set={name: compiled(f"set.{name}", s) for name, s in table.get("set", {}).items()},
            each=names.path(each) if each is not None else None,
            id=tuple(table["id"]) if "id" in table else None,
            entity=compiled("entity", table["entity"]) if "entity" in table else None,
            new=compiled("new", table["new"]) if "new" in table else None,
        )

    def _each(self, source: Any, key: str, names: Names) -> int | None:
        if source is None:
            return None
        tree = self.expr(source, f"{key}.each", lambda text: compile_xpath(text, names, 0))
        if tree[0] == "r" and names.repeats[tree[1]]:
            return int(tree[1])
        self.refuse(f"{key}.each", f"“{source}” is no repeat of the form")
        return None

    def task(self, table: Mapping[str, Any], key: str, known: Known) -> ScheduleRule:
        """A follow-up rule."""
        self.keys("schedule", table, key)
        kind = self.one_of(table.get("type"), known.types, f"{key}.type")
        self.one_of(table.get("form"), known.forms, f"{key}.form")
        spec = known.types.get(kind, {})
        props = {*spec.get("props", {}), *spec.get("computed", {})}
        label = self.words(table.get("label"), f"{key}.label")
        for word in telling(" ".join(label.values())):
            self.refuse(f"{key}.label", f"“{word}” tells bystanders what it is about")
        trees = {
            name: self.of_entity(table.get(name, "''"), f"{key}.{name}", props)
            for name in EXPRESSIONS_OF_TASK
        }
        return ScheduleRule(
            id=str(table.get("id")),
            type=kind,
            roles=tuple(table.get("roles", [])),
            form=str(table.get("form")),
            label=label,
            **trees,
        )


def choice_words(choices: list[dict[str, Any]], langs: list[str]) -> dict[str, list[str]]:
    """Code → `[zh, en]` of a choice list; a language it lacks gets the first one it has."""
    at = [langs.index(lang) if lang in langs else 0 for lang in ("zh", "en")]
    words = {}
    for choice in choices:
        texts = [text if isinstance(text, str) else "" for text in choice["l"]]
        fallback = next(filter(None, texts), choice["v"])
        words[choice["v"]] = [texts[i] or fallback for i in at]
    return words
