"""Compliance over REST and as pages: what the facts in the database show, in few queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from rest_framework.test import APIClient

from changes.models import ChangeRequest
from cybercube_portal.catalog.models import Artifact, Service
from releases.actions.compliance import keep_compliance
from releases.actions.outcomes import end_watch, fail_deployment
from releases.actions.watch import give_up_watch
from releases.models import ComplianceDay, Deployment, WatchSample
from releases.policy.compliance import REQUIREMENTS, WINDOW
from releases.states import DeploymentState
from releases.views.compliance import badge_url
from tests.factories import changes as story
from tests.factories.deployments import deployed, digest_of
from tests.releases.asking import prove
from tests.releases.page_words import MOST_QUERIES, queries_of, words

URL = "/api/v1/compliance/"
SERVICE = "billing-service"
DAY = timedelta(days=1)


def shipped(version: str, *, at: datetime, **fields: Any) -> None:
    """To production, under a change."""
    Deployment.objects.filter(pk=deployed(version, at=at, **fields).pk).update(change="CR-2026-0101-001")


@pytest.fixture
def statuses(api: Callable[..., APIClient]) -> Callable[..., dict[str, str]]:
    """`statuses()`: title -> status of billing-service, over REST."""

    def read(service: str = SERVICE) -> dict[str, str]:
        (row,) = api("ci-payments").get(URL, {"service": service}).json()["results"]
        assert row["service"] == service
        return {found["title"]: found["status"] for found in row["requirements"]}

    return read


@pytest.fixture
def found(api: Callable[..., APIClient]) -> Callable[..., dict[str, dict[str, str]]]:
    """`found()`: title -> row of billing-service, over REST."""

    def read() -> dict[str, dict[str, str]]:
        (row,) = api("alice").get(URL, {"service": SERVICE}).json()["results"]
        return {found["title"]: found for found in row["requirements"]}

    return read


def test_compliance__service_without_a_history__is_pending_with_a_next_step(
    api: Callable[..., APIClient], held: datetime
) -> None:
    body = api("alice").get(URL).json()

    assert set(body) == {"next", "previous", "results"}
    assert [row["service"] for row in body["results"]] == [SERVICE, "search-api"]
    rows = body["results"][0]["requirements"]
    assert body["results"][0]["trend"] == []
    assert list(rows[0]) == ["section", "title", "status", "proof", "proof_url", "next_step", "next_url"]
    assert {row["status"] for row in rows} == {"PENDING"}
    assert all(row["next_step"] and row["next_url"] for row in rows)


@pytest.mark.usefixtures("artifact")
def test_compliance__after_a_whole_way__shows_what_was_done(
    statuses: Callable[..., dict[str, str]], held: datetime
) -> None:
    Service.objects.filter(slug=SERVICE).update(
        repository="https://git.example.com/billing",
        rollback_driver="webhook",
        metrics={"error_rate": "a", "latency_p99": "b"},
        urls={"dev": "https://a.dev.example.com", "stg": "https://a.stg.example.com", "prd": "https://a.example.com"},
    )
    for days in (22, 15, 8, 1):
        version = f"v2.3.{10 + days}"
        deployed(version, at=held - days * DAY - timedelta(hours=2), environment="stg")
        shipped(version, at=held - days * DAY)
    deployed("v2.3.32", at=held - DAY / 2, action="rollback")

    found = statuses()
    for title in (
        "Weekly releases",
        "Environment separation: addresses",
        "Promotion through staging",
        "Monitoring",
        "Change management",
        "Rollback automation",
        "Artifact registry",
        "Version numbers",
        "Post-deployment verification",
        "Change freezes",
        "Records of emergencies",
    ):
        assert found[title] == "COMPLETE", title
    assert found["Artifact signing (cosign)"] == "PENDING"


def test_compliance__deployed_past_staging_or_without_a_change__is_partial(
    statuses: Callable[..., dict[str, str]], held: datetime
) -> None:
    deployed("v2.3.1", at=held - 3 * DAY, environment="stg")
    shipped("v2.3.1", at=held - 2 * DAY)
    deployed("v2.3.2", at=held - DAY)
    # Afterwards proves nothing.
    deployed("v2.3.2", at=held, environment="stg")

    found = statuses()
    assert found["Promotion through staging"] == "PARTIAL"
    assert found["Change management"] == "PARTIAL"


def test_compliance__failed_in_staging_and_taken_back__was_never_healthy_there(
    found: Callable[..., dict[str, dict[str, str]]], held: datetime
) -> None:
    bad = deployed("v2.3.1", at=held - 3 * DAY, environment="stg", state=DeploymentState.FAILED)
    bad.roll_back(at=held - 3 * DAY)
    bad.save()
    bad.restore(at=held - 3 * DAY)
    bad.save()
    shipped("v2.3.1", at=held - 2 * DAY)

    assert found()["Promotion through staging"]["status"] == "PENDING"


def test_compliance__staged_before_the_window_began__counts_as_promoted(
    found: Callable[..., dict[str, dict[str, str]]], held: datetime
) -> None:
    deployed("v2.3.1", at=held - WINDOW - DAY, environment="stg")
    shipped("v2.3.1", at=held - WINDOW + DAY)

    assert found()["Promotion through staging"]["status"] == "COMPLETE"


def test_compliance__what_lacks_something__is_named_and_counted_as_its_list_counts_it(
    found: Callable[..., dict[str, dict[str, str]]], browser_session: Callable[[str], Client], held: datetime
) -> None:
    shipped("v2.3.1", at=held - 4 * DAY)
    timed_out = deployed("v2.3.2", at=held - 3 * DAY, state=DeploymentState.VERIFYING)
    fail_deployment(reference=timed_out.reference, reason="Nobody verified it in time.", now=held - 2 * DAY)
    watched = deployed("v2.3.3", at=held - DAY)
    WatchSample.objects.create(deployment=watched, at=held - DAY, is_healthy=True)
    end_watch(reference=watched.reference, now=held - DAY / 2)
    unseen = deployed("v2.3.4", at=held - DAY / 2)
    give_up_watch(reference=unseen.reference, error="No host may be called.", now=held - DAY / 4)
    rows, alice = found(), browser_session("alice")

    verified, watch = rows["Post-deployment verification"], rows["Monitoring for 30 minutes"]
    assert verified["proof"].startswith("3 of 4 deployments carried out in production got a verdict")
    assert verified["proof_url"] == f"/deployments/{timed_out.reference}/"
    assert watch["proof"].startswith("1 of 3 "), "a watch that saw nothing is none"
    assert watch["proof_url"] == f"/deployments/{unseen.reference}/"
    listed = alice.get(rows["Weekly releases"]["proof_url"]).context["shown"].page.rows
    assert f"{len(listed)} of 3 deployments" in rows["Version numbers"]["proof"]
    for row in rows.values():
        for address in filter(None, (row["proof_url"], row["next_url"])):
            assert alice.get(address).status_code == 200, address


def test_compliance__coverage_below_what_is_asked__is_no_passed_pipeline(
    found: Callable[..., dict[str, dict[str, str]]], held: datetime
) -> None:
    service = story.service(SERVICE)
    built = story.artifact(service, "v2.3.1", at=held - DAY)
    for stage, summary in (("build", {}), ("test", {"coverage": 79.9}), ("scan", {"critical": 0, "high": 0})):
        prove(built, stage, at=held, summary=summary)
    assert found()["CI pipeline"]["status"] == "COMPLETE"
    Service.objects.filter(pk=service.pk).update(minimum_coverage=80)

    assert found()["CI pipeline"]["status"] == "PARTIAL"
    assert "The coverage is 79.9 %, 80.00 % is asked." in found()["CI pipeline"]["proof"]
    assert found()["CI pipeline"]["proof_url"] == f"/services/{SERVICE}/versions/v2.3.1/"


@pytest.mark.usefixtures("artifact")
def test_compliance__emergencies__owe_a_record_within_a_day(
    found: Callable[..., dict[str, dict[str, str]]], held: datetime
) -> None:
    def due(hours: float, *, recorded: float | None) -> None:
        row, at = story.emergency(now=held - 9 * DAY), held + timedelta(hours=hours)
        written = None if recorded is None else at + timedelta(hours=recorded)
        ChangeRequest.objects.filter(pk=row.pk).update(record_due_at=at, recorded_at=written)

    due(-100, recorded=-1)
    due(-90, recorded=3)
    due(5, recorded=None)
    assert found()["Records of emergencies"]["proof"] == "1 of 2 emergencies had their record within 24 hours."
    due(-1, recorded=None)
    row = found()["Records of emergencies"]
    assert (row["status"], row["proof"]) == ("PARTIAL", "1 record of an emergency is overdue.")


def test_compliance__newest_artifact__is_the_one_that_is_judged(
    statuses: Callable[..., dict[str, str]], held: datetime
) -> None:
    service = story.service(SERVICE)
    finding = {"rule": "renaming-column", "severity": "error"}
    file = {"filename": "f", "sql": "", "kind": "schema", "phase": "contract", "findings": [finding]}
    story.artifact(service, "v2.3.1", at=held - DAY, signature="MEUC", digest=digest_of("a"))
    assert statuses()["Artifact signing (cosign)"] == "COMPLETE"
    assert statuses()["Database migrations"] == "COMPLETE"
    story.artifact(service, "v2.3.2", at=held, migrations=[file], digest=digest_of("b"))

    assert Artifact.objects.count() == 2
    assert statuses()["Artifact signing (cosign)"] == "PENDING"
    assert statuses()["Database migrations"] == "PARTIAL"


@pytest.mark.parametrize(("query", "status"), [("service=nothing", 404), ("what=x", 400), ("team=search", 200)])
def test_compliance__narrowed__by_team_or_service(
    api: Callable[..., APIClient], held: datetime, query: str, status: int
) -> None:
    answer = api("alice").get(f"{URL}?{query}")

    assert answer.status_code == status
    if status == 200:
        assert [row["service"] for row in answer.json()["results"]] == ["search-api"]


def test_pages__list_and_service__tell_the_same_as_rest(
    browser_session: Callable[[str], Client], api: Callable[..., APIClient], held: datetime
) -> None:
    deployed("v2.3.1", at=held)
    alice = browser_session("alice")
    shown = words(alice.get(f"/compliance/{SERVICE}/"))

    (row,) = api("alice").get(URL, {"service": SERVICE}).json()["results"]
    complete = sum(found["status"] == "COMPLETE" for found in row["requirements"])
    assert f"{complete} of {len(row['requirements'])} requirements are complete" in shown
    assert all(" ".join(found["proof"].split()) in shown for found in row["requirements"])
    assert f"{complete} / {len(row['requirements'])}" in words(alice.get("/compliance/"))
    assert "search-api" not in words(alice.get("/compliance/?team=1"))
    assert alice.get("/compliance/nothing/").status_code == 404


@pytest.mark.parametrize("path", ["/compliance/", f"/compliance/{SERVICE}/"])
def test_pages__with_many_services__take_few_queries(
    browser_session: Callable[[str], Client], held: datetime, path: str
) -> None:
    deployed("v2.3.1", at=held)
    few = queries_of(browser_session("alice"), path)
    for number in range(10):
        deployed("v1.0.0", at=held, service=story.service(f"service-{number}").slug)

    assert queries_of(browser_session("alice"), path) == few
    assert few <= MOST_QUERIES


def test_trend__kept_day_by_day__shows_the_weeks_before(
    browser_session: Callable[[str], Client], api: Callable[..., APIClient], held: datetime
) -> None:
    assert keep_compliance(now=held - 14 * DAY) == 2
    shipped("v2.3.1", at=held - 8 * DAY)
    keep_compliance(now=held - 7 * DAY - timedelta(hours=3))
    keep_compliance(now=held - 7 * DAY)
    keep_compliance(now=held - 3 * DAY)

    assert ComplianceDay.objects.filter(service__slug=SERVICE).count() == 3
    (row,) = api("alice").get(URL, {"service": SERVICE}).json()["results"]
    assert [(point["day"], point["complete"]) for point in row["trend"]] == [("2025-12-31", 0), ("2026-01-07", 9)]
    assert "7 Jan 2026" in words(browser_session("alice").get(f"/compliance/{SERVICE}/"))


def test_badge__of_a_service__is_a_picture_with_its_count(
    browser_session: Callable[[str], Client], held: datetime
) -> None:
    page = words(browser_session("alice").get(f"/compliance/{SERVICE}/"))
    address = badge_url(SERVICE)
    assert f"[![STD-ENG-006]({address})]" in page
    path = urlsplit(address).path
    answer: Any = Client().get(path)

    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert f"STD-ENG-006: 0 / {len(REQUIREMENTS)}" in answer.content.decode()
    assert SERVICE not in answer.content.decode()
    assert Client().get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_badge__without_its_own_address__is_hidden(held: datetime) -> None:
    other = urlsplit(badge_url("search-api")).path.replace("search-api", SERVICE)
    guessed = urlsplit(badge_url(SERVICE)).path.replace("/badges/", "/badges/x")
    assert [Client().get(path).status_code for path in (other, guessed, f"/badges/-/{SERVICE}.svg")] == [404] * 3
    assert Client().get(urlsplit(badge_url("nothing")).path).status_code == 404
