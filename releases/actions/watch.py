"""Watch a production deployment for the 30 minutes after (§5.3) and do what §8.5 says about what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import MoveRefused
from releases.actions.outcomes import end_watch
from releases.actions.recording import record_deployment
from releases.actions.rollback import start_rollback
from releases.checks import Checked
from releases.events import DeploymentEvent
from releases.models import Deployment, WatchSample
from releases.policy.verification import Finding
from releases.policy.watching import Response, Scenario, judge, roll_back_row
from releases.selectors.deployments import get_deployment, lock_deployment
from releases.selectors.rollbacks import is_by_flag
from releases.selectors.watch import findings_so_far, is_being_watched, newer_there, sight_of
from releases.states import UNDER_WAY, CheckKind, DeploymentState, Trigger, Verdict, WatchFinding

OTHER_VERSION = "health.other_version"


@transaction.atomic
def take_sample(*, reference: str, checked: Sequence[Checked], now: datetime) -> datetime | None:
    """Keep what was seen and act on it: roll back, alert, or nothing. Returns when to look again; None once the watch is over.

    A newer deployment that is healthy ends the watch; while one is under way what is seen may be either's, so nothing is
    judged by it. Raises NotFound.
    """
    # The service first, as everybody who starts something there does: a rollback may begin below.
    catalog.lock_service(get_deployment(reference).service.slug)
    deployment = lock_deployment(reference)
    if not is_being_watched(deployment) or deployment.watch_until is None:
        return None
    newer = newer_there(deployment)
    if newer is not None and newer.state == DeploymentState.HEALTHY:
        end_watch(reference=reference, now=now)
        return None
    if checked:
        _judge(deployment, _sample(deployment, checked, at=now), newer=newer, now=now)
    if not is_being_watched(lock_deployment(reference)):
        return None
    if now >= deployment.watch_until:
        end_watch(reference=reference, now=now)
        return None
    return min(now + settings.WATCH_INTERVAL, deployment.watch_until)


@transaction.atomic
def give_up_watch(*, reference: str, error: str, now: datetime) -> None:
    """Nothing could be looked at: on-call is told, and the watch ends with that. Raises NotFound."""
    deployment = lock_deployment(reference)
    if is_being_watched(deployment):
        _alert(deployment, [WatchFinding.UNREADABLE], f"It cannot be watched: {error}", now=now)
        end_watch(reference=reference, now=now)


def _judge(deployment: Deployment, sample: WatchSample, *, newer: Deployment | None, now: datetime) -> None:
    known = findings_so_far(deployment)
    if newer is not None and newer.state in UNDER_WAY:
        sample.message = f"{newer.reference} is under way here, so that nothing is judged by this."
        sample.save()
        return
    sight = sight_of(deployment, sample)
    rows = judge(sight)
    said = " ".join(row.says(sight) for row in rows)
    sample.findings = [row.finding.value for row in rows]
    sample.message = " ".join(part for part in (said, sample.message) if part)
    sample.save()
    grave = roll_back_row(rows)
    if grave is not None and _is_rolled_back(deployment, grave, reason=grave.says(sight), now=now):
        return
    fresh = [row.finding for row in rows if row.finding.value not in known]
    if fresh:
        _alert(deployment, fresh, said, now=now)


def _is_rolled_back(deployment: Deployment, row: Scenario, *, reason: str, now: datetime) -> bool:
    """Whether the system goes back. A rollback is never taken back by itself: the two versions would take turns; after a flag there is one left to try."""
    is_end_of_the_way = deployment.is_rollback and not is_by_flag(deployment)
    if is_end_of_the_way or row.response is not Response.ROLL_BACK:
        return False
    try:
        start_rollback(
            reference=deployment.reference,
            trigger=row.trigger or Trigger.ERROR_RATE,
            reason=reason,
            actor=SYSTEM,
            now=now,
        )
    except MoveRefused:
        return False
    return True


def _alert(deployment: Deployment, findings: Sequence[WatchFinding], message: str, *, now: datetime) -> None:
    deployment.alerted_at = deployment.alerted_at or now
    deployment.save(update_fields=["alerted_at"])
    record_deployment(
        DeploymentEvent.ALERTED,
        deployment,
        actor=SYSTEM,
        at=now,
        findings=[finding.value for finding in findings],
        message=message,
    )


def _sample(deployment: Deployment, checked: Sequence[Checked], *, at: datetime) -> WatchSample:
    found = {one.finding.kind: one.finding for one in checked}
    health = found[CheckKind.HEALTH]
    is_other = health.code == OTHER_VERSION
    return WatchSample(
        deployment=deployment,
        at=at,
        # Another version is no failing health check: what was deployed past the portal is for the observations to tell.
        is_healthy=None if health.verdict is Verdict.INCONCLUSIVE else health.verdict is Verdict.PASS or is_other,
        observed_version=str(health.seen.get("version", ""))[:128],
        error_rate=found[CheckKind.ERROR_RATE].value,
        latency_p99=found[CheckKind.LATENCY_P99].value,
        message=" ".join(one.message for one in found.values() if _is_worth_telling(one)),
    )


def _is_worth_telling(finding: Finding) -> bool:
    """What a figure does not say by itself."""
    return finding.value is None and finding.verdict is not Verdict.PASS
