"""One's own notices over REST, and what reaches one. Each view reads the clock once and makes one call into the app."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    path_both,
    read_members,
    read_parameters,
    refuse_unknown_parameters,
)
from cybercube_portal.notices.actions.choosing import choose_notices
from cybercube_portal.notices.kinds import Kind, Way
from cybercube_portal.notices.message import message_of
from cybercube_portal.notices.models import Notice
from cybercube_portal.notices.selectors.choices import Chosen, choices_of
from cybercube_portal.notices.selectors.history import notices_of
from cybercube_portal.people.authentication import actor_of

KINDS = [(kind.value, str(kind.row.label)) for kind in Kind]
WAYS = [(way.value, way.name.capitalize()) for way in Way]


class NotificationSerializer(serializers.Serializer[Any]):
    """What one was told. `sent_at` null: it was shown in the portal alone, or waits to go out with what follows."""

    kind = serializers.ChoiceField(KINDS)
    about = serializers.CharField()
    subject = serializers.CharField()
    path = serializers.CharField(help_text="The page it leads to.")
    at = MomentField()
    sent_at = MomentField(allow_null=True)
    read_at = MomentField(allow_null=True)


class NotificationParameters(serializers.Serializer[Any]):
    """What narrows the list."""

    unread = serializers.BooleanField(required=False, help_text="Only what was not marked as read.")


class ChoiceSerializer(serializers.Serializer[Any]):
    """One kind of notice. `kept`: a notice of safety, it keeps one way at least."""

    kind = serializers.ChoiceField(KINDS)
    label = serializers.CharField()  # type: ignore[assignment]  # a field, gathered before the name means anything else
    section = serializers.CharField()
    kept = serializers.BooleanField()
    ways = serializers.ListField(child=serializers.ChoiceField(WAYS))


class ChoicesSerializer(serializers.Serializer[Any]):
    """Every kind, in the portal's order."""

    choices = ChoiceSerializer(many=True)


class NewChoiceSerializer(StrictSerializer):
    """The ways one kind shall take; none: it is shown in the portal alone."""

    kind = serializers.ChoiceField(KINDS)
    ways = serializers.ListField(child=serializers.ChoiceField(WAYS))


class NewChoicesSerializer(StrictSerializer):
    """What changes; kinds that are not named stay as they are."""

    choices = NewChoiceSerializer(many=True)


class NotificationsView(generics.GenericAPIView[Any]):
    """One's own notices."""

    serializer_class = NotificationSerializer
    ordering = ("-id",)

    @extend_schema(
        operation_id="notifications_list",
        parameters=[NotificationParameters],
        responses=NotificationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """What you were told within the last year, the newest first."""
        wanted = read_parameters(request.query_params, NotificationParameters)
        rows = self.paginate_queryset(notices_of(actor_of(request).id, unread=wanted.get("unread", False))) or []
        return self.get_paginated_response(self.get_serializer([_told(row) for row in rows], many=True).data)


class ChoicesView(generics.GenericAPIView[Any]):
    """What reaches one."""

    serializer_class = ChoicesSerializer

    @extend_schema(operation_id="notification_choices_read")
    def get(self, request: Request) -> Response:
        """Every kind of notice with the ways by which it reaches you."""
        refuse_unknown_parameters(request.query_params, [])
        return _chosen(choices_of(actor_of(request).id))

    @extend_schema(
        operation_id="notification_choices_edit",
        request=NewChoicesSerializer,
        responses={200: ChoicesSerializer},
    )
    def patch(self, request: Request) -> Response:
        """Choose other ways, in a browser session. A notice of safety keeps one at least (422 otherwise)."""
        sent = read_members(request, NewChoicesSerializer)
        wanted = {Kind(row["kind"]): frozenset(map(Way, row["ways"])) for row in sent["choices"]}
        return _chosen(choose_notices(wanted=wanted, actor=actor_of(request), now=clock.now()))


def _told(row: Notice) -> dict[str, Any]:
    message = message_of(row.message)
    return {
        "kind": row.kind,
        "about": row.about,
        "subject": message.subject,
        "path": message.path,
        "at": row.at,
        "sent_at": row.sent_at,
        "read_at": row.read_at,
    }


def _chosen(found: list[Chosen]) -> Response:
    shown = [
        {
            "kind": one.kind.value,
            "label": str(one.kind.row.label),
            "section": one.kind.row.section,
            "kept": one.kind.row.kept,
            "ways": [way.value for way in Way if way in one.wanted],
        }
        for one in found
    ]
    return Response(ChoicesSerializer({"choices": shown}).data)


urlpatterns = [
    path_both("notifications/", NotificationsView.as_view(), name="api-notifications"),
    path_both("notifications/choices/", ChoicesView.as_view(), name="api-notification-choices"),
]
