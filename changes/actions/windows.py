"""Deployment windows: where one matches, normal changes deploy only inside (domain.md section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from changes import permissions
from changes.actions.numbers import take_reference
from changes.actions.periods import Period, checked_period, refuse_stale, write_period
from changes.actions.recording import record_thing, written
from changes.events import WindowEvent
from changes.models import DeploymentWindow
from changes.selectors.freezes import lock_window
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require


def period_of(window: DeploymentWindow) -> Period:
    """The window as it could have been written."""
    return Period(**written(window, Period))


@transaction.atomic
def create_window(*, period: Period, actor: Actor, now: datetime) -> DeploymentWindow:
    """From now on normal changes of its scope deploy only inside. Raises NotPermitted, Invalid."""
    require(actor, permissions.EDIT_WINDOW, now=now)
    period = checked_period(period)
    pk, reference = take_reference("WIN", table="changes_deploymentwindow")
    window = DeploymentWindow(pk=pk, reference=reference, created_at=now, created_by_id=actor.id)
    write_period(window, period)
    window.save(force_insert=True)
    after = asdict(period)
    record_thing(WindowEvent.CREATED, kind="window", reference=window.reference, actor=actor, at=now, after=after)
    return window


@transaction.atomic
def edit_window(
    *, reference: str, changes: Mapping[str, Any], actor: Actor, now: datetime, tag: str | None = None
) -> DeploymentWindow:
    """Change when or where; `tag` is `tag_of` the period that the editor read, if they say. Raises NotFound, NotPermitted, Stale, Invalid."""
    require(actor, permissions.EDIT_WINDOW, now=now)
    window = lock_window(reference)
    was = period_of(window)
    refuse_stale(reference, was, tag)
    period = checked_period(replace(was, **changes))
    write_period(window, period)
    window.edited_at = now
    window.save()
    record_thing(
        WindowEvent.EDITED,
        kind="window",
        reference=reference,
        actor=actor,
        at=now,
        before=asdict(was),
        after=asdict(period),
    )
    return window


@transaction.atomic
def remove_window(*, reference: str, actor: Actor, now: datetime) -> DeploymentWindow:
    """It holds nobody back any more; the row stays. Raises NotFound, NotPermitted."""
    require(actor, permissions.EDIT_WINDOW, now=now)
    window = lock_window(reference)
    window.removed_at = now
    window.save()
    record_thing(WindowEvent.REMOVED, kind="window", reference=reference, actor=actor, at=now)
    return window
