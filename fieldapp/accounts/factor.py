"""The second factor of a desk: time-based codes (RFC 6238, by pyotp) and recovery codes.

    set_up(user_id, name)         # a secret to put into an app; guards nothing yet
    confirm(user_id, code)        # recovery codes, told once; from now on log-in asks for a code
    passes(user_id, code)         # whether a code is right now; it is used up
    drop(user_id)

A code counts once, and so does a recovery code. The secret lies wrapped under the server's, the
recovery codes as hashes: they are random enough (138 bits) to need no stretching.
"""

import hmac
import json
import secrets
from dataclasses import dataclass
from hashlib import sha256

import pyotp
import sqlalchemy as sa
from flask import current_app

from fieldapp import clock, wall
from fieldapp.db import db, utc_text, write_transaction
from fieldapp.subjects.sealing import SealBrokenError, Wrapper, wrapper_for

from .models import SecondFactor, User

ISSUER = "fieldapp"
STEP = 30  # seconds
AROUND = (-1, 0, 1)  # clocks of phones are seldom right
RECOVERY = 8
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Secret:
    """What an authenticator app is given. uri: `otpauth://…`."""

    secret: str
    uri: str


def set_up(user_id: str, name: str) -> Secret:
    """A new secret, in place of one that was not confirmed."""
    secret = pyotp.random_base32()
    row = {
        "user_id": user_id,
        "wrapped": _wrapper().wrap(secret.encode(), f"factor/{user_id}"),
        "step": 0,
        "recovery": "[]",
    }
    with wall.system("second factor"), write_transaction() as tx:
        tx.execute(sa.delete(SecondFactor).where(SecondFactor.user_id == user_id))
        tx.execute(sa.insert(SecondFactor).values(**row))
    return Secret(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))


def confirm(user_id: str, code: str) -> list[str] | None:
    """Turn it on with a code of the app: the recovery codes. None: the code is wrong. Not for one
    that is on already."""
    with wall.system("second factor"), write_transaction() as tx:
        if not _is_right(user_id, code):
            return None
        codes = [_recovery_code() for _ in range(RECOVERY)]
        mine = sa.update(SecondFactor).where(SecondFactor.user_id == user_id)
        tx.execute(mine.values(recovery=json.dumps([_sha(one) for one in codes])))
        on = sa.update(User).where(User.id == user_id)
        tx.execute(on.values(factor_since=utc_text(clock.now())))
    return codes


def passes(user_id: str, code: str) -> bool:
    """Whether it is the code of now, or a recovery code that is left; it is used up."""
    with wall.system("second factor"), write_transaction():
        return _is_right(user_id, code) or _recovers(user_id, code)


def left(user_id: str) -> int:
    """How many recovery codes are left."""
    with wall.system("second factor"):
        row = db.session.get(SecondFactor, user_id)
        return len(json.loads(row.recovery)) if row else 0


def drop(user_id: str) -> None:
    """Take it away. Not committed."""
    with wall.system("second factor"):
        db.session.execute(sa.delete(SecondFactor).where(SecondFactor.user_id == user_id))
        off = sa.update(User).where(User.id == user_id)
        db.session.execute(off.values(factor_since=None))


# ---- codes --------------------------------------------------------------------------------------


def _is_right(user_id: str, code: str) -> bool:
    row = _row(user_id)
    if row is None:
        return False
    try:
        secret = _wrapper().unwrap(bytes(row.wrapped), f"factor/{user_id}").decode()
    except SealBrokenError:  # of another secret of the server: recovery codes still count
        return False
    totp, now = pyotp.TOTP(secret), int(clock.now().timestamp()) // STEP
    typed = "".join(code.split())
    for step in (now + by for by in AROUND):
        if step > row.step and _equal(totp.generate_otp(step), typed):
            mine = sa.update(SecondFactor).where(SecondFactor.user_id == user_id)
            db.session.execute(mine.values(step=step))
            return True
    return False


def _recovers(user_id: str, code: str) -> bool:
    row = _row(user_id)
    kept = json.loads(row.recovery) if row else []
    if _sha(code) not in kept:
        return False
    rest = [one for one in kept if one != _sha(code)]
    mine = sa.update(SecondFactor).where(SecondFactor.user_id == user_id)
    db.session.execute(mine.values(recovery=json.dumps(rest)))
    return True


def _row(user_id: str) -> SecondFactor | None:
    """Held until the transaction ends: of two who send the same code one is late."""
    query = sa.select(SecondFactor).where(SecondFactor.user_id == user_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _recovery_code() -> str:
    """28 signs in sevens; 138 bits."""
    text = "".join(secrets.choice(_SIGNS) for _ in range(28))
    return "-".join(text[at : at + 7] for at in range(0, 28, 7))


def _sha(code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _equal(code: str, typed: str) -> bool:
    return hmac.compare_digest(code.encode(), typed.encode("utf-8", "surrogatepass"))


def _wrapper() -> Wrapper:
    return wrapper_for(current_app.config["SETTINGS"].secret)
