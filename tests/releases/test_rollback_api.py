"""Rolling back, corrupted data, incidents and alerts over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Delivery
from cybercube_portal.audit.signing import new_secret, seal
from cybercube_portal.catalog.models import Service
from releases.actions.deadlines import TIME_OUT
from releases.actions.outcomes import pass_deployment
from releases.actions.rollback import DRIVE
from releases.models import Deployment, GateDecision, Incident
from releases.states import DeploymentState, IncidentState
from tests.factories.deployments import HOUR, SERVICE, applied, deployed
from tests.releases.working import work

OLD, BAD = "v2.3.0", "v2.3.1"
ALERTS = "/integrations/alerts/"


@pytest.fixture
def bad(held: datetime) -> Deployment:
    """v2.3.1 runs in production, v2.3.0 ran there before."""
    deployed(OLD, at=held - 24 * HOUR)
    return deployed(BAD, at=held - HOUR)


@pytest.fixture
def pipeline(api: Callable[..., APIClient]) -> APIClient:
    return api("ci-payments", scopes=["deployments"])


def url(deployment: Deployment, verb: str) -> str:
    return f"/api/v1/deployments/{deployment.reference}/{verb}/"


def test_roll_back__by_the_teams_pipeline__answers_with_what_is_under_way(bad: Deployment, pipeline: APIClient) -> None:
    answer = pipeline.post(url(bad, "roll_back"), {"reason": "6 % errors", "trigger": "error_rate"})

    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["state"] == "rolling_back"
    rollback = body["rollback"]
    assert (rollback["to_version"], rollback["trigger"], rollback["method"]) == (OLD, "error_rate", "redeploy")
    assert rollback["incident"].startswith("INC-")
    assert pipeline.get(f"/api/v1/deployments/{rollback['deployment']}/").json()["rolls_back"] == bad.reference


def test_roll_back__sent_twice_under_one_key__once(bad: Deployment, pipeline: APIClient) -> None:
    headers = {"Idempotency-Key": "once"}

    first = pipeline.post(url(bad, "roll_back"), {"reason": "Errors"}, headers=headers)
    second = pipeline.post(url(bad, "roll_back"), {"reason": "Errors"}, headers=headers)

    assert first.json() == second.json()
    assert Deployment.objects.filter(action="rollback").count() == 1


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
def test_roll_back__refused_by_the_gate__stays_in_its_log_with_a_key_and_without(
    bad: Deployment, held: datetime, pipeline: APIClient, headers: dict[str, str]
) -> None:
    applied(bad, phase="contract", at=held - timedelta(minutes=30))

    answer = pipeline.post(url(bad, "roll_back"), {"reason": "Errors"}, headers=headers)

    assert answer.status_code == 409, answer.content
    decision = GateDecision.objects.get(action="rollback")
    assert [row.outcome for row in decision.evaluations.all()] == ["deny"]


def test_roll_back__nothing_to_go_back_to__409_says_what_to_do(held: datetime, pipeline: APIClient) -> None:
    first = deployed(BAD, at=held - HOUR)

    answer = pipeline.post(url(first, "roll_back"), {"reason": "Errors"})

    assert answer.status_code == 409
    (reason,) = [row for row in answer.json()["reasons"] if row["outcome"] == "fail"]
    assert (reason["code"], reason["remedy"]) == ("rollback.no_target", "Fix forward.")


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "x", "trigger": "mood"}, {"reason": "x", "to": OLD}, {"reason": 3}]
)
def test_roll_back__body_of_another_shape__400(bad: Deployment, pipeline: APIClient, body: dict[str, Any]) -> None:
    assert pipeline.post(url(bad, "roll_back"), body).status_code == 400
    assert Deployment.objects.get(pk=bad.pk).state == DeploymentState.HEALTHY


def test_roll_back__moves__offered_only_for_what_stands(bad: Deployment, pipeline: APIClient) -> None:
    old = Deployment.objects.get(version=OLD)

    def offered(row: Deployment) -> bool:
        moves = pipeline.get(f"/api/v1/deployments/{row.reference}/").json()["moves"]
        return bool(next(move for move in moves if move["verb"] == "roll_back")["allowed"])

    assert (offered(bad), offered(old)) == (True, False)


def test_rollback_of_a_pipeline__by_an_allow_of_the_gate__is_told_like_any_other(
    bad: Deployment, api: Callable[..., APIClient]
) -> None:
    ci = api("ci-payments", scopes=["gate", "deployments"])
    question = {"service": SERVICE, "version": OLD, "environment": "prd", "action": "rollback"}
    decision = ci.post("/api/v1/gate/decisions/", question).json()
    assert decision["decision"] == "allow", decision

    started = ci.post("/api/v1/deployments/", {"decision": decision["id"], "method": "rolling"})

    assert started.status_code == 201, started.content
    rollback = started.json()["rollback"]
    assert (rollback["driver"], rollback["method"], rollback["takes_back"]) == ("pipeline", "redeploy", bad.reference)
    assert rollback["incident"] is not None
    again = ci.post("/api/v1/gate/decisions/", question).json()
    refused = ci.post("/api/v1/deployments/", {"decision": again["id"], "method": "rolling"})
    assert refused.status_code == 409, refused.content


def test_rollback_by_hand__finished_by_on_call__is_verified_next(
    bad: Deployment, held: datetime, api: Callable[..., APIClient]
) -> None:
    grace = api("grace", scopes=["deployments"])
    rollback = grace.post(url(bad, "roll_back"), {"reason": "Errors"}).json()["rollback"]["deployment"]
    work(DRIVE)
    shown = grace.get(f"/api/v1/deployments/{rollback}/").json()
    assert "kubectl set image" in shown["rollback"]["driver_said"]
    assert shown["rollback"]["handed_over_at"] is not None

    finished = grace.post(f"/api/v1/deployments/{rollback}/finish/", {"status": "succeeded"})

    assert finished.status_code == 200, finished.content
    assert finished.json()["state"] == "verifying"
    assert finished.json()["verification"]["state"] == "queued"
    passed = pass_deployment(reference=rollback, observed_version=OLD, now=held)
    assert passed.rolls_back is not None
    assert Deployment.objects.get(pk=bad.pk).state == DeploymentState.ROLLED_BACK


def test_rollback__given_up_or_never_finished__both_ends_are_final(
    bad: Deployment, held: datetime, api: Callable[..., APIClient], clock_at: Callable[[datetime], datetime]
) -> None:
    grace = api("grace", scopes=["deployments"])
    first = grace.post(url(bad, "roll_back"), {"reason": "Errors"}).json()["rollback"]["deployment"]
    grace.post(f"/api/v1/deployments/{first}/abort/", {"reason": "Wrong target"})
    states = [Deployment.objects.get(reference=name).state for name in (first, bad.reference)]
    assert states == [DeploymentState.FAILED, DeploymentState.ROLLBACK_FAILED]
    again = grace.post(f"/api/v1/deployments/{first}/roll_back/", {"reason": "Now for real"})
    assert again.json()["rollback"]["to_version"] == OLD
    grace.post(f"/api/v1/deployments/{again.json()['rollback']['deployment']}/abort/", {"reason": "No"})

    newest = deployed("v2.4.0", at=held)
    second = grace.post(url(newest, "roll_back"), {"reason": "Errors"}).json()["rollback"]["deployment"]
    work(DRIVE)
    clock_at(held + HOUR)
    work(TIME_OUT)
    states = [Deployment.objects.get(reference=name).state for name in (second, newest.reference)]
    assert states == [DeploymentState.FAILED, DeploymentState.ROLLBACK_FAILED]


def test_rollback__driver_never_answers__failed_after_four_tries_and_on_call_is_paged(
    bad: Deployment, held: datetime, api: Callable[..., APIClient], clock_at: Callable[[datetime], datetime]
) -> None:
    config = {"url": "http://nowhere.invalid/rollback", "sealed": [seal(new_secret())]}
    Service.objects.filter(slug=SERVICE).update(
        rollback_driver="webhook", rollback_config=config, allowed_hosts=["nowhere.invalid"]
    )
    grace = api("grace", scopes=["deployments"])
    grace.post(url(bad, "roll_back"), {"reason": "Errors"})

    for seconds in (0, 10, 30, 70):
        clock_at(held + timedelta(seconds=seconds))
        work(DRIVE)
    work()

    assert Deployment.objects.get(action="rollback").state == DeploymentState.FAILED
    assert Deployment.objects.get(pk=bad.pk).state == DeploymentState.ROLLBACK_FAILED
    assert Delivery.objects.filter(subject__startswith="CRITICAL: Rollback failed").count() == 2


def test_report_corruption__by_a_person__sev_1(bad: Deployment, api: Callable[..., APIClient]) -> None:
    answer = api("alice", scopes=["deployments"]).post(url(bad, "report_corruption"), {"reason": "Totals differ"})

    assert answer.status_code == 200, answer.content
    assert Incident.objects.get().severity == "SEV-1"


def test_notice__before_it_is_sent__kept(bad: Deployment, api: Callable[..., APIClient]) -> None:
    alice = api("alice", scopes=["deployments"])
    alice.post(url(bad, "roll_back"), {"reason": "Errors"})

    answer = alice.post(url(bad, "notice"), {"impact": "- Nobody noticed"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["rollback"]["impact"] == "- Nobody noticed"


def test_incidents__reported_listed_resolved(bad: Deployment, api: Callable[..., APIClient]) -> None:
    grace = api("grace", scopes=["deployments"])
    sent = {"service": SERVICE, "environment": "production", "title": "Checkout fails", "severity": "SEV-2"}

    made = grace.post("/api/v1/incidents/", sent)

    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["environment"], body["deployment"], body["state"]) == ("prd", bad.reference, "open")
    assert [row["id"] for row in grace.get("/api/v1/incidents/?state=open").json()["results"]] == [body["id"]]
    over = grace.post(f"/api/v1/incidents/{body['id']}/resolve/", {})
    assert over.json()["state"] == "resolved"
    assert grace.get("/api/v1/incidents/?state=open").json()["results"] == []
    assert grace.post(f"/api/v1/incidents/{body['id']}/resolve/", {}).status_code == 409


def alert(held: datetime, *, status: str = "firing", **members: Any) -> dict[str, Any]:
    """As Alertmanager 0.28 sends it."""
    return {
        "status": status,
        "labels": {"alertname": "HighErrorRate", "service": SERVICE, "severity": "critical", "environment": "prd"},
        "annotations": {"summary": "6 % of requests fail", "runbook_url": "https://runbooks.example.com/1"},
        "startsAt": (held - timedelta(minutes=3)).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else held.isoformat(),
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=x",
        "fingerprint": "c5f1b1a2d3e4f506",
        **members,
    }


def envelope(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="HighErrorRate"}',
        "truncatedAlerts": 0,
        "status": alerts[0]["status"],
        "receiver": "portal",
        "groupLabels": {"alertname": "HighErrorRate"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "alerts": list(alerts),
    }


def outcomes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["outcome"] for row in answer.json()["results"]]


def test_alerts__firing_repeated_resolved__one_incident_from_start_to_end(
    bad: Deployment, held: datetime, pipeline: APIClient
) -> None:
    assert outcomes(pipeline.post(ALERTS, envelope(alert(held)))) == ["opened"]
    assert outcomes(pipeline.post(ALERTS, envelope(alert(held)))) == ["known"]
    assert outcomes(pipeline.post(ALERTS, envelope(alert(held, status="resolved")))) == ["resolved"]
    assert outcomes(pipeline.post(ALERTS, envelope(alert(held, status="resolved")))) == ["nothing_open"]

    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.deployment) == (
        "6 % of requests fail",
        "critical",
        bad.reference,
    )
    assert (incident.detected_at, incident.resolved_at) == (held - timedelta(minutes=3), held)


def test_alerts__unknown_service_beside_a_known_one__each_answered_by_itself(
    bad: Deployment, held: datetime, pipeline: APIClient
) -> None:
    strange = alert(held, labels={"alertname": "x", "service": "nobodys"}, fingerprint="other")

    answer = pipeline.post(ALERTS, envelope(strange, alert(held)))

    assert outcomes(answer) == ["refused", "opened"]
    assert "nobodys" in answer.json()["results"][0]["message"]


@pytest.mark.parametrize(
    "labels", [{"service": "nobodys"}, {"alertname": "x"}, {"service": SERVICE, "environment": "moon"}]
)
def test_alerts__none_understood__422_names_the_label(
    bad: Deployment, held: datetime, pipeline: APIClient, labels: dict[str, str]
) -> None:
    answer = pipeline.post(ALERTS, envelope(alert(held, labels=labels)))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/alerts/0/labels/service"
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("who", "options", "status"),
    [
        ("alice", {"scopes": ["deployments"]}, 403),
        ("ci-payments", {"scopes": ["gate"]}, 403),
        ("ci-search", {"scopes": ["deployments"]}, 200),
        ("ci-payments", {"scopes": ["deployments"], "services": [SERVICE]}, 200),
    ],
)
@pytest.mark.usefixtures("bad")
def test_alerts__caller__a_service_account_with_the_scope(
    held: datetime, api: Callable[..., APIClient], who: str, options: dict[str, Any], status: int
) -> None:
    assert api(who, **options).post(ALERTS, envelope(alert(held))).status_code == status


def test_alerts__key_for_another_service__refused_for_this_one(
    bad: Deployment, held: datetime, api: Callable[..., APIClient]
) -> None:
    narrow = api("ci-search", scopes=["deployments"], services=["search-api"])

    assert narrow.post(ALERTS, envelope(alert(held))).status_code == 422
    assert not Incident.objects.exists()


def test_alerts__without_a_credential_whatever_the_body__401(bad: Deployment) -> None:
    assert APIClient().post(ALERTS, "not json", content_type="text/plain").status_code == 401


@pytest.mark.parametrize(
    "members",
    [
        {"startsAt": "yesterday"},
        {"fingerprint": ""},
        {"status": "smouldering"},
        {"labels": "service"},
        {"labels": None},
    ],
)
def test_alerts__not_alertmanagers_shape__400(
    bad: Deployment, held: datetime, pipeline: APIClient, members: dict[str, Any]
) -> None:
    assert pipeline.post(ALERTS, envelope(alert(held, **members))).status_code == 400


def test_alerts__ended_before_it_began_or_in_the_future__times_are_kept_in_order(
    bad: Deployment, held: datetime, pipeline: APIClient
) -> None:
    pipeline.post(ALERTS, envelope(alert(held, startsAt=(held + HOUR).isoformat())))
    pipeline.post(ALERTS, envelope(alert(held, status="resolved", endsAt=(held - 9 * HOUR).isoformat())))

    incident = Incident.objects.get()
    assert (incident.state, incident.detected_at, incident.resolved_at) == (IncidentState.RESOLVED, held, held)
