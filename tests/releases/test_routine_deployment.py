"""`"template": "routine-deployment"`: the standard change is filed, checked and linked in the same call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from rest_framework.test import APIClient

from changes.models import ChangeRequest, Freeze
from cybercube_portal.catalog.models import Artifact
from tests.factories import changes as story
from tests.factories import releases as lives
from tests.releases.asking import SERVICE, URL, VERSION, blocking, decisions, prove

TEMPLATE = "routine-deployment"
QUESTION = {"service": SERVICE, "version": VERSION, "environment": "prd", "template": TEMPLATE}


@pytest.fixture
def pipeline(api: Callable[..., APIClient]) -> APIClient:
    """A pipeline that may file changes too."""
    return api("ci-payments", scopes=["gate", "changes"])


@pytest.mark.usefixtures("artifact")
def test_template__a_patch_that_passed_its_tests__is_filed_and_allowed(pipeline: APIClient, held: datetime) -> None:
    body = pipeline.post(URL, QUESTION).json()
    assert body["decision"] == "allow", blocking(body)
    change = ChangeRequest.objects.get(number=body["change"])
    assert (change.type, change.state, change.requester.username) == ("standard", "approved", "ci-payments")
    assert change.artifacts[0]["version"] == VERSION
    assert decisions().get().change_named == change.number


@pytest.mark.usefixtures("artifact")
def test_template__asked_again__uses_the_change_it_filed(pipeline: APIClient) -> None:
    first, second = (pipeline.post(URL, QUESTION).json()["change"] for _ in range(2))
    assert first == second
    assert ChangeRequest.objects.count() == 1


@pytest.mark.usefixtures("approved")
def test_template__an_approved_change_is_in_its_slot__files_nothing(
    pipeline: APIClient, slot: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    clock_at(slot)
    assert pipeline.post(URL, QUESTION).json()["decision"] == "allow"
    assert ChangeRequest.objects.count() == 1


@pytest.mark.usefixtures("artifact")
def test_template__in_a_dry_run__judges_as_if_filed_and_keeps_nothing(pipeline: APIClient) -> None:
    body = pipeline.post(URL, {**QUESTION, "dry_run": True}).json()
    assert body["decision"] == "allow"
    assert not ChangeRequest.objects.exists()
    assert not decisions().exists()


def test_template__a_condition_does_not_hold__denies_with_it_and_files_nothing(
    pipeline: APIClient, held: datetime
) -> None:
    row = story.artifact(
        story.service(SERVICE),
        VERSION,
        at=held,
        migrations=[{"filename": "f", "kind": "schema", "phase": None, "findings": [], "sql": ""}],
    )
    for stage, summary in (("build", {}), ("test", {}), ("scan", {"critical": 0, "high": 0})):
        prove(row, stage, at=held, summary=summary)
    lives.staged(at=held - timedelta(hours=2))
    body = pipeline.post(URL, QUESTION).json()
    assert body["decision"] == "deny"
    assert blocking(body) == {"standard.no_migrations", "change.missing"}
    assert not ChangeRequest.objects.exists()


def test_template__what_the_gate_turns_away_anyhow__is_not_filed(
    pipeline: APIClient, artifact: Artifact, held: datetime
) -> None:
    prove(artifact, "scan", at=held, status="failed", summary={"critical": 1, "high": 0})
    assert "evidence.failed" in blocking(pipeline.post(URL, QUESTION).json())
    assert not ChangeRequest.objects.exists()


@pytest.mark.usefixtures("artifact")
def test_template__in_a_holiday_freeze__is_filed_and_denied(
    pipeline: APIClient, held: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(held - timedelta(minutes=1))
    body = pipeline.post(URL, QUESTION).json()
    assert (body["decision"], blocking(body)) == ("deny", {"freeze.covers_window"})


@pytest.mark.usefixtures("artifact")
def test_template__below_production__files_nothing(pipeline: APIClient) -> None:
    assert pipeline.post(URL, {**QUESTION, "environment": "stg"}).json()["decision"] == "allow"
    assert not ChangeRequest.objects.exists()


@pytest.mark.usefixtures("artifact")
def test_template__a_key_that_may_not_file_changes__is_403(ci: APIClient) -> None:
    refused = ci.post(URL, QUESTION)
    assert (refused.status_code, refused.json()["code"]) == (403, "key.scope_missing")
    assert not ChangeRequest.objects.exists()
    assert not decisions().exists()


@pytest.mark.usefixtures("artifact")
def test_template__the_same_question_sent_twice__files_one_change(pipeline: APIClient) -> None:
    first = pipeline.post(URL, QUESTION, headers={"Idempotency-Key": "deploy-17"}).json()
    ChangeRequest.objects.filter(number=first["change"]).update(scheduled_time="2026-01-10T00:00:00Z")
    again = pipeline.post(URL, QUESTION, headers={"Idempotency-Key": "deploy-17"}).json()
    assert again == first
    assert ChangeRequest.objects.count() == 1
