"""What ran before the portal came: somebody answers for it, and it is the baseline from then on (§6.1)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid, refuse
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.recording import record_observation
from releases.events import ObservationEvent
from releases.models import Observation
from releases.policy.drift import is_unrecorded
from releases.policy.sighting import spelt
from releases.selectors.places import find_place

LONGEST_REASON = 10_000


@transaction.atomic
def adopt_running(
    *, slug: str, environment: str, version: str, reason: str, actor: Actor, now: datetime
) -> Observation:
    """Take `version`, which ran at the first look and runs still, as what is to run there until something is deployed.

    It blesses nothing but that one version: another one that appears is a bypass. Raises NotFound, NotPermitted, Invalid,
    MoveRefused when nothing there is unrecorded, or something else runs by now.
    """
    service = catalog.lock_service(slug)
    row = Observation.objects.select_for_update().filter(service=service, environment=environment).first()
    found = find_place(slug, environment)
    require(actor, permissions.ADOPT_RUNNING, now=now, teams=[service.team.slug], services=[slug])
    if not reason.strip() or len(reason) > LONGEST_REASON:
        message = f"Say why it may stay, in at most {LONGEST_REASON} characters."
        raise Invalid.field("/reason", "adoption.reason", message)
    if row is None or not is_unrecorded(found.place):
        message = f"Nothing that runs in {environment} waits to be adopted."
        raise refuse("adoption.nothing_unrecorded", "§6.1", message, "See what runs on the page of the service.")
    if spelt(version) != spelt(row.version):
        message = f"{environment} runs {row.version}, not {version}."
        raise refuse("adoption.other_version", "§6.1", message, "Look again at what runs there.")
    row.adopted_version, row.adopted_reason = row.version, reason.strip()
    row.adopted_at, row.adopted_by_id = now, actor.id
    row.save(update_fields=["adopted_version", "adopted_reason", "adopted_at", "adopted_by"])
    record_observation(
        ObservationEvent.ADOPTED,
        service=slug,
        environment=environment,
        actor=actor,
        at=now,
        version=row.version,
        git_sha=row.git_sha,
        since=row.since.isoformat() if row.since else None,
        reason=row.adopted_reason,
    )
    return row
