"""Hash chains with signed ends: each row holds the hash of the one before it. Pure.

Whoever changes, drops, swaps or inserts a row breaks the chain after it; whoever also computes the
hashes again has no key to sign the end; whoever puts back an old end is found by a copy of a later
one (`fieldapp audit export`).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True)
class Link:
    """A row of a chain, without its hash."""

    chain: str
    seq: int
    at: str
    act: str
    actor: str
    role: str
    scope: str
    subject: str
    what: str
    prev: str


@dataclass(frozen=True)
class End:
    """Where a chain ends, and where what is left of it begins."""

    chain: str
    seq: int
    hash: str
    base_seq: int = 0
    base_hash: str = ""


_WORDS = {
    "missing": "row {row} is missing before row {other}",
    "order": "row {row} doesn't follow the one before it",
    "altered": "row {row} was altered",
    "short": "it should end with row {row}, and ends with row {other}",
    "unsigned": "its end isn't signed by this server",
    "gone": "the whole chain is gone",
    "unbegun": "nothing tells that it began",
    "endless": "its end is gone",
}


@dataclass(frozen=True)
class Fault:
    """Something wrong with a chain. why: a key of the words above."""

    chain: str
    why: str
    row: int = 0
    other: int = 0

    def __str__(self) -> str:
        said = _WORDS[self.why].format(row=self.row, other=self.other)
        return f"audit {self.chain or 'server'}: {said}"


class Signer:
    """Signs ends with a key derived from the server's secret."""

    def __init__(self, secret: str) -> None:
        seed = HKDF(SHA256(), length=32, salt=None, info=b"fieldapp/audit/1").derive(
            secret.encode()
        )
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, end: End) -> str:
        """The signature of an end, base64."""
        return b64encode(self._key.sign(end_text(end))).decode()


@lru_cache(maxsize=4)
def signer_for(secret: str) -> Signer:
    """The signer of a secret."""
    return Signer(secret)


def is_signed(end: End, public: str, signature: str) -> bool:
    """Whether this key signed the end."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public, validate=True))
        key.verify(b64decode(signature, validate=True), end_text(end))
    except (InvalidSignature, ValueError):
        return False
    return True


def end_text(end: End) -> bytes:
    """What is signed."""
    return _text(["end", end.chain, end.seq, end.hash, end.base_seq, end.base_hash])


def hash_of(link: Link) -> str:
    """The hash of a row, 64 hex digits."""
    return sha256(_text(list(vars(link).values()))).hexdigest()


def faults(end: End, rows: Iterable[tuple[Link, str]]) -> Iterator[Fault]:
    """What is wrong with a chain. rows: in order, each with the hash it has."""
    name = end.chain
    seq, prev = end.base_seq, end.base_hash
    for link, kept in rows:
        if link.seq != seq + 1:
            yield Fault(name, "missing", seq + 1, link.seq)
        elif link.prev != prev:
            yield Fault(name, "order", link.seq)
        if hash_of(link) != kept:
            yield Fault(name, "altered", link.seq)
        seq, prev = link.seq, kept
    if (seq, prev) != (end.seq, end.hash):
        yield Fault(name, "short", end.seq, seq)


def _text(parts: list[str | int]) -> bytes:
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")
