"""The audit trail, for auditors: events as sealed, checkpoints, the export, and a walk over the chain."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import read_parameters, refuse_unknown_parameters
from cybercube_portal.audit.selectors.events import (
    chain_end,
    checkpoints_listed,
    event_named,
    events_filtered,
    verify_chain,
)
from cybercube_portal.audit.selectors.export import export_lines
from cybercube_portal.errors import Invalid
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.guard import require
from cybercube_portal.record.api import serializers
from cybercube_portal.record.asking import LAST_SEQUENCE
from cybercube_portal.record.permissions import READ_RECORD

# One answer walks at most as many rows; `next` says where to go on.
LONGEST_WALK = 5_000


class AuditorView(generics.GenericAPIView[Any]):
    """Open to auditors and admins, by session or by a key with the scope `audit`."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse everybody else before anything is read."""
        super().initial(request, *args, **kwargs)
        require(actor_of(request), READ_RECORD, now=clock.now())


class EventsView(AuditorView):
    """All that was ever recorded."""

    serializer_class = serializers.EventSerializer

    @extend_schema(
        operation_id="audit_events_list",
        parameters=[serializers.EventParameters],
        responses=serializers.EventSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Events, the newest first; an event is sealed into the chain within seconds."""
        wanted = read_parameters(request.query_params, serializers.EventParameters)
        if "sealed" in wanted:
            wanted["sealed"] = wanted["sealed"] == "true"
        rows = self.paginate_queryset(events_filtered(**wanted)) or []
        return self.get_paginated_response([event.as_sealed() for event in rows])


class EventView(AuditorView):
    """One event."""

    serializer_class = serializers.EventSerializer

    @extend_schema(operation_id="audit_events_read")
    def get(self, request: Request, event_id: UUID) -> Response:
        """The event as it is hashed."""
        refuse_unknown_parameters(request.query_params, [])
        return Response(event_named(event_id).as_sealed())


class CheckpointsView(AuditorView):
    """What the portal signed about the chain, every hour."""

    serializer_class = serializers.CheckpointSerializer

    @extend_schema(operation_id="audit_checkpoints_list", responses=serializers.CheckpointSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Checkpoints, the newest first. Keep them elsewhere: `cybercube audit verify --checkpoint` compares."""
        refuse_unknown_parameters(request.query_params, [])
        rows = self.paginate_queryset(checkpoints_listed()) or []
        return self.get_paginated_response([checkpoint.as_line() for checkpoint in rows])


class LinesRenderer(BaseRenderer):
    """Names the export's type; the lines are streamed as they are."""

    media_type = "application/x-ndjson"
    format = "jsonl"
    charset = None


class ExportView(AuditorView):
    """The chain as a file that a stranger can check."""

    serializer_class = None
    pagination_class = None
    renderer_classes = (LinesRenderer,)

    @extend_schema(
        operation_id="audit_export",
        parameters=[serializers.RangeParameters],
        responses={(200, LinesRenderer.media_type): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """JSON lines with a signed end, for `cybercube audit verify`. With `from` the file starts at a checkpoint before it."""
        wanted = _range(request)
        lines = export_lines(now=clock.now(), **wanted)
        return StreamingHttpResponse(
            lines,
            content_type=LinesRenderer.media_type,
            headers={
                "Content-Disposition": 'attachment; filename="cybercube-audit.jsonl"',
                "Cache-Control": "no-store",
            },
        )


class VerifyView(AuditorView):
    """Does the chain hold?"""

    serializer_class = serializers.VerdictSerializer
    pagination_class = None

    @extend_schema(operation_id="audit_verify", parameters=[serializers.RangeParameters])
    def get(self, request: Request) -> Response:
        """Walk the chain and name the first row that does not fit. At most 5,000 rows: go on at `next`."""
        wanted = _range(request)
        size, first = chain_end()[0], wanted.get("first", 1)
        if first > size + 1:
            raise Invalid.field("/from", "audit.range", f"The chain ends at sequence {size}.")
        asked = min(wanted.get("last", size), first + LONGEST_WALK - 1)
        # Only a walk to the end also finds a checkpoint over more rows than there are.
        verdict = verify_chain(first=first, last=asked if asked < size else None)
        broken = verdict.broken
        return Response(
            {
                "holds": verdict.holds,
                "from": first,
                "to": verdict.size,
                "size": size,
                "head_hash": verdict.head,
                "checkpoints": verdict.checkpoints,
                "next": verdict.size + 1 if verdict.holds and verdict.size < size else None,
                "broken": broken and {"sequence": broken.sequence, "finding": broken.finding},
            }
        )


def _range(request: Request) -> dict[str, int]:
    """`first` and `last` as far as they were sent. Raises Invalid when they are the wrong way round."""
    wanted = read_parameters(request.query_params, serializers.RangeParameters)
    if wanted.get("first", 1) > wanted.get("last", LAST_SEQUENCE):
        raise Invalid.field("/to", "audit.range", "`to` lies before `from`.")
    return wanted
