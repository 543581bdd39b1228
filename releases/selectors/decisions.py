"""What the gate answered lately, and a decision that shall be spent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.decisions import Outcome
from cybercube_portal.errors import NotFound
from releases.models import Deployment, GateDecision, GateEvaluation, Migration
from releases.selectors.gate_log import Answer, kept_answer
from releases.states import GateOutcome

BLOCKING = (Outcome.FAIL, Outcome.PENDING)
# What an allow of the gate is spent by.
SPENDERS: tuple[type[Deployment | Migration], ...] = (Deployment, Migration)


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


def stopped_since(since: datetime, *, teams: Iterable[str]) -> QuerySet[GateDecision]:
    """Those asked since then that were not allowed in the end, with the answer's `reasons`."""
    last = GateEvaluation.objects.filter(decision=OuterRef("pk")).order_by("-id")
    found: QuerySet[Any] = latest_decisions(teams=teams).filter(asked_at__gte=since)
    found = found.exclude(outcome=GateOutcome.ALLOW)
    stopped: QuerySet[GateDecision] = found.annotate(reasons=Subquery(last.values("reasons")[:1]))
    return stopped


def because(reasons: Iterable[Mapping[str, Any]]) -> str:
    """The first of an answer's kept reasons that stood in the way, a failure before what was only pending; "" for none."""
    told = {outcome: [row["message"] for row in reasons if row["outcome"] == outcome] for outcome in BLOCKING}
    return next((messages[0] for messages in told.values() if messages), "")


def decision_to_spend(decision_id: uuid.UUID) -> tuple[Answer, str]:
    """The decision's last answer, held until the transaction ends, and the deployment or migration that spent it (or "").

    Raises NotFound.
    """
    held = GateDecision.objects.select_for_update(no_key=True).filter(pk=decision_id).first()
    if held is None:
        raise NotFound("There is no such decision.", code="gate.decision_unknown")
    last = held.evaluations.select_related("decision").latest("id")
    spenders = (kind.objects.filter(decision=held).values_list("reference", flat=True).first() for kind in SPENDERS)
    return kept_answer(last), next(filter(None, spenders), "")
