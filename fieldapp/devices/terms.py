"""On what terms a phone works: the key it seals to, and how many days it may be out of reach.

Phones take them at enrolment and with a pull, where the person's session vouches for them too.
"""

from functools import lru_cache
from typing import Any

from flask import current_app

from fieldapp.db import db
from fieldapp.subjects.keys import keys_of
from fieldapp.subjects.sealing import SealBrokenError

from .sealing import SealingKeys


def sealing_keys() -> SealingKeys:
    """The keys to which phones seal."""
    settings = current_app.config["SETTINGS"]
    return _keys(settings.secret, settings.seal_generation)


def terms() -> dict[str, Any]:
    """`{id, seal: {id, key: JWK}, lease_days}`; the id changes when any of it does."""
    seal, days = sealing_keys().public(), current_app.config["SETTINGS"].lease_days
    return {"id": f"{seal['id']}.{days}", "seal": seal, "lease_days": days}


@lru_cache(maxsize=4)
def _keys(secret: str, generation: int) -> SealingKeys:
    return SealingKeys(secret, generation, _former)


def _former(key_id: str) -> bytes | None:
    try:
        return keys_of(db.session.connection()).post(key_id)
    except SealBrokenError:  # a server left with an old secret: phones keep it and send again
        return None
