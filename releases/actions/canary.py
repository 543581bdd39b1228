"""Judge the step a canary is at, by the metrics of §4.7, while it lasts (§4.5, R13). The newest judgement of a step counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cybercube_portal.audit.actions import open_intent
from cybercube_portal.audit.actors import SYSTEM
from releases.actions.recording import record_deployment
from releases.checks import Checked
from releases.events import DeploymentEvent
from releases.models import Deployment
from releases.policy.verification import reason_of, verdict_of
from releases.selectors.deployments import lock_deployment
from releases.states import DeploymentState, Verdict

JUDGE_STEP = "releases.judge_step"


def promise_judgement(deployment: Deployment, *, at: datetime) -> None:
    """The step it is at is judged first after one interval of the watch, or when its pause ends; nothing without steps."""
    step = deployment.current_step
    if step is not None:
        first = at + min(settings.WATCH_INTERVAL, timedelta(seconds=step["pause_seconds"]))
        open_intent(JUDGE_STEP, deployment.reference, {"step": deployment.step}, at=at, not_before=first)


@transaction.atomic
def judge_step(*, reference: str, step: int, checked: Sequence[Checked], now: datetime) -> datetime | None:
    """Keep how the step looks now, and tell on-call once when it looks bad.

    Returns when to look again; None once the canary has left the step, or where nothing is set up to judge by. Raises NotFound.
    """
    deployment = lock_deployment(reference)
    if not is_at(deployment, step) or not checked:
        return None
    findings = [one.finding for one in checked]
    verdict = verdict_of(findings)
    told = any(entry["step"] == step and entry.get("told") for entry in deployment.step_judgements)
    judgement = {
        "step": step,
        "weight": deployment.steps[step]["weight"],
        "verdict": verdict.value,
        "message": reason_of(findings, verdict),
        "told": told or verdict is Verdict.FAIL,
        "at": now.isoformat(),
        **{finding.kind.value: finding.value for finding in findings},
    }
    others = [entry for entry in deployment.step_judgements if entry["step"] != step]
    deployment.step_judgements = [*others, judgement]
    deployment.save(update_fields=["step_judgements"])
    if verdict is Verdict.FAIL and not told:
        message = f"The canary at {judgement['weight']} %: {judgement['message']}"
        record_deployment(DeploymentEvent.ALERTED, deployment, actor=SYSTEM, at=now, step=step, message=message)
    return now + settings.WATCH_INTERVAL


def is_at(deployment: Deployment, step: int) -> bool:
    """Whether the canary runs at this step."""
    return bool(deployment.steps) and deployment.state == DeploymentState.RUNNING and deployment.step == step
