from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import Evidence, Service
from cybercube_portal.catalog.selectors import artifact_facts, artifacts
from cybercube_portal.catalog.states import Stage
from tests.factories.catalog import artifact_body, scan_body

ARTIFACT = "/api/v1/artifacts/billing-service:v2.3.1/"
URL = f"{ARTIFACT}evidence/"


@pytest.fixture
def pipeline(pipeline: APIClient) -> APIClient:
    """The pipeline that registered billing-service:v2.3.1."""
    pipeline.post("/api/v1/artifacts/", artifact_body())
    return pipeline


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_report_evidence__scan__stored_and_recorded(pipeline: APIClient) -> None:
    answer = pipeline.post(
        URL, scan_body(url="https://ci.example.com/1", summary={"critical": 0, "high": 2, "tool": "trivy"})
    )
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["summary"] == {"critical": 0, "high": 2, "tool": "trivy"}
    assert shown["reported_by"] == "ci-payments"
    assert shown["run"] == {}
    event = Event.objects.get(verb="evidence.reported")
    assert event.object_id == "billing-service:v2.3.1"
    assert event.data["digest"] == artifact_body()["digest"]
    assert event.data["summary"] == shown["summary"]


def test_report_evidence__same_stage_again__the_latest_counts(pipeline: APIClient) -> None:
    pipeline.post(URL, {"stage": "test", "status": "failed", "summary": {"coverage": 61.5}})
    pipeline.post(URL, {"stage": "test", "status": "passed", "summary": {"coverage": 82.25}})
    pipeline.post(URL, {"stage": "build", "status": "passed"})
    shown = pipeline.get(ARTIFACT).json()
    assert shown["stages"] == {"build": "passed", "test": "passed"}
    assert [(row["stage"], row["summary"]) for row in shown["evidence"]] == [
        ("build", {}),
        ("test", {"coverage": 82.25}),
    ]
    assert Evidence.objects.count() == 3


def test_artifact_facts__reported_stages__what_policies_judge(
    pipeline: APIClient, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    pipeline.post(URL, scan_body(status="failed", summary={"critical": 1, "high": 0}))
    pipeline.post(URL, scan_body())
    with django_assert_max_num_queries(4):
        (fact,) = artifact_facts(artifacts()).values()
    assert fact.reference == "billing-service:v2.3.1"
    assert fact.service.team == "payments"
    assert fact.stages[Stage.SCAN].passed
    assert fact.stages[Stage.SCAN].summary == {"critical": 0, "high": 0}
    assert Stage.TEST not in fact.stages


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (scan_body(summary={}), [("/summary/critical", "evidence.counts"), ("/summary/high", "evidence.counts")]),
        (scan_body(summary={"critical": 0}), [("/summary/high", "evidence.counts")]),
        (scan_body(summary={"critical": -1, "high": 0}), [("/summary/critical", "evidence.counts")]),
        (scan_body(summary={"critical": "0", "high": 0}), [("/summary/critical", "evidence.counts")]),
        (scan_body(summary={"critical": False, "high": 0}), [("/summary/critical", "evidence.counts")]),
        (scan_body(summary={"critical": 0.5, "high": 0}), [("/summary/critical", "evidence.counts")]),
        (
            {"stage": "test", "status": "passed", "summary": {"coverage": 100.01}},
            [("/summary/coverage", "evidence.coverage")],
        ),
        (
            {"stage": "test", "status": "passed", "summary": {"coverage": -1}},
            [("/summary/coverage", "evidence.coverage")],
        ),
        (
            {"stage": "test", "status": "passed", "summary": {"coverage": "90 %"}},
            [("/summary/coverage", "evidence.coverage")],
        ),
        (
            {"stage": "test", "status": "passed", "summary": {"coverage": True}},
            [("/summary/coverage", "evidence.coverage")],
        ),
        (scan_body(url="javascript:alert(1)"), [("/url", "evidence.url")]),
        (scan_body(url="https://user:secret@ci.example.com/1"), [("/url", "evidence.url")]),
        (
            {"stage": "build", "status": "passed", "summary": {"log": "x" * 20_000}},
            [("/summary", "evidence.too_large")],
        ),
    ],
)
def test_report_evidence__numbers_the_gate_cannot_judge__refused(
    pipeline: APIClient, body: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    answer = pipeline.post(URL, body)
    assert answer.status_code == 422
    assert codes(answer) == found
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (scan_body(stage="prayer"), "/stage"),
        (scan_body(status="green"), "/status"),
        (scan_body(summary=[]), "/summary"),
        (scan_body(run={"provider": "github", "id": "1"}), "/run"),
        (scan_body(reported_by="ci-payments"), "/reported_by"),
        (scan_body(reported_at="2020-01-01T00:00:00Z"), "/reported_at"),
        ({"status": "passed"}, "/stage"),
    ],
)
def test_report_evidence__not_of_the_schema__400_with_pointer(
    pipeline: APIClient, body: dict[str, Any], pointer: str
) -> None:
    answer = pipeline.post(URL, body)
    assert answer.status_code == 400
    assert pointer in [found for found, _ in codes(answer)]
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("username", ["alice", "bob", "frank", "oscar", "ivan", "kim", "admin"])
def test_report_evidence__person__refused(
    pipeline: APIClient, browser_session: Callable[[str], Client], username: str
) -> None:
    answer = browser_session(username).post(URL, scan_body(), content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission.pipeline_only"
    assert not Evidence.objects.exists()


def test_report_evidence__person_with_a_key__refused(pipeline: APIClient, api: Callable[..., APIClient]) -> None:
    answer = api("alice").post(URL, scan_body())
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission.pipeline_only"


def test_report_evidence__pipeline_of_another_team__refused(
    pipeline: APIClient, search_api: Service, api: Callable[..., APIClient]
) -> None:
    answer = api("ci-search").post(URL, scan_body())
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission.service_account"
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("key", "code"),
    [({"scopes": ["gate", "deployments"]}, "key.scope_missing"), ({"services": ["ledger"]}, "key.service_not_covered")],
)
def test_report_evidence__key_for_something_else__refused(
    pipeline: APIClient, api: Callable[..., APIClient], key: dict[str, Any], code: str
) -> None:
    answer = api("ci-payments", **key).post(URL, scan_body())
    assert answer.status_code == 403
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    "reference", ["billing-service:v9.9.9", "ledger:v2.3.1", "billing-service:latest", "billing-service:x"]
)
def test_report_evidence__unregistered_artifact__404(pipeline: APIClient, reference: str) -> None:
    answer = pipeline.post(f"/api/v1/artifacts/{reference}/evidence/", scan_body())
    assert answer.status_code == 404
    assert answer.json()["code"] == "artifact.unknown"


def test_report_evidence__nobody__401(pipeline: APIClient, client: Client) -> None:
    assert client.post(URL, scan_body(), content_type="application/json").status_code == 401
