"""Change freezes (§6.5) over REST."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions import freezes as actions
from changes.actions.periods import tag_of
from changes.api import bodies
from changes.api.fields import WordField
from changes.api.periods import PeriodSerializer, fields_from, shown_period
from changes.api.serializers import PersonSerializer
from changes.api.verbs import Things, Verb, verb_routes
from changes.models import Freeze
from changes.policy.freezes import FreezeKind
from changes.selectors.freezes import exceptions_to, freezes_listed, get_freeze, lock_freeze, phase_of
from changes.states import FreezeState
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

KINDS = [kind.value for kind in FreezeKind]
PHASES = ["draft", "upcoming", "active", "past", "lifted", "cancelled"]


class FreezeSerializer(PeriodSerializer):
    """A freeze. `hard`: what runs stops at its next step; `predicate`: what a custom freeze forbids, all parts given must match.

    Predicate: {"types": […], "risks": […] or {"at_least": "high"}, "has_migration": true, "actions": […]}.
    """

    kind = serializers.ChoiceField(KINDS)
    predicate = serializers.DictField(required=False)
    hard = serializers.BooleanField(required=False)
    reason = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    state = serializers.ChoiceField([state.value for state in FreezeState], read_only=True)
    phase = serializers.ChoiceField(PHASES, read_only=True)
    published_at = MomentField(read_only=True, allow_null=True)
    lifted_at = MomentField(read_only=True, allow_null=True)
    lift_reason = WordField(read_only=True)


class ExceptionSerializer(StrictSerializer):
    """One change that may pass the freeze, with why; shown for ever."""

    change = serializers.CharField(max_length=24)
    reason = serializers.CharField(max_length=300)
    granted_by = PersonSerializer(read_only=True)
    at = MomentField(read_only=True)


class EndBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=300)


class FreezeFilters(StrictSerializer):
    """`current`: not over yet; left out: all."""

    when = serializers.ChoiceField(["current", "past"], required=False)


class FreezesView(generics.GenericAPIView[Any]):
    """All freezes."""

    serializer_class = FreezeSerializer
    ordering: tuple[str, ...] = ("starts_at", "id")

    @extend_schema(operation_id="freezes_list", parameters=[FreezeFilters], responses=FreezeSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Freezes by their start; those that are over, the last first."""
        when, now = read_parameters(request.query_params, FreezeFilters).get("when", ""), clock.now()
        if when == "past":
            self.ordering = ("-starts_at", "-id")
        page = self.paginate_queryset(freezes_listed(now=now, when=when)) or []
        shown = [_shown(row, now) for row in page]
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)

    @extend_schema(operation_id="freezes_create", request=FreezeSerializer, responses={201: FreezeSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Write a draft; it counts once it is published."""
        plan = actions.FreezePlan(**fields_from(read_members(request, FreezeSerializer)))
        freeze = actions.create_freeze(plan=plan, actor=actor_of(request), now=clock.now())
        return freeze_answer(freeze.reference, request, status=status.HTTP_201_CREATED)


class FreezeView(generics.GenericAPIView[Any]):
    """One freeze."""

    serializer_class = FreezeSerializer

    @extend_schema(operation_id="freezes_read")
    def get(self, request: Request, reference: str) -> Response:
        """The freeze."""
        refuse_unknown_parameters(request.query_params, [])
        return freeze_answer(reference, request)

    @extend_schema(operation_id="freezes_edit", request=FreezeSerializer, responses={200: FreezeSerializer})
    def patch(self, request: Request, reference: str) -> Response:
        """Edit a draft, with If-Match. A published freeze is lifted or cancelled, never rewritten."""
        sent = read_members(request, FreezeSerializer, partial=True)
        with transaction.atomic():
            require_if_match(request, tag_of(actions.plan_of(lock_freeze(reference))))
            actions.edit_freeze(
                reference=reference, changes=fields_from(sent), actor=actor_of(request), now=clock.now()
            )
        return freeze_answer(reference, request)


class ExceptionsView(generics.GenericAPIView[Any]):
    """Who may pass a freeze."""

    serializer_class = ExceptionSerializer
    ordering = ("at", "id")

    @extend_schema(operation_id="freezes_exceptions_list", responses=ExceptionSerializer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """Exceptions, the first granted first."""
        refuse_unknown_parameters(request.query_params, [])
        rows = self.paginate_queryset(exceptions_to(reference)) or []
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        operation_id="freezes_exceptions_grant", request=ExceptionSerializer, responses={201: ExceptionSerializer}
    )
    @idempotent
    def post(self, request: Request, reference: str) -> HttpResponse:
        """Let one change pass. Never by its requester or an editor."""
        sent = read_members(request, ExceptionSerializer)
        granted = actions.grant_exception(reference=reference, actor=actor_of(request), now=clock.now(), **sent)
        return Response(self.get_serializer(granted).data, status=status.HTTP_201_CREATED)


def freeze_answer(reference: str, _request: Request, *, status: int = 200) -> Response:
    """The freeze as it is now, with its ETag."""
    freeze = get_freeze(reference)
    shown = FreezeSerializer(_shown(freeze, clock.now())).data
    return Response(shown, status=status, headers={"ETag": etag_of(tag_of(actions.plan_of(freeze)))})


VERBS: tuple[Verb, ...] = (
    Verb("publish", bodies.NothingBody, actions.publish_freeze, "From now on it counts."),
    Verb("lift", EndBody, actions.lift_freeze, "End it early for everybody, with why."),
    Verb("cancel", EndBody, actions.cancel_freeze, "It will not happen."),
)


def freeze_verb_routes() -> list[URLPattern]:
    """A route for each verb."""
    things = Things(prefix="freezes", key="reference", shape=FreezeSerializer, answer=freeze_answer)
    return verb_routes(things, VERBS)


def _shown(freeze: Freeze, now: datetime) -> dict[str, Any]:
    own = ("reference", "kind", "predicate", "hard", "reason", "state", "published_at", "lifted_at", "lift_reason")
    return {
        **shown_period(freeze, now=now),
        **{name: getattr(freeze, name) for name in own},
        "phase": phase_of(freeze, now=now),
    }
