"""§4.7 "Error rate check": a fraction of requests, below 1 % unless the service says otherwise."""

from __future__ import annotations

from releases.checks import prometheus
from releases.checks.facts import CheckFacts
from releases.policy.verification import Finding
from releases.states import CheckKind


def check(facts: CheckFacts) -> Finding:
    """The query gives a fraction: 0.01 is 1 %."""
    return prometheus.judge(CheckKind.ERROR_RATE, facts)
