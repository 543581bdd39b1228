"""Change requests: one, locked, or many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from changes.models import ChangeRequest, Comment, FreezeException, Signature
from changes.policy.conflicts import BOOKED_STATES, Booking
from changes.policy.schedule import LEAD_TIME, Slot
from changes.states import OPEN_STATES, ChangeState, ChangeType, SignatureState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.errors import NotFound

# No slot is longer than this (policy.schedule.LONGEST_DURATION and its grace): it bounds the search for overlaps.
LONGEST_SLOT = timedelta(days=31)


def with_people(rows: QuerySet[ChangeRequest]) -> QuerySet[ChangeRequest]:
    """What every page of a change names."""
    return rows.select_related("requester", "requester__team", "template", "implementer", "authorised_by")


def get_change(number: str) -> ChangeRequest:
    """Raises NotFound."""
    change = with_people(ChangeRequest.objects.filter(number=number)).first()
    if change is None:
        raise NotFound(f"There is no change {number}.", code="change.unknown")
    return change


def rollback_flag_of(number: str) -> str:
    """The flag that the change names as its way back; "" for none."""
    found = ChangeRequest.objects.filter(number=number).values_list("rollback_flag", flat=True).first()
    return found or ""


def lock_change(number: str) -> ChangeRequest:
    """The change, its row locked until the transaction ends: every write starts here (reliability.md section 2).

    Raises NotFound.
    """
    change = with_people(ChangeRequest.objects.filter(number=number)).select_for_update(of=("self",)).first()
    if change is None:
        raise NotFound(f"There is no change {number}.", code="change.unknown")
    return change


def changes_numbered(numbers: Iterable[str]) -> QuerySet[ChangeRequest]:
    """The changes with these numbers, in their order."""
    return with_people(ChangeRequest.objects.filter(number__in=tuple(numbers))).order_by("number")


def known_numbers(numbers: Iterable[str]) -> frozenset[str]:
    """Those of `numbers` that are a change's."""
    return frozenset(ChangeRequest.objects.filter(number__in=tuple(numbers)).values_list("number", flat=True))


def states_of(numbers: Iterable[str]) -> dict[str, str]:
    """State by number, in one query."""
    return dict(ChangeRequest.objects.filter(number__in=tuple(numbers)).values_list("number", "state"))


def numbers_in(states: Iterable[str]) -> QuerySet[ChangeRequest, str]:
    """Bare numbers of the changes in one of `states`, to ask within another query."""
    return ChangeRequest.objects.filter(state__in=tuple(states)).values_list("number", flat=True)


def changes_listed() -> QuerySet[ChangeRequest]:
    """Newest first, with what a list shows."""
    return ChangeRequest.objects.select_related("requester").order_by("-created_at", "-id")


def changes_of(username: str) -> QuerySet[ChangeRequest]:
    """What somebody filed and is still open."""
    return changes_listed().filter(requester__username=username, state__in=OPEN_STATES)


def in_review() -> QuerySet[ChangeRequest]:
    """Changes that wait for signatures, longest wait first."""
    return changes_listed().filter(state=ChangeState.IN_REVIEW).order_by("submitted_at", "id")


def overdue_records(*, now: datetime) -> QuerySet[ChangeRequest]:
    """Emergencies whose record is not written although its 24 hours are over (§6.4)."""
    return changes_listed().filter(type=ChangeType.EMERGENCY, recorded_at__isnull=True, record_due_at__lt=now)


def records_owed(*, since: datetime, now: datetime) -> QuerySet[ChangeRequest]:
    """Emergencies whose record was written or fell due since then, and all that are overdue (§6.4)."""
    is_settled = Q(recorded_at__isnull=False, record_due_at__gte=since) | Q(
        recorded_at__isnull=True, record_due_at__lt=now
    )
    return changes_listed().filter(is_settled, type=ChangeType.EMERGENCY)


def excepted_since(since: datetime) -> QuerySet[ChangeRequest]:
    """Changes that a freeze let pass by an exception granted since then (§6.5)."""
    granted = FreezeException.objects.filter(change=OuterRef("pk"), at__gte=since)
    return changes_listed().filter(Exists(granted))


def unconfirmed(*, now: datetime) -> QuerySet[ChangeRequest]:
    """Emergencies whose named approver let the time to confirm pass (R5)."""
    return changes_listed().filter(type=ChangeType.EMERGENCY, confirmed_at__isnull=True, confirm_by__lt=now)


def waiting_too_long(*, now: datetime) -> list[ChangeRequest]:
    """Normal changes in review that can no longer start when they are planned to: their lead time would not be kept (R8)."""
    rows = changes_listed().filter(state=ChangeState.IN_REVIEW, type=ChangeType.NORMAL, scheduled_time__gt=now)
    late = rows.filter(scheduled_time__lt=F("submitted_at") + LEAD_TIME[ChangeType.NORMAL])
    return list(late.order_by("scheduled_time", "id"))


def bookings_between(
    start: datetime, end: datetime, *, services: Iterable[str] = (), without: str = ""
) -> tuple[Booking, ...]:
    """Booked slots that touch the half-open range, on any of `services` (all, when empty)."""
    found = bookings_of(booked_between(start, end, services=services, without=without))
    return tuple(booking for booking in found if booking.span.start < end and start < booking.span.end)


def booked_between(
    start: datetime, end: datetime, *, services: Iterable[str] = (), without: str = ""
) -> QuerySet[ChangeRequest]:
    """Changes whose slots may touch the half-open range; the caller looks exactly."""
    rows = ChangeRequest.objects.filter(
        state__in=BOOKED_STATES, scheduled_time__lt=end, scheduled_time__gt=start - LONGEST_SLOT
    ).exclude(number=without)
    wanted = sorted(services)
    return (rows.filter(services__overlap=wanted) if wanted else rows).only(*_BOOKING_COLUMNS)


def bookings_of(rows: Iterable[ChangeRequest]) -> tuple[Booking, ...]:
    """Their slots as facts."""
    return tuple(booking_of(row) for row in rows)


_BOOKING_COLUMNS = ("number", "services", "environments", "scheduled_time", "estimated_duration", "state", "title")


def booking_of(change: ChangeRequest) -> Booking:
    """The change's slot as a fact."""
    return Booking(
        number=change.number,
        services=frozenset(change.services),
        environments=frozenset(change.environments),
        span=Slot(change.scheduled_time, change.estimated_duration).span,
        state=ChangeState(change.state),
        title=change.title,
    )


def approved_and_over(*, now: datetime) -> QuerySet[ChangeRequest]:
    """Approved changes whose slot, or whose emergency's word, may be over; the caller looks exactly."""
    idle = Q(type=ChangeType.EMERGENCY, record_due_at__isnull=True, approved_at__lt=now)
    planned = ~Q(type=ChangeType.EMERGENCY) & Q(scheduled_time__lt=now)
    return ChangeRequest.objects.filter(idle | planned, state=ChangeState.APPROVED)


def approved_with_signature_of(username: str) -> list[str]:
    """Numbers of approved changes that stand on a signature of this person, in the order in which they are locked."""
    given = Signature.objects.filter(signer__username=username, state=SignatureState.GIVEN)
    rows = ChangeRequest.objects.filter(state=ChangeState.APPROVED, pk__in=given.values("change_id"))
    return list(rows.order_by("pk").values_list("number", flat=True))


def signed_by(username: str) -> QuerySet[Signature]:
    """What somebody signed, newest first."""
    return (
        Signature.objects.filter(signer__username=username, state__in=[SignatureState.GIVEN, SignatureState.REFUSED])
        .select_related("change")
        .order_by("-signed_at")
    )


def changes_filtered(
    *,
    state: str = "",
    type: str = "",  # noqa: A002 - the contract's word
    risk: str = "",
    service: str = "",
    team: str = "",
    environment: str = "",
    requester: str = "",
    q: str = "",
) -> QuerySet[ChangeRequest]:
    """The list, narrowed by everything given. `service` and `team` are slugs, `environment` a code or a long name."""
    rows = changes_listed()
    exactly = {"state": state, "type": type, "risk_level": risk, "requester__username": requester}
    rows = rows.filter(**{name: value for name, value in exactly.items() if value})
    if service:
        rows = rows.filter(services__contains=[service])
    if team:
        rows = rows.filter(services__overlap=sorted(catalog.slugs_of_teams([team])))
    if environment:
        rows = rows.filter(environments__contains=[ENVIRONMENT_NAMES[environment]])
    return rows.filter(holds_text(q)) if q else rows


def comments_on(number: str) -> QuerySet[Comment]:
    """What was said on a change, oldest first. Raises NotFound."""
    return get_change(number).comments.select_related("author")


def holds_text(text: str) -> Q:
    """Changes whose number or title holds `text`, whatever the capitals."""
    return Q(number__icontains=text) | Q(title__icontains=text)
