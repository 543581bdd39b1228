"""§4.7 "Health check": the service says it is well, and the expected version says so."""

from __future__ import annotations

from releases.checks.asking import ask
from releases.checks.facts import CheckFacts
from releases.policy.verification import Finding, judge_health, unmade
from releases.states import CheckKind

PATH = "/health"


def check(facts: CheckFacts) -> Finding:
    """GET `{url}/health`."""
    if not facts.url:
        message = f"{facts.service} has no address in {facts.environment}: set urls.{facts.environment} of the service."
        return unmade(CheckKind.HEALTH, "health.no_address", message)
    return judge_health(
        ask(facts.url + PATH, hosts=facts.hosts, timeout=facts.timeout), expected=facts.expected_version
    )
