"""The API against its own OpenAPI schema: hostile and honest requests to every operation (reliability.md section 6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cybercube_portal.wsgi import application
from tests.factories.people import Cast

EXAMPLES = 3
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
PROFILE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CSRF = "c" * 32

Headers = dict[str, str]


@pytest.fixture
def as_admin(browser_session: Callable[[str], Client]) -> Headers:
    session = browser_session("admin").cookies["sessionid"].value
    return {"Cookie": f"sessionid={session}; csrftoken={CSRF}", "X-CSRFToken": CSRF}


@pytest.fixture
def as_engineer(key_of: Callable[..., str]) -> Headers:
    return {"Authorization": f"Bearer {key_of('alice')}"}


@pytest.fixture
def as_nobody(cast: Cast) -> Headers:
    return {}


def operations() -> Iterator[APIOperation[Any, Any, Any, Any]]:
    out = StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=out)
    schema = schemathesis.openapi.from_dict(json.loads(out.getvalue()))
    schema.app = application
    # A text above its limit may be above that of the whole body too.
    schema.config.checks.negative_data_rejection.expected_statuses.append("413")
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


@pytest.mark.long(16)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("identity", ["as_admin", "as_engineer", "as_nobody"])
def test_contract__any_request__answered_as_the_schema_says(request: pytest.FixtureRequest, identity: str) -> None:
    headers: Headers = request.getfixturevalue(identity)

    failures: list[str] = []

    def send(case: Case[Any]) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    for operation in operations():
        for mode in GenerationMode:
            run = given(case=operation.as_strategy(generation_mode=mode))(send)
            try:
                PROFILE(run)()
            except FailureGroup as found:
                failures += [f"{operation.label}: {failure}" for failure in found.exceptions]
    assert not failures, "\n\n".join(failures)
