"""Somebody who sends anything at all, and what every answer must be: no 5xx, problems in one shape.

caller = Caller(cast, "chen")
caller.send("POST", "/api/areas", body=b"{")     # raises AssertionError for an answer that is wrong
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from fieldapp.accounts import access
from tests.api.test_access import ADMITTED
from tests.cast import PROTOCOL, WIRE, Browser, Cast, Phone
from tests.visits import Submission, entity_of

SOME = ("nobody", "wang", "chen", "zhao", "admin")
EVERY_ROLE = (*SOME, "steward", "head", "grid", "assistant", "town", "district")
CALLERS = EVERY_ROLE if "FUZZ_EXAMPLES" in os.environ else SOME
# What the fuzzed server holds of people, and who of the callers may ever be told.
TOLD = {
    "张小梅": {"wang", "chen", "steward"},  # at the desk of people's rights
    "刘春燕": {"wang", "zhao", "grid", "assistant", "steward"},
}
REFUSED = {400, 401, 403, 404, 413, 415, 422}
PROBLEM = {"type", "title", "status", "code", "detail"}


@dataclass
class Tally:
    """What was sent by this process, and what came back that never may."""

    requests: int = 0
    errors_5xx: int = 0
    leaks: int = 0
    roles: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)


TALLY = Tally()


@dataclass(frozen=True)
class Known:
    """Real values of path parameters, by name."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, cast: Cast, phone: Phone, zhang: Submission, dwelling: Submission) -> "Known":
        """Those of a server in which this was sent."""
        return cls(
            {
                "user_id": cast.sun.id,
                "device_id": phone.device,
                "visit_id": dwelling["id"],
                "entity": entity_of(zhang, "client"),
                "register": "phone",
                "subject": entity_of(zhang, "client"),
                "area": dwelling["area"],
                "scope": "housing",
                "item": zhang["id"],
                "form_id": "rental_register",
                "version": "2025-1",
            }
        )


class Caller:
    """One person, logged in as far as they can be, with a phone of their own if they carry one."""

    def __init__(self, cast: Cast, who: str) -> None:
        self.cast, self.who = cast, who
        self.browser: Browser = cast.nobody()
        self.phone: Phone | None = None
        self.log_in()

    def log_in(self) -> None:
        """Begin a session, since what was sent may have ended it."""
        if self.who == "nobody":
            return
        person = self.cast.people[self.who]
        self.browser = person.log_in()
        if self.phone:
            self.phone.browser = self.browser
        elif access.carries(person.role):
            self.phone = Phone(person, self.browser)
            assert self.phone.enrol().status_code == 200

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        query: Any = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> TestResponse:
        """One request, signed where phones sign. The answer, once it is a proper one."""
        TALLY.requests += 1
        TALLY.roles.add(self.who)
        wire = path.startswith("/api/sync/") and path != "/api/sync/enrol"
        whole = {**PROTOCOL, "Content-Type": content_type, **(headers or {})}
        if wire and self.phone:
            signature = self.phone.sign(path, body, method)
            whole |= {"X-FS-Device": self.phone.device, "X-FS-Signature": signature}
        answer = self.browser.client.open(
            path, method=method, data=body, query_string=query, headers=whole, buffered=True
        )
        sent = f"{self.who}: {method} {path} {query or ''} {body[:300]!r}"
        leak = self.leak(answer, method, path)
        TALLY.errors_5xx += answer.status_code >= 500
        TALLY.leaks += leak is not None
        hold(answer, sent)
        assert leak is None, f"{leak}: {sent} → {answer.status_code} {answer.data[:300]!r}"
        if (method, path) in (("DELETE", "/api/session"), ("POST", "/api/session")):
            self.log_in()
        return answer

    def leak(self, answer: TestResponse, method: str, path: str) -> str | None:
        """A success that the table of routes keeps from this person, or the name of somebody they
        may not know of; None if the answer is inside the matrix."""
        try:
            urls = self.cast.app.url_map.bind("localhost")
            rule = urls.match(path, method, return_rule=True)[0].rule
        except HTTPException:
            rule = ""
        if rule.startswith("/api/"):
            TALLY.operations.add(f"{method} {rule}")
        admitted = ADMITTED.get((method, rule))
        if admitted is not None and self.who not in admitted and answer.status_code not in REFUSED:
            return f"{self.who} was let in"
        text = answer.get_data(as_text=True)
        named = (name for name, people in TOLD.items() if self.who not in people and name in text)
        return next((f"{self.who} was told {name}" for name in named), None)


def hold(answer: TestResponse, sent: str) -> None:
    """Raise AssertionError unless the answer is a success, or a problem as all problems are."""
    told = f"{sent} → {answer.status_code} {answer.data[:300]!r}"
    assert answer.status_code < 500, told
    if answer.status_code < 400:
        return
    assert answer.content_type == "application/problem+json", told
    problem = json.loads(answer.data)
    assert set(problem) - {"fields"} == PROBLEM, told
    assert problem["status"] == answer.status_code, told
    assert problem["type"] == f"urn:fieldapp:problem:{problem['code']}", told
    for one in problem.get("fields", []):
        assert set(one) == {"path", "message"}, told
        assert all(isinstance(text, str) for text in one.values()), told


def type_of(path: str) -> str:
    """The content type an endpoint takes."""
    wire = path.startswith("/api/sync/") and path != "/api/sync/enrol"
    return WIRE if wire else "application/json"
