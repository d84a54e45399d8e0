"""Every endpoint × every role: who is let in. The table below must name every route of the API."""

import re
from typing import Any

import pytest
from flask import Flask

from fieldapp.accounts import access
from tests.cast import PEOPLE, Cast

ANYBODY = {"nobody", *PEOPLE}
STAFF = set(PEOPLE)
ADMIN = {"admin"}
OVERSEERS = {"chen", "zhao", "steward"}
STEWARD = {"steward"}
REVIEWERS = {"chen", "zhao"}
PHONE = {"wang", "li", "chen", "zhao", "sun", "head", "assistant", "grid"}
# Sync messages are authorised by the device's signature; tests/sync tells their stories.
SIGNED = {
    "/api/sync/push",
    "/api/sync/verify",
    "/api/sync/pull",
    "/api/sync/manifest",
    "/api/sync/fetch",
    "/api/sync/blob",
    "/api/sync/blobs",
    "/api/sync/rescue",
}

ADMITTED: dict[tuple[str, str], set[str]] = {
    ("GET", "/api/openapi.json"): ANYBODY,
    ("GET", "/api/docs"): ANYBODY,
    ("GET", "/api/docs/style.css"): ANYBODY,
    ("GET", "/api/health"): ANYBODY,
    ("POST", "/api/session"): ANYBODY,
    ("GET", "/api/session"): STAFF,
    ("DELETE", "/api/session"): ANYBODY,
    ("GET", "/api/own/sessions"): STAFF,
    ("DELETE", "/api/own/sessions"): STAFF,
    ("DELETE", "/api/own/sessions/<name>"): STAFF,
    ("POST", "/api/own/password"): STAFF,
    ("GET", "/api/own/factor"): OVERSEERS | ADMIN,
    ("POST", "/api/own/factor"): OVERSEERS | ADMIN,
    ("POST", "/api/own/factor/confirmation"): OVERSEERS | ADMIN,
    ("POST", "/api/own/factor/removal"): OVERSEERS | ADMIN,
    ("DELETE", "/api/users/<user_id>/factor"): ADMIN,
    ("PUT", "/api/users/<user_id>/training"): ADMIN,
    ("POST", "/api/users/<user_id>/training/approval"): ADMIN,
    ("GET", "/api/users/<user_id>/sessions"): ADMIN,
    ("DELETE", "/api/users/<user_id>/sessions"): ADMIN,
    ("DELETE", "/api/users/<user_id>/sessions/<name>"): ADMIN,
    ("GET", "/api/areas"): STAFF,
    ("PUT", "/api/areas"): ADMIN,
    ("PUT", "/api/areas/<code>/clinic"): ADMIN,
    ("GET", "/api/users"): ADMIN,
    ("POST", "/api/users"): ADMIN,
    ("GET", "/api/users/<user_id>"): ADMIN,
    ("PATCH", "/api/users/<user_id>"): ADMIN,
    ("GET", "/api/devices"): STAFF,
    ("POST", "/api/devices/<device_id>/revoke"): STAFF,
    ("POST", "/api/sync/enrol"): PHONE,
    ("GET", "/api/catalogue"): STAFF,
    ("GET", "/api/forms/<string:form_id>/<string:version>"): STAFF,
    ("GET", "/api/forms/<string:form_id>/<string:version>/files/<string:sha>"): STAFF,
    ("GET", "/api/forms"): ADMIN,
    ("POST", "/api/forms/check"): ADMIN,
    ("POST", "/api/forms/publish"): ADMIN,
    ("GET", "/api/forms/<string:form_id>/<string:version>/source"): ADMIN,
    ("GET", "/api/review/summary"): OVERSEERS,
    ("GET", "/api/review/visits"): OVERSEERS,
    ("GET", "/api/review/visits/<visit_id>"): OVERSEERS,
    ("POST", "/api/review/visits/<visit_id>/decision"): REVIEWERS,
    ("GET", "/api/review/visits/<visit_id>/files/<name>"): OVERSEERS,
    ("GET", "/api/review/issues"): OVERSEERS,
    ("POST", "/api/review/issues/<issue_id>"): REVIEWERS | STEWARD,
    ("POST", "/api/review/visits/<visit_id>/issues"): REVIEWERS | STEWARD,
    ("GET", "/api/review/conflicts"): OVERSEERS,
    ("GET", "/api/review/conflicts/<entity>/<value>"): OVERSEERS,
    ("POST", "/api/review/conflicts/<entity>/<value>/settlement"): REVIEWERS,
    ("GET", "/api/review/quarantine"): OVERSEERS | ADMIN,
    ("GET", "/api/review/quarantine/<item>"): OVERSEERS | ADMIN,
    ("POST", "/api/review/quarantine/<item>/release"): REVIEWERS | ADMIN,
    ("POST", "/api/review/quarantine/<item>/repair"): REVIEWERS,
    ("GET", "/api/review/phones"): OVERSEERS | ADMIN,
    ("POST", "/api/rights/find"): OVERSEERS,
    ("GET", "/api/rights/requests"): OVERSEERS,
    ("POST", "/api/rights/requests"): OVERSEERS,
    ("GET", "/api/rights/requests/<request_id>"): OVERSEERS,
    ("GET", "/api/rights/requests/<request_id>/report"): OVERSEERS,
    ("POST", "/api/rights/requests/<request_id>/handed-over"): OVERSEERS,
    ("POST", "/api/rights/requests/<request_id>/refusal"): STEWARD,
    ("POST", "/api/rights/requests/<request_id>/correction"): REVIEWERS,
    ("POST", "/api/rights/requests/<request_id>/corrected"): REVIEWERS,
    ("POST", "/api/rights/requests/<request_id>/withdrawal"): OVERSEERS,
    ("GET", "/api/rights/requests/<request_id>/erasure"): STEWARD,
    ("POST", "/api/rights/requests/<request_id>/erasure"): STEWARD,
    ("GET", "/api/rights/erasures"): STEWARD,
    ("GET", "/api/rights/erasures/<erasure_id>"): STEWARD,
    ("POST", "/api/emergency/search"): {"chen"},
    ("GET", "/api/emergency/looks"): {"chen"} | STEWARD,
    ("POST", "/api/emergency/looks/<look_id>/opening"): {"chen"},
    ("GET", "/api/emergency/looks/<look_id>/record"): {"chen"},
    ("POST", "/api/emergency/looks/<look_id>/verdict"): {"chen"} | STEWARD,
    ("GET", "/api/access-log"): STEWARD | ADMIN,
    ("GET", "/api/access-log/areas/<area>/<scope>"): STEWARD | ADMIN,
    ("GET", "/api/access-log/chains/<area>"): STEWARD | ADMIN,
    ("GET", "/api/access-log/people/<path:subject>"): STEWARD,
    ("GET", "/api/access-log/server"): ADMIN,
    ("GET", "/api/access-log/server/chain"): ADMIN,
}


def test_the_table_names_every_route(app: Flask) -> None:
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and rule.rule not in SIGNED
    }
    assert routes == set(ADMITTED)


@pytest.mark.parametrize("who", ["nobody", *PEOPLE])
def test_each_role_is_let_in_where_the_table_says(cast: Cast, who: str) -> None:
    """Let in: anything but 401 and 403. Kept out: 401 for nobody, 403 for everybody else."""
    for (method, path), admitted in ADMITTED.items():
        browser = cast.nobody() if who == "nobody" else cast.people[who].log_in()
        answer = browser.client.open(
            re.sub(r"<[^>]+>", "unknown", path),
            method=method,
            json=BODIES.get((method, path)),
            headers={"X-FS-Proto": "1"},
            buffered=True,
        )
        refused = {401} if who == "nobody" else {403}
        expected = who in admitted
        assert (answer.status_code not in {401, 403}) == expected, (method, path, answer.data)
        if not expected:
            assert answer.status_code in refused, (method, path)


BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/sync/enrol"): {},
    ("POST", "/api/users"): {},
    ("POST", "/api/forms/check"): {},
    ("POST", "/api/review/issues/<issue_id>"): {},
    ("POST", "/api/review/visits/<visit_id>/issues"): {},
    ("POST", "/api/forms/publish"): {},
    ("PUT", "/api/areas"): {},
    ("PUT", "/api/areas/<code>/clinic"): {},
    ("POST", "/api/own/password"): {},
    ("POST", "/api/own/factor"): {},
    ("POST", "/api/own/factor/confirmation"): {},
    ("POST", "/api/own/factor/removal"): {},
    ("PATCH", "/api/users/<user_id>"): {},
    ("PUT", "/api/users/<user_id>/training"): {},
    ("POST", "/api/users/<user_id>/training/approval"): {},
    ("POST", "/api/session"): {},
    ("POST", "/api/review/visits/<visit_id>/decision"): {},
    ("POST", "/api/review/conflicts/<entity>/<value>/settlement"): {},
}


class TestRoleTable:
    """The pure table says what DOMAIN asks."""

    def test_no_role_spans_housing_review_and_health(self) -> None:
        for role in access.ROLES:
            both = all(access.may_review(role, scope) for scope in access.SCOPES)
            assert not both, role

    def test_only_a_worker_reads_both_scopes_and_never_what_the_clinic_sees(self) -> None:
        reading = {
            role: {s: access.audiences(role, s) for s in access.SCOPES} for role in access.ROLES
        }
        both = [role for role, scopes in reading.items() if all(scopes.values())]
        assert both == ["worker"]
        assert [r for r, scopes in reading.items() if "clinic" in scopes["health"]] == ["nurse"]

    def test_an_administrator_reads_no_content(self) -> None:
        assert not any(access.audiences("admin", scope) for scope in access.SCOPES)
        assert not access.grantable_scopes("admin")

    def test_whoever_decides_also_reads(self) -> None:
        for role in access.ROLES:
            for scope in access.SCOPES:
                if access.may_oversee(role, scope):
                    assert access.audiences(role, scope), (role, scope)

    def test_issues_are_kept_by_who_domain_names_each_in_their_scope(self) -> None:
        keeping = {
            scope: {role for role in access.ROLES if access.issue_acts(role, scope) == "CRU"}
            for scope in access.SCOPES
        }
        assert keeping == {"housing": {"area", "steward"}, "health": {"nurse"}}
        assert not any(access.may_review("steward", scope) for scope in access.SCOPES)

    def test_an_unknown_role_may_nothing(self) -> None:
        assert access.audiences("mayor", "health") == ()
        assert access.grantable_scopes("mayor") == ()
        assert not access.may_oversee("mayor", "housing")
        assert not access.carries("mayor")
