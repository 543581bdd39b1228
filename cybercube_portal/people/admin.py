"""Tables of people, to read. Neither password hashes nor key digests are shown."""

from __future__ import annotations

from django.contrib import admin

from cybercube_portal.people.models import ApiKey, Grant, Team, User
from cybercube_portal.readonly_admin import ReadOnlyAdmin


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    """Teams."""

    list_display = ("slug", "name")
    search_fields = ("slug", "name")


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """People and service accounts."""

    fields = ("username", "name", "email", "kind", "team", "timezone", "is_active", "date_joined", "last_login")
    list_display = ("username", "name", "kind", "team", "is_active")
    list_select_related = ("team",)
    search_fields = ("username", "name", "email")


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    """Every grant that ever was."""

    list_display = ("user", "role", "team", "starts_at", "ends_at", "revoked_at", "granted_by")
    list_select_related = ("user", "team", "granted_by")
    search_fields = ("user__username", "role")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """API keys without their digests."""

    exclude = ("digest",)
    list_display = ("prefix", "user", "name", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "user__username", "name")
