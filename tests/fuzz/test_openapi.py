"""Whatever the API's own description allows, sent by each kind of person, gets a proper answer."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core import NOT_SET
from schemathesis.generation import GenerationMode

from fieldapp import create_app
from fieldapp.apidocs import document
from tests.conftest import settings_for

from .caller import Caller, Known, type_of

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))


@cache
def described() -> dict[str, Any]:
    """The API's OpenAPI document."""
    with create_app(settings_for(Path(os.devnull), "sqlite://")).app_context():
        found: dict[str, Any] = document()
    return found


OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (
        result.ok() for result in schemathesis.openapi.from_dict(described()).get_all_operations()
    )
}


def encoded(body: Any) -> bytes:
    """What is drawn as a body, as bytes."""
    if isinstance(body, bytes):
        return body
    return b"" if body is NOT_SET else json.dumps(body).encode()


def query_of(values: Any) -> list[tuple[str, str]]:
    """What is drawn as a query, as pairs; lists give several."""
    if not isinstance(values, dict):
        return []
    return [
        (str(name), str(one).encode("utf-8", "replace").decode())
        for name, value in values.items()
        for one in (value if isinstance(value, list) else [value])
    ]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_answers_properly(caller: Caller, known: Known, name: str) -> None:
    operation = OPERATIONS[name]
    drawn = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=drawn, real=st.booleans())
    def send(case: Any, real: bool) -> None:
        path = operation.path
        for key, value in (case.path_parameters or {}).items():
            value = known.values.get(key, value) if real else value
            text = str(value).encode("utf-8", "replace").decode()
            path = path.replace(f"{{{key}}}", quote(text, safe=""))
        caller.send(
            operation.method.upper(),
            path,
            body=encoded(case.body),
            query=query_of(case.query),
            content_type=type_of(path),
        )

    send()
