"""How large and how odd a form's file may be, looked at before anybody reads it: archives that
unfold, hidden document types, names that lead out of the folder, sheets without end.

Nothing here follows a link, runs a formula or a macro. Pure, apart from unpacking in memory.
"""

import re
import stat
from collections.abc import Iterator
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from .problems import FormProblem
from .sheets import Sheets

MIB = 1024 * 1024
MAX_FILE = 10 * MIB
MAX_UNPACKED = 60 * MIB
MAX_ENTRIES = 1000
MAX_ROWS = {"survey": 1000, "choices": 20_000, "settings": 100, "entities": 200}
MAX_COLUMNS = 400
MAX_LANGUAGES = 30
MAX_CELL = 10_000
MAX_LEVELS = 30
MAX_ELEMENTS = 300_000

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
WORKBOOKS = (".xlsx", ".xlsm")
KINDS = (".xlsx", ".xlsm", ".xls", ".md", ".csv", ".xml")
PIECE = 256 * 1024
DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)|<\x00!\x00D\x00O\x00C\x00|\x00<\x00!\x00D\x00O\x00C")
FORMULA = ("=", "@", "\t")
TEXT_COLUMNS = ("label", "hint", "guidance_hint", "name", "list_name", "form_title")


def screen(kind: str, content: bytes) -> list[FormProblem]:
    """What keeps a file from being read at all; empty if nothing does. Cheap, whatever the file."""
    if kind not in KINDS:
        return [FormProblem("kind_unknown", {"kind": kind or "?", "kinds": " ".join(KINDS)})]
    if len(content) > MAX_FILE:
        return [_too_big(f"{MAX_FILE // MIB} MB")]
    if content.startswith(OLE) and ENCRYPTED in content:
        return [FormProblem("encrypted_file")]
    if kind in WORKBOOKS:
        return list(_screen_workbook(content))
    if kind == ".xml":
        return list(_screen_xml(content))
    if kind in (".md", ".csv") and content.count(b"\n") > sum(MAX_ROWS.values()):
        return [_too_big(f"{sum(MAX_ROWS.values())} 行", f"{sum(MAX_ROWS.values())} rows")]
    return []


def _too_big(limit: str, in_english: str = "") -> FormProblem:
    return FormProblem("file_too_big", {"limit": (limit, in_english or limit)})


def _screen_xml(content: bytes) -> Iterator[FormProblem]:
    if DOCTYPE.search(content):
        yield FormProblem("doctype")
    if content.count(b"<") > MAX_ELEMENTS:
        yield _too_big(f"{MAX_ELEMENTS} 个元素", f"{MAX_ELEMENTS} elements")


def _screen_workbook(content: bytes) -> Iterator[FormProblem]:
    try:
        with ZipFile(BytesIO(content)) as archive:
            told = list(screen_entries(archive.infolist()))
            yield from told or _screen_parts(archive)
    except (BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, ValueError):
        no_such = ("内容不是有效的 Excel 文件", "its content is no Excel workbook")
        yield FormProblem("unreadable", {"detail": no_such})


def screen_entries(entries: list[ZipInfo]) -> Iterator[FormProblem]:
    """What an archive says of itself."""
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES or sum(e.file_size for e in entries) > MAX_UNPACKED:
        yield _too_big(f"展开后 {MAX_UNPACKED // MIB} MB", f"{MAX_UNPACKED // MIB} MB unpacked")
    if any(entry.flag_bits & 1 for entry in entries):
        yield FormProblem("encrypted_file")
    if len(set(names)) < len(names):
        yield FormProblem("archive_odd", {"name": next(n for n in names if names.count(n) > 1)})
    for entry in entries:
        if not safe_entry(entry):
            yield FormProblem("archive_odd", {"name": entry.filename[:80]})


def safe_entry(entry: ZipInfo) -> bool:
    """Whether an archive's entry is a plain file or folder below where it is unpacked."""
    name = entry.filename
    kind = stat.S_IFMT(entry.external_attr >> 16)
    parts = re.split(r"[/\\]", name)
    return (
        kind in (0, stat.S_IFREG, stat.S_IFDIR)
        and ".." not in parts
        and not name.startswith(("/", "\\"))
        and ":" not in name
        and "\0" not in name
    )


def _screen_parts(archive: ZipFile) -> Iterator[FormProblem]:
    """What the parts really hold, read piece by piece: an archive may lie about itself."""
    unpacked = rows = 0
    for entry in archive.infolist():
        sheet = entry.filename.startswith("xl/worksheets/")
        tail = b""
        with archive.open(entry) as part:
            while piece := part.read(PIECE):
                unpacked += len(piece)
                rows += piece.count(b"<row") if sheet else 0
                if unpacked > MAX_UNPACKED:
                    yield _too_big(f"{MAX_UNPACKED // MIB} MB")
                    return
                if rows > sum(MAX_ROWS.values()):
                    total = sum(MAX_ROWS.values())
                    yield _too_big(f"{total} 行", f"{total} rows")
                    return
                if DOCTYPE.search(tail + piece):
                    yield FormProblem("doctype")
                    return
                tail = piece[-16:]
        if entry.filename.endswith("vbaProject.bin"):
            yield FormProblem("macros")


def unfinished_formulas(content: bytes) -> Iterator[FormProblem]:
    """Cells of a workbook with a formula whose result isn't saved: we read results, and compute
    nothing.
    """
    from openpyxl import load_workbook

    formulas = load_workbook(BytesIO(content), read_only=True)
    results = load_workbook(BytesIO(content), read_only=True, data_only=True)
    for sheet in (name for name in formulas.sheetnames if name.lower() in MAX_ROWS):
        # The size a sheet claims can be a million rows of nothing.
        formulas[sheet].reset_dimensions()
        results[sheet].reset_dimensions()
        pairs = zip(formulas[sheet].iter_rows(), results[sheet].iter_rows(), strict=False)
        for row, (written, worked_out) in enumerate(pairs, 1):
            for cell, result in zip(written, worked_out, strict=False):
                if cell.data_type == "f" and result.value is None:
                    yield FormProblem("formula_unfinished", {"cell": cell.coordinate}).at(
                        sheet.lower(), row, cell.column_letter
                    )


# ---- what the sheets hold


def screen_sheets(sheets: Sheets) -> list[FormProblem]:
    """What makes a workbook too large to be a form; each place once."""
    return [*_sizes(sheets), *_cells(sheets), *_levels(sheets)]


def _sizes(sheets: Sheets) -> Iterator[FormProblem]:
    for sheet, rows in sheets.rows.items():
        most = MAX_ROWS.get(sheet, MAX_ROWS["choices"])
        if len(rows) > most:
            params = {"count": len(rows), "most": most}
            yield FormProblem("too_many_rows", params, sheet=sheet)
        headings = sheets.headings.get(sheet, [])
        if len(headings) > MAX_COLUMNS:
            yield FormProblem(
                "too_many_columns", {"count": len(headings), "most": MAX_COLUMNS}, sheet=sheet
            )
        langs = {h.partition("::")[2].strip() for h in headings if "::" in h}
        if len(langs) > MAX_LANGUAGES:
            params = {"count": len(langs), "most": MAX_LANGUAGES}
            yield FormProblem("too_many_languages", params, sheet=sheet)


def _cells(sheets: Sheets) -> Iterator[FormProblem]:
    for sheet, rows in sheets.rows.items():
        for number, row in enumerate(rows, 2):
            for heading, text in row.items():
                fault = _fault(heading, text)
                if fault:
                    yield fault.at(sheet, number, heading[:60])


def _fault(heading: str, text: str) -> FormProblem | None:
    if len(text) > MAX_CELL:
        return FormProblem("cell_too_long", {"most": MAX_CELL})
    if "\0" in text:
        return FormProblem("unreadable", {"detail": "NUL"})
    if text.startswith(FORMULA) and _is_text(heading):
        return FormProblem("formula_text", {"text": text[:40]})
    return None


def _is_text(heading: str) -> bool:
    base = heading.lower().partition(":")[0].strip().replace(" ", "_")
    return base in TEXT_COLUMNS


def _levels(sheets: Sheets) -> Iterator[FormProblem]:
    deep = [row for path, row in sheets.paths.items() if path.count("/") > MAX_LEVELS]
    if deep:
        yield FormProblem("too_deep", sheet="survey", row=min(deep), column="type")
