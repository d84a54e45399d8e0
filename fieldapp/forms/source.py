"""Reads a form as its author wrote it, an XLSForm (.md, .xlsx, .xls, .csv) or an XForm (.xml), and
compiles it.

pyxform is imported when something must be compiled: a running server hardly ever needs it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .compile import compile_xform
from .convert import convert, objections
from .overlooked import name_form, overlooked, with_external_choices
from .problems import FormError, FormProblem
from .sheets import Sheets
from .xform import XFormError


@dataclass(frozen=True)
class FormSource:
    """An author's file. kind: `.md`, `.xlsx`, `.xls`, `.csv` or `.xml`; content: its bytes; name:
    what it is called without its extension, by which a form without form_id is known.
    """

    kind: str
    content: bytes
    name: str = ""

    @classmethod
    def of(cls, path: Path) -> "FormSource":
        """Read a file. Raises OSError."""
        return cls(path.suffix.lower(), path.read_bytes(), path.stem)


def compile_source(source: FormSource, program: str, scope: str) -> dict[str, Any]:
    """The form definition. Raises FormError with all that is wrong, each placed on sheet, row and
    column as far as that is known.
    """
    if source.kind == ".xml":
        return _compile(_text(source), program, scope)
    sheets = read_sheets(source)
    lost = overlooked(sheets)
    xform, problems = convert(sheets)
    problems += lost
    try:
        complete = with_external_choices(xform, sheets) if xform else ""
        definition = _compile(complete, program, scope) if complete else {}
    except FormError as error:
        problems += error.problems
    if problems:
        raise FormError(placed(source, problems))
    return definition


def placed(source: FormSource, problems: Iterable[FormProblem]) -> list[FormProblem]:
    """Problems found in what was compiled from a source, with the cells they stand in."""
    if source.kind == ".xml":
        return list(problems)
    sheets = read_sheets(source)
    return sheets.in_order(dict.fromkeys(map(sheets.placed, problems)))


def read_sheets(source: FormSource) -> Sheets:
    """The sheets of an XLSForm. Raises FormError."""
    from pyxform.errors import PyXFormError

    try:
        sheets = Sheets.read(source.content, _kind(source))
        name_form(sheets, source.name)
        return sheets
    except PyXFormError as error:
        found = objections(str(error), Sheets({}))
        no_such = ("内容与扩展名不符", f"its content is not what {source.kind} says")
        unknown = FormProblem("unreadable", {"detail": no_such})
        raise FormError([unknown if p.code == "pyxform" else p for p in found]) from None
    except UnicodeDecodeError:
        raise FormError([FormProblem("not_utf8")]) from None


def _kind(source: FormSource) -> str:
    """What a spreadsheet is by its first bytes, whatever its extension says."""
    if source.kind in (".xls", ".xlsx"):
        for start, kind in ((b"PK", ".xlsx"), (b"\xd0\xcf\x11\xe0", ".xls")):
            if source.content.startswith(start):
                return kind
    return source.kind


def to_xform(source: FormSource) -> str:
    """The XForm pyxform makes of an XLSForm. Raises FormError with what pyxform objects to."""
    xform, problems = convert(read_sheets(source))
    if problems or xform is None:
        raise FormError(problems)
    return xform


def _compile(xform: str, program: str, scope: str) -> dict[str, Any]:
    try:
        return compile_xform(xform, program, scope)
    except XFormError as error:
        raise FormError([FormProblem(error.code, error.params)]) from None
    except RecursionError:
        raise FormError([FormProblem("too_deep")]) from None


def _text(source: FormSource) -> str:
    try:
        return source.content.decode()
    except UnicodeDecodeError:
        raise FormError([FormProblem("not_utf8")]) from None
