"""Which phones may hold something of what was erased, and which have purged it since."""

from collections.abc import Collection
from typing import Any

from fieldapp.accounts import users
from fieldapp.accounts.service import feeds_of, principal_from
from fieldapp.devices import service as devices
from fieldapp.sync import erased


def holders(feeds: Collection[str]) -> set[str]:
    """Phones, by device id, of whoever pulls one of these feeds. Revoked ones too: they may hold a
    copy and can't be told.
    """
    wanted = set(feeds)
    owners = {
        user.id for user in users.everybody() if wanted.intersection(feeds_of(principal_from(user)))
    }
    return {device.id for device in devices.devices_of() if device.user_id in owners}


def of_erasure(erasure: str) -> list[dict[str, Any]]:
    """Phones of a certificate in the shape of ErasurePhoneSchema, first those waited for."""
    names = {user.id: user.name for user in users.everybody()}
    known = {device.id: device for device in devices.devices_of()}
    rows = []
    for device_id, answered in erased.phones_of(erasure):
        device = known.get(device_id)
        rows.append(
            {
                "device": device_id,
                "name": device.name if device else "",
                "owner": names.get(device.user_id, "") if device else "",
                "answered": answered,
                "last_seen": device.last_seen if device else None,
                "revoked": bool(device and device.revoked),
            }
        )
    return sorted(rows, key=lambda row: (row["answered"] is not None, row["owner"], row["name"]))
