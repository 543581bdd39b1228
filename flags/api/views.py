"""Flags over REST: the list, one flag, archiving."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import (
    StrictSerializer,
    etag_of,
    idempotent,
    read_members,
    read_parameters,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.queries import QueriedView, query_field
from flags.actions.flags import FlagPlan, archive_flag, create_flag, edit_flag
from flags.api.serializers import TYPES, ArchiveBody, EditFlagSerializer, FlagSerializer, FullFlagSerializer
from flags.api.showing import shown_flags
from flags.selectors.flags import flags_listed, get_flag, lock_flag
from flags.selectors.words import LANGUAGE


class FlagFilters(StrictSerializer):
    """Which flags; every one given must fit."""

    type = serializers.ChoiceField(TYPES, required=False)
    team = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    tag = serializers.CharField(max_length=50, required=False)
    archived = serializers.ChoiceField(
        ["0", "1"], required=False, help_text="1: those out of use. Left out: those in use, or whatever `query` says."
    )
    q = serializers.CharField(max_length=200, required=False, help_text="Part of the key or the name.")
    query = query_field(LANGUAGE)


def flag_answer(key: str, *, code: int = 200) -> Response:
    """The flag as it is now, with its ETag."""
    flag = get_flag(key)
    (shown,) = shown_flags([flag], now=clock.now())
    return Response(FullFlagSerializer(shown).data, status=code, headers={"ETag": etag_of(flag.version)})


class FlagsView(QueriedView):
    """All flags."""

    serializer_class = FlagSerializer
    language = LANGUAGE

    @extend_schema(operation_id="flags_list", parameters=[FlagFilters], responses=FlagSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Flags by key unless `query` asks for another order, with where they stand and what each environment serves."""
        filters = read_parameters(request.query_params, FlagFilters)
        query = filters.pop("query", None)
        if "archived" in filters:
            filters["archived"] = filters["archived"] == "1"
        elif query is not None:
            filters["archived"] = None
        page = self.paginate_queryset(self.narrowed(flags_listed(**filters), query)) or []
        return self.get_paginated_response(FlagSerializer(shown_flags(page, now=clock.now()), many=True).data)

    @extend_schema(operation_id="flags_create", request=FlagSerializer, responses={201: FullFlagSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Define a flag, off everywhere."""
        sent = read_members(request, FlagSerializer)
        create_flag(plan=_plan(sent), actor=actor_of(request), now=clock.now())
        return flag_answer(sent["key"], code=status.HTTP_201_CREATED)


def _plan(sent: dict[str, Any]) -> FlagPlan:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in sent.items()}
    return FlagPlan(**given)


class FlagView(generics.GenericAPIView[Any]):
    """One flag."""

    serializer_class = FullFlagSerializer

    @extend_schema(operation_id="flags_read")
    def get(self, request: Request, key: str) -> Response:
        """The flag with its environments, its stage (§7.5) and the checklist of §7.6. ETag: its version."""
        refuse_unknown_parameters(request.query_params, [])
        return flag_answer(key)

    @extend_schema(operation_id="flags_edit", request=EditFlagSerializer, responses={200: FullFlagSerializer})
    def patch(self, request: Request, key: str) -> Response:
        """Change what is sent, with If-Match. What is served where is at `environments/`."""
        sent = read_members(request, EditFlagSerializer, partial=True)
        with transaction.atomic():
            flag = lock_flag(key)
            require_if_match(request, flag.version)
            reason = sent.pop("reason", "")
            edit_flag(
                key=key, version=flag.version, changes=sent, actor=actor_of(request), now=clock.now(), reason=reason
            )
        return flag_answer(key)


class ArchiveView(generics.GenericAPIView[Any]):
    """Out of use."""

    serializer_class = ArchiveBody

    @extend_schema(operation_id="flags_archive", request=ArchiveBody, responses={200: FullFlagSerializer})
    @idempotent
    def post(self, request: Request, key: str) -> HttpResponse:
        """Take it out of use for good; refused while it is used, unless a reason is given (§7.6)."""
        sent = read_members(request, ArchiveBody)
        archive_flag(key=key, actor=actor_of(request), now=clock.now(), **sent)
        return flag_answer(key)
