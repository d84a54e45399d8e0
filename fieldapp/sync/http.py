"""The envelope of FS-SYNC/1: what of a request is read, and how an answer is told from a proxy's.

A body is bounded before and after decompression and in depth before anything looks at it.
"""

import gzip
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from flask import Response, current_app, json, request
from marshmallow import Schema, ValidationError

from fieldapp import clock
from fieldapp.db import utc_text
from fieldapp.problems import abort_with, flat_messages
from fieldapp.text import depth

from .wire import MAX_DEPTH

WIRE_TYPE = "application/vnd.fs-sync+json"
MAX_PLAIN = 8 * 1024 * 1024
MAX_RATIO = 20
SMALL = 1024 * 1024  # whatever its ratio, a message this small does no harm
GZIP_FROM = 512

Message = dict[str, Any]
Answer = Mapping[str, Any]


def raw_body() -> bytes:
    """The body as sent. Stops with `unsupported_media` or `too_large`."""
    if request.mimetype != WIRE_TYPE:
        abort_with("unsupported_media")
    limit = current_app.config["SETTINGS"].push_bytes
    if (request.content_length or 0) > limit:
        abort_with("too_large")
    raw = request.get_data(cache=True)
    if len(raw) > limit:
        abort_with("too_large")
    return raw


def read_message(schema: type[Schema]) -> Message:
    """The checked message of this request. Stops with the problem it has."""
    message = _parse(_plain(raw_body()))
    try:
        loaded: Message = _made(schema).load(message)
    except ValidationError as error:
        abort_with("invalid_fields", flat_messages(error.messages))
    return loaded


@cache
def _made(schema: type[Schema]) -> Schema:
    """One for all messages: making it costs more than a message."""
    return schema()


def wire_answer(message: Message, members: Answer) -> Response:
    """The answer to a message, which can't be taken for anything else."""
    whole = {"nonce": message["nonce"], "server_now": utc_text(clock.now()), **members}
    body = orjson.dumps(whole)
    answer = Response(content_type=WIRE_TYPE)
    if len(body) >= GZIP_FROM and request.accept_encodings.quality("gzip") > 0:
        body = gzip.compress(body, 6)
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = "no-store"
    answer.set_data(body)
    return answer


def most_plain(packed: int) -> int:
    """Most bytes that so many packed ones may become."""
    return min(MAX_PLAIN, max(SMALL, MAX_RATIO * packed))


def _plain(raw: bytes) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return raw
    if encoding != "gzip":
        abort_with("unsupported_media")
    limit = most_plain(len(raw))
    opened = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = opened.decompress(raw, limit + 1)
    except zlib.error:
        abort_with("malformed_json")
    if len(plain) > limit:
        abort_with("too_large")
    if not opened.eof:
        abort_with("malformed_json")
    return plain


def _parse(plain: bytes) -> Message:
    try:
        message = _value_of(plain)
    except (ValueError, RecursionError):
        abort_with("malformed_json")
    if not isinstance(message, dict) or depth(message) > MAX_DEPTH:
        abort_with("malformed_json")
    return message


def _value_of(plain: bytes) -> Any:
    """What is odd but might be JSON (half characters, endless digits), the thorough one decides."""
    try:
        return orjson.loads(plain)
    except ValueError:
        return json.loads(plain.decode(), parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
