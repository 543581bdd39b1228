"""The list of releases, and opening one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from changes.policy.approvals import ReleaseType
from changes.selectors.changes import states_of
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.guard import may
from cybercube_portal.web import SHOWN_AGAIN, Chip, PageRequest, page_of_rows, show, show_again
from cybercube_portal.web.badges import badge_of
from releases.actions.release_content import open_release
from releases.permissions import OPEN_RELEASE
from releases.policy.releases import shown_state
from releases.release_forms import OpenReleaseForm
from releases.selectors.releases import releases_in

LIST, NEW = "releases/releases.html", "releases/release_new.html"
ORDER = ("-created_at", "-id")
LONGEST_SEARCH = 128
STATES: dict[str, str | Promise] = {
    "open": gettext_lazy("Open"),
    "production": gettext_lazy("In production"),
    "ended": gettext_lazy("Rolled back or cancelled"),
    "all": gettext_lazy("All"),
}
Filters = Mapping[str, str]


@require_safe
def releases(request: PageRequest) -> HttpResponse:
    """Releases, the newest first. Somebody who searches looks everywhere, everybody else at what is open."""
    filters = _filters(request.GET)
    page = page_of_rows(
        request,
        releases_in(filters["state"], type=filters["type"], service=filters["service"], q=filters["q"]),
        order=ORDER,
    )
    states = states_of(row.change for row in page.rows)
    context = {
        "page": page,
        "listed": [(row, shown_state(row.state, change=states.get(row.change, ""))) for row in page.rows],
        "filters": filters,
        "kept": {name: value for name, value in filters.items() if value and name != "q"},
        "states": list(_choices(filters, "state", STATES.items(), always=True)),
        "types": list(
            _choices(filters, "type", [(kind.value, badge_of("release_type", kind).word) for kind in ReleaseType])
        ),
        "may_open": may(request.actor, OPEN_RELEASE, now=request.now).allowed,
    }
    return show(request, LIST, context)


@require_http_methods(["GET", "HEAD", "POST"])
def release_new(request: PageRequest) -> HttpResponse:
    """Open a release; its draft change is opened with it."""
    mine = request.actor.team
    services = [(slug, f"{slug} · {team}") for slug, team in catalog.slugs_with_teams()]
    services.sort(key=lambda row: (not row[1].endswith(f"· {mine}"), row))
    first = {"service": request.GET.get("service", ""), "version": request.GET.get("version", "")}
    form = OpenReleaseForm(request.POST or None, initial=first, services=services)
    context = {"crumbs": [(_("Releases"), reverse("releases"))], "artifacts": catalog.newest_releases()}
    if not form.is_valid():
        return show(request, NEW, context, form=form)
    try:
        release = open_release(plan=form.plan(), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, context, form=form, error=error)
    said = {"release": release.reference, "change": release.change}
    messages.success(request, _("%(release)s is open, and %(change)s with it: complete the change.") % said)
    return redirect("release", release.reference)


def _filters(sent: QueryDict) -> Filters:
    """What was asked for; a word nobody knows narrows nothing."""
    q = sent.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    state = sent.get("state", "")
    return {
        "state": state if state in STATES else "all" if q else "open",
        "type": sent.get("type", "") if sent.get("type") in set(ReleaseType) else "",
        "service": sent.get("service", "").replace("\x00", "")[:64],
        "q": q,
    }


def _choices(
    filters: Filters, name: str, values: Iterable[tuple[str, str | Promise]], *, always: bool = False
) -> Iterator[Chip]:
    for value, label in values:
        active = filters[name] == value
        wanted = {**filters, name: "" if active and not always else value}
        query = QueryDict(mutable=True)
        query.update({key: found for key, found in wanted.items() if found})
        yield Chip(label=str(label), url=f"?{query.urlencode()}", active=active)
