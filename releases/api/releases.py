"""Releases over REST: the list, one release, its moves, its checklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.bodies import NothingBody
from changes.api.serializers import RELEASES
from changes.api.verbs import Things, Verb, verb_routes
from cybercube_portal import clock
from cybercube_portal.api import (
    StrictSerializer,
    etag_of,
    idempotent,
    read_members,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.queries import QueriedView, query_field
from releases.actions import releases as actions
from releases.actions.checklist import tick_item
from releases.actions.release_content import ReleasePlan, edit_release, open_release
from releases.api.release_shapes import (
    CancelReleaseBody,
    ChecklistSerializer,
    ListedReleaseSerializer,
    ReleaseBody,
    ReleaseEdits,
    ReleaseSerializer,
    TickBody,
)
from releases.api.release_showing import listed_releases, shown_release
from releases.policy.releases import SHOWN_STATES
from releases.selectors.release_situation import ReleaseSituation
from releases.selectors.releases import get_release, releases_filtered
from releases.selectors.words.releases import LANGUAGE

LISTS = ("artifacts", "changes", "migrations")

VERBS: tuple[Verb, ...] = (
    Verb("submit", NothingBody, actions.submit_release, "Hand it to its approvers; its change is submitted with it."),
    Verb("stage", NothingBody, actions.stage_release, "On its way to staging; deployments say it by themselves too."),
    Verb("deploy", NothingBody, actions.deploy_release, "On its way to production, with nothing of §5.3 left open."),
    Verb("publish", NothingBody, actions.publish_release, "Released: watched for 30 minutes, its notes published."),
    Verb("cancel", CancelReleaseBody, actions.cancel_release, "It will not happen, and neither will its change."),
)


class ReleaseFilters(StrictSerializer):
    """Which releases; every one given must fit."""

    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    team = serializers.CharField(max_length=64, required=False, help_text="Slug of the service's team.")
    version = serializers.CharField(max_length=128, required=False)
    type = serializers.ChoiceField(RELEASES, required=False)
    state = serializers.ChoiceField(SHOWN_STATES, required=False)
    change = serializers.CharField(max_length=24, required=False, help_text="The number that authorises it.")
    query = query_field(LANGUAGE)


class ReleasesView(QueriedView):
    """All releases."""

    serializer_class = ReleaseSerializer
    language = LANGUAGE

    @extend_schema(
        operation_id="releases_list", parameters=[ReleaseFilters], responses=ListedReleaseSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Releases, the newest first unless `query` asks for another order."""
        page = self.page_of(request, ReleaseFilters, releases_filtered)
        return self.get_paginated_response(ListedReleaseSerializer(listed_releases(page), many=True).data)

    @extend_schema(operation_id="releases_open", request=ReleaseBody, responses={201: ReleaseSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Open a release, and with it the draft change through which it is approved (R16)."""
        sent = read_members(request, ReleaseBody)
        fields: dict[str, Any] = _tupled(sent) | {"type": sent.get("type") or ""}
        release = open_release(plan=ReleasePlan(**fields), actor=actor_of(request), now=clock.now())
        return release_answer(release.reference, request, status=status.HTTP_201_CREATED)


class ReleaseView(generics.GenericAPIView[Any]):
    """One release."""

    serializer_class = ReleaseSerializer

    @extend_schema(operation_id="releases_read")
    def get(self, request: Request, reference: str) -> Response:
        """The release with its checklist, the moves open to you, and its history. ETag: its version."""
        refuse_unknown_parameters(request.query_params, [])
        return release_answer(reference, request)

    @extend_schema(operation_id="releases_edit", request=ReleaseEdits, responses={200: ReleaseSerializer})
    def patch(self, request: Request, reference: str) -> Response:
        """Change what is sent, with If-Match; type and artifacts are edited in its change with it."""
        sent = read_members(request, ReleaseEdits, partial=True)
        edits = _tupled(sent)
        with transaction.atomic():
            release = get_release(reference)
            require_if_match(request, release.row_version)
            edit_release(
                reference=reference,
                version=release.row_version,
                edits=edits,
                actor=actor_of(request),
                now=clock.now(),
            )
        return release_answer(reference, request)


class ChecklistView(generics.GenericAPIView[Any]):
    """The checklist of §5.3."""

    serializer_class = ChecklistSerializer

    @extend_schema(operation_id="releases_checklist_read")
    def get(self, request: Request, reference: str) -> Response:
        """Every item; those that facts decide say why they stand as they do."""
        refuse_unknown_parameters(request.query_params, [])
        return checklist_answer(reference)

    @extend_schema(operation_id="releases_checklist_tick", request=TickBody, responses={200: ChecklistSerializer})
    @idempotent
    def post(self, request: Request, reference: str) -> HttpResponse:
        """Tick an item that no fact decides, or take the tick back."""
        sent = read_members(request, TickBody)
        tick_item(reference=reference, actor=actor_of(request), now=clock.now(), **sent)
        return checklist_answer(reference)


def checklist_answer(reference: str) -> Response:
    """The checklist as it stands now."""
    situation = ReleaseSituation(get_release(reference), now=clock.now())
    shown = {"release": reference, "items": situation.checklist, "open_items": situation.open_items}
    return Response(ChecklistSerializer(shown).data)


def _tupled(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if name in LISTS else value for name, value in sent.items()}


def release_answer(reference: str, request: Request, *, status: int = 200) -> Response:
    """The release as it is now, with its ETag."""
    release = get_release(reference)
    shown = shown_release(release, actor=actor_of(request), now=clock.now())
    return Response(ReleaseSerializer(shown).data, status=status, headers={"ETag": etag_of(release.row_version)})


def release_verb_routes() -> list[URLPattern]:
    """A route for each verb."""
    things = Things(prefix="releases", key="reference", shape=ReleaseSerializer, answer=release_answer)
    return verb_routes(things, VERBS)
