"""Changes over REST: the list, one change, its comments. Each view reads the clock once and makes one call into the app."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions.content import comment_change, create_change, edit_change
from changes.api.moves import change_answer
from changes.api.reading import edits_to, proposal_from
from changes.api.serializers import (
    RISKS,
    STATES,
    TYPES,
    ChangeSerializer,
    CommentSerializer,
    ListedChangeSerializer,
)
from changes.selectors.changes import changes_filtered, comments_on, lock_change
from changes.selectors.words import LANGUAGE
from cybercube_portal import clock
from cybercube_portal.api import (
    StrictSerializer,
    idempotent,
    read_members,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.queries import QueriedView, query_field


class ChangeFilters(StrictSerializer):
    """Which changes; every one given must fit."""

    state = serializers.ChoiceField(STATES, required=False)
    type = serializers.ChoiceField(TYPES, required=False)
    risk = serializers.ChoiceField(RISKS, required=False)
    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    team = serializers.CharField(max_length=64, required=False, help_text="Slug: on any of its services.")
    environment = serializers.ChoiceField(list(ENVIRONMENT_NAMES), required=False)
    requester = serializers.CharField(max_length=150, required=False, help_text="User name.")
    q = serializers.CharField(max_length=200, required=False, help_text="Part of the number or the title.")
    query = query_field(LANGUAGE)


class ChangesView(QueriedView):
    """All changes."""

    serializer_class = ChangeSerializer
    language = LANGUAGE

    @extend_schema(operation_id="changes_list", parameters=[ChangeFilters], responses=ListedChangeSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Changes, the newest first unless `query` asks for another order."""
        page = self.page_of(request, ChangeFilters, changes_filtered)
        return self.get_paginated_response(ListedChangeSerializer(page, many=True).data)

    @extend_schema(operation_id="changes_create", request=ChangeSerializer, responses={201: ChangeSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """File a draft."""
        sent = read_members(request, ChangeSerializer)
        change = create_change(proposal=proposal_from(sent), actor=actor_of(request), now=clock.now())
        return change_answer(change.number, request, status=status.HTTP_201_CREATED)


class ChangeView(generics.GenericAPIView[Any]):
    """One change."""

    serializer_class = ChangeSerializer

    @extend_schema(operation_id="changes_read")
    def get(self, request: Request, number: str) -> Response:
        """The change with its seats, what stands in its way, the moves open to you, and its history. ETag: its version."""
        refuse_unknown_parameters(request.query_params, [])
        return change_answer(number, request)

    @extend_schema(operation_id="changes_edit", request=ChangeSerializer, responses={200: ChangeSerializer})
    def patch(self, request: Request, number: str) -> Response:
        """Change what is sent, with If-Match. Answers and impact are merged; material content supersedes signatures."""
        sent = read_members(request, ChangeSerializer, partial=True)
        with transaction.atomic():
            change = lock_change(number)
            require_if_match(request, change.version)
            edit_change(
                number=number,
                version=change.version,
                changes=edits_to(change, sent),
                actor=actor_of(request),
                now=clock.now(),
            )
        return change_answer(number, request)


class CommentsView(generics.GenericAPIView[Any]):
    """What people said on a change."""

    serializer_class = CommentSerializer
    ordering = ("at", "id")

    @extend_schema(operation_id="changes_comments_list", responses=CommentSerializer(many=True))
    def get(self, request: Request, number: str) -> Response:
        """Comments, the oldest first."""
        refuse_unknown_parameters(request.query_params, [])
        rows = self.paginate_queryset(comments_on(number)) or []
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        operation_id="changes_comments_create", request=CommentSerializer, responses={201: CommentSerializer}
    )
    @idempotent
    def post(self, request: Request, number: str) -> HttpResponse:
        """Say something."""
        sent = read_members(request, CommentSerializer)
        comment = comment_change(number=number, body=sent["body"], actor=actor_of(request), now=clock.now())
        return Response(self.get_serializer(comment).data, status=status.HTTP_201_CREATED)
