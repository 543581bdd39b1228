"""What the gate answered lately."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, OuterRef, QuerySet, Subquery

from cybercube_portal.catalog import selectors as catalog
from releases.models import GateDecision, GateEvaluation


def latest_decisions(*, teams: Iterable[str]) -> QuerySet[GateDecision]:
    """Questions about services of `teams`, newest first, each with its last `outcome`, `change` and `decided_at`."""
    last = GateEvaluation.objects.filter(decision=OuterRef("pk")).order_by("-id")
    return (
        GateDecision.objects.filter(service__in=catalog.services_of_teams(teams).values("slug"))
        .annotate(
            outcome=Subquery(last.values("outcome")[:1]),
            change=Subquery(last.values("change")[:1]),
            decided_at=Subquery(last.values("decided_at")[:1]),
        )
        .order_by(F("asked_at").desc(), F("id").desc())
    )
