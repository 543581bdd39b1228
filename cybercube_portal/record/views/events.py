"""What was recorded: found by anything it names, and one event in full."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from changes.selectors.changes import known_numbers
from cybercube_portal.audit.selectors.events import event_named, events_filtered
from cybercube_portal.people.selectors import names_of
from cybercube_portal.record.forms import EventsForm
from cybercube_portal.record.views.tabs import enter
from cybercube_portal.web import PageRequest, page_of_rows, show
from cybercube_portal.web.csv_files import csv_answer

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

ORDER = ("-occurred_at", "-id")
AT_ONCE = 1_000
COLUMNS = (
    "number", "when", "what", "type", "about", "who", "kind", "key", "for", "timelines", "request", "event", "hash",
)  # fmt: skip


@require_safe
def events(request: PageRequest) -> HttpResponse:
    """The newest first. The filter stands in the address, so that a finding can be sent to somebody."""
    context = enter(request, "audit")
    form = EventsForm(request.GET)
    rows = events_filtered(**form.wanted()) if form.is_valid() else events_filtered().none()
    is_narrowed = not form.is_valid() or bool(form.wanted())
    page = page_of_rows(request, rows, order=ORDER)
    names = names_of({row.actor["id"] for row in page.rows})
    context |= {
        "page": page,
        "rows": [(row, names.get(row.actor["id"], "")) for row in page.rows],
        "is_narrowed": is_narrowed,
        "csv_url": f"{reverse('audit-events-csv')}?{request.GET.urlencode()}",
    }
    return show(request, "record/events.html", context, form=form)


@require_safe
def events_csv(request: PageRequest) -> HttpResponseBase:
    """All that the filter finds as a file, the newest first, streamed. What a filter cannot mean is shown at its field."""
    enter(request, "audit")
    form = EventsForm(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('audit')}?{request.GET.urlencode()}")
    found = events_filtered(**form.wanted()).order_by(*ORDER).iterator(chunk_size=AT_ONCE)
    return csv_answer("cybercube-events.csv", COLUMNS, (_cells(event) for event in found))


def _cells(event: Event) -> tuple[object, ...]:
    who = event.actor
    return (
        event.sequence,
        event.occurred_at,
        event.verb,
        event.object_type,
        event.object_id,
        who["id"],
        who["kind"],
        who.get("key"),
        who.get("on_behalf_of"),
        event.subjects,
        event.request_id,
        event.event_id,
        event.hash,
    )


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
