"""Evidence packs of periods with many changes: asked for, waited for, fetched."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import MomentField, StrictSerializer, idempotent, read_members, refuse_unknown_parameters
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.record.actions import request_pack
from cybercube_portal.record.api.audit import AuditorView
from cybercube_portal.record.api.evidence import ZipRenderer
from cybercube_portal.record.models import EvidencePack
from cybercube_portal.record.selectors import get_pack, packs_listed, zip_of
from cybercube_portal.record.states import PackState


class NewPackSerializer(StrictSerializer):
    """`from` and `to`: half-open, when something was recorded about a change; at most a year."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {
            "from": MomentField(source="start"),
            "to": MomentField(source="end"),
            "service": serializers.CharField(
                source="of_service", max_length=64, required=False, help_text="Only changes of this service."
            ),
        }


class PackSerializer(serializers.ModelSerializer[EvidencePack]):
    """A pack and how far it is: `done` of `count` changes are gathered.

    It stands for `created_at`, when the audit chain held `as_of_sequence` events, the last with the hash `as_of_hash`.
    """

    state = serializers.ChoiceField([state.value for state in PackState], read_only=True)
    file_url = serializers.SerializerMethodField(help_text="Null until it is ready.")

    class Meta:
        model = EvidencePack
        fields = (
            "id",
            "state",
            "asked_by",
            "from",
            "to",
            "service",
            "count",
            "done",
            "created_at",
            "as_of_sequence",
            "as_of_hash",
            "finished_at",
            "problem",
            "size",
            "sha256",
            "expires_at",
            "file_url",
        )
        read_only_fields = fields

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        self._declared_fields |= {"from": MomentField(source="start"), "to": MomentField(source="end")}
        return super().get_fields()

    def get_file_url(self, pack: EvidencePack) -> str | None:
        """Where the zip is."""
        return reverse("api-audit-pack-file", args=[pack.pk]) if pack.state is PackState.READY else None


class PacksView(AuditorView):
    """Packs that a worker makes."""

    serializer_class = PackSerializer

    @extend_schema(operation_id="audit_packs_list", responses=PackSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Every pack that is kept, the newest first; each is dropped a week after it was made."""
        refuse_unknown_parameters(request.query_params, [])
        rows = self.paginate_queryset(packs_listed()) or []
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        operation_id="audit_packs_request",
        request=NewPackSerializer,
        responses={202: PackSerializer},
        parameters=[
            OpenApiParameter(
                "Location", str, OpenApiParameter.HEADER, response=[202], description="Where to look for it."
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have the pack of a period made; ask `Location` how far it is. The same one that is being made is answered again."""
        sent = read_members(request, NewPackSerializer)
        pack = request_pack(
            start=sent["start"],
            end=sent["end"],
            service=sent.get("of_service"),
            actor=actor_of(request),
            now=clock.now(),
        )
        address = reverse("api-audit-pack", args=[pack.pk])
        return Response(self.get_serializer(pack).data, status=status.HTTP_202_ACCEPTED, headers={"Location": address})


class PackView(AuditorView):
    """One pack."""

    serializer_class = PackSerializer

    @extend_schema(operation_id="audit_packs_read")
    def get(self, request: Request, pack_id: UUID) -> Response:
        """How far it is."""
        refuse_unknown_parameters(request.query_params, [])
        return Response(self.get_serializer(get_pack(pack_id)).data)


class PackFileView(AuditorView):
    """The zip of one pack."""

    serializer_class = None
    pagination_class = None
    renderer_classes = (ZipRenderer,)

    @extend_schema(operation_id="audit_packs_file", responses={(200, ZipRenderer.media_type): OpenApiTypes.BINARY})
    def get(self, request: Request, pack_id: UUID) -> StreamingHttpResponse:
        """The zip, once it is ready."""
        refuse_unknown_parameters(request.query_params, [])
        pack = get_pack(pack_id)
        return StreamingHttpResponse(
            zip_of(pack),
            content_type=ZipRenderer.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{pack.file_name}"',
                "Content-Length": str(pack.size),
                "Cache-Control": "no-store",
            },
        )
