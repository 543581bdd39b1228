"""Meetings of the CAB and their agendas, which make themselves (ui.md section 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from changes.models import Attendance, CabMeeting, ChangeRequest, Signature, Template
from changes.policy import cab
from changes.policy.approvals import ReleaseType, SignatureFact
from changes.policy.cab import ItemFacts, Why
from changes.policy.spans import Span
from changes.selectors.calendar import CalendarRange, range_in, rows_in
from changes.selectors.changes import changes_listed
from changes.selectors.waiting import with_seats
from changes.states import ChangeState, ChangeType, MeetingState, Risk, TemplateState
from cybercube_portal.database.together import together
from cybercube_portal.errors import NotFound
from cybercube_portal.people.roles import Role

MOST_ITEMS = 100
# What says why a change is on an agenda, and where it stands there.
_WEIGHED = ("number", "type", "state", "risk_level", "release_type", "record_due_at", "recorded_at", "scheduled_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaItem:
    """One change on an agenda, why, and the votes that named this meeting."""

    change: ChangeRequest
    why: Why
    votes: tuple[Signature, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is there: `fact` is what they can fill of the board."""

    username: str
    name: str
    fact: SignatureFact


def meetings_listed() -> QuerySet[CabMeeting]:
    """All, the latest first."""
    return CabMeeting.objects.select_related("created_by", "opened_by").order_by("-scheduled_at", "-id")


def get_meeting(reference: str) -> CabMeeting:
    """Raises NotFound."""
    return _found(meetings_listed().filter(reference=reference).first(), reference)


def lock_meeting(reference: str) -> CabMeeting:
    """Held until the transaction ends. Raises NotFound."""
    held = CabMeeting.objects.select_for_update(of=("self",), no_key=True).select_related("created_by", "opened_by")
    return _found(held.filter(reference=reference).first(), reference)


def next_meeting(*, now: datetime) -> CabMeeting | None:
    """The one that is going on, else the next that is planned."""
    live = meetings_listed().filter(state__in=[MeetingState.PLANNED, MeetingState.IN_SESSION])
    going_on = live.filter(state=MeetingState.IN_SESSION).first()
    return going_on or live.filter(scheduled_at__gte=now).order_by("scheduled_at", "id").first()


def due_for_reminder(*, now: datetime, until: datetime) -> list[str]:
    """Planned meetings whose deadline for votes comes before `until` and of which nobody was reminded."""
    rows = CabMeeting.objects.filter(
        state=MeetingState.PLANNED, votes_until__gt=now, votes_until__lte=until, reminded_at__isnull=True
    )
    return list(rows.values_list("reference", flat=True))


def past_their_deadline(*, now: datetime) -> list[str]:
    """Planned meetings whose deadline for votes has passed: they were held by deadline."""
    rows = CabMeeting.objects.filter(state=MeetingState.PLANNED, votes_until__lte=now)
    return list(rows.values_list("reference", flat=True))


def agenda_of(meeting: CabMeeting, *, now: datetime) -> tuple[AgendaItem, ...]:
    """What is to be talked about now, what weighs most first; six queries at most, however many items."""
    voted = _votes(meeting)
    facts = _candidates(meeting, now=now) | Q(number__in=voted)
    rows = list(changes_listed().filter(facts).order_by("scheduled_time", "number")[:MOST_ITEMS])
    missing = _missing([row for row in rows if row.state == ChangeState.IN_REVIEW], now=now)
    items = [
        AgendaItem(
            change=row,
            why=_why(row, meeting=meeting, now=now) or Why.ADDED,
            votes=tuple(voted.get(row.number, ())),
            missing=missing.get(row.pk, ()),
        )
        for row in rows
    ]
    order = cab.in_order([(item.why, item.change.scheduled_time, item.change.number) for item in items])
    return tuple(items[at] for at in order)


def calendar_around(spans: Sequence[Span]) -> CalendarRange:
    """What happens in these spans, in two queries."""
    return range_in(spans, *together(*rows_in(spans)))


def numbers_and_calendar(
    meeting: CabMeeting, spans: Sequence[Span], *, now: datetime
) -> tuple[list[str], CalendarRange]:
    """The numbers on the agenda in its order, and what happens in these spans; in two queries."""
    on_agenda = ChangeRequest.objects.filter(_candidates(meeting, now=now)).order_by("scheduled_time", "number")
    freezes, changes, rows = together(*rows_in(spans), on_agenda.only(*_WEIGHED)[:MOST_ITEMS])
    whys = [_why(row, meeting=meeting, now=now) or Why.ADDED for row in rows]
    order = cab.in_order([(why, row.scheduled_time, row.number) for why, row in zip(whys, rows, strict=True)])
    return [rows[at].number for at in order], range_in(spans, freezes, changes)


def board_and_proposed(meeting: CabMeeting) -> tuple[list[Present], list[Template]]:
    """Who was there, and the standard changes that wait for the board (none once it is over); in one query."""
    there: QuerySet[Any] = meeting.attendances.annotate(username=F("person__username"), name=F("person__name"))
    proposed = Template.objects.none() if meeting.is_over else Template.objects.filter(state=TemplateState.PROPOSED)
    rows, templates = together(there, proposed.order_by("slug"))
    return [Present(row.username, row.name, _fact(row, row.username)) for row in rows], templates


def is_on_agenda(meeting: CabMeeting, number: str, *, now: datetime) -> bool:
    """Whether that change is to be talked about."""
    return ChangeRequest.objects.filter(_candidates(meeting, now=now), number=number).exists()


def attendees_of(meeting: CabMeeting) -> tuple[SignatureFact, ...]:
    """Who was there, with the roles held then."""
    return tuple(_fact(row, row.person.username) for row in meeting.attendances.select_related("person"))


def _fact(row: Attendance, username: str) -> SignatureFact:
    return SignatureFact(person=username, roles=frozenset(Role(role) for role in row.roles), at=row.at, id=str(row.pk))


def _candidates(meeting: CabMeeting, *, now: datetime) -> Q:
    """What `cab.why_on_agenda` takes, as a filter."""
    risky = Q(risk_level__in=[Risk.HIGH, Risk.CRITICAL]) | Q(release_type=ReleaseType.MAJOR)
    owed = Q(type=ChangeType.EMERGENCY, recorded_at__isnull=True, record_due_at__lt=now)
    return (Q(state=ChangeState.IN_REVIEW) & risky) | owed | Q(number__in=meeting.added)


def _why(row: ChangeRequest, *, meeting: CabMeeting, now: datetime) -> Why | None:
    return cab.why_on_agenda(
        ItemFacts(
            type=ChangeType(row.type),
            state=ChangeState(row.state),
            risk=Risk(row.risk_level),
            release_type=row.release_type,
            record_due_at=row.record_due_at,
            is_recorded=row.recorded_at is not None,
            is_added=row.number in meeting.added,
        ),
        now=now,
    )


def _votes(meeting: CabMeeting) -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = defaultdict(list)
    rows = Signature.objects.filter(meeting=meeting.reference).select_related("signer", "change")
    for row in rows.order_by("signed_at", "id"):
        found[row.change.number].append(row)
    return dict(found)


def _missing(rows: Iterable[ChangeRequest], *, now: datetime) -> dict[int, tuple[str, ...]]:
    """The labels of the seats still open, by change id."""
    return {
        situation.change.pk: tuple(item.seat.label for item in situation.seats if item.signature is None)
        for situation in with_seats(rows, now=now)
    }


def _found(meeting: CabMeeting | None, reference: str) -> CabMeeting:
    if meeting is None:
        raise NotFound(f"There is no meeting {reference}.", code="cab.meeting_unknown")
    return meeting
