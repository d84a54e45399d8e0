"""Taking back all consent from the desk: the very form the phone would have filled in."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from fieldapp import clock
from fieldapp.accounts.service import Principal
from fieldapp.db import db
from fieldapp.forms import service as forms
from fieldapp.forms.check import complete
from fieldapp.forms.evaluate import Host
from fieldapp.problems import abort_with
from fieldapp.sync import person as people
from fieldapp.sync import service as sync
from fieldapp.sync.entities import Entity, marks
from fieldapp.sync.rules import describe

from .desk import Office


def withdrawal(principal: Principal, subject: str) -> None:
    """Send it through the one door, and again while it ends more: the form ends one episode of a
    kind, and two phones may each have begun one.

    Whoever works the desk may, which the caller has seen to: it is the person's word that decides.
    Stops with `not_found`, `nothing_to_withdraw` where the scope keeps no consents, or `busy`.
    """
    ended: set[str] = set()
    made = _made(principal, subject, ended)
    while True:
        _send(principal, made)
        ended |= _records(made)
        made = _made(principal, subject, ended)
        if _records(made) <= ended:
            return


def _records(made: dict[str, Any]) -> set[str]:
    """Those it changes; one that it begins would be another one each time."""
    begun = {entity["e"] for entity in made["entities"] if entity["new"]}
    return {op["e"] for op in made["ops"]} - begun


def _made(principal: Principal, subject: str, ended: Collection[str]) -> dict[str, Any]:
    """The submission, filled in over what is held by now but for what was ended already."""
    office = Office(principal)
    person, _ = office.person(subject)
    keeping = office.rules.programs.keeping(person.scope)
    version = forms.current_version(keeping.form) if keeping else None
    if keeping is None or version is None:
        abort_with("nothing_to_withdraw")
    definition = forms.definition(keeping.form, version.version)
    assert definition is not None
    now = clock.now().astimezone(clock.CHINA)
    answers: dict[str, Any] = {}
    for path, value in {**keeping.withdraw, keeping.person: person.id}.items():
        _put(answers, path, value)
    finished = complete(definition, answers, _host(office, person, principal, ended))
    visit = sync.Visit(
        principal, keeping.form, version.version, finished, now, person.areas[0], shown_all=True
    )
    made = sync.compose(visit, office.rules, office.store)
    db.session.rollback()  # the door begins a transaction of its own
    return made


def _send(principal: Principal, made: dict[str, Any]) -> None:
    author = replace(sync.author_of(principal), trusted=True)
    result = sync.take_in([sync.incoming(made, author)])[0]
    if result.st not in ("stored", "conflict"):
        abort_with("busy")


def _host(office: Office, person: Entity, principal: Principal, without: Collection[str]) -> Host:
    """The form's surroundings: of all lists, what is held about the person."""
    today = clock.today()
    lists: dict[str, list[dict[str, str]]] = {}
    for entity in people.records(office.store, person).values():
        kind = office.rules.programs.type(entity.scope, entity.type)
        if kind is None or entity.id in without:
            continue
        view = office.store.view_of(entity)
        title, props = describe(kind, entity.props(view), marks(entity, view), today)
        lists.setdefault(entity.type, []).append({**props, "name": entity.id, "label": title})
    for kind in office.rules.programs.types(person.scope):
        lists.setdefault(kind.name, [])
    me = {"name": "me", "label": principal.name, "role": principal.role, "area": person.areas[0]}
    now = clock.now().astimezone(clock.CHINA).isoformat(timespec="milliseconds")
    surroundings = {**lists, "session": [me], "area": []}
    return Host(today=today, now=now, uuid=clock.new_id, instances=surroundings)


def _put(answers: dict[str, Any], path: str, value: str) -> None:
    *groups, name = path.split("/")
    for group in groups:
        answers = answers.setdefault(group, {})
    answers[name] = value
