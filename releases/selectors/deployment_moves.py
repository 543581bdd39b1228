"""The moves of a deployment that people and pipelines make: who may, whether the rules allow it now, and why not. One table for actions, pages and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from changes.selectors.moves import MoveOption
from cybercube_portal.decisions import Decision, Reason, decide, failed, pending
from cybercube_portal.errors import MoveRefused, NotPermitted
from cybercube_portal.moves import sources_of
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, may
from releases import permissions, states
from releases.models import Deployment
from releases.policy import deployment as policy
from releases.selectors.canary import judge_next_step
from releases.selectors.rollbacks import plan_rollback
from releases.selectors.verification import open_verification
from releases.states import DeploymentState

Judge = Callable[[Deployment, Actor, datetime], Decision]


@dataclass(frozen=True, slots=True)
class MoveRule:
    """One verb: its permission, its reason guard, and the word on its button. `of`: the deployments it is offered for at all."""

    verb: str
    permission: Permission
    judge: Judge
    label: str
    of: Callable[[Deployment], bool] = lambda _deployment: True


def _free(_deployment: Deployment, _actor: Actor, _now: datetime) -> Decision:
    return decide()


def _finish(deployment: Deployment, _actor: Actor, _now: datetime) -> Decision:
    return policy.may_finish(steps=len(deployment.steps), step=deployment.step)


def _verify(deployment: Deployment, _actor: Actor, _now: datetime) -> Decision:
    if open_verification(deployment) is None:
        return decide()
    return decide(pending("deployment.being_verified", "§4.7", "It is being verified.", "Wait for the verdict."))


def _way_back(deployment: Deployment, _actor: Actor, _now: datetime) -> Decision:
    return plan_rollback(deployment).decision


def _has_steps(deployment: Deployment) -> bool:
    return bool(deployment.steps)


def _is_verifying(deployment: Deployment) -> bool:
    return bool(deployment.state == DeploymentState.VERIFYING)


RULES: tuple[MoveRule, ...] = (
    MoveRule("advance", permissions.ADVANCE_DEPLOYMENT, judge_next_step, "Advance to the next step", _has_steps),
    MoveRule("finish", permissions.FINISH_DEPLOYMENT, _finish, "Finish and verify"),
    MoveRule("verify", permissions.VERIFY_DEPLOYMENT, _verify, "Verify again"),
    MoveRule("fail", permissions.VERIFY_DEPLOYMENT, _free, "Fail it", _is_verifying),
    MoveRule("abort", permissions.ABORT_DEPLOYMENT, _free, "Abort"),
    MoveRule("roll_back", permissions.ROLL_BACK_DEPLOYMENT, _way_back, "Prepare rollback"),
    MoveRule("report_corruption", permissions.REPORT_CORRUPTION, _free, "Report data corruption"),
)
BY_VERB: dict[str, MoveRule] = {rule.verb: rule for rule in RULES}

# Verbs that move nothing by themselves have no row in the state table: where they can be said.
SAYABLE: dict[str, frozenset[str]] = {
    "verify": frozenset({DeploymentState.VERIFYING}),
    # Of what runs the pipeline says so when it finishes it.
    "fail": frozenset({DeploymentState.VERIFYING}),
    "report_corruption": frozenset(DeploymentState) - {DeploymentState.PENDING, DeploymentState.ABORTED},
}


def possible_from(verb: str) -> frozenset[str]:
    """The states in which `verb` can be said at all (the shape guard)."""
    return SAYABLE.get(verb) or sources_of(states.DEPLOYMENT_MOVES, verb=verb)


def permit(deployment: Deployment, verb: str, *, actor: Actor, now: datetime) -> Decision:
    """The three guards of a verb in their order: person, shape, reason. Returns the reasons when all allow.

    Raises NotPermitted, or MoveRefused with every reason that stands in the way.
    """
    rule = allow_person(deployment, verb, actor=actor, now=now)
    decision = rule.judge(deployment, actor, now)
    if not decision.allowed:
        raise MoveRefused(decision)
    return decision


def allow_person(deployment: Deployment, verb: str, *, actor: Actor, now: datetime) -> MoveRule:
    """The first two guards, for what needs no reason. Raises NotPermitted, MoveRefused."""
    rule = BY_VERB[verb]
    person = _person(rule, deployment, actor, now)
    if person.blockers:
        raise NotPermitted(person.blockers[0])
    shape = _shape(deployment, verb)
    if shape is not None:
        raise MoveRefused(decide(shape))
    return rule


def moves_for(deployment: Deployment, *, actor: Actor, now: datetime) -> tuple[MoveOption, ...]:
    """Every verb that such a deployment knows in its state, with what stands in the way for `actor`."""
    options = []
    for rule in RULES:
        if not rule.of(deployment) or _shape(deployment, rule.verb) is not None:
            continue
        blockers = _person(rule, deployment, actor, now).blockers or rule.judge(deployment, actor, now).blockers
        options.append(MoveOption(rule.verb, rule.label, not blockers, blockers))
    return tuple(options)


def _person(rule: MoveRule, deployment: Deployment, actor: Actor, now: datetime) -> Decision:
    service = deployment.service
    return may(actor, rule.permission, now=now, teams=[service.team.slug], services=[service.slug])


def _shape(deployment: Deployment, verb: str) -> Reason | None:
    possible = possible_from(verb)
    if deployment.state in possible:
        return None
    words = sorted(state.replace("_", " ") for state in possible)
    return failed(
        "state.move_not_possible",
        "§4.2",
        f"{deployment.reference} is {deployment.state.replace('_', ' ')}: {verb.replace('_', ' ')} is not possible.",
        f"It is possible from {' or '.join(words)}.",
    )
