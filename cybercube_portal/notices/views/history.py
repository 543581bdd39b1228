"""What a person was told, the newest first."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cybercube_portal.notices.actions.reading import mark_read
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.message import message_of
from cybercube_portal.notices.selectors.history import notices_of, unread_count
from cybercube_portal.notices.views.tabs import tabs
from cybercube_portal.web import Chip, PageRequest, page_of_rows, show


@require_safe
def notifications(request: PageRequest) -> HttpResponse:
    """Every notice of the last year; `?show=unread` those that were not marked as read."""
    only_unread = request.GET.get("show") == "unread"
    page = page_of_rows(request, notices_of(request.actor.id, unread=only_unread), order=("-id",))
    context = {
        "tabs": tabs("notifications"),
        "page": page,
        "rows": [(row, Kind(row.kind).row, message_of(row.message)) for row in page.rows if row.kind in set(Kind)],
        "unread": unread_count(request.actor.id),
        "only_unread": only_unread,
        "chips": [
            Chip(label=_("All"), url="?", active=not only_unread),
            Chip(label=_("Unread"), url="?show=unread", active=only_unread),
        ],
    }
    return show(request, "notices/notifications.html", context)


@require_POST
def notifications_read(request: PageRequest) -> HttpResponse:
    """Everything is read."""
    count = mark_read(actor=request.actor, now=request.now)
    said = ngettext("%(count)d notice is marked as read.", "%(count)d notices are marked as read.", count)
    messages.success(request, said % {"count": count})
    return redirect("notifications")
