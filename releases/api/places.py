"""`services/{slug}/environments/`: what runs where, expected and observed, and how the two differ (§1.5)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
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
from cybercube_portal.catalog.selectors import get_service
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Decision
from cybercube_portal.people.authentication import actor_of
from releases.actions.adopting import LONGEST_REASON, adopt_running
from releases.models import Deployment, Observation
from releases.policy.drift import drift_of
from releases.selectors.places import PlaceRow, find_place
from releases.selectors.standing import standing_of
from releases.states import DeploymentState

CODES = [code.value for code in EnvironmentCode]
STATES = [state.value for state in DeploymentState]


class DeployedSerializer(serializers.Serializer[Any]):
    """A deployment there. `change` and `release` are empty where none spoke for it."""

    version = serializers.CharField()
    deployment = serializers.CharField(source="reference")
    state = serializers.ChoiceField(STATES)
    action = serializers.CharField()
    digest = serializers.CharField()
    change = serializers.CharField(allow_blank=True)
    release = serializers.CharField(allow_blank=True)
    since = MomentField(help_text="When it was verified; while it goes on, when it started.")


class ObservedSerializer(serializers.Serializer[Any]):
    """What `/health` said last. `error`: why the last look saw nothing; the rest is then from `seen_at`."""

    version = serializers.CharField(allow_blank=True)
    git_sha = serializers.CharField(allow_blank=True)
    status = serializers.CharField(allow_blank=True)
    since = MomentField(allow_null=True, help_text="When this version was first seen.")
    seen_at = MomentField(allow_null=True)
    looked_at = MomentField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    config_keys = serializers.ListField(child=serializers.CharField())
    dependencies = serializers.DictField(child=serializers.CharField())
    bypass_change = serializers.CharField(
        allow_blank=True, help_text="The draft emergency for what nobody let through."
    )
    adopted_version = serializers.CharField(
        allow_blank=True, help_text="What ran before the portal first looked, once somebody answered for it."
    )
    adopted_at = MomentField(allow_null=True)


class PlaceSerializer(serializers.Serializer[Any]):
    """One environment of the service. `drift`: whether a finding fails."""

    environment = serializers.ChoiceField(CODES)
    url = serializers.CharField(allow_blank=True)
    expected = DeployedSerializer(allow_null=True, help_text="The last healthy deployment there.")
    under_way = DeployedSerializer(allow_null=True)
    observed = ObservedSerializer(allow_null=True)
    drift = serializers.BooleanField()
    findings = ToldReasonsField()


class EnvironmentsOfServiceSerializer(serializers.Serializer[Any]):
    """All of them, in the order of promotion. `parity`: the six rows of §1.5, staging against production."""

    service = serializers.CharField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PlaceSerializer(many=True)
    parity = ToldReasonsField()


class EnvironmentsOfServiceView(generics.GenericAPIView[Any]):
    """What runs where."""

    serializer_class = EnvironmentsOfServiceSerializer

    @extend_schema(operation_id="services_environments", responses=EnvironmentsOfServiceSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Expected and observed version of each environment, since when and by which deployment, and every difference."""
        refuse_unknown_parameters(request.query_params, [])
        get_service(slug)
        standing = standing_of(slug, now=clock.now())
        answer = {
            "service": slug,
            "next": None,
            "previous": None,
            "results": [_place(row, standing.drift[code]) for code, row in standing.rows.items()],
            "parity": standing.parity.as_list(),
        }
        return Response(self.get_serializer(answer).data)


class AdoptBody(StrictSerializer):
    """What is adopted, and why it may stay."""

    version = serializers.CharField(max_length=128, help_text="What runs there, as `observed.version` says.")
    reason = serializers.CharField(max_length=LONGEST_REASON)


class AdoptView(generics.GenericAPIView[Any]):
    """What ran before the portal came."""

    serializer_class = AdoptBody

    @extend_schema(operation_id="services_environments_adopt", request=AdoptBody, responses={200: PlaceSerializer})
    @idempotent
    def post(self, request: Request, slug: str, environment: str) -> HttpResponse:
        """Answer for what already ran at the portal's first look: it is the baseline until something is deployed there."""
        sent = read_members(request, AdoptBody)
        now = clock.now()
        adopt_running(slug=slug, environment=environment, **sent, actor=actor_of(request), now=now)
        found = find_place(slug, environment)
        return Response(PlaceSerializer(_place(found, drift_of(found.place, now=now))).data)


def _place(row: PlaceRow, drift: Decision) -> dict[str, Any]:
    return {
        "environment": row.place.environment,
        "url": row.url,
        "expected": _deployed(row.expected),
        "under_way": _deployed(row.under_way),
        "observed": _observed(row.observation),
        "drift": bool(drift.failures),
        "findings": drift.as_list(),
    }


def _deployed(row: Deployment | None) -> dict[str, Any] | None:
    if row is None:
        return None
    names = ("version", "reference", "state", "action", "digest", "change", "release")
    since = row.verified_at or row.started_at or row.created_at
    return {**{name: getattr(row, name) for name in names}, "since": since}


def _observed(row: Observation | None) -> Observation | None:
    return row if row is not None and row.looked_at is not None else None
