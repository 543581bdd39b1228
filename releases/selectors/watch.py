"""What was seen of a deployment while it is watched (§5.3)."""

from __future__ import annotations

from releases.models import Deployment, WatchSample
from releases.policy.verification import Thresholds
from releases.policy.watching import FAILURES_IN_A_ROW, Seen, Sight
from releases.states import UNDER_WAY, DeploymentState

# Unread samples between two that tell something do not hide a row of failures.
LOOKED_BACK = 3 * FAILURES_IN_A_ROW


def is_being_watched(deployment: Deployment) -> bool:
    """Healthy in production, and its watch has not ended."""
    return (
        deployment.state == DeploymentState.HEALTHY
        and deployment.watch_until is not None
        and deployment.watched_at is None
    )


def deployments_watched() -> int:
    """How many are being watched now."""
    watched = Deployment.objects.filter(watch_until__isnull=False, watched_at__isnull=True)
    return watched.filter(state=DeploymentState.HEALTHY).count()


def newer_there(deployment: Deployment) -> Deployment | None:
    """What was deployed in its place since: healthy before what is still under way."""
    later = Deployment.objects.filter(
        service_id=deployment.service_id,
        environment=deployment.environment,
        pk__gt=deployment.pk,
        state__in=[DeploymentState.HEALTHY, *UNDER_WAY],
    )
    rows = sorted(later, key=lambda row: row.state != DeploymentState.HEALTHY)
    return rows[0] if rows else None


def findings_so_far(deployment: Deployment) -> set[str]:
    """Every row of §8.5 that a sample fell under already: each is told once."""
    return {finding for row in deployment.samples.values_list("findings", flat=True) for finding in row}


def sight_of(deployment: Deployment, sample: WatchSample) -> Sight:
    """`sample`, not stored yet, after those before it, against the service's thresholds and the baseline."""
    before = list(deployment.samples.order_by("-at", "-id")[:LOOKED_BACK])
    p99 = deployment.baseline.get("latency_p99")
    return Sight(
        samples=[seen(row) for row in (*reversed(before), sample)],
        thresholds=Thresholds.of(deployment.service.thresholds),
        baseline_p99=None if p99 is None else float(p99),
    )


def seen(row: WatchSample) -> Seen:
    """One sample as a fact."""
    return Seen(is_healthy=row.is_healthy, error_rate=row.error_rate, latency_p99=row.latency_p99)
