"""Tables of releases, to read."""

from __future__ import annotations

from django.contrib import admin

from cybercube_portal.readonly_admin import ReadOnlyAdmin
from releases.models import (
    ComplianceDay,
    Deployment,
    Incident,
    Migration,
    Observation,
    Release,
    Rollback,
    Verification,
)


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """Releases."""

    list_display = ("reference", "service", "version", "type", "state", "change", "created_at")
    list_select_related = ("service",)
    search_fields = ("reference", "version", "service__slug", "change")


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    """Deployments, rollbacks among them."""

    list_display = ("reference", "service", "version", "environment", "action", "state", "change", "created_at")
    list_select_related = ("service",)
    search_fields = ("reference", "version", "service__slug", "change")


@admin.register(Rollback)
class RollbackAdmin(ReadOnlyAdmin):
    """Why something was taken back."""

    list_display = ("by", "method", "trigger", "driver", "is_automatic", "noticed_at")
    list_select_related = ("by",)
    search_fields = ("by__reference", "reason")


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    """Runs of the checks."""

    list_display = ("deployment", "number", "state", "queued_at", "ended_at")
    list_select_related = ("deployment",)
    search_fields = ("deployment__reference",)


@admin.register(ComplianceDay)
class ComplianceDayAdmin(ReadOnlyAdmin):
    """How far each service was, day by day."""

    list_display = ("service", "day", "complete", "partial", "pending")
    list_select_related = ("service",)
    search_fields = ("service__slug",)


@admin.register(Migration)
class MigrationAdmin(ReadOnlyAdmin):
    """Migrations."""

    list_display = ("reference", "service", "filename", "environment", "phase", "state", "created_at")
    list_select_related = ("service",)
    search_fields = ("reference", "filename", "service__slug")


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Incidents."""

    list_display = ("reference", "service", "environment", "title", "severity", "state", "detected_at", "resolved_at")
    list_select_related = ("service",)
    search_fields = ("reference", "title", "service__slug")


@admin.register(Observation)
class ObservationAdmin(ReadOnlyAdmin):
    """What runs where."""

    list_display = ("service", "environment", "version", "status", "since", "seen_at", "error")
    list_select_related = ("service",)
    search_fields = ("service__slug", "version")
