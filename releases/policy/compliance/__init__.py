"""Compliance: how far a service is along the standard, judged from facts. Pure."""

from releases.policy.compliance.facts import (
    WINDOW,
    Answered,
    Built,
    Emergencies,
    Link,
    Page,
    ServiceFacts,
    Shipped,
    Status,
)
from releases.policy.compliance.table import REQUIREMENTS, Judged, judged, tally

__all__ = [
    "REQUIREMENTS",
    "WINDOW",
    "Answered",
    "Built",
    "Emergencies",
    "Judged",
    "Link",
    "Page",
    "ServiceFacts",
    "Shipped",
    "Status",
    "judged",
    "tally",
]
