"""A change and a release follow their deployments: the facts move them, nobody has to say it twice."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from changes.actions import carried
from changes.selectors.changes import get_change
from changes.states import ChangeOutcome
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.catalog.states import EnvironmentCode
from releases.actions.recording import record_release
from releases.actions.release_notices import notify_on_call
from releases.events import ReleaseEvent
from releases.models import Deployment, Release
from releases.policy.following import next_verb
from releases.selectors.deployments import is_carried_out, is_watched
from releases.selectors.release_documents import Documents
from releases.selectors.releases import lock_release, progress_of, releases_of_change, releases_shipping

if TYPE_CHECKING:
    from changes.models import ChangeRequest

_EVENTS: dict[str, ReleaseEvent] = {
    "submit": ReleaseEvent.SUBMITTED,
    "return": ReleaseEvent.RETURNED,
    "stage": ReleaseEvent.STAGED,
    "verify": ReleaseEvent.VERIFIED,
    "deploy": ReleaseEvent.DEPLOYED,
    "watch": ReleaseEvent.WATCHED,
    "fail": ReleaseEvent.FAILED,
    "roll_back": ReleaseEvent.ROLLED_BACK,
    "cancel": ReleaseEvent.CANCELLED,
}


@transaction.atomic
def follow_release(*, reference: str, actor: Recorded, now: datetime) -> Release:
    """Move a release as far as its change and its deployments have come. Raises NotFound."""
    release = lock_release(reference)
    change = get_change(release.change)
    while (verb := next_verb(progress_of(release, change=change))) is not None:
        _move(release, verb, change=change, now=now)
        touch(release, now=now)
        record_release(_EVENTS[verb], release, actor=actor, at=now)
    return release


def _move(release: Release, verb: str, *, change: ChangeRequest, now: datetime) -> None:
    if verb == "watch":
        release.watch(at=now, until=now + settings.WATCH_DURATION)
        # What is in production is told as it is now, whatever is registered later.
        release.changelog = Documents(release, change=change).changelog
    elif verb == "return":
        release.return_to_preparation(at=now)
    elif verb == "submit":
        release.submit(at=now)
        notify_on_call(release, now=now)
    else:
        getattr(release, verb)(at=now)


@transaction.atomic
def follow_change(*, number: str, now: datetime) -> None:
    """A change moved or was edited: the releases it authorises go with it, and ship what it names now."""
    for reference in releases_of_change(number):
        release = lock_release(reference)
        change = get_change(number)
        if release.artifacts != change.artifacts or release.type != (change.release_type or release.type):
            before = {"artifacts": release.artifacts, "type": release.type}
            release.artifacts, release.type = change.artifacts, change.release_type or release.type
            touch(release, now=now)
            after = {"artifacts": release.artifacts, "type": release.type}
            record_release(ReleaseEvent.EDITED, release, actor=SYSTEM, at=now, before=before, after=after)
        follow_release(reference=reference, actor=SYSTEM, now=now)


@transaction.atomic
def follow_artifact(*, service: str, version: str, now: datetime) -> None:
    """Something was reported of an artifact: the releases that ship it may go on."""
    for reference in releases_shipping(service=service, version=version):
        follow_release(reference=reference, actor=SYSTEM, now=now)


def touch(release: Release, *, now: datetime) -> None:
    """Save it as another version of its row."""
    release.row_version += 1
    release.updated_at = now
    release.save()


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
    if deployment.is_rollback:
        return
    for reference in releases_shipping(service=deployment.service.slug, version=deployment.version):
        follow_release(reference=reference, actor=actor, now=now)
