"""§4.7 "Latency check": the 99th percentile, below 500 ms unless the service says otherwise."""

from __future__ import annotations

from releases.checks import prometheus
from releases.checks.facts import CheckFacts
from releases.policy.verification import Finding
from releases.states import CheckKind


def check(facts: CheckFacts) -> Finding:
    """The query gives milliseconds; one that gives seconds multiplies by 1,000 itself."""
    return prometheus.judge(CheckKind.LATENCY_P99, facts)
