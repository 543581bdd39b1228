"""Carrying a planned step out: by the person who asked when nothing is left to wait for, else by a worker when its time has come."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from changes.actions.carried import begin_change, carry_out_change, conclude_change
from changes.models import ChangeRequest
from changes.policy import freezes
from changes.policy.lifecycle import is_approved
from changes.selectors.changes import lock_change
from changes.selectors.moves import when_allowed
from changes.selectors.situation import Situation
from changes.states import ChangeOutcome, ChangeState
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.audit.actors import SystemActor
from cybercube_portal.decisions import Decision, decide, failed
from cybercube_portal.errors import Invalid, MoveRefused
from flags.actions.keeping import checked, planned_digest, serve
from flags.actions.recording import lock_environment
from flags.actions.stopping import conflict_step, stop_step
from flags.models import FlagEnvironment, FlagVersion, PlannedStep
from flags.policy.exposure import Direction, direction_of
from flags.selectors.flags import lock_served
from flags.selectors.freezes import freezes_over
from flags.selectors.steps import lock_step, open_steps_of
from flags.states import StepKind, StepState

OVER = frozenset({ChangeState.CANCELLED, ChangeState.ROLLED_BACK, ChangeState.CLOSED, ChangeState.DOCUMENTING})


def carry_out(
    *, step: PlannedStep, row: FlagEnvironment, actor: Recorded, now: datetime, strict: bool
) -> FlagVersion | None:
    """Serve the next content of the step. The environment and its rows are locked by the caller.

    `strict`: raise MoveRefused with what stands in the way; else keep it in `held_up_by` and return None.
    """
    change = lock_change(step.change) if step.change else None
    decision = may_carry_out(step, row, change, now=now)
    if not decision.allowed:
        if strict:
            raise MoveRefused(decision)
        step.held_up_by = " ".join(reason.message for reason in decision.blockers)[:1000]
        step.save(update_fields=["held_up_by"])
        return None
    if change is not None:
        begin_under(change.number, row, actor=actor, implementer=step.requested_by_id, now=now)
    version = serve(
        row,
        step.contents[step.done],
        kind=step.kind_of_version,
        reason=step.reason,
        actor=actor,
        by=step.requested_by_id,
        now=now,
        change=step.change,
    )
    _advance(step, row, now=now)
    if step.state == StepState.APPLIED and change is not None:
        _finish(change, row, standard=step.standard, actor=actor, now=now)
    return version


def may_carry_out(step: PlannedStep, row: FlagEnvironment, change: ChangeRequest | None, *, now: datetime) -> Decision:
    """Approval of exactly this content, slot, freezes; and that nothing else was served meanwhile."""
    decision = decide(
        failed(
            "flag.served_meanwhile",
            "§7.5",
            f"{row.flag.key} is at version {row.version} by now; this was written for {step.base_version}.",
            "Withdraw it and plan it again from what is served now.",
        )
        if row.version != step.base_version
        else None
    )
    if change is None:
        # Towards the safe variant nothing is frozen, planned or not.
        rises = direction_of(row.content, step.contents[step.done], row.flag.safe_variant) is Direction.RAISE
        return decision + freezes_over(row, now=now) if rises else decision
    signed = {(entry["flag"], entry["environment"]): entry["content_sha256"] for entry in change.parameters["flags"]}
    if (
        signed.get((row.flag.key, row.environment)) != step.sha256
        or planned_digest(step.contents, step.holds) != step.sha256
    ):
        decision += decide(
            failed(
                "flag.content_differs",
                "§6.3",
                f"What {change.number} was signed for is not what would be served.",
                "Withdraw it and plan it again: another change is opened.",
            )
        )
    situation = Situation(change, now=now)
    if step.state == StepState.RUNNING:
        for subject in situation.subjects:
            decision += freezes.judge_running(situation.freezes, subject, now)
        return decision + decide(is_approved(ChangeState(change.state)))
    standing = decide(is_approved(ChangeState(change.state)), situation.outdated)
    return decision + standing + situation.seat_decision + when_allowed(situation)


def begin_under(number: str, row: FlagEnvironment, *, actor: Recorded, implementer: int | None, now: datetime) -> None:
    """The change is being carried out from here on."""
    begin_change(number=number, deployment=str(row), implementer=implementer, actor=actor, now=now)


def _advance(step: PlannedStep, row: FlagEnvironment, *, now: datetime) -> None:
    step.base_version, step.held_up_by = row.version, ""
    if step.kind == StepKind.EDIT or len(step.contents) == 1:
        step.apply(at=now)
    elif step.state == StepState.WAITING:
        step.begin(at=now)
    step.done += step.state == StepState.RUNNING
    if step.state == StepState.RUNNING:
        if step.done == len(step.contents):
            step.complete(at=now)
        else:
            hold = step.holds[step.done - 1]
            step.awaits_approval, step.due_at = hold is None, now + timedelta(seconds=hold or 0)
    step.save()


def _finish(change: ChangeRequest, row: FlagEnvironment, *, standard: bool, actor: Recorded, now: datetime) -> None:
    """The last step of the change ends the work; what was pre-approved and small needs nobody to look again."""
    if open_steps_of(change.number).exists():
        return
    carry_out_change(number=change.number, deployment=str(row), actor=actor, now=now)
    if standard:
        conclude_change(
            number=change.number, deployment=str(row), outcome=ChangeOutcome.SUCCESSFUL, actor=actor, now=now
        )


@transaction.atomic
def carry_out_due_step(*, step_id: int, now: datetime) -> FlagVersion | None:
    """What a worker does with a step whose time has come: carry it out, say what holds it up, or end it with its change.

    Judges everything again; a step that somebody else finished is left alone.
    """
    step, row = _locked(step_id, now=now)
    if step.state not in {StepState.WAITING, StepState.RUNNING} or step.due_at > now or step.awaits_approval:
        return None
    actor = SystemActor(id="flags", on_behalf_of=step.requested_by.username)
    if step.change and lock_change(step.change).state in OVER:
        stop_step(step, row, because=f"{step.change} is over.", actor=actor, now=now)
        return None
    if row.flag.archived_at is not None:
        stop_step(step, row, because="The flag was archived.", actor=actor, now=now)
        return None
    try:
        checked(row, step.contents[step.done])
    except Invalid as error:
        conflict_step(step, row, because=str(error), actor=actor, now=now)
        return None
    if row.version != step.base_version:
        conflict_step(step, row, because=f"Version {row.version} was served meanwhile.", actor=actor, now=now)
        return None
    return carry_out(step=step, row=row, actor=actor, now=now, strict=False)


@transaction.atomic
def follow_change(*, number: str, now: datetime) -> None:
    """The change `number` was moved: what it carries waits for its new time, or ends with it."""
    for step_id in open_steps_of(number).order_by("pk").values_list("pk", flat=True):
        step, row = _locked(step_id, now=now)
        if step.state not in {StepState.WAITING, StepState.RUNNING}:
            continue
        change = lock_change(number)
        if change.state in OVER:
            actor = SystemActor(id="flags", on_behalf_of=step.requested_by.username)
            stop_step(step, row, because=f"{number} is over.", actor=actor, now=now)
        elif step.state == StepState.WAITING and step.due_at != change.scheduled_time:
            step.due_at = change.scheduled_time
            step.save(update_fields=["due_at"])


def _locked(step_id: int, *, now: datetime) -> tuple[PlannedStep, FlagEnvironment]:
    """The environment first, then the flag, then its step: as everybody who writes there does."""
    where = PlannedStep.objects.filter(pk=step_id).values_list(
        "flag_environment__environment", "flag_environment__flag__key"
    )
    environment, key = where.get()
    lock_environment(environment, now=now)
    row = lock_served(key, environment)
    return lock_step(step_id), row
