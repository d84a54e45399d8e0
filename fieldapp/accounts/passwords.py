"""Password hashes: argon2id with the library's parameters, renewed at log-in when those change."""

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_hasher = PasswordHasher()
# Checked when the user is unknown, so that the answer takes as long.
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """An argon2id hash to store."""
    return _hasher.hash(_bytes(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the one stored; takes as long for a user who doesn't exist (None)."""
    try:
        return _hasher.verify(stored or _NOBODY, _bytes(password)) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _bytes(password: str) -> bytes:
    """JSON can hold halves of characters, which UTF-8 can't."""
    return password.encode("utf-8", "surrogatepass")
