"""The keys of one transaction: sealing and opening what is about subjects, and destroying a key.

    keys = keys_of(connection)              # the same for a transaction
    keys.seal(plain, about, subjects)       # opens only while the keys of all subjects are there
    keys.open(sealed, about)                # SealBrokenError; ErasedError once one was destroyed
    keys.destroyed(subjects)                # those that were erased and may not come back
    keys.destroy(subject)                   # for good; `erasure.redact` first what is shared

A key is cached no longer than its transaction, so that no other process goes on with one that was
destroyed. New keys are read back under the lock of their insertion with the server's own: after a
rotation nothing is wrapped under the old secret, and of two who make one at once both use the same.
"""

import hmac
import weakref
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import Connection

from fieldapp import clock, wall
from fieldapp.db import utc_text
from fieldapp.sync.bulk import chosen, insert_new
from fieldapp.sync.transactions import chunks

from . import sealing
from .models import ServerKey, SubjectKey
from .sealing import ErasedError, SealBrokenError, Wrapper, wrapper_for

LOG, MAC = "log", "mac"
POST = "post/"  # and the id of a key to which phones sealed under a secret of before


@dataclass(frozen=True)
class _Key:
    """A subject's key; no `secret`: destroyed."""

    kid: bytes
    secret: bytes | None


class Keys:
    """Seals and opens with the keys that lie in a database. One transaction, one object."""

    def __init__(self, connection: Connection, wrapper: Wrapper) -> None:
        self._connection, self._wrapper = cast(Connection, weakref.proxy(connection)), wrapper
        self._server: dict[str, bytes] = {}
        self._subjects: dict[str, _Key | None] = {}
        self._kids: dict[bytes, _Key] = {}
        self._ciphers: dict[tuple[bytes, ...], AESGCM] = {}
        self._together: dict[frozenset[str], tuple[bytes, ...]] = {}

    # ---- sealing ------------------------------------------------------------------------------

    def seal(
        self, plain: bytes, about: str, subjects: Collection[str] = (), pack: bool = True
    ) -> bytes:
        """Seal for these subjects, for nobody if there are none. Raises ErasedError.

        about: names what it is and must be given to open. pack: make long texts smaller.
        """
        packed = pack and sealing.is_long(plain)
        if not subjects:
            key = self._server_key(LOG)
            head = sealing.head_about_nobody(sealing.kid_of(key), packed)
            return sealing.seal(self._cipher((head[1:],), [key]), head, plain, about)
        kids = self._kids_of(frozenset(subjects))
        return sealing.seal(self._cipher(kids), sealing.head_about(kids, packed), plain, about)

    def seal_like(self, other: bytes, plain: bytes, about: str) -> bytes:
        """Seal under the keys of something that is sealed. Raises SealBrokenError, ErasedError."""
        _, kids, about_subjects = sealing.read_head(other)
        if not about_subjects:
            return self.seal(plain, about)
        head = sealing.head_about(kids, sealing.is_long(plain))
        return sealing.seal(self._cipher(kids), head, plain, about)

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises SealBrokenError; ErasedError if a key was destroyed."""
        head, kids, about_subjects = sealing.read_head(sealed)
        if about_subjects:
            return sealing.unseal(self._cipher(kids), head, sealed, about)
        key = self._server_key(LOG)
        if sealing.kid_of(key) != kids[0]:
            raise SealBrokenError("sealed under another secret")
        return sealing.unseal(self._cipher(kids, [key]), head, sealed, about)

    def mac(self, text: str, purpose: str) -> str:
        """32 hex digits that are equal for equal texts and tell nothing without the key."""
        key = self._server_key(MAC)
        return hmac.new(key, f"{purpose}\n{text}".encode(), sha256).hexdigest()[:32]

    # ---- reading ahead ------------------------------------------------------------------------

    def load(self, subjects: Iterable[str]) -> None:
        """Read at once the keys of those subjects that have one."""
        self._read(SubjectKey.subject, set(subjects) - self._subjects.keys())

    def prepare(self, sealed: Iterable[bytes]) -> None:
        """Read at once the keys that these need."""
        kids = {kid for one in sealed for kid in _kids_in(one)} - self._kids.keys()
        if kids:
            self._read(SubjectKey.kid, {kid.hex() for kid in kids})

    def ensure(self, subjects: Iterable[str]) -> None:
        """Make at once the keys of those subjects that have none."""
        wanted = set(subjects)
        self.load(wanted)
        new = sorted(subject for subject in wanted if self._subjects[subject] is None)
        if not new:
            return
        self._server_key(LOG)
        made = utc_text(clock.now())
        rows = [self._made(subject, made) for subject in new]
        insert_new(self._connection, SubjectKey, rows)
        self._server.clear()
        self._server_key(LOG)  # still the secret of this process: see above
        for subject in new:
            del self._subjects[subject]
        self.load(new)

    def _made(self, subject: str, now: str) -> dict[str, Any]:
        wrapped = self._wrapper.wrap(sealing.new_key(), f"subject/{subject}")
        kid = sealing.new_kid().hex()
        return {"subject": subject, "kid": kid, "wrapped": wrapped, "made": now, "destroyed": None}

    # ---- the end ------------------------------------------------------------------------------

    def destroyed(self, subjects: Iterable[str]) -> set[str]:
        """Those of the subjects whose key was destroyed."""
        wanted = frozenset(subjects)
        if not wanted <= self._subjects.keys():
            self.load(wanted)
        return {s for s in wanted if (key := self._subjects[s]) and key.secret is None}

    def destroy(self, subject: str) -> None:
        """Destroy a subject's key for good, whether it had one or not; again is harmless."""
        now = utc_text(clock.now())
        blank = {"subject": subject, "kid": sealing.new_kid().hex(), "wrapped": None}
        insert_new(self._connection, SubjectKey, [blank | {"made": now, "destroyed": now}])
        t = SubjectKey
        mine = sa.update(t).where(t.subject == subject, t.wrapped.is_not(None))
        self._connection.execute(mine.values(wrapped=None, destroyed=now))
        self._subjects.pop(subject, None)
        self._kids.clear()
        self._ciphers.clear()
        self._together.clear()

    # ---- keys ---------------------------------------------------------------------------------

    def _kids_of(self, subjects: frozenset[str]) -> tuple[bytes, ...]:
        """The ids of the keys of subjects, sorted. Raises ErasedError."""
        kids = self._together.get(subjects)
        if kids is None:
            self.ensure(subjects)
            keys = [key for subject in subjects if (key := self._subjects[subject])]
            if any(key.secret is None for key in keys):
                raise ErasedError("the key was destroyed")
            kids = self._together[subjects] = tuple(sorted(key.kid for key in keys))
        return kids

    def _cipher(self, kids: tuple[bytes, ...], given: list[bytes] | None = None) -> AESGCM:
        cipher = self._ciphers.get(kids)
        if cipher is None:
            cipher = AESGCM(sealing.combined(given or [self._secret(kid) for kid in kids]))
            self._ciphers[kids] = cipher
        return cipher

    def _secret(self, kid: bytes) -> bytes:
        if kid not in self._kids:
            self._read(SubjectKey.kid, {kid.hex()})
        key = self._kids.get(kid)
        if key is None:
            raise SealBrokenError("its key isn't here")
        if key.secret is None:
            raise ErasedError("the key was destroyed")
        return key.secret

    def _read(self, column: Any, wanted: Collection[str]) -> None:
        t = SubjectKey
        if column is t.subject:
            self._subjects |= dict.fromkeys(wanted)
        for some in chunks(sorted(wanted)):
            columns = (t.subject, t.kid, t.wrapped)
            for subject, kid, wrapped in chosen(self._connection, columns, column, some):
                secret = wrapped and self._wrapper.unwrap(wrapped, f"subject/{subject}")
                key = _Key(bytes.fromhex(kid), secret)
                self._subjects[subject] = self._kids[key.kid] = key

    def _server_key(self, name: str) -> bytes:
        """A key about nobody; made if this database has none yet."""
        if name not in self._server:
            self._read_server()
            if name not in self._server:
                rows = [
                    {"name": new, "wrapped": self._wrapper.wrap(sealing.new_key(), f"server/{new}")}
                    for new in sorted({LOG, MAC} - self._server.keys())
                ]
                with wall.system("keys"):  # whoever is the first to need them
                    insert_new(self._connection, ServerKey, rows)
                self._read_server()
        return self._server[name]

    def post(self, key_id: str) -> bytes | None:
        """A private key to which phones sealed under a secret of before; None: there is none."""
        name = f"{POST}{key_id}"
        with wall.system("keys"):
            wrapped = self._connection.scalar(
                sa.select(ServerKey.wrapped).where(ServerKey.name == name)
            )
        return wrapped and self._wrapper.unwrap(wrapped, f"server/{name}")

    def _read_server(self) -> None:
        t = ServerKey
        for name, wrapped in chosen(self._connection, (t.name, t.wrapped), t.name, (LOG, MAC)):
            self._server[name] = self._wrapper.unwrap(wrapped, f"server/{name}")


def keys_of(connection: Connection) -> Keys:
    """The keys as this transaction sees them; the same object throughout it."""
    found: Keys | None = connection.__dict__.get(_KEPT)
    if found is None:
        found = Keys(connection, wrapper_for(current_app.config["SETTINGS"].secret))
        connection.__dict__[_KEPT] = found
    return found


def forget(connection: Connection) -> None:
    """The transaction reads the keys anew: they were replaced in it."""
    connection.__dict__.pop(_KEPT, None)


_KEPT = "fieldapp_keys"


def _kids_in(sealed: bytes) -> tuple[bytes, ...]:
    try:
        _, kids, about_subjects = sealing.read_head(sealed)
    except SealBrokenError:
        return ()
    return kids if about_subjects else ()
