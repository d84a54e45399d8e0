"""The access log at the desk: of a village, one scope at a time; of a person; of the server's own.

Who may read it stands in the access matrix: a steward that of their areas and scopes, an
administrator all but a person's, with no kind of record named. No line holds an id or a name of
anybody but colleagues. Whoever reads it is in it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from fieldapp import clock, wall
from fieldapp.accounts import access
from fieldapp.accounts.service import Principal, areas_of
from fieldapp.accounts.users import names_of
from fieldapp.areas import service as areas
from fieldapp.db import utc_text
from fieldapp.problems import LANGS, abort_with, language
from fieldapp.rights import looks
from fieldapp.rights.desk import Office, across
from fieldapp.sync import models as m
from fieldapp.sync import person as people
from fieldapp.sync.transactions import chunks, surveying

from . import kinds, service

PAGE = 50
MOST = 500  # lines about a person in one answer; paper has them all, by day
READ = "log"
Line = dict[str, Any]


def logs(principal: Principal) -> list[dict[str, str]]:
    """The villages and scopes whose log the person may read: `{area, area_name, scope}`."""
    lang = LANGS[language()]
    named = {area.code: area.name(lang) for area in areas.all_areas() if area.level == "village"}
    return [
        {"area": code, "area_name": name, "scope": scope}
        for scope in access.SCOPES
        for code, name in named.items()
        if _is_theirs(principal, code, scope)
    ]


def page(principal: Principal, area: str, scope: str, page: int, until: str) -> dict[str, Any]:
    """A page of a village's log in one scope, as LogSchema; noted. Stops with `not_found`."""
    if not _is_theirs(principal, area, scope):
        abort_with("not_found")
    until = until or utc_text(clock.now())
    rows, total = service.page_of(area, scope, until, PAGE, (page - 1) * PAGE)
    told = {**_paged(page, total, until), "lines": _lines(principal, scope, rows)}
    service.note(principal, READ, area, scope)
    return told


def server(page: int, principal: Principal, until: str) -> dict[str, Any]:
    """A page of what belongs to no village: log-ins, accounts; noted."""
    until = until or utc_text(clock.now())
    rows, total = service.page_of(service.SERVER, None, until, PAGE, (page - 1) * PAGE)
    told = {**_paged(page, total, until), "lines": _server_lines(rows)}
    service.note(principal, READ, service.SERVER, "")
    return told


@across
def person(principal: Principal, subject: str) -> dict[str, Any]:
    """Who wrote, opened or received what of somebody, as PersonLogSchema; noted in it.

    Stops with `not_found` unless the person is of the caller's rights desk.
    """
    office, lang = Office(principal), LANGS[language()]
    found, mine = office.person(subject)
    if not mine.desk:
        abort_with("not_found")
    held = people.records(office.store, found)
    lines = looks.lines(office.store.connection, found, held, principal.role, lang)
    told = {
        "title": office.title(found),
        "scope": found.scope,
        "area_name": " / ".join(_area_name(code, lang) for code in found.areas),
        "total": len(lines),
        "lines": [_line(**line) for line in lines[:MOST]],
        "chain": looks.chain_state(found.areas, lang),
    }
    service.note_all([
        service.Entry(code, READ, principal.user_id, principal.role, found.scope, found.id)
        for code in found.areas[:1]
    ])  # fmt: skip
    return told


def state(principal: Principal, area: str | None) -> dict[str, Any]:
    """Whether a village's chain, or with None the server's, is as it was written: ChainSchema."""
    if area is not None and not any(_is_theirs(principal, area, s) for s in access.SCOPES):
        abort_with("not_found")
    with wall.system("access log"):
        name = service.SERVER if area is None else area
        return looks.chain_state([name], LANGS[language()])


def _is_theirs(principal: Principal, area: str, scope: str) -> bool:
    if access.may_administer(principal.role):
        found = areas.get(area)
        return scope in access.SCOPES and found is not None and found.level == "village"
    return scope in access.SCOPES and area in areas_of(principal, scope)


# ---- lines --------------------------------------------------------------------------------------


def _paged(page: int, total: int, until: str) -> dict[str, Any]:
    return {"page": page, "size": PAGE, "total": total, "until": until}


def _lines(principal: Principal, scope: str, rows: Sequence[Any]) -> list[Line]:
    """Rows of a village in words. What was erased has no kind any more."""
    said = {row.seq: service.told(row.what) for row in rows}
    sids = {str(what["sid"]) for what in said.values() if "sid" in what}
    with surveying("access log") as connection:
        touched = people.touched_by(connection, sids)
    about = {row.seq: _ids(row, said[row.seq], touched) for row in rows}
    types = _types({one for ids in about.values() for one in ids}, scope)
    names, lang = names_of({row.actor for row in rows}), LANGS[language()]
    return [
        _line(
            row.at,
            names.get(row.actor, ""),
            row.role,
            row.act,
            row.act in kinds.WRITING,
            _kinds(principal.role, scope, about[row.seq], types, lang),
            n=_count(said[row.seq], about[row.seq]),
            about=str(said[row.seq].get("to", "")),
        )
        for row in rows
    ]


def _server_lines(rows: Sequence[Any]) -> list[Line]:
    said = {row.seq: service.told(row.what) for row in rows}
    users = {str(what.get("user", "")) for what in said.values()}
    names = names_of({row.actor for row in rows} | users)
    return [
        _line(
            row.at,
            names.get(row.actor, ""),
            row.role,
            row.act,
            row.act in kinds.WRITING,
            (),
            n=_count(said[row.seq], _ids(row, said[row.seq], {})),
            about=names.get(str(said[row.seq].get("user", "")), ""),
            changed=said[row.seq].get("changed"),
        )
        for row in rows
    ]


def _line(
    at: str,
    name: str,
    role: str,
    act: str,
    wrote: bool,
    kinds: Iterable[str],
    n: int = 0,
    about: str = "",
    changed: Any = None,
) -> Line:
    known = [str(one) for one in changed] if isinstance(changed, list) else []
    return {
        "at": at,
        "name": name,
        "role": role,
        "act": act,
        "wrote": wrote,
        "kinds": list(kinds),
        "n": n,
        "about": about,
        "changed": known,
    }


def _ids(row: Any, said: dict[str, Any], touched: dict[str, set[str]]) -> list[str]:
    """Records a row is about: those it names, and those its visit touched."""
    ids = said.get("ids")
    named = {one for one in ids if isinstance(one, str)} if isinstance(ids, list) else set()
    return sorted(named | touched.get(str(said.get("sid", "")), set()) | ({row.subject} - {""}))


def _count(said: dict[str, Any], ids: Sequence[str]) -> int:
    n = said.get("n")
    return n if isinstance(n, int) else len(ids)


def _kinds(
    role: str, scope: str, ids: Iterable[str], types: dict[str, str], lang: str
) -> list[str]:
    known = [types.get(one, "") for one in ids]
    return kinds.told(role, scope, known, lang) if known or scope else []


def _types(ids: Iterable[str], scope: str) -> dict[str, str]:
    """The types of these records, as far as they are of the scope and still there."""
    e, found = m.Entity, dict[str, str]()
    with surveying("access log") as connection:
        for some in chunks(sorted(ids)):
            query = sa.select(e.id, e.type).where(e.id.in_(some), e.scope == scope)
            found |= {row.id: row.type for row in connection.execute(query)}
    return found


def _area_name(code: str, lang: str) -> str:
    area = areas.get(code)
    return area.name(lang) if area else code
