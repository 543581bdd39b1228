"""The public keys of CI platforms: found by OpenID discovery, fetched through the guarded client, kept in this process.

They are few and public, so each web process keeps its own: no other service has to be up for a pipeline to prove itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from cybercube_portal import outbound
from cybercube_portal.errors import PortalError

ALGORITHMS = ("RS256", "ES256")
DISCOVERY = "/.well-known/openid-configuration"
FRESH = timedelta(hours=1)
# A platform that cannot be reached does not stop pipelines whose key is known, for a day.
USABLE = timedelta(hours=24)
# Whoever sends invented key ids makes us ask the platform this often at most.
PATIENCE = timedelta(seconds=30)
TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER = 256 * 1024
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger(__name__)


class KeysUnavailable(PortalError):
    """The issuer's keys cannot be read: nobody can be recognised, nothing is allowed."""

    code = "token.keys_unavailable"


@dataclass(slots=True)
class _Issuer:
    keys: Mapping[str, PyJWK] = field(default_factory=dict)
    fetched_at: datetime = NEVER
    paused_at: datetime = NEVER
    lock: Lock = field(default_factory=Lock)


_issuers: dict[str, _Issuer] = {}


def find_key(*, issuer: str, kid: str, now: datetime) -> PyJWK | None:
    """The issuer's key `kid`; an unknown one is looked for once, then not again for a while. Raises KeysUnavailable."""
    kept = _issuers.setdefault(issuer, _Issuer())
    if kid not in kept.keys or now - kept.fetched_at >= FRESH:
        with kept.lock:
            _renew(issuer, kept, kid, now=now)
    if now - kept.fetched_at >= USABLE:
        raise KeysUnavailable(f"The keys of {issuer} cannot be read at the moment.")
    return kept.keys.get(kid)


def _renew(issuer: str, kept: _Issuer, kid: str, *, now: datetime) -> None:
    """Under the lock: another thread may have fetched while this one waited."""
    stale = now - kept.fetched_at >= FRESH
    if now - kept.paused_at < PATIENCE or (kid in kept.keys and not stale):
        return
    try:
        kept.keys = _fetch(issuer)
        kept.fetched_at = now
    except (outbound.OutboundRefused, outbound.OutboundFailed, ValueError) as error:
        log.warning("issuer_keys_unavailable", issuer=issuer, error=str(error))
        kept.paused_at = now
    if not stale or kid not in kept.keys:
        kept.paused_at = now


def _fetch(issuer: str) -> dict[str, PyJWK]:
    """Raises OutboundRefused, OutboundFailed, ValueError."""
    about = _get(f"{issuer}{DISCOVERY}", issuer)
    address = about.get("jwks_uri")
    if about.get("issuer") != issuer or not isinstance(address, str):
        raise ValueError("the discovery document is another issuer's or names no keys")
    if urlsplit(address)[:2] != urlsplit(issuer)[:2]:
        raise ValueError("the keys are not at the issuer's own address")
    keys = _get(address, issuer).get("keys")
    if not isinstance(keys, list):
        raise ValueError("the answer holds no list of keys")  # noqa: TRY004 - an unsound answer, like the others
    return dict(_usable(keys))


def _get(url: str, issuer: str) -> dict[str, Any]:
    host = str(urlsplit(issuer).hostname)
    answer = outbound.call("GET", url, hosts=[host], timeout=TIMEOUT_SECONDS, limit=LARGEST_ANSWER)
    if answer.status != 200:  # noqa: PLR2004 - HTTP
        raise ValueError(f"{url} answered {answer.status}")
    try:
        value = json.loads(answer.body)
    except RecursionError as error:
        raise ValueError("the JSON nests too deep") from error
    if not isinstance(value, dict):
        raise ValueError(f"{url} answered no object")  # noqa: TRY004 - an unsound answer, like the others
    return value


def _usable(keys: list[Any]) -> Iterator[tuple[str, PyJWK]]:
    """Named signing keys of our two algorithms; the others are the platform's own affair."""
    for data in keys:
        if not isinstance(data, dict) or data.get("use", "sig") != "sig" or not isinstance(data.get("kid"), str):
            continue
        try:
            key = PyJWK.from_dict(data)
        except PyJWTError:
            continue
        if key.algorithm_name in ALGORITHMS:
            yield data["kid"], key
