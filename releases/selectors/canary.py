"""Whether a canary may take its next step: its pause, what was seen of the step it is at, and hard freezes (§4.5, §6.5)."""

from __future__ import annotations

from datetime import datetime

from changes.policy.scope import Action
from cybercube_portal.decisions import Decision, decide
from cybercube_portal.people.actors import Actor
from releases.models import Deployment
from releases.policy import deployment as policy
from releases.policy.gate import Question, judge_going_on
from releases.selectors.gate import read_facts


def judge_next_step(deployment: Deployment, actor: Actor, now: datetime) -> Decision:
    """The step's pause is over, nothing bad was seen of it, and no hard freeze forbids going further."""
    decision = policy.may_advance(
        step=deployment.current_step,
        is_last=deployment.step + 1 >= len(deployment.steps),
        stepped_at=deployment.stepped_at or now,
        now=now,
    )
    return (
        decision
        + policy.is_step_good(deployment.step_judgements, step=deployment.step)
        + _freezes(deployment, actor, now)
    )


def _freezes(deployment: Deployment, actor: Actor, now: datetime) -> Decision:
    """What the gate would say of freezes now, of the hard ones: a soft freeze lets what runs go on."""
    if deployment.is_rollback:
        return decide()
    question = Question(
        service=deployment.service.slug,
        version=deployment.version,
        environment=deployment.environment,
        action=Action(deployment.action),
        digest=deployment.digest,
        change=deployment.change,
    )
    return decide(*judge_going_on(read_facts(question, actor=actor, at=now).facts))
