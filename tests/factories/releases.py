"""Lives of deployments, told through the gate and the real actions at moments that are passed in (the clock is held there)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from changes.policy.scope import Action
from cybercube_portal import clock
from cybercube_portal.catalog.actions.evidence import report_evidence
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.people.selectors import actor_named
from releases.actions.deployments import Start, finish_deployment, start_deployment
from releases.actions.gate import Asked, decide_gate
from releases.actions.outcomes import end_watch, fail_deployment, pass_deployment
from releases.models import Deployment
from releases.policy.gate import Question
from releases.selectors.gate_log import Answer
from releases.states import GateOutcome, Method

SERVICE, VERSION = "billing-service", "v2.3.1"
STAGES: dict[Stage, dict[str, Any]] = {
    Stage.BUILD: {},
    Stage.TEST: {"coverage": 91.5},
    Stage.SCAN: {"critical": 0, "high": 0},
}
CI = "ci-payments"
MINUTE = timedelta(minutes=1)


def proved(*stages: Stage, at: datetime, version: str = VERSION, service: str = SERVICE, by: str = CI) -> None:
    """The pipeline reported that these stages passed; without names those that come before staging."""
    for stage in stages or tuple(STAGES):
        report_evidence(
            service=service,
            version=version,
            stage=stage,
            status=StageStatus.PASSED,
            summary=STAGES.get(stage, {}),
            actor=actor_named(by),
            now=at,
        )


def asked(
    environment: str = "prd",
    *,
    at: datetime,
    version: str = VERSION,
    service: str = SERVICE,
    by: str = CI,
    run: Mapping[str, Any] | None = None,
    **question: Any,
) -> Answer:
    """The gate's answer, whatever it is."""
    with clock.fixed_at(at):
        put = Question(service=service, version=version, environment=environment, **question)
        return decide_gate(asked=Asked(question=put, version=version, run=run or {}), actor=actor_named(by))


def allowed(environment: str = "prd", **asking: Any) -> Answer:
    """An allow; says what stands in the way otherwise."""
    answer = asked(environment, **asking)
    assert answer.outcome is GateOutcome.ALLOW, answer.judgement.blockers
    return answer


def started(
    environment: str = "prd",
    *,
    at: datetime,
    by: str = CI,
    method: Method = Method.ROLLING,
    steps: tuple[Mapping[str, Any], ...] = (),
    **asking: Any,
) -> Deployment:
    """Allowed and begun at the same moment."""
    answer = allowed(environment, at=at, by=by, **asking)
    start = Start(decision=answer.decision.pk, method=method, steps=steps)
    with clock.fixed_at(at):
        return start_deployment(start=start, actor=actor_named(by), now=at)


def verifying(environment: str = "prd", *, at: datetime, by: str = CI, **starting: Any) -> Deployment:
    """Begun at `at`, carried out five minutes later."""
    deployment = started(environment, at=at, by=by, **starting)
    return finish_deployment(
        reference=deployment.reference, status="succeeded", actor=actor_named(by), now=at + 5 * MINUTE
    )


def healthy(environment: str = "prd", *, at: datetime, is_watched: bool = False, **starting: Any) -> Deployment:
    """Verified six minutes after `at`; watched to the end when asked for."""
    deployment = verifying(environment, at=at, **starting)
    passed_at = at + 6 * MINUTE
    deployment = pass_deployment(reference=deployment.reference, observed_version=deployment.version, now=passed_at)
    return end_watch(reference=deployment.reference, now=passed_at + 30 * MINUTE) if is_watched else deployment


def broken(environment: str = "prd", *, at: datetime, **starting: Any) -> Deployment:
    """Carried out, and its verification failed six minutes after `at`."""
    deployment = verifying(environment, at=at, **starting)
    return fail_deployment(reference=deployment.reference, reason="5xx everywhere", now=at + 6 * MINUTE)


def staged(*, at: datetime, version: str = VERSION, service: str = SERVICE, by: str = CI) -> Deployment:
    """Healthy in staging, with its end-to-end tests passed: what production takes (§4.2)."""
    deployment = healthy("stg", at=at, version=version, service=service, by=by)
    proved(Stage.E2E, at=at + 7 * MINUTE, version=version, service=service, by=by)
    return deployment


def taken_back(deployment: Deployment, *, to: str, at: datetime, by: str = CI) -> Deployment:
    """A rollback of `deployment` to the version `to`, six minutes long; answers the rollback."""
    return healthy(
        deployment.environment,
        at=at,
        by=by,
        service=deployment.service.slug,
        version=to,
        action=Action.ROLLBACK,
    )
