"""The moves of a release that people and pipelines make, in one shape: lock, permit, decide, move, save, record (§5.2).

Who locks both locks the change first and the release then, as deployments do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from changes import states as change_states
from changes.actions.changes import cancel_change, submit_change
from changes.selectors.changes import lock_change
from changes.states import ChangeState
from cybercube_portal.people.actors import Actor
from releases.actions.following import touch
from releases.actions.recording import record_release
from releases.actions.release_notices import notify_on_call
from releases.events import ReleaseEvent
from releases.models import Release
from releases.selectors.own_change import for_its_change
from releases.selectors.release_moves import permit
from releases.selectors.release_situation import ReleaseSituation
from releases.selectors.releases import get_release, lock_release


@transaction.atomic
def submit_release(*, reference: str, actor: Actor, now: datetime) -> Release:
    """Hand it to its approvers: its change is submitted with it, and whoever is on call is told.

    Raises NotFound, NotPermitted, MoveRefused with everything its change still lacks.
    """
    situation = _locked(reference, now=now)
    release = situation.release
    permit(situation, "submit", actor=actor)
    if situation.change.state == ChangeState.DRAFT:
        submit_change(number=release.change, actor=for_its_change(actor), now=now)
    release.submit(at=now)
    notify_on_call(release, now=now)
    return _moved(release, ReleaseEvent.SUBMITTED, actor=actor, now=now)


@transaction.atomic
def stage_release(*, reference: str, actor: Actor, now: datetime) -> Release:
    """On its way to staging. Raises NotFound, NotPermitted, MoveRefused unless its change is approved."""
    situation = _locked(reference, now=now)
    permit(situation, "stage", actor=actor)
    situation.release.stage(at=now)
    return _moved(situation.release, ReleaseEvent.STAGED, actor=actor, now=now)


@transaction.atomic
def deploy_release(*, reference: str, actor: Actor, now: datetime) -> Release:
    """On its way to production. Raises NotFound, NotPermitted, MoveRefused with every open item of the checklist."""
    situation = _locked(reference, now=now)
    permit(situation, "deploy", actor=actor)
    situation.release.deploy(at=now)
    return _moved(situation.release, ReleaseEvent.DEPLOYED, actor=actor, now=now)


@transaction.atomic
def publish_release(*, reference: str, actor: Actor, now: datetime) -> Release:
    """Released: watched for its 30 minutes, and its notes are published. Raises NotFound, NotPermitted, MoveRefused."""
    situation = _locked(reference, now=now)
    permit(situation, "publish", actor=actor)
    situation.release.publish(at=now)
    return _moved(situation.release, ReleaseEvent.PUBLISHED, actor=actor, now=now)


@transaction.atomic
def cancel_release(*, reference: str, actor: Actor, now: datetime, reason: str = "") -> Release:
    """It will not happen, and neither will its change, where that can still be cancelled. Raises NotFound, NotPermitted, MoveRefused."""
    situation = _locked(reference, now=now)
    permit(situation, "cancel", actor=actor)
    if situation.change.state in change_states.CANCEL.sources:
        cancel_change(
            number=situation.change.number,
            actor=for_its_change(actor),
            now=now,
            reason=reason or f"{reference} was cancelled.",
        )
    situation.release.cancel(at=now)
    return _moved(situation.release, ReleaseEvent.CANCELLED, actor=actor, now=now, reason=reason)


def _locked(reference: str, *, now: datetime) -> ReleaseSituation:
    change = lock_change(get_release(reference).change)
    return ReleaseSituation(lock_release(reference), now=now, change=change)


def _moved(release: Release, verb: ReleaseEvent, *, actor: Actor, now: datetime, **data: Any) -> Release:
    touch(release, now=now)
    record_release(verb, release, actor=actor, at=now, **data)
    return get_release(release.reference)
