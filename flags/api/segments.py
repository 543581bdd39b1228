"""Segments over REST."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    etag_of,
    idempotent,
    read_members,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.authentication import actor_of
from flags.actions.segments import change_segment, create_segment
from flags.models import Segment
from flags.selectors.segments import get_segment, segments_listed


class SegmentSerializer(StrictSerializer):
    """People named once: in it is who fulfils every condition of any group."""

    slug = serializers.CharField(max_length=60)
    name = serializers.CharField(max_length=200)
    groups = serializers.JSONField()
    version = serializers.IntegerField(read_only=True)
    changed_at = MomentField(read_only=True)


class EditSegmentSerializer(StrictSerializer):
    """What of a segment can be edited."""

    name = serializers.CharField(max_length=200)
    groups = serializers.JSONField()


def _answer(segment: Segment, *, code: int = 200) -> Response:
    return Response(SegmentSerializer(segment).data, status=code, headers={"ETag": etag_of(segment.version)})


class SegmentsView(generics.GenericAPIView[Any]):
    """All segments."""

    serializer_class = SegmentSerializer
    ordering = ("slug",)

    @extend_schema(operation_id="flags_segments_list", responses=SegmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """By slug."""
        refuse_unknown_parameters(request.query_params, [])
        page = self.paginate_queryset(segments_listed()) or []
        return self.get_paginated_response(SegmentSerializer(page, many=True).data)

    @extend_schema(operation_id="flags_segments_create", request=SegmentSerializer, responses={201: SegmentSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Name a segment."""
        sent = read_members(request, SegmentSerializer)
        segment = create_segment(actor=actor_of(request), now=clock.now(), **sent)
        return _answer(segment, code=status.HTTP_201_CREATED)


class SegmentView(generics.GenericAPIView[Any]):
    """One segment."""

    serializer_class = SegmentSerializer

    @extend_schema(operation_id="flags_segments_read")
    def get(self, request: Request, slug: str) -> Response:
        """Who is in it. ETag: its version."""
        refuse_unknown_parameters(request.query_params, [])
        return _answer(get_segment(slug))

    @extend_schema(
        operation_id="flags_segments_edit", request=EditSegmentSerializer, responses={200: SegmentSerializer}
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change it, with If-Match; refused while a flag that is on in production reads it."""
        sent = read_members(request, EditSegmentSerializer, partial=True)
        version = get_segment(slug).version
        require_if_match(request, version)
        return _answer(change_segment(slug=slug, version=version, actor=actor_of(request), now=clock.now(), **sent))
