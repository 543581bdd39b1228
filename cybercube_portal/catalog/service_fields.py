"""What may be said of a service, judged before it is stored. Pure; shapes, types and lengths were judged at the edge."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypedDict
from urllib.parse import urlsplit

from cybercube_portal.catalog.rollback_config import SEALED, wrong_config
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, RollbackDriver
from cybercube_portal.catalog.versions import LATEST, artifact_reference
from cybercube_portal.errors import FieldError, Invalid
from cybercube_portal.outbound import OutboundRefused, readable

METRICS = ("error_rate", "latency_p99")
LARGEST_THRESHOLD = 1_000_000
LARGEST_CONFIG = 4 * 1024

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


class ServiceFields(TypedDict, total=False):
    """Everything of a service but its slug. `team` and `depends_on` hold slugs, `minimum_coverage` percent.

    `urls` {dev|stg|prd: URL}, `metrics` {error_rate|latency_p99: query}, `thresholds` {error_rate: fraction, latency_p99: ms}.
    """

    name: str
    team: str
    tier: int
    description: str
    repository: str
    urls: Mapping[str, str]
    metrics: Mapping[str, str]
    thresholds: Mapping[str, float]
    allowed_hosts: Iterable[str]
    rollback_driver: RollbackDriver
    rollback_config: Mapping[str, Any]
    minimum_coverage: Decimal | None
    depends_on: Iterable[str]


def check_slug(slug: str) -> None:
    """Raise Invalid unless it can stand in an artifact's name (§3.3)."""
    try:
        artifact_reference(slug, LATEST)
    except ValueError as error:
        raise Invalid.field("/slug", "service.slug", str(error)) from error


def check_fields(slug: str, fields: ServiceFields, *, driver: str, config: Mapping[str, Any]) -> None:
    """Raise Invalid with everything wrong about `fields`; `driver` and `config` are how its rollbacks go so far."""
    errors = [
        *_wrong_urls(fields.get("urls", {})),
        *_unknown_names("/metrics", fields.get("metrics", {}), METRICS),
        *_wrong_thresholds(fields.get("thresholds", {})),
        *_wrong_hosts(fields.get("allowed_hosts", ())),
    ]
    if fields.get("repository") and not is_callable_address(fields["repository"]):
        errors.append(FieldError("/repository", "service.url", "A repository is an http or https address."))
    if len(json.dumps(fields.get("rollback_config", {}))) > LARGEST_CONFIG:
        errors.append(
            FieldError(
                "/rollback_config", "service.too_large", f"At most {LARGEST_CONFIG} characters configure a rollback."
            )
        )
    elif "rollback_config" in fields or "rollback_driver" in fields:
        chosen = RollbackDriver(fields.get("rollback_driver", driver))
        stays = {name: value for name, value in config.items() if name != SEALED}
        errors.extend(wrong_config(chosen, fields.get("rollback_config", stays), has_secret=SEALED in config))
    if slug in fields.get("depends_on", ()):
        errors.append(FieldError("/depends_on", "service.depends_on_itself", f"{slug} cannot depend on itself."))
    if errors:
        raise Invalid(errors)


def is_callable_address(url: str) -> bool:
    """Whether the portal's guarded client could read it: http or https, no credentials, no blanks."""
    try:
        readable(url)
    except OutboundRefused:
        return False
    return True


def hosts_of(urls: Mapping[str, str]) -> frozenset[str]:
    """The hosts these addresses name, in lower case."""
    return frozenset(host.lower() for host in (urlsplit(url).hostname for url in urls.values()) if host)


def _wrong_urls(urls: Mapping[str, str]) -> Iterator[FieldError]:
    codes = sorted(set(ENVIRONMENT_NAMES.values()))
    yield from _unknown_names("/urls", urls, codes)
    for code, url in urls.items():
        if not is_callable_address(url):
            yield FieldError(
                f"/urls/{code}", "service.url", "An address starts with https:// or http:// and holds no credentials."
            )


def _wrong_thresholds(thresholds: Mapping[str, float]) -> Iterator[FieldError]:
    yield from _unknown_names("/thresholds", thresholds, METRICS)
    for name, value in thresholds.items():
        if not (math.isfinite(value) and 0 < value <= LARGEST_THRESHOLD):
            yield FieldError(f"/thresholds/{name}", "service.threshold", "A threshold is a positive number (§4.7).")


def _wrong_hosts(hosts: Iterable[str]) -> Iterator[FieldError]:
    for index, host in enumerate(hosts):
        if not _HOST.fullmatch(host):
            yield FieldError(f"/allowed_hosts/{index}", "service.host", "A host name is lower case and has no port.")


def _unknown_names(pointer: str, given: Iterable[str], known: Iterable[str]) -> Iterator[FieldError]:
    for name in given:
        if name not in known:
            yield FieldError(f"{pointer}/{name}", "field.unknown", f"{name} is none of {', '.join(known)}.")
