"""Verify a deployment (§4.7): queue the checks, judge what they found, and pass, fail or doubt the deployment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cybercube_portal.audit.actions import open_intent
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from releases.actions.outcomes import fail_deployment, pass_deployment
from releases.actions.recording import record_deployment
from releases.checks import Checked
from releases.events import DeploymentEvent, VerificationEvent
from releases.models import CheckResult, Deployment, Verification
from releases.policy.verification import Finding, Thresholds, counts, failing_before, reason_of, verdict_of
from releases.selectors.deployment_moves import permit
from releases.selectors.deployments import lock_deployment
from releases.selectors.verification import lock_verification
from releases.states import CheckKind, DeploymentState, Verdict

VERIFY = "releases.verify_deployment"
PAUSE = timedelta(seconds=3)
LONGEST_REASON = 10_000


@transaction.atomic
def verify_deployment(*, reference: str, actor: Actor, now: datetime) -> Verification:
    """Make the checks once more, after they left a doubt. Raises NotFound, NotPermitted, MoveRefused."""
    deployment = lock_deployment(reference)
    permit(deployment, "verify", actor=actor, now=now)
    return queue_verification(deployment, actor=actor, now=now)


@transaction.atomic
def fail_unverified(*, reference: str, reason: str, actor: Actor, now: datetime) -> Deployment:
    """On-call does not trust what could not be verified. Raises NotFound, NotPermitted, MoveRefused, Invalid without a reason."""
    deployment = lock_deployment(reference)
    permit(deployment, "fail", actor=actor, now=now)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        message = f"Say why it failed, in at most {LONGEST_REASON} characters."
        raise Invalid.field("/reason", "deployment.reason_missing", message)
    return fail_deployment(reference=reference, reason=reason, actor=actor, now=now)


def queue_verification(deployment: Deployment, *, actor: Recorded, now: datetime) -> Verification:
    """Promise one run of all checks; `deployment` is locked and finished."""
    verification = Verification(
        deployment=deployment,
        number=deployment.verifications.count() + 1,
        queued_at=now,
        queued_by=actor.audit_identity()["id"],
    )
    verification.save()
    record_deployment(VerificationEvent.QUEUED, deployment, actor=actor, at=now, number=verification.number)
    open_intent(VERIFY, deployment.reference, {"number": verification.number}, at=now)
    return verification


@transaction.atomic
def conclude_verification(*, reference: str, number: int, checked: Sequence[Checked], now: datetime) -> datetime | None:
    """Judge one round of checks: results, verdict and the deployment's move together, exactly once.

    Returns when to look again while the round does not count yet, else None. Raises NotFound.
    """
    deployment = lock_deployment(reference)
    verification = lock_verification(deployment, number)
    if verification is None:
        return None
    if deployment.state != DeploymentState.VERIFYING or not checked:
        _doubt(
            verification,
            f"The deployment was {deployment.get_state_display().lower()} before the checks were made.",
            now=now,
        )
        return None
    if verification.started_at is None:
        verification.run(at=now)
        verification.save()
    findings = [one.finding for one in checked]
    if not _counts(deployment, verification, findings, now=now):
        return now + PAUSE
    CheckResult.objects.bulk_create(_result(verification, one, at=now) for one in checked)
    _end(deployment, verification, findings, now=now)
    return None


@transaction.atomic
def give_up_verification(*, reference: str, number: int, error: str, now: datetime) -> None:
    """The checks could not be made at all: a doubt, which on-call is told of. Raises NotFound."""
    deployment = lock_deployment(reference)
    verification = lock_verification(deployment, number)
    if verification is None:
        return
    _doubt(verification, f"The checks could not be made: {error}", now=now)
    if deployment.state == DeploymentState.VERIFYING:
        _say_uncertain(deployment, verification, now=now)


def _counts(deployment: Deployment, verification: Verification, findings: Sequence[Finding], *, now: datetime) -> bool:
    bad = failing_before(
        deployment.baseline, Thresholds.of(deployment.service.thresholds), is_rollback=deployment.is_rollback
    )
    return counts(
        findings, since=verification.queued_at, now=now, settle=settings.VERIFICATION_SETTLE, failed_before=bad
    )


def _end(deployment: Deployment, verification: Verification, findings: Sequence[Finding], *, now: datetime) -> None:
    verdict = verdict_of(findings)
    verification.message = reason_of(findings, verdict)
    if verdict is Verdict.PASS:
        verification.pass_all(at=now)
    elif verdict is Verdict.FAIL:
        verification.fail(at=now)
    else:
        verification.doubt(at=now, message=verification.message)
    verification.save()
    record_deployment(
        VerificationEvent.ENDED,
        deployment,
        actor=SYSTEM,
        at=now,
        number=verification.number,
        verdict=verdict.value,
        checks=[_shown(finding) for finding in findings],
    )
    if verdict is Verdict.PASS:
        pass_deployment(reference=deployment.reference, observed_version=_observed(findings), now=now)
    elif verdict is Verdict.FAIL:
        fail_deployment(reference=deployment.reference, reason=verification.message, now=now)
    else:
        _say_uncertain(deployment, verification, now=now)


def _doubt(verification: Verification, message: str, *, now: datetime) -> None:
    verification.doubt(at=now, message=message)
    verification.save()


def _say_uncertain(deployment: Deployment, verification: Verification, *, now: datetime) -> None:
    record_deployment(
        DeploymentEvent.UNCERTAIN,
        deployment,
        actor=SYSTEM,
        at=now,
        number=verification.number,
        reason=verification.message,
        deadline_at=deployment.deadline_at,
    )


def _result(verification: Verification, one: Checked, *, at: datetime) -> CheckResult:
    finding = one.finding
    return CheckResult(
        verification=verification,
        kind=finding.kind,
        verdict=finding.verdict,
        code=finding.code,
        message=finding.message,
        value=finding.value,
        threshold=finding.threshold,
        seen=dict(finding.seen),
        seconds=one.seconds,
        at=at,
    )


def _shown(finding: Finding) -> dict[str, str | float | None]:
    return {
        "kind": finding.kind.value,
        "verdict": finding.verdict.value,
        "code": finding.code,
        "value": finding.value,
        "threshold": finding.threshold,
    }


def _observed(findings: Sequence[Finding]) -> str:
    return next((str(finding.seen["version"]) for finding in findings if finding.kind is CheckKind.HEALTH), "")
