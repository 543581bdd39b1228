"""What the metrics were before a deployment: what "2x baseline" is measured against (§8.1, §8.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from releases.checks import Checked
from releases.models import Deployment
from releases.selectors.deployments import lock_deployment


@transaction.atomic
def keep_baseline(*, reference: str, checked: Sequence[Checked], now: datetime) -> Deployment:
    """Keep what was read for the moment it started: {error_rate, latency_p99, read_at}, without what could not be read.

    Raises NotFound.
    """
    deployment = lock_deployment(reference)
    known = {one.finding.kind.value: one.finding.value for one in checked if one.finding.value is not None}
    if known and not deployment.baseline:
        deployment.baseline = {**known, "read_at": now.isoformat()}
        deployment.save(update_fields=["baseline"])
    return deployment
