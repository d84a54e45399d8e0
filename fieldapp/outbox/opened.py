"""An outbox that a worker saved as a file. Pure.

The format is `fs-outbox/1` of docs/sync.md. What it holds is sealed to the server; what an app
sealed before it knew the server's key opens with its worker's PIN or log-in password.
"""

import base64
import binascii
import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from fieldapp.devices.sealing import BETWEEN, SealingKeys, UnsealError, decrypt_part
from fieldapp.sync.wire import MAX_BODY

FORMAT = "fs-outbox/1"
MOST_ITERATIONS = 10_000_000  # a file can't make us work for ever
_IV = 12
_KEY = 32
_MALFORMED = (ValueError, KeyError, TypeError, OverflowError)
_CLOSED = (InvalidTag, UnsealError, *_MALFORMED)


class OutboxError(Exception):
    """The file can't be opened. key: not_an_outbox | wrong_secret."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Item:
    """A finished visit as it would have been pushed."""

    id: str
    install: str
    n: int
    sha: str
    body: str


@dataclass(frozen=True)
class Attachment:
    """A photo, sound or file of these visits."""

    sha: str
    data: bytes


class Outbox:
    """A file: open for what was sealed to us, after `unlock` for the rest. Raises OutboxError."""

    def __init__(self, text: str, keys: SealingKeys) -> None:
        self._keys = keys
        self._key: AESGCM | None = None
        try:
            self._file = json.loads(text)
            if self._file["format"] != FORMAT:
                raise OutboxError("not_an_outbox")
            self.device = str(self._file["device"])
            self._items = sorted(self._file["items"], key=lambda each: int(each["n"]))
            self._blobs = list(self._file.get("blobs", []))
            if not all(isinstance(one, dict) for one in [*self._items, *self._blobs]):
                raise OutboxError("not_an_outbox")
            self.needs_secret = not all("post" in one for one in [*self._items, *self._blobs])
        except (*_MALFORMED, RecursionError) as error:
            raise OutboxError("not_an_outbox") from error

    def unlock(self, secret: str) -> None:
        """Open what an older app sealed for its worker alone. Raises OutboxError."""
        try:
            wraps = [self._file["vault"][name] for name in ("pin", "password")]
            vault = str(self._file["vault"]["id"])
            self._key = _unwrapped(vault, [wrap for wrap in wraps if wrap], secret)
        except _MALFORMED as error:
            raise OutboxError("not_an_outbox") from error

    def items(self) -> Iterator[Item | str]:
        """The visits in the order of their numbers; of one that can't be opened, its id."""
        for item in self._items:
            try:
                yield Item(
                    str(item["id"]),
                    str(item["install"]),
                    int(item["n"]),
                    str(item["sha"]),
                    self._body(item),
                )
            except _CLOSED:
                yield str(item.get("id"))

    def attachments(self) -> Iterator[Attachment | str]:
        """Their attachments; of one that can't be opened, its name."""
        for blob in self._blobs:
            try:
                sha = str(blob["name"]).partition(".")[0]
                yield Attachment(sha, self._content(blob, sha))
            except _CLOSED:
                yield str(blob.get("name"))

    def _body(self, item: Mapping[str, Any]) -> str:
        if "post" in item:
            about = ("visit", str(item["id"]), str(item["sha"]))
            return self._keys.open(_bytes(item["post"]), about, MAX_BODY).decode()
        plain = json.loads(self._open("outbox", item["id"], item["sealed"]))
        return str(plain["body"])

    def _content(self, blob: Mapping[str, Any], sha: str) -> bytes:
        if "post" in blob:
            key = self._keys.open(_bytes(blob["post"]), ("blob", sha), _KEY)
            return decrypt_part(key, _bytes(blob["sealed"]), 0)
        return self._open("blobs", blob["name"], blob["sealed"])

    def _open(self, store: str, record: str, sealed: str) -> bytes:
        raw = _bytes(sealed)
        bound = BETWEEN.join((store, record, "1")).encode()
        if self._key is None:
            raise ValueError("sealed for its worker alone")
        return self._key.decrypt(raw[1 : 1 + _IV], raw[1 + _IV :], bound)


def _unwrapped(vault: str, wraps: list[Mapping[str, Any]], secret: str) -> AESGCM:
    """The data key, by whichever wrap the secret opens."""
    plain = unicodedata.normalize("NFKC", secret).encode()
    for wrap in wraps:
        iterations = min(int(wrap["iterations"]), MOST_ITERATIONS)
        stretched = PBKDF2HMAC(SHA256(), 32, _bytes(wrap["salt"]), iterations).derive(plain)
        bound = f"vault{BETWEEN}{vault}".encode()
        try:
            key = AESGCM(stretched).decrypt(_bytes(wrap["iv"]), _bytes(wrap["wrapped"]), bound)
        except InvalidTag:
            continue
        return AESGCM(key)
    raise OutboxError("wrong_secret")


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
