"""POST deployments/ and its verbs: an allow is spent once, by whoever asked, and everything known of a deployment is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from cybercube_portal.catalog.models import Artifact
from releases.models import Deployment
from tests.factories import releases as lives
from tests.releases.asking import DIGEST, SERVICE, VERSION, Ask

URL = "/api/v1/deployments/"
Hold = Callable[[datetime], datetime]
RUN = {"provider": "github", "id": "10001", "attempt": 2, "url": "https://ci.example.com/10001"}


@pytest.fixture
def ci(api: Callable[..., APIClient]) -> APIClient:
    """A pipeline that may also deploy."""
    return api("ci-payments", scopes=["gate", "deployments"])


def test_start__an_allow_for_staging__runs_and_tells_everything(
    ask: Ask, ci: APIClient, artifact: Artifact, held: datetime
) -> None:
    allow = ask(environment="stg", run=RUN)

    answer = ci.post(URL, {"decision": allow["id"], "method": "blue_green", "run": RUN})

    assert answer.status_code == 201, answer.content
    body = answer.json()
    row = Deployment.objects.latest("id")
    assert body["id"] == row.reference
    assert body["id"].startswith("DEP-")
    expected = {
        "service": SERVICE,
        "team": "payments",
        "version": VERSION,
        "expected_version": VERSION,
        "observed_version": None,
        "digest": DIGEST,
        "environment": "stg",
        "action": "deploy",
        "method": "blue_green",
        "state": "running",
        "decision": allow["id"],
        "change": None,
        "release": None,
        "verification": None,
        "watch": None,
        "rollback": None,
        "run": RUN,
        "steps": [],
    }
    assert {name: body[name] for name in expected} == expected
    assert body["started_by"]["username"] == "ci-payments"
    assert [(move["verb"], move["allowed"]) for move in body["moves"]] == [
        ("finish", True),
        ("abort", True),
        ("roll_back", False),  # nothing was healthy there before
        ("report_corruption", False),  # a person does
    ]
    assert [event["verb"] for event in body["history"]] == ["deployment.started"]
    assert ci.get(f"{URL}{row.reference}/").json() == body


@pytest.mark.usefixtures("artifact")
def test_start__by_token__is_held_to_what_the_token_says(ask: Ask, ci: APIClient) -> None:
    allow = ask(environment="stg")
    answer = ci.post(URL, {"decision": allow["token"]})
    assert answer.status_code == 201, answer.content
    assert answer.json()["decision"] == allow["id"]


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ("nothing", "decision.malformed"),
        ("a.b.c", "token.not_ours"),
        ("eyJhbGciOiJub25lIn0.eyJkZWNpc2lvbiI6IngifQ.", "token.not_ours"),
    ],
)
def test_start__no_decision_of_ours__is_refused_where_it_was_sent(ci: APIClient, decision: str, code: str) -> None:
    answer = ci.post(URL, {"decision": decision})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("/decision", code)]


@pytest.mark.usefixtures("artifact")
def test_start__a_decision_that_is_unknown__is_not_found(ci: APIClient) -> None:
    answer = ci.post(URL, {"decision": "00000000-0000-4000-8000-000000000000"})
    assert (answer.status_code, answer.json()["code"]) == (404, "gate.decision_unknown")


@pytest.mark.usefixtures("artifact")
def test_start__the_same_request_again__is_answered_with_what_was_started(ask: Ask, ci: APIClient) -> None:
    body = {"decision": ask(environment="stg")["id"]}
    once, again = (ci.post(URL, body, headers={"Idempotency-Key": "run-1"}) for _ in range(2))
    assert (once.status_code, again.status_code) == (201, 201)
    assert once.json() == again.json()
    assert Deployment.objects.filter(decision=body["decision"]).count() == 1


@pytest.mark.usefixtures("artifact")
def test_verbs__a_deployment_that_succeeds__is_verified_next(ask: Ask, ci: APIClient) -> None:
    reference = ci.post(URL, {"decision": ask(environment="stg")["id"]}).json()["id"]

    finished = ci.post(f"{URL}{reference}/finish/", {"status": "succeeded", "note": "12 pods"})

    assert finished.status_code == 200, finished.content
    assert (finished.json()["state"], finished.json()["note"]) == ("verifying", "12 pods")
    again = ci.post(f"{URL}{reference}/finish/", {"status": "succeeded"})
    assert (again.status_code, again.json()["code"]) == (409, "state.move_not_possible")


@pytest.mark.usefixtures("artifact")
def test_verbs__a_deployment_that_failed_or_was_given_up__is_over(ask: Ask, ci: APIClient) -> None:
    first = ci.post(URL, {"decision": ask(environment="stg")["id"]}).json()["id"]
    failed = ci.post(f"{URL}{first}/finish/", {"status": "failed", "note": "Quota"})
    assert (failed.json()["state"], failed.json()["note"]) == ("failed", "Quota")

    second = ci.post(URL, {"decision": ask(environment="stg")["id"]}).json()["id"]
    assert ci.post(f"{URL}{second}/abort/", {"reason": " "}).status_code == 400
    aborted = ci.post(f"{URL}{second}/abort/", {"reason": "Wrong branch"})
    assert (aborted.json()["state"], aborted.json()["moves"]) == ("aborted", [])


def test_list__filters__narrow_it(api: Callable[..., APIClient], artifact: Artifact, held: datetime) -> None:
    lives.healthy("dev", at=held)
    running = lives.started("stg", at=held + timedelta(hours=1))
    client = api("kim")

    def found(**filters: Any) -> list[str]:
        return [row["id"] for row in client.get(URL, filters).json()["results"]]

    assert found(state="running") == [running.reference]
    assert found(environment="stg")[0] == running.reference
    assert len(found(service=SERVICE, team="payments", version=VERSION)) == 3
    assert found(team="search") == found(change="CR-2026-0114-999") == found(release="REL-001") == []
    assert client.get(URL, {"state": "sleeping"}).status_code == 400
