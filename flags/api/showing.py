"""Flags in the shapes of the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flags.actions.serving import Served
from flags.models import Flag, FlagEnvironment, PlannedStep
from flags.policy.exposure import certain_of, exposure_of
from flags.policy.lifecycle import cleanup, stage_of
from flags.policy.serving import FIELDS
from flags.selectors.facts import life_facts
from flags.selectors.flags import OPEN_STEPS, open_step
from flags.states import StepState

PLAIN = ("key", "name", "type", "description", "value_type", "variants", "safe_variant", "tags", "client_visible")
DATES = ("expires_at", "permanent_reason", "version", "created_at", "created_by", "archived_at")


def shown_flags(flags: Iterable[Flag], *, now: datetime) -> list[dict[str, Any]]:
    """Flags of a list (`team`, `service`, `owner`, `created_by` selected, `environments` prefetched); five queries for all."""
    rows = list(flags)
    facts = life_facts(rows)
    steps = {
        step.flag_environment_id: step
        for step in PlannedStep.objects.filter(flag_environment__flag__in=rows, state__in=OPEN_STEPS).select_related(
            "requested_by"
        )
    }
    return [
        {
            **{name: getattr(flag, name) for name in (*PLAIN, *DATES)},
            "service": flag.service.slug if flag.service else "",
            "team": flag.team.slug,
            "owner": flag.owner.username if flag.owner else "",
            "stage": stage_of(facts[flag.key], now=now),
            "cleanup": cleanup(facts[flag.key], now=now),
            "environments": {
                row.environment: shown_served(row, flag, steps.get(row.pk))
                for row in sorted(flag.environments.all(), key=lambda row: row.pk)
            },
        }
        for flag in rows
    ]


def shown_served(row: FlagEnvironment, flag: Flag, step: PlannedStep | None) -> dict[str, Any]:
    """What a flag serves in one environment."""
    killer = row.killed_by.username if row.killed_by else None
    killed = None if row.killed_at is None else {"at": row.killed_at, "by": killer, "reason": row.killed_because}
    return {
        "flag": flag.key,
        "environment": row.environment,
        "version": row.version,
        **{name: row.content[name] for name in FIELDS},
        "safe_variant": flag.safe_variant,
        "exposure": exposure_of(row.content, flag.safe_variant),
        "certain_exposure": certain_of(row.content, flag.safe_variant),
        "killed": killed,
        "changed_at": row.changed_at,
        "full_since": row.full_since,
        "step": None if step is None else shown_step(step),
        "change": (step.change or None) if step else None,
    }


def shown_step(step: PlannedStep) -> dict[str, Any]:
    """A planned step."""
    names = ("kind", "state", "base_version", "done", "due_at", "change", "reason", "requested_by", "requested_at")
    return {
        **{name: getattr(step, name) for name in (*names, "held_up_by", "holds", "awaits_approval")},
        "percentages": [content["rollout_percentage"] for content in step.contents],
    }


def shown_outcome(served: Served) -> dict[str, Any]:
    """How a request to serve something else ended."""
    step = open_step(served.row)
    shown = shown_served(served.row, served.row.flag, step)
    return {**shown, "change": served.change or None, "state": _state(served, step)}


def _state(served: Served, step: PlannedStep | None) -> str:
    if step is None:
        return "unchanged" if served.version is None else "applied"
    if step.state == StepState.RUNNING:
        return "running"
    if not step.change:
        return "scheduled"
    return "approved" if step.standard else "in_review"
