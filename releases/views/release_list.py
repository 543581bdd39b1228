"""The list of releases, and opening one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from changes.policy.approvals import ReleaseType
from changes.selectors.changes import states_of
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.guard import may
from cybercube_portal.people.views.lists import show_list
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, ChipGroup, Column, Listing, ListPage, PageRequest, show, show_again
from cybercube_portal.web.badges import words_of
from releases.actions.release_content import open_release
from releases.models import Release
from releases.permissions import OPEN_RELEASE
from releases.policy.releases import shown_state
from releases.release_forms import OpenReleaseForm
from releases.selectors.releases import releases as all_releases
from releases.selectors.words.releases import LANGUAGE
from releases.views.chips import MY_TEAM

LIST, NEW = "releases/releases.html", "releases/release_new.html"
LISTING: Listing[Release] = Listing(
    name="releases",
    api="api-releases",
    language=LANGUAGE,
    rows=all_releases,
    chips=(
        ChipGroup(
            label=gettext_lazy("State"),
            word="is",
            values={
                "open": gettext_lazy("Open"),
                "production": gettext_lazy("In production"),
                "ended": gettext_lazy("Rolled back or cancelled"),
            },
            one=True,
            every=gettext_lazy("All"),
        ),
        ChipGroup(label=gettext_lazy("Type"), word="type", values=words_of("release_type", ReleaseType)),
        MY_TEAM,
    ),
    columns=(
        Column(gettext_lazy("Reference"), lambda row: row.reference),
        Column(gettext_lazy("Service"), lambda row: row.service.slug),
        Column(gettext_lazy("Version"), lambda row: row.version),
        Column(gettext_lazy("Type"), lambda row: row.type),
        Column(gettext_lazy("State"), lambda row: row.state),
        Column(gettext_lazy("Change"), lambda row: row.change),
        Column(gettext_lazy("Opened"), lambda row: row.created_at),
        Column(gettext_lazy("In production"), lambda row: row.deployed_at),
        Column(gettext_lazy("Notes published"), lambda row: row.notes_published_at),
    ),
    counted=ngettext_lazy("%(count)s release", "%(count)s releases", "number"),
)


@require_safe
def releases(request: PageRequest) -> HttpResponseBase:
    """Releases, the newest first. Whoever asks nothing sees what is open."""

    def more(shown: ListPage[Release]) -> dict[str, Any]:
        states = states_of(row.change for row in shown.page.rows)
        return {
            "listed": [(row, shown_state(row.state, change=states.get(row.change, ""))) for row in shown.page.rows],
            "may_open": may(request.actor, OPEN_RELEASE, now=request.now).allowed,
        }

    return show_list(request, LISTING, LIST, more)


@require_http_methods(["GET", "HEAD", "POST"])
def release_new(request: PageRequest) -> HttpResponse:
    """Open a release; its draft change is opened with it."""
    mine = request.actor.team
    services = [(slug, f"{slug} · {team}") for slug, team in catalog.slugs_with_teams()]
    services.sort(key=lambda row: (not row[1].endswith(f"· {mine}"), row))
    first = {"service": request.GET.get("service", ""), "version": request.GET.get("version", "")}
    form = OpenReleaseForm(request.POST or None, initial=first, services=services)
    context = {"crumbs": [(_("Releases"), reverse("releases"))], "artifacts": catalog.newest_releases()}
    context |= recall(request, form)
    if not form.is_valid():
        return show(request, NEW, context, form=form)
    try:
        with sending(request):
            release = open_release(plan=form.plan(), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, context, form=form, error=error)
    said = {"release": release.reference, "change": release.change}
    messages.success(request, _("%(release)s is open, and %(change)s with it: complete the change.") % said)
    return redirect("release", release.reference)
