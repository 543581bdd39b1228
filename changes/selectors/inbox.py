"""What else concerns a person besides what waits for their signature: their own changes, and records that are due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, Subquery

from changes import permissions
from changes.models import ChangeRequest, ContentVersion, Signature
from changes.policy.content import FieldChange
from changes.selectors.changes import changes_listed
from changes.selectors.differences import difference_from
from changes.states import ChangeState, ChangeType
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import may

# An approved change whose slot begins or goes by within this time is worth a look.
SOON = timedelta(hours=24)
MOST = 50


@dataclass(frozen=True, slots=True)
class Concerns:
    """`own`: filed by this person and refused, expired or soon due. `records`: emergencies whose record they may write (§6.4)."""

    own: tuple[ChangeRequest, ...]
    records: tuple[ChangeRequest, ...]


def concerns_of(actor: Actor, *, now: datetime) -> Concerns:
    """What asks something of this person besides a signature, the most urgent first. Two queries at most."""
    soon = Q(state=ChangeState.APPROVED, scheduled_time__lt=now + SOON) & ~Q(type=ChangeType.EMERGENCY)
    stopped = Q(state__in=[ChangeState.REJECTED, ChangeState.EXPIRED])
    unwritten = Q(type=ChangeType.EMERGENCY, recorded_at__isnull=True, record_due_at__isnull=False)
    rows = changes_listed().filter(unwritten | Q(soon | stopped, requester_id=actor.id))
    found = list(rows.order_by("record_due_at", "scheduled_time", "id")[:MOST])
    due = [row for row in found if row.is_emergency and row.record_due_at and not row.recorded_at]
    team_of = catalog.team_by_service({slug for row in due for slug in row.services}) if due else {}
    return Concerns(
        own=tuple(row for row in found if row not in due),
        records=tuple(row for row in due if _may_write(actor, row, team_of=team_of, now=now)),
    )


def differences_since(actor: Actor, changes: Iterable[ChangeRequest]) -> dict[int, tuple[FieldChange, ...]]:
    """By change id what is different from what this person signed last; nothing for changes they never signed. One query."""
    rows = {row.pk: row for row in changes}
    mine = Signature.objects.filter(signer_id=actor.id, change=OuterRef("change_id")).order_by("-signed_at", "-id")
    versions = ContentVersion.objects.filter(change__in=rows, content_hash=Subquery(mine.values("content_hash")[:1]))
    return {version.change_id: difference_from(version.material, rows[version.change_id]) for version in versions}


def _may_write(actor: Actor, change: ChangeRequest, *, team_of: dict[str, str], now: datetime) -> bool:
    return may(
        actor,
        permissions.RECORD,
        now=now,
        teams={team_of[slug] for slug in change.services if slug in team_of},
        services=change.services,
        owner=change.requester.username,
    ).allowed
