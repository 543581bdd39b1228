"""Who asks, about what: the first rule of the gate (§1.2, §1.3). Pure."""

from __future__ import annotations

from cybercube_portal.decisions import Reason, failed, passed, skipped
from releases.policy.gate.facts import GateFacts

ENVIRONMENTS = "dev, stg, prd"


def judge_caller(facts: GateFacts) -> tuple[Reason, ...]:
    """Caller known, scope covers service; service and environment known."""
    return (_covers(facts), _service(facts), _environment(facts))


def _covers(facts: GateFacts) -> Reason:
    caller, service = facts.caller, facts.question.service
    if caller.key_services:
        if service in caller.key_services:
            return passed("caller.covers_service", "§1.2", f"{caller.username} may ask for {service}.")
        return failed(
            "caller.service_not_covered",
            "§1.2",
            f"The credential of {caller.username} is not for {service}.",
            "Use a key that names the service.",
            (caller.username,),
        )
    if not caller.is_service:
        return passed("caller.covers_service", "§1.2", f"{caller.username} may ask for any service.")
    if facts.service is None:
        return skipped("caller.covers_service", "§1.2", "Nobody owns a service that is not registered.")
    if facts.service.team == caller.team:
        return passed("caller.covers_service", "§1.2", f"{caller.username} belongs to the team {caller.team}.")
    return failed(
        "caller.service_not_covered",
        "§1.2",
        f"{service} belongs to the team {facts.service.team}, {caller.username} does not.",
        "Use the service account of that team, or a key that names the service.",
        (facts.service.team,),
    )


def _service(facts: GateFacts) -> Reason:
    if facts.service is not None:
        return passed("service.known", "§1.2", f"{facts.service.slug} belongs to the team {facts.service.team}.")
    return failed(
        "service.unknown",
        "§1.2",
        f"There is no service {facts.question.service}.",
        "Register the service, or correct its name.",
        ("Tech lead", "Ops"),
    )


def _environment(facts: GateFacts) -> Reason:
    name = facts.question.environment
    if facts.is_environment_known:
        return passed("environment.known", "§1.3", f"{name} is an environment of the standard.")
    return failed("environment.unknown", "§1.3", f"There is no environment {name}.", f"Name one of {ENVIRONMENTS}.")
