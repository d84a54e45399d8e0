"""Forms written inside tests, as Markdown tables."""

from typing import Any

from fieldapp.forms.compile import compile_xform
from fieldapp.forms.evaluate import Host
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source

SETTINGS = "\n| settings |\n| | form_id | version | form_title |\n| | visit | 1 | 访视 |\n"


def form(table: str, settings: str = SETTINGS) -> dict[str, Any]:
    """The definition of an XLSForm's tables."""
    return compile_source(FormSource(".md", (table.strip() + settings).encode()), "p", "health")


def problems(table: str, settings: str = SETTINGS) -> list[str]:
    """What a form is refused for."""
    try:
        form(table, settings)
    except FormError as error:
        return [str(problem) for problem in error.problems]
    return []


XFORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"
  xmlns:odk="http://www.opendatakit.org/xforms"
  xmlns:entities="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>T</h:title><model><instance><data id="t" version="1">{data}</data></instance>
{model}</model></h:head><h:body>{body}</h:body></h:html>"""


def xform(data: str, model: str = "", body: str = "") -> dict[str, Any]:
    """The definition of an XForm given by its parts."""
    xml = XFORM.format(data=data, model=model, body=body)
    return compile_xform(xml, "p", "health")


def xform_problems(data: str, model: str = "", body: str = "") -> list[str]:
    """What an XForm is refused for."""
    try:
        xform(data, model, body)
    except FormError as error:
        return [str(problem) for problem in error.problems]
    return []


def node(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """The one node of that name."""
    (found,) = [n for n in definition["nodes"] if n["n"] == name]
    return found


def number(definition: dict[str, Any], name: str) -> int:
    """The number of the one node of that name."""
    return definition["nodes"].index(node(definition, name))


def host(**more: Any) -> Host:
    """A phone on 2 November 2026; ids count from 1."""
    count = iter(range(1, 1000))
    values = {
        "today": "2026-11-02",
        "now": "2026-11-02T09:12:44.000+08:00",
        "uuid": lambda: f"id{next(count)}",
        "deviceid": "phone-1",
        "username": "wang",
    } | more
    return Host(**values)
