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
from .problems import FormError, FormProblem
from .sheets import Sheets
from .xform import XFormError


@dataclass(frozen=True)
class FormSource:
    """An author's file. kind: `.md`, `.xlsx`, `.xls`, `.csv` or `.xml`; content: its bytes."""

    kind: str
    content: bytes

    @classmethod
    def of(cls, path: Path) -> "FormSource":
        """Read a file. Raises OSError."""
        return cls(path.suffix.lower(), path.read_bytes())


def compile_source(source: FormSource, program: str, scope: str) -> dict[str, Any]:
    """The form definition. Raises FormError with all that is wrong, each placed on sheet, row and
    column as far as that is known.
    """
    if source.kind == ".xml":
        return _compile(_text(source), program, scope)
    sheets = read_sheets(source)
    xform, problems = convert(sheets)
    try:
        definition = _compile(xform, program, scope) if xform else {}
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
        return Sheets.read(source.content, source.kind)
    except PyXFormError as error:
        found = objections(str(error), Sheets({}))
        no_such = ("内容与扩展名不符", f"its content is not what {source.kind} says")
        unknown = FormProblem("unreadable", {"detail": no_such})
        raise FormError([unknown if p.code == "pyxform" else p for p in found]) from None
    except UnicodeDecodeError:
        raise FormError([FormProblem("not_utf8")]) from None


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
