"""Evidence packs for auditors: of one change, and of everything that happened to changes in a period."""

from __future__ import annotations

from typing import IO, Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from cybercube_portal import clock
from cybercube_portal.api import MomentField, read_parameters, refuse_unknown_parameters
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.record.actions import pack_of_change, pack_of_period
from cybercube_portal.record.api.audit import AuditorView


class ZipRenderer(BaseRenderer):
    """Names the pack's type; the file is sent as it is."""

    media_type = "application/zip"
    format = "zip"
    charset = None


class PeriodParameters(serializers.Serializer[Any]):
    """`from` and `to`: half-open, when something was recorded about a change; at most a year."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {
            "from": MomentField(source="start"),
            "to": MomentField(source="end"),
            "service": serializers.CharField(max_length=64, required=False, help_text="Only changes of this service."),
        }


class ChangeEvidenceView(AuditorView):
    """The evidence of one change."""

    serializer_class = None
    pagination_class = None
    renderer_classes = (ZipRenderer,)

    @extend_schema(operation_id="changes_evidence", responses={(200, ZipRenderer.media_type): OpenApiTypes.BINARY})
    def get(self, request: Request, number: str) -> FileResponse:
        """A zip: record, approvals, gate decisions, deployments and checks, artifacts, audit events with their part of the chain."""
        refuse_unknown_parameters(request.query_params, [])
        pack = pack_of_change(number=number, actor=actor_of(request), now=clock.now())
        return _download(pack, f"{number}-evidence.zip")


class PeriodEvidenceView(AuditorView):
    """The evidence of a period."""

    serializer_class = None
    pagination_class = None
    renderer_classes = (ZipRenderer,)

    @extend_schema(
        operation_id="audit_evidence",
        parameters=[PeriodParameters],
        responses={(200, ZipRenderer.media_type): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> FileResponse:
        """A zip: the register of changes, the evidence of each, and the audit trail of the period. Of many changes: `POST audit/packs/`."""
        wanted = read_parameters(request.query_params, PeriodParameters)
        start, end, service = wanted["start"], wanted["end"], wanted.get("service")
        pack = pack_of_period(start=start, end=end, service=service, actor=actor_of(request), now=clock.now())
        return _download(pack, f"{start:%Y-%m-%d}-{end:%Y-%m-%d}-evidence.zip")


def _download(pack: IO[bytes], name: str) -> FileResponse:
    return FileResponse(
        pack,
        as_attachment=True,
        filename=name,
        content_type=ZipRenderer.media_type,
        headers={"Cache-Control": "no-store"},
    )
