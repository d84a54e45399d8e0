"""The API's readable page, made from the OpenAPI document. No script, nothing from elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, render_template, send_from_directory

METHODS = ("get", "post", "put", "patch", "delete")
Document = dict[str, Any]
blueprint = Blueprint("readable", __name__, url_prefix="/api/docs")


@dataclass(frozen=True)
class Operation:
    """One operation as the page shows it. Rows are (name, type, required, description)."""

    method: str
    path: str
    summary: str
    tag: str
    parameters: list[tuple[str, str, bool, str]]
    body: list[tuple[str, str, bool, str]]
    answers: list[tuple[str, str, list[tuple[str, str, bool, str]]]]


@blueprint.get("")
def page() -> str:
    """The page."""
    spec = document()
    tags = {tag["name"]: tag.get("description", "") for tag in spec.get("tags", [])}
    return render_template(
        "api_docs.html", info=spec["info"], tags=tags, operations=list(operations(spec))
    )


def document() -> Document:
    """The OpenAPI document of this app."""
    api = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    found: Document = api.spec.to_dict()
    return found


@blueprint.get("/style.css")
def style() -> Response:
    """Its style."""
    return send_from_directory(Path(__file__).parent / "static", "api_docs.css")


def operations(document: Document) -> Iterator[Operation]:
    """Every operation of an OpenAPI document, by path."""
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                yield _operation(document, method, path, item[method], shared)


def _operation(
    document: Document, method: str, path: str, spec: Document, shared: list[Document]
) -> Operation:
    parameters = [_resolved(document, one) for one in shared + spec.get("parameters", [])]
    rows = [
        (
            one["name"],
            _type(one.get("schema", {})),
            one.get("required", False),
            one.get("description", ""),
        )
        for one in parameters
    ]
    body = _schema_of(spec.get("requestBody", {}))
    answers = [
        (status, answer.get("description", ""), _rows(document, _schema_of(answer)))
        for status, answer in (
            (status, _resolved(document, one)) for status, one in spec["responses"].items()
        )
        if status != "default"
    ]
    tag = (spec.get("tags") or [""])[0]
    summary = spec.get("summary", "")
    return Operation(method.upper(), path, summary, tag, rows, _rows(document, body), answers)


def _schema_of(message: Document) -> Document:
    """The schema of a request's or an answer's content."""
    for content in message.get("content", {}).values():
        schema: Document = content.get("schema", {})
        return schema
    return {}


def _rows(document: Document, schema: Document) -> list[tuple[str, str, bool, str]]:
    """The members of an object, or of the objects in a list."""
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        schema = _resolved(document, schema.get("items", {}))
    required = schema.get("required", [])
    return [
        (name, _type(member), name in required, member.get("description", ""))
        for name, member in schema.get("properties", {}).items()
    ]


def _type(schema: Document) -> str:
    """A type in a few words: `string`, `list of Grant`, `zh | en`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kinds = kind if isinstance(kind, list) else [kind]
    return " or ".join(kinds) + (f" ({schema['format']})" if "format" in schema else "")


def _resolved(document: Document, schema: Document) -> Document:
    """Follow a `$ref` within the document."""
    if "$ref" not in schema:
        return schema
    found: Any = document
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    resolved: Document = found
    return resolved
