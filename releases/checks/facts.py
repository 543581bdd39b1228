"""What a check is told: everything it needs to look, and no table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from releases.policy.verification import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """One deployment as the checks see it.

    `url`: the service's address in that environment, without a slash at the end; empty when none is set. `hosts`: the only
    ones called for it. `queries` {error_rate, latency_p99}. `at`: the moment that is asked about; `timeout`: seconds for one
    request. `prometheus_url` and `prometheus_token` are the operator's.
    """

    service: str
    environment: str
    expected_version: str
    url: str
    hosts: tuple[str, ...]
    queries: Mapping[str, str]
    thresholds: Thresholds
    at: datetime
    timeout: float
    prometheus_url: str = ""
    prometheus_token: str = field(default="", repr=False)


def default_queries(service: str) -> dict[str, str]:
    """§4.7's names for a service that sets no queries; a metric's name has no `-`."""
    name = service.replace("-", "_")
    return {"error_rate": f"{name}_error_rate_5m", "latency_p99": f"{name}_latency_p99_5m"}
