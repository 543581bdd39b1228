"""What is known of flags from outside: keys nobody defined; and who a flag is, edited."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people import selectors as people
from cybercube_portal.people.views.editing import Editing
from cybercube_portal.web import PageRequest, page_of_rows, show
from flags.actions.flags import edit_flag
from flags.forms.flags import EditFlagForm
from flags.selectors.flags import get_flag
from flags.selectors.usage import nearest_keys, unknown_listed
from flags.views.flags import above

UNKNOWN, EDIT = "flags/unknown.html", "flags/edit.html"


@require_safe
def unknown_flags(request: PageRequest) -> HttpResponse:
    """Keys that programs ask for and nobody defined, with the one they may have meant (§7.4)."""
    page = page_of_rows(request, unknown_listed(), order=("-last_seen_at", "-id"))
    near = nearest_keys(row.key for row in page.rows)
    rows = [{"asked": row, "near": near.get(row.key, "")} for row in page.rows]
    return show(request, UNKNOWN, {"crumbs": above(), "rows": rows, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def flag_edit(request: PageRequest, key: str) -> HttpResponse:
    """Name, owner, expiry, tags, further variants."""
    flag = get_flag(key)
    services, teams = catalog.slugs(), people.team_slugs()
    form = EditFlagForm(request.POST or None, flag=flag, services=services, teams=teams)
    editing = Editing(request, form, version=flag.version)

    def save() -> None:
        edit_flag(
            key=key,
            version=editing.number,
            changes=form.changes(),
            reason=form.cleaned_data["reason"],
            actor=request.actor,
            now=request.now,
        )

    context = {"crumbs": above(flag), "flag": flag}
    return editing.answer(EDIT, context, save=save, then=reverse("flag", args=[key]))
