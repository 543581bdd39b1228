"""Verifications and samples of a deployment, and what its checks are told."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Count, QuerySet

from releases.checks.facts import CheckFacts, default_queries
from releases.models import Deployment, Verification
from releases.policy.verification import Thresholds
from releases.states import VerificationState

OPEN: frozenset[VerificationState] = frozenset({VerificationState.QUEUED, VerificationState.RUNNING})


def check_facts(deployment: Deployment, *, at: datetime) -> CheckFacts:
    """What the checks of `deployment` are told; needs `service` selected."""
    service = deployment.service
    return CheckFacts(
        service=service.slug,
        environment=deployment.environment,
        expected_version=deployment.version,
        url=service.urls.get(deployment.environment, "").rstrip("/"),
        hosts=tuple(service.allowed_hosts),
        queries={**default_queries(service.slug), **service.metrics},
        thresholds=Thresholds.of(service.thresholds),
        at=at,
        timeout=settings.VERIFICATION_TIMEOUT.total_seconds(),
        prometheus_url=settings.PROMETHEUS_URL,
        prometheus_token=settings.PROMETHEUS_TOKEN,
    )


def verifications_of(deployment: Deployment) -> QuerySet[Verification]:
    """All runs of the checks, the last one first, with their results."""
    return deployment.verifications.prefetch_related("results").order_by("-number")


def open_verification(deployment: Deployment) -> Verification | None:
    """The run that has not ended."""
    return deployment.verifications.filter(state__in=OPEN).first()


def lock_verification(deployment: Deployment, number: int) -> Verification | None:
    """One run, held until the transaction ends; None when it has ended or never was."""
    return deployment.verifications.select_for_update().filter(number=number, state__in=OPEN).first()


def verification_counts() -> dict[str, int]:
    """How many verifications there are in each state, none left out."""
    rows = Verification.objects.values_list("state").annotate(count=Count("id"))
    return dict.fromkeys((state.value for state in VerificationState), 0) | dict(rows.order_by())
