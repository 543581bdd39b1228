"""Planned steps: which are due, and which a change still carries."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from flags.models import Flag, PlannedStep
from flags.selectors.flags import OPEN_STEPS
from flags.states import StepState


def due_steps(*, now: datetime) -> list[int]:
    """Ids of the steps whose time has come, the longest waiting first."""
    rows = PlannedStep.objects.filter(state__in=OPEN_STEPS, due_at__lte=now, awaits_approval=False)
    return list(rows.order_by("due_at", "id").values_list("pk", flat=True))


def lock_step(step_id: int) -> PlannedStep:
    """The step, locked for the transaction."""
    return PlannedStep.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=step_id)


def open_steps_of(change: str) -> QuerySet[PlannedStep]:
    """What `change` (a number) still carries."""
    return PlannedStep.objects.filter(change=change, state__in=OPEN_STEPS)


def steps_of(change: str) -> QuerySet[PlannedStep]:
    """Every step that ever went by `change` (a number)."""
    return PlannedStep.objects.filter(change=change)


def unsettled_steps(flag: Flag) -> list[PlannedStep]:
    """Of each environment the last step, where that conflicted and nobody wrote it anew or withdrew it. One query."""
    rows = PlannedStep.objects.filter(flag_environment__flag=flag).select_related("requested_by")
    newest = rows.order_by("flag_environment", "-requested_at", "-id").distinct("flag_environment")
    return [step for step in newest if step.state == StepState.CONFLICTING]
