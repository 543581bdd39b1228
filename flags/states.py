"""The state table of a planned step of a flag. Pure data.

A step waits for its change or its time; a ramp runs from its first percentage to its last. Lifecycle (§7.5) is no state: it is derived.
"""

from __future__ import annotations

from enum import StrEnum

from cybercube_portal.moves import Move


class StepState(StrEnum):
    """Where a planned step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    APPLIED = "applied"
    CONFLICTING = "conflicting"
    STOPPED = "stopped"


class StepKind(StrEnum):
    """One new content, or a row of percentages; after each it is held for a time, or until somebody lets it go on."""

    EDIT = "edit"
    RAMP = "ramp"


class VersionKind(StrEnum):
    """How a version came about."""

    CREATE = "create"
    EDIT = "edit"
    RAMP = "ramp"
    SCHEDULE = "schedule"
    KILL = "kill"
    RESTORE = "restore"
    IMPORT = "import"
    RESHUFFLE = "reshuffle"


S = StepState

APPLY = Move("apply", (S.WAITING,), S.APPLIED)
BEGIN = Move("begin", (S.WAITING,), S.RUNNING)
APPROVE = Move("approve", (S.RUNNING,), S.RUNNING)
COMPLETE = Move("complete", (S.RUNNING,), S.APPLIED)
CONFLICT = Move("conflict", (S.WAITING, S.RUNNING), S.CONFLICTING)
STOP = Move("stop", (S.WAITING, S.RUNNING, S.CONFLICTING), S.STOPPED)

STEP_MOVES: tuple[Move, ...] = (APPLY, BEGIN, APPROVE, COMPLETE, CONFLICT, STOP)
