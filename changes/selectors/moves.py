"""The moves of a change: who may, whether the rules allow it now, and why not. One table for actions, pages and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from changes import permissions, states
from changes.models import ChangeRequest
from changes.policy import approvals, freezes, lifecycle, risk, schedule, windows
from changes.policy.approvals import SeatOffer
from changes.selectors.changes import overdue_records
from changes.selectors.situation import Situation
from changes.states import ChangeState, ChangeType
from cybercube_portal.decisions import Decision, Reason, decide, failed
from cybercube_portal.errors import MoveRefused, NotPermitted
from cybercube_portal.moves import sources_of
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, may

Judge = Callable[[Situation, Actor], Decision]


@dataclass(frozen=True, slots=True)
class MoveRule:
    """One verb: its permission, its reason guard, and the word on its button. `of`: the changes it is offered for at all."""

    verb: str
    permission: Permission
    judge: Judge
    label: str
    of: Callable[[ChangeRequest], bool] = lambda _change: True


@dataclass(frozen=True, slots=True)
class MoveOption:
    """What a page or a client is told of a verb. `reasons` are those that stand in the way."""

    verb: str
    label: str
    allowed: bool
    reasons: tuple[Reason, ...]


def _free(_situation: Situation, _actor: Actor) -> Decision:
    return decide()


def _submit(situation: Situation, _actor: Actor) -> Decision:
    return lifecycle.may_submit(ChangeType(situation.change.type)) + prepared(situation)


def whole(situation: Situation) -> Decision:
    """Whether everything people sign is there: words and answers."""
    return written_parts(situation.change) + risk.is_complete(situation.risk_facts)


def written_parts(change: ChangeRequest) -> Decision:
    """Whether the words that people sign are there. Asks nothing."""
    return lifecycle.is_written(
        lifecycle.ProposalFacts(
            description=change.description,
            impact=frozenset(part for part, text in change.impact.items() if str(text).strip()),
            rollback_plan=change.rollback_plan,
        )
    )


def prepared(situation: Situation) -> Decision:
    """Whether a draft may be handed in: whole, with a time to come, and for a standard change its conditions."""
    decision = whole(situation) + decide(schedule.slot_in_past(situation.slot, situation.now))
    if situation.change.is_standard:
        decision += situation.standard_decision + decide(suspension(situation))
    return decision


def _approve(situation: Situation, actor: Actor) -> Decision:
    change = situation.change
    return decide(situation.outdated) + approvals.may_sign(
        person=actor.username,
        roles=actor.roles(at=situation.now, teams=situation.teams),
        requester=change.requester.username,
        editors=frozenset(change.editors),
        seats=situation.plan.seats,
        signatures=situation.given,
        refused=situation.is_refused,
    )


def _refuse(situation: Situation, actor: Actor) -> Decision:
    change = situation.change
    return approvals.may_refuse(
        person=actor.username,
        roles=actor.roles(at=situation.now, teams=situation.teams),
        requester=change.requester.username,
        editors=frozenset(change.editors),
        seats=situation.plan.seats,
    )


def _withdraw(situation: Situation, actor: Actor) -> Decision:
    if any(fact.person == actor.username for fact in situation.given):
        return decide()
    return decide(
        failed("approval.not_signed", "§5.6", "You have not approved this content.", "There is nothing to withdraw.")
    )


def _authorise(situation: Situation, _actor: Actor) -> Decision:
    return lifecycle.may_authorise_type(ChangeType(situation.change.type))


def _confirm(situation: Situation, actor: Actor) -> Decision:
    change = situation.change
    if change.confirm_by is None or change.confirmed_at is not None:
        return decide(failed("emergency.nothing_to_confirm", "§6.4", "Nothing is to be confirmed.", "Nothing to do."))
    if change.authorised_by is None or change.authorised_by.username != actor.username:
        name = change.authorised_by.get_full_name() if change.authorised_by else "The approver"
        message = f"{name} was named as the approver."
        return decide(
            failed("emergency.not_the_approver", "§6.4", message, "Only the named approver confirms.", (name,))
        )
    return decide()


def _start(situation: Situation, _actor: Actor) -> Decision:
    change = situation.change
    confirmation = lifecycle.is_confirmed(
        confirm_by=change.confirm_by, confirmed_at=change.confirmed_at, now=situation.now
    )
    return situation.seat_decision + decide(confirmation, situation.word, situation.outdated) + when_allowed(situation)


def _close(situation: Situation, _actor: Actor) -> Decision:
    change = situation.change
    return lifecycle.may_close(change_type=ChangeType(change.type), state=ChangeState(change.state), outcome=None)


def _document(situation: Situation, _actor: Actor) -> Decision:
    return lifecycle.may_document(ChangeType(situation.change.type))


def _reschedule(situation: Situation, _actor: Actor) -> Decision:
    change = situation.change
    return lifecycle.may_reschedule(change_type=ChangeType(change.type), state=ChangeState(change.state))


def _take_back(situation: Situation, _actor: Actor) -> Decision:
    return lifecycle.may_take_back(record_due_at=situation.change.record_due_at)


def when_allowed(situation: Situation) -> Decision:
    """Slot, lead time, windows, freezes and suspension at this moment, for every service and environment."""
    change = situation.change
    kind = ChangeType(change.type)
    reasons: list[Reason | None] = []
    if kind is not ChangeType.EMERGENCY:
        reasons.append(schedule.judge_slot(situation.slot, situation.now))
    if change.submitted_at is not None:
        reasons.append(schedule.judge_lead_time(kind, change.submitted_at, max(situation.now, change.scheduled_time)))
    if kind is ChangeType.STANDARD:
        reasons.append(suspension(situation))
    decision = decide(*reasons)
    for subject in situation.subjects:
        decision += decide(windows.judge_window(situation.windows, subject, situation.now))
        decision += freezes.judge(situation.freezes, subject, situation.now)
    return told_once(decision)


def suspension(situation: Situation) -> Reason | None:
    """R5: whether a team of the change is suspended from standard changes."""
    team_services = situation.services_of_teams
    overdue = overdue_records(now=situation.now).filter(services__overlap=sorted(team_services))
    return lifecycle.is_team_suspended(overdue.values_list("number", flat=True))


def _is_emergency(change: ChangeRequest) -> bool:
    return change.is_emergency


def _is_planned(change: ChangeRequest) -> bool:
    return not change.is_emergency


def _waits_for_word(change: ChangeRequest) -> bool:
    return change.confirm_by is not None and change.confirmed_at is None


RULES: tuple[MoveRule, ...] = (
    MoveRule("submit", permissions.SUBMIT, _submit, "Submit for approval", _is_planned),
    MoveRule("authorise", permissions.AUTHORISE, _authorise, "Authorise emergency", _is_emergency),
    MoveRule("confirm", permissions.CONFIRM, _confirm, "Confirm my verbal approval", _waits_for_word),
    MoveRule("approve", permissions.APPROVE, _approve, "Approve"),
    MoveRule("refuse", permissions.REFUSE, _refuse, "Refuse"),
    MoveRule("withdraw", permissions.WITHDRAW, _withdraw, "Withdraw my approval"),
    MoveRule("start", permissions.START, _start, "Start"),
    MoveRule("finish", permissions.FINISH, _free, "Finish"),
    MoveRule("roll_back", permissions.ROLL_BACK, _free, "Roll back"),
    MoveRule("close", permissions.CLOSE, _close, "Close", _is_planned),
    MoveRule("document", permissions.DOCUMENT, _document, "Document", _is_emergency),
    MoveRule("record", permissions.RECORD, _document, "Complete the record", _is_emergency),
    MoveRule("reschedule", permissions.RESCHEDULE, _reschedule, "Reschedule"),
    MoveRule("revise", permissions.REVISE, _take_back, "Revise"),
    MoveRule("cancel", permissions.CANCEL, _take_back, "Cancel"),
)
BY_VERB: dict[str, MoveRule] = {rule.verb: rule for rule in RULES}

# Verbs that move nothing by themselves have no row in the state table: where they can be said.
SAYABLE: dict[str, frozenset[str]] = {
    "withdraw": frozenset({ChangeState.IN_REVIEW, ChangeState.APPROVED}),
    "confirm": frozenset(ChangeState) - {ChangeState.DRAFT, ChangeState.CANCELLED},
}


def possible_from(verb: str) -> frozenset[str]:
    """The states in which `verb` can be said at all (the shape guard)."""
    return SAYABLE.get(verb) or sources_of(states.CHANGE_MOVES, verb=verb)


def permit(change: ChangeRequest, verb: str, *, actor: Actor, situation: Situation) -> Decision:
    """The three guards of a verb in their order: person, shape, reason. Returns the reasons when all allow.

    Raises NotPermitted, or MoveRefused with every reason that stands in the way.
    """
    rule = BY_VERB[verb]
    person = _person(rule, situation, actor)
    if person.blockers:
        raise NotPermitted(person.blockers[0])
    shape = _shape(change, verb)
    if shape is not None:
        raise MoveRefused(decide(shape))
    decision = rule.judge(situation, actor)
    if not decision.allowed:
        raise MoveRefused(decision)
    return decision


def moves_for(situation: Situation, *, actor: Actor) -> tuple[MoveOption, ...]:
    """Every verb that such a change knows in its state, with what stands in the way for `actor`."""
    options = []
    for rule in RULES:
        if not rule.of(situation.change) or _shape(situation.change, rule.verb) is not None:
            continue
        blockers = _person(rule, situation, actor).blockers or rule.judge(situation, actor).blockers
        options.append(MoveOption(rule.verb, _label(rule, situation, actor), not blockers, blockers))
    return tuple(options)


def blockers_of(situation: Situation, verb: str, *, actor: Actor) -> tuple[Reason, ...]:
    """What stands in the way of one verb for `actor`, its state apart."""
    rule = BY_VERB[verb]
    return _person(rule, situation, actor).blockers or rule.judge(situation, actor).blockers


def in_the_way(situation: Situation, verb: str, *, actor: Actor) -> tuple[Reason, ...]:
    """What stands in the way of one verb for `actor`, its state first; empty when it can be done now."""
    shape = _shape(situation.change, verb)
    return (shape,) if shape else blockers_of(situation, verb, actor=actor)


def offer_for(situation: Situation, *, actor: Actor) -> SeatOffer | None:
    """The seat that `actor`'s approval would fill now."""
    return approvals.seat_for(
        person=actor.username,
        roles=actor.roles(at=situation.now, teams=situation.teams),
        seats=situation.plan.seats,
        signatures=situation.given,
    )


def _label(rule: MoveRule, situation: Situation, actor: Actor) -> str:
    if rule.verb != "approve":
        return rule.label
    offer = offer_for(situation, actor=actor)
    return f"Approve as {offer.label}" if offer else rule.label


def _person(rule: MoveRule, situation: Situation, actor: Actor) -> Decision:
    change = situation.change
    is_own = rule.verb == "withdraw" or change.requester_id == actor.id
    owner = actor.username if is_own else change.requester.username
    return may(
        actor,
        rule.permission,
        now=situation.now,
        teams=situation.teams,
        services=change.services,
        owner=owner,
    )


def _shape(change: ChangeRequest, verb: str) -> Reason | None:
    possible = possible_from(verb)
    if change.state in possible:
        return None
    words = sorted(state.replace("_", " ") for state in possible)
    return failed(
        "state.move_not_possible",
        "§6.3",
        f"{change.number} is {change.state.replace('_', ' ')}: {verb.replace('_', ' ')} is not possible.",
        f"It is possible from {' or '.join(words)}.",
    )


def told_once(decision: Decision) -> Decision:
    """Two services of one change often hear the same words; a reader needs them once."""
    told: dict[tuple[str, str], Reason] = {}
    for reason in decision.reasons:
        told.setdefault((reason.code, reason.message), reason)
    return Decision(tuple(told.values()))
