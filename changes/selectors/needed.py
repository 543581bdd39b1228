"""What else of the changes needs one person, beside their signature: rows that home joins with those of other apps in one query.

Each row is (kind, reference, title, state, at): `at` is until when, or since when.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Case, CharField, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from changes.models import CabMeeting, ChangeRequest
from changes.states import ChangeState, ChangeType, MeetingState
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.roles import CAB_SEATS

# What was turned away longer ago than this, nobody waits for any more.
RECENT = timedelta(days=14)
MOST = 20
SEATED = frozenset().union(*CAB_SEATS.values())
S = ChangeState
Rows = QuerySet[Any, tuple[Any, ...]]


class Need(StrEnum):
    """What somebody is asked to do, the most pressing first."""

    CONFIRM = "confirm"
    RECORD = "record"
    VOTE = "vote"
    REFUSED = "refused"
    EXPIRED = "expired"
    CLOSE = "close"


def needed_changes(actor: Actor, *, now: datetime) -> Rows:
    """Emergencies to confirm or to record (§6.4), own changes that were refused, expired, or wait for a word on how they ended."""
    own = Q(requester_id=actor.id)
    recent = Q(scheduled_time__gt=now - RECENT)
    needs = {
        Need.CONFIRM: Q(authorised_by_id=actor.id, confirm_by__isnull=False, confirmed_at__isnull=True),
        Need.RECORD: Q(type=ChangeType.EMERGENCY, recorded_at__isnull=True, record_due_at__isnull=False)
        & (own | Q(implementer_id=actor.id)),
        Need.REFUSED: own & recent & Q(state=S.REJECTED),
        Need.EXPIRED: own & recent & Q(state=S.EXPIRED),
        Need.CLOSE: own
        & Q(state__in=[S.VERIFYING, S.ROLLED_BACK])
        & Q(scheduled_time__lt=now - F("estimated_duration")),
    }
    rows = ChangeRequest.objects.filter(Q.create(list(needs.values()), connector=Q.OR)).exclude(state=S.CANCELLED)
    kind = Case(*(When(asked, then=Value(need.value)) for need, asked in needs.items()), output_field=CharField())
    at = Case(
        When(needs[Need.CONFIRM], then=F("confirm_by")),
        When(needs[Need.RECORD], then=F("record_due_at")),
        default=F("scheduled_time"),
        output_field=DateTimeField(),
    )
    return rows.order_by("-id").values_list(kind, "number", "title", "state", at)[:MOST]


def needed_votes(actor: Actor, *, now: datetime) -> Rows:
    """The CAB's meetings that take votes now, for whoever sits there."""
    if not SEATED & actor.roles(at=now):
        return CabMeeting.objects.none().values_list("reference")
    live = CabMeeting.objects.filter(state__in=[MeetingState.PLANNED, MeetingState.IN_SESSION])
    until = Coalesce("votes_until", "scheduled_at")
    kind = Value(Need.VOTE.value, output_field=CharField())
    rows = live.annotate(until=until).filter(Q(until__gt=now) | Q(state=MeetingState.IN_SESSION)).order_by("until")
    return rows.values_list(kind, "reference", "title", "state", "until")[:MOST]


def found_changes(text: str, *, most: int) -> Rows:
    """(kind, reference, title, state) of the changes whose number or title holds `text`, the newest first."""
    rows = ChangeRequest.objects.filter(Q(number__icontains=text) | Q(title__icontains=text)).order_by("-id")
    return rows.values_list(Value("change", output_field=CharField()), "number", "title", "state")[:most]
