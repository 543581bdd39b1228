"""`environments/{code}/isolation/`: who answers for §1.4 in one environment."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import MomentField, StrictSerializer, idempotent, read_members, refuse_unknown_parameters
from cybercube_portal.catalog import actions, selectors
from cybercube_portal.catalog.actions.isolation import LONGEST_EVIDENCE
from cybercube_portal.catalog.attestations import attestations
from cybercube_portal.catalog.isolation import Isolated
from cybercube_portal.people.authentication import actor_of

ITEMS = [item.value for item in Isolated]


class NewAttestationSerializer(StrictSerializer):
    """`evidence`: a link, or what was looked at."""

    item = serializers.ChoiceField(ITEMS)
    evidence = serializers.CharField(max_length=LONGEST_EVIDENCE)


class AttestationSerializer(serializers.Serializer[Any]):
    """Somebody's word for one row of §1.4. It holds until `holds_until`, exclusive; the newest of a row counts."""

    environment = serializers.CharField(source="environment.code")
    item = serializers.ChoiceField(ITEMS)
    evidence = serializers.CharField()
    attested_at = MomentField()
    attested_by = serializers.CharField(source="attested_by.username")
    holds_until = MomentField()


class IsolationView(generics.GenericAPIView[Any]):
    """The isolation of one environment."""

    serializer_class = AttestationSerializer
    ordering = ("-attested_at", "-id")

    @extend_schema(operation_id="environments_isolation_list", responses=AttestationSerializer(many=True))
    def get(self, request: Request, code: str) -> Response:
        """Everything that was vouched for, the newest first."""
        refuse_unknown_parameters(request.query_params, [])
        rows = attestations(selectors.get_environment(code).code)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(
        operation_id="environments_attest_isolation",
        request=NewAttestationSerializer,
        responses={201: AttestationSerializer},
    )
    @idempotent
    def post(self, request: Request, code: str) -> HttpResponse:
        """Vouch for one row; Ops, Security and admins may."""
        sent = read_members(request, NewAttestationSerializer)
        attestation = actions.attest_isolation(
            environment=code,
            item=Isolated(sent["item"]),
            evidence=sent["evidence"],
            actor=actor_of(request),
            now=clock.now(),
        )
        return Response(self.get_serializer(attestation).data, status=status.HTTP_201_CREATED)
