"""What Unleash's clients ask: features, register, metrics. Point them at `/api/unleash` with an evaluation key as the token."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import etag_of, names_tag
from cybercube_portal.people.authentication import ApiKeyAuthentication, SessionAuthentication
from flags.actions.facts import Count, count_usage
from flags.api.authentication import EvaluationKeyAuthentication, environment_of_key
from flags.policy.unleash import features_of
from flags.selectors.flags import definitions, version_of

MOST_TOGGLES = 5000


class UnleashView(generics.GenericAPIView[Any]):
    """A key bound to an environment opens it; a browser's key sees what browsers may see."""

    authentication_classes = (EvaluationKeyAuthentication, ApiKeyAuthentication, SessionAuthentication)
    serializer_class = serializers.Serializer


@extend_schema(exclude=True)
class FeaturesView(UnleashView):
    """The flags as features."""

    def get(self, request: Request) -> HttpResponse:
        """Every flag that Unleash can say exactly; the others are named in `X-Flags-Left-Out`."""
        environment, client = environment_of_key(request), bool(getattr(request.auth, "client", False))
        rest = f"{environment}-unleash-{int(client)}"
        tag = etag_of(f"{version_of(environment)}-{rest}")
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key"}
        if names_tag(request, tag):
            return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        found = definitions(environment, client=client)
        shown, left_out = features_of(found)
        named = {"ETag": etag_of(f"{found['version']}-{rest}"), "X-Flags-Left-Out": ",".join(left_out)[:4000]}
        return Response(shown, headers={**headers, **named})


@extend_schema(exclude=True)
class RegisterView(UnleashView):
    """A client says that it exists."""

    parser_classes = (JSONParser,)

    def post(self, request: Request) -> HttpResponse:
        """Nothing is kept: what counts is what it asks for."""
        environment_of_key(request)
        return HttpResponse(status=status.HTTP_202_ACCEPTED)


@extend_schema(exclude=True)
class MetricsView(UnleashView):
    """What a client answered since it last said so."""

    parser_classes = (JSONParser,)

    def post(self, request: Request) -> HttpResponse:
        """Counted like any other use; a toggle nobody defined is kept apart."""
        environment, now = environment_of_key(request), clock.now()
        sent = request.data if isinstance(request.data, dict) else {}
        bucket = sent.get("bucket")
        toggles = bucket.get("toggles") if isinstance(bucket, dict) else None
        app = str(sent.get("appName", ""))[:100]
        rows = list(toggles.items())[:MOST_TOGGLES] if isinstance(toggles, dict) else []
        count_usage(
            Count(environment=environment, key=str(key)[:100], variant=variant, count=number, at=now, app=app)
            for key, told in rows
            if isinstance(told, dict)
            for variant, number in _counted(told)
        )
        return HttpResponse(status=status.HTTP_202_ACCEPTED)


def _counted(told: dict[str, Any]) -> list[tuple[str, int]]:
    variants = told.get("variants")
    given = variants if isinstance(variants, dict) and variants else {"on": told.get("yes"), "off": told.get("no")}
    return [
        (str(name)[:50], number)
        for name, number in given.items()
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 10**9
    ]
