"""The list of migrations."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_safe

from cybercube_portal.catalog.states import MigrationPhase
from cybercube_portal.people.guard import may
from cybercube_portal.people.views.lists import show_list
from cybercube_portal.web import ChipGroup, Column, Listing, PageRequest
from releases.models import Migration
from releases.permissions import PLAN_MIGRATION
from releases.selectors.migrations import migrations as all_migrations
from releases.selectors.words.migrations import LANGUAGE
from releases.views.chips import ENVIRONMENTS, MY_TEAM

LISTING: Listing[Migration] = Listing(
    name="migrations",
    api="api-migrations",
    language=LANGUAGE,
    rows=all_migrations,
    chips=(
        ChipGroup(
            label=gettext_lazy("State"),
            word="is",
            values={
                "open": gettext_lazy("Open"),
                "under_way": gettext_lazy("Under way"),
                "verified": gettext_lazy("Verified"),
                "ended": gettext_lazy("Aborted or rolled back"),
            },
            one=True,
            every=gettext_lazy("All"),
        ),
        ENVIRONMENTS,
        ChipGroup(
            label=gettext_lazy("Phase"),
            word="phase",
            values={
                MigrationPhase.EXPAND: gettext_lazy("Expand"),
                MigrationPhase.BACKFILL: gettext_lazy("Backfill"),
                MigrationPhase.CONTRACT: gettext_lazy("Contract"),
            },
        ),
        ChipGroup(label=gettext_lazy("Lint"), word="lint", values={"error": gettext_lazy("Lint fails")}),
        MY_TEAM,
    ),
    columns=(
        Column(gettext_lazy("Reference"), lambda row: row.reference),
        Column(gettext_lazy("File"), lambda row: row.filename),
        Column(gettext_lazy("Service"), lambda row: row.service.slug),
        Column(gettext_lazy("Version"), lambda row: row.version),
        Column(gettext_lazy("Environment"), lambda row: row.environment),
        Column(gettext_lazy("State"), lambda row: row.state),
        Column(gettext_lazy("Phase"), lambda row: row.phase),
        Column(gettext_lazy("Kind"), lambda row: row.kind),
        Column(gettext_lazy("Locks"), lambda row: row.lock_impact),
        Column(gettext_lazy("Change"), lambda row: row.change),
        Column(gettext_lazy("Release"), lambda row: row.release),
        Column(gettext_lazy("Planned by"), lambda row: row.created_by.username),
        Column(gettext_lazy("Planned"), lambda row: row.created_at),
        Column(gettext_lazy("Ran through"), lambda row: row.applied_at),
        Column(gettext_lazy("Ran (seconds)"), lambda row: row.ran_seconds),
        Column(gettext_lazy("Verified"), lambda row: row.verified_at),
    ),
    counted=ngettext_lazy("%(count)s migration", "%(count)s migrations", "number"),
)


@require_safe
def migrations(request: PageRequest) -> HttpResponseBase:
    """Migrations, the newest first."""
    more = {
        "crumbs": [(_("Releases"), reverse("releases"))],
        "may_plan": may(request.actor, PLAN_MIGRATION, now=request.now).allowed,
    }
    return show_list(request, LISTING, "releases/migrations.html", lambda _shown: more)
