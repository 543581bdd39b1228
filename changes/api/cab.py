"""Meetings of the CAB over REST."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions import cab as actions
from changes.api import bodies
from changes.api.fields import WordField
from changes.api.serializers import MoveOptionSerializer, PersonSerializer, SeatSerializer
from changes.api.showing import shown_seat
from changes.api.verbs import Things, Verb, verb_routes
from changes.models import CabMeeting, Signature
from changes.policy import cab as policy
from changes.selectors.cab import AgendaItem, agenda_of, attendees_of, get_meeting, lock_meeting, meetings_listed
from changes.selectors.meeting_moves import meeting_moves
from changes.states import MeetingState, SignatureState
from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    etag_of,
    idempotent,
    read_members,
    read_parameters,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.authentication import actor_of

VIA = "api"
STATES = [state.value for state in MeetingState]
WHYS = [why.value for why in policy.Why]
TEXT = 10_000


class VoteSerializer(serializers.Serializer[Any]):
    """A signature that named the meeting. `state` is what became of it."""

    by = serializers.CharField()
    vote = serializers.ChoiceField(list(actions.VOTES))
    state = serializers.ChoiceField([state.value for state in SignatureState])
    seat = serializers.CharField()
    comment = serializers.CharField()
    at = MomentField()


class AgendaItemSerializer(serializers.Serializer[Any]):
    """One change to talk about. `missing`: the seats that are still open."""

    change = serializers.CharField()
    title = serializers.CharField()
    why = serializers.ChoiceField(WHYS)
    state = serializers.CharField()
    risk = serializers.CharField()
    scheduled_time = MomentField()
    missing = serializers.ListField(child=serializers.CharField())
    votes = VoteSerializer(many=True)


class ListedMeetingSerializer(serializers.Serializer[Any]):
    """A meeting in the list."""

    reference = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    scheduled_at = MomentField()
    votes_until = MomentField(allow_null=True)
    has_quorum = serializers.BooleanField(allow_null=True)
    ended_at = MomentField(allow_null=True)


class MeetingSerializer(StrictSerializer):
    """A meeting of the CAB. `votes_until` null: votes are taken until it is closed.

    `agenda` makes itself; `added`: changes somebody put there. `seats`: who sits for engineering, product and ops.
    `outcomes` and `minutes` (Markdown) are kept when it is closed.
    """

    reference = serializers.CharField(read_only=True)
    title = serializers.CharField(max_length=160)
    scheduled_at = MomentField()
    votes_until = MomentField(required=False, allow_null=True)
    notes = WordField(max_length=actions.LONGEST_NOTES)
    state = serializers.ChoiceField(STATES, read_only=True)
    added = serializers.ListField(child=serializers.CharField(), read_only=True)
    seats = SeatSerializer(many=True, read_only=True)
    has_quorum = serializers.BooleanField(read_only=True)
    agenda = AgendaItemSerializer(many=True, read_only=True)
    outcomes = serializers.ListField(child=serializers.DictField(), read_only=True)
    minutes = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    created_by = PersonSerializer(read_only=True)
    created_at = MomentField(read_only=True)
    opened_at = MomentField(read_only=True, allow_null=True)
    ended_at = MomentField(read_only=True, allow_null=True)
    moves = MoveOptionSerializer(many=True, read_only=True)


class VoteBody(StrictSerializer):
    """`refuse` needs a comment. `content_hash`: what was read; another content by now is refused."""

    change = serializers.CharField(max_length=24)
    vote = serializers.ChoiceField(list(actions.VOTES))
    comment = serializers.CharField(max_length=TEXT, allow_blank=True, required=False)
    content_hash = serializers.CharField(max_length=64, required=False)


class ItemBody(StrictSerializer):
    """Which change."""

    change = serializers.CharField(max_length=24)


class CloseMeetingBody(StrictSerializer):
    """What else the minutes shall say, below the notes that stand."""

    notes = serializers.CharField(max_length=actions.LONGEST_NOTES, allow_blank=True, required=False)


class CancelMeetingBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=TEXT)


class MeetingFilters(StrictSerializer):
    """Left out: all."""

    state = serializers.ChoiceField(STATES, required=False)


class MeetingsView(generics.GenericAPIView[Any]):
    """All meetings."""

    serializer_class = MeetingSerializer
    ordering = ("-scheduled_at", "-id")

    @extend_schema(
        operation_id="cab_meetings_list", parameters=[MeetingFilters], responses=ListedMeetingSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Meetings, the latest first."""
        rows = meetings_listed().filter(**read_parameters(request.query_params, MeetingFilters))
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(ListedMeetingSerializer(page, many=True).data)

    @extend_schema(operation_id="cab_meetings_plan", request=MeetingSerializer, responses={201: MeetingSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Call the board together; the agenda makes itself."""
        plan = actions.MeetingPlan(**read_members(request, MeetingSerializer))
        meeting = actions.plan_meeting(plan=plan, actor=actor_of(request), now=clock.now())
        return meeting_answer(meeting.reference, request, status=status.HTTP_201_CREATED)


class MeetingView(generics.GenericAPIView[Any]):
    """One meeting."""

    serializer_class = MeetingSerializer

    @extend_schema(operation_id="cab_meetings_read")
    def get(self, request: Request, reference: str) -> Response:
        """The meeting with its agenda and votes."""
        refuse_unknown_parameters(request.query_params, [])
        return meeting_answer(reference, request)

    @extend_schema(operation_id="cab_meetings_edit", request=MeetingSerializer, responses={200: MeetingSerializer})
    def patch(self, request: Request, reference: str) -> Response:
        """Edit its words or times, with If-Match, until it is over."""
        sent = read_members(request, MeetingSerializer, partial=True)
        with transaction.atomic():
            version = lock_meeting(reference).version
            require_if_match(request, version)
            actions.edit_meeting(
                reference=reference, version=version, changes=sent, actor=actor_of(request), now=clock.now()
            )
        return meeting_answer(reference, request)


def meeting_answer(reference: str, request: Request, *, status: int = 200) -> Response:
    """The meeting as it is now, with its ETag."""
    meeting = get_meeting(reference)
    shown = MeetingSerializer(_shown(meeting, actor=actor_of(request), now=clock.now())).data
    return Response(shown, status=status, headers={"ETag": etag_of(meeting.version)})


VERBS: tuple[Verb, ...] = (
    Verb("open", bodies.NothingBody, actions.open_meeting, "People sit together; whoever opens it is there."),
    Verb("attend", bodies.NothingBody, actions.attend_meeting, "Say that you are there."),
    Verb("vote", VoteBody, partial(actions.vote_in_meeting, via=VIA), "Approve or refuse a change in this meeting."),
    Verb("add", ItemBody, actions.add_item, "Put a change on the agenda that would not come there by itself."),
    Verb("close", CloseMeetingBody, actions.close_meeting, "End it; the minutes write themselves."),
    Verb("cancel", CancelMeetingBody, actions.cancel_meeting, "It will not take place."),
)


def meeting_verb_routes() -> list[URLPattern]:
    """A route for each verb."""
    things = Things(prefix="cab-meetings", key="reference", shape=MeetingSerializer, answer=meeting_answer)
    return verb_routes(things, VERBS)


def _shown(meeting: CabMeeting, *, actor: Actor, now: datetime) -> dict[str, Any]:
    there = attendees_of(meeting)
    own = ("reference", "title", "scheduled_at", "votes_until", "notes", "state", "added", "outcomes", "minutes")
    more = ("version", "created_by", "created_at", "opened_at", "ended_at")
    return {
        **{name: getattr(meeting, name) for name in (*own, *more)},
        "seats": [shown_seat(item) for item in policy.seats_present(there)],
        "has_quorum": policy.has_quorum(there).allowed,
        "agenda": [] if meeting.is_over else [_item(item) for item in agenda_of(meeting, now=now)],
        "moves": meeting_moves(meeting, actor=actor, now=now),
    }


def _item(item: AgendaItem) -> dict[str, Any]:
    change = item.change
    return {
        "change": change.number,
        "title": change.title,
        "why": item.why,
        "state": change.state,
        "risk": change.risk_level,
        "scheduled_time": change.scheduled_time,
        "missing": item.missing,
        "votes": [_vote(row) for row in item.votes],
    }


def _vote(row: Signature) -> dict[str, Any]:
    return {
        "by": row.signer.username,
        "vote": actions.APPROVE if row.seat else actions.REFUSE,
        "state": row.state,
        "seat": row.seat,
        "comment": row.comment,
        "at": row.signed_at,
    }
