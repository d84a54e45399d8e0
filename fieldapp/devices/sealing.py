"""What phones seal to our public key, so that it leaves them while they are locked. Pure.

Sealed bytes: format (1 plain, 2 gzip) ‖ key id (8) ‖ a point made for it alone (65) ‖ IV (12) ‖
AES-256-GCM under HKDF-SHA256 of the ECDH secret. The additional data names what it is, so that it
opens as nothing else. docs/sync.md.

The keys are derived from the server's secret and a generation: nothing to keep beside the secret,
and a server restored from any backup opens what was sealed to any of them. Before another secret
takes over they are kept among the server's own keys: work sealed to them may come years later.
"""

import zlib
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .keys import coordinate_text

BETWEEN: Final = "\u2016"
_PLAIN, _PACKED = 1, 2
_ID, _POINT, _IV = 8, 65, 12
_HEAD: Final = 1 + _ID + _POINT + _IV
_CURVE = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BLOCK: Final = 16


class UnsealError(Exception):
    """Not sealed to a key of ours, not what it is said to be, or altered."""


class SealingKeys:
    """All generations of one secret's keys; the last is the one phones seal to. former: gives what
    `scalars` gave of a key of secrets before, by its id in hex.
    """

    def __init__(
        self, secret: str, generation: int, former: Callable[[str], bytes | None] | None = None
    ) -> None:
        every = [_private(secret, g) for g in range(generation, 0, -1)]
        self._former = former or (lambda _: None)
        self._private = {_id(key.public_key()): key for key in every}
        self._current = every[0].public_key()

    def public(self) -> dict[str, Any]:
        """`{id, key}` of the one to seal to: its id in hex, and its JWK."""
        numbers = self._current.public_numbers()
        point = {"x": coordinate_text(numbers.x), "y": coordinate_text(numbers.y)}
        return {"id": _id(self._current).hex(), "key": {"kty": "EC", "crv": "P-256", **point}}

    def scalars(self) -> dict[str, bytes]:
        """The private keys themselves, 32 bytes each, by id in hex."""
        return {
            key_id.hex(): key.private_numbers().private_value.to_bytes(32, "big")
            for key_id, key in self._private.items()
        }

    def _key(self, key_id: bytes) -> ec.EllipticCurvePrivateKey | None:
        if key_id not in self._private and (scalar := self._former(key_id.hex())):
            return ec.derive_private_key(int.from_bytes(scalar, "big"), _CURVE)
        return self._private.get(key_id)

    def open(self, sealed: bytes, about: Iterable[str], limit: int) -> bytes:
        """What was sealed, at most `limit` bytes. about: what it is. Raises UnsealError."""
        own = self._key(sealed[1 : 1 + _ID])
        if len(sealed) < _HEAD or own is None or sealed[0] not in (_PLAIN, _PACKED):
            raise UnsealError("sealed to another key")
        point = sealed[1 + _ID : 1 + _ID + _POINT]
        bound = bytes(sealed[:1]) + BETWEEN.join(about).encode()
        try:
            peer = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
            cipher = AESGCM(_shared(own, peer))
            plain = cipher.decrypt(sealed[_HEAD - _IV : _HEAD], sealed[_HEAD:], bound)
        except (InvalidTag, ValueError) as error:
            raise UnsealError("altered") from error
        return _unpacked(plain, limit) if sealed[0] == _PACKED else plain


def decrypt_part(key: bytes, part: bytes, at: int) -> bytes:
    """Bytes of an attachment from position `at` on, which its phone keeps under AES-256-CTR."""
    counter = (at // _BLOCK).to_bytes(_BLOCK, "big")
    cipher = Cipher(algorithms.AES256(key), modes.CTR(counter)).decryptor()
    cipher.update(bytes(at % _BLOCK))
    return cipher.update(part)


def _private(secret: str, generation: int) -> ec.EllipticCurvePrivateKey:
    info = f"fieldapp/to-server/{generation}".encode()
    drawn = HKDF(SHA256(), length=48, salt=None, info=info).derive(secret.encode())
    return ec.derive_private_key(int.from_bytes(drawn, "big") % (_ORDER - 1) + 1, _CURVE)


def _shared(own: ec.EllipticCurvePrivateKey, peer: ec.EllipticCurvePublicKey) -> bytes:
    salt = _point(peer) + _point(own.public_key())
    secret = own.exchange(ec.ECDH(), peer)
    return HKDF(SHA256(), length=32, salt=salt, info=b"fieldapp/to-server").derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _id(key: ec.EllipticCurvePublicKey) -> bytes:
    return sha256(_point(key)).digest()[:_ID]


def _unpacked(packed: bytes, limit: int) -> bytes:
    opened = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = opened.decompress(packed, limit + 1)
    except zlib.error as error:
        raise UnsealError("packed wrongly") from error
    if len(plain) > limit or not opened.eof:
        raise UnsealError("too large")
    return plain
