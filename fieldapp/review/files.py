"""Photos, sounds and files among the answers of a visit, as the desk shows them.

Only what the reader sees answered can be opened, and only as what its bytes are: pictures and
sounds in the page, all else as a file to save.
"""

from collections.abc import Iterable
from io import BytesIO

from flask import Response, send_file

from fieldapp.attachments import service as attachments
from fieldapp.attachments.sniff import IMAGES, UNKNOWN, kind_of
from fieldapp.forms.blobs import hash_of

from .reading import Row, files_of

SOUNDS = frozenset({"weba", "m4a", "aac"})
# Opened by itself, such an answer is a page of nothing.
POLICY = "default-src 'none'; sandbox"


def mark(rows: Iterable[Row], author: str) -> None:
    """Put a `file` (FileSchema) beside every answer that names an attachment of the author's."""
    named = {row["value"]: hash_of(row["value"]) for row in files_of(rows)}
    standing = attachments.stand(author, list(filter(None, named.values())))
    for row in files_of(rows):
        here = standing.get(named[row["value"]] or "")
        whole = here is not None and here.whole
        row["file"] = {
            "name": row["value"],
            "state": "here" if whole else "coming",
            "kind": _kind(here.type, row["value"]) if here and whole else "file",
            "size": here.size if here else 0,
            "aside": bool(here and here.aside),
        }


def _kind(mime: str, name: str) -> str:
    """A recording and a film come in the same containers: there the name decides."""
    is_sound = name.rpartition(".")[2] in SOUNDS
    return "audio" if is_sound and kind_of(mime) == "video" else kind_of(mime)


def content(rows: Iterable[Row], author: str, name: str) -> tuple[bytes, str] | None:
    """The bytes and MIME type of an attachment that these rows show; None if they show none."""
    sha = hash_of(name)
    if sha is None or not any(row["value"] == name for row in files_of(rows)):
        return None
    data, here = attachments.content(author, sha), attachments.stand(author, [sha])
    return (data, here[sha].type) if data is not None else None


def answer(data: bytes, mime: str, name: str) -> Response:
    """Pictures as they are; sounds and films play in the page, but are a download by themselves."""
    playable = kind_of(mime) in ("audio", "video")
    response = send_file(
        BytesIO(data),
        mimetype=mime if mime in IMAGES or playable else UNKNOWN,
        as_attachment=mime not in IMAGES,
        download_name=f"{name[:12]}.{name.rpartition('.')[2]}",
        etag=False,
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = POLICY
    return response
