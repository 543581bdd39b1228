"""One item of the CAB's agenda: the change in full, where it stands in the agenda, and the vote open to whoever looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from changes.forms.cab import VoteForm
from changes.models import CabMeeting
from changes.policy import cab
from changes.selectors.cab import AgendaItem, numbers_and_calendar
from changes.selectors.moves import moves_for
from changes.selectors.page import change_page
from changes.selectors.readiness import readiness
from changes.states import ChangeState, MeetingState
from changes.views.cab_calendar import places_of, strip_of, weeks_around
from changes.views.merge_box import seat_rows
from changes.words import named
from cybercube_portal.people.actors import Actor
from cybercube_portal.web import PageRequest


def agenda_rows(meeting: CabMeeting, items: Iterable[AgendaItem], *, actor: Actor) -> list[dict[str, Any]]:
    """The agenda as the list draws it: each item with its votes, and whether the reader has voted."""
    return [
        {
            "item": item,
            "url": item_url(meeting, item.change.number),
            "mine": next((row for row in item.votes if row.signer.username == actor.username), None),
        }
        for item in items
    ]


def item_url(meeting: CabMeeting, number: str) -> str:
    """Where one item is read."""
    return reverse("cab-item", args=[meeting.reference, number])


def item_context(request: PageRequest, meeting: CabMeeting, number: str, *, form: VoteForm | None) -> dict[str, Any]:
    """What the page of one item draws. Raises NotFound."""
    page = change_page(number, reader=request.actor.id, now=request.now)
    situation, change = page.situation, page.situation.change
    weeks = weeks_around([change], now=request.now)
    numbers, around = numbers_and_calendar(meeting, weeks, now=request.now)
    at = numbers.index(number) if number in numbers else None
    options = {option.verb: option for option in moves_for(situation, actor=request.actor)}
    rows = readiness(situation)
    return {
        "meeting": meeting,
        "change": change,
        "situation": situation,
        "blocking": [reason for reason in rows.blockers if reason.code != "approval.seat_open"],
        "seats": list(seat_rows(situation, page.holders)),
        "since_mine": named(page.since_mine),
        "comments": page.comments,
        "votes": [view.signature for view in situation.signatures if view.signature.meeting == meeting.reference],
        "approve": options.get("approve"),
        "refuse": options.get("refuse"),
        "closed_votes": _closed_votes(meeting, is_on_agenda=at is not None, now=request.now),
        "vote_form": form or VoteForm(initial={"content_hash": change.content_hash, "change": change.number}),
        "position": None if at is None else at + 1,
        "count": len(numbers),
        "previous": item_url(meeting, numbers[at - 1]) if at else "",
        "next": item_url(meeting, numbers[at + 1]) if at is not None and at + 1 < len(numbers) else "",
        "strip": strip_of(around, weeks, places_of(meeting, numbers), [change], now=request.now, is_one=True),
        "is_open": change.state == ChangeState.IN_REVIEW,
    }


def _closed_votes(meeting: CabMeeting, *, is_on_agenda: bool, now: datetime) -> tuple[Any, ...]:
    """Why this meeting takes no vote on it."""
    decision = cab.may_vote(
        state=MeetingState(meeting.state), votes_until=meeting.votes_until, is_on_agenda=is_on_agenda, now=now
    )
    return decision.blockers
