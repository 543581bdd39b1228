"""The moves of a deployment that pipelines and people make, in one shape: lock, permit, decide, move, save, record (§4)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from changes.actions.numbers import take_reference
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import FieldError, Invalid, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.canary import promise_judgement
from releases.actions.deadlines import watch_deadline
from releases.actions.following import follow_end, follow_start
from releases.actions.outcomes import fail_deployment
from releases.actions.recording import record_deployment
from releases.actions.spending import judged_again, spend_facts
from releases.actions.taking_back import begin_rollback_of_pipeline, refuse_useless_rollback
from releases.actions.verification import queue_verification
from releases.events import DeploymentEvent
from releases.models import Deployment
from releases.policy import deployment as policy
from releases.policy.deployment import DEFAULT_STEPS
from releases.selectors.decisions import decision_to_spend
from releases.selectors.deployment_moves import allow_person, permit
from releases.selectors.deployments import last_healthy, lock_deployment, standing_there
from releases.selectors.gate_log import Answer
from releases.states import Method

LONGEST_NOTE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a pipeline says when it starts: the gate's decision by id, how it deploys, and the CI run it is.

    `claims` are those of the decision's token, verified, where the token was sent.
    """

    decision: uuid.UUID
    claims: Mapping[str, Any] | None = None
    method: Method = Method.ROLLING
    steps: tuple[Mapping[str, Any], ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def start_deployment(*, start: Start, actor: Actor, now: datetime) -> Deployment:
    """Spend an allow of the gate and begin; a rollback takes over what stands there.

    The gate's rules are judged once more at this moment, so that what changed since (a freeze, a revoked role) still counts.
    Raises NotFound, NotPermitted, MoveRefused with every reason, Invalid for steps that mean nothing.
    """
    answer, spent_by = decision_to_spend(start.decision)
    service = catalog.lock_service(answer.question.service)
    require(actor, permissions.START_DEPLOYMENT, now=now, teams=[service.team.slug], services=[answer.question.service])
    if errors := policy.wrong_steps(start.method, start.steps):
        raise Invalid(errors)
    refuse_unless(
        policy.may_spend(spend_facts(answer, spent_by, run=start.run, claims=start.claims, actor=actor), now=now)
        + policy.is_method_allowed(start.method, answer.question.environment)
    )
    refuse_unless(judged_again(answer, actor=actor))
    deployment = _opened(answer, start, service_id=service.pk, actor=actor, now=now)
    begin_rollback_of_pipeline(deployment, actor=actor, now=now)
    deployment.start(at=now)
    deployment.save()
    record_deployment(
        DeploymentEvent.STARTED, deployment, actor=actor, at=now, method=deployment.method, decision=str(start.decision)
    )
    watch_deadline(deployment, at=now)
    promise_judgement(deployment, at=now)
    follow_start(deployment, actor=actor, implementer=actor.id, now=now)
    return deployment


def _opened(answer: Answer, start: Start, *, service_id: int, actor: Actor, now: datetime) -> Deployment:
    question = answer.question
    before = last_healthy(service=question.service, environment=question.environment)
    taken_over = standing_there(service=question.service, environment=question.environment)
    if question.is_rollback:
        refuse_useless_rollback(taken_over, digest=answer.digest)
    key, reference = take_reference("DEP", table=Deployment._meta.db_table)  # noqa: SLF001 - Django's own name for it
    steps = start.steps or (DEFAULT_STEPS if start.method is Method.CANARY else ())
    deployment = Deployment(
        pk=key,
        reference=reference,
        service_id=service_id,
        version=question.version,
        digest=answer.digest,
        environment=question.environment,
        action=question.action,
        method=start.method,
        steps=[dict(step) for step in steps],
        decision=answer.decision,
        change="" if question.is_rollback else answer.change,
        release="" if question.is_rollback else answer.release,
        rolls_back=taken_over if question.is_rollback else None,
        run=dict(start.run or answer.decision.run),
        started_by_id=actor.id,
        previous_version=before.version if before else "",
        created_at=now,
        deadline_at=now + settings.DEPLOYMENT_DEADLINE,
    )
    deployment.save(force_insert=True)
    return deployment


@transaction.atomic
def advance_deployment(*, reference: str, actor: Actor, now: datetime) -> Deployment:
    """The canary's next step, once its pause is over, its judgement good and no hard freeze in the way (§4.5, §6.5).

    Raises NotFound, NotPermitted, MoveRefused.
    """
    deployment = lock_deployment(reference)
    permit(deployment, "advance", actor=actor, now=now)
    deployment.advance(at=now, deadline=now + settings.DEPLOYMENT_DEADLINE)
    deployment.save()
    record_deployment(DeploymentEvent.ADVANCED, deployment, actor=actor, at=now, step=deployment.current_step)
    watch_deadline(deployment, at=now)
    promise_judgement(deployment, at=now)
    return deployment


@transaction.atomic
def finish_deployment(*, reference: str, status: str, actor: Actor, now: datetime, note: str = "") -> Deployment:
    """The pipeline is through: `succeeded` is verified next, `failed` ends it.

    Raises NotFound, NotPermitted, MoveRefused, Invalid.
    """
    deployment = lock_deployment(reference)
    allow_person(deployment, "finish", actor=actor, now=now)
    _refuse_long("/note", note)
    if status == "failed":
        return fail_deployment(reference=reference, reason=note or "The pipeline failed.", actor=actor, now=now)
    permit(deployment, "finish", actor=actor, now=now)
    deployment.finish(at=now, deadline=now + settings.VERIFICATION_DEADLINE)
    deployment.note = note or deployment.note
    deployment.save()
    record_deployment(DeploymentEvent.FINISHED, deployment, actor=actor, at=now, note=note)
    watch_deadline(deployment, at=now)
    queue_verification(deployment, actor=actor, now=now)
    return deployment


@transaction.atomic
def abort_deployment(*, reference: str, reason: str, actor: Actor, now: datetime) -> Deployment:
    """Given up before it was finished. Raises NotFound, NotPermitted, MoveRefused, Invalid without a reason."""
    deployment = lock_deployment(reference)
    permit(deployment, "abort", actor=actor, now=now)
    if not reason.strip():
        raise Invalid.field("/reason", "deployment.reason_missing", "Say why it is given up.")
    _refuse_long("/reason", reason)
    if deployment.rolls_back is not None:
        # What it should have taken back stands there still: it failed, and can be tried again.
        return fail_deployment(reference=reference, reason=reason, actor=actor, now=now)
    deployment.abort(at=now)
    deployment.note = reason
    deployment.save()
    record_deployment(DeploymentEvent.ABORTED, deployment, actor=actor, at=now, reason=reason)
    follow_end(deployment, actor=actor, now=now)
    return deployment


def _refuse_long(pointer: str, text: str) -> None:
    if len(text) > LONGEST_NOTE:
        raise Invalid([FieldError(pointer, "deployment.note_length", f"At most {LONGEST_NOTE} characters.")])
