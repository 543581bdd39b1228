"""What happened to the work, for everybody who is signed in: CloudEvents, to be read on and on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal.api import read_parameters
from cybercube_portal.audit.selectors.events import events_filtered
from cybercube_portal.record.api.serializers import CloudEventSerializer, FeedParameters
from cybercube_portal.record.cloud_events import SHARED, cloud_event


class BatchRenderer(JSONRenderer):
    """CloudEvents' JSON batch: an array; the neighbours are in Link."""

    media_type = "application/cloudevents-batch+json"
    format = "batch"


class FeedView(generics.GenericAPIView[Any]):
    """Sealed events in the chain's order: who follows `previous` from a page never misses one."""

    serializer_class = CloudEventSerializer
    renderer_classes = (JSONRenderer, BatchRenderer)
    ordering = ("-sequence",)

    @extend_schema(
        operation_id="events_list",
        parameters=[FeedParameters],
        responses={
            (200, JSONRenderer.media_type): CloudEventSerializer(many=True),
            (200, BatchRenderer.media_type): {
                "type": "array",
                "items": {"$ref": "#/components/schemas/CloudEvent"},
            },
        },
    )
    def get(self, request: Request) -> Response:
        """CloudEvents, the newest first; what people did with accounts, sessions and keys is not among them."""
        wanted = read_parameters(request.query_params, FeedParameters)
        rows = self.paginate_queryset(events_filtered(sealed=True, nouns=SHARED, **wanted)) or []
        page = self.get_paginated_response([cloud_event(event) for event in rows])
        if request.accepted_renderer.media_type != BatchRenderer.media_type:
            return page
        links = ", ".join(
            f'<{page.data[name]}>; rel="{relation}"'
            for name, relation in (("next", "next"), ("previous", "prev"))
            if page.data[name]
        )
        return Response(page.data["results"], headers={"Link": links} if links else None)
