"""What was recorded: found by anything it names, and one event in full."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from changes.selectors.changes import known_numbers
from cybercube_portal.audit.selectors.events import event_named, events_filtered
from cybercube_portal.record.forms import EventsForm
from cybercube_portal.record.views.tabs import enter
from cybercube_portal.web import PageRequest, page_of_rows, show

ORDER = ("-occurred_at", "-id")


@require_safe
def events(request: PageRequest) -> HttpResponse:
    """The newest first. The filter stands in the address, so that a finding can be sent to somebody."""
    context = enter(request, "audit")
    form = EventsForm(request.GET)
    rows = events_filtered(**form.wanted()) if form.is_valid() else events_filtered().none()
    is_narrowed = not form.is_valid() or bool(form.wanted())
    page = page_of_rows(request, rows, order=ORDER)
    return show(request, "record/events.html", {**context, "page": page, "is_narrowed": is_narrowed}, form=form)


@require_safe
def event(request: PageRequest, event_id: UUID) -> HttpResponse:
    """One event, as it is hashed."""
    enter(request, "audit")
    found = event_named(event_id)
    texts = [
        (label, json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))
        for label, value in ((_("Before"), found.before), (_("After"), found.after), (_("More"), found.data))
        if value
    ]
    context = {
        "event": found,
        "texts": texts,
        "change": found.object_id if known_numbers([found.object_id]) else "",
        "crumbs": [(_("Audit"), reverse("audit"))],
    }
    return show(request, "record/event.html", context)
