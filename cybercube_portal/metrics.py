"""`/metrics` for Prometheus. Wiring: counts what passes here, and asks the record how far behind it is.

With several web processes PROMETHEUS_MULTIPROC_DIR names a folder, empty when they start, in which they add up what they count: `./portal up`
and docker-compose.yml set it. Without it each answers for itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import structlog
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from cybercube_portal import clock
from cybercube_portal.audit.selectors import work
from cybercube_portal.health import restricted
from cybercube_portal.record.selectors import chain_watch
from releases.selectors.verification import verification_counts
from releases.selectors.watch import deployments_watched

log = structlog.get_logger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

DURATION = Histogram(
    "portal_request_duration_seconds",
    "Time to answer a request, by route template.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30),
)


class MeasureMiddleware(MiddlewareMixin):
    """Observe every answer. Labels come from our tables only, so that a caller cannot make new ones."""

    def process_request(self, request: HttpRequest) -> None:
        """Note when the request came."""
        request.came_at = time.perf_counter()  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Observe how long it took."""
        method = request.method if request.method in METHODS else "OTHER"
        route = request.resolver_match.route if request.resolver_match else "unknown"
        passed = time.perf_counter() - request.came_at  # type: ignore[attr-defined]
        DURATION.labels(method, route, str(response.status_code)).observe(passed)
        return response


class RecordCollector(Collector):
    """How far behind the record and its workers are, read from PostgreSQL when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        """The gauges; without a database only that there is none."""
        up = GaugeMetricFamily("portal_database_up", "1 when PostgreSQL answers.")
        try:
            found = list(_gauges())
        except Error as error:
            log.warning("metrics_without_database", error=str(error))
            found = []
        up.add_metric([], 1 if found else 0)
        yield up
        yield from found


def _gauges() -> Iterator[Metric]:
    now = clock.now()
    yield GaugeMetricFamily(
        "portal_oldest_unclaimed_intent_seconds",
        "Age of the oldest due intent that no worker has claimed.",
        work.oldest_unclaimed_intent_seconds(now=now),
    )
    yield GaugeMetricFamily("portal_events_unsealed", "Audit events not yet in the chain.", work.events_unsealed())
    watch = chain_watch()
    is_broken = watch is not None and watch.broken_sequence is not None
    yield GaugeMetricFamily("portal_audit_chain_broken", "1 while an audit event does not fit the chain.", is_broken)
    yield GaugeMetricFamily("portal_deliveries_waiting", "Mails and webhooks not yet sent.", work.deliveries_waiting())
    verifications = GaugeMetricFamily(
        "portal_verifications", "Verifications of deployments by state.", labels=["state"]
    )
    for state, count in verification_counts().items():
        verifications.add_metric([state], count)
    yield verifications
    yield GaugeMetricFamily("portal_deployments_watched", "Deployments being watched now.", deployments_watched())
    canary = work.seconds_since_canary(now=now)
    if canary is not None:
        yield GaugeMetricFamily("portal_canary_age_seconds", "Since a worker last worked the canary intent.", canary)


@require_safe
@never_cache
@restricted
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Every figure in Prometheus' text form."""
    counted = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    gauges = CollectorRegistry()
    gauges.register(RecordCollector())
    return HttpResponse(generate_latest(counted) + generate_latest(gauges), content_type=CONTENT_TYPE_LATEST)
