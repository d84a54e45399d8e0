"""An outbox that a worker saved as a file, opened with the PIN or the log-in password. Pure.

The format is `fs-outbox/1` of docs/sync.md; what the phone sealed, this opens.
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

FORMAT = "fs-outbox/1"
MOST_ITERATIONS = 10_000_000  # a file can't make us work for ever
_BETWEEN = "\u2016"
_IV = 12


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
    """An opened file. Raises OutboxError."""

    def __init__(self, text: str, secret: str) -> None:
        try:
            self._file = json.loads(text)
            if self._file["format"] != FORMAT:
                raise OutboxError("not_an_outbox")
            self.device = str(self._file["device"])
            self._vault = str(self._file["vault"]["id"])
            wraps = [self._file["vault"][name] for name in ("pin", "password")]
            self._key = _unwrapped(self._vault, [wrap for wrap in wraps if wrap], secret)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise OutboxError("not_an_outbox") from error

    def items(self) -> Iterator[Item | str]:
        """The visits in the order of their numbers; of one that can't be opened, its id."""
        for item in sorted(self._file["items"], key=lambda each: int(each["n"])):
            try:
                plain = json.loads(self._open("outbox", item["id"], item["sealed"]))
                yield Item(
                    str(item["id"]),
                    str(item["install"]),
                    int(item["n"]),
                    str(item["sha"]),
                    str(plain["body"]),
                )
            except (InvalidTag, ValueError, KeyError, TypeError):
                yield str(item.get("id"))

    def attachments(self) -> Iterator[Attachment | str]:
        """Their attachments; of one that can't be opened, its name."""
        for blob in self._file.get("blobs", []):
            try:
                data = self._open("blobs", blob["name"], blob["sealed"])
                yield Attachment(str(blob["name"]).partition(".")[0], data)
            except (InvalidTag, ValueError, KeyError, TypeError):
                yield str(blob.get("name"))

    def _open(self, store: str, record: str, sealed: str) -> bytes:
        raw = _bytes(sealed)
        bound = _BETWEEN.join((store, record, "1")).encode()
        return self._key.decrypt(raw[1 : 1 + _IV], raw[1 + _IV :], bound)


def _unwrapped(vault: str, wraps: list[Mapping[str, Any]], secret: str) -> AESGCM:
    """The data key, by whichever wrap the secret opens."""
    plain = unicodedata.normalize("NFKC", secret).encode()
    for wrap in wraps:
        iterations = min(int(wrap["iterations"]), MOST_ITERATIONS)
        stretched = PBKDF2HMAC(SHA256(), 32, _bytes(wrap["salt"]), iterations).derive(plain)
        bound = f"vault{_BETWEEN}{vault}".encode()
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
