"""Somebody who sends anything at all, and what every answer must be: no 5xx, problems in one shape.

caller = Caller(cast, "chen")
caller.send("POST", "/api/areas", body=b"{")     # raises AssertionError for an answer that is wrong
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from fieldapp.accounts import access
from tests.cast import PROTOCOL, WIRE, Browser, Cast, Phone
from tests.visits import Submission, entity_of

CALLERS = ("nobody", "wang", "chen", "zhao", "admin")
PROBLEM = {"type", "title", "status", "code", "detail"}
_numbers = itertools.count()
_last = [0]


def counted() -> int:
    """How many requests were sent by this process."""
    return _last[0]


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
        _last[0] = next(_numbers) + 1
        wire = path.startswith("/api/sync/") and path != "/api/sync/enrol"
        whole = {**PROTOCOL, "Content-Type": content_type, **(headers or {})}
        if wire and self.phone:
            signature = self.phone.sign(path, body, method)
            whole |= {"X-FS-Device": self.phone.device, "X-FS-Signature": signature}
        answer = self.browser.client.open(
            path, method=method, data=body, query_string=query, headers=whole, buffered=True
        )
        hold(answer, f"{self.who}: {method} {path} {query or ''} {body[:300]!r}")
        if (method, path) in (("DELETE", "/api/session"), ("POST", "/api/session")):
            self.log_in()
        return answer


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
    for field in problem.get("fields", []):
        assert set(field) == {"path", "message"}, told
        assert all(isinstance(text, str) for text in field.values()), told


def type_of(path: str) -> str:
    """The content type an endpoint takes."""
    wire = path.startswith("/api/sync/") and path != "/api/sync/enrol"
    return WIRE if wire else "application/json"
