"""Segments: the list with who reads them, a new one, one with its versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cybercube_portal.people.guard import may
from cybercube_portal.people.views.editing import Editing
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from flags import permissions
from flags.actions.segments import change_segment, create_segment
from flags.evaluation import OPERATORS, PRESENCE
from flags.forms.lists import long_lists_shown
from flags.forms.segments import SegmentForm, lists_in, quoted_groups, written_groups
from flags.selectors.segments import get_segment, readers_of_segments, segments_listed, versions_of_segment
from flags.views.flags import above

LIST, NEW, ONE = "flags/segments.html", "flags/segment_new.html", "flags/segment.html"
MOST_VERSIONS = 20


@require_safe
def segments(request: PageRequest) -> HttpResponse:
    """Every segment, with the flags whose rules name it."""
    readers = readers_of_segments()
    rows = [{"segment": row, "readers": readers.get(row.slug, {})} for row in segments_listed()]
    return show(request, LIST, {"crumbs": above(), "rows": rows, "may_edit": may_edit_segments(request)})


@require_http_methods(["GET", "HEAD", "POST"])
def segment_new(request: PageRequest) -> HttpResponse:
    """Name one."""
    form = SegmentForm(request.POST or None)
    context = {"crumbs": above_segments(), "operators": (*OPERATORS, *PRESENCE)} | recall(request, form)
    if not form.is_valid():
        return show(request, NEW, context, form=form)
    sent = {name: form.cleaned_data[name] for name in ("slug", "name", "groups")}
    try:
        with sending(request):
            create_segment(actor=request.actor, now=request.now, **sent)
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, context, form=form, error=error)
    messages.success(request, _("Rules may name it now."))
    return redirect("segment", sent["slug"])


@require_http_methods(["GET", "HEAD", "POST"])
def segment(request: PageRequest, slug: str) -> HttpResponse:
    """One segment: who is in it, who reads it, who was in it before."""
    row = get_segment(slug)
    versions = versions_of_segment(row)[:MOST_VERSIONS]
    known = lists_in(row.groups)
    lists = known
    if request.method == "POST":
        # What the page was read from may be older by now.
        lists = {digest: values for version in versions for digest, values in lists_in(version.groups).items()}
    first = {"name": row.name, "groups": written_groups(row.groups, known=known)}
    form = SegmentForm(request.POST or None, known=slug, lists=lists, initial=first)
    editing = Editing(request, form, version=row.version)
    context: dict[str, Any] = {
        "crumbs": above_segments(),
        "segment": row,
        "long_lists": long_lists_shown(known, lambda digest: reverse("segment-list", args=[slug, digest])),
        "quoted": quoted_groups(row.groups),
        "readers": readers_of_segments().get(slug, {}),
        "versions": [{"version": version, "groups": quoted_groups(version.groups)} for version in versions],
        "operators": (*OPERATORS, *PRESENCE),
        "may_edit": may_edit_segments(request),
    }

    def save() -> None:
        change_segment(
            slug=slug,
            version=editing.number,
            name=form.cleaned_data["name"],
            groups=form.cleaned_data["groups"],
            actor=request.actor,
            now=request.now,
        )

    return editing.answer(ONE, context, save=save, then=reverse("segment", args=[slug]))


def above_segments() -> list[tuple[str, str]]:
    """What stands over a page of segments."""
    return [*above(), (_("Segments"), reverse("segments"))]


def may_edit_segments(request: PageRequest) -> bool:
    """Whether this person may edit them."""
    return may(request.actor, permissions.EDIT_SEGMENT, now=request.now).allowed
