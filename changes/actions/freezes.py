"""Freezes and their exceptions (§6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from changes import permissions
from changes.actions.numbers import take_reference
from changes.actions.periods import Period, checked_period, refuse_stale, write_period
from changes.actions.recording import record_thing, written
from changes.events import FreezeEvent
from changes.models import Freeze, FreezeException
from changes.policy import freezes
from changes.policy.freezes import FreezeKind
from changes.policy.predicate import parse_predicate
from changes.policy.recurrence import envelope_end
from changes.selectors.changes import get_change
from changes.selectors.freezes import lock_freeze, recurrence_of
from changes.selectors.held_back import held_back
from changes.states import FreezeState
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import FieldError, Invalid, refuse, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezePlan(Period):
    """A freeze as somebody writes it."""

    kind: str = FreezeKind.HOLIDAY
    predicate: Mapping[str, Any] = field(default_factory=dict)
    hard: bool = True
    reason: str = ""


def plan_of(freeze: Freeze) -> FreezePlan:
    """The freeze as it could have been written: what an edit starts from."""
    return FreezePlan(**written(freeze, FreezePlan))


@transaction.atomic
def create_freeze(*, plan: FreezePlan, actor: Actor, now: datetime) -> Freeze:
    """Write a draft freeze; it counts once published. Raises NotPermitted, Invalid."""
    require(actor, permissions.CREATE_FREEZE, now=now)
    plan = _checked_freeze(plan)
    pk, reference = take_reference("FRZ", table="changes_freeze")
    freeze = Freeze(pk=pk, reference=reference, created_at=now, created_by_id=actor.id)
    _write(freeze, plan)
    freeze.save(force_insert=True)
    _record(FreezeEvent.CREATED, freeze, actor=actor, at=now, after=asdict(plan))
    return freeze


@transaction.atomic
def edit_freeze(
    *, reference: str, changes: Mapping[str, Any], actor: Actor, now: datetime, tag: str | None = None
) -> Freeze:
    """Edit a draft; a published freeze is lifted or cancelled, never rewritten.

    `tag` is `tag_of` the plan that the editor read, if they say. Raises NotFound, NotPermitted, MoveRefused, Stale, Invalid.
    """
    require(actor, permissions.EDIT_FREEZE, now=now)
    freeze = lock_freeze(reference)
    if freeze.state != FreezeState.DRAFT:
        raise refuse(
            "freeze.is_published",
            "§6.5",
            f"{freeze.reference} is {freeze.state}: people rely on what it says.",
            "Lift or cancel it and publish another.",
        )
    was = plan_of(freeze)
    refuse_stale(reference, was, tag)
    plan = _checked_freeze(replace(was, **changes))
    _write(freeze, plan)
    freeze.save()
    _record(FreezeEvent.EDITED, freeze, actor=actor, at=now, before=asdict(was), after=asdict(plan))
    return freeze


@transaction.atomic
def publish_freeze(*, reference: str, actor: Actor, now: datetime) -> Freeze:
    """From now on it counts. Raises NotFound, NotPermitted, MoveRefused when it is over already."""
    require(actor, permissions.PUBLISH_FREEZE, now=now)
    freeze = lock_freeze(reference)
    if freeze.envelope_ends_at is not None and freeze.envelope_ends_at <= now:
        raise refuse("freeze.is_over", "§6.5", f"{freeze.reference} would be over already.", "Give it another end.")
    freeze.publish(at=now)
    freeze.save()
    _record(FreezeEvent.PUBLISHED, freeze, actor=actor, at=now)
    return freeze


@transaction.atomic
def lift_freeze(*, reference: str, reason: str, actor: Actor, now: datetime) -> Freeze:
    """End it early for everybody, with why; never by whoever has a change that it holds back. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    require(actor, permissions.LIFT_FREEZE, now=now)
    freeze = lock_freeze(reference)
    _not_for_oneself(freeze, actor=actor, now=now)
    freeze.lift(at=now, reason=_reason(reason))
    freeze.save()
    _record(FreezeEvent.LIFTED, freeze, actor=actor, at=now, reason=freeze.lift_reason)
    return freeze


@transaction.atomic
def cancel_freeze(*, reference: str, reason: str, actor: Actor, now: datetime) -> Freeze:
    """It will not happen; as for lifting, and a draft may be cancelled by its author too. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    freeze = lock_freeze(reference)
    is_own_draft = freeze.state == FreezeState.DRAFT and freeze.created_by_id == actor.id
    require(actor, permissions.EDIT_FREEZE if is_own_draft else permissions.CANCEL_FREEZE, now=now)
    _not_for_oneself(freeze, actor=actor, now=now)
    freeze.cancel(at=now, reason=_reason(reason))
    freeze.save()
    _record(FreezeEvent.CANCELLED, freeze, actor=actor, at=now, reason=freeze.lift_reason)
    return freeze


@transaction.atomic
def grant_exception(*, reference: str, change: str, reason: str, actor: Actor, now: datetime) -> FreezeException:
    """Let one change pass one freeze; shown for ever. Never by the requester or an editor of the change.

    Raises NotFound, NotPermitted, MoveRefused, Invalid without a reason.
    """
    freeze = lock_freeze(reference)
    excepted = get_change(change)
    require(
        actor,
        permissions.GRANT_EXCEPTION,
        now=now,
        teams=catalog.teams_of(excepted.services),
        services=excepted.services,
    )
    if actor.username == excepted.requester.username or actor.username in excepted.editors:
        raise refuse(
            "freeze.author_grants_exception",
            "§6.5",
            "Nobody grants an exception to their own change.",
            "Ask another manager.",
            ("Engineering manager", "VP Engineering", "CTO"),
        )
    if freeze.state != FreezeState.PUBLISHED:
        raise refuse("freeze.not_published", "§6.5", f"{reference} is {freeze.state}.", "There is nothing to pass.")
    if freeze.exceptions.filter(change=excepted).exists():
        raise refuse("freeze.exception_granted", "§6.5", f"{change} has this exception already.", "Nothing to do.")
    exception = FreezeException.objects.create(
        freeze=freeze, change=excepted, granted_by_id=actor.id, reason=_reason(reason), at=now
    )
    _record(FreezeEvent.EXCEPTION_GRANTED, freeze, actor=actor, at=now, subjects=[change], change=change, reason=reason)
    return exception


def _not_for_oneself(freeze: Freeze, *, actor: Actor, now: datetime) -> None:
    own = held_back(freeze, username=actor.username, now=now)
    refuse_unless(freezes.may_end(held_back=own))


def _write(freeze: Freeze, plan: FreezePlan) -> None:
    """With the envelope that its index needs."""
    write_period(freeze, plan)
    freeze.envelope_ends_at = envelope_end(recurrence_of(freeze))


def _checked_freeze(plan: FreezePlan) -> FreezePlan:
    errors: list[FieldError] = []
    if plan.kind not in set(FreezeKind):
        errors.append(FieldError("/kind", "freeze.kind_unknown", f"A freeze is one of {', '.join(FreezeKind)}."))
    if plan.predicate and plan.kind != FreezeKind.CUSTOM:
        message = "Only a custom freeze has a predicate; the others say what §6.5 says."
        errors.append(FieldError("/predicate", "freeze.predicate_not_custom", message))
    try:
        parse_predicate(plan.predicate)
    except ValueError as error:
        errors.append(FieldError("/predicate", "freeze.predicate", str(error)))
    return checked_period(plan, errors)


def _reason(text: str) -> str:
    if not text.strip():
        raise Invalid.field("/reason", "freeze.reason_missing", "Say why.")
    return text.strip()[:300]


def _record(verb: FreezeEvent, freeze: Freeze, *, actor: Recorded, at: datetime, **more: Any) -> None:
    subjects = [*(f"service:{slug}" for slug in freeze.services), *more.pop("subjects", ())]
    record_thing(verb, kind="freeze", reference=freeze.reference, actor=actor, at=at, subjects=subjects, **more)
