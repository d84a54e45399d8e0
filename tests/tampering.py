"""Random fillings as an honest phone sends them, and single changes that a tampered one could make.

    python -m tests.tampering --fillings 60 --mutations 25 --seed 1

What is guaranteed, form by form, over any registry: (1) the check finds nothing in what `complete`
makes of any answers that the phone lets be finished; (2) of any single change to a finished visit
it finds something, or the changed visit is one that an honest phone could have sent. Which of the
two a change is, is decided here and not by the check: `is_honest` fills the form again with the
answers people give and compares everything. Left out of the comparison is what nobody but the phone
can know: identifiers it makes (any UUID will do), moments, chance, what `once()` kept of an earlier
moment.
"""

import copy
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import click

from fieldapp.forms.check import complete
from fieldapp.forms.datatypes import TYPES
from fieldapp.forms.definition import Shape, shape_of
from fieldapp.forms.evaluate import Host, Scope, evaluate
from fieldapp.forms.instance import FormInstance, Inst
from fieldapp.forms.judge import judge
from fieldapp.forms.source import FormSource, compile_source
from fieldapp.forms.values import to_boolean
from fieldapp.forms.witness import Found, World
from fieldapp.programs.service import load_programs

TODAY = "2026-11-02"
NOW = f"{TODAY}T09:00:00.000+08:00"
LIULIN = "379901001001"
MADE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ALWAYS = ["f", "true"]
WORDS = ("王芳", "张小梅", "柳林路1号", "1-2-201", "13800000001", "0632-5511234", "12", "x y",
         "E12345678", "11010519491231002X", "一切都好", "a" * 201)  # fmt: skip
# One of everything the packaged forms don't have.
AWKWARD = """
| survey |
| | type | name | label::中文(zh) | label::English(en) | required | relevant | constraint | calculation | default | readonly | repeat_count | choice_filter | parameters |
| | username | username | | | | | | | | | | | |
| | deviceid | deviceid | | | | | | | | | | | |
| | start | start | | | | | | | | | | | |
| | end | end | | | | | | | | | | | |
| | today | today | | | | | | | | | | | |
| | hidden | edition | | | | | | | 7 | | | | |
| | date | visit_date | 日期 | Date | yes | | . <= today() | | | | | | |
| | select_one kind | kind | 类别 | Kind | yes | | | | | | | | |
| | select_multiple town | towns | 地点 | Towns | | ${kind} != 'none' | | | | | | kind = ${kind} | |
| | rank kind | order | 排序 | Order | | | | | | | | | |
| | range | pain | 疼痛 | Pain | | | | | | | | | start=0 end=10 step=2 |
| | acknowledge | ok | 知道了 | Understood | | | | | | | | | |
| | text | firm | 单位 | Firm | | | | | 柳河镇 | yes | | | |
| | decimal | weight | 体重 | Weight | | | . > 0 and . < 300 | | | | | | |
| | calculate | heavy | | | | | | if(${weight} > 100, 'yes', 'no') | | | | | |
| | calculate | root | | | | | | round(sqrt(${weight} * 3), 4) | | | | | |
| | calculate | kind_name | | | | | | jr:choice-name(${kind}, '${kind}') | | | | | |
| | time | at | 几点 | At | | | | | | | | | |
| | geopoint | place | 地点 | Place | | | | | | | | | |
| | integer | n | 人数 | How many | yes | | . >= 0 and . <= 3 | | | | | | |
| | begin_repeat | people | 人员 | People | | | | | | | ${n} | | |
| | text | who | 姓名 | Who | yes | | string-length(.) < 200 | | | | | | |
| | calculate | no | | | | | | position(..) | | | | | |
| | begin_repeat | pets | 宠物 | Pets | | | | | | | | | |
| | text | pet | 名字 | Name | | | | | | | | | |
| | end_repeat | | | | | | | | | | | | |
| | end_repeat | | | | | | | | | | | | |
| | calculate | all_names | | | | | | join(' ', ${who}) | | | | | |
| | calculate | key | | | | | | once(concat(${kind}, '-', uuid())) | | | | | |
| | calculate | soon | | | | | | today() + 7 | | | | | |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) | kind |
| | kind | a | 甲 | First | |
| | kind | b | 乙 | Second | |
| | kind | none | 无 | None | |
| | town | t1 | 柳林 | Liulin | a |
| | town | t2 | 石桥 | Shiqiao | b |
| | town | t3 | 南坡 | Nanpo | b |
| settings |
| | form_id | form_title | version | default_language |
| | awkward | 难 / Awkward | 1 | 中文(zh) |
"""  # noqa: E501 (a form is a table)


@dataclass
class Tally:
    """What was tried. missed, alarms: what should not be, told in JSON."""

    fillings: int = 0
    mutations: int = 0
    caught: int = 0
    harmless: int = 0
    missed: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"mutations={self.mutations} caught={self.caught} harmless={self.harmless} "
            f"missed={len(self.missed)} fillings={self.fillings} false_alarms={len(self.alarms)}"
        )


def definitions() -> dict[str, Mapping[str, Any]]:
    """The packaged forms and the awkward one."""
    packaged = {name: form for p in load_programs().all for name, form in p.forms.items()}
    awkward = compile_source(FormSource(".md", AWKWARD.encode()), "rental", "housing")
    return {**packaged, "awkward": awkward}


class Field:
    """One form in the hands of one worker, over a registry made up at random."""

    def __init__(self, definition: Mapping[str, Any], random: Random) -> None:
        self.definition, self.random = definition, random
        self.shape: Shape = shape_of(definition)
        self.role = random.choice(("worker", "nurse"))
        self.session = [
            {"name": "me", "label": "王芳", "role": self.role, "worker": "王芳", "area": LIULIN}
        ]
        self.registry = self._registry()
        self.kept_of_earlier = {
            n["n"] for n in self.shape.nodes if n.get("calc", [""])[:2] == ["f", "once"]
        }
        self.links = {
            kind.name: frozenset([kind.root])
            for kind in load_programs().types(definition["scope"])
            if kind.root
        }

    def _registry(self) -> dict[str, list[dict[str, str]]]:
        lists: dict[str, list[dict[str, str]]] = {"area": [{"name": LIULIN, "label": "柳林村"}]}
        roots = [self._id() for _ in range(3)]
        for name in self.definition["external"]:
            kind = load_programs().type(self.definition["scope"], name)
            if kind is None:
                continue
            own = roots if kind.area else [self._id() for _ in range(5)]
            lists[name] = [self._record(kind, one, roots) for one in own]
        return lists

    def _record(self, kind: Any, record: str, roots: list[str]) -> dict[str, str]:
        """A record with values of its properties, consent given more often than not."""
        item = {"name": record, "label": "张小梅"}
        for prop, spec in kind.props.items():
            if self.random.random() < 0.7:
                item[prop] = self._value(prop, spec.list)
        if kind.root:
            item[kind.root] = self.random.choice(roots)
        if kind.name == "consent":
            item |= {"status": "given", "scope": self.random.choice(("preg", "contra"))}
            item["ends_on"] = "2028-01-01"
        return {name: value for name, value in item.items() if value}

    def _value(self, prop: str, list_name: str | None) -> str:
        codes = self.shape.codes(list_name) if list_name else ()
        if codes:
            return self.random.choice(sorted(codes))
        if prop.endswith(("date", "_on", "edd", "lmp", "dob", "next", "start", "end")):
            return self.day()
        return self.random.choice(WORDS)

    def _id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def day(self) -> str:
        """A day around today, near ones more often."""
        far = self.random.choice((3, 30, 120, 300, 9000))
        days = timedelta(self.random.randint(-far, far // 9))
        return (date.fromisoformat(TODAY) + days).isoformat()

    # ---- the honest phone

    def host(self) -> Host:
        """What the phone knows: everything."""
        return Host(
            today=TODAY,
            now=NOW,
            uuid=self._id,
            random=self.random.random,
            instances={**self.registry, "session": self.session},
            deviceid="phone-1",
            username="wang",
        )

    def finish(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        return complete(self.definition, answers, self.host())

    def fill(self) -> dict[str, Any] | None:
        """Answers given until the phone lets the visit be finished; None if that takes too long."""
        given: dict[str, Any] = {}
        for spec in self.shape.nodes:
            if spec["k"] == "repeat" and "count" not in spec and spec["p"] == 0:
                given[spec["n"]] = [{} for _ in range(self.random.randint(0, 2))]
        for _ in range(60):
            finished = self.finish(given)
            wrong = list(self.faults(finished))
            open_ = [inst for inst in self.open_questions(finished) if self.random.random() < 0.4]
            if not wrong and not open_:
                return finished
            form = self.form(finished)
            for path in [*wrong, *(self.form(finished).path(inst) for inst in open_)]:
                put(given, path, self.choose(form, form.at(path)))
        return None

    def form(self, answers: Mapping[str, Any]) -> FormInstance:
        """The phone's form over finished answers, all lists known."""
        form = FormInstance(self.shape, answers, self.host())
        form.recalculate(only_relevance=True)
        return form

    def open_questions(self, answers: Mapping[str, Any]) -> Iterator[Inst]:
        """Relevant questions that are blank and may be answered."""
        for inst in self.form(answers).leaves():
            if inst.relevant and inst.value == "" and self.is_asked(inst):
                yield inst

    def is_asked(self, inst: Inst) -> bool:
        spec = self.shape.nodes[inst.node]
        line = self.shape.lineage[inst.node]
        locked = any(self.shape.nodes[node].get("ro") == ALWAYS for node in line)
        return spec.get("c", "note") != "note" and not locked

    def faults(self, answers: Mapping[str, Any]) -> Iterator[str]:
        """Paths of what keeps the phone from finishing."""
        form = self.form(answers)
        for inst in form.leaves():
            spec = self.shape.nodes[inst.node]
            if not inst.relevant:
                continue
            if inst.value == "":
                asked = spec.get("c", "note") != "note" and "req" in spec
                if asked and to_boolean(form.value(spec["req"], inst)):
                    yield form.path(inst)
            elif not self.is_accepted(form, inst, inst.value):
                yield form.path(inst)

    def is_accepted(self, form: FormInstance, inst: Inst, value: str) -> bool:
        """Whether the phone takes a value: its type, its list, its constraint."""
        spec = self.shape.nodes[inst.node]
        if not TYPES.get(spec.get("t", "string"), TYPES["string"])(value):
            return False
        if "items" in spec and not set(self.codes(spec, value)) <= set(self.offer(form, inst)):
            return False
        if spec.get("c") == "trigger" and value != "OK":
            return False
        if "range" in spec and value not in ("0", "2", "4", "6", "8", "10"):
            return False
        kept, inst.value = inst.value, value
        holds = "con" not in spec or to_boolean(form.value(spec["con"], inst))
        inst.value = kept
        return holds

    def codes(self, spec: Mapping[str, Any], value: str) -> list[str]:
        return value.split() if spec.get("c") in ("select", "rank") else [value]

    def offer(self, form: FormInstance, inst: Inst) -> list[str]:
        """Codes on offer."""
        items = self.shape.nodes[inst.node]["items"]
        root = form.items(items["list"]) if "list" in items else form.host.items(items["inst"])
        scope: Scope = form.scope(inst)
        rows = root.children if root else ()
        return [
            next(c.text for c in item.children if c.name == items.get("value", "name"))
            for i, item in enumerate(rows, 1)
            if "where" not in items
            or to_boolean(evaluate(items["where"], scope.at(item, i, len(rows))))
        ]

    def choose(self, form: FormInstance, inst: Inst) -> str:
        """An answer the phone takes, if one is found; blank otherwise."""
        for _ in range(40):
            value = self.guess(form, inst)
            if value and self.is_accepted(form, inst, value):
                return value
        return ""

    def guess(self, form: FormInstance, inst: Inst) -> str:
        spec, random = self.shape.nodes[inst.node], self.random
        if "items" in spec:
            offer = self.offer(form, inst)
            if spec["c"] == "rank":
                return " ".join(random.sample(offer, len(offer)))
            several = random.randint(1, 2) if spec["c"] == "select" else 1
            return " ".join(random.sample(offer, min(several, len(offer))))
        if "range" in spec:
            return str(random.choice((0, 2, 4, 10)))
        if spec["c"] == "trigger":
            return "OK"
        kinds = {
            "int": lambda: str(random.choice((0, 1, 2, 3, 7, 28, 60, 110))),
            "decimal": lambda: str(random.choice((0.5, 36.6, 61.5, 120))),
            "date": self.day,
            "time": lambda: "14:30:00.000+08:00",
            "geopoint": lambda: "34.8 117.3 0 5",
        }
        return kinds.get(spec.get("t", "string"), lambda: random.choice(WORDS))()

    # ---- the server

    def found(self, answers: Mapping[str, Any], near: bool = False) -> list[Found]:
        """What the check finds. near: of the registry only what answers lead to is known."""
        world = World(
            today=TODAY,
            now=NOW,
            lists={"session": [{k: v for k, v in self.session[0].items() if k != "area"}]},
            known=self.near(answers).get if near else self.registry.get,
            links=self.links if near else None,
            username="wang",
            deviceid="phone-1",
            strict_ids=True,
        )
        return judge(self.shape, answers, world)

    def near(self, answers: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
        named = set(MADE.findall(json.dumps(answers))) and {
            match[0] for match in MADE.finditer(json.dumps(answers))
        }
        found = {
            name: [
                item
                for item in items
                if item["name"] in named
                or any(item.get(link) in named for link in self.links.get(name, ()))
            ]
            for name, items in self.registry.items()
        }
        return {**found, "area": self.registry["area"]}

    # ---- could an honest phone have sent it?

    def is_honest(self, answers: Mapping[str, Any]) -> bool:
        """Whether filling the form again with what people answered gives just this."""
        try:
            again = self.finish(self.given(answers, 0))
            return (
                self.told(again) == self.told(answers)
                and self.is_clean(answers)
                and not list(self.faults(answers))
            )
        except (AttributeError, TypeError, KeyError):
            return False  # not even of the form's shape

    def given(self, answers: Mapping[str, Any], node: int) -> dict[str, Any]:
        """What people answered: every question, the blank ones too."""
        found: dict[str, Any] = {}
        for child in self.shape.children[node]:
            spec = self.shape.nodes[child]
            value = answers.get(spec["n"])
            if spec["k"] == "repeat":
                found[spec["n"]] = [self.given(one, child) for one in value or ()]
            elif spec["k"] == "group":
                found[spec["n"]] = self.given(value or {}, child)
            elif self.is_asked(Inst(child, spec["n"])) and ("calc" not in spec):
                found[spec["n"]] = value or ""
        return found

    def told(self, answers: Mapping[str, Any]) -> Any:
        """Answers with what only a phone can know made alike; only identifiers it makes itself."""
        known = {item["name"] for items in self.registry.values() for item in items}
        told = copy.deepcopy(dict(answers))
        for holder, name in list(leaves_of(told)):
            if name in self.kept_of_earlier:
                holder[name] = ""
        text = json.dumps(told, sort_keys=True, ensure_ascii=False)
        return json.loads(MADE.sub(lambda m: m[0] if m[0] in known else "made", text))

    def is_clean(self, answers: Mapping[str, Any]) -> bool:
        """No invisible characters, no files, nothing chosen twice."""
        leaves = list(FormInstance(self.shape, answers, self.host()).leaves())
        text = "".join(inst.value for inst in leaves)
        marked = any((c < " " and c not in "\n\t\r") or "\u202a" <= c <= "\u202e" for c in text)
        twice = any(
            len(set(codes)) != len(codes)
            for inst in leaves
            for codes in [self.codes(self.shape.nodes[inst.node], inst.value)]
            if "items" in self.shape.nodes[inst.node]
        )
        return not (marked or twice)

    # ---- the tampered phone

    def mutate(self, answers: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """One random change, and what it was."""
        other = copy.deepcopy(dict(answers))
        changes = (self.alter, self.alter, self.alter, self.drop, self.invent, self.misshape,
                   self.answer_unasked, self.answer_unasked, self.repeat_more)  # fmt: skip
        change = self.random.choice(changes)
        return change.__name__, change(other)

    def alter(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Give one leaf another value."""
        holder, name = self.random.choice(list(leaves_of(answers)))
        was = holder[name]
        other = ("", "0", "1", "9", "zz", "-1", "2026-02-30", self.day(), was + "x", was + "\u202e",
                 self._id(), "true", "nurse", f"{was} {was}", "3.5")  # fmt: skip
        spec = next(n for n in self.shape.nodes if n["n"] == name and n["k"] == "leaf")
        codes = sorted(self.shape.codes(spec.get("items", {}).get("list", "")))
        holder[name] = self.random.choice([*other[1:], *codes * 3])
        return answers

    def drop(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Leave one leaf out."""
        holder, name = self.random.choice(list(leaves_of(answers)))
        del holder[name]
        return answers

    def invent(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Add a question."""
        holder, _ = self.random.choice(list(leaves_of(answers)))
        holder["bonus"] = self.random.choice(("1", {"a": "b"}, [], None, 5))
        return answers

    def misshape(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Give a node another shape."""
        name = self.random.choice(list(answers))
        kept = answers[name]
        answers[name] = self.random.choice(
            [w for w in ("x", ["x"], {"x": "y"}, 7, None) if type(w) is not type(kept)]
        )
        return answers

    def answer_unasked(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Answer a question that was left blank: it did not apply, or nobody asked."""
        form = self.form(answers)
        notes = {n for n, spec in enumerate(self.shape.nodes) if spec.get("c") == "note"}
        blank = [i for i in form.leaves() if i.value == "" and i.node not in notes]
        if blank:
            inst = self.random.choice(blank)
            spec = self.shape.nodes[inst.node]
            value = self.guess(form, inst) if "c" in spec else self.random.choice(WORDS[:6])
            put(answers, form.path(inst), value or "1")
        return answers

    def repeat_more(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Add or remove an instance of a repeat."""
        repeats = [n["n"] for n in self.shape.nodes if n["k"] == "repeat" and n["p"] == 0]
        if not repeats:
            return self.alter(answers)
        some = answers.setdefault(repeats[0], [])
        if some and self.random.random() < 0.5:
            some.pop()
        else:
            some.append(copy.deepcopy(some[0]) if some else {})
        if not some:
            del answers[repeats[0]]
        return answers


def leaves_of(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every leaf as its holder and its name."""
    if isinstance(value, list):
        for one in value:
            yield from leaves_of(one)
    elif isinstance(value, dict):
        for name, child in value.items():
            if isinstance(child, str):
                yield value, name
            else:
                yield from leaves_of(child)


def put(answers: dict[str, Any], path: str, value: str) -> None:
    """Answer at a path, making what is on the way."""
    at: Any = answers
    *above, name = path.split("/")
    for part in above:
        part, _, index = part.partition("[")
        at = at.setdefault(part, [] if index else {})
        if index:
            number = int(index[:-1])
            while len(at) <= number:
                at.append({})
            at = at[number]
    at[name] = value


def tamper(form_id: str, fillings: int, mutations: int, seed: int) -> Tally:
    """Fill one form many times, each time over another registry, and tamper with every filling."""
    definition, random, tally = definitions()[form_id], Random(f"{seed}{form_id}"), Tally()
    for _ in range(fillings):
        field_ = Field(definition, random)
        answers = field_.fill()
        if answers is None:
            continue
        tally.fillings += 1
        alarms = [*field_.found(answers), *field_.found(answers, near=True)]
        tally.alarms += [tell(form_id, "filling", answers, found) for found in alarms]
        for _ in range(mutations):
            kind, changed = field_.mutate(answers)
            judge_mutation(tally, field_, form_id, kind, changed, changed == answers)
    return tally


def judge_mutation(
    tally: Tally, field_: Field, form_id: str, kind: str, changed: dict[str, Any], same: bool
) -> None:
    found = field_.found(changed)
    tally.mutations += 1
    if same or field_.is_honest(changed):
        tally.harmless += 1
        tally.alarms += [tell(form_id, kind, changed, one) for one in found]
    elif found:
        tally.caught += 1
    else:
        tally.missed.append(tell(form_id, kind, changed, None))


def tell(form_id: str, kind: str, answers: Mapping[str, Any], found: Found | None) -> str:
    what = {"form": form_id, "change": kind, "found": vars(found) if found else None}
    return json.dumps({**what, "answers": answers}, ensure_ascii=False)


@click.command()
@click.option("--fillings", default=60, help="Fillings of each form.")
@click.option("--mutations", default=25, help="Mutations of each filling.")
@click.option("--seed", default=lambda: int(time.time()), type=int)
def main(fillings: int, mutations: int, seed: int) -> None:
    """Every form; the last line says it all. Fails if anything was missed or alarmed falsely."""
    start, whole = time.perf_counter(), Tally()
    for form_id in definitions():
        tally = tamper(form_id, fillings, mutations, seed)
        click.echo(f"{form_id}: {tally}")
        for line in [*tally.missed[:5], *tally.alarms[:5]]:
            click.echo(line)
        for name, value in vars(tally).items():
            setattr(whole, name, getattr(whole, name) + value)
    click.echo(f"seed={seed} {whole} seconds={time.perf_counter() - start:.1f}")
    sys.exit(1 if whole.missed or whole.alarms or not whole.fillings else 0)


if __name__ == "__main__":
    main()
