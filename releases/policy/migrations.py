"""When a migration may make its moves (§9.1, §9.4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending, utc_text
from releases.states import MigrationState

SECTION = "§9.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a decision of the gate was asked about, beside the migration it shall run."""

    service: str
    version: str
    environment: str


def may_run(*, environment: str, has_decision: bool) -> Decision:
    """Production spends an allow of the gate for the action `migrate`."""
    if environment == EnvironmentCode.PRD and not has_decision:
        remedy = "Ask the gate for the action migrate and send its decision."
        return decide(failed("migration.decision_missing", "§9.4", "Production asks the gate first.", remedy))
    return decide(passed("migration.may_run", SECTION, f"It may be run in {environment}."))


def is_decision_for(migration: Judged, asked: Judged) -> Decision:
    """The decision is about this service, version and environment."""
    differing = [
        name for name in ("service", "version", "environment") if getattr(migration, name) != getattr(asked, name)
    ]
    if differing:
        message = f"The decision is for another {' and '.join(differing)}."
        return decide(failed("decision.other_subject", "§4.2", message, "Ask the gate about this migration."))
    return decide(passed("decision.subject", "§4.2", "The decision is about this migration."))


def may_verify(*, environment: str, applied_at: datetime | None, watch: timedelta, now: datetime) -> Decision:
    """§9.4 "Monitor for 30 minutes": in production it is verified once they are over."""
    if environment != EnvironmentCode.PRD or applied_at is None:
        return decide(passed("migration.verifiable", SECTION, f"It may be verified in {environment}."))
    until = applied_at + watch
    if now < until:
        message = f"It is watched until {utc_text(until)}."
        return decide(
            pending("migration.being_watched", SECTION, message, "Watch database and application.", ("On-call", "DBA"))
        )
    return decide(passed("migration.watched", SECTION, "It was watched for its 30 minutes."))


def explained(verb: str, reason: str) -> Reason | None:
    """Giving up and going back say why."""
    if verb in {"abort", "roll_back"} and not reason.strip():
        return failed("migration.reason_missing", SECTION, "Say why.", "Write a reason.")
    return None


# What was tried on production-like data at least once, wherever it went from there.
TESTED: frozenset[str] = frozenset(MigrationState) - {MigrationState.PLANNED, MigrationState.ABORTED}
