"""The change that speaks for the action: which one, whether it covers it, whether it is signed (§6). Pure.

What waits and what does not: a change in review waits for the seats it has asked for, and an approved one whose signature
stopped counting goes back there. A draft has asked nobody yet, and a change that is being implemented can no longer be
signed: both fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from changes.policy import emergency
from changes.policy.approvals import SeatFacts, fill, missing_seats, required_seats
from changes.policy.artifacts import NamedArtifact
from changes.policy.lifecycle import is_approved, is_confirmed
from changes.policy.risk import is_outdated
from changes.policy.scope import Action
from changes.policy.standard import STEPS
from changes.states import ChangeState, ChangeType
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Decision, Outcome, Reason, failed, passed, skipped
from releases.policy.gate.facts import ChangeFact, GateFacts, Question

IN_FORCE: frozenset[ChangeState] = frozenset({ChangeState.APPROVED, ChangeState.IMPLEMENTING})
# What may speak for a question that names no change: in force, or on its way there.
SPEAKING: frozenset[ChangeState] = IN_FORCE | {ChangeState.IN_REVIEW}


def speaking(candidates: Iterable[ChangeFact], *, question: Question, digest: str, at: datetime) -> ChangeFact | None:
    """The change that answers a question which names none, of those that cover it.

    One in force comes before one in review, one whose slot is open before one to come before one that is over, then the
    nearest slot, then the lowest number.
    """
    covering = (
        change for change in candidates if change.state in SPEAKING and not uncovered(change, question, digest=digest)
    )
    return min(covering, key=lambda change: _preference(change, at), default=None)


def _preference(change: ChangeFact, at: datetime) -> tuple[bool, int, timedelta, str]:
    is_pending = change.state not in IN_FORCE
    if change.type is ChangeType.EMERGENCY:
        ends = good_until(change)
        is_over = ends is not None and ends <= at
        return is_pending, 2 if is_over else 0, timedelta(0), change.number
    if change.slot.span.contains(at):
        return is_pending, 0, timedelta(0), change.number
    if at < change.slot.start:
        return is_pending, 1, change.slot.start - at, change.number
    return is_pending, 2, at - change.slot.end, change.number


def uncovered(change: ChangeFact, question: Question, *, digest: str) -> tuple[Reason, ...]:
    """Why the change does not speak for this service, environment, action and digest; empty when it does."""
    missing = []
    if question.service not in change.services:
        missing.append(_not_covered(change, "service", question.service))
    if question.environment not in change.environments:
        missing.append(_not_covered(change, "environment", question.environment))
    if change.type is ChangeType.STANDARD and not _is_its_step(change, question):
        missing.append(_other_step(change, question))
    if question.moves_artifact and not missing:
        named = [entry for entry in change.artifacts if entry.service == question.service]
        if not any(_is_named(entry, question, digest) for entry in named):
            missing.append(_other_artifact(change, question, named))
    return tuple(missing)


def _is_named(entry: NamedArtifact, question: Question, digest: str) -> bool:
    """Digests are compared, never tags (R2); a version that had no digest yet stands for the one it was registered with."""
    return entry.digest == digest if entry.digest else entry.version == question.version


def _is_its_step(change: ChangeFact, question: Question) -> bool:
    """A rollback needs no change, so it is no template's step either."""
    return question.is_rollback or (change.template is not None and question.action in STEPS[change.template])


def _other_step(change: ChangeFact, question: Question) -> Reason:
    approved = change.template.value if change.template else "an unknown"
    return failed(
        "change.action_not_covered",
        "§6.2",
        f"{change.number} was filed from the template {approved}, which approves no {question.action.value} beforehand.",
        "File a change from the template for this step, or a normal change.",
        (change.requester,),
        change=change.number,
        template=approved,
    )


def _not_covered(change: ChangeFact, what: str, name: str) -> Reason:
    return failed(
        f"change.{what}_not_covered",
        "§6.6",
        f"{change.number} does not cover the {what} {name}.",
        "Name a change that covers it, or revise this one.",
        (change.requester,),
        change=change.number,
    )


def _other_artifact(change: ChangeFact, question: Question, named: list[NamedArtifact]) -> Reason:
    versions = ", ".join(entry.version for entry in named)
    says = f"approves {versions} of {question.service}" if named else f"names no version of {question.service}"
    return failed(
        "change.artifact_not_covered",
        "§6.6",
        f"{change.number} {says}, not this {question.version}.",
        "Deploy what was approved, or revise the change and have it approved again.",
        (change.requester,),
        change=change.number,
    )


def judge_change(facts: GateFacts) -> tuple[Reason, ...]:
    """Approved or implementing, covers service, environment and digest; each triple once, plus retries."""
    change = facts.change
    if change is None:
        return (*facts.refused, _missing(facts.question))
    covered = uncovered(change, facts.question, digest=facts.digest) or (
        passed("change.covers", "§6.6", f"{change.number} covers this.", change=change.number),
    )
    return (*covered, is_approved(change.state), *_signed(change, facts.at), _unspent(facts, change))


def _missing(question: Question) -> Reason:
    if question.change:
        return failed(
            "change.unknown",
            "§6.6",
            f"There is no change {question.change}.",
            "Correct the number, or leave it out: the approved change is found.",
        )
    return failed(
        "change.missing",
        "§6.3",
        f"No change that is approved or in review covers {question.words} in {question.environment}.",
        "File a change that names this service, environment and version, and have it approved.",
        ("Engineer",),
    )


def _signed(change: ChangeFact, at: datetime) -> tuple[Reason, ...]:
    if change.state not in SPEAKING:
        return ()
    reasons = approvals_of(change).reasons
    if change.type is ChangeType.EMERGENCY:
        confirmed = is_confirmed(confirm_by=change.confirm_by, confirmed_at=change.confirmed_at, now=at)
        word = emergency.word_holds(said_at=_said_at(change), now=at)
        return (*map(_cannot_come, reasons), *(reason for reason in (word, confirmed) if reason))
    if change.state is ChangeState.IMPLEMENTING:
        reasons = tuple(map(_cannot_come, reasons))
    outdated = is_outdated(change.risk, change.known)
    return reasons + ((outdated,) if outdated else ())


def good_until(change: ChangeFact) -> datetime | None:
    """When the clock alone ends an emergency's approval: its word is over, or was not confirmed in time. None for others."""
    if change.type is not ChangeType.EMERGENCY:
        return None
    said_at = _said_at(change)
    ends = [emergency.word_ends(said_at)] if said_at else []
    if change.confirm_by is not None and change.confirmed_at is None:
        ends.append(change.confirm_by)
    return min(ends, default=None)


def _said_at(change: ChangeFact) -> datetime | None:
    """An emergency's one signature is the word of whoever authorised it."""
    return max((one.at for one in change.signatures), default=None)


def approvals_of(change: ChangeFact) -> Decision:
    """Every seat, filled by the signatures that still count: whoever lost a role early since fills nothing (§5.6, §6.4)."""
    plan = required_seats(
        SeatFacts(change_type=change.type, risk=change.risk, release_type=change.release_type, classes=change.classes)
    )
    others = [one for one in change.signatures if one.person != change.requester and one.person not in change.editors]
    return missing_seats(fill(plan.seats, others))


def _cannot_come(reason: Reason) -> Reason:
    """A seat that nobody can fill any more."""
    if reason.outcome is not Outcome.PENDING:
        return reason
    return replace(
        reason,
        code="approval.no_longer_counts",
        outcome=Outcome.FAIL,
        remedy="File a new change: this one can no longer be signed.",
    )


def _unspent(facts: GateFacts, change: ChangeFact) -> Reason:
    if facts.question.action is not Action.DEPLOY:
        return skipped("change.unspent", "§6.3", "Only a deployment uses a change up.")
    if facts.deployments.spent_by is None:
        return passed("change.unspent", "§6.3", "This change, environment and digest were not deployed yet.")
    return failed(
        "change.spent",
        "§6.3",
        f"{change.number} was already used for this by {facts.deployments.spent_by}.",
        "File a new change, or retry that deployment.",
        (change.requester,),
    )


def judging(facts: GateFacts) -> ChangeFact | None:
    """The change whose type and risk freezes and windows look at; None is judged as a normal change at high risk.

    Where no change is asked for, only one that is fully approved may claim a freeze's exception.
    """
    change = facts.change
    if change is None or uncovered(change, facts.question, digest=facts.digest):
        return None
    if facts.question.environment in {EnvironmentCode.DEV, EnvironmentCode.STG}:
        is_settled = change.state in IN_FORCE and not is_outdated(change.risk, change.known)
        return change if is_settled and approvals_of(change).allowed else None
    return change
