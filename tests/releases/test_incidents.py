"""Incidents (§8.5): of people, of rollbacks in production, of corrupted data."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Event
from cybercube_portal.errors import Invalid, MoveRefused, NotPermitted
from releases.actions.corruption import report_corruption
from releases.actions.driving import note_report
from releases.actions.incidents import Trouble, report_incident, resolve_incident
from releases.actions.notices import edit_notice, offer_rollback, page_on_call, send_notice, tell_on_call
from releases.actions.outcomes import pass_deployment
from releases.actions.rollback import start_rollback
from releases.drivers import Progress, Report
from releases.models import CheckResult, Deployment, Incident, Rollback, Verification, WatchSample
from releases.states import DeploymentState, IncidentSource, IncidentState, Trigger
from tests.factories.changes import actor
from tests.factories.deployments import HOUR, SERVICE, deployed
from tests.factories.notices import mails_of

OLD, BAD = "v2.3.0", "v2.3.1"


@pytest.fixture
def bad(held: datetime) -> Deployment:
    """v2.3.1 runs in production, v2.3.0 ran there before."""
    deployed(OLD, at=held - 24 * HOUR)
    return deployed(BAD, at=held - HOUR)


def taken_back(bad: Deployment, *, now: datetime) -> Deployment:
    return start_rollback(
        reference=bad.reference, trigger=Trigger.FUNCTIONALITY, reason="Broken", actor=actor("grace"), now=now
    )


def restored(bad: Deployment, *, now: datetime) -> Deployment:
    rollback = taken_back(bad, now=now)
    note_report(reference=rollback.reference, report=Report(Progress.DONE, "Done."), now=now)
    return pass_deployment(reference=rollback.reference, observed_version=OLD, now=now)


def test_report_incident__by_on_call__belongs_to_the_last_deployment_before_it(bad: Deployment, held: datetime) -> None:
    trouble = Trouble(service=SERVICE, environment="prd", title="Checkout fails", severity="SEV-2")
    incident = report_incident(trouble=trouble, actor=actor("grace"), now=held)

    earlier = Trouble(service=SERVICE, environment="prd", title="Slow", detected_at=held - 2 * HOUR)
    before = report_incident(trouble=earlier, actor=actor("alice"), now=held)

    assert incident.deployment == bad.reference
    assert before.deployment not in {"", bad.reference}
    assert Event.objects.filter(verb="incident.detected").count() == 2


@pytest.mark.parametrize("who", ["oscar", "kim", "ci-search"])
def test_report_incident__by_somebody_elses_team__not_permitted(bad: Deployment, held: datetime, who: str) -> None:
    with pytest.raises(NotPermitted):
        report_incident(trouble=Trouble(service=SERVICE, environment="prd", title="x"), actor=actor(who), now=held)


def test_report_incident__in_the_future_or_of_no_severity__invalid(bad: Deployment, held: datetime) -> None:
    for members in ({"detected_at": held + HOUR}, {"severity": "bad"}, {"title": " "}):
        trouble = Trouble(**{"service": SERVICE, "environment": "prd", "title": "x", **members})  # type: ignore[arg-type]
        with pytest.raises(Invalid):
            report_incident(trouble=trouble, actor=actor("grace"), now=held)


def test_resolve_incident__twice__the_second_is_refused(bad: Deployment, held: datetime) -> None:
    trouble = Trouble(service=SERVICE, environment="prd", title="x")
    reference = report_incident(trouble=trouble, actor=actor("grace"), now=held).reference

    with pytest.raises(Invalid):
        resolve_incident(reference=reference, resolved_at=held - HOUR, actor=actor("grace"), now=held)
    assert resolve_incident(reference=reference, actor=actor("grace"), now=held).resolved_at == held
    with pytest.raises(MoveRefused):
        resolve_incident(reference=reference, actor=actor("grace"), now=held)


def test_rollback_in_production__opens_an_incident_since_it_was_bad_and_ends_it_when_restored(
    bad: Deployment, held: datetime
) -> None:
    since = held - timedelta(minutes=15)
    WatchSample.objects.create(deployment=bad, at=since, error_rate=0.06, findings=["errors_over_5"])

    restored(bad, now=held)

    incident = Incident.objects.get()
    assert (incident.source, incident.deployment) == (IncidentSource.ROLLBACK, bad.reference)
    assert (incident.detected_at, incident.state, incident.resolved_at) == (since, IncidentState.RESOLVED, held)


def test_rollback_in_production__after_a_failed_check__bad_since_that_check(held: datetime) -> None:
    deployed(OLD, at=held - 24 * HOUR)
    failed = deployed(BAD, at=held - HOUR, state=DeploymentState.FAILED)
    seen = held - timedelta(minutes=50)
    verification = Verification.objects.create(deployment=failed, number=1, queued_at=seen, queued_by="ci-payments")
    CheckResult.objects.create(
        verification=verification, kind="health", verdict="fail", code="x", message="503", seconds=0.1, at=seen
    )

    restored(failed, now=held)
    send_notice(reference=failed.reference, now=held)

    assert Incident.objects.get().detected_at == seen
    notice = Rollback.objects.get().notice
    assert "~50 minutes at degraded state" in notice
    assert "was not measured" in notice


def test_rollback_in_production__incident_known_already__is_linked_and_stays_open(
    bad: Deployment, held: datetime
) -> None:
    known = report_incident(
        trouble=Trouble(service=SERVICE, environment="prd", title="x"), actor=actor("grace"), now=held
    )

    rollback = restored(bad, now=held)

    assert rollback.rollback.incident == known.reference
    assert Incident.objects.get().state == IncidentState.OPEN


def test_rollback_in_production__failed_and_tried_again__one_incident_for_both(bad: Deployment, held: datetime) -> None:
    first = taken_back(bad, now=held)
    note_report(reference=first.reference, report=Report(Progress.REFUSED, "No."), now=held)

    restored(first, now=held)

    assert Incident.objects.get().state == IncidentState.RESOLVED


def test_rollback_in_staging__opens_no_incident(held: datetime) -> None:
    deployed(OLD, at=held - 24 * HOUR, environment="stg")

    taken_back(deployed(BAD, at=held - HOUR, environment="stg"), now=held)

    assert not Incident.objects.exists()


def test_report_corruption__sev_1_for_the_commander_and_nothing_automatic_any_more(
    bad: Deployment, held: datetime
) -> None:
    incident = report_corruption(reference=bad.reference, reason="Totals differ", actor=actor("alice"), now=held)

    assert (incident.severity, incident.deployment) == ("SEV-1", bad.reference)
    assert {mail.target for mail in mails_of("data_corruption")} == {"grace@example.com", "heidi@example.com"}
    mail = mails_of("data_corruption")[0]
    assert "Stop the traffic" in mail.payload["body"]
    assert f"/deployments/{bad.reference}/roll_back/?trigger=data_corruption" in mail.payload["body"]
    with pytest.raises(MoveRefused) as refused:
        start_rollback(reference=bad.reference, trigger=Trigger.ERROR_RATE, reason="6 %", actor=SYSTEM, now=held)
    assert refused.value.code == "rollback.corruption_reported"
    with pytest.raises(MoveRefused):
        report_corruption(reference=bad.reference, reason="Again", actor=actor("alice"), now=held)


def test_report_corruption__by_another_team_or_without_a_reason__refused(bad: Deployment, held: datetime) -> None:
    with pytest.raises(NotPermitted):
        report_corruption(reference=bad.reference, reason="x", actor=actor("oscar"), now=held)
    with pytest.raises(Invalid):
        report_corruption(reference=bad.reference, reason=" ", actor=actor("grace"), now=held)


def test_offer_rollback__failed_in_production__on_call_is_told_the_way_back_once(held: datetime) -> None:
    deployed(OLD, at=held - 24 * HOUR)
    failed = deployed(BAD, at=held - HOUR, state=DeploymentState.FAILED)

    assert offer_rollback(reference=failed.reference, now=held) == 2
    assert offer_rollback(reference=failed.reference, now=held) == 0

    mail = mails_of("rollback_prepared")[0]
    assert OLD in mail.payload["body"]
    assert f"/deployments/{failed.reference}/roll_back/" in mail.payload["body"]
    assert not Deployment.objects.filter(action="rollback").exists()


def test_send_notice__restored__kept_mailed_to_team_and_on_call_once(bad: Deployment, held: datetime) -> None:
    began = held - timedelta(minutes=15)
    for minutes, rate in ((0, 0.06), (5, 0.02)):
        at = began + timedelta(minutes=minutes)
        WatchSample.objects.create(deployment=bad, at=at, error_rate=rate, findings=["errors_over_5"])
    rollback = restored(bad, now=held)

    sent = send_notice(reference=bad.reference, now=held)

    assert sent == mails_of("rollback_notice").count() > 2
    assert send_notice(reference=bad.reference, now=held) == 0
    rollback.rollback.refresh_from_db()
    notice = rollback.rollback.notice
    assert "**Duration:** ~15 minutes at degraded state" in notice
    assert "~4% of requests affected" in notice
    assert "On-call: Grace Gupta (grace@example.com)" in notice
    assert {"alice@example.com", "grace@example.com"} <= {mail.target for mail in mails_of("rollback_notice")}
    assert Event.objects.filter(verb="deployment.notice_sent", object_id=rollback.reference).count() == 1


def test_edit_notice__before_and_after_it_was_sent__peoples_words_stand_in_it(bad: Deployment, held: datetime) -> None:
    rollback = restored(bad, now=held)

    edit_notice(reference=rollback.reference, impact="- Nobody noticed", actor=actor("alice"), now=held)
    send_notice(reference=bad.reference, now=held)
    edit_notice(reference=bad.reference, next_steps="- Call the customers", actor=actor("carol"), now=held)

    rollback.rollback.refresh_from_db()
    assert "- Nobody noticed" in rollback.rollback.notice
    assert "- Call the customers" in rollback.rollback.notice
    with pytest.raises(NotPermitted):
        edit_notice(reference=bad.reference, impact="x", actor=actor("oscar"), now=held)


def test_page_on_call__rollback_failed__critical(bad: Deployment, held: datetime) -> None:
    rollback = taken_back(bad, now=held)
    note_report(reference=rollback.reference, report=Report(Progress.REFUSED, "No such image."), now=held)

    assert page_on_call(reference=bad.reference, now=held) == 2
    assert mails_of("rollback_failed")[0].subject.startswith("CRITICAL: Rollback failed")
    assert send_notice(reference=bad.reference, now=held) > 2
    rollback.rollback.refresh_from_db()
    assert "CRITICAL" in rollback.rollback.notice


def test_tell_on_call__by_hand__exact_commands_in_the_mail(bad: Deployment, held: datetime) -> None:
    rollback = taken_back(bad, now=held)
    report = Report(Progress.HANDED_OVER, "kubectl set image deployment/billing-service …")
    note_report(reference=rollback.reference, report=report, now=held)

    assert tell_on_call(reference=rollback.reference, now=held) == 2
    assert "kubectl set image" in mails_of("rollback_by_hand")[0].payload["body"]
