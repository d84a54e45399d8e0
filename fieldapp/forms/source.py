"""Reads a form as its author wrote it, an XLSForm (.md, .xlsx, .xls, .csv) or an XForm (.xml), and
compiles it.

pyxform is imported when something must be compiled: a running server hardly ever needs it.
"""

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from .compile import compile_xform
from .problems import FormError, FormProblem
from .xform import XFormError

ROW = re.compile(r"\[row : (\d+)\]\s*")
SHEETS = ("survey", "choices", "settings", "entities")


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
    """The form definition. Raises FormError, placed on sheet and row where that is known."""
    try:
        if source.kind == ".xml":
            return compile_xform(source.content.decode(), program, scope)
        return compile_xform(to_xform(source), program, scope)
    except XFormError as error:
        raise FormError([FormProblem(error.code, error.params)]) from None
    except FormError as error:
        rows = rows_by_name(source)
        raise FormError(
            p.at("survey", rows[p.question], p.column) if p.question in rows else p
            for p in error.problems
        ) from None


def to_xform(source: FormSource) -> str:
    """The XForm pyxform makes of an XLSForm. Raises FormError with what pyxform objects to."""
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    try:
        result = convert(BytesIO(source.content), file_type=source.kind)
    except PyXFormError as error:
        text = str(error)
        row = ROW.search(text)
        sheet = next((s for s in SHEETS if f"'{s}'" in text), "survey")
        problem = FormProblem("pyxform", {"said": ROW.sub("", text).strip().rstrip(".")})
        raise FormError([problem.at(sheet, int(row[1])) if row else problem]) from None
    return str(result.xform)


def rows_by_name(source: FormSource) -> dict[str, int]:
    """Survey row of every question, for messages; rows count from 1, the headings among them."""
    if source.kind == ".xml":
        return {}
    from pyxform.xls2json_backends import get_xlsform

    survey = get_xlsform(BytesIO(source.content), file_type=source.kind).survey
    return {str(row["name"]): number for number, row in enumerate(survey, 2) if row.get("name")}
