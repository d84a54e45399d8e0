"""The server's evaluator for `make forms-diff`: one request per line of JSON in, one answer out.

    {"do": "compile", "kind": ".xml", "content": "…"}  → {"definition": …} or {"refused": ["…"]}
    {"do": "xform", "kind": ".md", "path": "…"}        → {"xform": "…"} or {"refused": ["…"]}
    {"do": "judge", "form": 3, "answers": …}           → {"nodes": {path: …}, "violations": […]}

A compiled definition is kept under the number it was answered with. `judge` takes the answers of a
form being filled, not relevant ones too, and says what the server makes of them.
"""

import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from fieldapp.forms.check import inspected, offered
from fieldapp.forms.definition import Definition, shape_of
from fieldapp.forms.evaluate import Host
from fieldapp.forms.instance import FormInstance, Inst
from fieldapp.forms.judge import World
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source, to_xform
from fieldapp.forms.values import to_boolean
from fieldapp.forms.xform import XF, H

NAMED = {"id": "form", "version": "1"}


def named(xml: str) -> str:
    """The XForm with an id and a version: many test forms have none, which says nothing of their
    meaning.
    """
    html = ElementTree.fromstring(xml)
    primary = html.find(f"{H}head/{XF}model/{XF}instance/*")
    if primary is None or all(primary.get(key) for key in NAMED):
        return xml
    for key, value in NAMED.items():
        primary.set(key, primary.get(key) or value)
    return ElementTree.tostring(html, encoding="unicode")


# What uuid() gives: as long as one, and taken for one by who compares.
MADE = "00000000-0000-4000-8000-000000000000"


class Evaluator:
    """Answers requests; keeps the definitions it compiled."""

    def __init__(self) -> None:
        self.definitions: list[Definition] = []

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One answer."""
        return {"compile": self.compile, "xform": self.xform, "judge": self.judge}[request["do"]](
            request
        )

    def compile(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Compile an XForm as publishing does."""
        source = FormSource(".xml", _named_or_same(request["content"]).encode())
        try:
            definition = compile_source(source, "antenatal", "health")
        except FormError as error:
            return {"refused": [str(problem) for problem in error.problems]}
        self.definitions.append(definition)
        return {"definition": definition, "form": len(self.definitions) - 1}

    def xform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The XForm that pyxform makes of a file."""
        try:
            return {"xform": to_xform(FormSource.of(Path(request["path"])))}
        except FormError as error:
            return {"refused": [str(problem) for problem in error.problems]}

    def judge(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Every node's value and what would be held against it."""
        definition = self.definitions[request["form"]]
        instances = request.get("instances", {})
        host = Host(request["today"], request["now"], uuid=lambda: MADE, instances=instances)
        form = FormInstance(shape_of(definition), request["answers"], host)
        for leaf in form.leaves():  # a blank may have been typed over a calculation too
            leaf.given = True
        form.recalculate()
        world = World(request["today"], request["now"], instances, strict_ids=False)
        found = inspected(definition, form.answers(), world)
        return {
            "nodes": dict(_shown(form)),
            "violations": [[one.path, one.kind] for one, _ in found],
        }


def _named_or_same(xml: str) -> str:
    try:
        return named(xml)
    except ElementTree.ParseError:
        return xml


def _shown(form: FormInstance) -> Iterator[tuple[str, dict[str, Any]]]:
    stack = [form.root]
    while stack:
        inst = stack.pop()
        yield form.path(inst), _node(form, inst)
        stack.extend(reversed(inst.all_children))


def _node(form: FormInstance, inst: Inst) -> dict[str, Any]:
    spec = form.shape.nodes[inst.node]
    node: dict[str, Any] = {"relevant": inst.relevant}
    if spec["k"] == "leaf":
        node["value"] = inst.value
    if "req" in spec:
        node["required"] = to_boolean(form.value(spec["req"], inst))
    if "items" in spec:
        node["offers"] = sorted(offered(form, inst, spec["items"]))
    if spec.get("l"):
        node["label"] = form.text(spec["l"], inst)
    return node


def main() -> None:
    """Answer until there are no more requests."""
    warnings.simplefilter("ignore")
    evaluator = Evaluator()
    for line in sys.stdin:
        try:
            answer = evaluator.answer(json.loads(line))
        except Exception as error:  # told to the caller: a crash is a finding
            answer = {"crashed": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
