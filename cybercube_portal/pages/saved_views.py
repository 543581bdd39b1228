"""Views of lists that people saved: all of them, a new one, changing, deleting and opening a list with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cybercube_portal.pages.lists import PLACES, place_of
from cybercube_portal.people import actions
from cybercube_portal.people.forms import SavedViewForm
from cybercube_portal.people.selectors import get_saved_view, saved_views
from cybercube_portal.people.views.lists import asker_of
from cybercube_portal.query import Asker, Names, parse, read
from cybercube_portal.query.reading import names_in
from cybercube_portal.query.words import Known
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

LIST, ONE = "pages/saved_views.html", "pages/saved_view.html"


@require_safe
def views(request: PageRequest) -> HttpResponse:
    """One's own and those of the team, list by list, each with what in it no longer means anything."""
    asker, known = asker_of(request), Known()
    rows = [row for row in saved_views(request.actor) if row.listing in PLACES]
    wanted: dict[Names, set[str]] = {}
    for row in rows:
        for names, values in names_in(parse(row.query), PLACES[row.listing].listing.language, asker).items():
            wanted.setdefault(names, set()).update(values)
    known.gather(wanted)
    groups = []
    for name, place in PLACES.items():
        lines = [
            {
                "view": row,
                "url": place.address(row.query),
                "is_mine": row.owner_id == request.actor.id,
                "problems": _problems(row.query, name, asker, known),
            }
            for row in rows
            if row.listing == name
        ]
        groups.append((place, lines))
    context = {"groups": [group for group in groups if group[1]], "not_usual": {"usual": "no"}}
    return show(request, LIST, context)


def _problems(query: str, listing: str, asker: Asker, known: Known) -> list[str]:
    found = read(parse(query), PLACES[listing].listing.language, asker, known=known)
    return [problem.message for problem in found.problems]


@require_http_methods(["GET", "HEAD", "POST"])
def view_new(request: PageRequest) -> HttpResponse:
    """Keep a query under a name."""
    place = place_of(request.GET.get("list", ""))
    name = place.listing.name
    first = {"query": request.GET.get("query", "")[:500]}
    form = SavedViewForm(request.POST or None, initial=first, team=request.actor.team or "")
    context = {"place": place, "back": place.address(first["query"]), "crumbs": _crumbs()}

    def save() -> HttpResponse:
        view = actions.save_view(listing=name, actor=request.actor, now=request.now, **form.cleaned_data)
        messages.success(request, _("%(name)s is saved.") % {"name": view.name})
        return redirect(place.address(view.query))

    return _written(request, form, context, save)


@require_http_methods(["GET", "HEAD", "POST"])
def view_edit(request: PageRequest, view_id: int) -> HttpResponse:
    """Another name, query or company."""
    view = get_saved_view(view_id, request.actor)
    place = place_of(view.listing)
    now = {"name": view.name, "query": view.query, "is_shared": view.team is not None, "is_usual": view.is_usual}
    team = view.team.slug if view.team else request.actor.team
    form = SavedViewForm(request.POST or None, initial=now, team=team or "")
    context = {"place": place, "view": view, "back": reverse("saved-views"), "crumbs": _crumbs()}

    def change() -> HttpResponse:
        changed = actions.change_view(view_id=view_id, actor=request.actor, now=request.now, **form.cleaned_data)
        messages.success(request, _("%(name)s is changed.") % {"name": changed.name})
        return redirect("saved-views")

    return _written(request, form, context, change)


def _written(
    request: PageRequest, form: SavedViewForm, context: dict[str, Any], write: Callable[[], HttpResponse]
) -> HttpResponse:
    """What `write` answers, or the form again with what was typed."""
    if not form.is_valid():
        return show(request, ONE, context, form=form)
    try:
        return write()
    except SHOWN_AGAIN as error:
        return show_again(request, ONE, context, form=form, error=error)


@require_POST
def view_delete(request: PageRequest, view_id: int) -> HttpResponse:
    """It is gone."""
    actions.delete_view(view_id=view_id, actor=request.actor, now=request.now)
    messages.success(request, _("The view is deleted."))
    return redirect("saved-views")


@require_POST
def view_prefer(request: PageRequest, view_id: int) -> HttpResponse:
    """The list opens with it from now on, or no longer."""
    is_usual = request.POST.get("usual") != "no"
    view = actions.prefer_view(view_id=view_id, is_usual=is_usual, actor=request.actor, now=request.now)
    said = _("%(list)s opens with %(name)s.") if is_usual else _("%(list)s no longer opens with %(name)s.")
    messages.success(request, said % {"list": place_of(view.listing).title, "name": view.name})
    return redirect("saved-views")


def _crumbs() -> list[tuple[str, Any]]:
    return [(_("Saved views"), reverse("saved-views"))]
