"""Device signatures: ECDSA P-256, SHA-256, over method, path and body hash. Pure. docs/sync.md.

A public key is a JWK `{"kty": "EC", "crv": "P-256", "x": …, "y": …}`; a signature is base64 of the
raw 64 bytes r‖s, as WebCrypto makes it.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_HALF = 32


class BadKeyError(ValueError):
    """Not a public P-256 key, or one that carries its private half."""


def public_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """The key of a JWK. Raises BadKeyError."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise BadKeyError("a public EC P-256 JWK is needed")
    return _on_curve(_number(jwk.get("x")), _number(jwk.get("y")))


@lru_cache(maxsize=1024)
def _on_curve(x: int, y: int) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise BadKeyError("the point is not on the curve") from error


def signed_text(method: str, path: str, body: bytes) -> bytes:
    """What is signed; `body` as sent, after compression."""
    return f"{method}\n{path}\n{hashlib.sha256(body).hexdigest()}".encode()


def is_valid(jwk: Mapping[str, Any], signature: str, text: bytes) -> bool:
    """Whether the signature of the text is this key's."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    if len(raw) != 2 * _HALF:
        return False
    r, s = int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big")
    try:
        public_key(jwk).verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def coordinate_text(number: int) -> str:
    """A coordinate as a JWK writes it."""
    return base64.urlsafe_b64encode(number.to_bytes(_HALF, "big")).rstrip(b"=").decode()


def _number(coordinate: object) -> int:
    """A base64url coordinate of 32 bytes."""
    if not isinstance(coordinate, str):
        raise BadKeyError("coordinate missing")
    try:
        raw = base64.urlsafe_b64decode(coordinate + "=" * (-len(coordinate) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadKeyError("coordinate is not base64url") from error
    if len(raw) != _HALF:
        raise BadKeyError("coordinate is not 32 bytes")
    return int.from_bytes(raw, "big")
