"""The minutes of a meeting of the CAB write themselves, and its people are reminded of what waits for them."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from changes import messages
from changes.actions.recording import record_thing
from changes.events import MeetingEvent
from changes.models import CabMeeting, Signature
from changes.policy import cab
from changes.policy.cab import MeetingFacts, Minuted, Vote
from changes.selectors import recipients
from changes.selectors.cab import AgendaItem, agenda_of, attendees_of, lock_meeting
from changes.selectors.situation import Situation
from changes.selectors.templates import templates_listed
from changes.states import MeetingState, SignatureState, TemplateState
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.people import selectors as people
from cybercube_portal.people.roles import CAB_SEATS, Role

ROLES: frozenset[Role] = frozenset[Role]().union(*CAB_SEATS.values())
WORDS = {SignatureState.REFUSED: "refused"}


def keep_minutes(meeting: CabMeeting, *, now: datetime) -> None:
    """Put outcomes, quorum and minutes onto the row, which is locked and saved by the caller."""
    facts = meeting_facts(meeting, now=now)
    meeting.has_quorum = facts.quorum.allowed
    meeting.minutes = cab.minutes(facts)
    meeting.outcomes = [
        {
            "number": item.number,
            "title": item.title,
            "why": item.why,
            "outcome": item.outcome,
            "missing": list(item.missing),
            "votes": [{"by": vote.by, "vote": vote.word, "seat": vote.seat} for vote in item.votes],
        }
        for item in facts.items
    ]


def meeting_facts(meeting: CabMeeting, *, now: datetime) -> MeetingFacts:
    """Everything the minutes say, as it is now."""
    there = meeting.attendances.select_related("person").order_by("at", "id")
    return MeetingFacts(
        reference=meeting.reference,
        title=meeting.title,
        opened_at=meeting.opened_at,
        closed_at=now,
        attended=tuple(
            (row.person.get_full_name(), ", ".join(Role(role).label for role in row.roles)) for row in there
        ),
        quorum=cab.has_quorum(attendees_of(meeting)),
        items=tuple(_minuted(item, now=now) for item in agenda_of(meeting, now=now)),
        templates=tuple(templates_listed(state=TemplateState.PROPOSED).values_list("title", flat=True)),
        notes=meeting.notes,
    )


@transaction.atomic
def remind_voters(*, reference: str, now: datetime) -> int:
    """Remind everybody who can sit on the board and has not voted or come; returns how many. Raises NotFound."""
    meeting = lock_meeting(reference)
    if meeting.state != MeetingState.PLANNED or meeting.reminded_at is not None or meeting.votes_until is None:
        return 0
    items = agenda_of(meeting, now=now)
    meeting.reminded_at = now
    meeting.save()
    record_thing(MeetingEvent.REMINDED, kind="cab_meeting", reference=reference, actor=SYSTEM, at=now, items=len(items))
    there = [fact.person for fact in attendees_of(meeting)]
    if not items:
        return 0
    return tell(
        Kind.CAB_REMINDER,
        about=reference,
        occasion="reminder",
        to=recipients.holders_of(ROLES, teams=people.team_slugs(), now=now, without=there),
        write=partial(messages.cab_reminder, meeting, items),
        now=now,
    )


def _minuted(item: AgendaItem, *, now: datetime) -> Minuted:
    change = item.change
    return Minuted(
        number=change.number,
        title=change.title,
        why=item.why,
        state=change.state,
        risk=change.risk_level,
        slot=change.scheduled_time,
        missing=item.missing,
        votes=tuple(map(_vote, item.votes)),
        clashes=tuple(clash.number for clash in Situation(change, now=now).conflicts),
    )


def _vote(row: Signature) -> Vote:
    said = row.comment
    return Vote(
        by=row.signer.get_full_name(),
        word=WORDS.get(SignatureState(row.state)) or _said(row),
        seat=row.seat,
        comment=said,
    )


def _said(row: Signature) -> str:
    """A vote stays what it was, whatever became of it; only a yes fills a seat."""
    if row.state == SignatureState.GIVEN:
        return "approved"
    was = "approved" if row.seat else "refused"
    return f"{was} ({row.state})"
