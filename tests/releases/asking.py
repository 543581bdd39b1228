"""How tests put questions to the gate, and read its reasons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from changes.actions.freezes import FreezePlan
from cybercube_portal.catalog.models import Artifact, Evidence
from cybercube_portal.people.models import User
from releases.models import GateDecision, GateEvaluation

URL = "/api/v1/gate/decisions/"
FORECAST = "/api/v1/gate/forecast/"
SERVICE, VERSION = "billing-service", "v2.3.1"
DIGEST, OTHER_DIGEST = "sha256:" + "1" * 64, "sha256:" + "2" * 64

Ask = Callable[..., dict[str, Any]]


def decisions() -> QuerySet[GateDecision]:
    """The gate's log without what was asked to prove the artifact in staging."""
    return GateDecision.objects.exclude(environment="stg")


def evaluations() -> QuerySet[GateEvaluation]:
    """The answers to those."""
    return GateEvaluation.objects.exclude(decision__environment="stg")


def blocking(body: dict[str, Any]) -> set[str]:
    """The codes of what stands in the way."""
    return {reason["code"] for reason in body["reasons"] if reason["outcome"] in {"fail", "pending"}}


def freeze_plan(start: datetime, *, hours: float, **fields: Any) -> FreezePlan:
    """A holiday freeze for everything."""
    return FreezePlan(
        **{
            "title": "Winter holiday",
            "kind": "holiday",
            "starts_at": start,
            "ends_at": start + timedelta(hours=hours),
            "reason": "Nobody is here.",
            **fields,
        }
    )


def prove(row: Artifact, stage: str, *, at: datetime, status: str = "passed", **fields: Any) -> Evidence:
    """One more report of a pipeline."""
    reporter = User.objects.get(username="ci-payments")
    return Evidence.objects.create(
        artifact=row, stage=stage, status=status, reported_at=at, reported_by=reporter, **fields
    )
