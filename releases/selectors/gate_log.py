"""The gate's log: what was asked, what was answered last, and lists of both."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from changes.policy.scope import Action
from cybercube_portal.decisions import Outcome, Reason
from cybercube_portal.people.actors import Actor
from releases.models import GateDecision, GateEvaluation
from releases.policy.gate import GateAnswer, GateFacts, Question
from releases.states import GateOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to the question of `decision`; see GateEvaluation. `is_kept`: read from the log, not judged just now."""

    decision: GateDecision
    judgement: GateAnswer
    digest: str
    change: str
    release: str
    decided_at: datetime
    inputs: str
    token: str = ""
    is_kept: bool = False

    @property
    def outcome(self) -> GateOutcome:
        """Allow, wait or deny."""
        return self.judgement.outcome

    @property
    def question(self) -> Question:
        """What was asked."""
        return question_of(self.decision)


def answer_of(decision: GateDecision, facts: GateFacts, judgement: GateAnswer, *, inputs: str) -> Answer:
    """What was just judged."""
    change = facts.change
    return Answer(
        decision=decision,
        judgement=judgement,
        digest=facts.digest if facts.question.moves_artifact else "",
        change=change.number if change else "",
        release=facts.releases.reference if facts.question.moves_artifact else "",
        decided_at=facts.at,
        inputs=inputs,
    )


def question_of(decision: GateDecision) -> Question:
    """The question as it was put."""
    return Question.named(
        service=decision.service,
        version=decision.version,
        environment=decision.environment,
        action=Action(decision.action),
        digest=decision.digest,
        change=decision.change_named,
    )


def latest_answer(decision_id: uuid.UUID, *, until: datetime | None = None) -> Answer | None:
    """The last answer kept for a decision, or the last until a moment; None when there is none (one statement)."""
    rows = GateEvaluation.objects.filter(decision_id=decision_id).select_related("decision")
    if until is not None:
        rows = rows.filter(decided_at__lte=until)
    row = rows.order_by("-id").first()
    return None if row is None else kept_answer(row)


def answer_kept_for(question: GateDecision) -> Answer:
    """The last answer to the question that came with the same credential and Idempotency-Key."""
    asked = GateDecision.objects.get(
        asked_by=question.asked_by, key_prefix=question.key_prefix, idempotency_key=question.idempotency_key
    )
    return kept_answer(asked.evaluations.select_related("decision").latest("id"))


def kept_answer(row: GateEvaluation) -> Answer:
    """The row as an Answer; needs `decision` selected."""
    return Answer(
        decision=row.decision,
        judgement=GateAnswer(
            outcome=GateOutcome(row.outcome),
            reasons=reasons_of(row.reasons),
            valid_until=row.valid_until,
            next_allowed_at=row.next_allowed_at,
        ),
        digest=row.digest,
        change=row.change,
        release=row.release,
        decided_at=row.decided_at,
        inputs=row.inputs,
        is_kept=True,
    )


def reasons_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """Reasons from their public shape."""
    return tuple(Reason(**{**row, "outcome": Outcome(row["outcome"]), "who": tuple(row["who"])}) for row in rows)


def may_see(actor: Actor, decision: GateDecision) -> bool:
    """A person sees every decision; a service account those it asked for, or for a service its key names."""
    return not actor.is_service or decision.asked_by == actor.username or decision.service in _named(actor)


def seen_by(actor: Actor, rows: QuerySet[GateDecision]) -> QuerySet[GateDecision]:
    """Those of `rows` that `may_see` lets through."""
    if not actor.is_service:
        return rows
    return rows.filter(Q(asked_by=actor.username) | Q(service__in=_named(actor)))


def _named(actor: Actor) -> frozenset[str]:
    return actor.key.services if actor.key else frozenset()


def decisions_listed() -> QuerySet[GateDecision]:
    """Questions, newest first, each with its last answer's `outcome`, `change`, `decided_at` and `next_allowed_at`."""
    last = GateEvaluation.objects.filter(decision=OuterRef("pk")).order_by("-id")
    return GateDecision.objects.annotate(
        outcome=Subquery(last.values("outcome")[:1]),
        change=Subquery(last.values("change")[:1]),
        decided_at=Subquery(last.values("decided_at")[:1]),
        next_allowed_at=Subquery(last.values("next_allowed_at")[:1]),
    ).order_by("-asked_at", "-id")
