"""Fills the packaged forms for the stories: plain items to look up, and a phone that finishes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fieldapp.forms.check import Violation, check, complete
from fieldapp.forms.definition import Shape
from fieldapp.forms.derive import derive
from fieldapp.forms.evaluate import Host, evaluate_entity
from fieldapp.forms.instance import FormInstance
from fieldapp.forms.values import to_text
from fieldapp.programs.service import Programs, load_programs

TODAY = "2026-11-02"
LIULIN = "379901001001"
ZHANG, LIU = (f"00000000-0000-4000-8000-00000000000{i}" for i in (1, 2))
CLINIC = {"clinic": "柳河镇卫生院", "clinic_phone": "0632-5550101"}
Items = dict[str, list[dict[str, str]]]


class Filling:
    """One form filled by one role over these lists. `wrote` has the values by (type, register)."""

    def __init__(
        self, form: str, answers: Mapping[str, Any], role: str = "worker", **lists: Any
    ) -> None:
        program = programs().for_form(form)
        assert program is not None
        self.definition = program.forms[form]
        self.lists: Items = {
            "session": [{"name": "me", "label": "我", "role": role, "area": LIULIN}],
            "area": [{"name": LIULIN, "label": "柳林村", **CLINIC}],
            **{name: [] for name in self.definition["external"] if name not in ("session", "area")},
            **lists,
        }
        numbers = iter(range(1, 999))
        host = Host(
            today=TODAY,
            now=f"{TODAY}T09:00:00+08:00",
            uuid=lambda: str(UUID(int=next(numbers), version=4)),
            instances=self.lists,
        )
        self.answers = complete(self.definition, answers, host)
        derived = derive(self.definition, programs(), self.answers, "sid")
        self.entities = [(e["t"], e["new"]) for e in derived.entities]
        self.ids = {e["t"]: e["e"] for e in derived.entities}
        types = {e["e"]: e["t"] for e in derived.entities}
        self.writes = [(types[w["e"]], w["e"], w["r"], w["v"]) for w in derived.writes]
        self.wrote = {(kind, register): value for kind, _, register, value in self.writes}

    def violations(self) -> list[Violation]:
        """What the form would not have allowed."""
        return check(self.definition, self.answers, self.lists, TODAY)

    def problems(self) -> set[tuple[str, str]]:
        """Name of the question and kind of each violation."""
        return {(v.path.rpartition("/")[2], v.kind) for v in self.violations()}

    def notes(self) -> set[str]:
        """Names of the notes that are shown over the finished answers."""
        host = Host(today=TODAY, uuid=lambda: str(UUID(int=0)), instances=self.lists)
        form = FormInstance(Shape(self.definition), self.answers, host)
        form.recalculate()
        nodes = self.definition["nodes"]
        notes = [inst.node for inst in form.leaves() if inst.relevant]
        return {nodes[node]["n"] for node in notes if nodes[node].get("c") == "note"}

    def asked(self) -> set[str]:
        """Names of everything answered or calculated."""
        return set(_names(self.answers))


def _names(answers: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in answers.items():
        below = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
        found += [name] if not below else [n for one in below for n in _names(one)]
    return found


def programs() -> Programs:
    """The packaged programs."""
    return load_programs()


def computed(
    scope: str, kind: str, name: str, props: dict[str, str], on: dict[str, str], today: str = TODAY
) -> str:
    """A computed property of an entity; `on`: when each value was written (default TODAY)."""
    spec = programs().type(scope, kind)
    assert spec is not None
    marks = {prop: {"on": on.get(prop, TODAY)} for prop in props}
    known = dict(props)
    for prop, tree in spec.computed.items():
        known[prop] = to_text(evaluate_entity(tree, Host(today=today), known, marks))
    return known[name]
