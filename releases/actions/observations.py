"""What runs where, as `/health` tells it (§1.5): look after look, and what is done about what nobody let through the gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.facts import Address
from cybercube_portal.outbound import is_nobody
from releases.actions.bypasses import file_bypass, is_open
from releases.actions.recording import record_observation
from releases.checks.looking import Target
from releases.events import ObservationEvent
from releases.models import Observation
from releases.policy.drift import LOOKS, is_bypass
from releases.policy.sighting import Sighting
from releases.selectors.places import PlaceRow, let_through_since, read_place

MOST_AT_ONCE = 200


@transaction.atomic
def claim_looks(*, now: datetime, interval: timedelta, most: int = MOST_AT_ONCE) -> list[Target]:
    """The places to look at now; each is due again an `interval` later. Two sweeps at once share them.

    A place whose address is gone is forgotten unless something was seen there: a first look is the first for ever. One whose host nobody can have (`.example`, `.invalid`, `.test`) is never looked at.
    """
    places = {(row.service_id, row.environment): row for row in catalog.addresses() if not is_nobody(row.url)}
    _meet_new(places, now=now)
    due = list(
        Observation.objects.filter(due_at__lte=now).order_by("due_at").select_for_update(skip_locked=True)[:most]
    )
    gone = [row for row in due if (row.service_id, row.environment) not in places and not _has_history(row)]
    Observation.objects.filter(pk__in=[row.pk for row in gone]).delete()
    Observation.objects.filter(pk__in=[row.pk for row in due]).update(due_at=now + interval)
    found = [places[row.service_id, row.environment] for row in due if (row.service_id, row.environment) in places]
    return [Target(service=row.service, environment=row.environment, url=row.url, hosts=row.hosts) for row in found]


def _has_history(row: Observation) -> bool:
    return bool(row.bypass_change or row.first_version)


def _meet_new(places: Mapping[tuple[int, str], Address], *, now: datetime) -> None:
    known = set(Observation.objects.values_list("service_id", "environment"))
    new: Iterable[tuple[int, str]] = places.keys() - known
    rows = [Observation(service_id=service, environment=environment, due_at=now) for service, environment in new]
    Observation.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def note_sighting(*, service: str, environment: str, sighting: Sighting, now: datetime) -> Observation | None:
    """Keep what one look saw; None when the place is no longer looked at.

    What already ran at the first look of all is unrecorded until somebody adopts it (`actions.adopting`). Any other version that nobody let through is an event in production once two looks in a row saw it, and one draft emergency is opened for it.
    """
    held = Observation.objects.select_for_update().filter(service__slug=service, environment=environment)
    row = held.first()
    if row is None or (row.looked_at is not None and now <= row.looked_at):
        return row
    row.looked_at = now
    row.error = sighting.error
    if sighting.is_seen:
        _write_seen(row, sighting, service=service, now=now)
        _judge(row, service=service, now=now)
    row.save()
    return row


def _write_seen(row: Observation, sighting: Sighting, *, service: str, now: datetime) -> None:
    before = row.version
    if row.seen_at is None:
        row.first_version = sighting.version
    if before != sighting.version:
        row.since = now
    row.version, row.git_sha, row.status = sighting.version, sighting.git_sha, sighting.status
    row.config_keys, row.dependencies = list(sighting.config_keys), dict(sighting.dependencies)
    row.seen_at = now
    if before != sighting.version:
        record_observation(
            ObservationEvent.VERSION_SEEN,
            service=service,
            environment=row.environment,
            actor=SYSTEM,
            at=now,
            version=row.version,
            git_sha=row.git_sha,
            before=before,
        )


def _judge(row: Observation, *, service: str, now: datetime) -> None:
    """Count the looks at a stray version; the second one in a row is told."""
    row.save()
    found = read_place(service, row.environment)
    if not is_bypass(found.place, now=now) or _was_let_through(found, version=row.version):
        row.stray_version, row.stray_looks = "", 0
        if row.bypass_change and not is_open(row.bypass_change):
            row.bypass_version, row.bypass_change = "", ""
        return
    row.stray_looks = row.stray_looks + 1 if row.stray_version == row.version else 1
    row.stray_version = row.version
    if row.stray_looks == LOOKS and row.bypass_version != row.version:
        row.bypass_change = file_bypass(found, open_change=row.bypass_change, now=now)
        row.bypass_version = row.version


def _was_let_through(found: PlaceRow, *, version: str) -> bool:
    return let_through_since(
        found.expected, service=found.place.service, environment=found.place.environment, version=version
    )
