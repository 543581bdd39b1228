"""How much each key asked in all web processes: added up in Redis by a thread beside the answers. Without Redis each process counts for itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache

import redis
import structlog
from django.conf import settings

from flags.ofrep.budget import Budget

KEPT_SECONDS = 3600
PATIENCE_SECONDS = 0.25
QUIET_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Exchange:
    """One process's side of the counts."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def share(self, budgets: Mapping[str, Budget]) -> None:
        """Tell what was taken from each budget here and learn what was taken elsewhere, in one round trip. Named by the keys' digests."""
        if not budgets or time.monotonic() < self._quiet_until:
            return
        told = {name: budget.untold for name, budget in budgets.items()}
        prefix = f"{settings.CACHES['default']['KEY_PREFIX']}:rate:ofrep"
        try:
            with _connection(settings.REDIS_URL).pipeline(transaction=False) as pipe:
                for name, taken in told.items():
                    pipe.incrby(f"{prefix}:{name}", taken)
                    pipe.expire(f"{prefix}:{name}", KEPT_SECONDS)
                totals = pipe.execute()[::2]
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("ofrep_budgets_not_shared", error=str(error))
            return
        for (name, budget), total in zip(budgets.items(), totals, strict=True):
            budget.learn(told=told[name], total=int(total))


@cache
def _connection(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS)
