"""What somebody uploads: forms with the pictures, sounds and lists that come with them, loose or in
a zip. Nothing is written anywhere; no archive inside an archive is opened.
"""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile

from .bounds import MAX_UNPACKED, MIB, screen_entries
from .problems import FormError, FormProblem
from .source import FormSource

ALWAYS = (".xlsx", ".xlsm", ".xls", ".md")
XFORM = b"http://www.w3.org/2002/xforms"
SHEET = re.compile(rb'^(\xef\xbb\xbf)?\s*"?(survey|choices|settings|entities)"?\s*(,|\r?\n)')
SKIPPED = ("__MACOSX", ".", "~$")


def unpack(uploads: Iterable[tuple[str, bytes]]) -> list[tuple[str, FormSource]]:
    """The forms of an upload by file name; each is given all files that are no forms.

    Raises FormError for an archive that isn't safe, and where there is no form.
    """
    given = dict(_files(uploads))
    forms = [name for name, content in given.items() if is_form(name, content)]
    if not forms:
        raise FormError([FormProblem("no_form")])
    others = {name: content for name, content in given.items() if name not in forms}
    return [
        (
            name,
            FormSource(
                kind=PurePosixPath(name).suffix.lower(),
                content=given[name],
                files=others,
                name=PurePosixPath(name).stem,
            ),
        )
        for name in forms
    ]


def is_form(name: str, content: bytes) -> bool:
    """Whether a file is a form rather than something that comes with one."""
    kind = PurePosixPath(name).suffix.lower()
    if kind == ".csv":
        return SHEET.match(content) is not None
    if kind == ".xml":
        return XFORM in content[:8192] or XFORM.decode().encode("utf-16-le") in content[:16384]
    return kind in ALWAYS


def _files(uploads: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    for name, content in uploads:
        if name.lower().endswith(".zip"):
            yield from _unzipped(content)
        else:
            yield PurePosixPath(name.replace("\\", "/")).name, content


def _unzipped(content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with ZipFile(BytesIO(content)) as archive:
            found = list(screen_entries(archive.infolist()))
            if found:
                raise FormError(found)
            yield from _entries(archive)
    except (BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, ValueError) as error:
        if isinstance(error, FormError):
            raise
        detail = ("不是有效的 zip", "it is no zip archive")
        raise FormError([FormProblem("unreadable", {"detail": detail})]) from None


def _entries(archive: ZipFile) -> Iterator[tuple[str, bytes]]:
    left = MAX_UNPACKED
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or any(part.startswith(SKIPPED) for part in path.parts):
            continue
        if path.suffix.lower() == ".zip":
            raise FormError([FormProblem("archive_odd", {"name": entry.filename[:80]})])
        with archive.open(entry) as part:
            content = part.read(left + 1)
        left -= len(content)
        if left < 0:
            limit = f"{MAX_UNPACKED // MIB} MB"
            raise FormError([FormProblem("file_too_big", {"limit": limit})])
        yield path.name, content
