"""People over REST. Each view reads the clock once and makes one call into the app."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import idempotent, idempotent_hiding, read_members, read_parameters, refuse_unknown_parameters
from cybercube_portal.people import actions, permissions, selectors
from cybercube_portal.people.actors import GrantFact
from cybercube_portal.people.api import serializers
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.guard import may
from cybercube_portal.people.models import User
from cybercube_portal.people.roles import Role


class MeView(generics.GenericAPIView[User]):
    """Who the credential stands for."""

    serializer_class = serializers.MeSerializer

    @extend_schema(operation_id="me_read")
    def get(self, request: Request) -> Response:
        """The caller, with the roles in force now and what the key is good for."""
        actor, now = actor_of(request), clock.now()
        user = selectors.user_named(actor.username)
        key = actor.key
        shown = {
            **_shown(user, actor.grants, now),
            "email": user.email,
            "scopes": sorted(key.scopes) if key else None,
            "services": sorted(key.services) if key else None,
        }
        return Response(self.get_serializer(shown).data)


class UsersView(generics.GenericAPIView[User]):
    """Everybody who can sign in or call."""

    serializer_class = serializers.UserSerializer
    ordering = ("username",)

    @extend_schema(
        operation_id="users_list",
        parameters=[serializers.UserParameters],
        responses=serializers.UserSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Active users with the roles in force now."""
        wanted = read_parameters(request.query_params, serializers.UserParameters)
        users = self.paginate_queryset(selectors.users_listed(**wanted)) or []
        facts, now = selectors.grant_facts(user.pk for user in users), clock.now()
        shown = [_shown(user, facts[user.pk], now) for user in users]
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)


class TeamsView(generics.GenericAPIView[Any]):
    """Teams own services."""

    serializer_class = serializers.TeamSerializer
    ordering = ("slug",)

    @extend_schema(operation_id="teams_list", responses=serializers.TeamSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All teams."""
        refuse_unknown_parameters(request.query_params, [])
        teams = self.paginate_queryset(selectors.teams_listed())
        return self.get_paginated_response(self.get_serializer(teams, many=True).data)


class GrantsView(generics.GenericAPIView[Any]):
    """Who holds which role; every grant that ever was."""

    serializer_class = serializers.GrantSerializer

    @extend_schema(
        operation_id="grants_list",
        parameters=[serializers.GrantParameters],
        responses=serializers.GrantSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Grants, the newest first."""
        grants = selectors.grants_listed(**read_parameters(request.query_params, serializers.GrantParameters))
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(grants), many=True).data)

    @extend_schema(
        operation_id="grants_create",
        request=serializers.NewGrantSerializer,
        responses={201: serializers.GrantSerializer},
    )
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Give a role. Only an admin's browser session may: no key opens this."""
        sent = read_members(request, serializers.NewGrantSerializer)
        grant = actions.grant_role(
            username=sent["username"],
            role=Role(sent["role"]),
            team=sent["team"],
            actor=actor_of(request),
            now=clock.now(),
            starts_at=sent["starts_at"],
            ends_at=sent["ends_at"],
            reason=sent["reason"],
        )
        return Response(self.get_serializer(grant).data, status=status.HTTP_201_CREATED)


class RevokeGrantView(generics.GenericAPIView[Any]):
    """End a grant early."""

    serializer_class = serializers.GrantSerializer

    @extend_schema(
        operation_id="grants_revoke",
        request=serializers.RevokeGrantSerializer,
        responses={200: serializers.GrantSerializer},
    )
    def post(self, request: Request, grant_id: int) -> Response:
        """Revoke: signatures given under it stop counting. Only an admin's browser session may."""
        sent = read_members(request, serializers.RevokeGrantSerializer)
        grant = actions.revoke_grant(grant_id=grant_id, actor=actor_of(request), now=clock.now(), reason=sent["reason"])
        return Response(self.get_serializer(grant).data)


class KeysView(generics.GenericAPIView[Any]):
    """API keys, never their secrets."""

    serializer_class = serializers.KeySerializer

    @extend_schema(
        operation_id="keys_list", parameters=[serializers.KeyParameters], responses=serializers.KeySerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Your own keys; everybody's in an admin's browser session."""
        wanted = read_parameters(request.query_params, serializers.KeyParameters)
        actor = actor_of(request)
        sees_all = may(actor, permissions.ISSUE_KEY, now=clock.now()).allowed
        keys = selectors.keys_listed(owner=None if sees_all else actor.username, **wanted)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(keys), many=True).data)

    @extend_schema(
        operation_id="keys_create",
        request=serializers.NewKeySerializer,
        responses={201: serializers.IssuedKeySerializer},
    )
    @idempotent_hiding("text")
    def post(self, request: Request) -> HttpResponse:
        """Issue a key for yourself, or as an admin for anybody. Only a browser session may."""
        sent = read_members(request, serializers.NewKeySerializer)
        actor = actor_of(request)
        key, text = actions.issue_key(
            username=sent.pop("username") or actor.username, actor=actor, now=clock.now(), **sent
        )
        shown = {**self.get_serializer(key).data, "text": text}
        return Response(shown, status=status.HTTP_201_CREATED)


class RevokeKeyView(generics.GenericAPIView[Any]):
    """Stop a key at once."""

    serializer_class = serializers.KeySerializer

    @extend_schema(
        operation_id="keys_revoke", request=serializers.RevokeKeySerializer, responses={200: serializers.KeySerializer}
    )
    def post(self, request: Request, prefix: str) -> Response:
        """Revoke your own key, or as an admin anybody's. Only a browser session may."""
        read_members(request, serializers.RevokeKeySerializer)
        key = actions.revoke_key(prefix=prefix, actor=actor_of(request), now=clock.now())
        return Response(self.get_serializer(key).data)


def _shown(user: User, grants: Iterable[GrantFact], now: datetime) -> dict[str, Any]:
    held = (grant for grant in grants if grant.holds(at=now))
    return {
        "username": user.username,
        "name": user.get_full_name(),
        "kind": user.kind,
        "team": user.team.slug if user.team else None,
        "timezone": user.timezone,
        "roles": [{"role": grant.role.value, "team": grant.team, "ends_at": grant.ends_at} for grant in held],
    }
