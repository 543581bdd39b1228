"""`compliance/`: each service against what the standard demands and facts can show."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import refuse_unknown_parameters
from cybercube_portal.catalog import selectors as catalog
from releases.policy.compliance import Judged, Status
from releases.proofs import address_of
from releases.selectors.compliance import compliance_of, with_counts

STATUSES = [status.value for status in Status]
SERVICE = OpenApiParameter("service", str, description="Only this service (slug).")
TEAM = OpenApiParameter("team", str, description="Only services of this team (slug).")


class RequirementSerializer(serializers.Serializer[Any]):
    """One row. `proof_url` is the page that shows it, empty while there is nothing to open.

    `next_step` and `next_url`, where it is done, are empty when it is complete. Both addresses are paths of the portal.
    """

    section = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(STATUSES)
    proof = serializers.CharField()
    proof_url = serializers.CharField(allow_blank=True)
    next_step = serializers.CharField(allow_blank=True)
    next_url = serializers.CharField(allow_blank=True)


class TrendSerializer(serializers.Serializer[Any]):
    """How many rows came out in each way on one day."""

    day = serializers.DateField()
    complete = serializers.IntegerField()
    partial = serializers.IntegerField()  # type: ignore[assignment]  # a word of api.md's; the framework takes fields off the class
    pending = serializers.IntegerField()


class ComplianceSerializer(serializers.Serializer[Any]):
    """One service against every row of the table, in its order. `trend`: this day of the twelve weeks before, as far as it was kept."""

    service = serializers.CharField()
    requirements = RequirementSerializer(many=True)
    trend = TrendSerializer(many=True)


class ComplianceView(generics.GenericAPIView[Any]):
    """How far each service is."""

    serializer_class = ComplianceSerializer
    ordering = ("slug",)

    @extend_schema(
        operation_id="compliance_list", parameters=[SERVICE, TEAM], responses=ComplianceSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Services by slug, each with its rows: COMPLETE, PARTIAL or PENDING, what shows it, and the next step."""
        sent = request.query_params
        refuse_unknown_parameters(sent, ["service", "team"])
        rows = catalog.services() if sent.get("team") is None else catalog.services_of_team(sent["team"])
        if sent.get("service") is not None:
            rows = rows.filter(slug=catalog.get_service(sent["service"]).slug)
        now = clock.now()
        page = self.paginate_queryset(with_counts(rows, now=now)) or []
        found = compliance_of(page, now=now)
        return self.get_paginated_response(
            [
                {
                    "service": row.slug,
                    "requirements": [_shown(judged, row.slug) for judged in found[row.slug]],
                    "trend": getattr(row, "trend", []),
                }
                for row in page
            ]
        )


def _shown(row: Judged, service: str) -> dict[str, str]:
    return {
        "section": row.section,
        "title": row.title,
        "status": row.status,
        "proof": row.proof,
        "proof_url": address_of(row.shown_on, service),
        "next_step": row.next_step,
        "next_url": address_of(row.done_on, service),
    }
