"""Incidents over REST: what went wrong where, reported and resolved (§8.5)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.fields import WordField
from changes.api.verbs import Things, Verb, verb_routes
from changes.policy.emergency import Severity
from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    idempotent,
    read_members,
    refuse_unknown_parameters,
)
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.queries import QueriedView, query_field
from releases.actions.incidents import LONGEST_TITLE, Trouble, report_incident, resolve_incident
from releases.selectors.incidents import get_incident, incidents_filtered
from releases.selectors.words.incidents import LANGUAGE
from releases.states import IncidentSource, IncidentState

STATES = [state.value for state in IncidentState]
SOURCES = [source.value for source in IncidentSource]


class IncidentSerializer(serializers.Serializer[Any]):
    """One incident."""

    id = serializers.CharField(source="reference")
    service = serializers.CharField(source="service.slug")
    team = serializers.CharField(source="service.team.slug")
    environment = serializers.ChoiceField(sorted(set(ENVIRONMENT_NAMES.values())))
    title = serializers.CharField()
    severity = WordField(help_text="SEV-1 to SEV-4, or the alert's own word.")
    source = serializers.ChoiceField(SOURCES)  # type: ignore[assignment]  # a member's name, as good as any
    state = serializers.ChoiceField(STATES)
    deployment = WordField(help_text="The last deployment there before it.")
    url = WordField()
    detected_at = MomentField()
    resolved_at = MomentField(allow_null=True)


class IncidentBody(StrictSerializer):
    """What somebody noticed."""

    service = serializers.CharField(max_length=64, help_text="Slug.")
    environment = serializers.ChoiceField(list(ENVIRONMENT_NAMES))
    title = serializers.CharField(max_length=LONGEST_TITLE)
    severity = serializers.ChoiceField([severity.value for severity in Severity], required=False)
    url = serializers.URLField(max_length=1000, required=False)
    detected_at = MomentField(required=False, help_text="Left out: now.")


class ResolveBody(StrictSerializer):
    """When it was over; left out: now."""

    resolved_at = MomentField(required=False)


class IncidentFilters(StrictSerializer):
    """Which incidents; every one given must fit."""

    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    team = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    environment = serializers.ChoiceField(sorted(set(ENVIRONMENT_NAMES.values())), required=False)
    state = serializers.ChoiceField(STATES, required=False)
    source = serializers.ChoiceField(SOURCES, required=False)  # type: ignore[assignment]  # as above
    query = query_field(LANGUAGE)


class IncidentsView(QueriedView):
    """All incidents."""

    serializer_class = IncidentSerializer
    language = LANGUAGE

    @extend_schema(operation_id="incidents_list", parameters=[IncidentFilters], responses=IncidentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Incidents, the newest first unless `query` asks for another order."""
        page = self.page_of(request, IncidentFilters, incidents_filtered)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(operation_id="incidents_report", request=IncidentBody, responses={201: IncidentSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Something is wrong; it is counted against the last deployment there."""
        sent = read_members(request, IncidentBody)
        trouble = Trouble(**{**sent, "environment": ENVIRONMENT_NAMES[sent["environment"]].value})
        incident = report_incident(trouble=trouble, actor=actor_of(request), now=clock.now())
        return incident_answer(incident.reference, request, status=status.HTTP_201_CREATED)


class IncidentView(generics.GenericAPIView[Any]):
    """One incident."""

    serializer_class = IncidentSerializer

    @extend_schema(operation_id="incidents_read")
    def get(self, request: Request, reference: str) -> Response:
        """The incident."""
        refuse_unknown_parameters(request.query_params, [])
        return incident_answer(reference, request)


def incident_answer(reference: str, _request: Request, *, status: int = 200) -> Response:
    """The incident as it is now."""
    return Response(IncidentSerializer(get_incident(reference)).data, status=status)


VERBS: tuple[Verb, ...] = (Verb("resolve", ResolveBody, resolve_incident, "It is over."),)


def incident_verb_routes() -> list[URLPattern]:
    """A route for each verb."""
    return verb_routes(
        Things(prefix="incidents", key="reference", shape=IncidentSerializer, answer=incident_answer), VERBS
    )
