"""The rollback notification of §8.6, filled in from facts. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

from releases.states import RollbackMethod, Trigger

_TRIGGERS: dict[Trigger, str] = {
    Trigger.ERROR_RATE: "Error rate exceeded 5% threshold after deployment of {version}.",
    Trigger.LATENCY: "P99 latency exceeded twice its baseline after deployment of {version}.",
    Trigger.HEALTH: "Health checks failed after deployment of {version}.",
    Trigger.VERIFICATION: "{version} did not pass its verification.",
    Trigger.FUNCTIONALITY: "Critical functionality is broken in {version}.",
    Trigger.CUSTOMER_REPORT: "Customers reported issues after deployment of {version}.",
    Trigger.DATA_CORRUPTION: "Data were corrupted after deployment of {version}.",
}
_METHODS: dict[RollbackMethod, str] = {
    RollbackMethod.FLAG: "switching a feature flag off",
    RollbackMethod.TRAFFIC: "shifting traffic back",
    RollbackMethod.REDEPLOY: "deploying the version before",
    RollbackMethod.DATABASE_RESTORE: "restoring a backup",
}
NEXT_STEPS = ("Root cause investigation", "Fix and re-test", "Schedule new deployment")
MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person on call."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """What is known.

    `error_rates` are fractions seen between `began_at` and `ended_at`; `impact` and `next_steps` are people's own words
    (Markdown), which replace what the facts say. `is_corrupted`: somebody reported corrupted data.
    """

    service: str
    environment: str
    from_version: str
    to_version: str
    is_restored: bool
    is_over: bool
    is_automatic: bool
    method: RollbackMethod
    trigger: Trigger
    began_at: datetime
    ended_at: datetime
    reason: str
    error_rates: tuple[float, ...] = ()
    impact: str = ""
    next_steps: str = ""
    is_corrupted: bool = False
    change: str = ""
    incident: str = ""
    contacts: tuple[Contact, ...] = ()
    flag: str = ""

    @property
    def goes_on(self) -> str:
        """What runs in the end, in words."""
        return f"{self.to_version} with {self.flag} switched off" if self.flag else self.to_version


def write_notice(facts: NoticeFacts) -> str:
    """The notice as Markdown, in the order of §8.6."""
    minutes = max(1, math.ceil((facts.ended_at - facts.began_at).total_seconds() / MINUTE))
    unit = "minute" if minutes == 1 else "minutes"
    return "\n".join(
        (
            "# Rollback Notification",
            "",
            f"**Service:** {facts.service}",
            f"**Environment:** {facts.environment}",
            f"**Rolled back from:** {facts.from_version}",
            f"**Rolled back to:** {facts.goes_on}",
            f"**Time:** {facts.ended_at:%Y-%m-%dT%H:%M:%SZ}",
            f"**Duration:** ~{minutes} {unit} at degraded state",
            "",
            "## Reason",
            _TRIGGERS[facts.trigger].format(version=facts.from_version),
            _block(facts.reason),
            _how(facts),
            "",
            "## Customer Impact",
            _block(facts.impact) or impact_of(facts),
            "",
            "## Next Steps",
            _block(facts.next_steps) or next_steps_of(facts),
            "",
            "## Contact",
            f"On-call: {_people(facts)}",
            "",
        )
    )


def impact_of(facts: NoticeFacts) -> str:
    """What the facts say of customers, as a Markdown list."""
    lines = [f"- Degraded between {facts.began_at:%H:%M} and {facts.ended_at:%H:%M} UTC on {facts.began_at:%Y-%m-%d}"]
    if facts.error_rates:
        share = 100 * sum(facts.error_rates) / len(facts.error_rates)
        lines.append(f"- ~{share:.2g}% of requests affected, {100 * max(facts.error_rates):.2g}% at worst")
    else:
        lines.append("- The share of requests affected was not measured")
    is_corrupted = facts.is_corrupted or facts.trigger is Trigger.DATA_CORRUPTION
    lines.append("- Data were corrupted" if is_corrupted else "- No corruption of data was reported")
    return "\n".join(lines)


def next_steps_of(facts: NoticeFacts) -> str:
    """The standard's own steps, with what waits for people in the portal."""
    steps = [*NEXT_STEPS]
    if facts.change:
        steps.append(f"Close {facts.change} with what happened")
    if facts.incident:
        steps.append(f"Follow {facts.incident}")
    return "\n".join(f"- {step}" for step in steps)


def _how(facts: NoticeFacts) -> str:
    who = "the system" if facts.is_automatic else "people"
    if not facts.is_over:
        end = "It is under way."
    elif facts.is_restored:
        end = f"{facts.goes_on} is verified and {'goes on' if facts.flag else 'runs again'}."
    else:
        end = "**CRITICAL: the rollback failed.** On-call is at it."
    return f"Rolled back by {who}, by {_METHODS[facts.method]}. {end}"


def _people(facts: NoticeFacts) -> str:
    return ", ".join(f"{person.name} ({person.email})" for person in facts.contacts) or "nobody is on call"


def _block(text: str) -> str:
    """People's words inside the notice: a heading of theirs is text there, so that it cannot pass for a section of ours."""
    return re.sub(r"(?m)^(\s*)(#+\s|---|===)", r"\1\\\2", text.strip())
