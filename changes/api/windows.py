"""Deployment windows over REST."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions import windows as actions
from changes.actions.periods import Period, tag_of
from changes.api import bodies
from changes.api.periods import PeriodSerializer, fields_from, shown_period
from changes.api.verbs import Things, Verb, verb_routes
from changes.models import DeploymentWindow
from changes.selectors.freezes import get_window, lock_window, windows_standing
from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    etag_of,
    idempotent,
    read_members,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.authentication import actor_of


class WindowSerializer(PeriodSerializer):
    """Where a window matches a service, normal changes deploy only inside."""

    removed_at = MomentField(read_only=True, allow_null=True)


class WindowsView(generics.GenericAPIView[Any]):
    """All windows that stand."""

    serializer_class = WindowSerializer
    ordering = ("starts_at", "id")

    @extend_schema(operation_id="deployment_windows_list", responses=WindowSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Windows by their start."""
        refuse_unknown_parameters(request.query_params, [])
        now = clock.now()
        page = self.paginate_queryset(windows_standing().select_related("created_by")) or []
        return self.get_paginated_response(WindowSerializer([_shown(row, now) for row in page], many=True).data)

    @extend_schema(
        operation_id="deployment_windows_create", request=WindowSerializer, responses={201: WindowSerializer}
    )
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """From now on normal changes of its scope deploy only inside."""
        period = Period(**fields_from(read_members(request, WindowSerializer)))
        window = actions.create_window(period=period, actor=actor_of(request), now=clock.now())
        return window_answer(window.reference, request, status=status.HTTP_201_CREATED)


class WindowView(generics.GenericAPIView[Any]):
    """One window."""

    serializer_class = WindowSerializer

    @extend_schema(operation_id="deployment_windows_read")
    def get(self, request: Request, reference: str) -> Response:
        """The window."""
        refuse_unknown_parameters(request.query_params, [])
        return window_answer(reference, request)

    @extend_schema(operation_id="deployment_windows_edit", request=WindowSerializer, responses={200: WindowSerializer})
    def patch(self, request: Request, reference: str) -> Response:
        """Change when or where, with If-Match."""
        sent = read_members(request, WindowSerializer, partial=True)
        with transaction.atomic():
            require_if_match(request, tag_of(actions.period_of(lock_window(reference))))
            actions.edit_window(
                reference=reference, changes=fields_from(sent), actor=actor_of(request), now=clock.now()
            )
        return window_answer(reference, request)

    @extend_schema(operation_id="deployment_windows_delete", responses={204: None})
    def delete(self, request: Request, reference: str) -> Response:
        """It holds nobody back any more; the row stays. The same as `remove`."""
        actions.remove_window(reference=reference, actor=actor_of(request), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def window_answer(reference: str, _request: Request, *, status: int = 200) -> Response:
    """The window as it is now, with its ETag."""
    window = get_window(reference)
    shown = WindowSerializer(_shown(window, clock.now())).data
    return Response(shown, status=status, headers={"ETag": etag_of(tag_of(actions.period_of(window)))})


def window_verb_routes() -> list[URLPattern]:
    """`remove`, as DELETE."""
    things = Things(prefix="deployment-windows", key="reference", shape=WindowSerializer, answer=window_answer)
    return verb_routes(things, (Verb("remove", bodies.NothingBody, actions.remove_window, "It holds nobody back."),))


def _shown(window: DeploymentWindow, now: datetime) -> dict[str, Any]:
    return {**shown_period(window, now=now), "reference": window.reference, "removed_at": window.removed_at}
