"""How often flags are asked for, over REST: what programs report, what is known of one flag, and keys nobody defined (§7.4)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import MomentField, StrictSerializer, read_members, read_parameters
from cybercube_portal.people.authentication import ApiKeyAuthentication, SessionAuthentication
from flags.actions.facts import Count, count_usage
from flags.api.authentication import EvaluationKeyAuthentication, environment_of_key
from flags.api.serializers import ENVIRONMENTS
from flags.selectors.flags import get_flag
from flags.selectors.usage import nearest_keys, unknown_listed, usage_rows


class CountSerializer(StrictSerializer):
    """How often a flag answered a variant; no variant: nobody defined it, or it could not be evaluated."""

    flag = serializers.CharField(max_length=100)
    variant = serializers.CharField(max_length=50, allow_blank=True)
    count = serializers.IntegerField(min_value=1, max_value=1_000_000_000)


class UsageBody(StrictSerializer):
    """What a program answered by itself since it last said so."""

    app = serializers.CharField(max_length=100, required=False, allow_blank=True)
    counts = serializers.ListField(child=CountSerializer(), max_length=5000)


class UsageView(generics.GenericAPIView[Any]):
    """Counts from programs that evaluate by themselves."""

    authentication_classes = (EvaluationKeyAuthentication, ApiKeyAuthentication, SessionAuthentication)
    serializer_class = UsageBody

    @extend_schema(operation_id="flags_usage", request=UsageBody, responses={204: None})
    def post(self, request: Request) -> HttpResponse:
        """Add them up; keys nobody defined are kept apart (§7.4)."""
        environment = environment_of_key(request)
        sent, now = read_members(request, UsageBody), clock.now()
        count_usage(
            Count(
                environment=environment,
                key=row["flag"],
                variant=row["variant"],
                count=row["count"],
                at=now,
                app=sent.get("app", ""),
            )
            for row in sent["counts"]
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class FlagUsageSerializer(serializers.Serializer[Any]):
    """One hour (UTC) of one program."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    hour = MomentField()
    variant = serializers.CharField(allow_blank=True)
    app = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class UsageFilters(StrictSerializer):
    """Of which environment."""

    environment = serializers.ChoiceField(ENVIRONMENTS, required=False)


class FlagUsageView(generics.GenericAPIView[Any]):
    """What one flag answered."""

    serializer_class = FlagUsageSerializer
    ordering = ("-hour", "-id")

    @extend_schema(operation_id="flags_usage_list", parameters=[UsageFilters], responses=FlagUsageSerializer(many=True))
    def get(self, request: Request, key: str) -> Response:
        """Hours, the newest first."""
        filters = read_parameters(request.query_params, UsageFilters)
        page = self.paginate_queryset(usage_rows(get_flag(key).key, **filters)) or []
        return self.get_paginated_response(FlagUsageSerializer(page, many=True).data)


class UnknownFlagSerializer(serializers.Serializer[Any]):
    """A key that a program asks for and nobody defined. `near`: the one it may have meant."""

    key = serializers.CharField()
    environment = serializers.ChoiceField(ENVIRONMENTS)
    app = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    first_seen_at = MomentField()
    last_seen_at = MomentField()
    near = serializers.CharField(allow_blank=True)


class UnknownFilters(StrictSerializer):
    """Of which environment."""

    environment = serializers.ChoiceField(ENVIRONMENTS, required=False)


class UnknownFlagsView(generics.GenericAPIView[Any]):
    """Keys nobody defined (§7.4 "Unknown feature flag")."""

    serializer_class = UnknownFlagSerializer
    ordering = ("-last_seen_at", "-id")

    @extend_schema(
        operation_id="flags_unknown_list", parameters=[UnknownFilters], responses=UnknownFlagSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """The last asked first."""
        filters = read_parameters(request.query_params, UnknownFilters)
        page = self.paginate_queryset(unknown_listed(**filters)) or []
        near = nearest_keys(row.key for row in page)
        rows = [{**{name: getattr(row, name) for name in SHOWN}, "near": near.get(row.key, "")} for row in page]
        return self.get_paginated_response(UnknownFlagSerializer(rows, many=True).data)


SHOWN = ("key", "environment", "app", "count", "first_seen_at", "last_seen_at")
