"""Counters of failed guesses, in the database: the figures hold for all server processes together.

Everything else is counted in the memory of each process (`limits`' own storage): it only keeps one
phone from using up what is another's. A key may hold what somebody typed for a name, so its keyed
hash is kept.
"""

import hmac
from hashlib import sha256

import sqlalchemy as sa
from flask import current_app
from limits.storage import MemoryStorage
from sqlalchemy.exc import IntegrityError

from fieldapp import clock
from fieldapp.db import db, write_transaction

from .models import Guess

SHARED = "guess:"  # how the keys begin that are counted here


class GuessStorage(MemoryStorage):
    """`guesses://`: a fixed window per key. Raises SQLAlchemyError where the database is away."""

    STORAGE_SCHEME = ["guesses"]

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """One more; how many in this window."""
        if not _is_shared(key):
            return super().incr(key, expiry, amount)
        name, now = _name(key), _now()
        try:
            with write_transaction() as tx:
                tx.execute(sa.delete(Guess).where(Guess.until <= now))
                mine = sa.update(Guess).where(Guess.key == name).values(n=Guess.n + amount)
                n = tx.scalar(mine.returning(Guess.n))
                if n is None:
                    row = {"key": name, "n": amount, "until": now + int(expiry)}
                    tx.execute(sa.insert(Guess).values(**row))
            return amount if n is None else int(n)
        except IntegrityError:  # another process made the row meanwhile
            return self.incr(key, expiry, amount)

    def get(self, key: str) -> int:
        """How many in this window."""
        return super().get(key) if not _is_shared(key) else _read(key)[0]

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return super().get_expiry(key) if not _is_shared(key) else _read(key)[1]

    def clear(self, key: str) -> None:
        """Begin anew."""
        if not _is_shared(key):
            super().clear(key)
            return
        with write_transaction() as tx:
            tx.execute(sa.delete(Guess).where(Guess.key == _name(key)))


def _is_shared(key: str) -> bool:
    return key.partition("/")[2].startswith(SHARED)


def _read(key: str) -> tuple[int, float]:
    query = sa.select(Guess.n, Guess.until).where(Guess.key == _name(key), Guess.until > _now())
    row = db.session.execute(query).first()
    db.session.rollback()  # whoever answers begins a transaction of their own
    return (row.n, float(row.until)) if row else (0, float(_now()))


def _name(key: str) -> str:
    secret = current_app.config["SETTINGS"].secret
    return hmac.new(secret.encode(), key.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _now() -> int:
    return int(clock.now().timestamp())
