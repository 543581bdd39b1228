"""The worker's edge of releases: ids in, one action out. The clock is read at the edge and nowhere below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings

from cybercube_portal import clock
from cybercube_portal.audit.registry import Again, Task
from cybercube_portal.audit.selectors.events import event_named
from cybercube_portal.catalog.actions.retention import judge_retention
from releases.actions import (
    baseline,
    bypasses,
    canary,
    compliance,
    driving,
    falling_back,
    figures,
    flags,
    following,
    migration_notices,
    notices,
    on_call,
    one_flag,
    outcomes,
    release_notices,
    verification,
    watch,
)
from releases.actions.observations import claim_looks, note_sighting
from releases.checks import Checked, look
from releases.checks.looking import look_at_all
from releases.drivers import Report
from releases.selectors.deployments import get_deployment, last_production_uses
from releases.selectors.verification import check_facts
from releases.selectors.watch import is_being_watched
from releases.states import CheckKind, DeploymentState

METRICS = (CheckKind.ERROR_RATE, CheckKind.LATENCY_P99)
WATCHED = (CheckKind.HEALTH, *METRICS)
log = structlog.get_logger(__name__)

# A tick that nobody took in time is dropped: the next one does its work.
LOOK = "releases.look_at_services"
_EVERY = min(5.0, settings.OBSERVATION_INTERVAL.total_seconds())
RETENTION = "releases.judge_retention"
COMPLIANCE = "releases.keep_compliance"
FIGURES = "releases.close_days"
# §3.5 counts days; several looks a day lose none when the clock that ticks was restarted.
_QUARTER_DAY = 6 * 60 * 60.0
_FIVE_MINUTES = 5 * 60.0
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": name, "schedule": every, "options": {"expires": every}}
    for name, every in (
        (LOOK, _EVERY),
        (RETENTION, _QUARTER_DAY),
        (COMPLIANCE, _QUARTER_DAY),
        (FIGURES, _FIVE_MINUTES),
    )
    if every
}


@shared_task(name=LOOK)
def look_at_services() -> None:
    """Read /health of every place that is due, outside of any transaction, and keep what each look saw."""
    targets = claim_looks(now=clock.now(), interval=settings.OBSERVATION_INTERVAL)
    for target, sighting in look_at_all(targets, timeout=settings.VERIFICATION_TIMEOUT.total_seconds()):
        try:
            note_sighting(service=target.service, environment=target.environment, sighting=sighting, now=clock.now())
        except Exception:
            log.exception("sighting_not_kept", service=target.service, environment=target.environment)


@shared_task(name=RETENTION)
def judge_artifacts() -> None:
    """Note which artifacts the registry may let go (§3.5): only deployments know what ran in production, and until when."""
    now = clock.now()
    judge_retention(last_used_at=last_production_uses(now=now), now=now)


@shared_task(name=COMPLIANCE)
def keep_compliance() -> None:
    """Keep how far each service is today."""
    compliance.keep_compliance(now=clock.now())


@shared_task(name=FIGURES)
def close_days() -> None:
    """Keep what the dashboards are added up from, of every day that is over."""
    figures.close_days(now=clock.now())


def keep_figures(task: Task, _now: datetime) -> None:
    """A deployment or an incident reads differently now, and with it perhaps a day that is kept."""
    figures.keep_late(**{task.payload["object_type"]: task.subject})


def tell_of_bypass(task: Task, now: datetime) -> None:
    """Production runs what nobody let through."""
    data = event_named(UUID(task.payload["event"])).data
    bypasses.tell_of_bypass(
        service=data["service"],
        version=data["version"],
        expected=data["expected"] or "",
        number=data["change"],
        occasion=task.payload["event"],
        now=now,
    )


def time_out_deployment(task: Task, now: datetime) -> None:
    """A deadline passed: `task.subject` is a deployment's reference."""
    outcomes.time_out_deployment(reference=task.subject, now=now)


def ask_driver(task: Task, now: datetime) -> Report | None:
    """`task.subject` is a rollback's reference; runs in no transaction and may run again."""
    return driving.ask_driver(reference=task.subject, now=now)


def drive_rollback(task: Task, now: datetime, report: Report | None) -> Again | None:
    """Write down what the driver said."""
    return driving.note_report(reference=task.subject, report=report, now=now)


def give_driver_up(task: Task, now: datetime, error: str) -> None:
    """The driver could not be reached."""
    driving.give_driver_up(reference=task.subject, error=error, now=now)


def offer_rollback(task: Task, now: datetime) -> None:
    """`task.subject` is a deployment that failed."""
    notices.offer_rollback(reference=task.subject, now=now)


def page_on_call(task: Task, now: datetime) -> None:
    """`task.subject` is what a rollback did not take back."""
    notices.page_on_call(reference=task.subject, now=now)


def tell_on_call(task: Task, now: datetime) -> None:
    """`task.subject` is a rollback that somebody has to carry out."""
    notices.tell_on_call(reference=task.subject, now=now)


def send_notice(task: Task, now: datetime) -> None:
    """`task.subject` is what was taken back, or was not."""
    notices.send_notice(reference=task.subject, now=now)


def tell_release_watchers(task: Task, now: datetime) -> None:
    """Something became of the release `task.subject`."""
    event = event_named(UUID(task.payload["event"]))
    release_notices.tell_watchers(reference=task.subject, event=event, now=now)


def tell_service_watchers(task: Task, now: datetime) -> None:
    """Something became of the deployment `task.subject`."""
    notices.tell_watchers(reference=task.subject, event=event_named(UUID(task.payload["event"])), now=now)


def make_checks(task: Task, now: datetime) -> Sequence[Checked]:
    """All four checks of a deployment that still waits for them; nothing for another."""
    deployment = get_deployment(task.subject)
    if deployment.state != DeploymentState.VERIFYING:
        return ()
    return look(check_facts(deployment, at=now))


def verify_deployment(task: Task, now: datetime, checked: Sequence[Checked]) -> Again | None:
    """Judge them; once more while the round does not count."""
    later = verification.conclude_verification(
        reference=task.subject, number=task.payload["number"], checked=checked, now=now
    )
    return Again(later) if later else None


def give_up_verification(task: Task, now: datetime, error: str) -> None:
    """They could not be made."""
    verification.give_up_verification(reference=task.subject, number=task.payload["number"], error=error, now=now)


def look_at_watched(task: Task, now: datetime) -> Sequence[Checked]:
    """Health, errors and latency of a deployment that is being watched; nothing of another."""
    deployment = get_deployment(task.subject)
    return look(check_facts(deployment, at=now), WATCHED) if is_being_watched(deployment) else ()


def watch_deployment(task: Task, now: datetime, checked: Sequence[Checked]) -> Again | None:
    """Act on what was seen, and come again until the watch is over."""
    later = watch.take_sample(reference=task.subject, checked=checked, now=now)
    return Again(later) if later else None


def give_up_watch(task: Task, now: datetime, error: str) -> None:
    """It could not be looked at."""
    watch.give_up_watch(reference=task.subject, error=error, now=now)


def look_at_step(task: Task, now: datetime) -> Sequence[Checked]:
    """Errors and latency while the canary is at the step; nothing where there is no Prometheus to ask."""
    deployment = get_deployment(task.subject)
    is_judged = settings.PROMETHEUS_URL and canary.is_at(deployment, task.payload["step"])
    return look(check_facts(deployment, at=now), METRICS) if is_judged else ()


def judge_step(task: Task, now: datetime, checked: Sequence[Checked]) -> Again | None:
    """Keep the judgement, and come again while the step lasts."""
    later = canary.judge_step(reference=task.subject, step=task.payload["step"], checked=checked, now=now)
    return Again(later) if later else None


def kill_rollback_flag(task: Task, now: datetime) -> None:
    """A deployment is being taken back, and its change may name a flag that does so at once."""
    flags.kill_rollback_flag(reference=task.subject, now=now)


def follow_flag(task: Task, now: datetime) -> None:
    """`task.subject` is being taken back, perhaps by a flag that others of its change stand behind too."""
    one_flag.follow_flag(reference=task.subject, now=now)


def fall_back(task: Task, now: datetime) -> None:
    """`task.subject` failed, and may be a rollback by a flag that did not help."""
    falling_back.fall_back(reference=task.subject, now=now)


def ask_on_call(task: Task, now: datetime) -> None:
    """A deployment stays uncertain, or its watch found something: a person decides."""
    event = event_named(UUID(task.payload["event"]))
    on_call.ask_on_call(
        reference=task.subject,
        verb=event.verb,
        message=event.data.get("message") or event.data.get("reason", ""),
        occasion=task.payload["event"],
        now=now,
    )


def read_baseline(task: Task, _now: datetime) -> Sequence[Checked]:
    """The metrics at the moment it started."""
    deployment = get_deployment(task.subject)
    return look(check_facts(deployment, at=deployment.started_at or deployment.created_at), METRICS)


def keep_baseline(task: Task, now: datetime, checked: Sequence[Checked]) -> None:
    """Keep them."""
    baseline.keep_baseline(reference=task.subject, checked=checked, now=now)


def follow_change(task: Task, now: datetime) -> None:
    """The change `task.subject` moved or was edited."""
    following.follow_change(number=task.subject, now=now)


def follow_artifact(task: Task, now: datetime) -> None:
    """Something was reported of the artifact `task.subject`, as `service:version`."""
    service, _, version = task.subject.partition(":")
    following.follow_artifact(service=service, version=version, now=now)


def remind_of_migration(task: Task, now: datetime) -> None:
    """The 30 minutes after the migration `task.subject` are over."""
    migration_notices.remind_of_migration(reference=task.subject, now=now)
