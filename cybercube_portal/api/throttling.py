"""A token bucket per credential in Redis. Redis is a help, not a condition: without it requests go on uncounted."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest
from redis.commands.core import Script
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from cybercube_portal.api.callers import credential_of

if TYPE_CHECKING:
    # The framework's views load their defaults, this module among them, while they are themselves being loaded.
    from rest_framework.views import APIView

BURST_SECONDS = 10
PATIENCE_SECONDS = 0.25
QUIET_SECONDS = 5.0

# Redis keeps the time, so that all web processes count by one clock.
TAKE = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(kept[1]) or burst) + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
local taken = tokens >= 1 and 1 or 0
tokens = tokens - taken
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return {taken, tostring(tokens)}
"""

log = structlog.get_logger(__name__)
_quiet_until = 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """What is left of a budget after one request. `left` tokens, refilled by `per_second` up to `burst`."""

    budget: str
    allowed: bool
    left: float
    per_second: int
    burst: int

    @property
    def retry_after(self) -> int:
        """Whole seconds until one request is allowed again, at least 1."""
        return max(1, math.ceil((1 - self.left) / self.per_second))

    def headers(self) -> dict[str, str]:
        """RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers."""
        full = math.ceil((self.burst - self.left) / self.per_second)
        return {
            "RateLimit-Policy": f'"{self.budget}";q={self.burst};w={BURST_SECONDS}',
            "RateLimit": f'"{self.budget}";r={int(self.left)};t={full}',
        }


def take(credential: str, *, budget: str = "api") -> Rate | None:
    """Take one token from the credential's bucket of `settings.RATES[budget]` requests per second.

    None when the budget has no limit (0) or Redis cannot be reached: the request goes on.
    """
    global _quiet_until  # noqa: PLW0603 - one Redis per process
    per_second = settings.RATES[budget]
    if not per_second or time.monotonic() < _quiet_until:
        return None
    burst = per_second * BURST_SECONDS
    key = f"{settings.CACHES['default']['KEY_PREFIX']}:rate:{budget}:{credential}"
    try:
        taken, left = _script(settings.REDIS_URL)(keys=[key], args=[per_second, burst])
    except redis.RedisError as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("throttle_unreachable", error=str(error))
        return None
    return Rate(budget, bool(taken), float(left), per_second, burst)


@cache
def _script(url: str) -> Script:
    client = redis.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS)
    return client.register_script(TAKE)


class CredentialThrottle(BaseThrottle):
    """Counts REST framework's requests. A view names its `budget`; the default is `api`."""

    rate: Rate | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """False when the bucket is empty."""
        self.rate = take(credential_of(request), budget=getattr(view, "budget", "api"))
        show(request._request, self.rate)  # noqa: SLF001 - the headers are written below REST framework
        return self.rate is None or self.rate.allowed

    def wait(self) -> float | None:
        """Seconds for Retry-After."""
        return self.rate.retry_after if self.rate else None


def show(request: HttpRequest, rate: Rate | None) -> None:
    """Leave the RateLimit headers for ProblemMiddleware to write."""
    if rate is not None:
        request.rate_limit_headers = rate.headers()  # type: ignore[attr-defined]
