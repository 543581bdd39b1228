"""When a migration may make its moves (§9.1, §9.4). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cybercube_portal.catalog.migration_files import latest_phase
from cybercube_portal.catalog.states import EnvironmentCode, MigrationPhase
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending, utc_text
from releases.states import MigrationState

SECTION = "§9.4"
ORDER = tuple(MigrationPhase)
MOST_NAMED = 3
WATCH_BOTH = "Watch database and application."


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another file of the service, and whether it ran through in the environment that is asked about."""

    filename: str
    phase: MigrationPhase | None
    has_run: bool


def in_order(*, filename: str, phase: MigrationPhase, environment: str, others: Iterable[Sibling]) -> Decision:
    """§9.3: backfill after expand, contract after both, as the names of the files order them (§9.2, §9.5). What only expands waits for nothing."""
    first = sorted(
        (
            other
            for other in others
            if other.filename < filename
            and other.phase is not None
            and ORDER.index(other.phase) < ORDER.index(phase)
            and not other.has_run
        ),
        key=lambda other: other.filename,
    )
    if not first:
        return decide(passed("migration.order", "§9.3", "Nothing has to run before it."))
    named = ", ".join(f"{other.filename} ({other.phase})" for other in first[:MOST_NAMED])
    files = f"{named} and {len(first) - MOST_NAMED} more" if len(first) > MOST_NAMED else named
    message = f"It belongs to the phase {phase.value} and waits in {environment} for {files}."
    remedy = "Run what comes first and note that it ran through; abort what nobody needs any more."
    return decide(failed("migration.order", "§9.3", message, remedy, ("Engineer", "DBA")))


def never_lower(*phases: str | None) -> MigrationPhase:
    """The last of what was announced and what the lint found: an announcement takes no phase back that a rollback must know of."""
    return latest_phase(MigrationPhase(phase) for phase in phases if phase) or MigrationPhase.EXPAND


def is_decision_for(migration: Judged, asked: Judged) -> Decision:
    """The decision is about this service, version and environment."""
    differing = [
        name for name in ("service", "version", "environment") if getattr(migration, name) != getattr(asked, name)
    ]
    if differing:
        message = f"The decision is for another {' and '.join(differing)}."
        return decide(failed("decision.other_subject", "§4.2", message, "Ask the gate about this migration."))
    return decide(passed("decision.subject", "§4.2", "The decision is about this migration."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """An incident of the service and environment that began while the migration ran or was watched."""

    reference: str
    is_open: bool


def may_verify(
    *,
    environment: str,
    applied_at: datetime | None,
    watch: timedelta,
    now: datetime,
    noticed: Iterable[Noticed] = (),
) -> Decision:
    """§9.4 "Monitor for 30 minutes": in production it is verified once they are over, and once what was noticed meanwhile is resolved."""
    if environment != EnvironmentCode.PRD or applied_at is None:
        return decide(passed("migration.verifiable", SECTION, f"It may be verified in {environment}."))
    until = applied_at + watch
    on_call = ("On-call", "DBA")
    watched = (
        pending("migration.being_watched", SECTION, f"It is watched until {utc_text(until)}.", WATCH_BOTH, on_call)
        if now < until
        else passed("migration.watched", SECTION, "It was watched for its 30 minutes.")
    )
    unresolved = ", ".join(incident.reference for incident in noticed if incident.is_open)
    if not unresolved:
        return decide(watched)
    message = f"Noticed while it ran or was watched, and still open: {unresolved}."
    remedy = "Resolve what was noticed, or take the migration back."
    return decide(watched, pending("migration.incident_open", SECTION, message, remedy, on_call))


def documented(noticed: Iterable[Noticed], *, note: str) -> Reason | None:
    """§9.4 "Document any issues": what was noticed is told when the migration is verified."""
    names = ", ".join(incident.reference for incident in noticed)
    if not names or note.strip():
        return None
    message = f"Noticed while it ran or was watched: {names}."
    return failed("migration.undocumented", SECTION, message, "Say in the note what it was, and what follows.")


def explained(verb: str, reason: str) -> Reason | None:
    """Giving up and going back say why."""
    if verb in {"abort", "roll_back"} and not reason.strip():
        return failed("migration.reason_missing", SECTION, "Say why.", "Write a reason.")
    return None


# What was tried on production-like data at least once, wherever it went from there.
TESTED: frozenset[str] = frozenset(MigrationState) - {MigrationState.PLANNED, MigrationState.ABORTED}
