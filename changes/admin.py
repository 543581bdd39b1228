"""Tables of changes, to read."""

from __future__ import annotations

from django.contrib import admin

from changes.models import (
    CalendarFeed,
    ChangeCounter,
    ChangeRequest,
    Comment,
    ContentVersion,
    DeploymentWindow,
    Freeze,
    FreezeException,
    FreezeNotice,
    Signature,
    Template,
    TemplateSignature,
)
from cybercube_portal.readonly_admin import ReadOnlyAdmin


@admin.register(ChangeRequest)
class ChangeRequestAdmin(ReadOnlyAdmin):
    """Change requests."""

    list_display = ("number", "title", "type", "state", "risk_level", "requester", "scheduled_time")
    list_select_related = ("requester",)
    search_fields = ("number", "title", "requester__username")


@admin.register(Signature)
class SignatureAdmin(ReadOnlyAdmin):
    """Every signature ever given."""

    list_display = ("change", "signer", "state", "seat", "via", "signed_at", "ended_at")
    list_select_related = ("change", "signer")
    search_fields = ("change__number", "signer__username")


@admin.register(ContentVersion)
class ContentVersionAdmin(ReadOnlyAdmin):
    """What was there to sign."""

    list_display = ("change", "content_hash", "at", "by")
    list_select_related = ("change", "by")
    search_fields = ("change__number", "content_hash")


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """Comments."""

    list_display = ("change", "author", "at")
    list_select_related = ("change", "author")
    search_fields = ("change__number", "author__username")


@admin.register(Freeze)
class FreezeAdmin(ReadOnlyAdmin):
    """Freezes."""

    list_display = ("reference", "title", "kind", "state", "starts_at", "ends_at", "timezone", "rule")
    search_fields = ("reference", "title")


@admin.register(FreezeException)
class FreezeExceptionAdmin(ReadOnlyAdmin):
    """Who was let pass a freeze."""

    list_display = ("freeze", "change", "granted_by", "at")
    list_select_related = ("freeze", "change", "granted_by")
    search_fields = ("freeze__reference", "change__number")


@admin.register(FreezeNotice)
class FreezeNoticeAdmin(ReadOnlyAdmin):
    """What people were told of freezes."""

    list_display = ("freeze", "starts_at", "ahead", "at")
    list_select_related = ("freeze",)
    search_fields = ("freeze__reference",)


@admin.register(DeploymentWindow)
class DeploymentWindowAdmin(ReadOnlyAdmin):
    """Deployment windows."""

    list_display = ("reference", "title", "starts_at", "ends_at", "timezone", "rule", "removed_at")
    search_fields = ("reference", "title")


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin):
    """Standard changes."""

    list_display = ("slug", "kind", "state", "proposed_by", "activated_at", "retired_at")
    list_select_related = ("proposed_by",)
    search_fields = ("slug", "title")


@admin.register(TemplateSignature)
class TemplateSignatureAdmin(ReadOnlyAdmin):
    """CAB's seats on templates."""

    list_display = ("template", "signer", "verb", "signed_at")
    list_select_related = ("template", "signer")
    search_fields = ("template__slug", "signer__username")


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Calendar feeds, without their secrets."""

    exclude = ("digest",)
    list_display = ("user", "team", "created_at", "read_at", "revoked_at")
    list_select_related = ("user", "team")
    search_fields = ("user__username", "team__slug")


@admin.register(ChangeCounter)
class ChangeCounterAdmin(ReadOnlyAdmin):
    """The last number of each day."""

    list_display = ("day", "last")
