"""§4.7 "Key endpoint check": what customers call answers."""

from __future__ import annotations

from releases.checks.asking import ask
from releases.checks.facts import CheckFacts
from releases.policy.verification import Finding, judge_endpoint, unmade
from releases.states import CheckKind

PATH = "/api/v1/health"


def check(facts: CheckFacts) -> Finding:
    """GET `{url}/api/v1/health`."""
    if not facts.url:
        message = f"{facts.service} has no address in {facts.environment}: set urls.{facts.environment} of the service."
        return unmade(CheckKind.ENDPOINT, "endpoint.no_address", message)
    return judge_endpoint(ask(facts.url + PATH, hosts=facts.hosts, timeout=facts.timeout))
