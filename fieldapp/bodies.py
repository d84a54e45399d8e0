"""What of a request can't be kept is refused before anybody reads it: one check for the whole API.

JSON that nobody can read safely (too deep, endless digits) is `malformed_json`. Text with NUL or
half a character is none that a database keeps: in a path it names nothing, elsewhere it is a
mistake. Sync messages are read, and bounded more tightly, by `fieldapp.sync.http`.
"""

import json

from flask import Flask, request

from .problems import abort_with
from .text import depth, storable, texts

MAX_DEPTH = 20
# Forms come with their pictures and lists, in base64.
LARGER = {"/api/forms/check": 20 * 1024 * 1024, "/api/forms/publish": 20 * 1024 * 1024}


def init_bodies(app: Flask) -> None:
    """Check every request of the API."""
    app.before_request(check_request)


def check_request() -> None:
    """Stop with `not_found`, `bad_request` or `malformed_json` for what can't be kept."""
    if not request.path.startswith("/api/"):
        return
    if request.path in LARGER:
        request.max_content_length = LARGER[request.path]
    if not storable(request.path):
        abort_with("not_found")
    given = [text for pair in request.args.items(multi=True) for text in pair]
    if not all(map(storable, [*given, *request.headers.values()])):
        abort_with("bad_request")
    if request.mimetype == "application/json":
        _check_json(request.get_data())


def _check_json(body: bytes) -> None:
    """Read it once for nothing but to see that it can be read."""
    if not body:
        return
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        abort_with("malformed_json")
    if depth(value) > MAX_DEPTH or not all(map(storable, texts(value))):
        abort_with("malformed_json")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
