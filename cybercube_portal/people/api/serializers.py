"""Shapes of people, grants and keys in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.people.actors import Kind
from cybercube_portal.people.roles import Role
from cybercube_portal.people.scopes import Scope

ROLES = [(role.value, role.label) for role in Role]
SCOPES = [scope.value for scope in Scope]


class HeldRoleSerializer(serializers.Serializer[Any]):
    """A role in force now; `team` null: everywhere; `ends_at` null: until revoked."""

    role = serializers.ChoiceField(ROLES)
    team = serializers.CharField(allow_null=True)
    ends_at = MomentField(allow_null=True)


class UserSerializer(serializers.Serializer[Any]):
    """A person or a service account."""

    username = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField([kind.value for kind in Kind])
    team = serializers.CharField(allow_null=True)
    timezone = serializers.CharField()
    roles = HeldRoleSerializer(many=True)


class UserParameters(serializers.Serializer[Any]):
    """What narrows the list of users."""

    team = serializers.CharField(required=False, help_text="Only of this team (slug).")


class GrantParameters(UserParameters):
    """What narrows the list of grants."""

    username = serializers.CharField(required=False, help_text="Only of this user.")
    role = serializers.ChoiceField(ROLES, required=False, help_text="Only this role.")


class KeyParameters(serializers.Serializer[Any]):
    """What narrows the list of keys."""

    username = serializers.CharField(required=False, help_text="Only of this user.")


class MeSerializer(UserSerializer):
    """The caller. `scopes` and `services` null: a browser session, not narrowed; `services` empty: all of the user's."""

    email = serializers.CharField(allow_blank=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), allow_null=True)
    services = serializers.ListField(child=serializers.CharField(), allow_null=True)


class TeamSerializer(serializers.Serializer[Any]):
    """A team."""

    slug = serializers.CharField()
    name = serializers.CharField()


class GrantSerializer(serializers.Serializer[Any]):
    """A role given to a person."""

    id = serializers.IntegerField()
    username = serializers.CharField(source="user.username")
    role = serializers.ChoiceField(ROLES)
    team = serializers.CharField(source="team.slug", default=None, allow_null=True)
    starts_at = MomentField()
    ends_at = MomentField(allow_null=True)
    revoked_at = MomentField(allow_null=True)
    granted_by = serializers.CharField(source="granted_by.username", default=None, allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class NewGrantSerializer(StrictSerializer):
    """`team` null or left out: everywhere. `starts_at` left out: now. `ends_at` left out: until revoked."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(ROLES)
    team = serializers.CharField(max_length=64, allow_null=True, default=None)
    starts_at = MomentField(allow_null=True, default=None)
    ends_at = MomentField(allow_null=True, default=None)
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class RevokeGrantSerializer(StrictSerializer):
    """Why a grant ends early."""

    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class KeySerializer(serializers.Serializer[Any]):
    """A key without its secret."""

    prefix = serializers.CharField()
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(allow_blank=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    services = serializers.ListField(child=serializers.CharField())
    environment = serializers.CharField(allow_blank=True)
    client = serializers.BooleanField()
    created_at = MomentField()
    expires_at = MomentField(allow_null=True)
    last_used_at = MomentField(allow_null=True)
    revoked_at = MomentField(allow_null=True)


class IssuedKeySerializer(KeySerializer):
    """A new key. `text` is the key itself, shown this once; null when the answer is replayed."""

    text = serializers.CharField(allow_null=True)


class NewKeySerializer(StrictSerializer):
    """`username` left out: for yourself. `scopes` left out: all that the user may do except `approvals`."""

    username = serializers.CharField(max_length=150, allow_null=True, default=None)
    name = serializers.CharField(max_length=80, allow_blank=True, default="")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), default=list)
    services = serializers.ListField(child=serializers.SlugField(max_length=64), max_length=200, default=list)
    environment = serializers.ChoiceField(["dev", "stg", "prd"], allow_blank=True, default="")
    client = serializers.BooleanField(default=False)
    expires_at = MomentField(allow_null=True, default=None)


class RevokeKeySerializer(StrictSerializer):
    """Takes nothing."""
