"""How bytes are sealed, and keys wrapped: AES-256-GCM. Pure; knows no table and makes no key last.

A sealed text begins with a format byte and the ids of its keys, to which the seal is bound: one
key, or one made of several, so that it opens only while all of them are there. Long texts are
packed before: answers repeat themselves, and take a third of the room.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from os import urandom
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# About nobody (the log key's id follows); about subjects (how many, and their keys' ids follow).
_PLAIN, _PACKED, _PLAIN_OF, _PACKED_OF = 1, 2, 3, 4
_PACK_FROM: Final = 200  # bytes; a secret is shorter, so its size tells no more than before
KID: Final = 8  # bytes of a key's id
_NONCE: Final = 12


class SealBrokenError(Exception):
    """The bytes were altered, or sealed under another secret."""


class ErasedError(SealBrokenError):
    """A key they were sealed under was destroyed: nobody can open them any more."""


def subject_name(scope: str, entity: str) -> str:
    """The subject that an entity of a scope is: the same id in two scopes is two subjects."""
    return f"{scope}/{entity}"


def cipher(key: bytes) -> AESGCM:
    """What seals and opens with a key."""
    return AESGCM(key)


def new_key() -> bytes:
    """A random key."""
    return AESGCM.generate_key(256)


def new_kid() -> bytes:
    """A random id of a key."""
    return urandom(KID)


def kid_of(key: bytes) -> bytes:
    """The id of a key about nobody."""
    return sha256(key).digest()[:KID]


def derived(secret: str, purpose: str) -> bytes:
    """A key made of the server's secret."""
    return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())


def combined(keys: Sequence[bytes]) -> bytes:
    """The key for what is about several: none of them can be left out. One is itself."""
    if len(keys) == 1:
        return keys[0]
    made = HKDF(SHA256(), length=32, salt=None, info=b"fieldapp/together/1")
    return made.derive(b"".join(keys))


# ---- bytes ------------------------------------------------------------------------------------


def head_about_nobody(kid: bytes, packed: bool) -> bytes:
    """The beginning of what is sealed under the log key."""
    return bytes([_PACKED if packed else _PLAIN]) + kid


def head_about(kids: Sequence[bytes], packed: bool) -> bytes:
    """The beginning of what is sealed under subjects' keys."""
    form = _PACKED_OF if packed else _PLAIN_OF
    return bytes([form]) + len(kids).to_bytes(2, "big") + b"".join(kids)


def is_about_nobody(sealed: bytes) -> bool:
    """Whether bytes begin as those do that lie under the log key."""
    return sealed[:1] in (bytes([_PLAIN]), bytes([_PACKED]))


def is_long(plain: bytes) -> bool:
    """Whether packing pays."""
    return len(plain) >= _PACK_FROM


def seal(cipher: AESGCM, head: bytes, plain: bytes, about: str) -> bytes:
    """Seal; `about` names what it is (a submission's id, a dot) and must be given to open."""
    if head[0] in (_PACKED, _PACKED_OF):
        plain = zlib.compress(plain)
    nonce = urandom(_NONCE)
    return head + nonce + cipher.encrypt(nonce, plain, head + about.encode())


def read_head(sealed: bytes) -> tuple[bytes, tuple[bytes, ...], bool]:
    """The beginning, its keys' ids, whether it is about subjects. Raises SealBrokenError."""
    form = sealed[0] if sealed else 0
    if form in (_PLAIN, _PACKED):
        head = sealed[: 1 + KID]
        return head, (head[1:],), False
    if form not in (_PLAIN_OF, _PACKED_OF):
        raise SealBrokenError("not sealed")
    end = 3 + KID * int.from_bytes(sealed[1:3], "big")
    head = sealed[:end]
    return head, tuple([head[at : at + KID] for at in range(3, end, KID)]), True


def unseal(cipher: AESGCM, head: bytes, sealed: bytes, about: str) -> bytes:
    """What was sealed. Raises SealBrokenError."""
    start = len(head)
    nonce, text = sealed[start : start + _NONCE], sealed[start + _NONCE :]
    try:
        plain = cipher.decrypt(nonce, text, head + about.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("altered") from error
    return zlib.decompress(plain) if head[0] in (_PACKED, _PACKED_OF) else plain


# ---- keys -------------------------------------------------------------------------------------


class Wrapper:
    """Wraps keys under the one made of a secret; `name` says whose it is, and is given again."""

    def __init__(self, secret: str) -> None:
        key = derived(secret, "fieldapp/kek/1")
        self.id, self.secret, self._cipher = kid_of(key), secret, AESGCM(key)

    def wrap(self, key: bytes, name: str) -> bytes:
        """The key, wrapped."""
        nonce = urandom(_NONCE)
        return self.id + nonce + self._cipher.encrypt(nonce, key, self.id + name.encode())

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """The key. Raises SealBrokenError."""
        if wrapped[:KID] != self.id:
            raise SealBrokenError("sealed under another secret")
        nonce, text = wrapped[KID : KID + _NONCE], wrapped[KID + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, text, self.id + name.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("a key was altered") from error


@lru_cache(maxsize=4)
def wrapper_for(secret: str) -> Wrapper:
    """The wrapper of a secret; deriving is done once."""
    return Wrapper(secret)
