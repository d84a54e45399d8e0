"""Whose phones' numbers somebody at the desk may know.

at_home(…)  the scopes of which somebody may know how many visits wait on a person's phone

A phone numbers its visits in one row, whatever they are about. Who knew which numbers came and
which are theirs could count the others, so numbers are told of a phone only to whoever is at home
in all that may stand behind them: everything its owner may write, and every scope anything came of.
Of other phones an administrator knows them, who sees no content.
"""

from collections import defaultdict
from collections.abc import Mapping

from fieldapp import wall
from fieldapp.accounts import access, users
from fieldapp.accounts.service import Principal, areas_of, principal_from
from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync import seen

S = m.Submission


def open_to(principal: Principal, owners: Mapping[str, str]) -> set[str]:
    """Of these installs, given whose they are, those whose numbers the person may know."""
    if access.may_administer(principal.role):
        return set(owners)
    home = _home(principal)
    theirs = {user.id: principal_from(user) for user in users.everybody()}
    came = _scopes(owners)
    return {
        install
        for install, owner in owners.items()
        if came[install] <= home.keys() and owner in theirs and _within(theirs[owner], home)
    }


def at_home(principal: Principal, owner: Principal) -> list[str]:
    """The scopes in which all that the owner may write lies where the person is at home."""
    home = _home(principal)
    return [
        scope
        for scope, villages in home.items()
        if (written := areas_of(owner, scope)) and villages.issuperset(written)
    ]


def _home(principal: Principal) -> dict[str, set[str]]:
    """By scope whose visits are no secret to somebody, the villages that is so of."""
    scopes = (scope for scope in access.SCOPES if _knows(principal, scope))
    return {scope: set(areas_of(principal, scope)) for scope in scopes}


def _knows(principal: Principal, scope: str) -> bool:
    """Whether visits of a scope are no secret: who oversees it, or answers people's requests."""
    return access.may_oversee(principal.role, scope) or access.works_rights(principal.role, scope)


def _within(owner: Principal, home: Mapping[str, set[str]]) -> bool:
    """Whether all that somebody may write lies in these villages."""
    return all(home.get(scope, set()).issuperset(areas_of(owner, scope)) for scope in access.SCOPES)


def _scopes(installs: Mapping[str, str]) -> dict[str, set[str]]:
    """The scopes of what came from each, also when its owner's rights were others."""
    found = defaultdict[str, set[str]](set)
    query = seen.numbers(S.install, S.scope).where(S.install.in_(list(installs)), S.scope != "")
    with wall.system("numbers of a phone"):
        for install, scope in db.session.execute(query.distinct()):
            found[install].add(scope)
    return found
