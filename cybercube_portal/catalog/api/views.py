"""The catalogue over REST. Each view reads the clock once and makes one call into the app."""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import etag_of, idempotent, read_members, refuse_unknown_parameters, require_if_match
from cybercube_portal.catalog import actions, selectors
from cybercube_portal.catalog.api import serializers
from cybercube_portal.catalog.api.showing import shown_artifact
from cybercube_portal.catalog.authentication import run_of
from cybercube_portal.catalog.service_content import tag_of
from cybercube_portal.catalog.service_fields import ServiceFields
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.errors import Invalid
from cybercube_portal.people.authentication import actor_of

TEAM = OpenApiParameter("team", str, description="Only of this team (slug).")
SERVICE = OpenApiParameter("service", str, description="Only of this service (slug).")
GIT_SHA = OpenApiParameter("git_sha", str, description="Only built from this commit, as it was registered.")
DIGEST = OpenApiParameter("digest", str, description="Only with this digest.")
EXPIRED = OpenApiParameter("expired", bool, description="Only those whose time is over (§3.5), or only the others.")
YES_OR_NO = {None: None, "true": True, "false": False}


class EnvironmentsView(generics.GenericAPIView[Any]):
    """dev, stg and prd."""

    serializer_class = serializers.EnvironmentSerializer
    ordering = ("order",)

    @extend_schema(operation_id="environments_list", responses=serializers.EnvironmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The environments in the order of promotion, with the columns of §1.2."""
        refuse_unknown_parameters(request.query_params, [])
        rows = self.paginate_queryset(selectors.environments())
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


class ServicesView(generics.GenericAPIView[Any]):
    """What teams run."""

    serializer_class = serializers.ServiceSerializer
    ordering = ("slug",)

    @extend_schema(operation_id="services_list", parameters=[TEAM], responses=serializers.ServiceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Services by slug."""
        refuse_unknown_parameters(request.query_params, ["team"])
        team = request.query_params.get("team")
        rows = selectors.services() if team is None else selectors.services_of_team(team)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(
        operation_id="services_create",
        request=serializers.NewServiceSerializer,
        responses={201: serializers.ServiceSerializer},
    )
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Register a service. Only an admin's browser session may: no key opens this."""
        sent = read_members(request, serializers.NewServiceSerializer)
        slug = sent.pop("slug")
        actions.register_service(
            slug=slug, fields=cast("ServiceFields", sent), actor=actor_of(request), now=clock.now()
        )
        return _service(self, slug, status.HTTP_201_CREATED)


def _service(view: generics.GenericAPIView[Any], slug: str, code: int = status.HTTP_200_OK) -> Response:
    service = selectors.get_service(slug)
    return Response(view.get_serializer(service).data, status=code, headers={"ETag": etag_of(tag_of(service))})


class ServiceView(generics.GenericAPIView[Any]):
    """One service."""

    serializer_class = serializers.ServiceSerializer

    @extend_schema(operation_id="services_read")
    def get(self, request: Request, slug: str) -> Response:
        """The service. ETag: what it says."""
        refuse_unknown_parameters(request.query_params, [])
        return _service(self, slug)

    @extend_schema(
        operation_id="services_edit",
        request=serializers.EditServiceSerializer,
        responses={200: serializers.ServiceSerializer},
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is sent, with If-Match. Only an admin's browser session may."""
        sent = read_members(request, serializers.EditServiceSerializer)
        with transaction.atomic():
            tag = tag_of(selectors.lock_service(slug))
            require_if_match(request, tag)
            actions.edit_service(
                slug=slug, tag=tag, fields=cast("ServiceFields", sent), actor=actor_of(request), now=clock.now()
            )
        return _service(self, slug)


class ArtifactsView(generics.GenericAPIView[Any]):
    """What pipelines built."""

    serializer_class = serializers.ListedArtifactSerializer
    ordering = ("-registered_at", "-id")

    @extend_schema(
        operation_id="artifacts_list",
        parameters=[SERVICE, GIT_SHA, DIGEST, EXPIRED],
        responses=serializers.ListedArtifactSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Artifacts, the newest first, with the latest status of each stage."""
        sent = request.query_params
        refuse_unknown_parameters(sent, ["service", "git_sha", "digest", "expired"])
        rows = selectors.artifacts_listed(
            service=sent.get("service"),
            git_sha=sent.get("git_sha"),
            digest=sent.get("digest"),
            expired=_yes_or_no(sent.get("expired")),
        )
        page = self.paginate_queryset(rows) or []
        context = {"latest": selectors.latest_evidence(row.pk for row in page)}
        return self.get_paginated_response(self.get_serializer(page, many=True, context=context).data)

    @extend_schema(
        operation_id="artifacts_register",
        request=serializers.NewArtifactSerializer,
        responses={200: serializers.ArtifactSerializer, 201: serializers.ArtifactSerializer},
    )
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Register a build. 201; the same again 200; the same version with another content 409 `artifact.immutable`.

        Only pipelines may: a service account of the service's team, or a trusted platform's token.
        """
        sent = read_members(request, serializers.NewArtifactSerializer)
        done = actions.register_artifact(**sent, actor=actor_of(request), now=clock.now(), run=run_of(request))
        return _artifact(
            done.artifact.service.slug,
            done.artifact.version,
            status.HTTP_201_CREATED if done.created else status.HTTP_200_OK,
        )


class ArtifactView(generics.GenericAPIView[Any]):
    """One artifact."""

    serializer_class = serializers.ArtifactSerializer

    @extend_schema(operation_id="artifacts_read")
    def get(self, request: Request, service: str, version: str) -> Response:
        """The artifact with its migrations, commits and the latest evidence of each stage."""
        refuse_unknown_parameters(request.query_params, [])
        return _artifact(service, version, status.HTTP_200_OK)


class EvidenceView(generics.GenericAPIView[Any]):
    """What a pipeline saw of an artifact."""

    serializer_class = serializers.EvidenceSerializer

    @extend_schema(
        operation_id="artifacts_report_evidence",
        request=serializers.NewEvidenceSerializer,
        responses={201: serializers.EvidenceSerializer},
    )
    @idempotent
    def post(self, request: Request, service: str, version: str) -> HttpResponse:
        """Append a stage's outcome; the latest of a stage counts. Only pipelines may."""
        sent = read_members(request, serializers.NewEvidenceSerializer)
        evidence = actions.report_evidence(
            service=service,
            version=version,
            stage=Stage(sent["stage"]),
            status=StageStatus(sent["status"]),
            url=sent["url"],
            summary=sent["summary"],
            run=run_of(request),
            actor=actor_of(request),
            now=clock.now(),
        )
        return Response(self.get_serializer(evidence).data, status=status.HTTP_201_CREATED)


def _artifact(service: str, version: str, code: int) -> Response:
    artifact = selectors.get_artifact(service=service, version=version)
    return Response(shown_artifact(artifact), status=code)


def _yes_or_no(text: str | None) -> bool | None:
    """Raises Invalid for anything but true and false."""
    if text not in YES_OR_NO:
        raise Invalid.field("/expired", "field.invalid", "Write true or false.")
    return YES_OR_NO[text]
