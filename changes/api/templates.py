"""The catalogue of standard changes (§6.2) over REST."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions import templates as actions
from changes.actions.periods import tag_of
from changes.api import bodies
from changes.api.periods import fields_from
from changes.api.serializers import PersonSerializer, SeatSerializer
from changes.api.showing import shown_seat
from changes.api.verbs import Things, Verb, verb_routes
from changes.models import Template
from changes.policy import standard
from changes.selectors.templates import get_template, templates_listed
from changes.states import TemplateState
from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    etag_of,
    idempotent,
    read_members,
    read_parameters,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.authentication import actor_of

KINDS = [kind.value for kind in standard.TemplateKind]
STATES = [state.value for state in TemplateState]


class ConditionSerializer(serializers.Serializer[Any]):
    """What the portal checks by itself before such a change is approved."""

    code = serializers.CharField()
    text = serializers.CharField()


class TemplateSerializer(StrictSerializer):
    """A kind of standard change. `bounds`: scale {"replicas": [1, 20]}, log-level {"hours": [0, 72]}; the others take none.

    `seats`: CAB's, to activate a proposal or to retire what is active. `proposed_by` null: the standard itself.
    """

    slug = serializers.SlugField(max_length=80)
    kind = serializers.ChoiceField(KINDS)
    title = serializers.CharField(max_length=160)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    rollback_plan = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    bounds = serializers.DictField(required=False)
    services = serializers.ListField(child=serializers.CharField(max_length=64), max_length=200, required=False)
    teams = serializers.ListField(child=serializers.CharField(max_length=64), max_length=200, required=False)
    state = serializers.ChoiceField(STATES, read_only=True)
    conditions = ConditionSerializer(many=True, read_only=True)
    seats = SeatSerializer(many=True, read_only=True)
    proposed_by = PersonSerializer(read_only=True, allow_null=True)
    proposed_at = MomentField(read_only=True)
    activated_at = MomentField(read_only=True, allow_null=True)
    retired_at = MomentField(read_only=True, allow_null=True)


class EditTemplateSerializer(TemplateSerializer):
    """A proposal's words; its slug stays."""

    def get_fields(self) -> dict[str, Any]:
        """As proposed."""
        return {**super().get_fields(), "slug": serializers.CharField(read_only=True)}


class TemplateFilters(StrictSerializer):
    """Left out: all."""

    state = serializers.ChoiceField(STATES, required=False)


class TemplatesView(generics.GenericAPIView[Any]):
    """All templates."""

    serializer_class = TemplateSerializer
    ordering = ("slug",)

    @extend_schema(operation_id="templates_list", parameters=[TemplateFilters], responses=TemplateSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Templates by slug."""
        filters = read_parameters(request.query_params, TemplateFilters)
        page = self.paginate_queryset(templates_listed(**filters)) or []
        shown = [_shown(template) for template in page]
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)

    @extend_schema(operation_id="templates_propose", request=TemplateSerializer, responses={201: TemplateSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Propose a kind of standard change; CAB's seats activate it."""
        plan = actions.TemplatePlan(**fields_from(read_members(request, TemplateSerializer)))
        template = actions.propose_template(plan=plan, actor=actor_of(request), now=clock.now())
        return template_answer(template.slug, request, status=status.HTTP_201_CREATED)


class TemplateView(generics.GenericAPIView[Any]):
    """One template."""

    serializer_class = TemplateSerializer

    @extend_schema(operation_id="templates_read")
    def get(self, request: Request, slug: str) -> Response:
        """The template with its conditions and CAB's seats."""
        refuse_unknown_parameters(request.query_params, [])
        return template_answer(slug, request)

    @extend_schema(operation_id="templates_edit", request=EditTemplateSerializer, responses={200: TemplateSerializer})
    def patch(self, request: Request, slug: str) -> Response:
        """Edit a proposal, with If-Match; signatures given to other words count no more."""
        sent = read_members(request, EditTemplateSerializer, partial=True)
        with transaction.atomic():
            require_if_match(request, tag_of(actions.plan_of(actions.lock_template(slug))))
            actions.edit_template(slug=slug, changes=fields_from(sent), actor=actor_of(request), now=clock.now())
        return template_answer(slug, request)


def template_answer(slug: str, _request: Request, *, status: int = 200) -> Response:
    """The template as it is now, with its ETag."""
    template = get_template(slug)
    tag = etag_of(tag_of(actions.plan_of(template)))
    return Response(TemplateSerializer(_shown(template)).data, status=status, headers={"ETag": tag})


VERBS: tuple[Verb, ...] = (
    Verb("activate", bodies.NothingBody, actions.activate_template, "Sign for CAB; its last seat activates it."),
    Verb("retire", bodies.NothingBody, actions.retire_template, "Sign for CAB; its last seat retires it."),
)
ASKED = {TemplateState.PROPOSED: "activate", TemplateState.ACTIVE: "retire"}


def template_verb_routes() -> list[URLPattern]:
    """A route for each verb."""
    things = Things(prefix="templates", key="slug", shape=TemplateSerializer, answer=template_answer)
    return verb_routes(things, VERBS)


def _shown(template: Template) -> dict[str, Any]:
    own = ("slug", "kind", "title", "description", "rollback_plan", "bounds", "services", "teams", "state")
    when = ("proposed_by", "proposed_at", "activated_at", "retired_at")
    verb = ASKED.get(TemplateState(template.state))
    return {
        **{name: getattr(template, name) for name in (*own, *when)},
        "conditions": standard.conditions(template.kind),
        "seats": [shown_seat(item) for item in actions.seats_of(template, verb=verb)] if verb else [],
    }
