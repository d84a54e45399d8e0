"""Bodies no client of ours would send, at every endpoint that takes one."""

import gzip
import json
import zlib
from typing import Any

import pytest

from .caller import Caller, Known, type_of
from .test_openapi import OPERATIONS, described

WRITES = sorted(name for name in OPERATIONS if not name.startswith(("GET", "DELETE")))
DEEP = 50_000
GZIP = {"Content-Encoding": "gzip"}
NUL = b'{"nonce": "a\\u0000", "username": "\\u0000", "password": "\\u0000", "name": "\\u0000"}'

BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing": (b"", {}),
    "blank": (b"  \n", {}),
    "half an object": (b'{"nonce": "a", "subs": [{"id":', {}),
    "two objects": (b"{}{}", {}),
    "text": (b"username=wang&password=x", {}),
    "null": (b"null", {}),
    "a list": (b"[]", {}),
    "a number": (b"1", {}),
    "a string": (b'"x"', {}),
    "NaN": (b'{"n": NaN, "nonce": NaN, "page": Infinity, "n_max": -Infinity}', {}),
    "a huge whole number": (b'{"nonce": "a", "n_max": 1' + b"0" * 400 + b"}", {}),
    "digits without end": (b'{"n": ' + b"9" * 10_000 + b"}", {}),
    "a huge exponent": (b'{"nonce": "a", "budget": 1e400}', {}),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, {}),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, {}),
    "no UTF-8": (b'{"username": "\xff\xfe"}', {}),
    "cut within a character": ('{"username": "王"}'.encode()[:-4], {}),
    "UTF-16": ('{"username": "wang"}'.encode("utf-16"), {}),
    "a byte order mark": (b'\xef\xbb\xbf{"username": "wang"}', {}),
    "NUL": (NUL, {}),
    "raw NUL": (b'{"username": "\x00"}', {}),
    "half a character": (b'{"nonce": "\\ud800", "username": "\\ud800", "name": "\\ud800"}', {}),
    "the same key twice": (b'{"nonce": "a", "nonce": {}}', {}),
    "prototype keys": (b'{"__proto__": {"x": 1}, "constructor": {}, "__class__": 1}', {}),
    "too large": (b'{"nonce": "' + b"x" * 5_000_000 + b'"}', {}),
    "gzip": (gzip.compress(b"{}"), GZIP),
    "gzip cut short": (gzip.compress(b'{"nonce": "a"}' * 99)[:-9], GZIP),
    "gzip with a tail": (gzip.compress(b"{}") + b"tail", GZIP),
    "no gzip": (b"{}", GZIP),
    "a gzip bomb": (gzip.compress(b"[" + b" " * 60_000_000 + b"]"), GZIP),
    "deflate": (zlib.compress(b"{}"), {"Content-Encoding": "deflate"}),
    "an unknown encoding": (b"{}", {"Content-Encoding": "br, gzip, br"}),
    "a wrong length": (b"{}", {"Content-Length": "-1"}),
    "a length that is none": (b"{}", {"Content-Length": "x"}),
    "a form": (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}),
    "parts": (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
    "parts without end": (b"--", {"Content-Type": "multipart/form-data"}),
    "no type": (b"{}", {"Content-Type": ""}),
    "a type that is none": (b"{}", {"Content-Type": ";;;charset=\x01"}),
    "a character set that is none": (b"{}", {"Content-Type": "application/json; charset=klingon"}),
}


@pytest.mark.parametrize("endpoint", WRITES)
def test_malformed_bodies_are_told_off_politely(
    caller: Caller, known: Known, endpoint: str
) -> None:
    method, path = endpoint.split()
    for key, value in known.values.items():
        path = path.replace(f"{{{key}}}", value)
    for body, headers in BODIES.values():
        caller.send(method, path, body=body, headers=headers, content_type=type_of(path))


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 10**400, 1.5, "", " ", "\x00", "\ud800", "x" * 100_000, [], [None],
    {}, {"": ""}, [[[]]], {"a": {"b": []}}, "2026-13-45", "' OR 1=1 --", "%s%n", "../../etc",
)  # fmt: skip


def members(endpoint: str) -> dict[str, Any]:
    """The members of an endpoint's body, each with a value of about the right kind."""
    document = described()
    method, path = endpoint.split()
    content = document["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
    schema = next((kind["schema"] for kind in content.values()), {})
    while "items" in schema:
        schema = schema["items"]
    name = schema.get("$ref", "").rpartition("/")[2]
    properties = document["components"]["schemas"].get(name, schema).get("properties", {})
    usual = {"array": [], "object": {}, "integer": 1, "boolean": True}
    return {key: usual.get(str(spec.get("type")), "a") for key, spec in properties.items()}


@pytest.mark.parametrize("endpoint", WRITES)
def test_one_odd_member_at_a_time(caller: Caller, known: Known, endpoint: str) -> None:
    method, path = endpoint.split()
    usual = members(endpoint)
    for key, value in known.values.items():
        path = path.replace(f"{{{key}}}", value)
    for member in usual:
        for odd in ODD:
            body = json.dumps({**usual, member: odd}).encode()
            caller.send(method, path, body=body, content_type=type_of(path))


@pytest.mark.parametrize(
    "path",
    [
        "/api/%00", "/api/users/%00", "/api/users/%ff", "/api/review/visits/%00",
        "/api/review/visits/%ed%a0%80", "/api/review/conflicts/%00/%00", "/api/forms/%00/%00",
        "/api/forms/..%2f..%2fetc/passwd", "/api/review/visits/" + "x" * 8000, "/%00", "/%ff",
        "/assets/%00", "/..%2f..%2fetc/passwd", "/assets/..%2f..%2fapp.py", "/api/docs/%00",
    ],
)  # fmt: skip
def test_odd_paths(caller: Caller, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        caller.send(method, path)


@pytest.mark.parametrize("name", sorted(n for n in OPERATIONS if n.startswith("GET")))
def test_odd_queries(caller: Caller, known: Known, name: str) -> None:
    path = name.split()[1]
    for key, value in known.values.items():
        path = path.replace(f"{{{key}}}", value)
    names = ("page", "size", "state", "scope", "area", "form", "q", "after")
    for odd in ("", "-1", "0", "9" * 400, "1e9", "NaN", "\x00", "%", "x" * 8000, "王", "[]"):
        caller.send("GET", path, query=[(key, odd) for key in names])
    for key in names:
        caller.send("GET", path, query=[(key, "-1"), (key, "x")])


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": "x" * 5000}, {"Accept-Language": "zh;q=nan,en;q=1e400"},
        {"Accept": "text/html;q=x"}, {"Cookie": "session=\x01; =; ;;"},
        {"Cookie": "session=" + "x" * 8000}, {"X-FS-Device": "x" * 8000, "X-FS-Signature": "é"},
        {"X-FS-Device": "\x00", "X-FS-Signature": "%"}, {"If-None-Match": '"'},
        {"If-Modified-Since": "never"}, {"Range": "bytes=9-1,x"}, {"X-Forwarded-For": "x,,;"},
        {"Sec-Fetch-Site": "moon"}, {"Host": "[::1"}, {"Authorization": "Basic %%%"},
    ],
)  # fmt: skip
def test_odd_headers(caller: Caller, headers: dict[str, str]) -> None:
    for path in ("/api/session", "/api/health", "/api/catalogue", "/", "/api/sync/pull"):
        for method in ("GET", "POST"):
            caller.send(method, path, headers=headers, body=b"{}", content_type=type_of(path))


NAMES = ("", "\x00", "\ud800", "x" * 10_000, "u.", "379901001001.clinic", "' OR 1=1 --", "é́")
CURSOR = {"epoch": "", "seq": 0, "view": ""}


@pytest.mark.parametrize("odd", NAMES)
def test_odd_names_in_sync_messages(caller: Caller, odd: str) -> None:
    item = {"id": odd, "n": 1, "sha": odd, "body": odd}
    push = {"install": odd, "device": odd, "now": odd, "subs": [item]}
    messages = {
        "push": push,
        "verify": {"install": odd, "acked": [odd], "n_max": 2**31 - 1},
        "pull": {"grants_ver": odd, "catalogue": odd, "feeds": {odd: CURSOR}, "budget": 1},
        "manifest": {"feed": odd, "after": odd},
        "fetch": {"feed": odd, "ids": [odd, odd]},
        "blob": {"sha": odd, "size": 1, "at": 0, "data": odd},
        "blobs": {"shas": [odd, odd]},
    }
    for name, message in messages.items():
        path = f"/api/sync/{name}"
        body = json.dumps({"nonce": odd or "n", **message}).encode()
        caller.send("POST", path, body=body, content_type=type_of(path))


@pytest.mark.parametrize("odd", [-1, 2**31, 2**63, 10**300, 1.5, True, "1", None, [], {}])
def test_odd_numbers_in_sync_messages(caller: Caller, odd: object) -> None:
    person = caller.cast.people.get(caller.who)
    feed = f"u.{person.id}" if person else "u.nobody"
    cursor = {"epoch": "", "seq": odd, "view": ""}
    item = {"id": "00000000-0000-4000-8000-000000000001", "n": odd, "sha": "0" * 64, "body": "{}"}
    messages = {
        "push": {"install": "i", "device": "d", "now": "2026", "subs": [item]},
        "verify": {"install": "i", "acked": [], "n_max": odd},
        "pull": {"grants_ver": "", "catalogue": "", "feeds": {feed: cursor}, "budget": odd},
        "blob": {"sha": "0" * 64, "size": odd, "at": odd, "data": "AAAA"},
    }
    for name, message in messages.items():
        path = f"/api/sync/{name}"
        body = json.dumps({"nonce": "n", **message}).encode()
        caller.send("POST", path, body=body, content_type=type_of(path))
