"""The phones of those whose work one oversees: what waits, what is safe, what is missing.

Counts are of visits the reader oversees. What tells of all that a phone sent (its numbers, the
moment of its last contact) is told of phones whose numbers they may know (`numbering`); of others
only the day of the last contact, whether that is three days ago, and what waits of the reader's own
scopes, as the phone itself said.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from fieldapp import clock, wall
from fieldapp.accounts import access, users
from fieldapp.accounts.models import User
from fieldapp.accounts.service import Principal, areas_of, principal_from
from fieldapp.audit import service as access_log
from fieldapp.db import db, utc_text
from fieldapp.devices import service as devices
from fieldapp.devices.models import Device
from fieldapp.forms import service as forms
from fieldapp.sync import log, seen
from fieldapp.sync import models as m
from fieldapp.sync.durable import durable_before

from . import numbering
from .reader import Reader

S = m.Submission
SILENT = timedelta(days=3)
A_DAY = len("2026-11-02")  # of a moment


def page(principal: Principal) -> list[dict[str, Any]]:
    """One row per phone in the shape of PhoneSchema: what needs somebody first, then by name."""
    reader = Reader(principal)
    owned = _owners(principal)
    found = [device for device in devices.devices_of() if device.user_id in owned]
    installs = _installs(owned)
    numbered = numbering.open_to(principal, {device.install: device.user_id for device in found})
    counts, old = _counts(principal, installs, numbered), _old_forms(reader, installs)
    silent, waits = utc_text(clock.now() - SILENT), _waiting(principal, owned, installs)
    rows = [
        {"waiting": waits.get(device.install)}
        | _row(device, installs.get(device.install), silent, device.install in numbered)
        | counts.get(device.install, {"stored": 0, "durable": 0, "quarantined": 0})
        | {"author": owned[device.user_id].name, "old_forms": old.get(device.install, [])}
        for device in found
    ]
    shown = {device.user_id for device in found}
    access_log.note_colleagues(principal, "phones", shown)
    return sorted(rows, key=lambda row: (not _needs_somebody(row), row["author"], row["name"]))


def _needs_somebody(row: dict[str, Any]) -> bool:
    signs = ("silent", "gaps", "quarantined", "repairs", "old_forms")
    return not row["revoked"] and any(row[sign] for sign in signs)


def _owners(principal: Principal) -> dict[str, User]:
    """The people whose phones one sees, by id: for an administrator everybody."""
    everybody = users.everybody()
    if access.may_administer(principal.role):
        return {user.id: user for user in everybody}
    mine = {
        scope: set(areas_of(principal, scope))
        for scope in access.SCOPES
        if access.may_oversee(principal.role, scope)
    }
    return {
        user.id: user
        for user in everybody
        if any(mine[scope].intersection(areas_of(principal_from(user), scope)) for scope in mine)
    }


def _installs(owned: Iterable[str]) -> dict[str, m.Install]:
    rows = db.session.scalars(seen.installs(list(owned)))
    return {row.id: row for row in rows}


def _row(device: Device, install: m.Install | None, silent: str, numbered: bool) -> dict[str, Any]:
    """What the phone said of itself. numbered: whether the reader may know its numbers."""
    seen = max(device.last_seen, install.last_seen) if install else device.last_seen
    repaired, exact = install.repaired if install else None, len(seen) if numbered else A_DAY
    row: dict[str, Any] = {
        "id": device.id,
        "name": device.name,
        "last_seen": seen[:exact],
        "revoked": device.revoked,
        "silent": device.revoked is None and seen < silent,
        "repairs": install.repairs if install else 0,
        "repaired": repaired[:exact] if repaired else None,
        "numbered": numbered,
    }
    if not numbered:
        return row | {"gaps": []}
    return row | (_numbers(install) if install else {"waiting": 0, "gaps": []})


def _waiting(
    principal: Principal, owned: Mapping[str, User], installs: Mapping[str, m.Install]
) -> dict[str, int]:
    """By install, how many visits of the reader's scopes wait on it, less those that came since it
    said so; nothing of one that never said.
    """
    came: dict[tuple[str, str], int] = {}
    since = seen.visits(principal, S.install, S.scope, sa.func.count())
    since = since.join(m.Install, m.Install.id == S.install)
    since = since.where(S.install.in_(list(installs)), S.received > m.Install.waiting_at)
    since = since.where(~seen.DESTROYED)  # as `_counts`
    for install, scope, count in db.session.execute(since.group_by(S.install, S.scope)):
        came[install, scope] = count
    waits = {}
    for row in installs.values():
        scopes = numbering.at_home(principal, principal_from(owned[row.user_id]))
        if row.waiting is not None and scopes:
            said = json.loads(row.waiting)
            left = (max(0, said.get(scope, 0) - came.get((row.id, scope), 0)) for scope in scopes)
            waits[row.id] = sum(left)
    return waits


def _numbers(install: m.Install) -> dict[str, Any]:
    """Numbers after the last that came still wait on the phone; those before it are gaps."""
    present = log.numbers_of(install.id)
    last = max(present, default=0)
    gaps = log.gaps_in(present, last)
    return {"waiting": max(0, install.n_max - last), "gaps": gaps}


def _counts(
    principal: Principal, installs: Iterable[str], numbered: Collection[str]
) -> dict[str, dict[str, int]]:
    """How many of the visits one oversees are stored, in a verified backup, and kept aside; what
    can't be read may be anything, and counts where all numbers are told. Of one whose text was
    destroyed nothing is told: it would tell it from one that was handed on (`sync.overdue`).
    """
    mark = durable_before(db.session.connection())
    is_aside = seen.STILL_ASIDE
    safe = sa.case((sa.and_(S.received < mark, ~is_aside), 1), else_=0)
    aside = sa.case((is_aside, 1), else_=0)
    columns = (S.install, sa.func.count(), sa.func.sum(safe), sa.func.sum(aside))
    blind = access.may_administer(principal.role)
    query = seen.numbers(*columns) if blind else seen.visits(principal, *columns)
    known = sa.or_(S.scope != "", S.install.in_(list(numbered)))
    query = query.where(S.install.in_(list(installs)), known, ~seen.DESTROYED)
    query = query.group_by(S.install)
    with wall.system("numbers of a phone") if blind else nullcontext():
        rows = db.session.execute(query).all()
    return {
        install: {"stored": all_of_it - kept, "durable": durable, "quarantined": kept}
        for install, all_of_it, durable, kept in rows
    }


def _old_forms(reader: Reader, installs: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Versions that phones still filled in after a later one was published."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    if access.may_administer(reader.principal.role):
        return found
    for current in forms.current_forms():
        query = seen.visits(reader.principal, S.install, S.fv, sa.func.count()).where(
            S.install.in_(list(installs)),
            S.form == current.form_id,
            S.fv != current.version,
            S.received > current.published_at,
            ~seen.DESTROYED,
        )
        for install, version, count in db.session.execute(query.group_by(S.install, S.fv)):
            title = reader.form_title(current.form_id)
            found[install].append({"title": title, "version": version, "count": count})
    return found
