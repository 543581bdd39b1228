"""`services/{slug}/protection/`: how the repository's branches are protected, against §2.5."""

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
    idempotent,
    read_members,
    refuse_unknown_parameters,
)
from cybercube_portal.api.reasons import ToldReasonsField
from cybercube_portal.catalog import actions, selectors
from cybercube_portal.catalog.authentication import run_of
from cybercube_portal.catalog.protection import Platform
from cybercube_portal.people.authentication import actor_of

PLATFORMS = [platform.value for platform in Platform]


class NewProtectionSerializer(StrictSerializer):
    """What the platform says. `settings` github: {"main": …, "release/*": …}, each the answer of `branches/{branch}/protection`

    or of `rules/branches/{branch}`, null where there is none; with rules also "rulesets": the answers of `rulesets/{id}`; "codeowners_errors": the answer of `codeowners/errors`. gitlab: {protected_branches, project, approvals, approval_rules}.
    """

    platform = serializers.ChoiceField(PLATFORMS)
    settings = serializers.DictField()
    codeowners = serializers.BooleanField(help_text="Whether the repository has a CODEOWNERS file that names an owner.")


class ProtectionSerializer(serializers.Serializer[Any]):
    """One report. `findings`: every demand of §2.5 as a reason, with the branch in its details."""

    service = serializers.CharField(source="service.slug")
    platform = serializers.ChoiceField(PLATFORMS)
    protected = serializers.BooleanField(source="is_protected")
    codeowners = serializers.BooleanField(source="has_code_owners")
    findings = ToldReasonsField()
    run = serializers.DictField()
    reported_at = MomentField()
    reported_by = serializers.CharField(source="reported_by.username")


class ProtectionView(generics.GenericAPIView[Any]):
    """How the branches of a service's repository are protected."""

    serializer_class = ProtectionSerializer
    ordering = ("-reported_at", "-id")

    @extend_schema(operation_id="services_protection_list", responses=ProtectionSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Reports, the newest first: it counts."""
        refuse_unknown_parameters(request.query_params, [])
        rows = selectors.protection_reports(selectors.get_service(slug).slug)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(
        operation_id="services_report_protection",
        request=NewProtectionSerializer,
        responses={201: ProtectionSerializer},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Report the settings; what §2.5 lacks is a finding, not an error. Only pipelines may."""
        sent = read_members(request, NewProtectionSerializer)
        report = actions.report_protection(
            service=slug,
            platform=Platform(sent["platform"]),
            settings=sent["settings"],
            codeowners=sent["codeowners"],
            run=run_of(request),
            actor=actor_of(request),
            now=clock.now(),
        )
        return Response(self.get_serializer(report).data, status=status.HTTP_201_CREATED)
