"""Answers that every page shows and that may be a few seconds old, kept in the cache. Without it they are asked anew.

Whoever acts sees the effect at once: an unsafe request forgets what it may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

import cybercube_portal

SECONDS = 15
FREEZES, LATE = "freezes", "late"

log = structlog.get_logger(__name__)


def waiting_key(user_id: int) -> str:
    """How many changes wait for this person."""
    return f"waiting:{user_id}"


def unread_key(user_id: int) -> str:
    """How many notices this person did not mark as read."""
    return f"unread:{user_id}"


def recall(names: Iterable[str]) -> dict[str, Any]:
    """What is still known of `names`, in one round trip."""
    try:
        found = cache.get_many([_key(name) for name in names])
    except RedisError as error:
        log.warning("shell_without_cache", error=str(error))
        return {}
    return {name.removeprefix(_key("")): value for name, value in found.items()}


def keep(name: str, value: Any) -> None:  # noqa: ANN401 - whatever pickles
    """Remember it for SECONDS."""
    try:
        cache.set(_key(name), value, SECONDS)
    except RedisError as error:
        log.warning("shell_without_cache", error=str(error))


def forget(names: Iterable[str]) -> None:
    """It may be different now."""
    try:
        cache.delete_many([_key(name) for name in names])
    except RedisError as error:
        log.warning("shell_without_cache", error=str(error))


def _key(name: str) -> str:
    # A new release may keep other things under the same name.
    return f"shell:{cybercube_portal.__version__}:{name}"
