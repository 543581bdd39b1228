"""What a decision of the gate is worth at the moment it is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings

from cybercube_portal.decisions import Decision
from cybercube_portal.people.actors import Actor
from releases.actions.gate_tokens import differing_claims
from releases.policy.deployment import SpendFacts
from releases.policy.gate import decide
from releases.selectors.gate import read_facts
from releases.selectors.gate_log import Answer
from releases.states import GateOutcome


def spend_facts(
    answer: Answer, spent_by: str, *, run: Mapping[str, Any], claims: Mapping[str, Any] | None, actor: Actor
) -> SpendFacts:
    """What `policy.deployment.may_spend` judges; `claims` are a token's, verified, where one was sent."""
    return SpendFacts(
        outcome=answer.outcome,
        action=answer.question.action,
        valid_until=answer.judgement.valid_until,
        asked_by=answer.decision.asked_by,
        starter=actor.username,
        run=answer.decision.run,
        asking_run=run,
        spent_by=spent_by,
        token_differs=() if claims is None else differing_claims(answer, claims),
    )


def judged_again(answer: Answer, *, actor: Actor) -> Decision:
    """The same question about the very digest and change that were allowed: what changed since still counts."""
    bound = replace(answer.question, digest=answer.digest, change=answer.change)
    judgement = decide(read_facts(bound, actor=actor).facts, lifetime=settings.GATE_TOKEN_LIFETIME)
    return Decision(() if judgement.outcome is GateOutcome.ALLOW else judgement.reasons)
