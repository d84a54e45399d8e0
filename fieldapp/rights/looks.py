"""Who saw a person's data, as the person is told: name, role and day, of the access log."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from fieldapp.audit import service as audit
from fieldapp.sync import person as people


def looks(connection: Connection, entities: Collection[str]) -> list[dict[str, Any]]:
    """`{day, name, role, acts}`, the latest first; several looks of a day are one line."""
    days: dict[tuple[str, str, str], set[str]] = {}
    for look in audit.looked_at(entities, people.feeds(connection, entities)):
        days.setdefault((look.at[:10], look.name, look.role), set()).add(look.act)
    return [
        {"day": day, "name": name, "role": role, "acts": sorted(acts)}
        for (day, name, role), acts in days.items()
    ]
