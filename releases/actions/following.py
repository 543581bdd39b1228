"""A change and a release follow their deployments: the facts move them, nobody has to say it twice."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from changes.actions import carried
from changes.selectors.changes import get_change
from changes.states import ChangeOutcome
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.catalog.states import EnvironmentCode
from releases.actions.recording import record_release
from releases.events import ReleaseEvent
from releases.models import Deployment, Release
from releases.policy.following import next_verb
from releases.selectors.deployments import is_carried_out, is_watched
from releases.selectors.releases import lock_release, progress_of

_EVENTS: dict[str, ReleaseEvent] = {
    "return": ReleaseEvent.RETURNED,
    "stage": ReleaseEvent.STAGED,
    "verify": ReleaseEvent.VERIFIED,
    "deploy": ReleaseEvent.DEPLOYED,
    "watch": ReleaseEvent.WATCHED,
    "fail": ReleaseEvent.FAILED,
    "roll_back": ReleaseEvent.ROLLED_BACK,
}


@transaction.atomic
def follow_release(*, reference: str, actor: Recorded, now: datetime) -> Release:
    """Move a release as far as its change and its deployments have come. Raises NotFound."""
    release = lock_release(reference)
    while (verb := next_verb(progress_of(release))) is not None:
        _move(release, verb, now=now)
        release.updated_at = now
        release.row_version += 1
        release.save()
        record_release(_EVENTS[verb], release, actor=actor, at=now)
    return release


def _move(release: Release, verb: str, *, now: datetime) -> None:
    if verb == "watch":
        release.watch(at=now, until=now + settings.WATCH_DURATION)
    elif verb == "return":
        release.return_to_preparation(at=now)
    else:
        getattr(release, verb)(at=now)


def follow_start(deployment: Deployment, *, actor: Recorded, implementer: int | None, now: datetime) -> None:
    """It started: its change is being implemented."""
    if _speaks(deployment):
        carried.begin_change(
            number=deployment.change,
            deployment=deployment.reference,
            implementer=implementer,
            actor=actor,
            now=now,
        )
    _follow(deployment, actor=actor, now=now)


def follow_health(deployment: Deployment, *, actor: Recorded, now: datetime) -> None:
    """It is healthy: its change is carried out once everything it names is."""
    if _speaks(deployment) and is_carried_out(
        change=deployment.change, artifacts=get_change(deployment.change).artifacts
    ):
        carried.carry_out_change(number=deployment.change, deployment=deployment.reference, actor=actor, now=now)
    _follow(deployment, actor=actor, now=now)


def follow_watch(deployment: Deployment, *, actor: Recorded, now: datetime) -> None:
    """Its watch ended: its change is closed once every watch over it has."""
    if _speaks(deployment) and is_watched(change=deployment.change):
        outcome = ChangeOutcome.SUCCESSFUL_WITH_ISSUES if deployment.alerted_at else ChangeOutcome.SUCCESSFUL
        carried.conclude_change(
            number=deployment.change, deployment=deployment.reference, outcome=outcome, actor=actor, now=now
        )
    _follow(deployment, actor=actor, now=now)


def follow_end(deployment: Deployment, *, actor: Recorded, now: datetime) -> None:
    """It failed or was given up: its release may have to be prepared again."""
    _follow(deployment, actor=actor, now=now)


def follow_way_back(deployment: Deployment, *, reason: str, actor: Recorded, now: datetime) -> None:
    """It was taken back, and so are its change and its release (§8)."""
    if _speaks(deployment):
        carried.take_back_change(
            number=deployment.change, deployment=deployment.reference, reason=reason, actor=actor, now=now
        )
    _follow(deployment, actor=actor, now=now)


def _speaks(deployment: Deployment) -> bool:
    """Only production deploys under a change (domain.md section 4)."""
    return bool(deployment.change) and deployment.environment == EnvironmentCode.PRD and not deployment.is_rollback


def _follow(deployment: Deployment, *, actor: Recorded, now: datetime) -> None:
    if deployment.release and not deployment.is_rollback:
        follow_release(reference=deployment.release, actor=actor, now=now)
