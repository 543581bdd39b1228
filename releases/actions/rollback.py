"""Going back to what was healthy (§8): lock, permit, decide, move, save, record."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from changes.actions.numbers import take_reference
from changes.policy.scope import Action
from cybercube_portal.audit.actions import open_intent
from cybercube_portal.audit.actors import SystemActor
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.decisions import Decision
from cybercube_portal.errors import Invalid, MoveRefused, refuse_unless
from cybercube_portal.people.actors import PORTAL, Actor
from cybercube_portal.people.guard import Permission, require
from releases import permissions
from releases.actions.deadlines import watch_deadline
from releases.actions.driving import finish_rollback
from releases.actions.flags import switch_off
from releases.actions.gate import decide_own
from releases.actions.recording import record_deployment
from releases.actions.taking_back import begin_rollback
from releases.events import DeploymentEvent
from releases.models import Deployment, GateDecision
from releases.policy.rollback import METHODS
from releases.selectors.deployments import get_deployment, lock_deployment
from releases.selectors.gate_log import Answer
from releases.selectors.rollbacks import Plan, plan_rollback
from releases.states import GateOutcome, Method, RollbackMethod, Trigger

DRIVE = "releases.drive_rollback"
FLAG_DRIVER = "flag"
LONGEST_REASON = 10_000


def start_rollback(
    *,
    reference: str,
    reason: str,
    actor: Actor | SystemActor,
    now: datetime,
    trigger: Trigger | None = None,
    to_version: str = "",
    method: RollbackMethod | None = None,
) -> Deployment:
    """Take back the deployment that stands, by another one of the version gone back to; that one is returned, running.

    By a flag nothing is deployed: it is switched off at once and what goes on is verified; nobody is asked, as by no kill. Else the gate is asked on the spot (R7) and its answer kept whatever it is; the service's driver works as soon as this is
    committed. `to_version` "": the last healthy one; `trigger` None: what its state says. Raises NotFound, NotPermitted, Invalid, MoveRefused with every reason.
    """
    _check(reason)
    with transaction.atomic():
        service = catalog.lock_service(get_deployment(reference).service.slug)
        standing = lock_deployment(reference)
        is_system = isinstance(actor, SystemActor)
        plan = plan_rollback(standing, trigger=trigger, to_version=to_version, method=method, is_system=is_system)
        if isinstance(actor, Actor):
            require(actor, guard_of(plan.method), now=now, teams=[service.team.slug], services=[service.slug])
        refuse_unless(plan.decision)
        if plan.is_flag:
            return switched_off(plan, reason=reason, actor=actor, now=now)
        answer = _asked(plan, actor)
        if answer.outcome is GateOutcome.ALLOW:
            return _begun(plan, answer, reason=reason, actor=actor, now=now)
    # After the commit: what the gate said stays in its log.
    raise MoveRefused(Decision(answer.judgement.reasons))


def guard_of(method: RollbackMethod) -> Permission:
    """Who may: whoever carries the pager, and the incident commander alone where a backup is restored (§8.5)."""
    return (
        permissions.RESTORE_DATABASE if method is RollbackMethod.DATABASE_RESTORE else permissions.ROLL_BACK_DEPLOYMENT
    )


def _asked(plan: Plan, actor: Actor | SystemActor) -> Answer:
    if plan.question is None:
        raise RuntimeError("a plan that was allowed has a target")
    return decide_own(question=plan.question, actor=actor if isinstance(actor, Actor) else PORTAL)


def _begun(plan: Plan, answer: Answer, *, reason: str, actor: Actor | SystemActor, now: datetime) -> Deployment:
    version, digest = answer.question.version, answer.digest
    rollback = _opened(plan, version=version, digest=digest, decision=answer.decision, actor=actor, now=now)
    _started(rollback, plan, driver=plan.driver, reason=reason, actor=actor, now=now)
    watch_deadline(rollback, at=now)
    open_intent(DRIVE, rollback.reference, at=now, deadline=rollback.deadline_at)
    return rollback


def switched_off(plan: Plan, *, reason: str, actor: Actor | SystemActor, now: datetime) -> Deployment:
    """The flag is off before this is committed, by this one or by another of its change; the figures say whether that was enough.

    Its service and deployment are locked, and the plan is allowed.
    """
    standing = plan.deployment
    rollback = _opened(plan, version=standing.version, digest=standing.digest, decision=None, actor=actor, now=now)
    _started(rollback, plan, driver=FLAG_DRIVER, reason=reason, actor=actor, now=now)
    said = switch_off(plan.flag, standing, reason=reason, actor=actor, now=now)
    row = rollback.rollback
    row.driver_said = said
    row.save()
    finish_rollback(rollback, said=said, now=now)
    return rollback


def _opened(
    plan: Plan,
    *,
    version: str,
    digest: str,
    decision: GateDecision | None,
    actor: Actor | SystemActor,
    now: datetime,
) -> Deployment:
    standing = plan.deployment
    key, reference = take_reference("DEP", table=Deployment._meta.db_table)  # noqa: SLF001 - Django's own name for it
    rollback = Deployment(
        pk=key,
        reference=reference,
        service=standing.service,
        version=version,
        digest=digest,
        environment=standing.environment,
        action=Action.ROLLBACK,
        method=Method.BLUE_GREEN if plan.method is RollbackMethod.TRAFFIC else Method.ROLLING,
        decision=decision,
        rolls_back=standing,
        started_by_id=actor.id if isinstance(actor, Actor) else None,
        previous_version=standing.version,
        created_at=now,
        deadline_at=now + METHODS[plan.method].deadline,
    )
    rollback.save(force_insert=True)
    return rollback


def _started(
    rollback: Deployment, plan: Plan, *, driver: str, reason: str, actor: Actor | SystemActor, now: datetime
) -> None:
    begin_rollback(
        rollback,
        plan.deployment,
        method=plan.method,
        trigger=plan.trigger,
        driver=driver,
        reason=reason,
        actor=actor,
        now=now,
        flag=plan.flag if plan.is_flag else "",
    )
    rollback.start(at=now)
    rollback.save()
    decision = {"decision": str(rollback.decision.pk)} if rollback.decision else {}
    flag = {"flag": plan.flag} if plan.is_flag else {}
    record_deployment(
        DeploymentEvent.STARTED,
        rollback,
        actor=actor,
        at=now,
        method=plan.method,
        driver=driver,
        trigger=plan.trigger,
        reason=reason,
        **decision,
        **flag,
    )


def _check(reason: str) -> None:
    if not reason.strip():
        raise Invalid.field("/reason", "rollback.reason_missing", "Say why it is rolled back (§8.6).")
    if len(reason) > LONGEST_REASON:
        raise Invalid.field("/reason", "rollback.reason_length", f"At most {LONGEST_REASON} characters.")
