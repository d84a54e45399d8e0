"""Tries of people who were moved to another village: what they wrote before is foreign now.

move(place)                       # 王芳's visit came back to her; then she and 陈静 work elsewhere
for try_ in moved(place, people)  # at the desk and from the phone
"""

import json
from collections.abc import Collection, Iterator

import sqlalchemy as sa
from werkzeug.test import TestResponse

from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.db import db, write_transaction
from fieldapp.sync import models as m
from tests.api.test_access import ADMITTED
from tests.cast import LIULIN

from .answers import Try, leak
from .desk import ask
from .furnish import ELSEWHERE
from .phone import pull
from .place import CORNERS, Place, Route
from .tries import EXEMPT

MOVED = ("wang", "chen")
VISIT = ("GET", "/api/review/visits/<visit_id>")


def move(place: Place) -> None:
    """One of their visits is returned, and their villages are taken."""
    cast, visit = place.cast, place.ids[LIULIN, "health"]["visit"][0]
    wish = {"state": "returned", "seen": "received", "notes": [{"path": "", "text": "孕妇柳林"}]}
    answer = cast.chen.log_in().post(f"/api/review/visits/{visit}/decision", wish)
    assert answer.status_code == 200, answer.json
    with place.app.app_context(), write_transaction():
        for who in MOVED:
            user = users.get(cast.people[who].id)
            assert user is not None
            users.set_grants(user, [Grant(ELSEWHERE, "health")])


def moved(place: Place, people: Collection[str]) -> Iterator[Try]:
    """All of them, as those of these people who were moved. Every corner is foreign to them now, as
    it is to nobody."""
    # A phone is told whom it has to forget: it may have drafts about them.
    erased = [one for corner in CORNERS for one in place.ids[corner]["erased"]]
    for who in set(MOVED) & set(people):
        own = _written_by(place, who)
        for what, route, answer in [*_at_the_desk(place, who, own), *_phone(place, who)]:
            said = leak(place, "nobody", answer, *own, *erased)
            yield Try(who, f"moved: {what}", said, route)


Answer = tuple[str, Route, TestResponse]


def _at_the_desk(place: Place, who: str, own: list[str]) -> Iterator[Answer]:
    """Every list, and each of their visits."""
    browser = place.cast.people[who].log_in()
    lists = [
        (route, route[1])
        for route in sorted(ADMITTED.keys() - EXEMPT.keys())
        if route[0] == "GET" and "<" not in route[1]
    ]
    for route, path in [*lists, *((VISIT, VISIT[1].replace("<visit_id>", sid)) for sid in own)]:
        yield path, route, ask(browser, route, path)


def _phone(place: Place, who: str) -> Iterator[Answer]:
    """Their post, and what is in it by its ids."""
    phone, post = place.phone(who), f"u.{place.cast.people[who].id}"
    grants = json.loads(phone.call("pull", pull("", {})).data)["grants_ver"]
    pulled = phone.call("pull", pull(grants, {post: {"epoch": "", "seq": 0, "view": ""}}))
    yield "pull", ("POST", "/api/sync/pull"), pulled
    feeds = json.loads(pulled.data)["feeds"]
    ids = [change["e"] for change in feeds[post]["ch"]] if post in feeds else []
    assert ids or who != "wang"
    fetched = phone.call("fetch", {"feed": post, "ids": ids})
    yield "fetch", ("POST", "/api/sync/fetch"), fetched


def _written_by(place: Place, who: str) -> list[str]:
    with place.app.app_context():
        mine = sa.select(m.Submission.id).where(m.Submission.user_id == place.cast.people[who].id)
        found = list(db.session.scalars(mine))
        db.session.remove()
    return found
