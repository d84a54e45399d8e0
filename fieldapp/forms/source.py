"""Reads a form as its author wrote it, an XLSForm (.md, .xlsx, .xls, .csv) or an XForm (.xml), and
compiles it.

pyxform is imported when something must be compiled: a running server hardly ever needs it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from .bounds import WORKBOOKS, screen, screen_sheets, unfinished_formulas
from .compile import compile_xform
from .convert import convert, objections
from .files import attach
from .overlooked import name_form, overlooked, with_external_choices
from .problems import FormError, FormProblem
from .sheets import Sheets
from .xform import XFormError


@dataclass(frozen=True)
class FormSource:
    """An author's file. kind: `.md`, `.xlsx`, `.xls`, `.csv` or `.xml`; content: its bytes; name:
    what it is called without its extension, by which a form without form_id is known; files: what
    comes with it, by name: pictures, sounds, lists.
    """

    kind: str
    content: bytes
    name: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, folder: Path | None = None) -> "FormSource":
        """Read a file, and those of a folder (not of folders in it) that come with it. Raises
        OSError.
        """
        return cls(path.suffix.lower(), path.read_bytes(), path.stem, _files_in(folder, path))


def compile_source(source: FormSource, program: str, scope: str) -> dict[str, Any]:
    """The form definition. Raises FormError with all that is wrong, each placed on sheet, row and
    column as far as that is known.
    """
    return read_source(source, program, scope)[0]


def read_source(source: FormSource, program: str, scope: str) -> tuple[dict[str, Any], str]:
    """The same, and the XForm as it was written or as pyxform wrote it."""
    xform, written, problems = _xform_of(source)
    definition: dict[str, Any] = {}
    try:
        definition = _compile(xform, program, scope, _given(source)) if xform else {}
    except FormError as error:
        problems += error.problems
    if definition:
        problems += attach(definition, source.files)
    if problems:
        raise FormError(placed(source, problems))
    return definition, written or ""


def _xform_of(source: FormSource) -> tuple[str | None, str | None, list[FormProblem]]:
    """What is compiled, what that was made of, and what is wrong already."""
    if source.kind == ".xml":
        _stop_at(screen(source.kind, source.content))
        return _text(source), _text(source), []
    sheets = read_sheets(source)
    formulas = unfinished_formulas(source.content) if _kind(source) in WORKBOOKS else ()
    _stop_at([*screen_sheets(sheets), *formulas])
    lost = overlooked(sheets)
    written, problems = convert(sheets)
    xform = with_external_choices(written, sheets) if written else None
    return xform, written, [*problems, *lost]


def placed(source: FormSource, problems: Iterable[FormProblem]) -> list[FormProblem]:
    """Problems found in what was compiled from a source, with the cells they stand in."""
    if source.kind == ".xml":
        return list(problems)
    sheets = read_sheets(source)
    return sheets.in_order(dict.fromkeys(map(sheets.placed, problems)))


def read_sheets(source: FormSource) -> Sheets:
    """The sheets of an XLSForm. Raises FormError."""
    from pyxform.errors import PyXFormError

    _stop_at(screen(_kind(source), source.content))
    try:
        sheets = Sheets.read(source.content, _kind(source))
    except PyXFormError as error:
        found = objections(str(error), Sheets({}))
        no_such = ("内容与扩展名不符", f"its content is not what {source.kind} says")
        unknown = FormProblem("unreadable", {"detail": no_such})
        raise FormError([unknown if p.code == "pyxform" else p for p in found]) from None
    except UnicodeDecodeError:
        raise FormError([FormProblem("not_utf8")]) from None
    name_form(sheets, source.name)
    return sheets


def _stop_at(problems: list[FormProblem]) -> None:
    if problems:
        raise FormError(problems)


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


def _given(source: FormSource) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in source.files.items()}


def _compile(xform: str, program: str, scope: str, files: Mapping[str, str]) -> dict[str, Any]:
    try:
        return compile_xform(xform, program, scope, files)
    except XFormError as error:
        raise FormError([FormProblem(error.code, error.params)]) from None
    except RecursionError:
        raise FormError([FormProblem("too_deep")]) from None


def _text(source: FormSource) -> str:
    try:
        return source.content.decode()
    except UnicodeDecodeError:
        raise FormError([FormProblem("not_utf8")]) from None


def _files_in(folder: Path | None, form: Path) -> dict[str, bytes]:
    """Contents by name; hidden files and the form itself left out."""
    if folder is None:
        return {}
    paths = (path for path in sorted(folder.iterdir()) if path.is_file())
    return {
        path.name: path.read_bytes()
        for path in paths
        if not path.name.startswith((".", "~$")) and path.resolve() != form.resolve()
    }
