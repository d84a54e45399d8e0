"""Somebody who sends anything at all, and what every answer must be: no 5xx, problems in one shape.

caller = Caller(cast, "chen")
caller.send("POST", "/api/areas", body=b"{")     # raises AssertionError for an answer that is wrong
"""

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
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
        sent = f"{self.who}: {method} {path} {query or ''} {body[:300]!r}"
        hold(answer, sent)
        self.hold_to_matrix(answer, method, path, sent)
        if (method, path) in (("DELETE", "/api/session"), ("POST", "/api/session")):
            self.log_in()
        return answer

    def hold_to_matrix(self, answer: TestResponse, method: str, path: str, sent: str) -> None:
        """Raise AssertionError for a success that the table of routes keeps from this person, or
        for the name of somebody they may not know of."""
        told = f"{sent} → {answer.status_code} {answer.data[:300]!r}"
        try:
            urls = self.cast.app.url_map.bind("localhost")
            rule = urls.match(path, method, return_rule=True)[0].rule
        except HTTPException:
            rule = ""
        admitted = ADMITTED.get((method, rule))
        if admitted is not None and self.who not in admitted:
            assert answer.status_code in {400, 401, 403, 404, 413, 415, 422}, told
        text = answer.get_data(as_text=True)
        for name, people in TOLD.items():
            assert self.who in people or name not in text, told


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
