"""Changing what a flag serves. One action decides for everybody: pages, API, import, ramps and workers all come through here.

Towards the safe variant: at once, with a reason in production. Away from it in production: only by a change (design/flags.md items 7, 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import Invalid, Stale, refuse, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, require
from flags import permissions
from flags.actions.binding import Draft, file_steps, require_emergency, take_back
from flags.actions.carrying import begin_under, carry_out
from flags.actions.flags import refuse_archived
from flags.actions.keeping import checked, serve
from flags.actions.recording import lock_environment, record_flag
from flags.actions.stopping import settle_conflict, stop_open_step
from flags.events import FlagEvent
from flags.models import FlagEnvironment, FlagVersion, PlannedStep
from flags.policy.exposure import Direction, direction_of
from flags.policy.ramps import Ramp, contents_of, ramp_errors
from flags.selectors.flags import lock_served, open_step, version_numbered
from flags.selectors.freezes import freezes_over
from flags.states import StepKind, StepState, VersionKind

PRODUCTION = "prd"


@dataclass(frozen=True, slots=True)
class Served:
    """How a request ended: `version` is the new one, or None while `step` waits (for its change, or its time)."""

    row: FlagEnvironment
    version: FlagVersion | None
    step: PlannedStep | None = None

    @property
    def change(self) -> str:
        """The change it goes by."""
        return self.step.change if self.step else self.version.change if self.version else ""


@transaction.atomic
def change_flag(
    *,
    key: str,
    environment: str,
    version: int,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    reason: str = "",
    change: str = "",
    scheduled_time: datetime | None = None,
    kind: VersionKind = VersionKind.EDIT,
) -> Served:
    """Serve something else. `version` is the one the editor read; `change` an authorised emergency to go by.

    Raises NotFound, NotPermitted, Stale, Invalid with pointers, MoveRefused with every reason.
    """
    row = lock_permitted(key, environment, permissions.CHANGE_FLAG, actor=actor, now=now)
    if row.version != version:
        raise Stale(f"{key} is at version {row.version} in {environment} by now.", code="flag.stale")
    content = checked(row, changes)
    direction = direction_of(row.content, content, row.flag.safe_variant)
    if content == row.content:
        return Served(row, None)
    settle_conflict(row, actor=actor, now=now)
    if direction is Direction.RAISE:
        return _raise(row, content, reason=reason, change=change, due=scheduled_time, kind=kind, actor=actor, now=now)
    if direction is Direction.LOWER and environment == PRODUCTION:
        _require_reason(reason)
    if scheduled_time is not None and scheduled_time > now:
        draft = Draft(row=row, contents=[content], version_kind=kind)
        return Served(row, None, _plan(draft, due=scheduled_time, reason=reason, actor=actor, now=now))
    stop_open_step(row, because="What is served was changed by hand.", actor=actor, now=now)
    return Served(row, serve(row, content, kind=kind, reason=reason, actor=actor, by=actor.id or None, now=now))


@transaction.atomic
def kill_flag(*, key: str, environment: str, reason: str, actor: Actor, now: datetime) -> Served:
    """Serve the safe variant to everybody, at once and whatever is frozen (§8.2 "Feature flag: instant").

    Raises NotFound, NotPermitted, MoveRefused for an archived flag, Invalid without a reason.
    """
    row = lock_permitted(key, environment, permissions.KILL_FLAG, actor=actor, now=now)
    _require_reason(reason)
    return _kill(row, reason=reason, actor=actor, by=actor.id or None, now=now)


@transaction.atomic
def kill_for_rollback(
    *, key: str, environment: str, reason: str, actor: Recorded, by: int | None, now: datetime
) -> Served:
    """The same for a rollback that was permitted where it was started, and asks nobody again. Raises NotFound, MoveRefused."""
    lock_environment(environment, now=now)
    row = lock_served(key, environment)
    refuse_archived(row.flag)
    return _kill(row, reason=reason, actor=actor, by=by, now=now)


def _kill(row: FlagEnvironment, *, reason: str, actor: Recorded, by: int | None, now: datetime) -> Served:
    if row.content["enabled"]:
        take_back(row, reason=reason, actor=actor, now=now)
    stop_open_step(row, because="The flag was killed.", actor=actor, now=now)
    if not row.content["enabled"]:
        return Served(row, None)
    content = {**row.content, "enabled": False}
    return Served(row, serve(row, content, kind=VersionKind.KILL, reason=reason, actor=actor, by=by, now=now))


@transaction.atomic
def restore_flag(
    *,
    key: str,
    environment: str,
    actor: Actor,
    now: datetime,
    version: int | None = None,
    reason: str = "",
    change: str = "",
    scheduled_time: datetime | None = None,
) -> Served:
    """Serve again what `version` served; None: what was served before the last kill. A new version under the same guards.

    Raises as change_flag.
    """
    row = lock_permitted(key, environment, permissions.CHANGE_FLAG, actor=actor, now=now)
    old = version_numbered(row, version)
    return change_flag(
        key=key,
        environment=environment,
        version=row.version,
        changes={"salt": row.flag.key, **old.content},
        actor=actor,
        now=now,
        reason=reason or f"Version {old.number} again.",
        change=change,
        scheduled_time=scheduled_time,
        kind=VersionKind.RESTORE,
    )


@transaction.atomic
def ramp_flag(
    *,
    key: str,
    environment: str,
    version: int,
    ramp: Ramp,
    actor: Actor,
    now: datetime,
    reason: str = "",
    scheduled_time: datetime | None = None,
) -> Served:
    """Raise a rollout percentage by percentage, each held for its time or until somebody lets it go on. In production one change covers the whole ramp.

    Raises as change_flag.
    """
    row = lock_permitted(key, environment, permissions.CHANGE_FLAG, actor=actor, now=now)
    if row.version != version:
        raise Stale(f"{key} is at version {row.version} in {environment} by now.", code="flag.stale")
    errors = ramp_errors(ramp, row.content)
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors))
    contents = [checked(row, content) for content in contents_of(ramp, row.content)]
    _refuse_second_step(row)
    settle_conflict(row, actor=actor, now=now)
    draft = Draft(row=row, contents=contents, kind=StepKind.RAMP, holds=ramp.holds)
    step = _plan(draft, due=scheduled_time, reason=reason, actor=actor, now=now)
    percentages = list(ramp.percentages)
    record_flag(FlagEvent.RAMP_STARTED, row.flag, actor=actor, at=now, change=step.change, percentages=percentages)
    return _at_once(row, step, actor=actor, now=now)


def _raise(
    row: FlagEnvironment,
    content: dict[str, Any],
    *,
    reason: str,
    change: str,
    due: datetime | None,
    kind: VersionKind,
    actor: Actor,
    now: datetime,
) -> Served:
    _refuse_second_step(row)
    if change:
        if due is not None and due > now:
            message = "An emergency is carried out now: leave the time out, or the change."
            raise Invalid.field("/scheduled_time", "flag.emergency_is_now", message)
        require_emergency(row, change, now=now)
        begin_under(change, row, actor=actor, implementer=actor.id or None, now=now)
        version = serve(
            row, content, kind=kind, reason=reason, actor=actor, by=actor.id or None, now=now, change=change
        )
        return Served(row, version)
    if row.environment != PRODUCTION and (due is None or due <= now):
        refuse_unless(freezes_over(row, now=now))
        return Served(row, serve(row, content, kind=kind, reason=reason, actor=actor, by=actor.id or None, now=now))
    draft = Draft(row=row, contents=[content], version_kind=kind)
    step = _plan(draft, due=due, reason=reason, actor=actor, now=now)
    return _at_once(row, step, actor=actor, now=now)


def _plan(draft: Draft, *, due: datetime | None, reason: str, actor: Actor, now: datetime) -> PlannedStep:
    row = draft.row
    _refuse_second_step(row)
    needs_change = row.environment == PRODUCTION and any(
        direction_of(row.content, content, row.flag.safe_variant) is Direction.RAISE for content in draft.contents
    )
    (step,) = file_steps([draft], reason=reason, due=due, needs_change=needs_change, actor=actor, now=now)
    return step


def _at_once(row: FlagEnvironment, step: PlannedStep, *, actor: Actor, now: datetime) -> Served:
    """A step that nothing is left to wait for is carried out in the same breath."""
    if step.due_at > now or (step.change and not step.standard):
        return Served(row, None, step)
    version = carry_out(step=step, row=row, actor=actor, now=now, strict=True)
    return Served(row, version, step)


def _refuse_second_step(row: FlagEnvironment) -> None:
    step = open_step(row)
    if step is not None:
        by = f" by {step.change}" if step.change else ""
        word = "A ramp is running" if step.state == StepState.RUNNING else "A step is planned"
        raise refuse(
            "flag.step_open",
            "§7.5",
            f"{word} for {row.flag.key} in {row.environment}{by}.",
            "Let it happen, or withdraw it first.",
            (step.requested_by.get_full_name(),),
        )


def lock_permitted(
    key: str, environment: str, permission: Permission, *, actor: Actor, now: datetime
) -> FlagEnvironment:
    """What the flag serves there, for somebody who may; nobody else writes there until the end. Raises NotFound, NotPermitted, MoveRefused."""
    lock_environment(environment, now=now)
    row = lock_served(key, environment)
    flag = row.flag
    require(
        actor,
        permission,
        now=now,
        teams=[flag.team.slug],
        services=[flag.service.slug] if flag.service else (),
        owner=flag.owner.username if flag.owner else None,
    )
    refuse_archived(flag)
    return row


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid.field("/reason", "flag.reason_missing", "Say why: whoever is on call will read it.")
