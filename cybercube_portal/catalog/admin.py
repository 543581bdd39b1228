"""Tables of the catalogue, to read. How a rollback is configured may name secrets and is not shown."""

from __future__ import annotations

from django.contrib import admin

from cybercube_portal.catalog.models import Artifact, Environment, Evidence, ProtectionReport, Service, TrustedIdentity
from cybercube_portal.readonly_admin import ReadOnlyAdmin


@admin.register(Environment)
class EnvironmentAdmin(ReadOnlyAdmin):
    """§1.2."""

    list_display = ("code", "name", "purpose", "access", "deployment", "url_pattern")


@admin.register(Service)
class ServiceAdmin(ReadOnlyAdmin):
    """Services."""

    exclude = ("rollback_config",)
    list_display = ("slug", "name", "team", "tier", "rollback_driver", "minimum_coverage")
    list_select_related = ("team",)
    search_fields = ("slug", "name", "team__slug")


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin):
    """Artifacts."""

    list_display = ("service", "version", "digest", "git_ref", "registered_at", "registered_by")
    list_select_related = ("service", "registered_by")
    search_fields = ("service__slug", "version", "digest", "git_sha")


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    """Every report that ever came."""

    list_display = ("artifact", "stage", "status", "reported_at", "reported_by")
    list_select_related = ("artifact", "reported_by")
    search_fields = ("artifact__version", "artifact__service__slug", "stage")


@admin.register(ProtectionReport)
class ProtectionReportAdmin(ReadOnlyAdmin):
    """How branches were protected, each time a pipeline looked."""

    list_display = ("service", "platform", "is_protected", "has_code_owners", "reported_at", "reported_by")
    list_select_related = ("service", "reported_by")
    search_fields = ("service__slug",)


@admin.register(TrustedIdentity)
class TrustedIdentityAdmin(ReadOnlyAdmin):
    """Whom a CI platform's token stands for, and stood for."""

    list_display = ("name", "issuer", "account", "services", "scopes", "created_at", "revoked_at")
    list_select_related = ("account",)
    search_fields = ("name", "issuer", "account__username")
