"""Keep how far each service is today."""

from __future__ import annotations

from datetime import UTC, datetime

from cybercube_portal.catalog import selectors as catalog
from releases.models import ComplianceDay
from releases.policy.compliance import Status, tally
from releases.selectors.compliance import compliance_of, with_counts

AT_ONCE = 100


def keep_compliance(*, now: datetime) -> int:
    """One row for each service and UTC day; a later look of the day takes the place of an earlier one. Returns how many."""
    kept, after = 0, ""
    while services := list(with_counts(catalog.services().filter(slug__gt=after), now=now).order_by("slug")[:AT_ONCE]):
        found = compliance_of(services, now=now)
        rows = [
            ComplianceDay(
                service=service,
                day=now.astimezone(UTC).date(),
                **{status.value.lower(): tally(found[service.slug])[status] for status in Status},
            )
            for service in services
        ]
        ComplianceDay.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["service", "day"],
            update_fields=["complete", "partial", "pending"],
        )
        kept, after = kept + len(rows), services[-1].slug
    return kept
