"""`/health/live`, `/health/ready`, `/health` (STD-ENG-006 §4.6, rulings R4 and R21). Wiring: it asks every part how it is.

Ready means that this process can answer correctly. Redis and the workers make the portal quicker and the work done; without them the
gate and the pages still tell the truth, so they degrade (200) where a required check fails (503).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cybercube_portal import __version__, clock
from cybercube_portal.api import Problem, address_of, answer
from cybercube_portal.audit import keys
from cybercube_portal.audit.selectors.work import oldest_unclaimed_intent_seconds

REDIS_PATIENCE_SECONDS = 1.0
SLOWEST_PICK_UP = timedelta(minutes=5)

log = structlog.get_logger(__name__)
_started = time.monotonic()
_migrated = False


@dataclass(frozen=True, slots=True)
class Check:
    """One question; `ask` raises or returns a word about what it found."""

    name: str
    ask: Callable[[], str]
    required: bool = True


def database() -> str:
    """A round trip to PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "answers"


def migrations() -> str:
    """Whether the schema is the one this code was written for. Reading the plan is slow, and a schema does not go back."""
    global _migrated  # noqa: PLW0603 - learned once per process
    if not _migrated:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            raise RuntimeError(f"{len(waiting)} migrations are not applied")
        _migrated = True
    return "applied"


def signing_key() -> str:
    """Whether the gate could sign an allow."""
    return keys.signing_key_id()


def broker() -> str:
    """A round trip to Redis."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=REDIS_PATIENCE_SECONDS, socket_connect_timeout=REDIS_PATIENCE_SECONDS
    )
    try:
        client.ping()
    finally:
        client.close()
    return "answers"


def intents() -> str:
    """Whether somebody works what was promised."""
    waited = oldest_unclaimed_intent_seconds(now=clock.now())
    if waited > SLOWEST_PICK_UP.total_seconds():
        raise RuntimeError(f"an intent has waited for {waited:.0f} s")
    return f"the oldest has waited for {waited:.0f} s"


CHECKS: tuple[Check, ...] = (
    Check("database", database),
    Check("migrations", migrations),
    Check("signing_key", signing_key),
    Check("redis", broker, required=False),
    Check("intents", intents, required=False),
)


def results() -> list[dict[str, Any]]:
    """Each check as {name, status: ok|failed, required, detail}; why one failed is for the log, an address may stand in it."""
    found = []
    for check in CHECKS:
        try:
            status, detail = "ok", check.ask()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, it is not ready
            log.warning("health_check_failed", check=check.name, error=str(error))
            status, detail = "failed", type(error).__name__
        found.append({"name": check.name, "status": status, "required": check.required, "detail": detail})
    return found


def _status(found: list[dict[str, Any]]) -> str:
    failed = [check for check in found if check["status"] == "failed"]
    if any(check["required"] for check in failed):
        return "failing"
    return "degraded" if failed else "ok"


def _timestamp() -> str:
    """This machine's clock: the database's may be what is missing."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def restricted(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer only addresses in CYBERCUBE_HEALTH_ALLOWED_NETWORKS (ruling R4)."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if _may_look(address_of(request)):
            return view(request)
        detail = "This page answers only the networks in CYBERCUBE_HEALTH_ALLOWED_NETWORKS."
        return answer(request, Problem(status=403, code="health.address_not_allowed", detail=detail))

    return guarded


def _may_look(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in settings.HEALTH_ALLOWED_NETWORKS)


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """200 while the process runs."""
    return JsonResponse({"status": "ok", "timestamp": _timestamp()})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """200, or 503 when a required check fails; `checks[]` says which."""
    found = results()
    status = _status(found)
    body = {"status": status, "checks": found, "timestamp": _timestamp()}
    return JsonResponse(body, status=503 if status == "failing" else 200)


@require_safe
@never_cache
@restricted
def detailed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Status, version, git_sha, uptime in seconds, timestamp."""
    return JsonResponse(
        {
            "status": _status(results()),
            "version": __version__,
            "git_sha": settings.BUILD_GIT_SHA,
            "uptime": round(time.monotonic() - _started, 3),
            "timestamp": _timestamp(),
        }
    )
