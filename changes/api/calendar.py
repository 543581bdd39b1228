"""The calendar over REST, and the feed that calendar programs read."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions.feeds import issue_feed, note_read, revoke_feed
from changes.api import bodies
from changes.api.serializers import ConflictSerializer, ListedChangeSerializer
from changes.feeds import write_feed
from changes.policy.freezes import FreezeKind
from changes.selectors.calendar import calendar_between
from changes.selectors.feeds import feed_named, get_feed
from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    etag_of,
    idempotent_hiding,
    names_tag,
    read_members,
    read_parameters,
    refuse_unknown_parameters,
)
from cybercube_portal.errors import Invalid
from cybercube_portal.people.authentication import actor_of

if TYPE_CHECKING:
    from changes.models import CalendarFeed

USUAL = timedelta(days=31)
LONGEST = timedelta(days=93)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class DayOrMomentField(MomentField):
    """An RFC 3339 moment, or a day: its midnight in UTC. A `+` that an address turned into a space is read as meant."""

    def to_internal_value(self, value: Any) -> datetime:  # noqa: ANN401 - any text
        """The moment in UTC."""
        text = str(value).replace(" ", "+")
        return super().to_internal_value(f"{text}T00:00:00Z" if DAY.fullmatch(text) else text)


class CalendarFilters(StrictSerializer):
    """Half-open. `from` left out: now; `to` left out: 31 days later; at most 93 days."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {"from": DayOrMomentField(required=False), "to": DayOrMomentField(required=False)}


class OccurringSerializer(serializers.Serializer[Any]):
    """One occurrence."""

    reference = serializers.CharField(source="row.reference")
    title = serializers.CharField(source="row.title")
    start = MomentField(source="span.start")
    end = MomentField(source="span.end")
    timezone = serializers.CharField(source="row.timezone")
    services = serializers.ListField(child=serializers.CharField(), source="row.services")
    teams = serializers.ListField(child=serializers.CharField(), source="row.teams")
    environments = serializers.ListField(child=serializers.CharField(), source="row.environments")


class FrozenSerializer(OccurringSerializer):
    """One occurrence of a freeze."""

    kind = serializers.ChoiceField([kind.value for kind in FreezeKind], source="row.kind")
    hard = serializers.BooleanField(source="row.hard")


class BookedSerializer(ListedChangeSerializer):
    """A change with its slot, grace included."""

    start = MomentField(source="slot.start")
    end = MomentField(source="slot.end")


class ClashSerializer(serializers.Serializer[Any]):
    """Two changes that meet."""

    number = serializers.CharField()
    other = ConflictSerializer(source="conflict")


class CalendarSerializer(serializers.Serializer[Any]):
    """`complete` false: more happens than is shown; ask for less time."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {
            "from": MomentField(),
            "to": MomentField(),
            "freezes": FrozenSerializer(many=True),
            "windows": OccurringSerializer(many=True),
            "changes": BookedSerializer(many=True),
            "conflicts": ClashSerializer(many=True),
            "complete": serializers.BooleanField(),
        }


class FeedSerializer(serializers.Serializer[Any]):
    """`team`: whose services it shows; null: your own calendar. `url`: the secret address, shown once; null when the answer is replayed or read.

    `read_at`: when a program read it last, to the hour.
    """

    team = serializers.CharField(source="team.slug", allow_null=True, default=None)
    created_at = MomentField()
    read_at = MomentField(allow_null=True)
    url = serializers.CharField(allow_null=True)


class CalendarView(generics.GenericAPIView[Any]):
    """What happens when."""

    serializer_class = CalendarSerializer
    pagination_class = None

    @extend_schema(operation_id="calendar_read", parameters=[CalendarFilters])
    def get(self, request: Request) -> Response:
        """Freezes and windows as occurrences, changes by their slots, and the conflicts between them."""
        refuse_unknown_parameters(request.query_params, ["from", "to"])
        filters = CalendarFilters(data={name: request.query_params[name] for name in request.query_params})
        filters.is_valid(raise_exception=True)
        start = filters.validated_data.get("from") or clock.now()
        end = filters.validated_data.get("to") or start + USUAL
        if not start < end <= start + LONGEST:
            message = f"A calendar shows from 0 to {LONGEST.days} days: `to` lies after `from`."
            raise Invalid.field("/to", "calendar.range", message)
        found = calendar_between(start, end)
        names = ("freezes", "windows", "changes", "conflicts", "complete")
        shown = {"from": start, "to": end, **{name: getattr(found, name) for name in names}}
        return Response(self.get_serializer(shown).data)


class FeedFilters(StrictSerializer):
    """`team`: the calendar of that team's services; left out: your own."""

    team = serializers.CharField(max_length=64, required=False)


class FeedView(generics.GenericAPIView[Any]):
    """The secret address of your calendar, or yours of a team's."""

    serializer_class = FeedSerializer
    pagination_class = None

    @extend_schema(operation_id="calendar_feed_read", parameters=[FeedFilters])
    def get(self, request: Request) -> Response:
        """Whether you have one; its secret is never shown again."""
        feed = get_feed(actor_of(request).id, team=_team(request))
        return Response(self.get_serializer({**_told(feed), "url": None}).data)

    @extend_schema(operation_id="calendar_feed_issue", request=bodies.FeedBody, responses={201: FeedSerializer})
    @idempotent_hiding("url")
    def post(self, request: Request) -> HttpResponse:
        """Issue an address; one issued before for the same stops working."""
        team = read_members(request, bodies.FeedBody).get("team", "")
        feed, token = issue_feed(actor=actor_of(request), now=clock.now(), team=team)
        url = f"{settings.BASE_URL}{reverse('calendar-feed', args=[token])}"
        shown = self.get_serializer({**_told(feed), "url": url}).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="calendar_feed_revoke", parameters=[FeedFilters], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Stop the address at once."""
        revoke_feed(actor=actor_of(request), now=clock.now(), team=_team(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _team(request: Request) -> str:
    team: str = read_parameters(request.query_params, FeedFilters).get("team", "")
    return team


def _told(feed: CalendarFeed) -> dict[str, Any]:
    return {"team": feed.team, "created_at": feed.created_at, "read_at": feed.read_at}


@login_not_required
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """`GET /calendar/{token}.ics`: for whoever holds the address, with ETag and 304.

    What left the calendar changes no date, so Last-Modified informs and only the ETag is compared.
    """
    now = clock.now()
    feed = feed_named(token)
    written = write_feed(feed, now=now, base_url=settings.BASE_URL)
    note_read(feed, now=now)
    tag = etag_of(hashlib.sha256(written.body).hexdigest())
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"}
    if written.last_modified is not None:
        headers["Last-Modified"] = http_date(written.last_modified.timestamp())
    if names_tag(request, tag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(written.body, content_type="text/calendar; charset=utf-8", headers=headers)
