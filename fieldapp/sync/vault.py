"""Sealing of what the log keeps: AES-256-GCM under keys derived from the server's secret.

A sealed text begins with a format byte and the id of its key, so that later each person can have a
key of their own, whose destruction makes their part of the log unreadable. Long texts are packed
before: answers repeat themselves, and take a third of the room. Knows no table.
"""

import hmac
import zlib
from functools import lru_cache
from hashlib import sha256
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PLAIN, _PACKED = b"\x01", b"\x02"
_PACK_FROM = 200  # bytes; a secret is shorter, so its size tells no more than before
_KEY_ID, _NONCE = 8, 12


class SealBrokenError(Exception):
    """The bytes were altered, or sealed under another secret."""


class Vault:
    """Seals and opens with the keys derived from one secret of 32 characters or more."""

    def __init__(self, secret: str) -> None:
        key = _derive(secret, b"fieldapp/log/1")
        self._key_id = sha256(key).digest()[:_KEY_ID]
        self._cipher = AESGCM(key)
        self._mac_key = _derive(secret, b"fieldapp/mac/1")

    def seal(self, plain: bytes, about: str) -> bytes:
        """Seal; `about` names what it is (a submission's id, a dot) and must be given to open."""
        nonce = urandom(_NONCE)
        form = _PACKED if len(plain) >= _PACK_FROM else _PLAIN
        if form == _PACKED:
            plain = zlib.compress(plain)
        head = form + self._key_id
        return head + nonce + self._cipher.encrypt(nonce, plain, head + about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises SealBrokenError."""
        size = len(_PLAIN) + _KEY_ID
        head, nonce, text = sealed[:size], sealed[size : size + _NONCE], sealed[size + _NONCE :]
        if head not in (_PLAIN + self._key_id, _PACKED + self._key_id):
            raise SealBrokenError("sealed under another secret")
        try:
            plain = self._cipher.decrypt(nonce, text, head + about.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("altered") from error
        return zlib.decompress(plain) if head[:1] == _PACKED else plain

    def mac(self, text: str, purpose: str) -> str:
        """32 hex digits that are equal for equal texts and tell nothing without the secret."""
        return hmac.new(self._mac_key, f"{purpose}\n{text}".encode(), sha256).hexdigest()[:32]


@lru_cache(maxsize=4)
def vault_for(secret: str) -> Vault:
    """The vault of a secret; deriving the keys is done once."""
    return Vault(secret)


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
