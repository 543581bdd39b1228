"""`/metrics` for Prometheus. Wiring: counts what passes here, and asks the record how far behind it is.

With several web processes set PROMETHEUS_MULTIPROC_DIR to an empty folder before they start, else each answers for itself.
"""

from __future__ import annotations

import os
import time

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from cybercube_portal.health import restricted

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


@require_safe
@never_cache
@restricted
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Every figure in Prometheus' text form."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
