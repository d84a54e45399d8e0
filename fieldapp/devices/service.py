"""Enrolled phones: enrol, revoke, and know one by its signature.

A phone's signature alone lets it push; pulling needs the person's session too.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Request
from sqlalchemy import bindparam, select, update

from fieldapp import clock, wall
from fieldapp.accounts import sessions
from fieldapp.db import db, utc_text, write_transaction
from fieldapp.problems import abort_with

from . import keys
from .models import Device

NOTE_SEEN_EVERY = timedelta(minutes=10)


def enrol(user_id: str, install: str, name: str, key: Mapping[str, Any]) -> Device:
    """Admit a phone of this user; the same key gives the same device. Not committed.

    Raises keys.BadKeyError.
    """
    keys.public_key(key)
    jwk = json.dumps({part: key[part] for part in ("kty", "crv", "x", "y")}, sort_keys=True)
    now = utc_text(clock.now())
    mine = select(Device).where(Device.user_id == user_id, Device.key == jwk)
    device = db.session.scalar(mine.where(Device.revoked.is_(None)))
    if device is None:
        device = Device(id=clock.new_id(), user_id=user_id, key=jwk, created=now)
        db.session.add(device)
    device.install, device.name, device.last_seen = install, name, now
    db.session.flush()
    return device


def revoke(device: Device) -> None:
    """End a phone's right to pull, and its sessions; its pushes are kept aside. Not committed."""
    if device.revoked is None:
        device.revoked = utc_text(clock.now())
    sessions.end_of_device(device.id)


def get(device_id: str) -> Device | None:
    """A device by id."""
    return db.session.get(Device, device_id)


def devices_of(user_id: str | None = None) -> list[Device]:
    """One user's devices, or everybody's; the last seen first."""
    query = select(Device).order_by(Device.last_seen.desc(), Device.id)
    return list(
        db.session.scalars(query if user_id is None else query.where(Device.user_id == user_id))
    )


def verify_signature(request: Request) -> Device:
    """The device that signed this request, revoked or not: its rights are up to the caller.

    What is read next is read in the same transaction; the device is of no session, so that reading
    it begins none. Stops with `bad_signature`.
    """
    wanted = {"id": request.headers.get("X-FS-Device", "")}
    row = db.session.connection().execute(_BY_ID, wanted).first()
    device = Device(**row._mapping) if row else None
    signature = request.headers.get("X-FS-Signature", "")
    text = keys.signed_text(request.method, request.path, request.get_data(cache=True))
    if device is None or not keys.is_valid(json.loads(device.key), signature, text):
        db.session.rollback()
        abort_with("bad_signature")
    wall.admit(device.user_id, "")  # its owner's own work, and no more until they are logged in
    _note_seen(device)
    return device


# Asked in every request of a phone, so made once.
_BY_ID = select(Device.__table__).where(Device.id == bindparam("id"))
_SEEN = update(Device).where(Device.id == bindparam("device")).values(last_seen=bindparam("now"))


def _note_seen(device: Device) -> None:
    now, device_id = clock.now(), device.id
    if device.last_seen < utc_text(now - NOTE_SEEN_EVERY):
        with write_transaction() as tx:
            tx.connection().execute(_SEEN, {"device": device_id, "now": utc_text(now)})
