"""Compiled forms, kept in the server's home by what they were compiled from.

pyxform alone takes most of a second to import; a server that was started once needn't wait for it.
A file that can't be read or written is as good as none: the form is compiled again.
"""

import json
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from flask import current_app, has_app_context

from .source import FormSource, compile_source

FOLDER = "compiled"
KEPT = 40  # files; every edit of a form being written leaves one


def compiled(source: FormSource, program: str, scope: str) -> dict[str, Any]:
    """As compile_source, but of equal sources only once per home. Raises FormError."""
    if not has_app_context():
        return compile_source(source, program, scope)
    folder = current_app.config["SETTINGS"].home / FOLDER
    path = folder / f"{key_of(source, program, scope)}.json"
    with suppress(OSError, ValueError):
        known: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return known
    definition = compile_source(source, program, scope)
    with suppress(OSError):
        _keep(path, definition)
    return definition


def key_of(source: FormSource, program: str, scope: str) -> str:
    """Differs wherever the definition might: by source, place and compiler."""
    told = sha256()
    for part in (compiler_key(), source.kind, program, scope):
        told.update(part.encode() + b"\0")
    told.update(source.content)
    for name, content in sorted(source.files.items()):
        told.update(b"\0" + name.encode() + b"\0" + sha256(content).digest())
    return told.hexdigest()[:32]


@cache
def compiler_key() -> str:
    """Changes with our compiler and the libraries it stands on."""
    told = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        told.update(path.read_bytes())
    for library in ("pyxform", "elementpath"):
        told.update(version(library).encode())
    return told.hexdigest()


def _keep(path: Path, definition: dict[str, Any]) -> None:
    """Write whole or not at all: several processes may start at once."""
    path.parent.mkdir(exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        json.dump(definition, file, ensure_ascii=False, separators=(",", ":"))
    Path(file.name).replace(path)
    files = sorted(path.parent.glob("*.json"), key=lambda each: each.stat().st_mtime)
    for old in files[:-KEPT]:
        old.unlink(missing_ok=True)
