"""Flags in and out: the standard's JSON, definitions for programs that evaluate themselves, references in code."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    etag_of,
    idempotent,
    names_tag,
    read_members,
    read_parameters,
)
from cybercube_portal.people.authentication import ApiKeyAuthentication, SessionAuthentication, actor_of
from flags.actions.facts import MAIN, Reference, report_references
from flags.actions.importing import MOST_FLAGS, import_flags
from flags.api.authentication import EvaluationKeyAuthentication, environment_for
from flags.api.serializers import ENVIRONMENTS, TYPES
from flags.ofrep.streams import announced
from flags.policy.flagd import flagd_of
from flags.policy.standard import standard_of
from flags.selectors.facts import references_listed
from flags.selectors.flags import definitions, flags_listed, version_of

FORMATS = ["portal", "standard", "flagd"]
MOST_LINES = 10_000_000  # of one file


class StandardRuleSerializer(StrictSerializer):
    """TargetingRule of §7.3."""

    attribute = serializers.CharField(max_length=100)
    operator = serializers.ChoiceField(["eq", "in", "contains", "percentage"])
    value = serializers.JSONField()
    result = serializers.JSONField()


class StandardFlagSerializer(StrictSerializer):
    """FeatureFlag of §7.3, as printed there."""

    key = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=10_000, allow_blank=True)
    type = serializers.ChoiceField(TYPES)
    defaultValue = serializers.JSONField()  # noqa: N815 - the standard's word
    rules = serializers.ListField(child=StandardRuleSerializer(), max_length=100)
    rolloutPercentage = serializers.IntegerField(min_value=0, max_value=100)  # noqa: N815
    owner = serializers.CharField(max_length=150)
    createdAt = MomentField(required=False)  # noqa: N815
    expiresAt = MomentField(required=False, allow_null=True)  # noqa: N815
    tags = serializers.ListField(child=serializers.CharField(max_length=50), required=False, max_length=30)


class ImportBody(StrictSerializer):
    """Which flags, into which environment."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    flags = serializers.ListField(child=StandardFlagSerializer(), max_length=MOST_FLAGS)


class ImportedSerializer(serializers.Serializer[Any]):
    """Keys by what became of them. `change`: the one that production's part of it goes by."""

    created = serializers.ListField(child=serializers.CharField())
    updated = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())
    change = serializers.CharField(allow_null=True)


class ImportView(generics.GenericAPIView[Any]):
    """The standard's flags."""

    serializer_class = ImportBody

    @extend_schema(
        operation_id="flags_import", request=ImportBody, responses={200: ImportedSerializer, 202: ImportedSerializer}
    )
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """All of them or none. What raises exposure in production waits for the one change that is opened: 202."""
        sent = read_members(request, ImportBody)
        done = import_flags(actor=actor_of(request), now=clock.now(), **sent)
        shown = {name: getattr(done, name) for name in ("created", "updated", "unchanged", "warnings")}
        code = status.HTTP_202_ACCEPTED if done.state == "in_review" else status.HTTP_200_OK
        return Response({**shown, "change": done.change or None}, status=code)


class DefinitionsParameters(StrictSerializer):
    """A key that is bound to an environment needs to name none."""

    environment = serializers.ChoiceField(ENVIRONMENTS, required=False)
    format = serializers.ChoiceField(FORMATS, required=False, help_text="portal, if left out.")


class _OnlyJson(DefaultContentNegotiation):
    """`format` is a parameter like any other here, not the framework's choice of a renderer."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:  # noqa: ANN401, ARG002
        """The one there is."""
        return renderers[0], renderers[0].media_type


class DefinitionsView(generics.GenericAPIView[Any]):
    """What programs evaluate by themselves."""

    authentication_classes = (EvaluationKeyAuthentication, ApiKeyAuthentication, SessionAuthentication)
    content_negotiation_class = _OnlyJson
    serializer_class = DefinitionsParameters

    @extend_schema(
        operation_id="flags_definitions", parameters=[DefinitionsParameters], responses={200: OpenApiTypes.OBJECT}
    )
    def get(self, request: Request) -> HttpResponse:
        """Every flag of an environment. ETag: its version; with If-None-Match 304 while nothing changed.

        `standard`: {flags: FeatureFlag[] of §7.3, left_out[]}; `flagd`: its file format. What neither can say is left out and listed.
        """
        asked = read_parameters(request.query_params, DefinitionsParameters)
        environment, kind = environment_for(request, asked.get("environment")), asked.get("format", "portal")
        is_told = kind == "portal" and bool(getattr(request.auth, "environment", ""))
        stream = announced(environment) if is_told else ""
        # Another address of the stream is another answer: a 304 would leave its reader with one that no longer opens.
        rest = f"{environment}-{kind}" + (f"-{blake2b(stream.encode(), digest_size=4).hexdigest()}" if stream else "")
        tag = etag_of(f"{version_of(environment)}-{rest}")
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key, Cookie"}
        if names_tag(request, tag):
            return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        found = definitions(environment)
        shown = {"portal": _portal, "standard": _standard, "flagd": _flagd}[kind](found)
        if is_told:
            shown = {**shown, "stream": stream}
        return Response(shown, headers={**headers, "ETag": etag_of(f"{found['version']}-{rest}")})


def _portal(found: dict[str, Any]) -> dict[str, Any]:
    return found


def _flagd(found: dict[str, Any]) -> dict[str, Any]:
    written, left_out = flagd_of(found)
    if left_out:
        written["metadata"]["leftOut"] = ", ".join(left_out)
    return written


def _standard(found: dict[str, Any]) -> dict[str, Any]:
    flags: list[dict[str, Any]] = []
    left_out: list[str] = []
    for flag in flags_listed():
        written = standard_of(found["flags"][flag.key]) if flag.key in found["flags"] else None
        if written is None:
            left_out.append(flag.key)
            continue
        expiry = {"expiresAt": MomentField().to_representation(flag.expires_at)} if flag.expires_at else {}
        flags.append(
            {
                "key": flag.key,
                "name": flag.name,
                "description": flag.description,
                "type": flag.type,
                **written,
                "owner": flag.owner.username if flag.owner else flag.team.slug,
                "createdAt": MomentField().to_representation(flag.created_at),
                **expiry,
                "tags": flag.tags,
            }
        )
    return {"flags": flags, "left_out": left_out}


class ReferenceSerializer(StrictSerializer):
    """One line of code that names a flag."""

    key = serializers.CharField(max_length=100)
    path = serializers.CharField(max_length=500)
    line = serializers.IntegerField(min_value=1, max_value=MOST_LINES)


class KnownReferenceSerializer(serializers.Serializer[Any]):
    """The same as it is known."""

    key = serializers.CharField()
    repository = serializers.CharField()
    revision = serializers.CharField()
    path = serializers.CharField()
    line = serializers.IntegerField()
    scanned_at = MomentField()


class ReferencesBody(StrictSerializer):
    """Everything a scan of the repository found: what is not among it is forgotten. `branch`: of any other than main nothing is kept."""

    repository = serializers.CharField(max_length=200)
    revision = serializers.CharField(max_length=64)
    branch = serializers.CharField(max_length=255, required=False)
    references = serializers.ListField(child=ReferenceSerializer(), max_length=10_000)


class ReportedSerializer(serializers.Serializer[Any]):
    """How many were kept, and the keys nobody defined."""

    references = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.CharField())


class ReferenceFilters(StrictSerializer):
    """Every one given must fit."""

    flag = serializers.CharField(max_length=100, required=False)
    repository = serializers.CharField(max_length=200, required=False)


class ReferencesView(generics.GenericAPIView[Any]):
    """Where code names flags (§7.6)."""

    serializer_class = ReferencesBody
    ordering = ("repository", "path", "line", "id")

    @extend_schema(
        operation_id="flags_references_list",
        parameters=[ReferenceFilters],
        responses=KnownReferenceSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """By repository, path and line."""
        filters = read_parameters(request.query_params, ReferenceFilters)
        page = self.paginate_queryset(references_listed(**filters)) or []
        return self.get_paginated_response(KnownReferenceSerializer(page, many=True).data)

    @extend_schema(operation_id="flags_references_report", request=ReferencesBody, responses={200: ReportedSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Replace what is known of a repository; of a branch that is not main only say which keys nobody defined."""
        sent = read_members(request, ReferencesBody)
        found, unknown = report_references(
            repository=sent["repository"],
            revision=sent["revision"],
            branch=sent.get("branch", MAIN),
            references=[Reference(**item) for item in sent["references"]],
            actor=actor_of(request),
            now=clock.now(),
        )
        return Response({"references": found, "unknown": unknown})
