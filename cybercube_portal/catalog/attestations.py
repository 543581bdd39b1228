"""Who vouched for the isolation of §1.4, as pages, the API and compliance ask."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from cybercube_portal.catalog.isolation import HOLDS, Isolated, Vouched
from cybercube_portal.catalog.models import Attestation
from cybercube_portal.catalog.states import EnvironmentCode


def attestations(environment: str = "") -> QuerySet[Attestation]:
    """What was vouched for (§1.4), the newest first."""
    rows = Attestation.objects.select_related("environment", "attested_by").order_by("-attested_at", "-id")
    return rows.filter(environment__code=environment) if environment else rows


def vouched() -> list[Vouched]:
    """The newest word for each row of §1.4 in each environment, as `catalog.isolation` judges it."""
    rows = attestations().order_by("environment_id", "item", "-attested_at", "-id").distinct("environment_id", "item")
    return [
        Vouched(
            item=Isolated(row.item),
            environment=EnvironmentCode(row.environment.code),
            evidence=row.evidence,
            by=row.attested_by.get_full_name() or row.attested_by.username,
            at=row.attested_at,
        )
        for row in rows
    ]


def rows_vouched_for(*, now: datetime) -> Subquery:
    """How many rows of §1.4 somebody answers for now, to be asked within another query."""
    cell = Concat("environment__code", Value(" "), "item")
    held = Attestation.objects.filter(attested_at__gt=now - HOLDS).order_by().values(all_of_it=Value(1))
    return Subquery(held.annotate(found=Count(cell, distinct=True)).values("found"))
